"""What is told of the data files beside the verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.files.making import PAIRS, lines
from tests.ui import fake
from tui_eval import config as configuration
from tui_eval.files.datasets import rows
from tui_eval.files.evidence import FileCache
from tui_eval.ui.scene import About
from tui_eval.ui.screens.skipped import skipped_items
from tui_eval.ui.source import about

TOML = (
    '[models.tuned]\nanswers = "val.jsonl"\n'
    '[data]\nvalidation = "val.jsonl"\ntrain = "train.jsonl"\noff_task = "off.jsonl"\n'
)


def told(folder: Path) -> About:
    (folder / "eval.toml").write_text(TOML)
    config = configuration.load(folder / "eval.toml")
    return about(config, "tuned", FileCache(), fake.start())


def listed(found: About) -> list[str]:
    return ["".join(text for text, _ in one.line) for one in skipped_items(found)]


def test_rows_that_cannot_be_used_are_told_of_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LONGEST", 1000)
    good = "".join(json.dumps(row) + "\n" for row in PAIRS)
    long = json.dumps({"prompt": "x" * 2000, "completion": "y"})
    lone = '{"prompt": "\\ud800", "completion": "z"}'
    (tmp_path / "val.jsonl").write_text(good)
    (tmp_path / "train.jsonl").write_text(f'{good}{{"prompt": "torn\n{lone}\n{long}\n{good}')
    (tmp_path / "off.jsonl").write_text('{"text": "a text"}\n[1]\n')
    found = told(tmp_path)
    assert found.skipped_rows == 4
    assert found.data[-2:] == ("3 training rows skipped", "1 off-task row skipped (↵ lists)")
    places = [line.split("  ")[0] for line in listed(found)]
    assert places == ["train.jsonl line 4", "train.jsonl line 5", "train.jsonl line 6",
                      "off.jsonl line 2"]  # fmt: skip


def test_where_every_row_is_used_nothing_is_told(tmp_path: Path) -> None:
    for name in ("val", "train", "off"):
        lines(tmp_path / f"{name}.jsonl", PAIRS)
    found = told(tmp_path)
    assert found.data == ("3 validation rows", "3 of them are in the training file")
    assert listed(found) == ["Every row of the data files can be used."]
    assert found.first


def test_a_training_file_without_a_row_is_told_once(tmp_path: Path) -> None:
    for name in ("val", "off"):
        lines(tmp_path / f"{name}.jsonl", PAIRS)
    (tmp_path / "train.jsonl").write_text("torn\n")
    (told_once,) = told(tmp_path).data
    assert "train.jsonl has no usable row" in told_once


def test_more_than_are_kept_are_counted(tmp_path: Path) -> None:
    for name in ("val", "off"):
        lines(tmp_path / f"{name}.jsonl", PAIRS)
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' + "torn\n" * 1005)
    found = told(tmp_path)
    assert found.data[-1] == "1,005 training rows skipped (↵ lists)"
    assert listed(found)[-1] == "and 5 more"
