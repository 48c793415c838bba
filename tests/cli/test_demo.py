"""``demo --run`` without a terminal computes and prints: how it hands over to ``run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui_eval.cli import main
from tui_eval.commands import run


def test_without_a_terminal_everything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The computing itself takes minutes and is tried elsewhere."""
    asked: list[Any] = []

    def computed(workspace: Any, config: Any, steps: Any, candidates: Any) -> int:
        asked.append((config.folder, steps, candidates))
        return 0

    monkeypatch.setattr(run, "_run", computed)
    assert main(["demo", str(tmp_path / "demo"), "--run"]) == 0
    assert asked == [(tmp_path / "demo", (), ("tuned", "overfitted"))]


def test_without_run_the_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(tmp_path / "demo")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "demo")
