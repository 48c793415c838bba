"""What every strategy promises, and the random one."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.splits import SPLITS, Asked, LightRow, Plan, asked, plan
from tui_eval.core.splits.rows import fill, units_of
from tui_eval.errors import InputError

TENTH = Asked(share=0.1)


def made(
    count: int,
    *,
    group: int = 0,
    categories: int = 0,
    prompts: int = 0,
) -> list[LightRow]:
    """``group`` rows share a group, each ``prompts``-th row a prompt."""
    return [
        LightRow(
            index,
            f"prompt {index % prompts if prompts else index}",
            f"c{index % categories}" if categories else None,
            f"2025-01-01T{index // 60 % 24:02}:{index % 60:02}:00",
            f"g{index // group}" if group else None,
        )
        for index in range(count)
    ]


labels = st.one_of(st.none(), st.sampled_from("abcde"))
light = st.lists(st.tuples(st.integers(0, 30), labels, st.integers(0, 40), labels), min_size=2)


def lit(drawn: list[tuple[int, str | None, int, str | None]]) -> list[LightRow]:
    return [
        LightRow(index, f"p{prompt}", category, str(1_700_000_000 + time), group)
        for index, (prompt, category, time, group) in enumerate(drawn)
    ]


def tried(rows: list[LightRow], strategy: str, wanted: Asked, seed: int = 0) -> Plan | None:
    """None where the strategy refuses, which it does with a remedy."""
    refused = None
    try:
        return plan(rows, strategy, wanted, seed=seed)
    except InputError as error:
        refused = error
    assert refused.remedy
    return None


@pytest.mark.parametrize("strategy", SPLITS)
@given(drawn=light, share=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_nothing_is_lost_and_nothing_parts(
    strategy: str,
    drawn: list[tuple[int, str | None, int, str | None]],
    share: float,
    seed: int,
) -> None:
    rows = lit(drawn)
    found = tried(rows, strategy, Asked(share=share), seed)
    if found is None:
        return
    assert found.validation
    assert found.validation < {row.index for row in rows}
    for key in ("prompt", "group"):
        sides: dict[str, set[bool]] = {}
        for row in rows:
            if (name := getattr(row, key)) is not None:
                sides.setdefault(name, set()).add(row.index in found.validation)
        assert all(len(side) == 1 for side in sides.values())
    assert sum(size.train + size.validation for size in found.by_category) in (0, len(rows))
    assert sum(size.validation for size in found.by_category) in (0, len(found.validation))
    assert found == tried(rows, strategy, Asked(share=share), seed)


@given(drawn=light, share=st.floats(0.01, 0.99), seed=st.integers(0, 5))
def test_a_random_split_is_within_one_group_of_what_was_asked(
    drawn: list[tuple[int, str | None, int, str | None]], share: float, seed: int
) -> None:
    rows = lit(drawn)
    found = tried(rows, "random", Asked(share=share), seed)
    if found is not None:
        assert abs(len(found.validation) - found.wanted) <= found.largest


@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    share=st.floats(0.01, 0.99),
)
def test_filling_leaves_no_unit_that_would_fit(sizes: list[int], share: float) -> None:
    wanted = Asked(share=share).rows(sum(sizes))
    chosen = fill(range(len(sizes)), sizes, wanted)
    total = sum(sizes[unit] for unit in chosen)
    left = [size for unit, size in enumerate(sizes) if unit not in chosen]
    assert left
    assert len(set(chosen)) == len(chosen) > 0
    if total < wanted:
        # Another would pass what is wanted, and by at least as much as is missing now.
        assert len(left) == 1 or total + min(left) - wanted >= wanted - total


def test_sizes_are_counted_in_rows_and_not_in_groups() -> None:
    # scikit-learn's GroupShuffleSplit gives 95 to 5 here: it counts groups.
    rows = [
        LightRow(index, f"p{index}", group="large" if index < 80 else f"g{index}")
        for index in range(100)
    ]
    for seed in range(20):
        found = plan(rows, "random", Asked(share=0.2), seed=seed)
        assert len(found.validation) == 20
        assert not found.validation & set(range(80))
        assert found.largest == 80
        assert [note.code for note in found.notes] == ["large_unit"]


def test_groups_and_equal_prompts_join_in_a_chain() -> None:
    rows = [
        LightRow(0, "a", group="x"),
        LightRow(1, "b", group="x"),
        LightRow(2, "b", group="y"),
        LightRow(3, "c", group="y"),
        LightRow(4, "d"),
        LightRow(5, "d"),
        LightRow(6, "e", group="prompt"),
        LightRow(7, "prompt"),
    ]
    assert [unit.rows for unit in units_of(rows)] == [(0, 1, 2, 3), (4, 5), (6,), (7,)]


def test_all_rows_in_one_chain_are_refused() -> None:
    rows = made(10, group=10)
    with pytest.raises(InputError, match="hang together") as caught:
        plan(rows, "random", TENTH)
    assert "--no-group" in caught.value.remedy


def test_equal_prompts_are_no_group_that_could_be_left_out() -> None:
    rows = [LightRow(n, "same") for n in range(10)]
    with pytest.raises(InputError, match="the same prompt") as caught:
        plan(rows, "random", TENTH)
    assert "--no-group" not in caught.value.remedy
    assert "--prompt" in caught.value.remedy


def test_groups_larger_than_what_is_wanted_give_one_group() -> None:
    found = plan(made(100, group=10), "random", Asked(count=2))
    assert len(found.validation) == 10


def test_two_units_never_leave_training_empty() -> None:
    found = plan(made(10, group=5), "random", Asked(count=9))
    assert len(found.validation) == 5


@pytest.mark.parametrize("seed", range(5))
def test_a_row_more_moves_few_others(seed: int) -> None:
    rows = made(1000)
    before = plan(rows, "random", TENTH, seed=seed).validation
    added = [LightRow(1000, "a new one"), *rows]
    after = plan(added, "random", TENTH, seed=seed).validation
    assert len(before ^ after) <= 2


def test_the_order_of_the_file_does_not_matter() -> None:
    rows = made(300, categories=5)
    backwards = [
        LightRow(299 - row.index, row.prompt, row.category, row.time) for row in reversed(rows)
    ]
    for strategy in ("random", "category"):
        one = plan(rows, strategy, TENTH, seed=3).validation
        other = plan(backwards, strategy, TENTH, seed=3).validation
        assert one == {299 - index for index in other}


def test_another_seed_is_another_split() -> None:
    rows = made(200)
    assert len({plan(rows, "random", TENTH, seed=seed).validation for seed in range(10)}) == 10


def test_each_row_is_as_likely_as_any() -> None:
    rows = made(40)
    held = Counter[int]()
    for seed in range(2000):
        held.update(plan(rows, "random", Asked(count=10), seed=seed).validation)
    # 2000 draws at 1/4: four standard deviations are 78.
    assert all(abs(held[index] - 500) < 78 for index in range(40))


def test_rows_for_training_only_take_what_hangs_on_them_along() -> None:
    rows = made(30, group=3)
    found = plan(rows, "random", Asked(count=9), training_only=[0, 10, 20])
    assert len(found.validation) == 9
    assert not found.validation & {0, 1, 2, 9, 10, 11, 18, 19, 20}
    alone = plan(rows, "random", Asked(count=9), training_only=range(3, 30))
    assert alone.validation == {0, 1, 2}
    with pytest.raises(InputError, match="No row is left"):
        plan(rows, "random", TENTH, training_only=range(30))


@pytest.mark.parametrize(
    ("text", "rows"),
    [("0.1", 20), ("10%", 20), ("12.5 %", 25), (".1", 20), ("7", 7), ("1", 1), ("0.0001", 1)],
)
def test_sizes(text: str, rows: int) -> None:
    assert asked(text).rows(200) == rows


@pytest.mark.parametrize(
    "text", ["", "0", "1.0", "0%", "100%", "-1", "0.0", "many", "1e3", "nan", "٣", "9" * 20]
)
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="no size") as caught:
        asked(text)
    assert "10%" in caught.value.remedy


def test_more_than_there_are_is_refused() -> None:
    for count in (200, 201):
        with pytest.raises(InputError, match="leave none to train on"):
            Asked(count=count).rows(200)
    assert Asked(count=199).rows(200) == 199
    assert Asked(share=0.999).rows(5) == 4
    for few in (0, 1):
        with pytest.raises(InputError, match="to split"):
            TENTH.rows(few)


def test_an_unknown_strategy() -> None:
    with pytest.raises(InputError, match="no strategy 'stratified'") as caught:
        plan(made(10), "stratified", TENTH)
    assert "random, temporal, category" in caught.value.remedy
