"""Step 5's figures: what the votes say, and by which test they decide."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui_eval.core.stats.agreement import cohen, krippendorff, raw_agreement
from tui_eval.core.stats.intervals import Groups, Interval, wilson
from tui_eval.core.stats.rates import (
    binomial_p,
    binomial_upper,
    sign_flip_p,
    sign_p,
    smallest_found,
    win_rate,
)
from tui_eval.core.stats.scores import LengthAdjusted, length_adjusted
from tui_eval.core.stats.sequential import Enough, Mode, e_value_of_means, enough
from tui_eval.core.steps.blind_ab_votes import Asked, Ballots, Compared, Vote

LOOK_EVERY = 5
"""Votes between two looks at whether they suffice: seen to change after one vote, the answer
would say for whom that vote was."""

Decided = Literal["better", "worse", "not_shown"]


@dataclass(frozen=True, slots=True)
class Limits:
    clear: float
    alpha: float
    length: int
    """Deciding pairs from which the length's part is estimated."""
    slice: int
    guesses: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs by their mean vote: above, below and at one half, with the win rate."""

    wins: int
    losses: int
    ties: int
    rate: Interval | None

    @property
    def n(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def deciding(self) -> int:
        return self.wins + self.losses


@dataclass(frozen=True, slots=True)
class Count:
    """``hits`` of ``n``, the rate's interval and the exact p against one half."""

    hits: int
    n: int
    rate: Interval | None
    p: float


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that may be told after unblinding."""

    tally: Tally
    unflagged: Tally | None
    """Without the flagged pairs; None where there are none."""
    decisive: Interval | None
    sign_p: float
    e_value: float
    enough: Enough
    decided: Decided
    by: Literal["sign", "e_value"]
    early: bool
    """A planned comparison that ended before its last pair."""
    detectable: float | None
    both_bad: Count
    left: Count
    longer: Count
    shorter: Tally
    """Pairs whose tuned answer is the shorter one."""
    taller: Tally
    """Pairs whose tuned answer is the longer one."""
    same: Count
    """Repeats on which the judge chose as before."""
    guessed: Count
    agreement: float | None
    alpha: float | None
    kappa: float | None
    adjusted: LengthAdjusted | None


def enough_so_far(case: Asked, found: Ballots, limits: Limits) -> Enough:
    """The direction-free answer while judging goes on, as of the last look; the last of all
    is at the last pair."""
    voted = sorted((p for p in found.counting if p.votes), key=lambda p: (p.at, p.sample))
    looked = [pair for pair in found.counting if pair.identical]
    done = len(found.counting) >= case.standing.planned
    looked += voted if done else voted[: len(voted) - len(voted) % LOOK_EVERY]
    certain = tally([pair for pair in looked if pair.decided], None)
    full = [pair.mean for pair in looked if pair.full]
    return enough(
        certain.wins,
        certain.losses,
        certain.ties,
        max(case.standing.planned, len(found.counting)),
        e=e_value_of_means(full),
        clear=limits.clear,
        alpha=limits.alpha,
    )


def result(case: Asked, found: Ballots, limits: Limits) -> Result:
    pairs = found.counting
    counted = tally(pairs, groups_of(case, pairs))
    full = [pair.mean for pair in pairs if pair.full]
    fortune = e_value_of_means(full)
    planned = max(case.standing.planned, len(pairs))
    suffices = enough(
        counted.wins,
        counted.losses,
        counted.ties,
        planned,
        e=fortune,
        clear=limits.clear,
        alpha=limits.alpha,
    )
    early = case.standing.mode == "planned" and len(pairs) < planned
    by_sign = case.standing.mode == "planned" and (not early or suffices.locked)
    p = sign_p(counted.wins, counted.losses)
    ahead = counted.wins - counted.losses if by_sign else sum(2 * x - 1 for x in full)
    shown = p <= limits.alpha if by_sign else suffices.clear
    unflagged = [pair for pair in pairs if not pair.flagged]
    deciding = [pair for pair in pairs if pair.mean != 0.5]
    return Result(
        tally=counted,
        unflagged=(
            tally(unflagged, groups_of(case, unflagged)) if len(unflagged) < len(pairs) else None
        ),
        decisive=wilson(counted.wins, counted.deciding),
        sign_p=p,
        e_value=fortune,
        enough=suffices,
        decided="not_shown" if not shown or not ahead else "better" if ahead > 0 else "worse",
        by="sign" if by_sign else "e_value",
        early=early,
        detectable=smallest_found(counted.deciding, alpha=limits.alpha),
        both_bad=_count(case, [(v, v.both_bad) for v in found.votes]),
        left=_count(case, _left(found.votes)),
        longer=replace(_count(case, _longer(pairs)), p=_length_p(pairs)),
        shorter=tally([p for p in pairs if p.votes and p.answers.stratum < 0], None),
        taller=tally([p for p in pairs if p.votes and p.answers.stratum > 0], None),
        same=_count(case, [(again, one.choice == again.choice) for one, again in found.repeats]),
        guessed=_guessed(found.guesses),
        agreement=raw_agreement(_ratings(pairs)),
        alpha=krippendorff(_ratings(pairs)),
        kappa=_kappa(case, pairs),
        adjusted=_adjusted(deciding) if len(deciding) >= limits.length else None,
    )


def mode_of(name: str) -> Mode:
    """The rule that was chosen before the first vote."""
    return "open" if name == "open" else "planned"


def groups_of(case: Asked, pairs: Sequence[Compared]) -> Groups:
    """None where no prompt says which group it is of."""
    known = (case.samples.get(pair.sample) for pair in pairs)
    named = [sample.group if sample else None for sample in known]
    return named if any(group is not None for group in named) else None


def tally(pairs: Sequence[Compared], groups: Groups) -> Tally:
    """Wins, losses and the rate with ties as half: Bonett-Price, carried over to means where
    several judges voted and to groups where they are known (``rates.win_rate``)."""
    means = [pair.mean for pair in pairs]
    wins, losses = sum(x > 0.5 for x in means), sum(x < 0.5 for x in means)
    rate = win_rate(means, groups) if means else None
    if means and (rate is None or len(means) < 2):
        rate = Interval(sum(means) / len(means), None, None, len(means))
    return Tally(wins, losses, len(means) - wins - losses, rate)


def _left(votes: Sequence[Vote]) -> list[tuple[Vote, bool]]:
    return [(v, v.mark.side == "left") for v in votes if v.mark.side in ("left", "right")]


def _longer(pairs: Sequence[Compared]) -> list[tuple[Vote, bool]]:
    """Single votes for the longer answer, ties and equal lengths left out."""
    found = []
    for pair in pairs:
        longer = {1: "tuned", -1: "base"}.get(pair.answers.stratum)
        for vote in pair.votes:
            if longer and vote.choice != "tie":
                found.append((vote, vote.choice == longer))
    return found


def _length_p(pairs: Sequence[Compared]) -> float:
    """Whether length goes with the choice: judges of one pair see the same lengths, so a
    pair counts once, with its net votes for the longer answer. For one judge it is the
    exact binomial test."""
    net: dict[str, float] = {}
    for vote, longer in _longer(pairs):
        net[vote.sample] = net.get(vote.sample, 0.0) + (1.0 if longer else -1.0)
    return sign_flip_p(list(net.values()))


def _count(case: Asked, found: Sequence[tuple[Vote, bool]]) -> Count:
    """Of single votes. Several on one pair, or on one group, are not independent: then the
    interval is taken within them."""
    hits, n = sum(hit for _, hit in found), len(found)
    units = [_unit(case, vote) for vote, _ in found]
    rate = wilson(hits, n)
    if len(set(units)) < n:
        rate = win_rate([float(hit) for _, hit in found], units) or rate
    return Count(hits, n, rate, binomial_p(hits, n))


def _unit(case: Asked, vote: Vote) -> Hashable:
    sample = case.samples.get(vote.sample)
    return ("group", sample.group) if sample and sample.group else ("pair", vote.sample)


def _guessed(guesses: Sequence[tuple[str, bool]]) -> Count:
    right, n = sum(hit for _, hit in guesses), len(guesses)
    return Count(right, n, wilson(right, n), binomial_upper(right, n))


def _ratings(pairs: Sequence[Compared]) -> list[list[str]]:
    return [[vote.choice for vote in pair.votes] for pair in pairs if pair.votes]


def _kappa(case: Asked, pairs: Sequence[Compared]) -> float | None:
    """Cohen's, where exactly two judges have begun."""
    if len(case.standing.begun) != 2:
        return None
    by_judge = [{v.judge: v.choice for v in pair.votes} for pair in pairs if pair.votes]
    one, other = (judge.judge for judge in case.standing.begun)
    return cohen([c.get(one) for c in by_judge], [c.get(other) for c in by_judge])


def _adjusted(deciding: Sequence[Compared]) -> LengthAdjusted | None:
    """None also where one model's answers are always the longer: equal lengths were not
    seen, and what would be there is a guess."""
    more = [float(p.answers.tuned_length - p.answers.other_length) for p in deciding]
    if not min(more) <= 0 <= max(more):
        return None
    return length_adjusted(more, [pair.mean > 0.5 for pair in deciding])
