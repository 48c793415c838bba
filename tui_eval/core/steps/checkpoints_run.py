"""The checkpoints of a run as they were scored: their losses, and each against the judged one's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import finite
from tui_eval.core.records import Dataset, Sample, TokenLoss
from tui_eval.core.stats.intervals import Estimate, Interval, ratio_of_sums
from tui_eval.core.stats.paired import loss_difference
from tui_eval.core.stats.student import t_quantile
from tui_eval.core.steps.comparison import compare, improvement_of
from tui_eval.core.steps.pairs import Pair, groups_of, nll, of_tuned, same_units, tokens
from tui_eval.core.steps.run import eval_keys
from tui_eval.core.text import clean

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Saved:
    """One checkpoint of the run."""

    model: str
    """What evidence knows it by: the candidate itself where it is the judged one."""
    name: str
    """Its folder's name."""
    step: int | None
    epoch: float | None = None
    judged: bool = False

    @property
    def cells(self) -> tuple[str | int | float | None, ...]:
        """How its row begins."""
        mark = "●" if self.judged else ""
        return mark, clean(self.name, limit=40), self.step, self.epoch


@dataclass(frozen=True, slots=True)
class Point:
    """A checkpoint that is scored to the end, on the rows that all of them have."""

    saved: Saved
    loss: Estimate
    improvement: Interval | None
    difference: Estimate | None
    """Its loss minus the judged one's; None of the judged one itself."""
    share: float
    """Confidence of the difference's interval."""
    logged: float | None

    @property
    def span(self) -> tuple[float, float] | None:
        """The difference's interval, corrected for how many were compared."""
        found = self.difference
        if found is None or found.df < 1 or not math.isfinite(found.se):
            return None
        half = t_quantile((1 + self.share) / 2, found.df) * found.se if found.se else 0.0
        return found.value - half, found.value + half

    @property
    def shown_better(self) -> bool:
        return self.span is not None and self.span[1] < 0

    @property
    def row(self) -> tuple[str | int | float | None, ...]:
        low, high = self.span or (None, None)
        gained = None if self.improvement is None else finite(self.improvement.value)
        return (
            *self.saved.cells,
            finite(self.loss.value),
            finite(self.loss.low),
            finite(self.loss.high),
            finite(_exp(self.loss.value)),
            gained,
            None if self.difference is None else finite(self.difference.value),
            finite(low),
            finite(high),
            finite(self.logged),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What there is to look at."""

    saved: Sequence[Saved]
    points: Sequence[Point]
    samples: int
    planned: int
    """Rows to be scored under each."""
    waiting: Sequence[Saved]
    broken: Sequence[Saved]
    """Those with a loss that is not a finite number."""

    @property
    def judged(self) -> Point | None:
        return next((one for one in self.points if one.saved.judged), None)

    @property
    def best(self) -> Point | None:
        return min(self.points, key=lambda one: one.loss.value, default=None)

    @property
    def others(self) -> list[Point]:
        return [one for one in self.points if not one.saved.judged]


def gather(
    evidence: Evidence, candidate: str, saved: Sequence[Saved], dataset: Dataset | None
) -> Run:
    samples = dataset.samples if dataset is not None else ()
    found = {one.model: evidence.losses(one.model, one.model, "validation") for one in saved}
    whole = [one for one in saved if samples and all(s.id in found[one.model] for s in samples)]
    broken = [one for one in whole if not _all_finite(found[one.model], samples)]
    sound = [one for one in whole if one not in broken]
    base = evidence.base(candidate)
    of_base = evidence.losses(candidate, base, "validation") if base is not None else {}
    rows = [s for s in samples if all(_usable(found[one.model][s.id]) for one in sound)]
    judged = next((one for one in sound if one.judged), None)
    of_judged = found[judged.model] if judged is not None else {}
    pairs = {
        one.model: [Pair(s, found[one.model][s.id], of_base.get(s.id)) for s in rows]
        for one in sound
    }
    compared = sum(not one.judged for one in sound) if judged is not None else 0
    logged = logged_of(evidence, candidate)
    points = [
        point
        for one in sound
        if (
            point := _point(
                one,
                pairs[one.model],
                _improvement(evidence, candidate, pairs[one.model]),
                None if one.judged else of_judged,
                1 - ALPHA / max(1, compared),
                logged.get(one.step),
            )
        )
    ]
    left = [one for one in saved if one not in whole]
    return Run(saved, points, len(rows), len(samples), left, broken)


def _usable(loss: TokenLoss) -> bool:
    return not loss.error and loss.tokens > 0


def _all_finite(losses: Mapping[str, TokenLoss], samples: Sequence[Sample]) -> bool:
    return all(math.isfinite(losses[s.id].nll) for s in samples)


def _point(
    saved: Saved,
    pairs: Sequence[Pair],
    improvement: Interval | None,
    judged: Mapping[str, TokenLoss] | None,
    share: float,
    logged: float | None,
) -> Point | None:
    groups = groups_of(pairs)
    own, own_tokens = of_tuned(pairs, nll), of_tuned(pairs, tokens)
    loss = ratio_of_sums(own, own_tokens, groups)
    if loss is None:
        return None
    difference = None
    if judged:
        theirs = [judged[pair.sample.id] for pair in pairs]
        difference = loss_difference(
            own, list(map(nll, theirs)), own_tokens, list(map(tokens, theirs)), groups
        )
    return Point(saved, loss, improvement, difference, share, logged)


def _improvement(evidence: Evidence, candidate: str, pairs: Sequence[Pair]) -> Interval | None:
    """Of the perplexity over base's, as step 2 has it, once base is scored on all of these
    rows."""
    if not all(pair.base is not None and _usable(pair.base) for pair in pairs):
        return None
    same = same_units(evidence, candidate, pairs)
    return improvement_of(compare(pairs, same_units=same).ratio)


def logged_of(evidence: Evidence, candidate: str) -> Mapping[int | None, float]:
    """The log's own validation losses, by step."""
    log = evidence.log(candidate)
    if log is None:
        return {}
    key = next(iter(eval_keys(log, str(evidence.setting("curves.eval")))), None)
    points = log.series.get(key, ()) if key else ()
    return {int(point.step): point.value for point in points if point.step == int(point.step)}


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
