"""A table as a list of rows with a cursor: scrolling, filtering and columns as state.

Texts are cleaned and cut as they are drawn, and columns measured on the first rows, so that
a hostile row (a cell of 200,000 characters) costs what a short one does. Moving within a
page changes two lines; at an edge the list jumps by a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui_eval.core.reading import Cell, Column, Table
from tui_eval.core.text import cells, clean
from tui_eval.ui.format import count, deserved, figure, on_the_point, percent
from tui_eval.ui.terminal import ascii_only
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, filled, fit, line, signed

CELL = 240
"""Characters of a cell that are ever looked at."""
MEASURED = 500
"""Rows whose texts decide a column's width."""
LEAST = 6
"""Cells that a text column keeps when others need room."""
ROOM = 24
"""Cells of a text for which spare columns are left out."""
GAP = "  "
INTERVAL = "95% interval"
UNKNOWN = 3
"""Digits of a figure whose row has no interval to deserve any."""
MOST_DIGITS = 7
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


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


class Listing:
    """State and picture of one table; ``fancy`` allows signs beyond ASCII."""

    def __init__(self, table: Table) -> None:
        self.at = 0
        self.top = 0
        self.words = ""
        self.page = 10
        self.titled = True
        """Whether the table's title had room above its columns when it was drawn."""
        self.update(table)

    def update(self, table: Table) -> None:
        """New rows; the cursor stays on its row's ref, else at its place."""
        ref = self.ref if hasattr(self, "table") else ""
        self.table = table
        self._columns: list[Shown] | None = None
        self._widths: list[int] = []
        self._select()
        if ref and ref in table.refs:
            index = table.refs.index(ref)
            self.at = self.rows.index(index) if index in self.rows else self.at
        self.at = min(self.at, max(0, len(self.rows) - 1))

    def _select(self) -> None:
        """Indices of the rows that hold all the filter's words."""
        wanted = self.words.casefold().split()
        self.rows = [
            index
            for index, cells_ in enumerate(self.table.rows)
            if not wanted or _holds(cells_, wanted)
        ]

    @property
    def index(self) -> int | None:
        """Of the row under the cursor, in the table."""
        return self.rows[self.at] if self.at < len(self.rows) else None

    @property
    def ref(self) -> str:
        """What ``enter`` opens on the row under the cursor, or nothing."""
        index = self.index
        return self.table.refs[index] if index is not None and index < len(self.table.refs) else ""

    @property
    def opens(self) -> str:
        """As what ``ref`` is opened; empty: as its step has it."""
        index = self.index
        kinds = self.table.opens
        return kinds[index] if index is not None and index < len(kinds) else ""

    def move(self, by: int) -> bool:
        before = self.at
        self.at = min(max(0, self.at + by), max(0, len(self.rows) - 1))
        return before != self.at

    def turn(self, pages: int) -> bool:
        return self.move(pages * max(1, self.page - 1))

    def first(self) -> bool:
        return self.move(-len(self.rows))

    def last(self) -> bool:
        return self.move(len(self.rows))

    def filter(self, words: str) -> None:
        """Only rows that hold all of ``words``; all rows for none."""
        self.words = words
        self._select()
        self.at = self.top = 0

    def text(self) -> str:
        """The row under the cursor, for the clipboard."""
        index = self.index
        if index is None:
            return ""
        texts = (column.text(index).strip() for column in self._shown())
        return GAP.join(text for text in texts if text)

    # The picture

    def draw(self, width: int, height: int, cursor: bool = True) -> list[Line]:
        """Title with column heads, then rows; where the cursor is stands in ``cursor_at``."""
        self.page = max(1, height - 1)
        self._follow()
        columns = self._laid_out(width - 2)
        made = [self._heads(columns, width)]
        if not self.rows:
            words = f"no row holds {clean(self.words, limit=40)}" if self.words else "no rows"
            made.append(line(f"  {words}"))
            return filled(made, height)
        for place in range(self.top, min(len(self.rows), self.top + self.page)):
            mark = "▸ " if cursor and place == self.at else "  "
            made.append([(mark, "accent"), *self._row(self.rows[place], columns, width - 2)])
        return filled(made, height)

    @property
    def cursor_at(self) -> int | None:
        """The drawn line of the cursor, counted from the heading; None without rows."""
        return 1 + self.at - self.top if self.rows else None

    def position(self) -> str:
        """``1-12 of 50`` where not all is seen."""
        if len(self.rows) <= self.page:
            return ""
        return f"{self.top + 1}-{min(len(self.rows), self.top + self.page)} of {len(self.rows)}"

    def _follow(self) -> None:
        """Scroll by a page at the edges, so that moving inside a page moves nothing else."""
        if self.at < self.top:
            self.top = max(0, self.at - self.page + 1)
        elif self.at >= self.top + self.page:
            self.top = self.at
        self.top = max(0, min(self.top, len(self.rows) - self.page))

    def _shown(self) -> list[Shown]:
        if self._columns is None:
            self._columns = shown_columns(self.table)
            self._widths = [column.width for column in self._columns]
        return self._columns

    @property
    def width(self) -> int:
        """Cells in which nothing has to be cut."""
        self._shown()
        return 2 + sum(self._widths) + len(GAP) * max(0, len(self._widths) - 1)

    def _laid_out(self, width: int) -> list[tuple[Shown, int]]:
        """Columns with the cells they get: text gives way, the widest first, then columns."""
        columns, sizes = list(self._shown()), list(self._widths)
        while _crowded(columns, sizes, width):
            last = max(at for at, column in enumerate(columns) if column.spare)
            del columns[last], sizes[last]
        least = [size if c.right else min(size, LEAST) for c, size in zip(columns, sizes,
                                                                          strict=True)]  # fmt: skip
        while len(columns) > 2 and sum(least) + len(GAP) * (len(least) - 1) > width:
            # Half a number is another number: the last columns go as a whole.
            columns, sizes, least = columns[:-1], sizes[:-1], least[:-1]
        over = sum(sizes) + len(GAP) * (len(sizes) - 1) - width
        if over > 0:
            # The longest text gets what room there is; names beside it stay short.
            named = sorted(i for i, c in enumerate(columns) if not c.right)
            for i in sorted(named, key=lambda i: sizes[i])[:-1]:
                give = max(0, min(over, sizes[i] - width // 5))
                sizes[i] -= give
                over -= give
        while over > 0:
            texts = [i for i, c in enumerate(columns) if not c.right and sizes[i] > LEAST]
            if not texts:
                break
            widest = max(texts, key=lambda i: sizes[i])
            others = [sizes[i] for i in texts if i != widest]
            give = min(over, max(1, sizes[widest] - max([LEAST, *others])))
            sizes[widest] -= give
            over -= give
        return list(zip(columns, sizes, strict=True))

    def _heads(self, columns: list[tuple[Shown, int]], width: int) -> Line:
        """Column heads; the table's title stands over the text columns at the left."""
        lead = 0
        while lead < len(columns) and not columns[lead][0].right:
            lead += 1
        left = sum(size for _, size in columns[:lead]) + len(GAP) * max(0, lead - 1)
        title = clean(self.table.title, limit=80)
        rest = GAP.join(fit(c.title, size, c.right) for c, size in columns[lead:])
        self.titled = bool(lead) and cells(title) <= left + 2
        if self.titled:
            head = fit(title, left + 2)
        elif lead:
            head = "  " + GAP.join(fit(c.title, size) for c, size in columns[:lead])
        else:
            head = ""
        return cropped(signed(head + (GAP if lead else "  ") + rest, "dim"), width)

    def _row(self, index: int, columns: list[tuple[Shown, int]], width: int) -> Line:
        texts: list[str] = []
        for c, size in columns:
            if index in c.flowing:
                room = width - sum(cells(text) + len(GAP) for text in texts)
                texts.append(apart(fit(c.text(index), room).rstrip()))
                break
            texts.append(apart(fit(c.text(index), size, c.right)))
        return signed(GAP.join(texts), "text")


def _crowded(columns: Sequence[Shown], sizes: Sequence[int], width: int) -> bool:
    """Whether a spare column should go, so that texts keep some cells."""
    texts = [size if c.right else min(size, ROOM) for c, size in zip(columns, sizes, strict=True)]
    return any(c.spare for c in columns) and sum(texts) + len(GAP) * (len(texts) - 1) > width


def apart(text: str) -> str:
    """A text written from right to left must not pull its neighbours' figures along."""
    return f"{text}\u200e" if not text.isascii() and RIGHT_TO_LEFT.search(text) else text


def _holds(row: Sequence[Cell], words: Sequence[str]) -> bool:
    text = " ".join(str(cell)[:CELL] for cell in row if cell is not None).casefold()
    return all(word in text for word in words)


def shown_columns(table: Table) -> list[Shown]:
    """A table's columns as texts; ``low`` and ``high`` become one interval."""
    keys = [column.key for column in table.columns]
    made: list[Shown] = []
    for place, column in enumerate(table.columns):
        values = [row[place] if place < len(row) else None for row in table.rows]
        if column.key == "high" and "low" in keys:
            continue
        if column.key == "low" and "high" in keys:
            highs = [row[keys.index("high")] for row in table.rows]
            texts = _intervals(values, highs, column, _digits(table, place))
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
    lows: Sequence[Cell], highs: Sequence[Cell], column: Column, digits: Sequence[int]
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
    dots = " .. " if ascii_only() else " … "
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
