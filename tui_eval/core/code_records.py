"""Code problems and samples as HumanEval and EvalPlus hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_eval.core.code_text import extract, program
from tui_eval.core.records import VERBATIM

_EXAMPLES = """
import copy, math

def _same(one, other, tolerance):
    if isinstance(other, float) and isinstance(one, (int, float)) and not isinstance(one, bool):
        return one == other or math.isclose(one, other, rel_tol=1e-7, abs_tol=tolerance or 1e-6)
    if isinstance(other, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(
            _same(left, right, tolerance) for left, right in zip(one, other)
        )
    if isinstance(other, dict) and isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _same(one[key], other[key], tolerance) for key in other
        )
    return one == other

def check(candidate):
    reference = {}
    exec(_REFERENCE, reference)
    expect = reference[_NAME]
    for inputs in _INPUTS:
        wanted = expect(*copy.deepcopy(inputs))
        got = candidate(*copy.deepcopy(inputs))
        if _NAME == "find_zero":
            # Any root will do: the polynomial there decides, not the reference's root.
            assert abs(reference["poly"](*inputs, got)) <= max(_TOLERANCE, 1e-4), inputs
        else:
            assert _same(got, wanted, _TOLERANCE), f"wanted {wanted!r:.200} for {inputs!r:.200}"
"""


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """``test`` checks ``entry_point``; ``extra`` keeps the row's other fields as they are."""

    task_id: str
    prompt: str
    entry_point: str
    test: str
    canonical_solution: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodeSample:
    """``text`` goes on where the prompt ends, or, ``whole``, stands by itself (EvalPlus's
    ``solution``)."""

    task_id: str
    text: str
    whole: bool = False


def source(problem: CodeProblem, sample: CodeSample) -> str:
    """The program, to the letter as the formats define it: nothing extracted, nothing
    mended."""
    return sample.text if sample.whole else problem.prompt + sample.text


def sample_to_the_letter(problem: CodeProblem, answer: str, verbatim: str) -> CodeSample:
    """An answer with a flag of ``VERBATIM``, which the formats' own runners take as it is."""
    return CodeSample(problem.task_id, answer, whole=verbatim == VERBATIM[1])


def sample_of_answer(problem: CodeProblem, answer: str) -> CodeSample:
    """A chat model's answer as a whole program."""
    found = extract(answer, problem.entry_point)
    return CodeSample(
        problem.task_id, program(problem.prompt, found.code, problem.entry_point), whole=True
    )


def inputs_check(
    prompt: str, canonical: str, entry_point: str, inputs: list[Any], tolerance: float
) -> str:
    """A test that compares with the reference solution on given inputs, as EvalPlus does
    where a problem brings inputs and no expected values."""
    return (
        f"_REFERENCE = {prompt + canonical!r}\n_NAME = {entry_point!r}\n"
        f"_INPUTS = {inputs!r}\n_TOLERANCE = {tolerance!r}\n{_EXAMPLES}"
    )
