"""Plans: every row once, within the budget, cheapest, longest first."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from tui_eval.engine import plan

LENGTHS = st.lists(st.integers(1, 60), max_size=40)


def cost(batches: list[plan.Batch], overhead: int) -> int:
    return sum(overhead + len(batch.rows) * batch.width for batch in batches)


@given(LENGTHS, st.integers(1, 200), st.integers(0, 80))
def test_padded_plans_hold_every_row_once_within_the_budget(
    lengths: list[int], budget: int, overhead: int
) -> None:
    batches = plan.padded(lengths, budget, overhead)
    rows = [row for batch in batches for row in batch.rows]
    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths, reverse=True)
    for batch in batches:
        assert batch.width == max(lengths[row] for row in batch.rows)
        assert batch.tokens == sum(lengths[row] for row in batch.rows)
        assert len(batch.rows) == 1 or len(batch.rows) * batch.width <= budget


@given(LENGTHS, st.integers(1, 200))
def test_packed_plans_hold_every_row_once_within_the_budget(
    lengths: list[int], budget: int
) -> None:
    batches = plan.packed(lengths, budget)
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch.rows) == 1 or batch.tokens <= budget
    if lengths:
        assert batches[0].width == max(lengths)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 90), st.integers(0, 40))
def test_padded_plans_are_the_cheapest_cut(lengths: list[int], budget: int, overhead: int) -> None:
    """Against every way of cutting the sorted rows."""
    ordered = sorted(lengths, reverse=True)
    cheapest = min(
        total
        for size in range(len(ordered))
        for cuts in itertools.combinations(range(1, len(ordered)), size)
        if (total := _cut_cost(ordered, cuts, budget, overhead)) is not None
    )
    assert cost(plan.padded(lengths, budget, overhead), overhead) == cheapest


def _cut_cost(ordered: list[int], cuts: tuple[int, ...], budget: int, overhead: int) -> int | None:
    edges = (0, *cuts, len(ordered))
    total = 0
    for first, last in itertools.pairwise(edges):
        area = (last - first) * ordered[first]
        if last - first > 1 and area > budget:
            return None
        total += overhead + area
    return total


def test_skewed_lengths_are_padded_by_a_few_percent() -> None:
    chosen = random.Random(0)
    lengths = [min(1000, max(20, int(chosen.lognormvariate(4.94, 0.9)))) for _ in range(400)]
    batches = plan.padded(lengths, 8192)
    fed = sum(len(batch.rows) * batch.width for batch in batches)
    assert fed < 1.05 * sum(lengths)
    packs = plan.packed(lengths, 1024)
    assert len(packs) < 1.05 * sum(lengths) / 1024 + 1


def test_a_plan_depends_on_lengths_alone() -> None:
    lengths = [7, 3, 7, 9, 3, 1]
    assert plan.padded(lengths, 20) == plan.padded(list(lengths), 20)
    assert plan.padded([], 20) == plan.packed([], 20) == []
