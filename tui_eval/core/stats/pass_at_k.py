"""pass@k: the chance that one of k samples solves a problem, without the bias of trying k once.

With n samples of which c pass, 1 - C(n-c, k)/C(n, k) (Chen et al. 2021, "Evaluating large
language models trained on code", section 2.1). The interval draws problems again: problems,
not samples, are what a benchmark has few of.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache

from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.order import quantile
from tui_eval.core.stats.resampled import DRAWS, SEED

Counts = tuple[int, int]
"""Samples of one problem, and how many of them passed."""


def estimate(n: int, passed: int, k: int) -> float | None:
    """pass@k of one problem; None where fewer than k samples say nothing about k."""
    if not 0 <= passed <= n or k < 1:
        raise ValueError(f"{passed} of {n} at k = {k}")
    if n < k:
        return None
    return 1.0 - math.comb(n - passed, k) / math.comb(n, k)


def estimates(counts: Sequence[Counts], k: int) -> list[float] | None:
    """Each problem's estimate; None where one of them has fewer than k samples: leaving it
    out would choose problems by how they were sampled."""
    found = [estimate(n, passed, k) for n, passed in counts]
    usable = [one for one in found if one is not None]
    return usable if usable and len(usable) == len(found) else None


def pass_at_k(counts: Sequence[Counts], k: int, *, draws: int = DRAWS) -> Interval | None:
    """The mean over problems with its 95% bootstrap interval; ``n`` counts problems. One
    problem has no interval."""
    values = estimates(counts, k)
    if values is None:
        return None
    return _interval(tuple(values), draws)


def largest_k(counts: Sequence[Counts]) -> int:
    """The largest k that every problem has samples for."""
    return min((n for n, _ in counts), default=0)


@lru_cache(maxsize=64)
def _interval(values: tuple[float, ...], draws: int) -> Interval:
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2 or draws < 2:
        return Interval(mean, None, None, count)
    chance = random.Random(SEED)
    means = [math.fsum(chance.choices(values, k=count)) / count for _ in range(draws)]
    return Interval(mean, quantile(means, 0.025), quantile(means, 0.975), count)
