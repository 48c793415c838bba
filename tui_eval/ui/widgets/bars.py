"""Histograms and bars as our own styled text: eighths of blocks, or ``#`` in ASCII."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tui_eval.core.figures import count, figure, on_the_point, percent
from tui_eval.core.reading import Plot
from tui_eval.core.text import cells, clean
from tui_eval.core.ticks import tick_labels, ticks
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, filled, fit, line

UP = " ▁▂▃▄▅▆▇█"
ACROSS = " ▏▎▍▌▋▊▉█"
ASCII_UP = "  __==###"
ASCII_ACROSS = "    ====="


class HistogramView:
    """Bins as columns; those left of 0 are better, right of 0 worse, where the axis is a
    change. The cursor stands on a bin and the readout tells it."""

    def __init__(self, plot: Plot, fancy: bool = True) -> None:
        self.fancy = fancy
        self.cursor: int | None = None
        self.update(plot)

    def update(self, plot: Plot) -> None:
        self.plot = plot
        series = plot.series[0] if plot.series else None
        pairs = zip(series.x, series.y, strict=False) if series is not None else ()
        bins = [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
        self.middles, self.counts = [x for x, _ in bins], [max(0.0, y) for _, y in bins]
        self.step = self.middles[1] - self.middles[0] if len(bins) > 1 else 1.0
        if self.cursor is not None:
            self.cursor = min(self.cursor, len(bins) - 1) if bins else None

    @property
    def signed(self) -> bool:
        """Whether 0 parts better from worse: a change, with bins on both sides or near."""
        return "change" in f"{self.plot.title} {self.plot.x_label}".lower()

    def move(self, bins: int) -> bool:
        if not self.counts:
            return False
        before = self.cursor
        start = len(self.counts) // 2 if before is None else before + bins
        self.cursor = min(len(self.counts) - 1, max(0, start))
        return before != self.cursor

    def draw(self, width: int, height: int) -> list[Line]:
        """Title, columns, axis, words of the axis; the readout takes the title's place."""
        head = self._readout(width) if self.cursor is not None else self._title(width)
        if not self.counts:
            return filled([head, line(("nothing to count yet", "dim"))], height)
        gutter = len(count(max(self.counts))) + 1
        room = width - gutter - 1
        wide = max(1, room // len(self.counts))
        group = max(1, math.ceil(len(self.counts) / max(1, room)))
        middles, counts = self._grouped(group)
        rows = max(1, height - 3)
        body = self._columns(middles, counts, wide, rows, gutter, group)
        axis = self._axis(middles, wide, gutter, width)
        return filled([head, *body, *axis], height)

    def _grouped(self, group: int) -> tuple[list[float], list[float]]:
        """Neighbouring bins together, where there are more bins than columns."""
        starts = range(0, len(self.counts), group)
        counts = [sum(self.counts[i : i + group]) for i in starts]
        middles = [sum(m := self.middles[i : i + group]) / len(m) for i in starts]
        return middles, counts

    def _columns(
        self, middles: list[float], counts: list[float], wide: int, rows: int, gutter: int,
        group: int,
    ) -> list[Line]:  # fmt: skip
        top = max(counts) or 1.0
        made = []
        for y in range(rows):
            label = count(max(counts)) if y == 0 else ""
            runs = line((f"{label:>{gutter - 1}} ", "dim"), ("┤" if label else "│", "rule"))
            for number, (middle, value) in enumerate(zip(middles, counts, strict=True)):
                eighths = round(value / top * rows * 8) - (rows - 1 - y) * 8
                # What is there at all is seen.
                if y == rows - 1 and value > 0:
                    eighths = max(1, eighths)
                sign = (UP if self.fancy else ASCII_UP)[min(8, max(0, eighths))]
                runs.append((sign * wide, self._role(middle, number, group)))
            made.append(_joined(runs))
        return made

    def _role(self, middle: float, number: int, group: int) -> str:
        if self.cursor is not None and number == self.cursor // group:
            return "accent!"
        if not self.signed or abs(middle) < self.step / 4:
            return "text"
        return "good" if middle < 0 else "bad"

    def _axis(self, middles: list[float], wide: int, gutter: int, width: int) -> list[Line]:
        low = middles[0] - self.step / 2
        span = len(middles) * wide
        high = middles[-1] + self.step / 2
        rule = ["─"] * span
        places = ticks(low, high, max(2, span // 9))
        text = ""
        for place, word in zip(places, tick_labels(places), strict=True):
            column = min(span - 1, int((place - low) / (high - low) * span))
            start = gutter + 1 + column - len(word) // 2
            if start >= len(text) + (2 if text else 0) and start + len(word) <= width:
                rule[column] = "┬"
                text = text.ljust(max(0, start)) + word
        return [
            line((" " * gutter + "└" + "".join(rule), "rule")),
            line((text, "dim")),
        ]

    def _title(self, width: int) -> Line:
        title = clean(self.plot.title, limit=width)
        if not self.signed:
            return line((fit(title, width).rstrip(), "dim"))
        # The signs beside it say what the title's second half does.
        title = title.partition(": ")[0]
        sides = line(("  ", "dim"), ("◂ better", "good"), ("  ", "dim"), ("worse ▸", "bad"))
        room = width - sum(cells(text) for text, _ in sides)
        if cells(title) > room:
            title = _short_title(title)
        return [(fit(title, room).rstrip(), "dim"), *sides] if room > 8 else sides

    def _readout(self, width: int) -> Line:
        bin_ = self.cursor or 0
        middle, value = self.middles[bin_], self.counts[bin_]
        low, high = middle - self.step / 2, middle + self.step / 2
        share = percent(value / sum(self.counts), 1) if sum(self.counts) else ""
        return cropped(
            line(
                (f"{figure(low)} to {figure(high)}  ", "text"),
                (count(value), "text!"),
                (f"  {share}", "dim"),
            ),
            width,
        )


def _short_title(title: str) -> str:
    """``change of loss per sample (nats/token)`` as ``loss change per sample``."""
    return re.sub(r"^change of (\w+)", r"\1 change", title.partition(" (")[0])


class BarsView:
    """One bar per series: label, value, and the bar itself from a common zero."""

    def __init__(self, plot: Plot, fancy: bool = True) -> None:
        self.fancy = fancy
        self.update(plot)

    def update(self, plot: Plot) -> None:
        self.plot = plot
        self.bars = [(clean(s.name, limit=60), s.y[0] if s.y else math.nan) for s in plot.series]

    def move(self, bins: int) -> bool:
        return False

    def draw(self, width: int, height: int) -> list[Line]:
        title = line((fit(clean(self.plot.title, limit=width), width).rstrip(), "dim"))
        finite = [abs(value) for _, value in self.bars if math.isfinite(value)]
        if not finite:
            return filled([title, line(("nothing to compare yet", "dim"))], height)
        shown = self.bars if len(self.bars) <= height - 1 else self.bars[: max(0, height - 2)]
        values = on_the_point([self._words(value) for _, value in shown])
        made = [title, *self._rows(shown, values, max(finite), width)]
        if len(shown) < len(self.bars):
            made.append(line((f"{len(self.bars) - len(shown)} more: v shows them", "dim")))
        return filled(made, height)

    def _rows(
        self, shown: Sequence[tuple[str, float]], values: list[str], top: float, width: int
    ) -> list[Line]:
        names = min(max((cells(name) for name, _ in shown), default=0), max(6, width // 3))
        room = width - names - max(map(len, values), default=0) - 4
        made = []
        for (name, value), words in zip(shown, values, strict=True):
            size = abs(value) / top if top and math.isfinite(value) else 0.0
            bar = across(size, room, self.fancy)
            made.append(line((fit(name, names), "text"), f"  {words}  ", (bar, self._role(value))))
        return made

    @property
    def _change(self) -> bool:
        return "change" in f"{self.plot.title} {self.plot.x_label} {self.plot.y_label}".lower()

    def _words(self, value: float) -> str:
        if not self._change:
            return figure(value)
        return f"{'+' if value > 0 else ''}{percent(value, 0)}" if math.isfinite(value) else "-"

    def _role(self, value: float) -> str:
        if not self._change:
            return "accent"
        return "bad" if value > 0 else "good"


def across(share: float, width: int, fancy: bool = True) -> str:
    """A bar of ``share`` (0 to 1) of ``width`` cells; what is not 0 shows at least a sliver."""
    eighths = round(min(1.0, max(0.0, share)) * max(0, width) * 8)
    if share > 0 and width > 0:
        eighths = max(1, eighths)
    signs = ACROSS if fancy else ASCII_ACROSS
    return signs[8] * (eighths // 8) + (signs[eighths % 8] if eighths % 8 else "")


def _joined(runs: Line) -> Line:
    made: Line = []
    for text, role in runs:
        if made and made[-1][1] == role:
            made[-1] = (made[-1][0] + text, role)
        else:
            made.append((text, role))
    return made
