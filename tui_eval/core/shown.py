"""A table's cells as a person reads them: the digits that an interval deserves, figures on
their point. Screens and reports lay these columns out, each in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui_eval.core.figures import count, deserved, figure, on_the_point, percent
from tui_eval.core.reading import Cell, Column, Table
from tui_eval.core.text import cells, clean

CELL = 240
"""Characters of a cell that are ever looked at."""
MEASURED = 500
"""Rows whose texts decide a column's width."""
INTERVAL = "95% interval"
MOST_DIGITS = 7
UNKNOWN = 3
"""Digits of a figure whose row has no interval to deserve any."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as drawn: heading, a text per row (foreign ones still raw) and its side."""

    title: str
    texts: Sequence[Cell]
    right: bool
    spare: bool = False
    flowing: frozenset[int] = frozenset()
    """Rows of which the column's text may reach over the empty columns behind it."""

    @property
    def width(self) -> int:
        rows = (row for row in range(min(MEASURED, len(self.texts))) if row not in self.flowing)
        measured = (cells(self.text(row)) for row in rows)
        return max(cells(self.title), max(measured, default=0))

    def text(self, row: int) -> str:
        value = self.texts[row]
        if self.right:
            return str(value)
        return "" if value is None else clean(str(value)[: 2 * CELL], limit=CELL)


def shown_columns(table: Table, dots: str = " … ") -> list[Shown]:
    """A table's columns as texts; ``low`` and ``high`` become one interval, with ``dots``
    between its ends."""
    keys = [column.key for column in table.columns]
    made: list[Shown] = []
    for place, column in enumerate(table.columns):
        values = [row[place] if place < len(row) else None for row in table.rows]
        if column.key == "high" and "low" in keys:
            continue
        if column.key == "low" and "high" in keys:
            highs = [row[keys.index("high")] for row in table.rows]
            texts = _intervals(values, highs, column, _digits(table, place), dots)
            if any(texts):
                made.append(Shown(INTERVAL, texts, True))
            continue
        title = clean(column.title, limit=40)
        if column.kind == "text":
            made.append(Shown(title, values, False, column.spare, _flowing(table, place)))
            continue
        digits = _digits(table, place)
        texts = on_the_point(
            [_number(value, column, at, "-") for value, at in zip(values, digits, strict=True)]
        )
        made.append(Shown(title, texts, True, column.spare))
    return made


def _flowing(table: Table, place: int) -> frozenset[int]:
    """Rows that are notes (``Table.opens``), of which this is the last text."""
    said = (row for row, kind in enumerate(table.opens) if kind == "note")
    rows = table.rows
    return frozenset(
        row
        for row in said
        if rows[row][place] and all(cell in (None, "") for cell in rows[row][place + 1 :])
    )


def _digits(table: Table, place: int) -> list[int]:
    """Per row the digits that its interval deserves, or all rows'; else the column's own."""
    column = table.columns[place]
    if column.digits >= 0:
        return [_decimals(table, place)] * len(table.rows)
    keys = [one.key for one in table.columns]
    lows, highs = ([row[keys.index(key)] for row in table.rows] for key in ("low", "high"))
    other = replace(column, digits=UNKNOWN)
    return [_interval_decimals([low], [high], other) for low, high in zip(lows, highs, strict=True)]


def _decimals(table: Table, place: int) -> int:
    """The digits that the interval beside a column deserves, else the column's own."""
    keys = [column.key for column in table.columns]
    column = table.columns[place]
    if "low" not in keys or keys.index("low") != place + 1 or "high" not in keys:
        return column.digits
    return _interval_decimals(
        [row[place + 1] for row in table.rows],
        [row[keys.index("high")] for row in table.rows],
        column,
    )


def _interval_decimals(lows: Sequence[Cell], highs: Sequence[Cell], column: Column) -> int:
    scale = 100 if column.kind == "percent" else 1
    known = [
        deserved(scale * low, scale * high)
        for low, high in zip(lows, highs, strict=True)
        if isinstance(low, int | float) and isinstance(high, int | float) and low != high
    ]
    return min(4, max(known)) if known else column.digits


def _intervals(
    lows: Sequence[Cell],
    highs: Sequence[Cell],
    column: Column,
    digits: Sequence[int],
    dots: str,
) -> list[str]:
    if column.kind == "percent":
        digits = [column.digits] * len(lows)
    elif column.digits >= 0:
        digits = [_interval_decimals(lows, highs, column)] * len(lows)
    ends = [
        on_the_point(
            [
                _number(end, column, at if column.digits >= 0 else _sided(end, at), "")
                for end, at in zip(some, digits, strict=True)
            ]
        )
        for some in (lows, highs)
    ]
    return [
        f"{low}{dots}{high}" if low.strip() and high.strip() else ""
        for low, high in zip(*ends, strict=True)
    ]


def _sided(end: Cell, digits: int) -> int:
    """Digits from which an end tells on which side of 0 it is; what is rounding is 0."""
    if not isinstance(end, int | float) or digits < 0:
        return digits
    while end and digits < MOST_DIGITS and not round(end, digits):
        digits += 1
    return digits


def _number(value: Cell, column: Column, decimals: int, nothing: str) -> str:
    if isinstance(value, str):
        return clean(value, limit=40)
    if value is None:
        return nothing
    if column.kind == "percent":
        sign = "+" if value > 0 and column.key in ("change", "difference") else ""
        return sign + percent(value, column.digits)
    if column.kind == "count":
        return count(value)
    sign = "+" if value > 0 and column.key == "difference" else ""
    return sign + figure(float(value), decimals)
