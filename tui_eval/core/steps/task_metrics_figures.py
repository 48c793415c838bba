"""What a task's metrics say of base and tuned on the same items."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui_eval.core.metrics import Metric, metric_of, passes_at
from tui_eval.core.metrics.labels import by_folded, truth
from tui_eval.core.metrics.settle import data_labels
from tui_eval.core.stats.alike import differing_units, interval_of, may_show, with_bounds
from tui_eval.core.stats.corpus import FORMULAS, figure, figure_difference
from tui_eval.core.stats.intervals import (
    FLAT,
    Estimate,
    Groups,
    Interval,
    flat,
    mean,
    paired_rates,
    units,
    wilson,
)
from tui_eval.core.stats.pass_at_k import estimate
from tui_eval.core.stats.rates import sign_p
from tui_eval.core.stats.resampled import Resampled, label_figure, mean_figure
from tui_eval.core.task_records import Measured, Task, TaskItem

UNPARSED = "unparsed"
DETECTED = 2.8
"""Standard errors of a difference that is found 4 times in 5 at 0.05: 1.96 + 0.84."""

SIDE, MOVED = (0.0, 1.0), (-1.0, 1.0)
"""What a figure of each answer can be, and the difference of two."""

Side = Literal["base", "tuned"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One item as both models' answers were measured; ``base`` is None without a base."""

    item: TaskItem
    tuned: Measured
    base: Measured | None

    def of(self, side: Side) -> Measured:
        return self.base if side == "base" and self.base is not None else self.tuned


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one task. ``better`` is tuned's difference in the metric's good direction:
    above 0 where it shows, below where the opposite does, 0 where neither."""

    name: str
    metric: Metric
    pairs: tuple[Pair, ...]
    base: Interval | None
    tuned: Interval | None
    difference: Interval | None
    detectable: float | None
    wins: int = 0
    losses: int = 0
    p: float | None = None
    """McNemar's exact test; None for other than right/wrong metrics."""
    better: int = 0
    differing: int = 0
    """Units (items, or groups of them) in which the models differ."""
    units: int = 0
    alike: bool = False
    """Whether every unit moved by the same, so that nothing tells how far others might."""

    @property
    def n(self) -> int:
        return len(self.pairs)

    @property
    def noun(self) -> str:
        """What an item of the task is called."""
        return "problem" if self.metric.kind == "problems" else "item"


def compare(
    task: Task, name: str, pairs: Sequence[Pair], draws: int, significance: float
) -> Compared:
    """``draws=0``: figures that need resampling get no interval yet."""
    metric = metric_of(name, task.lower_is_better)
    if metric.kind == "problems":
        pairs = _passes(pairs, name)
    if metric.kind in ("right_wrong", "number", "problems", "own"):
        # A pattern, a script or a number of answers may leave a value out of some items.
        pairs = [pair for pair in pairs if _has_value(pair, name)]
    pairs = tuple(pairs)
    groups = groups_of(pairs)
    if not pairs:
        return Compared(name, metric, pairs, None, None, None, None)
    made = _made(task, name, metric, pairs, groups, draws, significance)
    waiting = not draws and metric.kind in ("labels", "problems")
    return made if waiting else _settled(made, groups, significance)


def _made(
    task: Task,
    name: str,
    metric: Metric,
    pairs: tuple[Pair, ...],
    groups: Groups,
    draws: int,
    significance: float,
) -> Compared:
    if metric.kind == "labels":
        drawn = label_figure(name, triples(task, pairs), groups, draws=draws)
        return _resampled(name, metric, pairs, drawn)
    if metric.kind == "corpus":
        return _corpus(name, metric, pairs, groups)
    if metric.kind == "right_wrong" or _all_binary(pairs, name):
        return _right_wrong(name, metric, pairs, groups, significance)
    if metric.kind == "problems":
        both = [(p.of("base").values[name], p.tuned.values[name]) for p in pairs]
        drawn = mean_figure(both, groups, draws=draws)
        return _resampled(name, metric, pairs, _bounded(drawn, units(groups, len(pairs))))
    return _number(name, metric, pairs, groups)


def _passes(pairs: Sequence[Pair], name: str) -> list[Pair]:
    """The estimate of each problem from its counts. None of them where one has fewer samples
    than k: leaving it out would choose problems by how they were sampled."""
    made = []
    for pair in pairs:
        tuned = estimated(pair.tuned, name)
        base = None if pair.base is None else estimated(pair.base, name)
        if tuned is None or (base is None and pair.base is not None):
            return []
        made.append(Pair(pair.item, tuned, base))
    return made


def estimated(measured: Measured, name: str) -> Measured | None:
    """With the problem's own estimate of ``pass_at_k`` from its counts; None where there are
    fewer samples than k."""
    k = passes_at(name) or 0
    if len(measured.counts) != 2:
        return measured if name in measured.values else None
    value = estimate(int(measured.counts[0]), int(measured.counts[1]), k)
    return None if value is None else replace(measured, values={**measured.values, name: value})


