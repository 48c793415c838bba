"""The findings of step 5: the few that may be said before unblinding, and those after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import Completion
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.steps.blind_ab_result import Limits, Result
from tui_eval.core.steps.blind_ab_votes import Asked, Ballots
from tui_eval.core.steps.task_metrics_blind import open_words
from tui_eval.core.steps.wording import Hit, count_text, model_text, share_text, threshold

ENOUGH_AGAINST = 5
"""Deciding pairs, whose answers differ in length against the leader, that can say anything."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the tests look at."""

    evidence: Evidence
    asked: Asked
    base: str
    """The other model in words: base, or another candidate's name."""

    @property
    def name(self) -> str:
        """The judged one in words."""
        return model_text(self.asked.candidate)

    def limit(self, name: str) -> float:
        return threshold(self.evidence, f"blind_ab.{name}")

    @property
    def limits(self) -> Limits:
        return Limits(
            clear=self.limit("clear"),
            alpha=self.limit("significance"),
            length=int(self.limit("enough_for_length")),
            slice=int(self.limit("enough_slice")),
            guesses=int(self.limit("enough_guesses")),
        )


def early_hits(case: Case) -> list[Hit]:
    """What may be told while judging goes on: nothing here looks at a vote."""
    found = (_truncated(case), _shared(case), _unanswerable(case))
    return [hit for hit in found if hit is not None]


def all_hits(case: Case, found: Ballots, result: Result, kept: int = 0) -> list[Hit]:
    """After unblinding. ``kept``: pairs that are not listed, for another comparison asks them."""
    enough = result.tally.deciding >= case.limit("enough_pairs")
    hits: list[Hit | None] = []
    if enough:
        hits += [_worse(case, result), _not_shown(case, result)]
    hits += [_too_few(case, result)]
    if enough:
        hits += [_both_bad(case, result), _position(case, result), _length(case, result)]
        hits += [_inconsistent(case, result), _guessed(case, result)]
    hits += [
        _power(result) if enough else None,
        _truncated(case, named=True),
        _early(case, result),
        _flagged(result),
    ]
    hits += [_shared(case), _unanswerable(case), _unknown(found), _kept(case, kept)]
    return [hit for hit in hits if hit is not None]


def span_text(rate: Interval | None) -> str:
    """``68.0% [55.4, 79.2]``; without ends where there are none."""
    if rate is None:
        return ""
    value = f"{100 * rate.value:.1f}%"
    if rate.low is None or rate.high is None:
        return value
    return f"{value} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def score_text(result: Result) -> str:
    """``31-13, 6 tied of 50``: wins and losses of the candidate."""
    tally = result.tally
    return f"{tally.wins}-{tally.losses}, {tally.ties} tied of {tally.n}"


def _worse(case: Case, result: Result) -> Hit | None:
    if result.decided != "worse":
        return None
    text = (
        f"People prefer {case.base}'s answers: {case.name} won {score_text(result)},"
        f" {span_text(result.tally.rate)} with ties as half."
    )
    phrase = f"{case.base} preferred"
    return Hit(Finding("worse", "bad", text), phrase, phrase)


def _not_shown(case: Case, result: Result) -> Hit | None:
    if result.decided != "not_shown":
        return None
    text = (
        f"No preference shown: {case.name} won {score_text(result)},"
        f" {span_text(result.tally.rate)}. {found_sentence(result)}"
        f" This does not say that the two are equal.{_split(case, result)}"
    )
    finding = Finding("not_shown", "caution", text)
    return Hit(finding, "no preference shown", "no preference shown")


def _split(case: Case, result: Result) -> str:
    """Where single votes lean and pairs don't, a reader would see a contradiction."""
    rate = result.tally.rate
    if rate is None or rate.low is None or rate.high is None or rate.low <= 0.5 <= rate.high:
        return ""
    ahead = case.name if rate.value > 0.5 else case.base
    return (
        f" Of all votes more are for {ahead}, but judges differ within pairs, and the test counts"
        " pairs, each once by its majority."
    )


def found_sentence(result: Result) -> str:
    """What so many deciding pairs could have shown."""
    n = count_text(result.tally.deciding, "deciding pair")
    if result.detectable is None:
        return f"{n} can show nothing, whatever they say."
    verb = "finds" if result.tally.deciding == 1 else "find"
    return f"{n} {verb} a true preference of {share_text(result.detectable)} or more, 4 times in 5."


