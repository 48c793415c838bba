"""What is said of an engine that is not there any more."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tui_eval.store import death, jobs, liveness
from tui_eval.store.files import Modes
from tui_eval.store.liveness import Holder, Lock
from tui_eval.store.workspace import Workspace


@pytest.fixture
def dead(tmp_path: Path) -> Holder:
    """Who a process was that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = liveness.start_time(process.pid)
    process.kill()
    process.communicate()
    assert start is not None
    return replace(Holder.me(), pid=process.pid, start=start)


def left_by(dead: Holder, folder: Path, log: str = "") -> tuple[Workspace, str]:
    """A workspace in which that process held the lock and a job."""
    workspace = Workspace.open(folder)
    workspace.request("score", {})
    job = workspace.claim()
    assert job is not None
    workspace.heartbeat("working", dead)
    lock = Lock.take(workspace.lock_path, Modes())
    assert lock is not None
    lock.holder = dead
    lock.say(leaving=False)
    lock.release()
    workspace.log_path.write_text(log)
    return workspace, job.id


def told(workspace: Workspace, job_id: str) -> str:
    (job,) = workspace.jobs()
    assert (job.id, job.state) == (job_id, "interrupted")
    return job.error


def test_the_last_lines_of_the_log_are_kept(dead: Holder, tmp_path: Path) -> None:
    workspace, job = left_by(dead, tmp_path, "".join(f"line {n}\n" for n in range(5000)))
    error = told(workspace, job).splitlines()
    assert error[0] == "The engine ended while it worked."
    assert error[1:] == [f"line {n}" for n in range(5000 - death.WORDS, 5000)]
    status = workspace.engine()
    assert (status.state, status.pid) == ("lost", dead.pid)
    assert status.last_words[-1] == "line 4999"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "killed (signal 9), as the kernel does when memory runs out"),
        (-11, "ended by SIGSEGV"),
        (3, "exit code 3"),
    ],
)
def test_how_it_ended_is_said(dead: Holder, tmp_path: Path, code: int, words: str) -> None:
    workspace, job = left_by(dead, tmp_path)
    death.record_end(workspace.layout, dead.pid, dead.start, code)
    assert words in told(workspace, job)


def test_the_end_of_another_process_says_nothing(dead: Holder, tmp_path: Path) -> None:
    workspace, job = left_by(dead, tmp_path)
    death.record_end(workspace.layout, dead.pid + 1, dead.start, -11)
    assert "SIGSEGV" not in told(workspace, job)


@pytest.mark.parametrize(
    ("text", "out_of_memory"),
    [("low 0\noom 3\noom_kill 3\n", True), ("oom_kill 2\n", False), ("oom 9\n", False)],
)
def test_the_kernels_count_of_killed_processes_is_asked(
    dead: Holder, tmp_path: Path, text: str, out_of_memory: bool
) -> None:
    events = tmp_path / "memory.events"
    events.write_text(text)
    dead = replace(dead, oom_file=str(events), oom_kills=2)
    workspace, job = left_by(dead, tmp_path)
    assert ("out of memory" in told(workspace, job)) == out_of_memory


def test_a_restarted_machine_is_said(dead: Holder, tmp_path: Path) -> None:
    workspace, job = left_by(replace(dead, boot="another"), tmp_path)
    assert told(workspace, job) == "The machine was restarted while the engine worked."


def test_a_number_that_is_used_again_is_not_alive(tmp_path: Path) -> None:
    me = Holder.me()
    assert liveness.lives(me)
    assert not liveness.lives(replace(me, start="1"))
    assert not liveness.lives(replace(me, boot="another"))
    assert liveness.process(replace(me, start="1")) is None
    fd = liveness.process(me)
    assert fd is not None
    os.close(fd)


def test_an_engine_that_could_not_begin_is_told(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    workspace.request("score", {})
    workspace.log_path.write_text("ModuleNotFoundError: No module named 'torch'\n")
    assert workspace.engine().state == "absent"
    death.record_end(workspace.layout, 4, "1", 1)
    status = workspace.engine()
    assert status.state == "lost"
    assert "ModuleNotFoundError" in status.last_words[0]
    death.forget_end(workspace.layout)
    assert workspace.engine().state == "absent"


def test_a_cancelled_job_of_a_dead_engine_is_cancelled(dead: Holder, tmp_path: Path) -> None:
    workspace, job = left_by(dead, tmp_path)
    workspace._tell(lambda index: jobs.cancel(index, job))
    assert [one.state for one in workspace.jobs()] == ["cancelled"]
