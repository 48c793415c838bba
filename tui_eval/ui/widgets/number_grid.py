"""A Reading's numbers in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.core.figures import interval_text, on_the_point, value_text
from tui_eval.core.reading import Number
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import beside, cropped, fit, line, width_of


def number_grid(numbers: Mapping[str, Number], width: int, most: int = 3) -> list[Line]:
    """Numbers with their intervals in columns, read downwards; those without a value last."""
    entries = []
    for name, number in numbers.items():
        if number.value is not None:
            label = clean(name, limit=40).replace("_", " ")
            entries.append((label, value_text(number), interval_text(number)))
    if not entries:
        return []
    for columns in range(min(most, len(entries)), 0, -1):
        height = -(-len(entries) // columns)
        blocks = [
            _number_block(entries[start : start + height])
            for start in range(0, len(entries), height)
        ]
        if sum(width_of(block[0]) + 4 for block in blocks) - 4 <= width:
            break
    lines = blocks[0]
    for block in blocks[1:]:
        lines = beside(lines, block, width_of(lines[0]), "    ")
    return [cropped(made, width) for made in lines]


def _number_block(entries: Sequence[tuple[str, str, str]]) -> list[Line]:
    """One column of the grid, all its lines equally wide."""
    names = max(cells(name) for name, _, _ in entries)
    values = on_the_point([value for _, value, _ in entries])
    spans = max(len(interval) for _, _, interval in entries)
    return [
        line(
            (fit(name, names), "dim"),
            f"  {value}",
            (f" {interval:<{spans}}" if spans else "", "dim"),
        )
        for (name, _, interval), value in zip(entries, values, strict=True)
    ]
