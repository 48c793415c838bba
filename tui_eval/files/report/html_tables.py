"""Tables in HTML: figures on their point, columns that a small script can sort."""

from __future__ import annotations

from dataclasses import replace

from tui_eval.core.reading import Cell, Table, finite
from tui_eval.core.shown import INTERVAL, Shown, shown_columns
from tui_eval.core.text import ELLIPSIS, clean
from tui_eval.files.report.markup import Markup, join, tag
from tui_eval.files.report.memo import Sheet

MARKS = {"good": "✓", "caution": "!", "bad": "✗", "not_enough": "?", "waiting": "…", "note": "·"}
WORDS = {"not_enough": "not enough"}
TONES = {WORDS.get(name, name): name for name in MARKS}
ROWS = 100
"""More are in the JSON report; here the rest is counted."""
NAME, TEXT = 22, 110
"""Characters up to which a text stands on one line, and from which it is a long one."""
POINT, DIGIT = "\u2008", "\u2007"
"""Spaces as wide as a point and a digit: what a shorter figure lacks behind its point."""


def sheet(block: Sheet, id: str) -> Markup:
    table = block.table
    shown = table if block.whole else replace(table, rows=table.rows[:ROWS])
    columns = shown_columns(shown)
    more = len(table.rows) - len(shown.rows)
    caption = tag("caption", table.title[:1].upper() + table.title[1:]) if table.title else ""
    named = any(column.title for column in columns)
    head = [tag("thead", tag("tr", *map(_head, columns)))] if named else []
    raw = _raw(shown, columns)
    rows = (
        tag(
            "tr",
            *(
                _cell(column, row, raw[at], not at, block.verdicts)
                for at, column in enumerate(columns)
            ),
        )
        for row in range(len(shown.rows))
    )
    made = tag("table", *([caption] if caption else []), *head, tag("tbody", *rows), id=id)
    name = table.title or "table"
    box = tag("div", made, class_="box", tabindex="0", role="region", aria_label=name)
    if more <= 0:
        return box
    return join(box, tag("p", f"and {more:,} more, in the JSON report", class_="quiet"))


def _head(column: Shown) -> Markup:
    if not column.title:
        return tag("td")
    return tag("th", column.title, scope="col", class_="n" if column.right else None)


def _raw(table: Table, columns: list[Shown]) -> list[list[Cell]]:
    """The values behind the texts, to sort by: of an interval its low end."""
    by_title: dict[str, list[Cell]] = {}
    for at, column in enumerate(table.columns):
        title = INTERVAL if column.key == "low" else clean(column.title, limit=40)
        by_title.setdefault(title, [row[at] for row in table.rows])
    return [by_title.get(column.title, []) for column in columns]


def _cell(column: Shown, row: int, raw: list[Cell], first: bool, verdicts: bool) -> Markup:
    text = column.text(row)
    value = raw[row] if row < len(raw) else None
    key = finite(float(value)) if isinstance(value, int | float) else None
    element = "th" if first and not column.right else "td"
    return tag(
        element,
        *([on_point(text)] if column.right else _toned(text) if verdicts else [text]),
        class_="n" if column.right else "tight" if verdicts else _width(text),
        data_v=None if key is None or not column.right else repr(key),
        scope="row" if element == "th" else None,
        dir="auto" if not column.right and not text.isascii() else None,
    )


def _toned(text: str) -> list[str]:
    """``good: 72% lower`` with its first word as verdicts are written."""
    word, colon, rest = text.partition(": ")
    tone = TONES.get(word)
    return [verdict(tone), Markup(" "), rest] if tone and colon else [text]


def verdict(tone: str) -> Markup:
    """Mark and word in the verdict's colour; the word alone says it too."""
    mark = tag("span", MARKS[tone], aria_hidden="true")
    return tag("span", mark, Markup(" "), WORDS.get(tone, tone), class_=f"tone {tone}")


def _width(text: str) -> str | None:
    """A name is never broken; a long text has room to be read in."""
    if len(text) <= NAME:
        return "name"
    return "long" if len(text) > TEXT else "text"


def on_point(text: str) -> str:
    """Padding that keeps decimal points in one column, in spaces as wide as what they stand
    for."""
    bare = text.rstrip(" ")
    missing = len(text) - len(bare)
    if not missing or not bare.strip() or ELLIPSIS in bare:
        return text.strip()
    pad = DIGIT * missing if "." in bare else POINT + DIGIT * (missing - 1)
    return bare.lstrip() + pad
