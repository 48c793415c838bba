"""Who judges: whom the desk offers, and what it does with a name that is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace
from tui_eval.ui import desk


def test_those_are_offered_who_have_judged_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workspace = Workspace.open(tmp_path)
    with workspace.journal("bo") as journal:
        journal.append("vote", plan="p", pair="x", side="left")
    workspace.journal("passer-by").close()
    assert desk.known_judges(workspace) == [login(), "bo"]


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
