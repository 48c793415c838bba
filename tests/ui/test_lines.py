"""Tables as lists: columns, cursor, filter, and rows that mean harm. No event loop."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.made import HOSTILE, perplexity
from tui_eval.core import figures as shown
from tui_eval.core.reading import Column, Number, Table
from tui_eval.core.text import cells
from tui_eval.ui.widgets import lines as lines_module
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.rows import beside, cropped, fit, plain, width_of, wrapped


def text(listing: Listing, width: int = 78, height: int = 8) -> list[str]:
    return [plain(line) for line in listing.draw(width, height)]


def worst(rows: int = 50, foreign: str = "") -> Listing:
    return Listing(perplexity(rows=rows, foreign=foreign).tables["worst"])


def test_the_title_stands_over_the_names_and_heads_over_the_figures() -> None:
    head, first, *_ = text(worst())
    assert head.startswith("worst regressions (nats/token)")
    assert first.startswith("▸ #5")
    assert head.rindex("● tuned") + len("● tuned") == len(first)
    assert first.endswith("1.20     2.90")


def test_an_interval_is_one_column_with_the_digits_it_deserves() -> None:
    head, base, tuned, *_ = text(Listing(perplexity().tables["models"]))
    assert "95% interval" in head
    assert "low" not in head
    assert "8.42   7.91 … 8.97" in base
    assert "5.10   4.82 … 5.41" in tuned


def test_an_end_shows_its_side_of_zero() -> None:
    names = (("value", "difference"), ("low", "low"), ("high", "high"))
    columns = (Column("a", "a"), *(Column(key, title, "number", -1) for key, title in names))
    some = (("x", 0.024, -0.0004, 0.048), ("y", 0.0, 0.0, 0.05))
    _, first, second = text(Listing(Table("t", columns, some)), height=3)
    assert "-0.0004 … 0.048" in first
    assert "-" not in second


def test_changes_say_their_direction() -> None:
    rows = text(Listing(perplexity().tables["by_category"]))
    assert any("+8%" in row and "4% …  13%" in row for row in rows)
    assert any("-44%" in row for row in rows)


def test_every_row_is_as_wide_as_its_neighbours_whatever_it_holds() -> None:
    for foreign in ("", "保証" * 40, HOSTILE, "x" * 200_000):
        drawn = worst(foreign=foreign).draw(78, 20)
        assert {width_of(line) for line in drawn[1:]} == {78}
        assert width_of(drawn[0]) <= 78


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20), st.integers(30, 120))
def test_any_text_leaves_the_figures_in_their_column(one: str, other: str, width: int) -> None:
    columns = (Column("a", "a"), Column("b", "b"), Column("n", "n", "number"))
    table = Table("t", columns, ((one, other, 1.5), (other, one, 22.25)))
    first, second = text(Listing(table), width, 3)[1:]
    assert first.replace("\u200e", "").endswith("1.50")
    assert second.replace("\u200e", "").endswith("22.25")
    assert cells(first) == cells(second)
    assert not any(ord(sign) < 32 for sign in first + second)


def test_a_huge_cell_is_cut_before_it_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    clean = lines_module.clean
    monkeypatch.setattr(
        lines_module, "clean", lambda t, **more: (seen.append(len(t)), clean(t, **more))[1]
    )
    text(worst(rows=5, foreign="x" * 200_000))
    assert seen
    # Column titles and the table's own come from our code, but are bounded by the same call.
    assert sum(size > 2 * lines_module.CELL for size in seen) <= 4


def test_text_from_right_to_left_does_not_move_its_neighbours() -> None:
    table = Table("t", (Column("a", "a"), Column("n", "n", "number")), (("مرحبا", 1.0),))
    row = text(Listing(table))[1]
    assert row.index("\u200e") < row.index("1.00")


def test_moving_within_a_page_changes_two_lines_and_the_edge_turns_the_page() -> None:
    listing = worst()
    before = text(listing, height=9)
    assert listing.move(1)
    after = text(listing, height=9)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 2
    assert listing.move(7)
    assert text(listing, height=9)[1].startswith("▸ ")
    assert (listing.top, listing.at) == (8, 8)
    assert listing.move(-1)
    text(listing, height=9)
    assert (listing.top, listing.at) == (0, 7)


def test_first_last_pages_and_position() -> None:
    listing = worst()
    text(listing, height=9)
    assert listing.position() == "1-8 of 50"
    listing.last()
    text(listing, height=9)
    assert listing.position() == "43-50 of 50"
    assert not listing.move(1)
    listing.first()
    listing.turn(1)
    assert listing.at == 7
    assert worst(rows=3).position() == ""


def test_a_filter_keeps_rows_that_hold_all_words() -> None:
    listing = worst()
    listing.filter("refunds SHORT")
    rows = [row for row in text(listing, height=20)[1:] if row.strip()]
    assert rows
    assert all("refunds" in row and "short" in row for row in rows)
    ref = listing.ref
    assert ref
    listing.filter("no such words")
    assert listing.ref == ""
    assert "no row holds no such words" in text(listing)[1]
    listing.filter("")
    assert len(listing.rows) == 50


def test_the_cursor_stays_on_its_sample_when_rows_change() -> None:
    listing = worst(rows=10)
    listing.move(4)
    ref = listing.ref
    table = listing.table
    turned = Table(table.title, table.columns, table.rows[::-1], table.refs[::-1])
    listing.update(turned)
    assert listing.ref == ref
    listing.update(Table(table.title, table.columns, table.rows[:2], table.refs[:2]))
    assert listing.ref in table.refs[:2]


def test_a_row_is_copied_whole_and_clean() -> None:
    listing = worst(foreign=HOSTILE)
    assert "\x1b" not in listing.text()
    assert "Can I return a gift card that was bought in a shop abroad?" in listing.text()


# Fitting and wrapping.


def test_fitting_counts_cells_not_characters() -> None:
    assert fit("保証", 5) == "保証 "
    assert fit("保証期間", 5) == "保証…"
    assert fit("7", 3, right=True) == "  7"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab 保é\n", max_size=80), st.integers(4, 30))
def test_wrapping_loses_nothing_and_keeps_to_its_width(words: str, width: int) -> None:
    made = wrapped(words, width)
    assert all(cells(line) <= width for line in made)
    assert "".join("".join(made).split()) == "".join(words.split())


def test_wrapping_to_a_number_of_lines_says_that_something_is_missing() -> None:
    assert wrapped("one two three four", 9, 2) == ["one two", "three…"]
    assert wrapped("x" * 200_000, 10, 2)[1].endswith("…")


def test_blocks_stand_beside_each_other() -> None:
    made = beside([[("a", "text")]], [[("b", "text")], [("c", "text")]], 3)
    assert [plain(line) for line in made] == ["a   │ b", "    │ c"]
    assert plain(cropped([("abc", "text"), ("def", "dim")], 4)) == "abc…"


# Numbers.


@pytest.mark.parametrize(
    ("number", "value", "interval"),
    [
        (Number(8.4213, 7.912, 8.971, 600), "8.42", "[7.91, 8.97]"),
        (Number(0.39432, 0.3771, 0.4102, 600, "rate"), "39.4%", "[37.7, 41.0]"),
        (Number(0.3123, 0.2201, 0.4, 200), "0.31", "[0.22, 0.40]"),
        (Number(0.0612, 0.0401, 0.0822, 200), "0.061", "[0.040, 0.082]"),
        (Number(148213, unit="tokens"), "148,213", ""),
        (Number(1050.0, unit="step"), "1,050", ""),
        (Number(8e-6), "8e-6", ""),
        (Number(None, why="nothing scored"), "-", ""),
        (Number(float("nan"), float("nan"), 1.0), "-", ""),
    ],
)
def test_numbers_have_the_digits_that_their_interval_deserves(
    number: Number, value: str, interval: str
) -> None:
    assert (shown.value_text(number), shown.interval_text(number)) == (value, interval)


def test_the_rounding_rule_of_the_particle_data_group() -> None:
    # Half widths 0.827, 0.367 and 0.119: their published example.
    assert [shown.deserved(0, 2 * half) for half in (0.827, 0.367, 0.119)] == [1, 1, 2]
    assert shown.deserved(0, 2 * 0.97) == 1
    assert shown.deserved(-40, 40) == 0


def test_figures_on_the_point_durations_and_zero() -> None:
    assert shown.on_the_point(["8.42", "12", "0.5%"]) == [" 8.42", "12   ", " 0.5%"]
    assert [shown.duration(s) for s in (12, 150, 4800, 98_000)] == [
        "12 s", "2 min", "1 h 20 min", "1 d 3 h",
    ]  # fmt: skip
    assert shown.figure(-0.0001, 2) == "0.00"
    assert shown.percent(0.5, 0) == "50%"
    assert shown.duration(None) == "-"
