"""Which views a Reading has, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Plot, Reading, Table
from tui_eval.core.text import clean

SMALL_ROWS = 4
"""A table without refs and at most this many rows stands above an overview."""
OVERVIEW = "overview"
WORDS = "words"


@dataclass(frozen=True, slots=True)
class View:
    """One of the views: its name, and the plot and table (by key) that keys act on."""

    key: str
    title: str
    plot: str = ""
    table: str = ""


def views_of(reading: Reading) -> tuple[View, ...]:
    """A curve first, else an overview; then every plot and table by itself, then words."""
    # A matrix is better seen as a plot than as the table of the same name.
    drawn = {p.key for p in reading.plots if p.kind == "matrix"}
    tables = [View(f"table {k}", _title(t.title), table=k) for k, t in reading.tables.items()
              if t.rows and not (is_small(t) and not t.refs) and k not in drawn]  # fmt: skip
    plots = [View(f"plot {p.key}", _title(p.title), plot=p.key) for p in reading.plots]
    words = View(WORDS, "reasons and numbers")
    curve = bool(reading.plots) and reading.plots[0].kind == "curve"
    small = [View(f"table {k}", _title(t.title), table=k) for k, t in reading.tables.items()
             if t.rows and is_small(t) and not t.refs]  # fmt: skip
    if curve:
        return (plots[0], *tables, *small, *plots[1:], words)
    if not reading.plots and not tables:
        return (words,)
    main = next((k for k, t in reading.tables.items() if t.refs), "")
    main = main or next((view.table for view in tables), "")
    first = next((p.key for p in reading.plots if p.kind != "matrix"), "")
    overview = View(OVERVIEW, OVERVIEW, plot=first, table=main)
    if leads(reading, main):
        tables = [view for view in tables if view.table != main]
    return (overview, *tables, *plots, words)


def leads(reading: Reading | None, table: str) -> bool:
    """Whether the step's first table is the list of its overview: then that says it all."""
    if reading is None or any(plot.kind != "matrix" for plot in reading.plots):
        return False
    return next(iter(reading.tables), "") == table


def is_small(table: Table) -> bool:
    return len(table.rows) <= SMALL_ROWS and not table.refs


def _title(title: str) -> str:
    return clean(title.partition(":")[0].partition(" (")[0], limit=36)


def others(plot: Plot, plots: Sequence[Plot]) -> list[Plot]:
    """Plots over the same x axis, whose values the first one's readout tells too."""
    if plot.kind != "curve":
        return []
    return [p for p in plots if p is not plot and p.kind == "curve" and p.x_label == plot.x_label]


def columns_shown(reading: Reading) -> set[str]:
    """Numbers that a small table already shows, by the names of its first column."""
    names = {"base", "tuned", "base_bits_per_byte", "tuned_bits_per_byte"}
    small = any(is_small(table) for table in reading.tables.values())
    return names if small else set()
