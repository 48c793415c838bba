"""Who judges: whom the desk offers, and what it does with a name that is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App

from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace
from tui_eval.ui import desk
from tui_eval.ui.screens.sheet import Choose
from tui_eval.ui.widgets.rowlist import RowList, item


def test_those_are_offered_who_have_judged_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workspace = Workspace.open(tmp_path)
    with workspace.journal("bo") as journal:
        journal.append("vote", plan="p", pair="x", side="left")
    workspace.journal("passer-by").close()
    assert desk.known_judges(workspace) == ["bo", login()]


def test_who_judged_last_as_this_login_is_offered_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    moments = iter(f"2026-01-02T03:04:{second:02}Z" for second in range(60))
    monkeypatch.setattr("tui_eval.store.files.now", lambda: next(moments))
    workspace = Workspace.open(tmp_path)
    assert desk.known_judges(workspace) == [login()]
    monkeypatch.setattr("tui_eval.store.journal.login", lambda: "elsewhere")
    with workspace.journal("carl") as journal:
        journal.append("vote", plan="p", pair="x", side="left")
    assert desk.known_judges(workspace) == ["carl", "elsewhere"]
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("tui_eval.store.files.now", lambda: next(moments))
    assert desk.known_judges(workspace) == [login(), "carl"]
    for name in ("anna", "zoe", "bo"):
        with workspace.journal(name) as journal:
            journal.append("vote", plan="p", pair="x", side="left")
    with workspace.journal("anna") as journal:
        journal.append("signoff", decision="reject")
    assert desk.known_judges(workspace) == ["anna", "bo", "zoe", "carl", login()]


async def test_the_mark_stands_on_the_line_that_enter_takes() -> None:
    taken: list[str | None] = []
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        names = [item((name, "text"), key=name) for name in ("anna", "bo")]
        sheet = Choose("Who judges?", names, typed="another name", lead="new: ")
        await app.push_screen(sheet, taken.append)
        rows = sheet.query_one(RowList)

        def marked() -> str:
            current = rows.current
            assert current is not None
            place = rows.cursor_line()
            assert place is not None
            drawn = rows.lines(80, rows.size.height)
            assert [line[0][0] for line in drawn].index(" ▸ ") == place
            return "".join(text for text, _ in drawn[place][1:])

        height = rows.size.height
        assert marked() == "anna"
        await pilot.press("j")
        assert (marked(), rows.size.height) == ("new: j", height)
        await pilot.press("backspace", "b", "o")
        assert marked() == "bo"
        await pilot.press("backspace", "backspace")
        assert marked() == "anna"
        await pilot.press("z", "o", "e", "up")
        assert marked() == "bo"
        await pilot.press("down", "enter")
        assert taken == ["zoe"]


async def test_after_a_name_that_is_none_the_desk_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workspace = Workspace.open(tmp_path)
    told: list[str] = []
    monkeypatch.setattr(desk, "say", lambda app, text, how: told.append(text))
    app: Any = SimpleNamespace(start=SimpleNamespace(judge=""))
    made = desk.Desk(app)
    made.judge = "x" * 61

    def opens(judge: str) -> Any:
        return workspace.journal(judge)

    await made._opened(opens, "")
    assert "too long" in told[0]
    assert made.judge == ""