def _has_value(pair: Pair, name: str) -> bool:
    return name in pair.tuned.values and name in pair.of("base").values


def _all_binary(pairs: Sequence[Pair], name: str) -> bool:
    """Of a metric of a person's own, or of one answer per problem."""
    if metric_of(name).kind not in ("own", "problems"):
        return False
    sides: tuple[Side, ...] = ("base", "tuned")
    return all(pair.of(side).values[name] in (0.0, 1.0) for pair in pairs for side in sides)


def groups_of(pairs: Sequence[Pair]) -> Groups:
    named = [pair.item.sample.group for pair in pairs]
    return named if any(group is not None for group in named) else None


def values(pairs: Sequence[Pair], name: str, side: Side) -> list[float]:
    return [pair.of(side).values[name] for pair in pairs]


def triples(task: Task, pairs: Sequence[Pair]) -> list[tuple[str, str, str]]:
    """(true, base's, tuned's) label of each item."""
    known = known_labels(task)
    return [
        (truth(p.item.references, known), p.of("base").label or "", p.tuned.label or "")
        for p in pairs
    ]


def known_labels(task: Task) -> dict[str, str]:
    return by_folded(task.labels or data_labels(task.items))


def _right_wrong(
    name: str, metric: Metric, pairs: tuple[Pair, ...], groups: Groups, significance: float
) -> Compared:
    base, tuned = values(pairs, name, "base"), values(pairs, name, "tuned")
    n = len(pairs)
    moved = [t - b for t, b in zip(tuned, base, strict=True)]
    up, down = sum(one > 0 for one in moved), sum(one < 0 for one in moved)
    wins, losses = (up, down) if metric.higher else (down, up)
    p = sign_p(wins, losses)
    made = _compared(
        name,
        metric,
        pairs,
        (_rate(base, groups), _rate(tuned, groups)),
        _moved(moved, groups),
        # So many discordant items, and two more as at least as many could have come.
        DETECTED * math.sqrt((wins + losses + 2) / (n + 2) / n),
        shown=p <= significance,
    )
    return _with_tests(made, wins, losses, p)


def _rate(right: Sequence[float], groups: Groups) -> Interval | None:
    if groups is None:
        return wilson(int(sum(right)), len(right))
    found, count = mean(right, groups), units(groups, len(right))
    if found is None or count < 2 or not flat(found):
        return interval_of(found, (0.0, 1.0))
    ends = wilson(found.value * count, count)
    return ends and replace(ends, value=found.value, n=found.n)


def _moved(moved: Sequence[float], groups: Groups) -> Interval | None:
    """Of right and wrong, tuned's minus base's."""
    found, count = mean(moved, groups), units(groups, len(moved))
    if found is None or count < 2 or not flat(found):
        return interval_of(found, (-1.0, 1.0))
    won, lost = (max(0.0, side * found.value) * count for side in (1, -1))
    return Interval(found.value, *paired_rates(won, lost, count), found.n)


def _number(name: str, metric: Metric, pairs: tuple[Pair, ...], groups: Groups) -> Compared:
    base, tuned = values(pairs, name, "base"), values(pairs, name, "tuned")
    moved = mean([t - b for t, b in zip(tuned, base, strict=True)], groups)
    # Nobody knows how far a metric of a person's own may go.
    side, both = (None, None) if metric.own else (SIDE, MOVED)
    count = units(groups, len(pairs))
    ends = (
        interval_of(mean(base, groups), side, count),
        interval_of(mean(tuned, groups), side, count),
    )
    difference = interval_of(moved, both, count)
    return _compared(name, metric, pairs, ends, difference, _detectable(moved))


def _corpus(name: str, metric: Metric, pairs: tuple[Pair, ...], groups: Groups) -> Compared:
    formula = FORMULAS[name]
    tuned = [pair.tuned.counts for pair in pairs]
    base = [pair.of("base").counts for pair in pairs]
    moved = figure_difference(formula, tuned, base, groups)
    sides = (interval_of(figure(formula, rows, groups), (0.0, 100.0)) for rows in (base, tuned))
    difference = interval_of(moved, (-100.0, 100.0))
    ends = next(sides), next(sides)
    return _compared(name, metric, pairs, ends, difference, _detectable(moved))


def _detectable(moved: Estimate | None) -> float | None:
    # Where no item differs, nothing tells how far others might.
    if moved is None or not math.isfinite(moved.se) or flat(moved):
        return None
    return DETECTED * moved.se


def _compared(
    name: str,
    metric: Metric,
    pairs: tuple[Pair, ...],
    ends: tuple[Interval | None, Interval | None],
    moved: Interval | None,
    detectable: float | None,
    *,
    shown: bool = True,
) -> Compared:
    """Without a base there is nothing to differ from."""
    alone = pairs[0].base is None
    difference = None if alone else moved
    return Compared(
        name,
        metric,
        pairs,
        base=None if alone else ends[0],
        tuned=ends[1],
        difference=difference,
        detectable=None if alone else detectable,
        better=_better(metric, difference) if shown else 0,
    )


