"""The overview of a step whose verdict lies on a scale: the estimate on its axis, what else
tells, what to try; further plots and figures where there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Reading
from tui_eval.core.text import clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.number_grid import number_grid
from tui_eval.ui.widgets.plot import PlotView
from tui_eval.ui.widgets.rows import READ, WIDE, beside, line, wrapped
from tui_eval.ui.widgets.scale import ScaleView

LEAST = 3
"""Lines of a scale with one estimate and without notes."""
BESIDE = 8
"""Lines from which plots stand below."""
TRY = "try     "
MOST = 3
"""Lines of advice."""


@dataclass(frozen=True, slots=True)
class Room:
    """Lines of each part; what is left of the height is for plots and figures."""

    scale: int
    table: int
    advice: int
    gaps: int


def room_for(height: int, scale: ScaleView, rows: int, advice: int) -> Room:
    """The estimate and every row first, then notes and advice, empty lines between, and the
    other estimates. ``rows``: of the table; ``advice``: its lines."""
    left = height

    def take(wanted: int) -> int:
        nonlocal left
        given = max(0, min(wanted, left))
        left -= given
        return given

    estimate, table, notes = take(LEAST), take(rows + 1), take(len(scale.plot.notes))
    told = take(advice)
    gaps = take(2 if advice else 1)
    others = take(len(scale.series) - 1)
    return Room(estimate + notes + others, table, told, gaps)


def advice_lines(advice: Sequence[str], width: int, most: int) -> list[Line]:
    if not advice or most < 1:
        return []
    text = " · ".join(clean(one, limit=160) for one in advice)
    made = wrapped(text, max(16, width - len(TRY)), most)
    return [
        line((TRY if not at else " " * len(TRY), "accent" if not at else "dim"), words)
        for at, words in enumerate(made)
    ]


def lines(
    scale: ScaleView,
    listing: Listing,
    plots: Mapping[str, PlotView],
    reading: Reading | None,
    width: int,
    height: int,
) -> tuple[list[Line], int | None]:
    """The overview, and the line of the list's cursor."""
    advice = reading.advice if reading is not None else ()
    left = min(width, READ) if width < WIDE else width * 3 // 5
    drawn, cursor = _parts(scale, listing, advice, left, height)
    others = list(plots.values())
    if width >= WIDE:
        drawn += _numbers(reading, left, height - len(drawn))
        return beside(drawn, _stacked(others, width - left - 3, height), left), cursor
    room = height - len(drawn) - 1
    if others and room >= BESIDE:
        drawn += [[], *_row_of(others[: 2 if width >= 70 else 1], width, min(14, room))]
    return [*drawn, *_numbers(reading, width, height - len(drawn))], cursor


def _parts(
    scale: ScaleView, listing: Listing, advice: Sequence[str], width: int, height: int
) -> tuple[list[Line], int | None]:
    wanted = len(advice_lines(advice, width, MOST))
    room = room_for(height, scale, len(listing.table.rows), wanted)
    drawn = scale.draw(width, room.scale)
    if room.gaps:
        drawn.append([])
    place = len(drawn)
    drawn += listing.draw(width, room.table)
    cursor = None if listing.cursor_at is None else place + listing.cursor_at
    if room.gaps > 1:
        drawn.append([])
    return [*drawn, *advice_lines(advice, width, room.advice)], cursor


def _stacked(plots: Sequence[PlotView], width: int, height: int) -> list[Line]:
    """Plots under one another, as many as have ten lines."""
    drawn: list[Line] = []
    shown = plots[: max(1, (height + 1) // 11)]
    for place, plot in enumerate(shown):
        share = (height - len(drawn) - (len(shown) - 1 - place)) // (len(shown) - place)
        drawn += [*plot.draw(width, min(20, share)), []]
    return drawn[:height]


def _row_of(plots: Sequence[PlotView], width: int, height: int) -> list[Line]:
    if len(plots) == 1:
        return plots[0].draw(width, height)
    left = (width - 3) // 2
    return beside(plots[0].draw(left, height), plots[1].draw(width - left - 3, height), left)


def _numbers(reading: Reading | None, width: int, room: int) -> list[Line]:
    """All numbers or none: half of them would look like all."""
    grid = number_grid(reading.numbers, width) if reading is not None else []
    return [[], *grid] if grid and len(grid) < room else []
