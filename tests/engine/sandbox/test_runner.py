"""Several at once, stopped half-way, killed from outside: nothing goes on, nothing stays."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.sandbox.ground import running
from tests.waiting import until
from tui_eval.engine.sandbox import runner, selftest
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox, judge_all
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program

ROOT = Path(__file__).parents[3]
GOOD = Program("def f(x):\n    return x + 1", "assert f(1) == 2", "f")
BAD = Program("def f(x):\n    return x", "assert f(1) == 2", "f")
ENDLESS = Program("def f(x):\n    while True: pass", "assert f(1) == 2", "f")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose boxes lie in ``tmp_path``, which is empty again at the end."""
    standing = selftest.best()
    if not standing.level.safe:
        pytest.skip("; ".join(standing.lines()))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield Sandbox(standing.level, Limits(seconds=60.0))
    assert list(tmp_path.iterdir()) == []
    assert running() == []


def test_all_are_judged_in_their_place_with_progress(box: Sandbox) -> None:
    programs = [GOOD, BAD] * 4
    told: list[tuple[int, int]] = []
    found = dict(
        judge_all(box, programs, workers=3, progress=lambda done, of: told.append((done, of)))
    )
    assert [found[at].outcome for at in range(8)] == [Outcome.PASSED, Outcome.WRONG] * 4
    assert told == [(done, 8) for done in range(1, 9)]


def test_none_are_judged_of_none(box: Sandbox) -> None:
    assert list(judge_all(box, [])) == []


def test_leaving_half_way_ends_what_runs(box: Sandbox) -> None:
    judging = judge_all(box, [GOOD, ENDLESS, ENDLESS, ENDLESS], workers=3)
    assert next(judging)[1].passed
    judging.close()  # type: ignore[attr-defined]


def test_stopping_ends_what_runs_and_tells_no_verdict_of_it(box: Sandbox) -> None:
    stop = threading.Event()
    found = []
    for at, verdict in judge_all(box, [GOOD, ENDLESS, ENDLESS], workers=2, stop=stop):
        found.append((at, verdict.passed))
        stop.set()
    assert found == [(0, True)]


_JUDGES = """
import sys, tempfile
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Limits, Program
tempfile.tempdir = sys.argv[1]
endless = Program("def f(x):\\n    while True: pass", "assert f(1) == 2", "f")
Sandbox(Level(sys.argv[2]), Limits(seconds=600.0)).judge(endless)
"""


def start(box: Sandbox, folder: Path) -> subprocess.Popen[bytes]:
    judging = subprocess.Popen(
        [sys.executable, "-c", _JUDGES, str(folder), box.level.value], cwd=ROOT
    )
    # Judge and candidate stand: one keeper's command line, several processes.
    until(lambda: len(running()) >= 3, what="the guests to start")
    return judging


@pytest.mark.parametrize("level", [Level.ISOLATED, Level.CONFINED])
def test_nothing_outlives_a_killed_engine(box: Sandbox, tmp_path: Path, level: Level) -> None:
    if fault := selftest.try_level(level):
        pytest.skip(f"this machine has no {level.label}: {fault}")
    judging = start(Sandbox(level), tmp_path)
    judging.kill()
    judging.wait()
    until(lambda: not running(), what="the keeper to notice")
    until(lambda: not list(tmp_path.iterdir()), what="its box to go")


def test_nothing_outlives_a_killed_keeper(box: Sandbox, tmp_path: Path) -> None:
    """Its guests go with it, and the program is tried once more."""
    judging = start(box, tmp_path)
    try:
        first = set(running())
        for pid in children(judging.pid):
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(running()) - first) >= 3, what="the second try")
        until(lambda: not first & set(running()), what="the first try's guests to go")
    finally:
        judging.kill()
        judging.wait()
    until(lambda: not running())
    until(lambda: not list(tmp_path.iterdir()))


def children(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                after = Path(f"/proc/{name}/stat").read_text("utf-8").rpartition(")")[2].split()
                if int(after[1]) == pid:
                    found.append(int(name))
    return found


def test_a_sandbox_that_fails_is_no_verdict_on_the_program(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "KEEPER", Path("/nonexistent/keeper.py"))
    verdict = box.judge(GOOD)
    assert not verdict.judged
    assert not verdict.passed
    assert "the sandbox failed: its keeper ended with 2" in verdict.reason


def test_a_full_or_missing_disk_is_no_verdict(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    verdict = box.judge(GOOD)
    assert not verdict.judged
    assert "no folder for temporary files" in verdict.reason


def test_a_test_too_large_to_send_is_no_verdict_either(box: Sandbox) -> None:
    verdict = box.judge(Program("def f(x):\n    return 1", "#" * (9 << 20), "f"))
    assert not verdict.judged
    assert "larger than" in verdict.reason


def test_the_environment_stays_outside(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    source = "import os\ndef f(x):\n    return sorted(os.environ)"
    verdict = box.judge(Program(source, "assert 'HF_TOKEN' not in f(1) and 'HOME' in f(1)", "f"))
    assert verdict.passed, verdict.reason


def test_only_libraries_can_be_read() -> None:
    home = Path.home().resolve()
    for path in map(Path, runner.readable()):
        assert path.is_dir()
        assert path not in (Path("/"), home, ROOT, Path(tempfile.gettempdir()), Path("/etc"))
