"""Words for signs that ASCII has no honest likeness of.

The last net (``terminal.to_ascii``) keeps every cell's place, so an arrow becomes ``>``, and
"1038 > 1053" says something false. Where texts are made, before they are laid out, there is
room for a word.
"""

from __future__ import annotations

from dataclasses import replace

from tui_eval.core.reading import Cell, Reading, Table
from tui_eval.ui.terminal import ascii_only

_WORDS = (
    (" → ", " to "), ("→", " to "), (" … ", " to "), ("↵", "enter"), ("←", "<-"),
    ("≤", "<="), ("≥", ">="), ("±", "+-"),
)  # fmt: skip
_KEYS = (
    ("↵", "enter"), ("←", "left"), ("→", "right"), ("↑", "up"), ("↓", "down"), ("⌫", "backspace"),
)  # fmt: skip


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    if text.isascii() or not ascii_only():
        return text
    for sign, word in pairs:
        text = text.replace(sign, word)
    return text


def spelled(text: str) -> str:
    """A sentence of ours, in a locale without its signs; otherwise as it is."""
    return _replaced(text, _WORDS)


def spelled_keys(text: str) -> str:
    """Names of keys, as ``spelled``."""
    return _replaced(text, _KEYS)


def spelled_reading(reading: Reading) -> Reading:
    """Everything of a Reading that is shown, taken in once; itself where signs can be."""
    if not ascii_only():
        return reading
    return replace(
        reading,
        headline=spelled(reading.headline),
        summary=spelled(reading.summary),
        findings=tuple(replace(f, text=spelled(f.text)) for f in reading.findings),
        numbers={name: replace(n, why=spelled(n.why)) for name, n in reading.numbers.items()},
        tables={key: _table(table) for key, table in reading.tables.items()},
        plots=tuple(
            replace(
                plot,
                title=spelled(plot.title),
                notes=tuple(map(spelled, plot.notes)),
                events=tuple(replace(e, label=spelled(e.label)) for e in plot.events),
            )
            for plot in reading.plots
        ),
        how=tuple(map(spelled, reading.how)),
        advice=tuple(map(spelled, reading.advice)),
    )


def _table(table: Table) -> Table:
    rows = tuple(tuple(map(_cell, row)) for row in table.rows)
    return replace(table, title=spelled(table.title), rows=rows)


def _cell(cell: Cell) -> Cell:
    """Cells hold what data wrote too: an arrow stays an arrow there."""
    if not isinstance(cell, str) or cell.isascii():
        return cell
    return spelled(cell.replace("→", "->"))
