"""What ``measure`` compares with, and where the texts of the overfitting step come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tui_eval import config as configuration
from tui_eval.config import Config
from tui_eval.core.records import Message
from tui_eval.errors import InputError
from tui_eval.files import datasets, measuring
from tui_eval.files.evidence import OFF_TASK, FileCache, data_path, row_limit

TOML = '[models.base]\npath = "m"\n[models.tuned]\npath = "m"\n'


def settings(folder: Path, more: str = "") -> Config:
    (folder / "m").mkdir(exist_ok=True)
    (folder / "eval.toml").write_text(TOML + more)
    return configuration.load(folder / "eval.toml")


def lines(path: Path, count: int) -> Path:
    rows = [{"prompt": f"question {at}", "answer": f"answer {at}"} for at in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_our_own_off_task_texts_are_of_use(tmp_path: Path) -> None:
    config = settings(tmp_path)
    path = data_path(config, "tuned", "off_task")
    assert path == OFF_TASK
    dataset = datasets.read(path, split="off_task", fields=config.data)
    assert len(dataset.samples) >= 50
    assert (dataset.duplicates, dataset.left_out) == (0, 0)
    assert all(sample.text for sample in dataset.samples)


def test_named_off_task_text_comes_first(tmp_path: Path) -> None:
    (tmp_path / "off.jsonl").write_text('{"text": "something else"}\n')
    config = settings(tmp_path, '[data]\noff_task = "off.jsonl"\n')
    assert data_path(config, "tuned", "off_task") == tmp_path / "off.jsonl"


def test_training_rows_are_a_seeded_choice_of_their_own_number(tmp_path: Path) -> None:
    lines(tmp_path / "train.jsonl", 500)
    lines(tmp_path / "val.jsonl", 300)
    data = '[data]\ntrain = "train.jsonl"\nvalidation = "val.jsonl"\n'
    config = settings(tmp_path, data)
    cache = FileCache()
    train = cache.dataset(config, "tuned", "train")
    validation = cache.dataset(config, "tuned", "validation")
    assert train is not None
    assert validation is not None
    assert (len(train.samples), train.rows) == (200, 500)
    assert len(validation.samples) == 300
    assert max(sample.row for sample in train.samples) > 400
    other = settings(tmp_path, data + "[overfitting]\nrows = 0\n")
    assert (row_limit(other, "train"), row_limit(other, "validation")) == (0, 2000)
    whole = cache.dataset(other, "tuned", "train")
    assert whole is not None
    assert len(whole.samples) == 500


def test_a_file_is_named_by_its_bytes(tmp_path: Path) -> None:
    one, other = lines(tmp_path / "a.jsonl", 9), lines(tmp_path / "b.jsonl", 9)
    assert measuring.content_of(one) == measuring.content_of(other)
    other.write_text(one.read_text().replace("answer 8", "answer x"))
    assert measuring.content_of(one) != measuring.content_of(other)
    with pytest.raises(InputError, match="can't be read"):
        measuring.content_of(tmp_path / "none.jsonl")


def test_how_rows_are_read_is_part_of_the_key(tmp_path: Path) -> None:
    config = settings(tmp_path)
    key = measuring.measured_key(config, "bytes")
    assert key == measuring.measured_key(config, "bytes")
    assert key != measuring.measured_key(config, "others")
    fields = replace(config, data=replace(config.data, answer="output"))
    assert key != measuring.measured_key(fields, "bytes")


def test_rows_are_counted_where_lines_tell(tmp_path: Path) -> None:
    assert measuring.about_rows(lines(tmp_path / "a.jsonl", 7)) == 7
    (tmp_path / "a.csv").write_text("prompt,answer\na,b\n")
    assert measuring.about_rows(tmp_path / "a.csv") is None
    (tmp_path / "packed.jsonl").write_bytes(b"\x1f\x8b\n\n")
    assert measuring.about_rows(tmp_path / "packed.jsonl") is None


def test_prompts_are_what_was_said_before_the_last_answer() -> None:
    turns = (
        Message("system", "be kind"),
        Message("user", "one"),
        Message("assistant", "two"),
        Message("user", "three"),
        Message("assistant", "four"),
    )
    assert measuring.prompt_of(turns, None) == "one\ntwo\nthree"
    assert measuring.answers_of(turns, None) == ("two", "four")
    assert measuring.prompt_of((), "plain") == "plain"
    assert measuring.answers_of((), "plain") == ("plain",)
