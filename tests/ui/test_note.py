"""The note's line: tags, completion, what it takes and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot

from tests.ui.apps.panes import Themed
from tests.ui.fake import painted
from tests.ui.made import HOSTILE
from tui_eval.core.text import clean
from tui_eval.ui.widgets.note_field import NoteField, offered

TAGS = {"#tone": 4, "#table": 2, "#too-long": 4, "#格式": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#t", ["#tone", "#too-long", "#table"]),
        ("good #ta", ["#table"]),
        ("#TO", ["#tone", "#too-long"]),
        ("#", ["#tone", "#too-long", "#table", "#格式"]),
        ("#格", ["#格式"]),
        ("#tone", []),
        ("#tone ", []),
        ("word", []),
        ("", []),
        ("#none", []),
    ],
)
def test_what_is_offered(text: str, found: list[str]) -> None:
    assert offered(text, TAGS) == found


class OneNote(Themed):
    CSS = "Screen { overflow: hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self.saved: list[str] = []
        self.kept: list[str] = []
        self.reached: list[str] = []

    def compose(self) -> ComposeResult:
        yield NoteField()

    def on_note_field_saved(self, event: NoteField.Saved) -> None:
        self.saved.append(event.text)

    def on_note_field_kept(self, event: NoteField.Kept) -> None:
        self.kept.append(event.draft)

    def key_escape(self) -> None:
        self.reached.append("escape")

    @property
    def field(self) -> NoteField:
        return self.query_one(NoteField)


async def typed(pilot: Pilot[Any], *names: str) -> str:
    await pilot.press(*names)
    await pilot.pause()
    return painted(pilot.app)


async def test_enter_saves_and_esc_goes_no_further() -> None:
    app = OneNote()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        assert "note" not in painted(app)
        app.field.open("begun ", TAGS)
        screen = await typed(pilot, *"and done", "enter")
        assert screen.startswith(" note begun and done")
        assert app.saved == ["begun and done"]
        await typed(pilot, "escape")
        assert app.kept == ["begun and done"]
        assert app.reached == []


async def test_tab_and_right_take_the_completion() -> None:
    app = OneNote()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        app.field.open("", TAGS)
        assert "#tone 4   #too-long 4   #table 2" in await typed(pilot, "#", "t")
        await typed(pilot, "tab")
        assert app.field.input.value == "#tone "
        await typed(pilot, "tab")
        assert app.field.input.value == "#tone "
        await typed(pilot, "#", "t", "a", "right")
        assert app.field.input.value == "#tone #table "
        await typed(pilot, "left", "left", "right", "X")
        assert app.field.input.value == "#tone #tableX "


async def test_a_note_of_several_lines_opens_as_one_and_hostile_tags_are_inert() -> None:
    app = OneNote()
    async with app.run_test(size=(80, 5)) as pilot:
        await pilot.pause()
        app.field.open("two\nlines\r\nhere #", {f"#{HOSTILE}": 1})
        screen = await typed(pilot)
        assert "two lines here" in screen
        assert clean(screen, newlines=True) == screen


async def test_wide_and_combining_characters_can_be_typed() -> None:
    app = OneNote()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        app.field.open("", {})
        for character in "漢e\u0301é":
            app.field.input.insert_text_at_cursor(character)
        await typed(pilot, "enter")
        assert app.saved == ["漢e\u0301é"]


async def test_a_note_has_an_end() -> None:
    app = OneNote()
    async with app.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        app.field.open("x" * 4000, {})
        await typed(pilot, "y")
        assert len(app.field.input.value) == 4000