def _resampled(name: str, metric: Metric, pairs: tuple[Pair, ...], found: Resampled) -> Compared:
    alone = pairs[0].base is None
    difference = None if alone else found.difference
    return Compared(
        name,
        metric,
        pairs,
        base=None if alone else found.base,
        tuned=found.tuned,
        difference=difference,
        detectable=None if alone or not found.se else DETECTED * found.se,
        better=_better(metric, difference),
    )


def _bounded(found: Resampled, count: int) -> Resampled:
    """Ends where every draw gave the same."""
    some = zip((found.base, found.tuned, found.difference), (SIDE, SIDE, MOVED), strict=True)
    base, tuned, moved = (with_bounds(one, span, count) for one, span in some)
    return Resampled(base, tuned, moved, found.se)


def _settled(made: Compared, groups: Groups, significance: float) -> Compared:
    """A difference shows where enough units differ that it could. Where each of them moved by
    the same there is no spread for an interval: the sign test alone decides, and ends that know
    less than it are none."""
    moved, metric = made.difference, made.metric
    if moved is None:
        return made
    count = units(groups, made.n)
    differing = differing_units([_differs(made, pair) for pair in made.pairs], groups)
    made = replace(made, differing=differing, units=count, alike=_alike(made, groups))
    most = farthest(metric, made)
    if made.detectable is not None and (count < 2 or made.detectable > most):
        made = replace(made, detectable=None)
    if not may_show(differing, significance):
        return replace(made, better=0)
    if not made.alike or made.p is not None or not moved.value:
        return made
    if moved.low is not None and moved.high is not None and moved.low <= 0 <= moved.high:
        moved = replace(moved, low=None, high=None)
    better = 1 if (moved.value > 0) == metric.higher else -1
    return replace(made, better=better, difference=moved)


def farthest(metric: Metric, made: Compared) -> float:
    """The largest difference that there can be; of a metric of a person's own nobody knows."""
    if metric.own and made.p is None:
        return math.inf
    if metric.unit == "points":
        return 100.0
    return 2.0 if made.name in ("kappa", "mcc") else 1.0


def _differs(made: Compared, pair: Pair) -> bool:
    base, tuned = pair.of("base"), pair.tuned
    if made.metric.kind == "labels":
        return base.label != tuned.label
    if made.metric.kind == "corpus":
        return base.counts != tuned.counts
    return abs(tuned.values[made.name] - base.values[made.name]) > FLAT


def _alike(made: Compared, groups: Groups) -> bool:
    """Of sums over the set and F1 its interval tells; of others their values do."""
    if made.metric.kind in ("labels", "corpus"):
        return made.difference is not None and made.difference.low is None
    base, tuned = (values(made.pairs, made.name, side) for side in ("base", "tuned"))
    moved = mean([t - b for t, b in zip(tuned, base, strict=True)], groups)
    return moved is not None and units(groups, made.n) > 1 and flat(moved)


def _with_tests(made: Compared, wins: int, losses: int, p: float) -> Compared:
    return made if made.difference is None else replace(made, wins=wins, losses=losses, p=p)


def _better(metric: Metric, difference: Interval | None) -> int:
    if difference is None or difference.low is None or difference.high is None:
        return 0
    side = 1 if difference.low > 0 else -1 if difference.high < 0 else 0
    return side if metric.higher else -side


def by_category(found: Compared) -> Mapping[str, list[Pair]]:
    """The items of every category, the largest first; empty where none is known."""
    made: dict[str, list[Pair]] = {}
    if all(pair.item.sample.category is None for pair in found.pairs):
        return made
    for pair in found.pairs:
        made.setdefault(pair.item.sample.category or "(none)", []).append(pair)
    return dict(sorted(made.items(), key=lambda one: (-len(one[1]), one[0])))


def item_value(found: Compared) -> Callable[[Measured], float | None]:
    """What one answer is worth: right or wrong where the metric is over all labels."""
    name = "accuracy" if found.metric.kind == "labels" else found.name
    return lambda measured: measured.values.get(name)


def item_difference(found: Compared, pair: Pair) -> float:
    """Tuned's value minus base's, in the metric's good direction; 0 where one is unknown."""
    value = item_value(found)
    tuned, base = value(pair.tuned), value(pair.base) if pair.base is not None else None
    if tuned is None or base is None:
        return 0.0
    return tuned - base if found.metric.higher else base - tuned


def by_difference(found: Compared) -> list[Pair]:
    """The worst regression first, the best gain last; ties in file order."""
    return sorted(found.pairs, key=lambda p: (item_difference(found, p), p.item.sample.row))
