"""What was judged, with names: the plain record that every export is made from.

Journals say which answer was chosen, facts which model wrote it. The two are joined here,
and for blind pairs only once the comparison was unblinded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from tui_eval.core.blinding import comparison, review_round
from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import (
    CRITERIA,
    Judgement,
    JudgeRound,
    Mark,
    PlannedPair,
    Round,
    rounds,
)
from tui_eval.core.records import Completion, Message, Sample
from tui_eval.core.steps import judging
from tui_eval.core.steps.task_metrics_blind import closed_prompts, open_words
from tui_eval.core.steps.wording import count_text
from tui_eval.errors import InputError
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.recorded import RecordedEvidence
from tui_eval.files.judging.recording import comparison_of
from tui_eval.store.journal import JournalView
from tui_eval.store.workspace import Workspace

Choice = Literal["tuned", "other", "tie", "both_bad"]
_Samples = Mapping[str, Sample]
_Pairs = tuple["JudgedPair", ...]
_Items = tuple["ReviewedItem", ...]
GOOD, POOR = 4, 2
"""Scores from which an answer is an example to follow, and down to which it is not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: the turns before the answer."""

    sample: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, object], ...] = ()
    reference: str | None = None
    category: str = ""
    group: str = ""

    @property
    def text(self) -> str:
        """The prompt as one text: a lone user turn as it is, several turns with their roles."""
        if len(self.messages) == 1 and self.messages[0].role == "user":
            return self.messages[0].content
        return "\n\n".join(f"{turn.role}: {turn.content}" for turn in self.messages)


@dataclass(frozen=True, slots=True)
class Vote:
    """One judge's vote on one pair."""

    judge: str
    choice: Choice
    tuned_left: bool
    strong: bool = False
    note: str = ""
    flagged: bool = False
    at: str = ""
    ms: int | None = None
    """Milliseconds on the screen before the vote, where the screen told."""
    identical: bool = False
    """Nobody was asked: the answers are equal, which is a tie."""


@dataclass(frozen=True, slots=True)
class JudgedPair:
    asked: Asked
    tuned: str
    """The candidate's answer."""
    other: str
    votes: tuple[Vote, ...] = ()
    repeats: tuple[Vote, ...] = ()
    """Votes on the same pair shown again, sides swapped: they never count."""

    @property
    def preferred(self) -> Literal["tuned", "other"] | None:
        """What most of the judges who chose one preferred; None for as many on each side."""
        tuned, other = (self.count(side) for side in ("tuned", "other"))
        return None if tuned == other else "tuned" if tuned > other else "other"

    @property
    def both_bad(self) -> bool:
        """More than half of the votes say so."""
        return 2 * self.count("both_bad") > len(self.votes)

    @property
    def agreement(self) -> float:
        """The share of all votes that are for the preferred answer."""
        return self.count(self.preferred) / len(self.votes) if self.votes else 0.0

    @property
    def strength(self) -> float:
        """Mean of 1 (better) and 2 (much better) over the votes for the preferred answer."""
        found = [2 if vote.strong else 1 for vote in self.votes if vote.choice == self.preferred]
        return fmean(found) if found else 0.0

    def count(self, choice: str | None) -> int:
        return sum(1 for vote in self.votes if vote.choice == choice)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one judge said of one answer."""

    judge: str
    scores: Mapping[str, int]
    """By criterion; 0: not applicable."""
    note: str = ""
    flagged: bool = False
    at: str = ""
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    id: str
    """The completion's: opaque, the same in every journal."""
    asked: Asked
    answer: str
    by: tuple[Scored, ...] = ()

    @property
    def label(self) -> bool | None:
        """True: good in every criterion; False: poor in one. By criterion the mean over
        the judges counts; None: between the two, or not scored whole."""
        means = []
        for name in CRITERIA:
            given = [one.scores[name] for one in self.by if name in one.scores]
            if not given:
                return None
            means += [fmean(rated)] if (rated := [score for score in given if score]) else []
        if not means:
            return None
        if min(means) <= POOR:
            return False
        return True if min(means) >= GOOD else None


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was judged of one candidate. ``blind`` says why there are no pairs,
    in words; empty once they are there."""

    candidate: str
    other: str
    pairs: tuple[JudgedPair, ...] = ()
    items: tuple[ReviewedItem, ...] = ()
    """The reviewed answers, and those that are to be reviewed."""
    log: tuple[Judgement, ...] = ()
    """All events of all journals, of other rounds too, each once."""
    blind: str = ""
    blind_remedy: str = ""
    faults: tuple[str, ...] = ()
    """Journals that can't be used whole, with the line from which on."""
    kept_pairs: int = 0
    """Left out, for another comparison asks the same, and is open."""
    kept_items: int = 0
    open: str = ""
    """Which those are, and the way out."""

    def nothing_scored(self, words: str) -> InputError:
        """Where pairs are blind and no reviewed answer can be told either."""
        if self.kept_items:
            words = f"{kept_words(self.kept_items, 'reviewed answer')}; no other was scored."
        return InputError(f"{words} {self.blind}", self.blind_remedy)

    def unblinded_pairs(self) -> tuple[JudgedPair, ...]:
        """The pairs; InputError where they would tell a direction too early, or there are
        none."""
        if self.blind:
            raise InputError(self.blind, self.blind_remedy)
        if self.kept_pairs and not self.pairs:
            raise InputError(f"{kept_words(self.kept_pairs, 'pair')}: none is left.", self.open)
        return self.pairs