def _power(result: Result) -> Hit | None:
    """Beside a preference too: a small one could still have been missed."""
    if result.decided == "not_shown" or result.detectable is None:
        return None
    return Hit(Finding("power", "note", found_sentence(result)), "", "")


def _too_few(case: Case, result: Result) -> Hit | None:
    needed = int(case.limit("enough_pairs"))
    n = result.tally.deciding
    if n >= needed:
        return None
    text = (
        f"Only {count_text(n, 'pair')} of {result.tally.n} judged decided for one answer, and"
        f" {needed} are needed before anything is said of a preference."
    )
    phrase = f"only {count_text(n, 'deciding pair')}"
    return Hit(Finding("too_few_votes", "not_enough", text), phrase, phrase)


def _both_bad(case: Case, result: Result) -> Hit | None:
    count = result.both_bad
    if not count.n or count.hits / count.n <= case.limit("both_bad"):
        return None
    share = share_text(count.hits / count.n)
    text = f"Both answers were called bad in {count.hits} of {count.n} votes ({share})."
    phrase = f"both bad in {share}"
    return Hit(Finding("both_bad", "caution", text), phrase, phrase)


def _position(case: Case, result: Result) -> Hit | None:
    count = result.left
    if not count.n or count.p >= case.limit("significance"):
        return None
    text = (
        f"The left answer was chosen {count.hits} of {count.n} times, more lopsided than chance:"
        " sides are balanced, so this adds noise to the preference, not a lead."
    )
    phrase = f"left chosen {count.hits} of {count.n}"
    return Hit(Finding("position_bias", "caution", text), phrase, phrase)


def _length(case: Case, result: Result) -> Hit | None:
    """Judges liked the longer answers, or the shorter ones: then whoever is ahead has to be
    ahead too where that speaks against its answer, in as many pairs as can say something."""
    count = result.longer
    if not count.n or count.p >= case.limit("significance"):
        return None
    longer = 2 * count.hits > count.n
    which, against = ("longer", "shorter") if longer else ("shorter", "longer")
    ahead = result.tally.wins >= result.tally.losses
    # Where an answer of tuned is the shorter, base's is the longer one.
    pairs = result.shorter if longer == ahead else result.taller
    won, lost = (pairs.wins, pairs.losses) if ahead else (pairs.losses, pairs.wins)
    apart = won > lost and pairs.deciding >= ENOUGH_AGAINST
    severity: Severity = "note" if apart else "caution"
    name = case.name if ahead else case.base
    where = f"where {name}'s answer is the {against} it won {won} and lost {lost}"
    if not pairs.n:
        where = f"{name}'s answer was never the {against} one"
    elif won > lost and not apart:
        where += ", too few pairs to tell"
    told = "length alone does not explain it" if apart else "length may explain the preference"
    if not apart and result.decided == "not_shown":
        told = "length may weigh more with judges than what is said"
    hits = max(count.hits, count.n - count.hits)
    text = f"The {which} answer was chosen {hits} of {count.n} times; {where}: {told}."
    if result.adjusted is not None:
        text += f" At equal lengths {case.name} would win {span_text(result.adjusted.rate)}."
    phrase = f"{which} answers win {hits} of {count.n}"
    return Hit(Finding("length_bias", severity, text), phrase, phrase)


def _inconsistent(case: Case, result: Result) -> Hit | None:
    same = result.same
    if same.n < case.limit("enough_repeats") or 2 * same.hits >= same.n:
        return None
    text = (
        f"Shown again with sides swapped, only {same.hits} of"
        f" {count_text(same.n, 'pair')} got the same choice."
    )
    phrase = f"same choice on {same.hits} of {same.n} repeats"
    return Hit(Finding("inconsistent_repeats", "caution", text), phrase, phrase)


def _guessed(case: Case, result: Result) -> Hit | None:
    guessed = result.guessed
    if guessed.n < case.limit("enough_guesses") or guessed.p > case.limit("significance"):
        return None
    text = (
        f"On tied pairs {guessed.hits} of {guessed.n} guesses which answer is {case.name}'s were"
        " right, better than chance: judges may have known which model they voted for."
    )
    phrase = f"{case.name} guessed {guessed.hits} of {guessed.n} times"
    return Hit(Finding("blinding_broken", "caution", text), phrase, phrase)


