"""One row of a training file by its number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tui_eval.config import Config, DataConfig
from tui_eval.files.measuring import training_rows
from tui_eval.files.training_row import training_row

ROWS = [{"prompt": f"p{n}", "answer": f"a{n}\u202e"} for n in range(1, 6)]


def silent(stage: str, rows: int) -> None: ...


def lines(path: Path) -> Path:
    texts = [json.dumps(row) for row in ROWS]
    texts[2:2] = ["", "not json"]
    path.write_text("\n".join(texts))
    return path


def array(path: Path) -> Path:
    path.write_text(json.dumps(ROWS, indent=1))
    return path


def packed(path: Path) -> Path:
    with gzip.open(path, "wt") as file:
        file.write("\n".join(json.dumps(row) for row in ROWS))
    return path


@pytest.mark.parametrize(
    "path_of",
    [
        lambda folder: lines(folder / "t.jsonl"),
        lambda folder: array(folder / "t.json"),
        lambda folder: packed(folder / "t.jsonl.gz"),
    ],
    ids=["lines", "array", "gzip"],
)
def test_every_row_is_found_by_the_number_it_was_read_under(path_of, tmp_path: Path) -> None:
    path = path_of(tmp_path)
    config = Config(folder=tmp_path, path=tmp_path / "eval.toml")
    known = list(training_rows(path, config))
    assert len(known) == 5
    for row in known:
        assert training_row(path, DataConfig(), row.number, row.source, silent) == row


def test_a_row_that_is_not_there_or_not_usable_is_none(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl")
    for number in (3, 4, 99):
        assert training_row(path, DataConfig(), number, "t.jsonl", silent) is None
    assert training_row(path, DataConfig(), 1, "another.jsonl", silent) is None


def test_reading_on_can_be_ended_and_stops_at_the_row(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text((json.dumps(ROWS[0]) + "\n") * 40_000)
    told: list[int] = []

    def until(stage: str, rows: int) -> None:
        told.append(rows)
        if rows >= 20_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        training_row(path, DataConfig(), 39_000, "t.jsonl", until)
    assert told == [10_000, 20_000]
    told.clear()
    assert training_row(path, DataConfig(), 15_000, "t.jsonl", until) is not None
    assert told == [10_000]
