"""Notes on pairs: typed, tagged, written in an editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.judging import OneAb
from tests.ui.judged import opened, press, until
from tests.ui.made_session import SHORT, SIZE, MadeAb, sides
from tui_eval.errors import InputError
from tui_eval.ui.widgets.note_field import NoteField


async def test_a_note_takes_every_key_and_none_of_them_votes() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "n", *"abtxusfqF!", "space", "z")
        assert session.saved == []
        assert app.screen is app.desk
        screen = await press(pilot, "enter")
        assert "note saved" in screen
        assert "A/B 1/12" in screen
        assert session.mark("p0").note == "abtxusfqF! z"
        assert sides(session) == []


async def test_esc_in_a_note_keeps_the_draft_and_the_pair() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "n", "o", "n", "escape")
        assert "a draft: n goes on with it" in screen
        assert "A/B 1/12" in screen
        assert session.saved == []
        assert app.screen is app.desk
        await press(pilot, "n", "e", "enter")
        assert session.mark("p0").note == "one"
        screen = await press(pilot, "n", "escape")
        assert "draft" not in screen


async def test_tags_complete_and_are_counted() -> None:
    session = MadeAb(SHORT)
    session.note("p5", "#tone and #table")
    session.note("p6", "#tone")
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "n", "#", "t")
        assert "#tone 2   #table 1" in screen
        await press(pilot, "tab")
        assert app.desk.query_one(NoteField).input.value == "#tone "
        await press(pilot, "#", "t", "a", "right", "enter")
        assert session.mark("p0").note == "#tone #table"


async def test_a_note_can_be_written_in_an_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = MadeAb(SHORT)
    session.note("p0", "begun")
    app = OneAb(session)
    told = tmp_path / "told"
    script = tmp_path / "my editor"
    script.write_text(f'#!/bin/sh\nls -l "$1" > "{told}"\ncat "$1" >> "{told}"\n'
                      f'printf "two\\nlines #tag\\n" > "$1"\necho "$1" >> "{told}"\n')  # fmt: skip
    script.chmod(0o700)
    monkeypatch.setenv("EDITOR", f"'{script}'")
    monkeypatch.delenv("VISUAL", raising=False)
    lent: list[str] = []
    monkeypatch.setattr(type(app), "suspend", lambda self: Lent(lent))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "note saved" in await press(pilot, "N")
        assert session.mark("p0").note == "two\nlines #tag"
        mode, rest = told.read_text().split("\n", 1)
        assert mode.startswith("-rw-------")
        assert rest.startswith("begun")
        assert not Path(rest.splitlines()[-1]).exists()
        assert lent == ["lent", "back"]


class Lent:
    def __init__(self, told: list[str]) -> None:
        self.told = told

    def __enter__(self) -> None:
        self.told.append("lent")

    def __exit__(self, *_: object) -> None:
        self.told.append("back")


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        (None, "No editor is set"),
        ("no-such-editor-here -x", "EDITOR is no-such-editor-here, which is not here"),
        ("'unclosed", "EDITOR can't be read"),
        ("true", "This terminal can't be lent out"),
    ],
)
async def test_no_editor_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, editor: str | None, words: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    if editor is not None:
        monkeypatch.setenv("EDITOR", editor)
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "N")
        assert words in screen
        assert session.saved == []


async def drafted(pilot: Pilot[Any]) -> None:
    await press(pilot, "n", "o", "n", "escape")


@pytest.mark.parametrize("keys", [("q",), ("escape",)])
async def test_leaving_saves_the_note_that_was_begun(keys: tuple[str, ...]) -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await drafted(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: app.left or app.screen is not app.desk)
        assert session.mark("p0").note == "on"
    assert len(session.of_kind("note")) == 1
    assert session.closed


async def test_an_end_from_outside_saves_what_is_being_typed() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "n", "o", "n")
        app.exit()
    assert session.mark("p0").note == "on"
    assert session.closed


async def test_a_vote_takes_the_note_that_was_begun_along() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await drafted(pilot)
        screen = await press(pilot, "a")
        assert "saved #1 · its note too · u undo" in screen
        assert [event["kind"] for event in session.saved] == ["note", "vote"]
        assert "undone: the vote" in await press(pilot, "u")
        assert session.mark("p0").note == "on"


async def test_going_to_another_pair_saves_the_note_that_was_begun() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await drafted(pilot)
        await press(pilot, "/", "down", "enter")
        assert app.desk.look.token == "p1"
        assert session.mark("p0").note == "on"


async def test_a_note_that_is_refused_is_asked_about_and_stays() -> None:
    session = MadeAb(SHORT)

    def refuse(token: str, text: str) -> None:
        raise InputError("These pairs are unblinded.", "Nobody can add to them.")

    session.note = refuse  # type: ignore[method-assign]
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await drafted(pilot)
        screen = await press(pilot, "escape")
        assert "Go on without the note that you have begun?" in screen
        assert "These pairs are unblinded." in screen
        await press(pilot, "n")
        assert app.desk.drafts == {"p0": "on"}
        assert app.screen is app.desk
        await press(pilot, "q", "y")
        assert app.left


async def test_a_note_that_could_not_be_saved_keeps_the_judge_here() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await drafted(pilot)
        session.failing = True
        screen = await press(pilot, "q")
        assert "not saved" in screen
        assert not app.left
        session.failing = False
        await press(pilot, "r")
        assert session.mark("p0").note == "on"
        await press(pilot, "q")
        assert app.left
