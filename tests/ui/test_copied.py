"""A copy beside the training row that it repeats: what is marked, and what is said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.core.made_memory import sentence
from tests.core.test_overfitting import gap_of, read
from tests.core.test_overfitting_signs import answered, graded, texts
from tests.core.test_overfitting_signs import copied as made_copies
from tests.ui.apps.panes import Themed
from tests.ui.fake import painted, shows
from tui_eval import ui
from tui_eval.config import DataConfig
from tui_eval.core.records import CopyMatch, Message, Sample
from tui_eval.core.text import digest
from tui_eval.files.measuring import TrainingRow
from tui_eval.ui.screens.copied import CopiedPage
from tui_eval.ui.screens.copied_text import (
    Column,
    Part,
    Repeated,
    copied,
    nearest,
    part_lines,
    place_in,
    training_parts,
)
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import plain, width_of

RUN = " ".join(f"word{n}" for n in range(60))


def shown(part: Part, width: int = 40) -> list[str]:
    return [plain(made) for made, _ in part_lines(part, width)]


def bold(part: Part, width: int = 40) -> str:
    return "".join(text for made, _ in part_lines(part, width) for text, role in made
                   if role == "text!")  # fmt: skip


def test_what_is_repeated_has_brackets_and_a_bar_and_nothing_else_has() -> None:
    part = Part("answer", "first line\nthen this is copied\nand the end", (11, 30))
    assert shown(part) == ["   first line", " ┃ ▐then this is copied▌", "   and the end"]


def test_blank_lines_around_what_is_repeated_are_not_marked() -> None:
    part = Part("answer", "\n copied \n\nmore", (0, 11))
    assert shown(part) == ["   ", " ┃  ▐copied▌ ", "   ", "   more"]


@pytest.mark.parametrize(
    "before",
    ["\x1b[31m\u202e", "a\r\nb\tc\u200b", "é" + "\u0301" * 30, "𝕏🙂", "\ud800 x", "שלום "],
    ids=["control", "lines", "tower", "plane", "surrogate", "rtl"],
)
def test_places_hold_after_cleaning(before: str) -> None:
    text = f"{before}copied\x07text{before}"
    start = len(before)
    part = Part("answer", text, (start, start + len("copied\x07text")))
    assert bold(part, 80) == "copied␇text"
    assert "\x1b" not in "".join(shown(part, 80))


def test_lines_fit_and_indentation_stays() -> None:
    text = "def f(x):\n        return " + "x + " * 40 + "日本語のテキスト" * 12
    for width in (38, 57, 90):
        made: list[Line] = [line for line, _ in part_lines(Part("", text, (10, len(text))), width)]
        assert all(width_of(line) <= width for line in made)
        assert plain(made[1]).startswith(" ┃         ▐return")


def test_a_column_opens_where_the_mark_begins() -> None:
    text = "\n".join(f"line {n}" for n in range(500))
    at = text.index("line 300")
    column = Column([Part("prompt", "p"), Part("answer", text, (at, at + 8))], 60)
    seen = [plain(line) for line in column.view(10)]
    assert " ┃ ▐line 300▌" in seen
    assert seen.index(" ┃ ▐line 300▌") == 2


# What is found


def test_copies_are_those_of_the_steps_table_in_its_order() -> None:
    evidence = made_copies(3, run=70)
    found = copied(evidence, "tuned")
    assert tuple(one.sample.id for one in found) == read(evidence).tables["copies"].refs
    first = found[0]
    assert first.title.startswith("70 words in one run, of ")
    assert first.about == "○ base's answer and the expected answer are no copy"
    assert (first.source, first.row) == ("train.jsonl", 7)
    headings = [part.heading.split(",")[0] for part in first.parts]
    assert headings == [
        "prompt", "● answer", "○ base's answer to the same prompt", "expected answer",
    ]  # fmt: skip


def test_what_base_says_too_is_said_to_be_no_sign() -> None:
    echo = {f"s{at}": sentence(at, "echo") for at in range(3)}
    tuned, base = texts("a") | echo, texts("b") | echo
    planted = dict.fromkeys(echo.values(), 60)
    found = copied(answered(gap_of(0.05, n=100), tuned, base, planted), "tuned")
    assert found[0].about == "○ base is a copy too: no sign of training"


def test_without_a_training_file_there_is_none() -> None:
    assert copied(gap_of(0.05, n=100), "tuned") == ()


def test_the_nearest_come_first_with_their_losses() -> None:
    found = nearest(graded(0.5), "tuned")
    titles = [one.title for one in found]
    assert len(found) == 90
    assert titles == sorted(titles, reverse=True)
    assert found[0].about.startswith("its loss ○ ")
    assert " ● " in found[0].about


def a_match(text: str, matched: str, **more: Any) -> CopyMatch:
    fields: dict[str, Any] = {"words": len(text.split()), "copied": True, "source": "t.jsonl",
                              "row": 2, "matched": matched}  # fmt: skip
    return CopyMatch(digest(text), **(fields | more))


def test_the_training_row_is_marked_where_it_writes_the_run() -> None:
    row = TrainingRow(2, "t.jsonl", "p", ("no", f"Before, {RUN.upper()}. After."))
    found = a_match(RUN, RUN.upper(), run=60, span=(0, len(RUN)))
    place = place_in(row, found)
    assert place is not None
    number, (start, end) = place
    assert (number, row.answers[1][start:end]) == (1, RUN.upper())
    parts, same = training_parts(row, found)
    assert same
    assert [part.heading for part in parts] == ["prompt", "answer 1 of 2", "answer 2 of 2"]


def test_a_run_longer_than_what_was_kept_is_marked_to_its_end() -> None:
    long = " ".join(f"w{n}" for n in range(900))
    row = TrainingRow(2, "t.jsonl", "p", (f"{long} other words",))
    found = a_match(long, long[:2000], run=900, span=(0, len(long)))
    assert place_in(row, found) == (0, (0, len(long)))


def test_a_row_that_holds_something_else_says_so() -> None:
    row = TrainingRow(2, "t.jsonl", "p", ("changed",))
    assert training_parts(row, a_match(RUN, RUN, run=60))[1] is False


def repeated(name: str, row: int, text: str = RUN) -> Repeated:
    sample = Sample(
        name, name, name, (Message("user", f"prompt of {name}"),), source="v.jsonl", row=7
    )
    answer = f"As I said: {text}. And more."
    at = answer.index(text)
    span = (at, at + len(text))
    return Repeated(
        sample,
        "60 words in one run, of 65, stand in a training answer",
        "○ base's answer and the expected answer are no copy",
        "● answer to #7",
        (Part("prompt", f"prompt of {name}"), Part("● answer, 65 words", answer, span),
         Part("○ base's answer to the same prompt", "Something else.")),
        "t.jsonl",
        row,
        a_match(answer, text, run=60, span=span, row=row),
    )  # fmt: skip


class OnePage(Themed):
    CSS_PATH = Path(ui.__file__).with_name("app.tcss")

    def __init__(self, file: Path, found: tuple[Repeated, ...], ref: str) -> None:
        super().__init__()
        self.page = CopiedPage(ref, file, DataConfig())
        self.found = found

    def on_mount(self) -> None:
        self.push_screen(self.page)
        self.page.post_message(CopiedPage.Found(self.found))


def app(folder: Path) -> OnePage:
    file = folder / "t.jsonl"
    rows = [{"prompt": f"asked {n}", "answer": f"{RUN}. Row {n}."} for n in (1, 2)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return OnePage(file, (repeated("a", 1), repeated("b", 2), repeated("c", 9)), "b")


def test_the_page_reads_the_row_and_goes_to_the_next(tmp_path: Path) -> None:
    async def walk() -> None:
        made = app(tmp_path)
        async with made.run_test(size=(80, 24)) as pilot:
            screen = await shows(pilot, "asked 2", 5)
            assert "prompt of b" in screen
            assert "2 of 3" in screen
            await pilot.press("n")
            await shows(pilot, "there is no row 9", 20)
            await pilot.press("N", "N")
            await shows(pilot, "asked 1")
            await pilot.press("y")
            assert made.copied == [RUN]

    asyncio.run(walk())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture(size: tuple[int, int], snap_compare: Any, tmp_path: Path) -> None:
    async def ready(pilot: Pilot[Any]) -> None:
        await shows(pilot, "asked 2", 5)
        assert "▐word0" in painted(pilot.app)

    assert snap_compare(app(tmp_path), terminal_size=size, run_before=ready)
