"""The real program in a real terminal: it ends cleanly and says so with its exit code."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.benchmarks.pty_app import PtyApp, clean_environ, family, workspace

ROOT = Path(__file__).resolve().parents[2]


def opened(place: Path) -> PtyApp:
    work = workspace(place / "support-bot")
    environ = {**clean_environ(place), "PYTHONPATH": str(ROOT)}
    app = PtyApp([sys.executable, "-m", "tui_eval.cli", str(work)], environ=environ, cwd=place)
    app.until(b"loss fell")
    return app


def ended(app: PtyApp) -> tuple[int, bytes]:
    """Exit code, and what was written from here on."""
    before = len(app.written)
    while app.read(60.0):
        continue
    _, status = os.waitpid(app.pid, 0)
    os.close(app.fd)
    return os.waitstatus_to_exitcode(status), app.written[before:]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals, code: int) -> None:
    app = opened(tmp_path)
    # A terminal sends its signals to both processes; kill(1) to the first alone.
    target = family(app.pid)[-1] if number == signal.SIGINT else app.pid
    os.kill(target, number)
    left, written = ended(app)
    assert left == code
    assert b"\x1b[?1049l" in written
    assert b"\x1b[?25h" in written
    assert b"Traceback" not in written


def test_leaving_is_zero(tmp_path: Path) -> None:
    app = opened(tmp_path)
    os.write(app.fd, b"q")
    assert ended(app)[0] == 0


def test_a_killed_app_gives_the_terminal_back(tmp_path: Path) -> None:
    app = opened(tmp_path)
    child = family(app.pid)[-1]
    assert child != app.pid
    os.kill(child, signal.SIGKILL)
    left, written = ended(app)
    assert left == 137
    assert b"\x1b[?1049l" in written
    assert b"SIGKILL" in written


def test_a_pipe_is_refused_with_the_command_that_does_the_same(tmp_path: Path) -> None:
    import subprocess

    work = workspace(tmp_path / "support-bot")
    done = subprocess.run(
        [sys.executable, "-m", "tui_eval.cli", str(work)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **clean_environ(tmp_path)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"tui-eval show" in done.stderr
    assert b"\x1b" not in done.stderr
