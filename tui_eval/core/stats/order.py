"""Medians and their kin over plain lists: quick to load, enough for a log's few hundred
points."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

NORMAL_MAD = 1.4826
"""Makes a median absolute deviation estimate a normal standard deviation."""


def all_finite(values: Sequence[float]) -> bool:
    """Their sum tells it at once, unless it overflows."""
    return math.isfinite(sum(values)) or all(map(math.isfinite, values))


def median(values: Iterable[float]) -> float:
    """NaN of nothing."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return _middle(ordered)


def quantile(values: Iterable[float], share: float) -> float:
    """Linear between order statistics, as numpy's default."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def mad(values: Sequence[float]) -> float:
    """Median absolute deviation from the median, not scaled."""
    centre = median(values)
    return median(abs(value - centre) for value in values)


def window_medians(values: Sequence[float], window: int) -> list[float]:
    """The median of every ``window`` consecutive values; none where there are fewer.

    The window is kept sorted while it slides: a log of 100,000 points takes a second.
    """
    if window < 1 or len(values) < window:
        return []
    inside = sorted(values[:window])
    medians = [_middle(inside)]
    for gone, come in zip(values, values[window:], strict=False):
        del inside[bisect_left(inside, gone)]
        insort(inside, come)
        medians.append(_middle(inside))
    return medians


def trailing_medians(values: Sequence[float], window: int) -> list[float]:
    """The median of the ``window`` values ending at each; NaN where fewer precede it."""
    medians = window_medians(values, window)
    return [math.nan] * (len(values) - len(medians)) + medians


def _middle(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
