"""A log that names no steps: its rows were counted, and are called so."""

from __future__ import annotations

import re
from dataclasses import replace

from tui_eval.core.reading import Finding, Reading, Table
from tui_eval.core.records import TrainingLog

COUNTED = "the capture names no steps: its rows are counted"
"""The log's own note, by which it is known."""
_STEP = re.compile(r"\bstep(s?)(?= \d)")


def told(reading: Reading, log: TrainingLog) -> Reading:
    """The Reading with ``row`` for ``step``, where the log counts rows: a step is what a
    checkpoint's name says, and nothing here is one."""
    if COUNTED not in log.notes:
        return reading
    return replace(
        reading,
        headline=_rows(reading.headline),
        summary=_rows(reading.summary),
        findings=tuple(map(_finding, reading.findings)),
        tables={key: _table(one) for key, one in reading.tables.items()},
        plots=tuple(
            replace(plot, x_label="row") if plot.x_label == "step" else plot
            for plot in reading.plots
        ),
        how=tuple(map(_rows, reading.how)),
    )


def _rows(text: str) -> str:
    return _STEP.sub(r"row\1", text)


def _finding(one: Finding) -> Finding:
    at = {("row" if name == "step" else name): value for name, value in (one.at or {}).items()}
    return replace(one, text=_rows(one.text), at=at or one.at)


def _table(table: Table) -> Table:
    columns = (
        replace(one, title="row") if (one.key, one.title) == ("step", "step") else one
        for one in table.columns
    )
    return replace(table, columns=tuple(columns))