def gather(
    workspace: Workspace | None, evidence: Evidence, candidate: str, against: str | None = None
) -> Results:
    """Everything that was judged of ``candidate``, held against another model (default:
    its base). Without a workspace the log is what the evidence has of it."""
    other = against or evidence.base(candidate) or ""
    found = rounds(evidence.judgements())
    samples = judging.prompts(evidence, candidate, *filter(None, (other, candidate)))
    pairs, blind, remedy = _pairs(evidence, candidate, other, found, samples)
    items = _items(workspace, evidence, candidate, found, samples)
    told, scored = _without(evidence, candidate, samples, pairs, items)
    left_out = len(pairs) - len(told), len(items) - len(scored)
    views = workspace.journals() if workspace is not None else []
    return Results(
        candidate,
        other,
        told,
        scored,
        _log(views) if workspace is not None else tuple(evidence.judgements()),
        blind,
        remedy,
        tuple(view.fault for view in views if view.fault),
        *left_out,
        open_words(evidence) if any(left_out) else "",
    )


def _without(
    evidence: Evidence, candidate: str, samples: _Samples, pairs: _Pairs, items: _Items
) -> tuple[_Pairs, _Items]:
    """What no open comparison asks: who has read which model wrote what can't judge it blind."""
    closed = closed_prompts(evidence, candidate)
    return (
        tuple(one for one in pairs if not closed(samples[one.asked.sample])),
        tuple(one for one in items if not closed(samples[one.asked.sample])),
    )


def kept_words(count: int, what: str) -> str:
    asks = "asks the same and is open"
    return f"{count_text(count, what)} left out, for another blind comparison {asks}"


def gather_recorded(workspace: Workspace) -> Results:
    """What was judged in a folder without ``eval.toml`` (two files of answers): the
    comparison that was voted on last, as it is recorded. InputError where there is none."""
    workspace.catch_up()
    begun = [
        one
        for one in rounds(workspace.judgements(KINDS)).values()
        if one.step == "blind_ab" and one.begun and comparison_of(workspace, one.id)
    ]
    if not begun:
        raise InputError(
            f"Nothing was judged in {workspace.folder} yet.",
            "Judge two files of answers first: tui-eval ab base.jsonl tuned.jsonl",
        )
    evidence = RecordedEvidence.of(workspace, max(begun, key=_last_vote).id)
    results = gather(workspace, evidence, evidence.candidate)
    return replace(results, items=tuple(item for item in results.items if item.by))


def _last_vote(one: Round) -> str:
    return max(mark.at for judge in one.begun for mark in judge.marks.values())


def _log(views: Iterable[JournalView]) -> tuple[Judgement, ...]:
    events: dict[str, Judgement] = {}
    for view in views:
        for event in view.events:
            events.setdefault(event["id"], Judgement(view.judge, view.path.name, event))
    return tuple(events.values())


def asked(sample: Sample) -> Asked:
    messages = sample.messages
    if messages and messages[-1].role == "assistant":
        messages = messages[:-1]
    if not messages and sample.text is not None:
        messages = (Message("user", sample.text),)
    return Asked(
        sample.id,
        messages,
        sample.tools,
        sample.reference,
        sample.category or "",
        sample.group or "",
    )


def _pairs(
    evidence: Evidence, candidate: str, other: str, found: Mapping[str, Round], samples: _Samples
) -> tuple[tuple[JudgedPair, ...], str, str]:
    one = evidence.generator(candidate, candidate)
    two = evidence.generator(candidate, other) if other else None
    if one is None or two is None:
        return (), "No answers were compared yet.", "Answer the prompts first: tui-eval run"
    judged = found.get(comparison(one.key, two.key))
    if judged is None or not judged.begun:
        return (), *_nobody_voted(found)
    if not judged.unblinded_at:
        return (), *_still_blind(judged)
    made = _Joined(evidence.answers(candidate, candidate), evidence.answers(candidate, other))
    for judge in judged.begun:
        made.take(judge)
    return made.pairs(samples), "", ""


