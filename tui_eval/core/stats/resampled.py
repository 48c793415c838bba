"""The paired bootstrap, for figures without a linear form: F1 and its kin, pass@k.

Items are drawn again, each with the truth and both models' answers, so that what makes an item
hard cancels in the difference: 2,000 draws with a seed that the Reading tells, percentiles for
the interval, the draws' standard deviation for the standard error.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from tui_eval.core.stats.classification import Tally, figure
from tui_eval.core.stats.intervals import FLAT, Groups, Interval
from tui_eval.core.stats.order import quantile

DRAWS = 2_000
SEED = 0

Triple = tuple[str, str, str]
"""True label, base's answer, tuned's answer."""
Ends = tuple[float | None, float | None]
"""A figure of base and of tuned."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """A figure of each model and tuned's minus base's; ``se`` is the difference's. No ends and
    no ``se`` where every draw gives the same."""

    base: Interval | None
    tuned: Interval | None
    difference: Interval | None
    se: float | None


def label_figure(
    name: str, triples: Sequence[Triple], groups: Groups = None, *, draws: int = DRAWS
) -> Resampled:
    """A classification figure by its metric's name. ``draws=0``: values without intervals, for
    as long as answers still come in."""
    return _label_figure(name, tuple(triples), None if groups is None else tuple(groups), draws)


@lru_cache(maxsize=64)
def _label_figure(
    name: str, triples: tuple[Triple, ...], groups: tuple[Hashable | None, ...] | None, draws: int
) -> Resampled:
    found = _label_draws(triples, groups, draws)
    ends = [(figure(name, base), figure(name, tuned)) for base, tuned in found]
    return _told(ends, len(triples))


@lru_cache(maxsize=8)
def _label_draws(
    triples: tuple[Triple, ...], groups: tuple[Hashable | None, ...] | None, draws: int
) -> tuple[tuple[Tally, Tally], ...]:
    """Counts of base and tuned: of the items themselves, then of each draw. Kept, for every
    figure of a task is of the same draws."""
    distinct = sorted(set(triples))
    number = {triple: at for at, triple in enumerate(distinct)}
    labels = {label: at for at, label in enumerate(sorted(set(chain(*distinct))))}
    coded = [(labels[true], labels[base], labels[tuned]) for true, base, tuned in distinct]
    size = len(labels)

    def counted(counts: Counter[int]) -> tuple[Tally, Tally]:
        support, hits = [0] * size, ([0] * size, [0] * size)
        said = [0] * size, [0] * size
        for at, count in counts.items():
            true, base, tuned = coded[at]
            support[true] += count
            said[0][base] += count
            said[1][tuned] += count
            if base == true:
                hits[0][true] += count
            if tuned == true:
                hits[1][true] += count
        return Tally(hits[0], said[0], support), Tally(hits[1], said[1], support)

    items = [number[triple] for triple in triples]
    return tuple(map(counted, (Counter(items), *_drawn(items, groups, draws)))) if items else ()


def mean_figure(
    pairs: Sequence[tuple[float, float]], groups: Groups = None, *, draws: int = DRAWS
) -> Resampled:
    """The mean of (base's, tuned's) values over items drawn again."""
    return _mean_figure(tuple(pairs), None if groups is None else tuple(groups), draws)


@lru_cache(maxsize=64)
def _mean_figure(
    pairs: tuple[tuple[float, float], ...],
    groups: tuple[Hashable | None, ...] | None,
    draws: int,
) -> Resampled:
    def both(counts: Counter[int]) -> Ends:
        n = counts.total()
        base = math.fsum(pairs[at][0] * count for at, count in counts.items())
        tuned = math.fsum(pairs[at][1] * count for at, count in counts.items())
        return base / n, tuned / n

    items = range(len(pairs))
    ends = [both(counts) for counts in (Counter(items), *_drawn(items, groups, draws))]
    return _told(ends if items else (), len(pairs))


def _told(ends: Sequence[Ends], n: int) -> Resampled:
    """The first of ``ends`` is of the items themselves."""
    if not ends:
        return Resampled(None, None, None, None)
    found, made = ends[0], ends[1:]
    moved = [difference for one in made if (difference := _minus(one)) is not None]
    return Resampled(
        _interval(found[0], [one[0] for one in made], n),
        _interval(found[1], [one[1] for one in made], n),
        _interval(_minus(found), moved, n),
        _deviation(moved),
    )


def _drawn(
    items: Sequence[int], groups: tuple[Hashable | None, ...] | None, draws: int
) -> Iterator[Counter[int]]:
    """How often each distinct item is in each draw. Items of one group are drawn together;
    fewer than two units say nothing about spread."""
    chance = random.Random(SEED)
    if groups is None or all(group is None for group in groups):
        for _ in range(draws if len(items) > 1 else 0):
            yield Counter(chance.choices(items, k=len(items)))
        return
    units: dict[Hashable, list[int]] = {}
    for place, (item, group) in enumerate(zip(items, groups, strict=True)):
        unit: Hashable = ("own", place) if group is None else ("group", group)
        units.setdefault(unit, []).append(item)
    some = list(units.values())
    for _ in range(draws if len(some) > 1 else 0):
        yield Counter(chain.from_iterable(chance.choices(some, k=len(some))))


def _minus(ends: Ends) -> float | None:
    base, tuned = ends
    return None if base is None or tuned is None else tuned - base


def _interval(value: float | None, drawn: Sequence[float | None], n: int) -> Interval | None:
    if value is None:
        return None
    kept = [one for one in drawn if one is not None]
    # Draws that are all the same say nothing of other items.
    if not kept or max(kept) - min(kept) <= FLAT:
        return Interval(value, None, None, n)
    return Interval(value, quantile(kept, 0.025), quantile(kept, 0.975), n)


def _deviation(drawn: Sequence[float]) -> float | None:
    if not drawn or max(drawn) - min(drawn) <= FLAT:
        return None
    centre = math.fsum(drawn) / len(drawn)
    return math.sqrt(math.fsum((one - centre) ** 2 for one in drawn) / len(drawn))
