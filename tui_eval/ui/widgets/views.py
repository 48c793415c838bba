"""The views of a Reading: what ``v`` goes through, and how each is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core.reading import Number, Plot, Reading, Table
from tui_eval.core.text import cells, clean
from tui_eval.ui.format import interval_text, value_text
from tui_eval.ui.widgets.curve import CurveView, Signs
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.plot import PlotView, update, view_of
from tui_eval.ui.widgets.reading_view import all_reason_rows, number_rows
from tui_eval.ui.widgets.rows import beside, cropped, filled, fit, line, padded, width_of

SMALL_ROWS = 4
"""A table without refs and at most this many rows stands above an overview."""
ROOMY = 28
"""Lines from which numbers stand between the reasons and the plot."""
TALL = 30
"""Lines that a plot grows to."""
OVERVIEW = "overview"
WORDS = "words"


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
            numbers = number_rows(reading.numbers, width)
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


@dataclass(frozen=True, slots=True)
class View:
    """One of the views: its name, and the plot and table (by key) that keys act on."""

    key: str
    title: str
    plot: str = ""
    table: str = ""


@dataclass
class Picture:
    """Lines, and which of them is under the cursor."""

    lines: list[Line] = field(default_factory=list)
    cursor: int | None = None


class Views:
    """All views of a step with their state, which outlives new Readings."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.reading: Reading | None = None
        self.plots: dict[str, PlotView] = {}
        self.tables: dict[str, Listing] = {}
        self.words: Words | None = None
        self.views: tuple[View, ...] = ()
        self.at = 0

    @property
    def view(self) -> View | None:
        return self.views[self.at] if self.views else None

    def update(self, reading: Reading) -> None:
        self.reading = reading
        self._take_plots(reading.plots)
        self._take_tables(reading.tables)
        if self.words is None:
            self.words = Words(reading)
        self.words.update(reading)
        here = self.view
        self.views = views_of(reading)
        keys = [view.key for view in self.views]
        self.at = keys.index(here.key) if here is not None and here.key in keys else 0

    def _take_plots(self, plots: Sequence[Plot]) -> None:
        kept, self.plots = self.plots, {}
        for number, plot in enumerate(plots):
            others = _others(plot, plots) if number == 0 else ()
            view = kept.get(plot.key)
            if view is None or not update(view, plot, others):
                view = view_of(plot, others, self.signs)
            self.plots[plot.key] = view

    def _take_tables(self, tables: Mapping[str, Table]) -> None:
        kept, self.tables = self.tables, {}
        for key, table in tables.items():
            listing = kept.get(key) or Listing(table)
            if listing.table != table:
                listing.update(table)
            self.tables[key] = listing

    def turn(self, by: int) -> bool:
        if len(self.views) < 2:
            return False
        self.at = (self.at + by) % len(self.views)
        return True

    @property
    def plot(self) -> PlotView | None:
        return self.plots.get(self.view.plot) if self.view is not None else None

    @property
    def listing(self) -> Listing | None:
        return self.tables.get(self.view.table) if self.view is not None else None

    @property
    def scrolled(self) -> Listing | Words | None:
        """What the list keys move."""
        if self.view is not None and self.view.key == WORDS:
            return self.words
        return self.listing

    def position(self) -> str:
        """Which view this is, and which rows of it are seen."""
        if self.view is None:
            return ""
        parts = [self.scrolled.position() if self.scrolled is not None else ""]
        if len(self.views) > 1:
            parts.append(f"{self.view.title}, view {self.at + 1} of {len(self.views)}")
        return " · ".join(part for part in parts if part)

    # The picture

    def draw(self, width: int, height: int) -> Picture:
        """The view; from 150 cells on the next one beside it."""
        if self.view is None or height < 1:
            return Picture()
        if width < 150 or len(self.views) < 2:
            return self._drawn(self.view, width, height, cursor=True)
        left = width * 3 // 5 if self.view.plot and not self.view.table else min(100, width // 2)
        main = self._drawn(self.view, left, height, cursor=True)
        second = self.views[(self.at + 1) % len(self.views)]
        other = self._drawn(second, width - left - 3, height, cursor=False)
        return Picture(beside(main.lines, other.lines, left, " │ "), main.cursor)

    def _drawn(self, view: View, width: int, height: int, *, cursor: bool) -> Picture:
        if view.key == WORDS and self.words is not None:
            return Picture(self.words.draw(width, height))
        if view.key == OVERVIEW:
            return self._overview(view, width, height, cursor)
        if view.plot:
            return self._plot(view, width, height)
        return self._table(self.tables[view.table], width, height, cursor)

    def _table(self, listing: Listing, width: int, height: int, cursor: bool) -> Picture:
        lines = listing.draw(width, height, cursor)
        return Picture(lines, listing.cursor_at if cursor else None)

    def _plot(self, view: View, width: int, height: int) -> Picture:
        """A plot, with numbers above it and a table below where there is room."""
        drawn: list[Line] = []
        first = bool(self.views) and view.key == self.views[0].key
        if height >= ROOMY and first and self.reading is not None:
            drawn = [*number_grid(self.reading.numbers, width), []]
        table = self._small_enough(height - len(drawn)) if first else None
        below = 0 if table is None else min(len(table.rows) + 2, height - len(drawn) - 18)
        room = min(TALL, height - len(drawn) - below)
        drawn += self.plots[view.plot].draw(width, room)
        if table is not None and below > 3:
            drawn += [[], *table.draw(width, below - 1, cursor=False)]
        return Picture(drawn)

    def _small_enough(self, height: int) -> Listing | None:
        """A table to stand below a plot, where 6 lines or more are left for it."""
        if height < 24 + 6 or not self.tables:
            return None
        return next(iter(self.tables.values()))

    def _overview(self, view: View, width: int, height: int, cursor: bool) -> Picture:
        """Small tables, plots side by side, then the list."""
        drawn: list[Line] = []
        for key, listing in self.tables.items():
            if _small(listing.table) and key != view.table:
                drawn += listing.draw(width, len(listing.table.rows) + 1, cursor=False)
                drawn.append([])
        if height >= ROOMY and self.reading is not None:
            hidden = _columns_shown(self.reading)
            numbers = {k: n for k, n in self.reading.numbers.items() if k not in hidden}
            drawn += [*number_grid(numbers, width), []]
        listing = self.tables.get(view.table) if view.table else None
        room = height - len(drawn)
        plots = self._plots_room(room, listing)
        if plots:
            drawn += [*self._plots_beside(view, width, plots), []]
        if listing is None:
            return Picture(drawn)
        listed = self._table(listing, width, max(2, height - len(drawn)), cursor)
        place = None if listed.cursor is None else len(drawn) + listed.cursor
        return Picture([*drawn, *listed.lines], place)

    def _plots_room(self, room: int, listing: Listing | None) -> int:
        """Lines for the plots: what the list leaves, at least 6 or none at all."""
        if not self.plots:
            return 0
        if listing is None:
            return min(16, room)
        wanted = room - 1 - min(len(listing.table.rows) + 1, max(4, room // 2))
        return min(14, wanted) if wanted >= 5 else 0

    def _plots_beside(self, view: View, width: int, height: int) -> list[Line]:
        keys = [key for key in self.plots if key == view.plot]
        keys += [key for key, made in self.plots.items() if not isinstance(made, CurveView)]
        keys = list(dict.fromkeys(keys))[:2]
        if len(keys) < 2 or width < 70:
            return self.plots[(keys or list(self.plots))[0]].draw(width, height)
        left = (width - 3) * 56 // 100
        return beside(
            self.plots[keys[0]].draw(left, height),
            self.plots[keys[1]].draw(width - left - 3, height),
            left,
            " │ ",
        )


def views_of(reading: Reading) -> tuple[View, ...]:
    """A curve first, else an overview; then every plot and table by itself, then words."""
    tables = [View(f"table {k}", _title(t.title), table=k) for k, t in reading.tables.items()
              if t.rows and not (_small(t) and not t.refs)]  # fmt: skip
    plots = [View(f"plot {p.key}", _title(p.title), plot=p.key) for p in reading.plots]
    words = View(WORDS, "reasons and numbers")
    curve = bool(reading.plots) and reading.plots[0].kind == "curve"
    small = [View(f"table {k}", _title(t.title), table=k) for k, t in reading.tables.items()
             if t.rows and _small(t) and not t.refs]  # fmt: skip
    if curve:
        return (plots[0], *tables, *small, *plots[1:], words)
    if not reading.plots and not tables:
        return (words,)
    main = next((k for k, t in reading.tables.items() if t.refs), "")
    main = main or next((view.table for view in tables), "")
    first = reading.plots[0].key if reading.plots else ""
    overview = View(OVERVIEW, OVERVIEW, plot=first, table=main)
    return (overview, *tables, *plots, words)


def _small(table: Table) -> bool:
    return len(table.rows) <= SMALL_ROWS and not table.refs


def _title(title: str) -> str:
    return clean(title.partition(":")[0].partition(" (")[0], limit=36)


def _others(plot: Plot, plots: Sequence[Plot]) -> list[Plot]:
    """Plots over the same x axis, whose values the first one's readout tells too."""
    if plot.kind != "curve":
        return []
    return [p for p in plots if p is not plot and p.kind == "curve" and p.x_label == plot.x_label]


def _columns_shown(reading: Reading) -> set[str]:
    """Numbers that a small table already shows, by the names of its first column."""
    names = {"base", "tuned", "base_bits_per_byte", "tuned_bits_per_byte"}
    small = any(_small(table) for table in reading.tables.values())
    return names if small else set()


def number_grid(numbers: Mapping[str, Number], width: int, most: int = 3) -> list[Line]:
    """Numbers with their intervals in columns, read downwards; those without a value last."""
    entries = []
    for name, number in numbers.items():
        if number.value is not None:
            label = clean(name, limit=40).replace("_", " ")
            entries.append((label, value_text(number), interval_text(number)))
    if not entries:
        return []
    names = max(cells(name) for name, _, _ in entries)
    made = [
        line((fit(name, names), "dim"), f" {value}", (f" {interval}" if interval else "", "dim"))
        for name, value, interval in entries
    ]
    wide = max(map(width_of, made)) + 3
    columns = max(1, min(most, (width + 3) // wide))
    height = -(-len(made) // columns)
    lines: list[Line] = []
    for y in range(height):
        runs: Line = []
        for entry in made[y::height][:columns]:
            runs += padded(entry, wide)
        lines.append(cropped(runs, width))
    return lines
