"""Later rows are validation, whatever way times are written, and never by parting a group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.splits import Asked, LightRow, Plan, plan
from tui_eval.core.splits.times import iso, parse_times
from tui_eval.errors import InputError

DAY = 86_400.0
FIRST = 1_735_689_600.0  # 2025-01-01


def rows_at(*times: object, group: dict[int, str] | None = None) -> list[LightRow]:
    return [
        LightRow(
            index,
            f"p{index}",
            time=None if time is None else str(time),
            group=(group or {}).get(index),
        )
        for index, time in enumerate(times)
    ]


def codes(found: Plan) -> list[str]:
    return [note.code for note in found.notes]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-01-01T00:00:00Z", FIRST),
        ("2025-01-01T00:00:00+00:00", FIRST),
        ("2025-01-01T01:30:00+01:30", FIRST),
        ("2025-01-01 00:00:00", FIRST),
        ("2025-01-01 00:00:00.250000", FIRST + 0.25),
        ("2025-01-01T00:00:00.123456789Z", FIRST + 0.123456),
        ("2025-01-01", FIRST),
        ("2025-01-02", FIRST + DAY),
        ("2025/1/2", FIRST + DAY),
        ("2025/01/02 06:00", FIRST + 1.25 * DAY),
        ("2025-01", FIRST),
        ("2025-01-01 00:00:00 UTC", FIRST),
        ("Wed, 01 Jan 2025 00:00:00 GMT", FIRST),
        ("Wed, 01 Jan 2025 01:00:00 +0100", FIRST),
        ("1735689600", FIRST),
        ("1735689600.5", FIRST + 0.5),
        ("1735689600000", FIRST),
        ("1735689600000000", FIRST),
        ("1735689600000000000", FIRST),
        ("1.7356896e9", FIRST),
        (" 1735689600 ", FIRST),
        ("-86400", -DAY),
        ("0", 0.0),
    ],
)
def test_times_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_times([text]).seconds[0] == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2025-13-01", "01/02/2025", "nan", "inf", "true", "2025-02-30", "1e400"),
        *("2025-01-01T25:00:00", "٢٠٢٥-٠١-٠١", "9" * 40, "2025-01-01" * 20, "[]", "12:30", "\x00"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    found = parse_times([text, "2025-01-01"])
    assert found.seconds == (None, FIRST)
    assert found.unreadable == (0,)


def test_digits_are_dates_only_where_all_are() -> None:
    days = parse_times(["20250101", "20250102"])
    assert days.seconds == (FIRST, FIRST + DAY)
    years = parse_times(["2025", "2026"])
    assert years.seconds == (FIRST, FIRST + 365 * DAY)
    counter = parse_times([str(number) for number in range(3000)])
    assert list(counter.seconds) == [float(number) for number in range(3000)]


def test_what_is_missing_is_not_unreadable() -> None:
    found = parse_times([None, "", " ", "x", "2025-01-01", "2025-01-01T00:00Z"])
    assert (found.missing, found.unreadable) == (3, (3,))
    assert (found.zoneless, found.zoned) == (1, 1)


@given(st.floats(-6e10, 2e11))
def test_any_second_has_words(seconds: float) -> None:
    assert iso(seconds)


def test_the_latest_rows_are_validation() -> None:
    times = [f"2025-01-{day:02}" for day in range(1, 21)]
    found = plan(rows_at(*reversed(times)), "temporal", Asked(share=0.25))
    assert found.validation == {0, 1, 2, 3, 4}
    assert found.details["training_ends"] == "2025-01-15T00:00:00Z"
    assert found.details["validation_begins"] == "2025-01-16T00:00:00Z"
    assert found.details["order"] == "time"
    assert found.notes == ()


def test_milliseconds_and_dates_in_one_column() -> None:
    found = plan(
        rows_at("2025-01-04", 1735776000000, 1735862400, "2025-01-01T00:00:00Z"),
        "temporal",
        Asked(count=1),
    )
    assert found.validation == {0}
    assert codes(found) == ["zones"]


def test_ties_at_the_boundary_are_on_one_side() -> None:
    times = [*range(6), 6, 6, 6, 6]
    found = plan(rows_at(*times), "temporal", Asked(count=2))
    assert found.validation == {6, 7, 8, 9}
    # As near from above as from below: more is left to train on.
    times = [0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 7]
    assert plan(rows_at(*times), "temporal", Asked(count=3)).validation == {10}


def test_one_time_only_is_refused() -> None:
    with pytest.raises(InputError, match="the same time") as caught:
        plan(rows_at(*[5] * 10), "temporal", Asked(share=0.1))
    assert "random" in caught.value.remedy


def test_no_field_means_file_order_and_says_so() -> None:
    found = plan(rows_at(*[None] * 20), "temporal", Asked(share=0.1))
    assert found.validation == {18, 19}
    assert codes(found) == ["file_order"]
    assert found.notes[0].caution
    assert found.details["validation_begins"] == "row 19"


def test_file_order_can_be_asked_for() -> None:
    found = plan(rows_at(*range(20, 0, -1)), "temporal", Asked(count=3), file_order=True)
    assert found.validation == {17, 18, 19}
    assert not found.notes[0].caution


def test_unreadable_times_are_counted_and_train() -> None:
    found = plan(rows_at("soon", *range(18), None, "later"), "temporal", Asked(count=2))
    assert found.validation == {17, 18}
    assert (
        "Without a readable time: 3 rows (2 can't be read: 'soon', 'later')" in found.notes[0].text
    )


def test_a_row_without_time_goes_with_its_group() -> None:
    found = plan(rows_at(*range(8), None, 9, group={8: "g", 9: "g"}), "temporal", Asked(count=2))
    assert found.validation == {8, 9}


def test_no_readable_time_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="No time in the file can be read: 'a', 'b'") as caught:
        plan(rows_at("a", "b", "a", None), "temporal", Asked(count=1))
    assert "--file-order" in caught.value.remedy


def test_a_group_over_the_boundary_moves_it() -> None:
    # The group reaches from 7 to 9: the nearest open places are before 7 and after 9.
    found = plan(rows_at(*range(12), group={7: "g", 9: "g"}), "temporal", Asked(count=3))
    assert found.validation == {10, 11}
    found = plan(rows_at(*range(12), group={7: "g", 9: "g"}), "temporal", Asked(count=5))
    assert found.validation == {7, 8, 9, 10, 11}
    assert codes(found) == []


def test_a_boundary_far_from_what_was_asked_is_called_out() -> None:
    found = plan(rows_at(*range(20), group={2: "g", 18: "g"}), "temporal", Asked(count=5))
    assert found.validation == {19}
    assert codes(found) == ["far_from_asked"]
    assert "Validation has 1 row where 5 were asked for" in found.notes[0].text


def test_no_open_place_is_refused_unless_late_rows_are_allowed() -> None:
    rows = rows_at(*range(20), group={0: "g", 19: "g"})
    with pytest.raises(InputError, match="2 rows, from 1970-01-01T00:00:00Z to") as caught:
        plan(rows, "temporal", Asked(count=5))
    assert "--allow-late" in caught.value.remedy
    found = plan(rows, "temporal", Asked(count=5), allow_late=True)
    assert found.validation == {14, 15, 16, 17, 18}
    assert found.details["late_training_rows"] == 1
    assert codes(found) == ["late_training_rows"]


def test_a_file_in_its_order_names_rows_where_it_cannot_be_cut() -> None:
    rows = rows_at(*[None] * 9, group={0: "g", 8: "g"})
    with pytest.raises(InputError, match="from row 1 to row 9"):
        plan(rows, "temporal", Asked(count=2))


def test_what_is_kept_for_training_is_told_where_it_is_late() -> None:
    found = plan(rows_at(*range(10)), "temporal", Asked(count=2), training_only=[9])
    assert found.validation == {7, 8}
    assert found.details["late_training_rows"] == 1


drawn_times = st.lists(
    st.tuples(st.integers(0, 30), st.one_of(st.none(), st.integers(0, 12))), min_size=2
)


@given(drawn=drawn_times, count=st.integers(1, 20), allow=st.booleans())
def test_training_ends_before_validation_begins(
    drawn: list[tuple[int, int | None]], count: int, allow: bool
) -> None:
    rows = [
        LightRow(index, f"p{index}", time=str(time), group=None if g is None else str(g))
        for index, (time, g) in enumerate(drawn)
    ]
    try:
        found = plan(rows, "temporal", Asked(count=min(count, len(rows) - 1)), allow_late=allow)
    except InputError:
        return
    latest = [drawn[row.index][0] for row in rows if row.index not in found.validation]
    begins = min(drawn[index][0] for index in found.validation)
    late = sum(time >= begins for time in latest)
    assert late == found.details["late_training_rows"]
    assert allow or not late


@given(drawn=drawn_times, count=st.integers(1, 20))
def test_no_open_place_is_nearer_to_what_was_asked(
    drawn: list[tuple[int, int | None]], count: int
) -> None:
    rows = [
        LightRow(index, f"p{index}", time=str(time), group=None if g is None else str(g))
        for index, (time, g) in enumerate(drawn)
    ]
    wanted = min(count, len(rows) - 1)
    sizes = []
    for cut in range(1, 31):
        held = {row.index for row in rows if drawn[row.index][0] >= cut}
        groups = [{g for i, (_, g) in enumerate(drawn) if (i in held) == side} for side in (0, 1)]
        if 0 < len(held) < len(rows) and not (groups[0] & groups[1]) - {None}:
            sizes.append(len(held))
    try:
        got = len(plan(rows, "temporal", Asked(count=wanted)).validation)
    except InputError:
        assert not sizes
    else:
        assert abs(got - wanted) == min(abs(size - wanted) for size in sizes)


def test_without_a_place_to_cut_what_is_untimed_is_told_too() -> None:
    same = "2025-01-01"
    with pytest.raises(InputError, match="Every row has the same time: 2025-01-01"):
        plan(rows_at(*[same] * 4), "temporal", Asked(count=1))
    with pytest.raises(InputError) as raised:
        plan(rows_at(same, same, "soon", "later", None), "temporal", Asked(count=1))
    assert raised.value.message.startswith("All rows with a readable time have the same one: 2025")
    assert "Without a readable time: 3 rows (2 can't be read: 'soon', 'later')" in (
        raised.value.message
    )
    group = {0: "a", 1: "a"}
    with pytest.raises(InputError, match=r"parting a group.*Without a readable time: 1 row"):
        plan(rows_at(same, "2025-02-01", "soon", group=group), "temporal", Asked(count=1))
