"""The one place that knows plotext: points in, cells with roles out.

plotext draws into a bare area; axes, ticks and colours are ours. Its figure is global, so
it is cleared and built in one go, on one thread. What reaches it is finite, bounded and
thinned out to the width: other versions hang or die on less.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tui_eval.ui.widgets.drawn import Line

BOUND = 1e12
"""Values beyond are drawn at it."""

_FIRST_COLOR = 17
"""Colour numbers stand for layers on the way through plotext; none is ever shown."""
_PIECES = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")


@dataclass(frozen=True, slots=True)
class Layer:
    """A line through points, or the points alone, in one role. ``marker`` is one cell's
    character or ``braille``."""

    x: Sequence[float]
    y: Sequence[float]
    role: str
    marker: str
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Area:
    """What part of the plane is drawn into how many cells."""

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int

    def column(self, x: float) -> int:
        """The cell that holds ``x``, as plotext rounds; may lie outside."""
        return _cell(x, self.x0, self.x1, self.width)

    def row(self, y: float) -> int:
        """Counted from the top."""
        return self.height - 1 - _cell(y, self.y0, self.y1, self.height)

    def dot(self, x: float, y: float) -> tuple[int, int]:
        """Column and row of the cell that holds a braille dot: 2 by 4 of them share one."""
        column = _cell(x, self.x0, self.x1, 2 * self.width) // 2
        return column, self.height - 1 - _cell(y, self.y0, self.y1, 4 * self.height) // 4


def _cell(value: float, low: float, high: float, cells: int) -> int:
    if high <= low:
        return cells // 2
    return math.floor(round(0.5 + (cells - 1) * (value - low) / (high - low), 8))


def draw(layers: Sequence[Layer], area: Area) -> list[Line]:
    """``area.height`` lines of ``area.width`` cells, later layers over earlier ones."""
    if area.width < 1 or area.height < 1:
        return []
    kept = [layer for layer in map(_gated, layers) if layer.x]
    if not kept or not (area.x0 < area.x1 and area.y0 < area.y1):
        return [[(" " * area.width, "text")] for _ in range(area.height)]
    return _lines(_build(kept, area), [layer.role for layer in kept], area)


def _gated(layer: Layer) -> Layer:
    """Only finite points, none beyond the bound."""
    points = [
        (x, min(BOUND, max(-BOUND, y)))
        for x, y in zip(layer.x, layer.y, strict=False)
        if math.isfinite(x) and math.isfinite(y) and abs(x) <= BOUND
    ]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Layer(xs, ys, layer.role, layer.marker, layer.joined)


def _build(layers: Sequence[Layer], area: Area) -> str:
    # Imported at the first plot: it must not hold up the first screen.
    import plotext as figure

    plt: Any = figure
    plt.clear_figure()
    plt.limit_size(False, False)
    plt.plotsize(area.width, area.height)
    plt.frame(False)
    plt.xaxes(False, False)
    plt.yaxes(False, False)
    plt.xticks([])
    plt.yticks([])
    plt.xlim(area.x0, area.x1)
    plt.ylim(area.y0, area.y1)
    for number, layer in enumerate(layers):
        put = plt.plot if layer.joined else plt.scatter
        put(list(layer.x), list(layer.y), marker=layer.marker, color=_FIRST_COLOR + number)
    built = str(plt.build())
    plt.clear_figure()
    return built


def _lines(built: str, roles: Sequence[str], area: Area) -> list[Line]:
    lines = [_line(text, roles) for text in built.split("\n")[: area.height]]
    return lines + [[(" " * area.width, "text")] for _ in range(area.height - len(lines))]


def _line(text: str, roles: Sequence[str]) -> Line:
    made: Line = []
    role = "text"
    for match in _PIECES.finditer(text):
        code, piece = match.groups()
        if piece is None:
            role = _role(code, roles, role)
        elif made and (made[-1][1] == role or not piece.strip(" ")):
            made[-1] = (made[-1][0] + piece, made[-1][1])
        else:
            made.append((piece, role))
    return made


def _role(code: str, roles: Sequence[str], before: str) -> str:
    if code.startswith("38;5;"):
        return roles[int(code[5:]) - _FIRST_COLOR]
    return "text" if code in ("", "0") else before
