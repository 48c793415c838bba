"""Long, foreign and hostile answers: wrapped by cells, scrolled by lines, inert."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import ComposeResult
from textual.pilot import Pilot

from tests.ui.apps.panes import Themed
from tests.ui.made import HOSTILE
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.answer_pane import AnswerPane, Layout, Seen, right_to_left
from tui_eval.ui.widgets.markdown import Renderer
from tui_eval.ui.widgets.rows import plain, width_of
from tui_eval.ui.widgets.worddiff import differing, marks
from tui_eval.ui.widgets.wrapping import folds, marked


def laid(text: str, width: int, **more: Any) -> list[str]:
    layout = Layout(text, width, **more)
    layout.all()
    return [plain(row.line) for row in layout.rows]


# Where lines break.

TEXT = st.text(st.sampled_from("ab 漢字é\u0301🙂שלום  "), max_size=60)


@given(TEXT, st.integers(2, 12))
def test_no_line_is_wider_and_nothing_but_blanks_is_left_out(text: str, width: int) -> None:
    places = list(folds(text, width))
    assert all(cells(text[start:end]) <= width for start, end in places)
    shown = "".join(text[start:end] for start, end in places)
    assert shown.replace(" ", "") == text.replace(" ", "")
    ends = [(0, 0), *places]
    between = [text[a[1] : b[0]] for a, b in zip(ends, places, strict=False)]
    assert all(not gap.strip(" ") for gap in between)


@given(st.text(st.sampled_from("abc  "), max_size=60), st.integers(2, 12))
def test_a_word_that_fits_a_line_is_not_cut(text: str, width: int) -> None:
    text = text.lstrip(" ")
    words = {word for word in text.split() if len(word) <= width}
    pieces = [piece for start, end in folds(text, width) for piece in text[start:end].split()]
    for word in words:
        assert word in pieces


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("the quick brown fox", 9, ["the quick", "brown fox"]),
        ("漢字かな交じり文", 8, ["漢字かな", "交じり文"]),
        ("the漢字かな", 7, ["the漢字", "かな"]),
        ("    indented code goes on", 14, ["    indented", "    code goes", "    on"]),
        ("e\u0301" * 6, 3, ["e\u0301" * 3] * 2),
        ("", 9, [""]),
        ("one\n\ntwo\r\nthree", 9, ["one", "", "two", "three"]),
        ("a\u2028b", 9, ["a", "b"]),
    ],
)
def test_lines(text: str, width: int, lines: list[str]) -> None:
    assert laid(text, width) == lines


def test_a_line_without_an_end_is_laid_out_in_pieces() -> None:
    lines = laid("word " * 20_000, 50)
    assert sum(line.count("word") for line in lines) == 20_000
    assert max(map(len, lines)) <= 50
    lines = laid("x" * 100_000, 50)
    assert sum(map(len, lines)) == 100_000


def test_hostile_text_is_inert_raw_and_rendered() -> None:
    for rendered in (False, True):
        for line in laid(HOSTILE + "\x1b]8;;http://x\x07link\x1b]8;;\x07", 20, rendered=rendered):
            assert clean(line) == line
            assert "\x1b" not in line


# Long answers.


class OnePane(Themed):
    CSS = "Screen { overflow: hidden; }"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scrolled = 0
        self.pane = AnswerPane(text, on_scrolled=self.count)

    def count(self) -> None:
        self.scrolled += 1

    def compose(self) -> ComposeResult:
        yield self.pane


async def pane_of(app: OnePane, pilot: Pilot[Any]) -> AnswerPane:
    await pilot.pause()
    return app.pane


async def test_a_hundred_thousand_lines_are_laid_out_only_as_far_as_seen() -> None:
    app = OnePane("".join(f"line {n} of the answer\n" for n in range(100_000)))
    async with app.run_test(size=(80, 20)) as pilot:
        pane = await pane_of(app, pilot)
        layout = pane._laid()
        assert len(layout.rows) < 60_000
        assert "line 0 of" in pane.shown()
        pane.page(1)
        assert pane.top == 19
        assert "line 19 of" in pane.shown()
        pane.ends(True)
        assert "line 99999 of" in pane.shown()
        assert pane.position() == "99982-100001/100001 ↑"
        pane.ends(False)
        assert pane.position() == "1-20/100001 ↓"


async def test_how_long_it_is_becomes_known_between_two_keys() -> None:
    app = OnePane("word " * 400_000)
    async with app.run_test(size=(80, 20)) as pilot:
        pane = await pane_of(app, pilot)
        deadline = time.monotonic() + 60
        while not pane._laid().whole:
            assert time.monotonic() < deadline
            await pilot.pause(0.02)
        await pilot.pause()
        assert app.scrolled == 1
        assert "…" not in pane.position()


async def test_position_and_fraction_seen() -> None:
    app = OnePane("\n".join(f"line {n}" for n in range(40)))
    async with app.run_test(size=(80, 10)) as pilot:
        pane = await pane_of(app, pilot)
        assert pane.position() == "1-10/40 ↓"
        assert 0.2 < pane.fraction_seen < 0.3
        pane.scroll(5)
        await pilot.pause()
        assert pane.position() == "6-15/40 ↑↓"
        pane.ends(True)
        await pilot.pause()
        assert pane.position() == "31-40/40 ↑"
        assert 0.55 < pane.fraction_seen < 0.75
        pane.scroll(-5)
        await pilot.pause()
        pane.scroll(-10)
        await pilot.pause()
        assert pane.fraction_seen == 1.0


async def test_a_short_answer_is_seen_whole_at_once_and_does_not_scroll() -> None:
    app = OnePane("two\nlines")
    async with app.run_test(size=(80, 10)) as pilot:
        pane = await pane_of(app, pilot)
        pane.scroll(3)
        assert (pane.top, pane.position(), pane.fraction_seen) == (0, "1-2/2", 1.0)


async def test_an_empty_answer_is_a_line() -> None:
    app = OnePane("")
    async with app.run_test(size=(80, 10)) as pilot:
        pane = await pane_of(app, pilot)
        assert (pane.position(), pane.fraction_seen) == ("1-1/1", 1.0)


async def test_another_width_keeps_the_place() -> None:
    app = OnePane(" ".join(f"w{n}" for n in range(3000)))
    async with app.run_test(size=(100, 10)) as pilot:
        pane = await pane_of(app, pilot)
        pane.scroll(60)
        first = pane.shown().split()[0]
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        line = pane.shown().splitlines()[0]
        assert abs(int(line.split()[0][1:]) - int(first[1:])) < 25


async def test_columns_stop_at_a_hundred_cells() -> None:
    app = OnePane("word " * 200)
    async with app.run_test(size=(200, 10)) as pilot:
        pane = await pane_of(app, pilot)
        assert max(len(line.strip()) for line in pane.shown().splitlines()) <= 100


def test_seen_parts_are_counted_once() -> None:
    seen = Seen(100)
    assert seen.fraction == 0.0
    seen.add(0, 50)
    seen.add(25, 60)
    seen.add(80, 100)
    assert seen.fraction == 0.8
    seen.add(50, 90)
    assert seen.fraction == 1.0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("שלום עולם, זה טקסט", True),
        ("مرحبا بالعالم", True),
        ("The word שלום means peace, and much more can be said of it here", False),
        ("plain", False),
        ("", False),
        ("漢字", False),
    ],
)
def test_right_to_left(text: str, answer: bool) -> None:
    assert right_to_left(text) is answer


def test_right_to_left_lines_do_not_pull_their_neighbours_along() -> None:
    assert laid("שלום", 20) == ["שלום\u200e"]


# Markdown.


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("# Head ##", ["Head"]),
        ("- one two three", ["• one two", "  three"]),
        ("  * deep", ["  • deep"]),
        ("12. twelve is a number", ["12. twelve is", "    a number"]),
        ("> quoted", ["▏ quoted"]),
        ("---", ["─" * 14]),
        ("a **b c** d", ["a b c d"]),
        ("an *em* and _em_", ["an em and em"]),
        ("2 * 3 * 4", ["2 * 3 * 4"]),
        ("snake_case_name", ["snake_case_nam", "e"]),
        ("`a ** b`", ["`a ** b`"]),
        ("[w](http://u)", ["w (http://u)"]),
        ("```py\n# no head\n```", ["▏ py", "▏ # no head", ""]),
        ("[[bold]red]", ["[[bold]red]"]),
    ],
)
def test_markdown(source: str, lines: list[str]) -> None:
    assert laid(source, 14, rendered=True) == lines


def test_emphasis_is_bold_and_code_is_not() -> None:
    part = Renderer().take("a **b** `c`")
    assert marked(part.text, 0, len(part.text), part.spans) == [
        ("a ", "text"), ("b", "text!"), (" ", "text"), ("`", "dim"), ("c", "text"), ("`", "dim"),
    ]  # fmt: skip


@given(st.text(st.sampled_from("ab #*_`>-1.[]()|\n ~"), max_size=80), st.integers(12, 30))
def test_any_source_can_be_rendered_and_keeps_its_letters(source: str, width: int) -> None:
    layout = Layout(source, width, rendered=True)
    layout.all()
    assert all(width_of(row.line) <= width + 16 for row in layout.rows)
    shown = "".join(plain(row.line) for row in layout.rows)
    assert sorted(c for c in shown if c in "ab") == sorted(c for c in source if c in "ab")


# Differences.


def test_words_that_differ() -> None:
    left, right = "the fee is due today", "the fee was due on today"
    found = differing(left, right)
    assert found is not None
    assert [left[a:b] for a, b in found[0]] == ["is"]
    assert [right[a:b] for a, b in found[1]] == ["was", "on"]
    assert marked(left, 0, len(left), marks(found[0])(left, 0)) == [
        ("the fee ", "dim"), ("is", "text!"), (" due today", "dim"),
    ]  # fmt: skip


def test_equal_texts_differ_nowhere_and_long_ones_are_refused() -> None:
    assert differing("a b", "a b") == ([], [])
    assert differing("a " * 5000, "b") is None


def test_differences_keep_their_place_in_wrapped_lines() -> None:
    left, right = "one two three\nfour five six", "one 2 three\nfour 5 six"
    found = differing(left, right)
    assert found is not None
    layout = Layout(left, 9, marks=marks(found[0]))
    layout.all()
    bold = [text for row in layout.rows for text, role in row.line if role == "text!"]
    assert bold == ["two", "five"]
