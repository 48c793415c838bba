"""The engine keeps what the steps say once its queue is empty, and never fails over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.made_history import Trained
from tui_eval.core.records import Job
from tui_eval.engine import serve
from tui_eval.engine.context import JobContext
from tui_eval.engine.remember import remember
from tui_eval.files import history
from tui_eval.store.liveness import Lock


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    made = Trained.at(tmp_path / "w")
    made.score(3.0, "base")
    made.score(2.0)
    return made


def nothing(job: Job, context: JobContext) -> None:
    """A job whose facts are there already."""


def test_an_empty_queue_is_the_time_to_keep_it(trained: Trained) -> None:
    with (trained.folder / "eval.toml").open("a") as file:
        file.write("[engine]\nlinger = 0\n")
    workspace = trained.workspace()
    for split in ("validation", "train"):
        workspace.request("score", {"candidate": "tuned", "split": split})
    lock = Lock.take(workspace.lock_path, workspace.layout.modes, patience=30, leaving=30)
    assert lock is not None
    serve.Engine(workspace, lock, {"score": f"{__name__}:nothing"}).run()
    lock.release()
    (told,) = history.recorded(workspace, "tuned")
    assert told.readings["perplexity"].verdict == "good"
    workspace.close()


def test_a_fault_of_a_step_ends_in_the_log(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a step of ours")

    monkeypatch.setattr("tui_eval.files.evidence.readings", broken)
    workspace = trained.workspace()
    remember(workspace, trained.config, ("tuned", "nobody"))
    assert history.recorded(workspace, "tuned") == []
    told = capfd.readouterr()
    assert "a step of ours" in told.out + told.err
    workspace.close()
