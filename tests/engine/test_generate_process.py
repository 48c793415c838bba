"""The generate verb in the real engine process: killed in the middle and taken up again."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.answers import AnswerBench
from tests.waiting import until
from tui_eval.core.records import Job
from tui_eval.engine import launch
from tui_eval.store import liveness

ROWS = 40
SETTINGS = "greedy = true\nmax_new_tokens = 150"
FINAL = ("done", "failed", "cancelled", "interrupted")


class World:
    def __init__(self, bench: AnswerBench) -> None:
        self.bench = bench
        self.workspace = bench.workspace()
        self.workspace.catch_up()

    def ask(self) -> Job:
        job = self.workspace.request("generate", {"candidate": "tuned", "split": "validation"})
        launch.start(self.bench.folder, self.workspace.state_dir)
        return job

    def ended(self, job: Job) -> Job:
        def final() -> Job | None:
            found = self.workspace.job(job.id)
            return found if found is not None and found.state in FINAL else None

        found = until(final, seconds=180, what=f"the end of {job.id}: {self.log()}")
        assert found is not None
        return found

    def log(self) -> str:
        try:
            return self.workspace.log_path.read_text()
        except FileNotFoundError:
            return ""

    def written(self) -> list[tuple[str, str]]:
        """Key and sample of every answer on the disk, whole lines only."""
        lines = [
            line
            for path in self.workspace.facts_dir.glob("*.jsonl")
            for line in path.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        ]
        events = map(json.loads, lines)
        return [
            (event["key"], event["sample"]) for event in events if event["kind"] == "completion"
        ]

    def more_than(self, count: int) -> None:
        until(lambda: len(self.written()) > count, what=f"an answer: {self.log()}")

    def kill(self) -> None:
        who = liveness.holder(self.workspace.lock_path)
        assert who is not None
        os.kill(who.pid, signal.SIGKILL)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    bench = AnswerBench.at(tmp_path, ROWS)
    bench.settings(generation=SETTINGS, engine="linger = 600\nthreads = 1")
    made = World(bench)
    yield made
    launch.kill(made.workspace, wait=True)
    made.workspace.close()


def test_killed_in_the_middle_nothing_is_made_twice(world: World) -> None:
    kept: set[tuple[str, str]] = set()
    for _ in range(2):
        job = world.ask()
        world.more_than(len(kept))
        world.kill()
        assert world.ended(job).state == "interrupted"
        kept = set(world.written())
        assert 0 < len(kept) < 2 * ROWS, "it was done before it was killed"
    job = world.ask()
    found = world.ended(job)
    assert found.state == "done", found.error
    assert (found.done, found.total, found.unit) == (2 * ROWS, 2 * ROWS, "answers")
    assert Counter(world.written()) == Counter(dict.fromkeys(world.written(), 1))
    assert len(world.written()) == 2 * ROWS
    assert_same_as_undisturbed(world)


def assert_same_as_undisturbed(world: World) -> None:
    """The answers of a run that nobody killed, with all facts put aside."""
    bench = world.bench
    answers = {name: bench.answers(name) for name in ("base", "tuned")}
    for path in world.workspace.facts_dir.glob("*.jsonl"):
        path.rename(path.with_suffix(".aside"))
    assert not any(bench.answers(name) for name in answers)
    bench.run(99)
    assert {name: bench.answers(name) for name in answers} == answers


def test_progress_is_told_and_a_cancel_is_heard_between_steps(world: World) -> None:
    world.bench.settings(
        generation="greedy = true\nmax_new_tokens = 400\npath = 'one'",
        engine="linger = 600\nthreads = 1",
    )
    job = world.ask()
    until(lambda: world.written(), what=f"an answer: {world.log()}")
    told = world.workspace.job(job.id)
    assert told is not None
    assert (told.total, told.unit) == (2 * ROWS, "answers")
    assert told.message.startswith("answering as")
    assert world.workspace.cancel(job.id) == 1
    assert world.ended(job).state == "cancelled"
    assert 0 < len(world.written()) < 2 * ROWS
