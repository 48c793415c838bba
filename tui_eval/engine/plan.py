"""Which texts go through the model together.

Lengths alone decide the plan, so that base and tuned are scored in the same shapes and
rounding cancels in their difference.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CPU_OVERHEAD = 64
"""Tokens that one forward call costs besides its rows, measured on CPUs."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows (indices into what was planned) that share one forward call."""

    rows: tuple[int, ...]
    tokens: int
    """Real tokens, without padding."""
    width: int
    """The longest row."""


def padded(lengths: Sequence[int], budget: int, overhead: int = CPU_OVERHEAD) -> list[Batch]:
    """The cheapest cut of the sorted rows into rectangles, longest first.

    Dynamic programming over the cuts: a batch costs ``overhead + rows * longest`` tokens,
    and holds at most ``budget`` of them (a single longer row stands alone).
    """
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    sizes = [max(1, lengths[row]) for row in order]
    n = len(sizes)
    best = np.zeros(n + 1)
    stop = np.zeros(n, dtype=np.int64)
    counts = np.arange(1, n + 1)
    for first in range(n - 1, -1, -1):
        most = min(max(1, budget // sizes[first]), n - first)
        costs = counts[:most] * sizes[first] + best[first + 1 : first + most + 1]
        count = int(np.argmin(costs))
        best[first] = overhead + costs[count]
        stop[first] = first + count + 1
    batches = []
    first = 0
    while first < n:
        batches.append(_batch(order[first : stop[first]], lengths))
        first = int(stop[first])
    return batches


def packed(lengths: Sequence[int], budget: int) -> list[Batch]:
    """Rows laid end to end without padding: as many as fit ``budget``, longest first.

    Best fit: each row goes where it leaves the least room, so that the calls are full and
    few; nothing else differs between plans, for no token is wasted in any.
    """
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []
    for row in order:
        need = max(1, lengths[row])
        at = bisect_left(room, (need, -1))
        if at < len(room):
            left, index = room.pop(at)
            bins[index].append(row)
        else:
            left, index = max(budget, need), len(bins)
            bins.append([row])
        insort(room, (left - need, index))
    return [_batch(rows, lengths) for rows in bins]


def _batch(rows: Sequence[int], lengths: Sequence[int]) -> Batch:
    sizes = [lengths[row] for row in rows]
    return Batch(tuple(rows), sum(sizes), max(sizes))
