"""Rows of files of answers that serve no item of any task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.files.making import lines
from tui_eval import config
from tui_eval.core.steps.task_metrics import read
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.store.workspace import Workspace


def notes(folder: Path, tuned: Sequence[Any], *tasks: str) -> list[tuple[str, ...]]:
    toml = '[models.base]\nanswers = "base.jsonl"\n[models.tuned]\nanswers = "tuned.jsonl"\n'
    rows = []
    for name in tasks:
        some = [{"prompt": f"{name} {at}", "answer": "a"} for at in range(3)]
        lines(folder / f"{name}.jsonl", some)
        rows += some
        toml += f'[tasks.{name}]\ndata = "{name}.jsonl"\nmetrics = ["exact_match"]\n'
    lines(folder / "base.jsonl", rows)
    lines(folder / "tuned.jsonl", tuned)
    (folder / "eval.toml").write_text(toml)
    made = config.load(folder / "eval.toml")
    evidence = WorkspaceEvidence(Workspace.open(folder), made, FileCache())
    told = [one.answer_notes for one in evidence.tasks("tuned")]
    codes = [one.code for one in read(evidence, "tuned").findings]
    assert codes.count("unmatched_answers") == sum(map(bool, told))
    return told


def test_extra_broken_and_second_answers_leave_a_trace(tmp_path: Path) -> None:
    rows: list[Any] = [{"prompt": f"t {at}", "answer": "a"} for at in range(3)]
    assert notes(tmp_path, rows, "t") == [()]
    rows += [{"prompt": "nobody asked", "answer": "x"}, {"prompt": "t 1", "answer": "DIFFERENT"}]
    rows += [7, {"prompt": "t 2", "answer": None}, {"prompt": "t 2"}]
    rows += [{"id": "1", "answer": "x"}, {"id": "1", "answer": "y"}]
    (told,) = notes(tmp_path, rows, "t")
    assert told == (
        "tuned.jsonl: 4 rows can't be used: not an object but a number 1 (line 6),"
        " answer is null 1 (line 7), no answer 1 (line 8), others 1",
        "3 answers of tuned.jsonl are to no item, or to one that another row answers"
        " (first: row 4)",
    )


def test_what_another_task_asks_is_not_left_over(tmp_path: Path) -> None:
    rows = [{"prompt": f"{name} {at}", "answer": "a"} for name in "tu" for at in range(3)]
    assert notes(tmp_path, rows, "t", "u") == [(), ()]
    first, second = notes(tmp_path, [*rows, {"prompt": "?", "answer": "a"}], "t", "u")
    assert "1 answer of tuned.jsonl is to no item" in first[0]
    assert second == ()
