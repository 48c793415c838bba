"""Findings on code keep the level of the sandbox that they were made at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.answers import AnswerBench
from tests.engine.test_task_code import workspace
from tests.engine.test_task_jobs import measured, reading
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level, Standing
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Outcome, Verdict

NUMBER = "code.pass_at_1.tuned"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Sandbox, "judge", lambda *_: Verdict(Outcome.PASSED))

    def of(level: Level) -> None:
        standing = Standing(level, 3)
        monkeypatch.setattr(selftest, "best", lambda landlock_abi=None: standing)

    return of


def at(folder: Path, setting: str) -> AnswerBench:
    return workspace(folder, f'[task_metrics]\nsandbox = "{setting}"\n')


def level_of(bench: AnswerBench) -> str:
    return bench.evidence().tasks("tuned")[0].sandbox


def test_what_a_weaker_level_found_is_withheld_and_measured_again(
    tmp_path: Path, machine: Any
) -> None:
    machine(Level.RESTRICTED)
    measured(at(tmp_path, "restricted"), 1)
    bench = at(tmp_path, "isolated")
    found = reading(bench)
    assert found.numbers[NUMBER].value is None
    assert not any("Restricted" in line for line in found.how)
    assert level_of(bench) == ""
    machine(Level.ISOLATED)
    assert measured(bench, 2).said[-1][1] == 5
    assert reading(bench).numbers[NUMBER].value == 1.0
    assert level_of(bench) == "isolated"


def test_the_level_shown_is_the_one_of_the_numbers_shown(tmp_path: Path, machine: Any) -> None:
    machine(Level.CONFINED)
    measured(at(tmp_path, "confined"), 1)
    bench = at(tmp_path, "none")
    assert reading(bench).numbers[NUMBER].value == 1.0
    assert level_of(bench) == "confined"
    machine(Level.NONE)
    assert measured(bench, 2).said[-1][1] == 0
    assert level_of(bench) == "confined"
