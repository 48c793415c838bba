"""One row of a training file by its number, as a finding names it: read up to it, not past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tui_eval.config import DataConfig
from tui_eval.files.datasets import json_rows, shapes
from tui_eval.files.datasets.rows import DamagedRow, Row, container, rows
from tui_eval.files.measuring import TrainingRow, answers_of, prompt_of

_EVERY = 10_000

Progress = Callable[[str, int], None]


def training_row(
    path: Path, fields: DataConfig, number: int, source: str, progress: Progress
) -> TrainingRow | None:
    """The row that ``training_rows`` calls ``number`` of ``source``; None where there is no
    usable one. Lines of JSON before it are counted, not parsed: 5 million take about two
    seconds. ``progress`` is told how far it is, and may raise to end it."""
    for row in _near(path, number, progress):
        if row.number == number and (row.source or path.name) == source:
            return _made(row, path, fields)
    return None


def _near(path: Path, number: int, progress: Progress) -> Iterator[Row]:
    """Rows among which the one is."""
    if container(path) == "json" and json_rows.is_lines(path):
        yield from json_rows.line_at(path, number, lambda at: progress("reading row", at))
        return
    for index, row in enumerate(rows(path, "train", [])):
        if index % _EVERY == 0:
            progress("reading row", index)
        yield row


def _made(row: Row, path: Path, fields: DataConfig) -> TrainingRow | None:
    if row.value is None:
        return None
    try:
        made = shapes.content(row.value, shapes.detect(row.value, fields), fields)
    except (DamagedRow, RecursionError):
        return None
    return TrainingRow(
        row.number,
        row.source or path.name,
        prompt_of(made.messages, made.text),
        answers_of(made.messages, made.text),
    )