def _truncated(case: Case, *, named: bool = False) -> Hit | None:
    """Before unblinding without naming a model: an answer that is cut would tell its side."""
    limit = case.limit("truncated")
    chosen = case.asked.chosen
    told = []
    for name, answers in (
        (case.name, case.asked.tuned_answers),
        (case.base, case.asked.base_answers),
    ):
        cut, n = _cut(answers, chosen)
        if n and cut / n > limit:
            told.append((name, cut, n))
    if not told:
        return None
    if named:
        parts = [
            f"{cut} of {n} of {name}'s answers ({share_text(cut / n)})" for name, cut, n in told
        ]
        who = " and ".join(parts)
    else:
        who = f"more than {share_text(limit)} of {'one' if len(told) == 1 else 'either'} side's"
        who += " answers"
    text = (
        f"{who[0].upper()}{who[1:]} were cut at the limit of new tokens, so that their ends"
        " are missing: raise generation.max_new_tokens and generate again."
    )
    finding = Finding("truncated", "caution", text)
    return Hit(finding, "answers cut at the limit", "answers were cut at the limit")


def _cut(answers: Mapping[str, Completion], chosen: frozenset[str]) -> tuple[int, int]:
    """Of the answers to the prompts that are compared."""
    made = [answer for sample, answer in answers.items() if sample in chosen and not answer.error]
    return sum(answer.truncated for answer in made), len(made)


def _early(case: Case, result: Result) -> Hit | None:
    if not result.early:
        return None
    standing = case.asked.standing
    of = "possible" if standing.unanswerable else "planned"
    text = f"Ended early: {result.tally.n} of {standing.planned} {of} pairs were judged."
    text += (
        " No vote on the others could have changed the sign test, so it decides."
        if result.by == "sign"
        else " So the test that may be looked at after every vote decides, not the sign test."
    )
    return Hit(Finding("ended_early", "note", text), "", "")


def _flagged(result: Result) -> Hit | None:
    if result.unflagged is None:
        return None
    n = result.tally.n - result.unflagged.n
    without = result.unflagged
    told = "nothing is left"
    if without.n:
        told = f"{without.wins}-{without.losses}, {without.ties} tied, {span_text(without.rate)}"
    text = (
        f"{count_text(n, 'flagged pair')} {'counts' if n == 1 else 'count'} too:"
        f" {span_text(result.tally.rate)} with, without {told}."
    )
    return Hit(Finding("flagged", "note", text), "", "")


def _shared(case: Case) -> Hit | None:
    shared = case.asked.shared
    if not shared:
        return None
    verb = "stands" if shared == 1 else "stand"
    text = (
        f"{count_text(shared, 'prompt')} of {len(case.asked.chosen)} {verb} in the manual"
        " review too, for want of prompts: who reviewed them has read one of the two answers."
    )
    return Hit(Finding("shared_prompts", "note", text), "", "")


def _unanswerable(case: Case) -> Hit | None:
    """Which model's answer is missing would tell a side only to who sees the file: not said."""
    standing = case.asked.standing
    missing = standing.unanswerable
    if not missing:
        return None
    judged = f"{standing.judged} of {standing.planned} possible pairs are judged. "
    text = (
        f"{judged if standing.begun else ''}Of {count_text(standing.planned + missing, 'prompt')}"
        f" planned {missing} {'has' if missing == 1 else 'have'} no answer of both models, and"
        " none will come."
    )
    return Hit(Finding("unanswerable", "note", text), "", "")


def _kept(case: Case, kept: int) -> Hit | None:
    if not kept:
        return None
    what = "counts, and is" if kept == 1 else "count, and are"
    text = (
        f"{count_text(kept, 'pair')} {what} not listed: another blind A/B that is open asks the"
        f" same. {open_words(case.evidence)}"
    )
    return Hit(Finding("kept_back", "note", text), "", "")


def _unknown(found: Ballots) -> Hit | None:
    if not found.unknown:
        return None
    text = (
        f"{count_text(found.unknown, 'judged pair')} left out: the answers are not among"
        " the two models' as they are now."
    )
    return Hit(Finding("unknown_answers", "note", text), "", "")
