"""A confusion matrix as a grid of counts with a cursor: ``tab`` turns base and tuned."""

from __future__ import annotations

from typing import Literal

from tui_eval.core.figures import count, percent
from tui_eval.core.reading import Plot
from tui_eval.core.steps.task_metrics_chosen import MATRIX, Chosen, label_text
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, filled, fit, line

SHADES = ((0.05, "░", "."), (0.2, "▒", ":"), (0.5, "▓", "+"), (1.01, "█", "#"))
"""Up to which share of its row a cell has a shade, and the same in ASCII."""
LEGEND = "of its row: {} under 5%  {} to 20%  {} to 50%  {} more"
LEAST, MOST = 6, 13
"""Cells of a column's name at least, and of a column at most."""
NAMES = {"base": "○ base", "tuned": "● tuned"}


class MatrixView:
    """True labels downwards, answered ones across. What is right stands on the diagonal."""

    def __init__(self, plot: Plot, fancy: bool = True) -> None:
        self.fancy = fancy
        self.side: Literal["base", "tuned"] = "tuned"
        self.row = self.column = 0
        self._top = self._left = 0
        self._page = 1
        self._began = False
        self._numbered = False
        self.rows = Rows(self)
        self.update(plot)

    def update(self, plot: Plot) -> None:
        here = self._cell() if self._began else None
        self.plot = plot
        self.counts = {
            side: [[int(y) for y in s.y] for s in plot.series if s.role == side]
            for side in ("base", "tuned")
        }
        self.labels = [s.name for s in plot.series if s.role == "tuned"]
        # Rows of labels that are never true hold nothing.
        self.trues = [at for at, row in enumerate(self.counts["tuned"]) if sum(row)]
        if here is not None and here[0] in self.labels and here[1] in self.labels:
            at = self.labels.index(here[0])
            self.row = self.trues.index(at) if at in self.trues else 0
            self.column = self.labels.index(here[1])
        elif not self._began and self._confused():
            self.row, self.column = self._confused()[0]
        self._began = True
        self.row = max(0, min(self.row, len(self.trues) - 1))
        self.column = max(0, min(self.column, len(self.labels) - 1))

    # The cursor

    def _cell(self) -> tuple[str, str] | None:
        if not self.trues:
            return None
        return self.labels[self.trues[self.row]], self.labels[self.column]

    def _count(self, side: str) -> int:
        rows = self.counts[side]
        return rows[self.trues[self.row]][self.column] if rows and self.trues else 0

    @property
    def ref(self) -> str:
        """The items of the cell under the cursor; nothing where there are none."""
        cell = self._cell()
        if cell is None or not self._count(self.side):
            return ""
        task = self.plot.key.removeprefix(MATRIX)
        return Chosen(task, true=cell[0], said=cell[1], side=self.side).ref

    def move(self, columns: int) -> bool:
        before = self.column
        self.column = max(0, min(self.column + columns, len(self.labels) - 1))
        return before != self.column

    def down(self, rows: int) -> bool:
        before = self.row
        self.row = max(0, min(self.row + rows, len(self.trues) - 1))
        return before != self.row

    def turn(self) -> bool:
        """To the other model."""
        if not self.counts["base"]:
            return False
        self.side = "base" if self.side == "tuned" else "tuned"
        return True

    def next_event(self, by: int) -> bool:
        """To the next commonest confusion, or back to the one before."""
        ranked = self._confused()
        if not ranked:
            return False
        here = (self.row, self.column)
        at = ranked.index(here) if here in ranked else -1 if by > 0 else 0
        self.row, self.column = ranked[(at + by) % len(ranked)]
        return True

    def _confused(self) -> list[tuple[int, int]]:
        rows = self.counts[self.side]
        found = [
            (-rows[true][said], row, said)
            for row, true in enumerate(self.trues)
            for said in range(len(self.labels))
            if true != said and rows[true][said]
        ]
        return [(row, said) for _, row, said in sorted(found)]

    # The picture

    def draw(self, width: int, height: int, cursor: bool = True) -> list[Line]:
        """Title, what the cursor is on, heads, rows; what the shades mean where there is room.
        Without a cursor it only looks on."""
        title = self._title(width, cursor)
        if not self.trues:
            return filled([title, line(("nothing to compare yet", "dim"))], height)
        made = [title, *([self._readout(width)] if cursor else [])]
        names = min(max(cells(label_text(self.labels[at])) for at in self.trues), width // 4)
        size, shown = self._columns(width - names - 1)
        self._numbered = shown < len(self.labels)
        if self._numbered:
            # Their names are the rows': the whole is worth more than reading them twice.
            names += self._ordinal + 1
            size, shown = self._narrow(width - names - 1)
        legend = height >= len(self.trues) + 7
        self._page = max(1, height - len(made) - 2 - (2 if legend else 0))
        self._follow(shown)
        made.append(self._beyond(shown))
        made.append(self._heads(names, size, shown))
        for row in range(self._top, min(len(self.trues), self._top + self._page)):
            made.append(self._row(row, names, size, shown, cursor and row == self.row))
        if legend:
            signs = [fancy if self.fancy else plain for _, fancy, plain in SHADES]
            unparsed = f"  ? {label_text('')}" if self._numbered and "" in self.labels else ""
            made += [[], line((LEGEND.format(*signs) + unparsed, "dim"))]
        return [cropped(one, width) for one in filled(made, height)]

    @property
    def _ordinal(self) -> int:
        """Cells of the greatest number of a label."""
        return len(str(len(self.labels)))

    def _digits(self) -> int:
        return len(count(max(n for rows in self.counts.values() for row in rows for n in row)))

    def _columns(self, room: int) -> tuple[int, int]:
        """Cells of one column with its name, and how many columns there is room for. A name that
        would be cut to less than ``LEAST`` is no name."""
        total = len(count(max(sum(row) for row in self.counts["tuned"]))) + 2
        wide = max(cells(label_text(label)) for label in self.labels) + 2
        least = max(self._digits() + 4, min(wide, LEAST + 2))
        each = (room - total) // max(1, len(self.labels))
        size = max(least, min(MOST, wide, each))
        return size, max(1, min(len(self.labels), (room - total) // size))

    def _narrow(self, room: int) -> tuple[int, int]:
        """The same for columns with a number as their head."""
        total = len(count(max(sum(row) for row in self.counts["tuned"]))) + 2
        least = max(self._digits() + 3, self._ordinal + 2)
        each = (room - total) // max(1, len(self.labels))
        size = max(least, min(MOST, each))
        return size, max(1, min(len(self.labels), (room - total) // size))

    def _follow(self, shown: int) -> None:
        for name, at, page in (("_top", self.row, self._page), ("_left", self.column, shown)):
            first = getattr(self, name)
            if at < first:
                first = at
            elif at >= first + page:
                first = at - page + 1
            setattr(self, name, first)
        self._top = max(0, min(self._top, len(self.trues) - self._page))
        self._left = max(0, min(self._left, len(self.labels) - shown))

    def _title(self, width: int, keys: bool) -> Line:
        other = {"base": "tuned", "tuned": "base"}[self.side]
        made = line(
            (clean(self.plot.title, limit=60), "dim"), "  ", (NAMES[self.side], f"{self.side}!")
        )
        if self.counts["base"] and keys:
            made += line(("   tab: ", "dim"), (NAMES[other], other))
        made += line(*((f"   {clean(note, limit=80)}", "dim") for note in self.plot.notes))
        return cropped(made, width)

    def _readout(self, width: int) -> Line:
        cell = self._cell()
        assert cell is not None
        sides = [side for side in ("base", "tuned") if self.counts[side]]
        made = line(("true ", "dim"), label_text(cell[0]), (", answered ", "dim"))
        made += line(label_text(cell[1]), (":", "dim"))
        total = sum(self.counts["tuned"][self.trues[self.row]])
        for side in sides:
            found = self._count(side)
            share = f" ({percent(found / total, 0)})" if side == self.side else ""
            made += line("  ", ("○ " if side == "base" else "● ", side), (count(found), "text!"))
            made += line((share, "dim"))
        return cropped([*made, (f" of {count(total)}", "dim")], width)

    def _heads(self, names: int, size: int, shown: int) -> Line:
        last = self._left + shown
        made = fit("true", names)
        for at in range(self._left, last):
            label = self.labels[at]
            name = (str(at + 1) if label else "?") if self._numbered else label_text(label)
            made += f" {fit(name, size - 2, right=True)} "
        return line((f"{made}  n", "dim"))

    def _beyond(self, shown: int) -> Line:
        """How many columns are not seen, and on which side."""
        left, right = self._left, len(self.labels) - self._left - shown
        told = [f"{n} more {where}" for n, where in ((left, "to the left"), (right, "to the right"))
                if n]  # fmt: skip
        return line((f"answered: {' and '.join(told)}" if told else "", "caution"))

    def _row(self, row: int, names: int, size: int, shown: int, here: bool) -> Line:
        true = self.trues[row]
        values = self.counts[self.side][true]
        total = sum(values) or 1
        digits = max(len(count(n)) for n in values)
        made = []
        if self._numbered:
            made = line((f"{true + 1:>{self._ordinal}} ", "dim"))
            names -= self._ordinal + 1
        made += line((fit(label_text(self.labels[true]), names), "text!" if here else "text"))
        for at in range(self._left, self._left + shown):
            cursor = here and at == self.column
            value = values[at]
            words = count(value) if value else "·" if self.fancy else "-"
            room = size - 2 - digits
            # At the narrowest, shade and count stand side by side.
            blocks = self._shade(value / total) * max(1, room - 1) + " " * (room > 1)
            inner = f"{blocks}{words:>{digits}}" if value else fit(words, size - 2, right=True)
            role = "dim" if not value else "good" if at == true else "bad"
            ends = ("[", "]") if cursor else (" ", " ")
            made += [(ends[0], "accent!"), (inner, f"{role}!" if cursor else role)]
            made.append((ends[1], "accent!"))
        return [*made, (f"  {count(total)}", "dim")]

    def _shade(self, share: float) -> str:
        for most, fancy, plain in SHADES:
            if share < most:
                return fancy if self.fancy else plain
        return ""

    def position(self) -> str:
        if len(self.trues) <= self._page:
            return ""
        last = min(len(self.trues), self._top + self._page)
        return f"{self._top + 1}-{last} of {len(self.trues)}"


class Rows:
    """What the list keys move: the cursor up and down."""

    def __init__(self, view: MatrixView) -> None:
        self._view = view

    def move(self, by: int) -> bool:
        return self._view.down(by)

    def turn(self, pages: int) -> bool:
        return self._view.down(pages * max(1, self._view._page - 1))

    def first(self) -> bool:
        return self._view.down(-len(self._view.trues))

    def last(self) -> bool:
        return self._view.down(len(self._view.trues))

    def position(self) -> str:
        return self._view.position()
