"""What task a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tests.shared import SHARED, needs_shared
from tui_eval.config import parse
from tui_eval.files.task_guess import guess
from tui_eval.files.tasks import read_task


@needs_shared
@pytest.mark.parametrize(
    ("file", "name", "settings"),
    [
        ("gsm8k/train_first400.jsonl", "maths", {}),
        (
            "humaneval/HumanEval_first60.jsonl",
            "code",
            {"prompt": "prompt", "tests": "test", "entry_point": "entry_point"},
        ),
        (
            "classification/banking77_test.csv",
            "labels",
            {"prompt": "text", "reference": "category"},
        ),
        (
            "summarisation/scitldr_a_dev_first150.jsonl",
            "summaries",
            {"prompt": "source", "reference": "target"},
        ),
    ],
)
def test_real_files(file: str, name: str, settings: dict[str, str], tmp_path: Path) -> None:
    found = guess(SHARED / file)
    assert found is not None
    assert (found.name, found.settings) == (name, settings)
    told = "".join(f'{key} = "{value}"\n' for key, value in found.settings.items())
    text = f'[tasks.t]\ndata = "{SHARED / file}"\nmetrics = {list(found.metrics)}\n{told}'
    assert not read_task(parse(text, tmp_path), "t").task.fault


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (["yes", "no"] * 10, "labels"),
        ([f"the town of {at}" for at in range(20)], "questions"),
        ([f'{{"a": {at}}}' for at in range(20)], "json"),
        ([f'{{"name": "f", "arguments": {{"x": {at}}}}}' for at in range(20)], "tools"),
        ([f"a long and free answer number {at} that nobody could predict" for at in range(20)], ""),
        (["yes"] * 5, ""),
    ],
)
def test_kinds_of_answers(tmp_path: Path, answers: list[str], name: str) -> None:
    rows: list[Any] = [{"prompt": f"question {at}", "answer": a} for at, a in enumerate(answers)]
    found = guess(lines(tmp_path / "a.jsonl", rows))
    assert ("" if found is None else found.name) == name
