"""CSV logs: Lightning's ``metrics.csv``, Weights & Biases' chart exports, and any other
with a header, a step or epoch, and numbers.

Rows are sparse: a cell is empty where nothing was logged. A chart export has a column for
each run and metric (``run - eval/loss``) with two more for its extremes, which are left
out; of several runs the first is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.names import EPOCHS, STEPS, TIMES, is_axis, own
from tui_eval.files.logs.parts.numbers import finite, number, step_of
from tui_eval.files.logs.parts.reader import FileReader, whole
from tui_eval.files.logs.parts.tail import Lines

_EXTREME = re.compile(r"__(MIN|MAX)\Z")
_LOSS = re.compile(r"loss|perplexity|reward|accuracy", re.IGNORECASE)
_MOST_COLUMNS = 10_000
_SEPARATORS = (",", "\t", ";")


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> FileReader:
    return FileReader(path, "csv", Table)


def is_log(head: bytes) -> bool:
    """Whether the first lines of a file are a log's and not a data set's: a column that
    counts, another that is measured, and numbers in them."""
    first, _, rest = head.partition(b"\n")
    columns = _columns(first)
    if columns is None or (columns.step is None and columns.epoch is None):
        return False
    if not any(_LOSS.search(name) for _, name in columns.metrics):
        return False
    line = rest.partition(b"\n")[0]
    cells = _cells(line, columns.separator)
    at = columns.step if columns.step is not None else columns.epoch
    return cells is None or not line.strip() or (at is not None and _usable(cells, at))


def _usable(cells: list[str], at: int) -> bool:
    return at < len(cells) and (not cells[at].strip() or step_of(cells[at]) is not None)


@dataclass(frozen=True, slots=True)
class _Columns:
    separator: str
    count: int
    step: int | None
    epoch: int | None
    time: int | None
    metrics: tuple[tuple[int, str], ...]
    other_runs: tuple[str, ...]


class Table:
    def __init__(self) -> None:
        self.gathered = Gathered()
        self._lines = Lines()
        self._columns: _Columns | None = None
        self._refused = False
        self._rows = 0

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.feed(chunk):
            self._line(line)
        self.gathered.damaged += self._lines.too_long
        self._lines.too_long = 0

    def end(self) -> None:
        rest = self._lines.take_rest()
        columns = self._columns
        cells = _cells(rest, columns.separator) if columns is not None else None
        # With all its cells the last row is taken as whole.
        if columns is not None and cells is not None and len(cells) == columns.count:
            self._line(rest)
        if columns is None:
            raise InputError("The table has no header line with the names of metrics.")
        if self._rows and not self.gathered.series:
            raise InputError("The table holds no metrics: no training log is in it.")

    def _line(self, line: bytes) -> None:
        if not line.strip() or self._refused:
            return
        if self._columns is None:
            self._columns = _columns(line)
            self._refused = self._columns is None
            if self._columns is not None and self._columns.other_runs:
                others = ", ".join(self._columns.other_runs[:5])
                self.gathered.notes["runs"] = f"of several runs the first is read; also: {others}"
            return
        cells = _cells(line, self._columns.separator)
        if cells is None or len(cells) > self._columns.count:
            self.gathered.damaged += 1
            return
        self._row(cells, self._columns)

    def _row(self, cells: list[str], columns: _Columns) -> None:
        self._rows += 1
        epoch = _cell(cells, columns.epoch)
        step = self._step(cells, columns, epoch)
        if step is None:
            self.gathered.odd_rows += 1
            return
        values = [
            (name, value)
            for at, name in columns.metrics
            if at < len(cells) and cells[at] and (value := number(cells[at])) is not None
        ]
        self.gathered.row(step, values, epoch, _cell(cells, columns.time))

    def _step(self, cells: list[str], columns: _Columns, epoch: float | None) -> float | None:
        if columns.step is not None:
            return step_of(cells[columns.step]) if columns.step < len(cells) else None
        if columns.epoch is not None:
            self.gathered.notes["axis"] = "the table counts epochs, not steps"
            return step_of(epoch)
        self.gathered.notes["axis"] = "the table names no steps: its rows are counted"
        return float(self._rows)


def _columns(line: bytes) -> _Columns | None:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if "\x00" in text:
        return None
    separator = max(_SEPARATORS, key=text.count)
    names = _cells(line, separator)
    if names is None or not 2 <= len(names) <= _MOST_COLUMNS:
        return None
    names = [name.strip().removeprefix("\ufeff") for name in names]
    runs: dict[str, None] = {}
    metrics: dict[int, tuple[str, str]] = {}
    axes = {}
    for at, name in enumerate(names):
        run, dash, metric = name.rpartition(" - ")
        if is_axis(name) or (dash and is_axis(metric)):
            axes[at] = (run if dash else "", metric if dash else name)
        elif name and not _EXTREME.search(name):
            metrics[at] = (run, metric if dash else name)
            if dash:
                runs[run] = None
    chosen, *others = runs or [""]
    # What counts for every run stands before what counts for one.
    own_axes = {name: at for run in (chosen, "") for at, (of, name) in axes.items() if of == run}
    return _Columns(
        separator=separator,
        count=len(names),
        step=_place(own_axes, STEPS),
        epoch=_place(own_axes, EPOCHS),
        time=_place(own_axes, TIMES),
        metrics=tuple(
            (at, own(name)) for at, (run, name) in metrics.items() if run in ("", chosen)
        ),
        other_runs=tuple(others),
    )


def _place(axes: Mapping[str, int], wanted: tuple[str, ...]) -> int | None:
    return next((axes[name] for name in wanted if name in axes), None)


def _cells(line: bytes, separator: str) -> list[str] | None:
    """None for what is no line of a table."""
    try:
        found = next(csv.reader([line.decode("utf-8-sig").rstrip("\r")], delimiter=separator), [])
    except (UnicodeDecodeError, csv.Error):
        return None
    return found if len(found) <= _MOST_COLUMNS else None


def _cell(cells: list[str], at: int | None) -> float | None:
    return finite(cells[at]) if at is not None and at < len(cells) else None
