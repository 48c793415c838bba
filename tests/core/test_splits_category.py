"""Each category in its share: by largest remainder, whatever sizes there are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.splits import Asked, LightRow, Plan, plan
from tui_eval.core.splits.category import quotas
from tui_eval.errors import InputError


def rows_of(sizes: dict[str | None, int]) -> list[LightRow]:
    names = [name for name, count in sizes.items() for _ in range(count)]
    return [LightRow(index, f"p{index}", name) for index, name in enumerate(names)]


def held(found: Plan) -> dict[str, int]:
    return {size.name: size.validation for size in found.by_category}


def told(found: Plan) -> dict[str, str]:
    return {note.code: note.text for note in found.notes}


def test_shares_are_kept() -> None:
    found = plan(rows_of({"a": 700, "b": 200, "c": 100}), "category", Asked(share=0.1))
    assert held(found) == {"a": 70, "b": 20, "c": 10}
    assert found.notes == ()


def test_singletons_train_and_are_listed() -> None:
    # scikit-learn's stratified split raises here, and so does that of datasets.
    found = plan(rows_of({"a": 50, "rare": 1, "b": 48, "odd": 1}), "category", Asked(share=0.1))
    assert held(found) == {"a": 5, "b": 5, "odd": 0, "rare": 0}
    assert told(found) == {"singletons": "2 categories of 1 row stay in training: odd, rare."}
    assert found.details["singletons"] == ["odd", "rare"]


def test_pairs_are_warned_of() -> None:
    found = plan(rows_of({"a": 98, "pair": 2}), "category", Asked(share=0.1))
    assert held(found) == {"a": 10, "pair": 0}
    assert "1 category of 2 rows can't be measured: 1 of them are missing" in told(found)["pairs"]
    assert found.notes[0].caution


def test_more_categories_than_validation_rows() -> None:
    found = plan(rows_of({f"c{n:02}": 3 for n in range(30)}), "category", Asked(count=10))
    assert Counter(held(found).values()) == {1: 10, 0: 20}
    assert "20 categories of more than 2 rows are missing" in told(found)["missing"]


def test_no_category_is_one() -> None:
    found = plan(rows_of({"a": 50, None: 50}), "category", Asked(share=0.2))
    assert held(found) == {"(none)": 10, "a": 10}


def test_labels_are_texts() -> None:
    found = plan(rows_of({"007": 10, "7": 10}), "category", Asked(share=0.2))
    assert held(found) == {"007": 2, "7": 2}


def test_all_singletons_are_refused() -> None:
    with pytest.raises(InputError, match="Every category has one row") as caught:
        plan(rows_of({f"c{n}": 1 for n in range(9)}), "category", Asked(share=0.3))
    assert "--strategy random" in caught.value.remedy


def test_a_file_without_categories_is_refused() -> None:
    with pytest.raises(InputError, match="No row names a category") as caught:
        plan(rows_of({None: 20}), "category", Asked(share=0.3))
    assert "--category" in caught.value.remedy


def test_a_category_that_is_one_group_trains() -> None:
    rows = [*rows_of({"a": 20}), *(LightRow(20 + n, f"q{n}", "b", group="g") for n in range(5))]
    found = plan(rows, "category", Asked(share=0.2))
    assert held(found) == {"a": 5, "b": 0}
    assert "1 category whose rows are one group stay" in told(found)["one_unit"]


def test_what_is_wanted_beyond_a_category_goes_to_the_others() -> None:
    found = plan(rows_of({"a": 3, "b": 3, "c": 1}), "category", Asked(count=6))
    assert held(found) == {"a": 2, "b": 2, "c": 0}


def test_no_category_is_left_without_training() -> None:
    rows = [LightRow(n, f"p{n}", "a", group=str(n // 5)) for n in range(10)]
    rows += [LightRow(10 + n, f"q{n}", "b") for n in range(10)]
    found = plan(rows, "category", Asked(count=18))
    assert all(size.train for size in found.by_category)


def test_a_group_that_passes_a_quota_is_taken_where_that_is_nearer() -> None:
    rows = [LightRow(n, f"p{n}", "a", group=str(n // 10)) for n in range(100)]
    rows += [LightRow(100 + n, f"q{n}", "b") for n in range(100)]
    assert held(plan(rows, "category", Asked(count=38))) == {"a": 20, "b": 19}
    assert held(plan(rows, "category", Asked(count=28))) == {"a": 10, "b": 14}


def test_largest_remainder() -> None:
    def given_to(wanted: int, **sizes: int) -> dict[str, int]:
        return quotas(sizes, wanted, {name: size - 1 for name, size in sizes.items()})

    assert given_to(10, a=53, b=24, c=23) == {"a": 5, "b": 3, "c": 2}
    assert given_to(3, a=10, b=10, c=10, d=10) == {"a": 1, "b": 1, "c": 1, "d": 0}
    assert given_to(1, a=10, b=11) == {"a": 0, "b": 1}
    assert given_to(99, a=2, b=3) == {"a": 1, "b": 2}


sizes = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1)


@given(sizes=sizes, wanted=st.integers(0, 200))
def test_quotas_add_up_and_are_near_the_share(sizes: dict[str, int], wanted: int) -> None:
    most = {name: size - 1 for name, size in sizes.items()}
    found = quotas(sizes, wanted, most)
    assert sum(found.values()) == min(wanted, sum(most.values()))
    assert all(0 <= found[name] <= most[name] for name in sizes)
    if all(wanted * size // sum(sizes.values()) < most[name] for name, size in sizes.items()):
        for name, size in sizes.items():
            assert abs(found[name] - wanted * size / sum(sizes.values())) < 1


@given(
    drawn=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40)), min_size=4),
    share=st.floats(0.05, 0.9),
)
def test_each_category_is_within_one_group_of_its_share(
    drawn: list[tuple[str, int]], share: float
) -> None:
    rows = [
        LightRow(index, f"p{index}", name, group=f"{name}{group}")
        for index, (name, group) in enumerate(drawn)
    ]
    try:
        found = plan(rows, "category", Asked(share=share))
    except InputError:
        return
    largest = Counter(group for _, group in Counter(drawn).elements())
    groups = Counter(drawn)
    wanted = found.details["wanted_by_category"]
    assert isinstance(wanted, dict)
    assert largest
    for name, got in held(found).items():
        top = max(count for (category, _), count in groups.items() if category == name)
        assert abs(got - wanted.get(name, 0)) <= top


@given(
    drawn=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 20)), min_size=4),
    share=st.floats(0.05, 0.9),
)
def test_groups_of_several_categories(drawn: list[tuple[str, int]], share: float) -> None:
    rows = [
        LightRow(index, f"p{index}", name, group=str(group))
        for index, (name, group) in enumerate(drawn)
    ]
    try:
        found = plan(rows, "category", Asked(share=share))
    except InputError:
        return
    assert all(size.train for size in found.by_category)
    assert found.validation
