"""Folders of runs that were killed as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.waiting import until
from tui_eval.engine.sandbox import boxes, selftest
from tui_eval.engine.sandbox.runner import Sandbox, judge_all
from tui_eval.engine.sandbox.verdict import Limits

ROOT = Path(__file__).parents[3]
HOLDS = """
import sys, tempfile, pathlib
tempfile.tempdir = sys.argv[1]
from tui_eval.engine.sandbox import boxes
box, _ = boxes.make()
(pathlib.Path(box) / "candidate").mkdir()
(pathlib.Path(box) / "candidate" / "left").write_text("x")
print(box, flush=True)
sys.stdin.read()
"""
ENDLESS = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Limits, Program
level = selftest.Level(sys.argv[2])
Sandbox(level, Limits(seconds=60.0)).judge(
    Program("def f(x):\\n    while True: pass", "assert f(1) == 2", "f"))
"""


def under(pid: int) -> list[int]:
    """Processes that it has started, and theirs, the nearest first."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        one = waiting.pop(0)
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            mine = [int(child) for child in listed.read_text().split()]
            found += mine
            waiting += mine
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_box_is_swept_once_its_owner_is_dead_and_no_earlier(place: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        box = Path(holder.stdout.readline().decode().strip())
        boxes.sweep()
        assert (box / "candidate" / "left").exists()
        holder.kill()
    boxes.sweep()
    assert list(place.iterdir()) == []


def test_only_boxes_are_swept_and_no_link_is_followed(place: Path) -> None:
    other = place / "mine"
    other.mkdir()
    (place / f"{boxes.BOX}link").symlink_to(other)
    (place / f"{boxes.BOX}file").write_text("x")
    (place / f"{boxes.BOX}left").mkdir()
    boxes.sweep()
    names = ["mine", boxes.BOX + "file", boxes.BOX + "link"]
    assert sorted(one.name for one in place.iterdir()) == names


def test_a_box_of_another_user_is_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / f"{boxes.BOX}theirs").mkdir()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    boxes.sweep()
    assert len(list(place.iterdir())) == 1


def test_engine_and_keeper_killed_together_leave_nothing_after_the_next_run(place: Path) -> None:
    standing = selftest.best()
    if not standing.level.safe:
        pytest.skip("; ".join(standing.lines()))
    engine = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(place), standing.level.value], cwd=ROOT
    )
    until(lambda: any(place.glob("*/candidate")) and len(under(engine.pid)) > 1, 60)
    os.kill(engine.pid, signal.SIGSTOP)
    (keeper, *_) = under(engine.pid)
    for pid in (keeper, engine.pid):
        os.kill(pid, signal.SIGKILL)
    engine.wait()
    assert len(list(place.iterdir())) == 1
    box = Sandbox(standing.level, Limits())

    def swept() -> bool:
        """Once the last that was killed is gone."""
        list(judge_all(box, []))
        return not list(place.iterdir())

    until(swept, 30)
