"""What the engine process is made of, without a process: pace, progress, logout, GPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tui_eval.config import Config
from tui_eval.core.records import Job
from tui_eval.engine import context, launch, serve
from tui_eval.engine.context import JobContext, Pace
from tui_eval.store.workspace import Workspace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pace_is_that_of_the_last_while() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.note(0)
    assert (pace.speed, pace.left(100)) == (None, None)
    for second in range(1, 101):
        clock.now = second
        pace.note(10 * second)
    assert pace.speed == pytest.approx(10)
    for second in range(101, 131):
        clock.now = second
        pace.note(1000 + 2 * (second - 100))
    assert pace.speed == pytest.approx(2)
    assert pace.left(1160) == pytest.approx(50)
    assert pace.left(0) is None


def test_pace_starts_afresh_when_counting_does() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.note(0)
    clock.now = 1
    pace.note(1000)
    clock.now = 2
    pace.note(0)
    assert pace.speed is None
    clock.now = 4
    pace.note(6)
    assert pace.speed == pytest.approx(3)


def test_pace_of_a_standstill_is_unknown() -> None:
    clock = Clock()
    pace = Pace(clock)
    for clock.now in range(3):
        pace.note(5)
    assert (pace.speed, pace.left(10)) == (None, None)


@pytest.fixture
def running(tmp_path: Path) -> tuple[Workspace, Job]:
    workspace = Workspace.open(tmp_path)
    workspace.request("score", {})
    job = workspace.claim()
    assert job is not None
    return workspace, job


def test_progress_is_committed_a_few_times_a_second(
    running: tuple[Workspace, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, job = running
    clock = Clock()
    monkeypatch.setattr(context.time, "monotonic", clock)
    written: list[float] = []

    def progress(job_id: str, **changes: Any) -> None:
        written.append(changes["done"])

    monkeypatch.setattr(workspace, "progress", progress)
    told = JobContext(workspace, Config(workspace.folder), job, {})
    for step in range(1000):
        clock.now = 1000 + step / 100
        told.progress(step, 1000)
    assert len(written) <= 4 * 10 + 1
    told.flush()
    assert written[-1] == 999
    told.flush()
    assert written.count(999) == 1


def test_a_verb_hears_of_cancel_and_of_leaving(running: tuple[Workspace, Job]) -> None:
    workspace, job = running
    leaving = False
    told = JobContext(workspace, Config(workspace.folder), job, {}, lambda: leaving)
    assert not told.cancelled()
    leaving = True
    assert told.cancelled()
    other = JobContext(workspace, Config(workspace.folder), job, {})
    assert not other.cancelled()
    workspace.cancel(job.id)
    assert other.cancelled()
    assert other.heard


# Logout. ``answers`` is what systemd's tools would print; None: they fail or are not here.


def logout(
    monkeypatch: pytest.MonkeyPatch, session: bool | None, **answers: str | None
) -> tuple[bool, str]:
    real = Path.is_dir
    monkeypatch.setattr(
        Path, "is_dir", lambda path: str(path) == "/run/systemd/system" or real(path)
    )
    monkeypatch.setattr(launch, "_in_session", lambda: session)
    monkeypatch.setattr(
        launch, "_asked", lambda *command: answers.get(command[0].replace("-", "_"))
    )
    return launch.will_survive_logout()


def test_without_systemd_nothing_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.is_dir
    monkeypatch.setattr(
        Path, "is_dir", lambda path: str(path) != "/run/systemd/system" and real(path)
    )
    survives, why = launch.will_survive_logout()
    assert survives
    assert "no systemd" in why
    assert launch._scope() == []


@pytest.mark.parametrize(
    ("session", "answers", "survives", "word"),
    [
        (False, {}, True, "not inside a login session"),
        (True, {"busctl": "b false"}, True, "KillUserProcesses is off"),
        (True, {}, False, "unknown"),
        (None, {}, False, "unknown"),
        (True, {"busctl": "b true", "loginctl": "Linger=no"}, False, "enable-linger"),
        (True, {"busctl": "b true", "loginctl": "Linger=yes"}, False, "gives no scope"),
        (
            True,
            {"busctl": "b true", "loginctl": "Linger=yes", "systemd_run": ""},
            True,
            "a scope of its own",
        ),
    ],
)
def test_what_becomes_of_it_at_logout(
    monkeypatch: pytest.MonkeyPatch,
    session: bool | None,
    answers: dict[str, str],
    survives: bool,
    word: str,
) -> None:
    found, why = logout(monkeypatch, session, **answers)
    assert found is survives
    assert word in why
    wrapped = launch._scope()
    assert bool(wrapped) == (answers.get("busctl") == "b true" and "systemd_run" in answers)


def test_a_gpu_that_is_hidden_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: str(path) == "/dev/nvidiactl")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert serve.has_gpu()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not serve.has_gpu()


@pytest.mark.parametrize(
    ("setting", "inherited", "threads"),
    [("", None, None), ("threads = 3", None, "3"), ("threads = 3", "7", "3"), ("", "7", "7")],
)
def test_threads_are_set_before_torch(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    inherited: str | None,
    threads: str | None,
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "eval.toml").write_text(
        f'[models.base]\npath = "base"\n[engine]\n{setting}\ngpu = "2"\n'
    )
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES"):
        # Set first, so that what is set below is taken back afterwards.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    if inherited:
        monkeypatch.setenv("OMP_NUM_THREADS", inherited)
    monkeypatch.setattr(os, "nice", lambda step: 0)
    monkeypatch.setattr(Path, "write_text", lambda path, text: len(text))
    serve.be_modest(tmp_path)
    assert os.environ["OMP_NUM_THREADS"] == (threads or str(max(1, serve.cores() - 1)))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"
