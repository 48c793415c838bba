"""What a person changes in the files that verdicts are made from is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.making import PAIRS, lines
from tests.files.runs import adapter, tensors
from tui_eval import config as configuration
from tui_eval.files.evidence import FileCache
from tui_eval.files.watched import stamps

NAMES = ("val.jsonl", "train.jsonl", "off.jsonl", "answers.jsonl", "eval.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES[:4]:
        lines(tmp_path / name, PAIRS)
    (tmp_path / "eval.toml").write_text(
        '[models.tuned]\nanswers = "answers.jsonl"\n'
        '[data]\nvalidation = "val.jsonl"\ntrain = "train.jsonl"\noff_task = "off.jsonl"\n'
    )
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_each_named_file_is_looked_at(name: str, folder: Path) -> None:
    told = configuration.load(folder / "eval.toml")
    before = stamps(told, "tuned")
    assert stamps(told, "tuned") == before
    other = folder / "other"
    other.write_bytes((folder / name).read_bytes() + b"\n")
    other.replace(folder / name)
    after = stamps(told, "tuned")
    changed = [one != other for one, other in zip(before, after, strict=True)]
    assert changed == [name == "eval.toml", name != "eval.toml"]
    (folder / name).unlink()
    assert stamps(told, "tuned") != after


def test_what_was_read_of_an_older_file_is_not_kept(folder: Path) -> None:
    told, cache = configuration.load(folder / "eval.toml"), FileCache()
    for count in (3, 2, 1):
        lines(folder / "train.jsonl", PAIRS[:count])
        dataset = cache.dataset(told, "tuned", "train")
        assert dataset is not None
        assert dataset.rows == count
        assert len(cache.leaked(told, "tuned") or ()) == count
        cache.measured_key(told, "tuned")
    kept = [key[0] for key in cache._kept]
    assert sorted(map(str, kept)) == ["content", "data", "data", "leaks"]


def test_a_model_that_is_trained_again_in_its_place_is_noticed(folder: Path) -> None:
    adapter(folder / "runs", base="org/base")
    (folder / "eval.toml").write_text('[models.tuned]\npath = "runs"\n')
    told = configuration.load(folder / "eval.toml")
    before = stamps(told, "tuned")
    assert stamps(told, "tuned") == before
    tensors(folder / "runs" / "adapter_model.safetensors", {"lora": b"\4" * 64})
    assert stamps(told, "tuned") != before
