"""The walk of a new user in a real terminal: from the sample run to both Readings, with
the engine killed once on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tmux import Tmux, needs_tmux
from tests.sample import TUI_EVAL, demo, quiet_environment
from tests.waiting import until
from tui_eval.core.records import Job
from tui_eval.store.workspace import Workspace

pytestmark = needs_tmux


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    pane = Tmux(tmp_path)
    yield pane
    pane.close()


def slow_down(workspace: Path) -> None:
    """Small batches, so that the engine can be killed in the middle of its work; and no tasks,
    which take a minute that adds nothing here."""
    path = workspace / "eval.toml"
    text = path.read_text("utf-8").partition("[tasks.")[0]
    assert "[scoring]" not in text
    path.write_text(f"{text}\n[scoring]\nbatch_tokens = 128\n\n[engine]\nlinger = 5.0\n", "utf-8")


def first(jobs: list[Job], state: str) -> Job | None:
    return next((job for job in jobs if job.state == state), None)


def test_from_demo_to_both_readings_with_the_engine_killed_once(
    tmp_path: Path, terminal: Tmux
) -> None:
    folder = demo(tmp_path / "demo")
    slow_down(folder)
    environment = quiet_environment(tmp_path)
    terminal.start([*TUI_EVAL, "demo", str(folder)], **environment)
    terminal.wait("Training curves", "✓ good", "not started")

    terminal.keys("1")
    terminal.wait("judged checkpoint")
    terminal.keys("Escape")
    terminal.wait("Sign-off")
    terminal.keys("2")
    terminal.wait("· not started", "compute again")
    terminal.keys("r")

    workspace = Workspace.open(folder)
    # Facts, not progress: that is told up to a quarter of a second before they are committed.
    until(lambda: stored_losses(folder), what="the first losses on the disk")
    pid = workspace.engine().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    terminal.wait("interrupted")
    assert first(workspace.jobs(), "interrupted") is not None
    kept = stored_losses(folder)
    assert kept

    terminal.keys("r")
    terminal.wait("✓ good", "lower", seconds=300)
    assert stored_losses(folder)[: len(kept)] == kept
    assert len(kept) < len(stored_losses(folder)), "the engine had ended before it was killed"
    assert len({tuple(pair) for pair in stored_losses(folder)}) == len(stored_losses(folder)), (
        "a resumed job computed something twice"
    )
    terminal.keys("q")
    terminal.wait("left-with-0")
    workspace.close()
    until(lambda: Workspace.open(folder).engine().state == "absent", what="the engine to leave")


def stored_losses(folder: Path) -> list[list[str]]:
    """``[key, sample]`` of every loss in the facts files, oldest first."""
    lines = []
    for path in (folder / ".tui-eval" / "facts").glob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                event = json.loads(line)
                if event["kind"] == "loss":
                    lines.append([event["at"], event["key"], event["sample"]])
    return [entry[1:] for entry in sorted(lines)]


def test_a_dropped_line_costs_nothing(tmp_path: Path, terminal: Tmux) -> None:
    """The terminal goes away in the middle of a run: the engine goes on without it."""
    folder = demo(tmp_path / "demo")
    slow_down(folder)
    terminal.start([*TUI_EVAL, "demo", str(folder), "--run"], **quiet_environment(tmp_path))
    workspace = Workspace.open(folder)
    until(lambda: (job := first(workspace.jobs(), "running")) and job.done > 0, what="progress")
    terminal.close()
    until(
        lambda: all(job.state == "done" for job in workspace.jobs()),
        seconds=300,
        what="the engine to finish alone",
    )
    workspace.close()


def test_signals_leave_the_terminal_and_the_exit_code_right(tmp_path: Path, terminal: Tmux) -> None:
    folder = demo(tmp_path / "demo")
    terminal.start([*TUI_EVAL, "demo", str(folder)], **quiet_environment(tmp_path))
    terminal.wait("Training curves")
    found = subprocess.run(
        ["pgrep", "-f", f"^[^ ]*python[^ ]* -m tui_eval.cli demo {folder}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    os.kill(int(found.stdout.split()[0]), signal.SIGTERM)
    screen = terminal.wait("left-with-143")
    assert "Traceback" not in screen


def test_a_pipe_gets_words_and_no_escapes(tmp_path: Path) -> None:
    folder = demo(tmp_path / "demo")
    done = subprocess.run(
        [*TUI_EVAL, str(folder)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **quiet_environment(tmp_path)},
        timeout=120,
    )
    assert done.returncode == 2
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"tui-eval show" in done.stderr
