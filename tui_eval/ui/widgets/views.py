"""The views of a Reading: what ``v`` goes through, and how each is laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core.reading import Plot, Reading, Table
from tui_eval.ui.scene import Beside
from tui_eval.ui.widgets.curve import Another
from tui_eval.ui.widgets.curve_layers import Signs
from tui_eval.ui.widgets.curve_view import CurveView
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.matrix import MatrixView, Rows
from tui_eval.ui.widgets.measured import lines as measured_lines
from tui_eval.ui.widgets.number_grid import number_grid
from tui_eval.ui.widgets.plot import PlotView, update, view_of
from tui_eval.ui.widgets.reading_view import all_reason_rows, number_rows
from tui_eval.ui.widgets.rows import READ, WIDE, beside, filled
from tui_eval.ui.widgets.scale import ScaleView
from tui_eval.ui.widgets.view_list import (
    OVERVIEW,
    WORDS,
    View,
    columns_shown,
    is_small,
    leads,
    others,
    views_of,
)

ROOMY = 28
"""Lines from which numbers stand between the reasons and the plot."""
TALL = 42
"""Lines that a plot grows to."""


Given = tuple[Plot, Sequence[Plot], Another | None]
"""A plot, the plots that its readout tells too, and what is drawn beside it."""

COUNTS = frozenset({"planned", "ready"})
"""Numbers that are there before anything was measured or judged."""


def measured(reading: Reading) -> bool:
    return any(n.value for name, n in reading.numbers.items() if name not in COUNTS)


class Words:
    """All reasons and numbers in full, scrolled by lines."""

    def __init__(self, reading: Reading) -> None:
        self.top = 0
        self.page = 10
        self.update(reading)

    def update(self, reading: Reading) -> None:
        self.reading = reading
        self._made: tuple[int, list[Line]] = (-1, [])

    def _lines(self, width: int) -> list[Line]:
        if self._made[0] != width:
            reading = self.reading
            reasons = all_reason_rows(reading.findings, min(width, 100))
            # Before the first result a column of dashes would only look like one.
            numbers = number_rows(reading.numbers, width) if measured(reading) else []
            gap: list[Line] = [[]] if reasons and numbers else []
            self._made = width, [*reasons, *gap, *numbers]
        return self._made[1]

    def move(self, by: int) -> bool:
        before = self.top
        self.top = max(0, min(self.top + by, len(self._made[1]) - self.page))
        return before != self.top

    def turn(self, pages: int) -> bool:
        return self.move(pages * max(1, self.page - 1))

    def first(self) -> bool:
        return self.move(-len(self._made[1]))

    def last(self) -> bool:
        return self.move(len(self._made[1]))

    def draw(self, width: int, height: int) -> list[Line]:
        lines = self._lines(width)
        self.page = height
        self.move(0)
        return filled(lines[self.top : self.top + height], height)

    def position(self) -> str:
        total = len(self._made[1])
        if total <= self.page:
            return ""
        return f"{self.top + 1}-{min(total, self.top + self.page)} of {total}"


@dataclass
class Picture:
    """Lines, and which of them is under the cursor."""

    lines: list[Line] = field(default_factory=list)
    cursor: int | None = None


class Plots(Mapping[str, PlotView]):
    """A view of each plot, made or brought up to date when it is asked for: a long log has
    plots that nobody looks at."""

    def __init__(self, signs: Signs) -> None:
        self._signs = signs
        self._given: dict[str, Given] = {}
        self._made: dict[str, PlotView] = {}
        self._old: set[str] = set()

    def take(self, given: dict[str, Given]) -> None:
        self._given, self._old = given, set(given)
        self._made = {key: view for key, view in self._made.items() if key in given}

    def __getitem__(self, key: str) -> PlotView:
        if key in self._old:
            plot, others, beside = self._given[key]
            view = self._made.get(key)
            if view is None or not update(view, plot, others, beside):
                view = view_of(plot, others, self._signs, beside)
            self._made[key] = view
            self._old.discard(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


class Views:
    """All views of a step with their state, which outlives new Readings."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.reading: Reading | None = None
        self.beside: Beside | None = None
        self.plots = Plots(signs)
        self.tables: dict[str, Listing] = {}
        self.words: Words | None = None
        self.views: tuple[View, ...] = ()
        self.at = 0
        self._from = ""
        """The view that another was opened from."""
        self._turned = False
        """A person chose the view; until then the first one is it, also when it comes late."""

    @property
    def view(self) -> View | None:
        return self.views[self.at] if self.views else None

    def update(self, reading: Reading, beside: Beside | None = None) -> None:
        self.reading, self.beside = reading, beside
        self._take_plots(reading.plots)
        self._take_tables(reading.tables)
        if self.words is None:
            self.words = Words(reading)
        self.words.update(reading)
        here = self.view
        self.views = views_of(reading)
        keys = [view.key for view in self.views]
        chosen = self._turned and here is not None and here.key in keys
        self.at = keys.index(here.key) if chosen and here is not None else 0

    def _take_plots(self, plots: Sequence[Plot]) -> None:
        first = plots[0] if plots else None
        self.plots.take(
            {p.key: (p, others(p, plots) if p is first else (), self._another(p.key))
             for p in plots}
        )  # fmt: skip

    def _another(self, plot: str) -> Another | None:
        lines = self.beside.lines.get(plot) if self.beside is not None else None
        return Another(self.beside.name, lines) if self.beside is not None and lines else None

    def _take_tables(self, tables: Mapping[str, Table]) -> None:
        kept, self.tables = self.tables, {}
        for key, table in tables.items():
            listing = kept.get(key) or Listing(table)
            if listing.table != table:
                listing.update(table)
            self.tables[key] = listing

    def open(self, key: str) -> bool:
        """Turn to the view of a table or plot; ``back`` leads where this began."""
        found = [at for at, one in enumerate(self.views) if key and key in (one.table, one.plot)
                 and one.key != OVERVIEW]  # fmt: skip
        if not found or self.view is None:
            return False
        self._from = self.view.key
        self.at, self._turned = found[0], True
        return True

    def back(self) -> bool:
        """From an opened view to the one that it was opened from."""
        keys = [view.key for view in self.views]
        if self._from not in keys:
            return False
        self.at, self._from = keys.index(self._from), ""
        return True

    def turn(self, by: int) -> bool:
        self._from = ""
        if len(self.views) < 2:
            return False
        self.at = (self.at + by) % len(self.views)
        self._turned = True
        return True

    @property
    def plot(self) -> PlotView | None:
        return self.plots.get(self.view.plot) if self.view is not None else None

    @property
    def listing(self) -> Listing | None:
        return self.tables.get(self.view.table) if self.view is not None else None

    @property
    def scrolled(self) -> Listing | Words | Rows | None:
        """What the list keys move."""
        if self.view is not None and self.view.key == WORDS:
            return self.words
        plot = self.plot
        if isinstance(plot, MatrixView) and self.listing is None:
            return plot.rows
        return self.listing

    def position(self) -> str:
        """Which view this is, and which rows of it are seen."""
        if self.view is None:
            return ""
        parts = [self.scrolled.position() if self.scrolled is not None else ""]
        if len(self.views) > 1:
            # A plot says its own name, and a table that has the room.
            listing = self.listing
            told = listing.titled if listing is not None else bool(self.view.plot)
            own = self.view.key not in (OVERVIEW, WORDS) and told
            name = "" if own else f"{self.view.title}, "
            parts.append(f"{name}view {self.at + 1} of {len(self.views)}")
        return " · ".join(part for part in parts if part)

    # The picture

    def draw(self, width: int, height: int) -> Picture:
        """The view; with ``WIDE`` cells what else fits stands beside it."""
        view = self.view
        if view is None or height < 1:
            return Picture()
        if view.key == WORDS and self.words is not None:
            return Picture(self.words.draw(width, height))
        if view.key == OVERVIEW:
            return self._overview(view, width, height)
        if view.plot:
            return self._plot(view, width, height)
        listing = self.tables[view.table]
        return Picture(listing.draw(min(width, READ), height), listing.cursor_at)

    def _plot(self, view: View, width: int, height: int) -> Picture:
        """A plot; the first one with numbers above it and tables below or beside it where
        there is room."""
        if view != self.views[0] or self.reading is None:
            return Picture(self.plots[view.plot].draw(width, min(TALL, height)))
        drawn: list[Line] = []
        if height >= ROOMY:
            drawn = [*number_grid(self.reading.numbers, width), []]
        room = height - len(drawn)
        if width >= WIDE:
            left = width * 3 // 5
            plot = self.plots[view.plot].draw(left, min(TALL, room))
            return Picture(
                [*drawn, *beside(plot, self._side(self.views[1:], width - left - 3, room), left)]
            )
        table = next(iter(self.tables.values()), None)
        below = 0 if table is None else min(len(table.rows) + 2, room - 22)
        drawn += self.plots[view.plot].draw(width, min(TALL, room - max(0, below)))
        if table is not None and below > 4:
            drawn += [[], *table.draw(width, below - 1, cursor=False)]
        return Picture(drawn)

    def _side(self, views: Sequence[View], width: int, height: int) -> list[Line]:
        """Tables and further plots under one another, as many as fit."""
        drawn: list[Line] = []
        for view in views:
            room = height - len(drawn)
            if room < 8 or view.key == WORDS:
                continue
            if view.table:
                listing = self.tables[view.table]
                made = listing.draw(width, min(listing.height, room), cursor=False)
            else:
                plot = self.plots[view.plot]
                made = (
                    plot.draw(width, room, cursor=False)
                    if isinstance(plot, MatrixView)
                    else plot.draw(width, min(16, room))
                )
            drawn += [*made, []]
        return drawn

    def _overview(self, view: View, width: int, height: int) -> Picture:
        """Small tables and numbers, plots side by side, then the list."""
        scale, main = self.plots.get(view.plot), self.tables.get(view.table)
        if isinstance(scale, ScaleView) and main is not None:
            others = {key: plot for key, plot in self.plots.items() if key != view.plot}
            reading = self.reading
            return Picture(*measured_lines(scale, main, others, reading, width, height))
        drawn = self._figures(view, width, height)
        listing = self.tables.get(view.table)
        plots = self._plots_room(height - len(drawn), listing)
        if plots:
            drawn += [*self._plots_beside(view, width, plots), []]
        if listing is None:
            return Picture(drawn)
        place = len(drawn)
        spare = height - place - len(listing.table.rows) - 2
        if leads(self.reading, view.table) and spare > 0:
            return self._led(listing, width, height)
        drawn += listing.draw(min(width, READ), max(2, height - place))
        return Picture(drawn, None if listing.cursor_at is None else place + listing.cursor_at)

    def _led(self, listing: Listing, width: int, height: int) -> Picture:
        """The first table whole, with what follows it below, and beside it where there is
        width."""
        rows = listing.height
        left = max(width // 2, min(listing.width, width * 5 // 8)) if width >= WIDE else width
        shown = self.views[1:]
        if width < WIDE:
            drawn = [*listing.draw(width, rows), []]
            room = height - rows - 1
            return Picture([*drawn, *self._side(self._whole(shown, room), width, room)],
                           listing.cursor_at)  # fmt: skip
        beside_it = [view for view in shown if view.plot] or list(shown[:1])
        room = height - rows - 1
        below = self._whole([view for view in shown if view not in beside_it], room)
        drawn = [*listing.draw(left, rows), [], *self._side(below, left, room)]
        right = self._side(beside_it, width - left - 3, height)
        return Picture(beside(drawn, right, left), listing.cursor_at)

    def _whole(self, views: Sequence[View], room: int) -> list[View]:
        """The first views that can be seen whole in so many lines; half a table is left out."""
        found = []
        for view in views:
            size = self.tables[view.table].height + 1 if view.table else 8
            if size <= room:
                found.append(view)
                room -= size
        return found

    def _figures(self, view: View, width: int, height: int) -> list[Line]:
        """The small tables; with room, the other numbers; with width, the larger tables."""
        drawn: list[Line] = []
        for key, listing in self.tables.items():
            if is_small(listing.table) and key != view.table:
                drawn += [*listing.draw(width, listing.height, cursor=False), []]
        if height < ROOMY or self.reading is None:
            return drawn
        hidden = columns_shown(self.reading)
        led = leads(self.reading, view.table)
        numbers = {k: n for k, n in self.reading.numbers.items() if k not in hidden and not led}
        left = (width - 3) // 2 if width >= WIDE else width
        drawn += number_grid(numbers, left)
        large = [k for k, t in self.tables.items() if not is_small(t.table) and k != view.table]
        if width >= WIDE and large:
            room = max(len(drawn), 8)
            listing = self.tables[large[0]]
            made = listing.draw(width - left - 3, min(room, listing.height), False)
            drawn = beside(drawn, made, left)
        return [*drawn, []]

    @property
    def _curves(self) -> list[str]:
        """Plots that say something at half their size: a matrix doesn't."""
        plots = self.reading.plots if self.reading is not None else ()
        return [plot.key for plot in plots if plot.kind != "matrix"]

    def _plots_room(self, room: int, listing: Listing | None) -> int:
        """Lines for the plots: what the list leaves, at least 5 or none at all."""
        if not self._curves:
            return 0
        if listing is None:
            return min(16, room)
        wanted = room - 1 - min(listing.height, max(4, room // 2))
        return min(14, wanted) if wanted >= 5 else 0

    def _plots_beside(self, view: View, width: int, height: int) -> list[Line]:
        """One, two or three plots by the room there is; bars and histograms need less."""
        keys = sorted(self._curves, key=lambda key: isinstance(self.plots[key], CurveView))
        keys = list(dict.fromkeys([view.plot, *keys]))
        keys = keys[: 3 if width >= WIDE else 2 if width >= 70 else 1]
        if len(keys) == 1:
            return self.plots[keys[0]].draw(width, height)
        left = (width - 3 * (len(keys) - 1)) * (56 if len(keys) == 2 else 36) // 100
        drawn = self.plots[keys[0]].draw(left, height)
        used = left
        for place, key in enumerate(keys[1:], 2):
            rest = width - used - 3
            wide = rest if place == len(keys) else left * 8 // 10
            drawn = beside(drawn, self.plots[key].draw(wide, height), used)
            used += 3 + wide
        return drawn
