"""The walk of a judge in a real terminal: from the sample run to both people's Readings,
judging while the models still answer, and everything there after reopening."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_place import written
from tests.e2e.tmux import Tmux, needs_tmux
from tests.sample import TUI_EVAL, demo, quiet_environment
from tests.waiting import until
from tui_eval.core.judgements import JudgeRound, rounds
from tui_eval.files.judging.base import KINDS
from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace

pytestmark = needs_tmux

REVIEWED, PAIRS = 20, 12
SETTINGS = f"""
[generation]
limit = 60
max_new_tokens = 64

[review]
samples = {REVIEWED}

[blind_ab]
pairs = {PAIRS}

[engine]
linger = 2.0
"""
MOST = 120
"""Presses that no part of the walk comes near."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    pane = Tmux(tmp_path)
    yield pane
    pane.close()


def test_from_demo_to_what_people_said(tmp_path: Path, terminal: Tmux) -> None:
    folder = demo(tmp_path / "demo")
    with (folder / "eval.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    environment = quiet_environment(tmp_path)
    terminal.start([*TUI_EVAL, "demo", str(folder)], **environment)
    terminal.wait("Manual review", "Sign-off")

    terminal.keys("4")
    terminal.wait("press r")
    terminal.keys("r")
    until(lambda: written(folder), what="the first answers")
    terminal.keys("J")
    sit_down(terminal, "▸ accuracy")
    score_all(terminal)
    terminal.keys("Escape")
    terminal.settle()

    terminal.keys("5")
    terminal.settle()
    terminal.keys("J")
    sit_down(terminal, "press a")
    vote_all(terminal)
    finish(terminal)
    terminal.wait("checks", "left one chosen", "guessing")
    result = terminal.settle()

    shown = result.splitlines()[3:]
    mine = judged(folder)
    assert len(mine["review"].reviewed) == REVIEWED
    assert len(mine["blind_ab"].voted) == PAIRS
    terminal.keys("q")
    terminal.wait("left-with-0")
    terminal.close()

    again = Tmux(tmp_path)
    try:
        again.start([*TUI_EVAL, str(folder)], **environment)
        again.wait("Manual review", "Sign-off")
        again.keys("5")
        again.wait("checks", "left one chosen", "guessing")
        assert again.settle().splitlines()[3:] == shown
        again.keys("4")
        again.wait("accuracy", "relevance", "fluency", "format", f"{REVIEWED}")
        again.keys("q")
        again.wait("left-with-0")
    finally:
        again.close()
    now = judged(folder)
    assert {step: one.marks for step, one in now.items()} == {
        step: one.marks for step, one in mine.items()
    }


def sit_down(terminal: Tmux, shown: str) -> None:
    """Say who judges, read what is said before the first, up to the first to judge."""
    screen = ""
    for _ in range(MOST):
        screen = terminal.settle()
        if "Who judges?" in screen or "begin" in screen:
            terminal.keys("Enter")
        elif shown in screen:
            return
    raise AssertionError(f"no {shown} on:\n{screen}")


def unhurried(terminal: Tmux) -> str:
    """The screen after at least as long as it takes to read a little; longer where it says
    that somebody was too fast."""
    screen = terminal.settle()
    if "too fast" in screen:
        # The guard's longest pause, which presses in a row call for; then some.
        time.sleep(1.0)
    return screen


def score_all(terminal: Tmux) -> None:
    """Four digits for each answer; the guard, which asks before the first alone, may want
    that one again."""
    for _ in range(MOST):
        screen = unhurried(terminal)
        if "Every answer is scored" in screen:
            return
        if "▸ accuracy" in screen:
            terminal.keys("4")
        elif "▸ relevance" in screen:
            terminal.keys("5", "3", "4")
    raise AssertionError(f"not done:\n{terminal.screen()}")


def vote_all(terminal: Tmux) -> None:
    for number in range(MOST):
        screen = unhurried(terminal)
        if "F finishes" in screen:
            return
        # What has to be pressed twice is the same key.
        if "again votes all the same" not in screen and "too fast" not in screen:
            key = "abbat"[number % 5]
        terminal.keys(key)
    raise AssertionError(f"not done:\n{terminal.screen()}")


def finish(terminal: Tmux) -> None:
    """The guesses at what was tied, then the one act that shows who wrote what."""
    terminal.keys("F")
    for _ in range(MOST):
        screen = unhurried(terminal)
        if "guess " in screen:
            terminal.keys("a")
        elif "unblind" in screen:
            break
    terminal.wait("after this nobody can vote")
    terminal.keys("G")
    terminal.settle()
    terminal.keys("Enter")
    terminal.wait("Unblind these pairs?")
    terminal.keys("y")


def judged(folder: Path) -> dict[str, JudgeRound]:
    """What the one judge said, by step."""
    workspace = Workspace.open(folder)
    assert workspace.faults() == ()
    found = rounds(workspace.judgements(KINDS)).values()
    workspace.close()
    made: dict[str, JudgeRound] = {}
    for one in found:
        (made[one.step],) = one.judges
    assert {one.judge for one in made.values()} == {login()}
    return made
