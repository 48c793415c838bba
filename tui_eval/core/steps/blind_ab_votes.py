"""Step 5's evidence: which model each vote was for, and how far judging has come.

The one place where sides become models. ``Standing`` says what may be told before
unblinding; whoever asks for more asks for ``Ballots``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tui_eval.core import blinding
from tui_eval.core.blinding import Allotment, Answered
from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import JudgeRound, Mark, PlannedPair, Round
from tui_eval.core.open_comparison import ever_planned, unblinded_rounds
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps import judging

Choice = Literal["tuned", "base", "tie"]
VALUES: Mapping[Choice, float] = {"tuned": 1.0, "tie": 0.5, "base": 0.0}


@dataclass(frozen=True, slots=True)
class Vote:
    """One judge's counting vote on one showing of a pair. ``base`` stands for the model
    that the candidate is held against, whichever that is."""

    judge: str
    sample: str
    tuned_left: bool
    mark: Mark

    @property
    def choice(self) -> Choice:
        if self.mark.side not in ("left", "right"):
            return "tie"
        return "tuned" if (self.mark.side == "left") == self.tuned_left else "base"

    @property
    def value(self) -> float:
        return VALUES[self.choice]

    @property
    def both_bad(self) -> bool:
        return self.mark.side == "both_bad"


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair with every vote on it; repeats are apart, in ``Ballots.repeats``."""

    sample: str
    answers: Answered
    votes: tuple[Vote, ...]
    identical: bool
    flagged: bool
    missing: int
    """How many of the judges who have begun have no vote on it."""
    pending: int
    """How many of those may still vote: they have neither finished nor been closed."""

    @property
    def counts(self) -> bool:
        return self.identical or bool(self.votes)

    @property
    def full(self) -> bool:
        """Every judge who has begun has voted on it, or nobody has to."""
        return self.identical or (bool(self.votes) and not self.missing)

    @property
    def mean(self) -> float:
        """Tuned 1, tie ½, base 0: the mean of a pair's counted votes."""
        if not self.votes:
            return 0.5
        return sum(vote.value for vote in self.votes) / len(self.votes)

    @property
    def decided(self) -> bool:
        """No vote that may still come moves its mean across one half."""
        if self.identical:
            return True
        if not self.votes:
            return False
        total, n = sum(vote.value for vote in self.votes), len(self.votes) + self.pending
        lowest, highest = total / n - 0.5, (total + self.pending) / n - 0.5
        return not self.pending or (lowest > 0 and highest > 0) or (lowest < 0 and highest < 0)

    @property
    def at(self) -> str:
        """When it was last voted on."""
        return max((vote.mark.at for vote in self.votes), default="")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far judging is: nothing in here depends on what was chosen."""

    round: Round | None
    planned: int
    """Without prompts that a model could not answer, or has no row for in its file."""
    ready: int
    """Pairs that both models have answered."""
    mode: str
    votes: int
    judged: int
    """Pairs that everybody who still judges has done; once nobody does, all that anybody
    has done."""
    judged_any: int
    """Pairs that anybody has done: what counts once everybody has finished or was closed."""
    pace: float | None
    unanswerable: int = 0
    """Prompts that were to be compared and never can be: no vote has a part in it."""

    @property
    def begun(self) -> tuple[JudgeRound, ...]:
        return self.round.begun if self.round else ()

    @property
    def unblinded(self) -> bool:
        return self.round is not None and bool(self.round.unblinded_at)

    @property
    def going(self) -> tuple[JudgeRound, ...]:
        return tuple(judge for judge in self.begun if not judge.ended)

    @property
    def all_judged(self) -> bool:
        """Everybody who still judges has nothing left but to end it."""
        return bool(self.going) and all(len(one.voted) >= self.planned for one in self.going)

    @property
    def held_up(self) -> tuple[JudgeRound, ...]:
        """Who still has pairs to judge, where another has judged every one."""
        if not any(len(one.voted) >= self.planned for one in self.begun):
            return ()
        return tuple(one for one in self.going if len(one.voted) < self.planned)


@dataclass(frozen=True, slots=True)
class Ballots:
    """All votes, joined with the models that wrote the answers."""

    pairs: tuple[Compared, ...]
    repeats: tuple[tuple[Vote, Vote], ...]
    """The vote on a pair, and the same judge's on its repeat."""
    guesses: tuple[tuple[str, bool], ...]
    """Judge, and whether the guess was right."""
    unknown: int
    """Judged pairs whose answers are not among the two models'."""

    @property
    def counting(self) -> list[Compared]:
        return [pair for pair in self.pairs if pair.counts]

    @property
    def votes(self) -> list[Vote]:
        return [vote for pair in self.pairs for vote in pair.votes]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one Reading is about."""

    candidate: str
    base: str
    tuned_answers: Mapping[str, Completion]
    base_answers: Mapping[str, Completion]
    samples: Mapping[str, Sample]
    chosen: frozenset[str]
    """Samples that are compared: as planned by the judges, else as the settings choose."""
    shared: int
    """How many of them are in the manual review too."""
    standing: Standing


def asked(evidence: Evidence, candidate: str, base: str) -> Asked:
    answers = [dict(evidence.answers(candidate, model)) for model in (candidate, base)]
    keys = [evidence.generator(candidate, model) for model in (candidate, base)]
    one, other = keys
    found = None
    if one is not None and other is not None:
        found = judging.the_round(evidence, blinding.comparison(one.key, other.key))
    samples = judging.prompts(evidence, candidate, candidate, base)
    allotted = judging.allotment(evidence, samples.values())
    chosen = _planned_samples(found, answers)
    if not chosen:
        name = blinding.comparison(one.key, other.key) if one and other else ""
        chosen = frozenset(_next(evidence, allotted, name, answers))
    ready = sum(_usable(answers[0].get(id), answers[1].get(id)) for id in chosen)
    # Of a round that has begun, its own prompts; the settings may choose others by now.
    asks = evidence.asks(found.id) if found and found.begun else ()
    failed = judging.unanswerable(asks or allotted.pairs, *zip(answers, keys, strict=True))
    return Asked(
        candidate=candidate,
        base=base,
        tuned_answers=answers[0],
        base_answers=answers[1],
        samples=samples,
        chosen=chosen,
        shared=len(chosen.intersection(allotted.review)),
        standing=_standing(evidence, found, len(allotted.pairs), ready, failed),
    )


def _next(
    evidence: Evidence, allotted: Allotment, round: str, answers: Sequence[Mapping[str, Completion]]
) -> tuple[str, ...]:
    """What would be asked today: prompts that no other comparison has asked these models."""
    judged = evidence.judgements()
    by_id = {one.id: one.sample for made in answers for one in made.values()}
    told: set[str] = set()
    shut: set[str] = set()
    unblinded = unblinded_rounds(judged)
    for name, ids in ever_planned(judged).items():
        if name != round:
            own = {by_id[id] for id in ids if id in by_id}
            told |= own
            shut |= own if name not in unblinded else set()
    if not told:
        return allotted.pairs
    both = answers[0].keys() & answers[1].keys()
    made = blinding.choose_apart(allotted, both.union(allotted.pairs).__contains__, told, shut)
    return allotted.pairs if made.short else made.ids


def _planned_samples(
    found: Round | None, answers: Sequence[Mapping[str, Completion]]
) -> frozenset[str]:
    """Of the judges who have begun; empty before: more may still be planned."""
    by_id = {one.id: one.sample for made in answers for one in made.values()}
    ids = (pair.left for judge in (found.begun if found else ()) for pair in judge.pairs)
    return frozenset(by_id[id] for id in ids if id in by_id)


def _usable(*answers: Completion | None) -> bool:
    return all(answer is not None and not answer.error for answer in answers)


def _standing(
    evidence: Evidence, found: Round | None, allotted: int, ready: int, failed: int
) -> Standing:
    begun = found.begun if found else ()
    judges = begun or (found.judges if found else ())
    planned = max((judge.planned for judge in judges), default=0) or allotted
    # What a judge was given to judge can be judged, whatever is missing by now.
    least = max((_planned(judge) for judge in begun), default=0)
    possible = max(planned - failed, least, 0)
    mode = judges[0].mode if judges else str(evidence.setting("blind_ab.mode"))
    return Standing(
        round=found,
        planned=possible,
        ready=ready,
        mode=mode,
        votes=sum(len(_voted(judge)) for judge in begun),
        judged=len(_judged(begun)),
        judged_any=len(_judged_by_any(begun)),
        pace=judging.pace(begun),
        unanswerable=max(planned - possible, 0),
    )


def _planned(judge: JudgeRound) -> int:
    return sum(not pair.repeat_of for pair in judge.pairs)


def _judged(begun: Sequence[JudgeRound]) -> frozenset[str]:
    going = [frozenset(judge.voted) for judge in begun if not judge.ended]
    if going:
        return frozenset.intersection(*going)
    return _judged_by_any(begun)


def _judged_by_any(begun: Sequence[JudgeRound]) -> frozenset[str]:
    return frozenset[str]().union(*(judge.voted for judge in begun))


def _voted(judge: JudgeRound) -> list[PlannedPair]:
    """Pairs with a vote that counts: no repeats, no identical ones."""
    return [
        pair
        for pair in judge.pairs
        if not pair.repeat_of and not pair.identical and judge.mark(pair.pair).side
    ]


def ballots(case: Asked) -> Ballots:
    """Join every vote with its model. Not to be shown before unblinding."""
    joined = _Joined(case)
    begun = case.standing.begun
    for judge in begun:
        joined.take(judge)
    return joined.ballots(begun)


class _Joined:
    """Votes by sample, gathered judge by judge."""

    def __init__(self, case: Asked) -> None:
        self.case = case
        self.tuned = {answer.id: answer for answer in case.tuned_answers.values()}
        self.base = {answer.id: answer for answer in case.base_answers.values()}
        self.votes: dict[str, dict[str, Vote]] = {}
        self.identical: set[str] = set()
        self.flagged: set[str] = set()
        self.repeats: list[tuple[Vote, Vote]] = []
        self.guesses: list[tuple[str, bool]] = []
        self.unknown: set[frozenset[str]] = set()

    def take(self, judge: JudgeRound) -> None:
        own: dict[str, Vote] = {}
        for pair in judge.pairs:
            mark = judge.mark(pair.pair)
            side = self._tuned_left(pair)
            if side is None:
                if mark.side:
                    self.unknown.add(frozenset((pair.left, pair.right)))
                continue
            sample = (self.tuned.get(pair.left) or self.tuned[pair.right]).sample
            vote = Vote(judge.judge, sample, side, mark)
            if mark.guess is not None and mark.side and vote.choice == "tie":
                self.guesses.append((judge.judge, (mark.guess == "left") == side))
            if mark.flagged:
                self.flagged.add(sample)
            if mark.side and not pair.identical:
                own[pair.pair] = vote
            if not pair.repeat_of:
                self._enter(sample, pair, vote)
        for pair in judge.pairs:
            if pair.repeat_of in own and pair.pair in own:
                self.repeats.append((own[pair.repeat_of], own[pair.pair]))

    def _enter(self, sample: str, pair: PlannedPair, vote: Vote) -> None:
        known = self.votes.setdefault(sample, {})
        if pair.identical:
            self.identical.add(sample)
        elif vote.mark.side:
            known[vote.judge] = vote

    def _tuned_left(self, pair: PlannedPair) -> bool | None:
        """None where these are not answers of the two models to one prompt."""
        for left, tuned, base in ((True, pair.left, pair.right), (False, pair.right, pair.left)):
            if tuned in self.tuned and base in self.base:
                same = self.tuned[tuned].sample == self.base[base].sample
                return left if same else None
        return None

    def ballots(self, begun: Sequence[JudgeRound]) -> Ballots:
        still = {judge.judge for judge in begun if not judge.ended}
        pairs = []
        for sample, votes in self.votes.items():
            identical = sample in self.identical
            tuned, base = self.case.tuned_answers[sample], self.case.base_answers[sample]
            missing = [judge.judge for judge in begun if judge.judge not in votes]
            pairs.append(
                Compared(
                    sample=sample,
                    answers=blinding.answered(sample, tuned.id, base.id, tuned.answer, base.answer),
                    votes=() if identical else tuple(votes.values()),
                    identical=identical,
                    flagged=sample in self.flagged,
                    missing=0 if identical else len(missing),
                    pending=0 if identical else sum(name in still for name in missing),
                )
            )
        return Ballots(tuple(pairs), tuple(self.repeats), tuple(self.guesses), len(self.unknown))