def _nobody_voted(found: Mapping[str, Round]) -> tuple[str, str]:
    others = any(one.step == "blind_ab" and one.begun for one in found.values())
    more = " The votes that are here are on others." * others
    return f"Nobody has voted on these two models' answers.{more}", "Judge first: tui-eval ab"


def _still_blind(judged: Round) -> tuple[str, str]:
    judging = [judge.judge for judge in judged.begun if not judge.ended]
    if not judging:
        return (
            "This comparison is still blind: every judge has finished, nobody has unblinded it.",
            "Unblind it on the A/B screen: tui-eval ab",
        )
    names = ", ".join(judging)
    have = "has" if len(judging) == 1 else "have"
    return (
        f"This comparison is still blind: {names} {have} not finished.",
        f"Wait, or close a judge's part (tui-eval ab --close {judging[0]}), then unblind. "
        "The format events can be exported at any time.",
    )


class _Joined:
    """Votes by sample: sides become models."""

    def __init__(self, tuned: Mapping[str, Completion], other: Mapping[str, Completion]) -> None:
        self._tuned = {one.id: one for one in tuned.values()}
        self._other = {one.id: one for one in other.values()}
        self._votes: dict[tuple[str, str], list[Vote]] = {}
        self._repeats: dict[tuple[str, str], list[Vote]] = {}

    def take(self, judge: JudgeRound) -> None:
        for pair in judge.pairs:
            tuned_left = pair.left in self._tuned and pair.right in self._other
            tuned_right = pair.right in self._tuned and pair.left in self._other
            if not tuned_left and not tuned_right:
                # A plan of answers that are not here: nobody knows which model's they are.
                continue
            ids = (pair.left, pair.right) if tuned_left else (pair.right, pair.left)
            kept = self._repeats if pair.repeat_of else self._votes
            votes = kept.setdefault(ids, [])
            vote = _vote(judge.judge, pair, judge.mark(pair.pair), tuned_left)
            if vote is not None:
                votes.append(vote)

    def pairs(self, samples: _Samples) -> tuple[JudgedPair, ...]:
        made = []
        for ids, votes in self._votes.items():
            tuned, other = self._tuned[ids[0]], self._other[ids[1]]
            sample = samples.get(tuned.sample)
            if votes and sample is not None:
                repeats = tuple(self._repeats.get(ids, ()))
                made.append(
                    JudgedPair(asked(sample), tuned.answer, other.answer, tuple(votes), repeats)
                )
        return tuple(sorted(made, key=lambda pair: pair.asked.sample))


def _vote(judge: str, pair: PlannedPair, mark: Mark, tuned_left: bool) -> Vote | None:
    if pair.identical:
        return Vote(judge, "tie", tuned_left, identical=True)
    if mark.side is None:
        return None
    choice: Choice
    if mark.side in ("tie", "both_bad"):
        choice = "both_bad" if mark.side == "both_bad" else "tie"
    else:
        choice = "tuned" if (mark.side == "left") == tuned_left else "other"
    return Vote(judge, choice, tuned_left, mark.strong, mark.note, mark.flagged, mark.at, _ms(mark))


def _ms(mark: Mark) -> int | None:
    ms = mark.detail.get("ms")
    return ms if isinstance(ms, int) and not isinstance(ms, bool) else None


def _items(
    workspace: Workspace | None,
    evidence: Evidence,
    candidate: str,
    found: Mapping[str, Round],
    samples: _Samples,
) -> tuple[ReviewedItem, ...]:
    generator = evidence.generator(candidate, candidate)
    if generator is None:
        return ()
    judged = found.get(review_round(generator.key))
    answers = evidence.answers(candidate, candidate)
    by_id = {one.id: one for one in answers.values()}
    judges = judged.judges if judged is not None else ()
    begun = workspace and judges and comparison_of(workspace, review_round(generator.key))
    chosen = begun.samples if begun else judging.allotment(evidence, samples.values()).review
    wanted = [
        answers[sample].id for sample in chosen if sample in answers and not answers[sample].error
    ]
    wanted += [item for judge in judges for item in judge.items]
    made = []
    for item in dict.fromkeys(wanted):
        sample = samples.get(by_id[item].sample) if item in by_id else None
        if sample is not None:
            by = tuple(_scored(judge, item) for judge in judges if _said(judge.mark(item)))
            made.append(ReviewedItem(item, asked(sample), by_id[item].answer, by))
    return tuple(made)


def _said(mark: Mark) -> bool:
    return bool(mark.scores or mark.note or mark.flagged)


def _scored(judge: JudgeRound, item: str) -> Scored:
    mark = judge.mark(item)
    return Scored(judge.judge, dict(mark.scores), mark.note, mark.flagged, mark.at, _ms(mark))
