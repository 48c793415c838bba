"""Curves, scatter plots and histograms."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tui_eval.core.figures import count
from tui_eval.core.reading import Event, Plot, Series
from tui_eval.files.report.markup import Markup, short, tag
from tui_eval.files.report.svg_axes import (
    LINE,
    SIZE,
    WIDTH,
    Area,
    area_for,
    axes,
    cut_to,
    label,
    mark,
    shown_span,
    span,
    wide,
    x_axis,
)

COLUMNS = 300
"""Of a curve: of each its lowest and highest point are drawn."""
DOTS = 700
"""Of a scatter plot, all series together."""
MARKED = 60
"""A series of more points has no mark on each."""
CLASSES = {"train": "tr", "eval": "ev", "base": "ba", "tuned": "tu", "other": "ot"}
SHAPES = {"eval": "diamond"}
EVENTS, ALIKE, MOST = 10, 4, 30
"""From so many events on, those of a kind are left out where there are more than so many; and
how many are marked at all."""
_FIGURES = re.compile(r"\d[\d.,]*")
APART = 13.0
"""Units between two numbers of events."""

Drawing = tuple[list[Markup], float]


def curve(plot: Plot) -> Drawing:
    kept = [_finite_x(one) for one in plot.series]
    shown, beyond = shown_span([y for one in kept for _, y in one])
    xs = [x for one in kept for x, y in one if math.isfinite(y)]
    if not xs:
        return nothing()
    top = 8 + LINE * bool(plot.events)
    area = area_for(span(xs, 0.01), shown, 240 + top, top=top + LINE)
    made = _legend(plot.series, area)
    made += axes(area, plot.x_label, plot.y_label)
    made += _events(plot, area)
    for series, points in zip(plot.series, kept, strict=True):
        made += _course(series, points, area)
    height = 240 + top
    return _with_beyond(made, beyond, height)


def _finite_x(series: Series) -> list[tuple[float, float]]:
    pairs = zip(series.x, series.y, strict=False)
    return [(float(x), float(y)) for x, y in pairs if math.isfinite(x)]


def _legend(series: Sequence[Series], area: Area) -> list[Markup]:
    """Each series' mark and name in one line above, as many as have room."""
    made: list[Markup] = []
    x = area.left
    y = float(SIZE)
    for at, one in enumerate(series):
        name = cut_to(one.name.lstrip("○● "), 130)
        if x + 22 + wide(name) > WIDTH:
            left = len(series) - at
            made.append(label(WIDTH - 4, y, f"and {left} more", anchor="end"))
            break
        if one.role == "train" and len(one.x) > 1:
            made.append(tag("line", x1=x, y1=y - 4, x2=x + 14, y2=y - 4, class_="tr run"))
        else:
            made.append(mark(SHAPES.get(one.role, "round"), x + 7, y - 4, f"{kind_of(one)} dot"))
        made.append(label(x + 20, y, name, "t"))
        x += 34 + wide(name)
    return made


def kind_of(series: Series) -> str:
    return CLASSES[series.role]


def events_told(plot: Plot) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Those that are drawn, and in words the kinds that are too many: fifty ends of epochs
    would hide what lies between them."""
    kinds = Counter(_FIGURES.sub("…", event.label) for event in plot.events)
    crowd = {kind for kind, many in kinds.items() if len(plot.events) > EVENTS and many > ALIKE}
    drawn = [event for event in plot.events if _FIGURES.sub("…", event.label) not in crowd]
    words = [f"not marked: {count(kinds[kind])} times “{kind}”" for kind in kinds if kind in crowd]
    if len(drawn) > MOST:
        words.append(f"not marked: {count(len(drawn) - MOST)} more events")
    return tuple(drawn[:MOST]), tuple(words)


def _events(plot: Plot, area: Area) -> list[Markup]:
    """A line at each, numbered as the caption tells them; those close by share a number."""
    made = []
    groups: list[list[tuple[float, int]]] = []
    drawn, _ = events_told(plot)
    for at, event in sorted(enumerate(drawn, 1), key=lambda pair: pair[1].x):
        if not area.x_low <= event.x <= area.x_high:
            continue
        x = area.x(event.x)
        made.append(tag("line", x1=x, y1=area.top, x2=x, y2=area.bottom, class_="event"))
        words = groups[-1] if groups else []
        if words and x - words[0][0] < APART + CELLS * len(words):
            words.append((x, at))
        else:
            groups.append([(x, at)])
    for group in groups:
        numbers = sorted(number for _, number in group)
        text = ",".join(map(str, numbers)) if len(numbers) < 4 else f"{numbers[0]}–{numbers[-1]}"
        middle = sum(x for x, _ in group) / len(group)
        half = wide(text) / 2
        made.append(label(min(middle, WIDTH - half), area.top - 4, text, "q", "middle"))
    return made


CELLS = 14.0


def _course(series: Series, points: list[tuple[float, float]], area: Area) -> list[Markup]:
    """A line that ends where a value is not finite, and marks where there are few."""
    made = []
    class_ = kind_of(series)
    placed = [(area.x(x), area.y(y) if math.isfinite(y) else math.nan) for x, y in points]
    for run in _runs(placed):
        thin = list(thinned(run, area))
        if len(thin) > 1:
            path = " ".join(f"{short(x)},{short(y)}" for x, y in thin)
            made.append(tag("polyline", points=path, class_=f"{class_} run"))
        elif series.role == "train":
            made.append(mark("round", *thin[0], class_=f"{class_} dot", size=1.5))
    if series.role != "train" and len(placed) <= MARKED:
        shape = SHAPES.get(series.role, "round")
        made += [mark(shape, x, y, f"{class_} dot") for x, y in placed if math.isfinite(y)]
    return made


def _runs(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    for whole, run in groupby(points, key=lambda point: math.isfinite(point[1])):
        if whole:
            yield list(run)


def thinned(run: Sequence[tuple[float, float]], area: Area) -> Iterator[tuple[float, float]]:
    """Of each column of the drawing the first, highest, lowest and last point: what an eye
    sees of a million of them."""
    if len(run) <= 4 * COLUMNS:
        yield from run
        return
    width = (area.right - area.left) / COLUMNS
    for _, column in groupby(run, key=lambda point: int((point[0] - area.left) / width)):
        points = list(column)
        chosen = {0, len(points) - 1}
        chosen.add(min(range(len(points)), key=lambda at: points[at][1]))
        chosen.add(max(range(len(points)), key=lambda at: points[at][1]))
        yield from (points[at] for at in sorted(chosen))


def _with_beyond(made: list[Markup], beyond: int, height: float) -> Drawing:
    if not beyond:
        return made, height
    verb = "point lies" if beyond == 1 else "points lie"
    words = f"{count(beyond)} {verb} beyond the axis, drawn at its edge"
    return [*made, label(8, height + 10, words)], height + LINE


def scatter(plot: Plot) -> Drawing:
    """Two values of the same unit share one range: then the diagonal parts better from worse."""
    kept = [[(x, y) for x, y in _finite_x(one) if math.isfinite(y)] for one in plot.series]
    total = sum(map(len, kept))
    if not total:
        return nothing()
    x, x_beyond = shown_span([x for one in kept for x, _ in one])
    y, y_beyond = shown_span([y for one in kept for _, y in one])
    paired = plot.x_label[:1] == "○" and plot.y_label[:1] == "●"
    if paired:
        x = y = (min(x[0], y[0]), max(x[1], y[1]))
    several = len(plot.series) > 1
    top = 8 + LINE * several
    area = area_for(x, y, 300 + top, top=top)
    made = _dot_legend(plot.series, area) if several else []
    made += axes(area, plot.x_label, plot.y_label)
    if paired:
        made.append(tag("line", x1=area.left, y1=area.bottom, x2=area.right, y2=area.top,
                        class_="event"))  # fmt: skip
    step = max(1, math.ceil(total / DOTS))
    for at, points in enumerate(kept):
        shape, class_ = _dots(plot.series, at)
        made += [mark(shape, area.x(a), area.y(b), class_, 2.6) for a, b in points[::step]]
    height = 300 + top
    if step > 1:
        made.append(label(8, height + 10, f"every {count(step)}th of {count(total)} points drawn"))
        height += LINE
    return _with_beyond(made, max(x_beyond, y_beyond), height)


def _dots(series: Sequence[Series], at: int) -> tuple[str, str]:
    """Roles that repeat are told apart by their place: a shape and a colour each."""
    if len({one.role for one in series}) == len(series):
        role = series[at].role
        return SHAPES.get(role, "round"), f"{CLASSES[role]} dot faint"
    return (("diamond", "ev dot faint"), ("round", "ba dot faint"))[at % 2]


def _dot_legend(series: Sequence[Series], area: Area) -> list[Markup]:
    made: list[Markup] = []
    x = area.left
    for at, one in enumerate(series):
        shape, class_ = _dots(series, at)
        name = cut_to(one.name, 120)
        if x + 22 + wide(name) > WIDTH:
            break
        made += [mark(shape, x + 7, SIZE - 4, class_.removesuffix(" faint"))]
        made += [label(x + 20, SIZE, name, "t")]
        x += 34 + wide(name)
    return made


def histogram(plot: Plot) -> Drawing:
    """Columns from 0; where the axis is a change, what is better and worse is written above."""
    series = plot.series[0] if plot.series else None
    pairs = zip(series.x, series.y, strict=False) if series is not None else ()
    bins = [(x, max(0.0, y)) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
    if not bins:
        return nothing()
    step = bins[1][0] - bins[0][0] if len(bins) > 1 else 1.0
    x = (bins[0][0] - step / 2, bins[-1][0] + step / 2)
    signed = is_change(plot)
    top = 8 + LINE * signed
    area = area_for(x, (0.0, max(y for _, y in bins) * 1.05 or 1.0), 220 + top, top=top)
    made = axes(area, plot.x_label, plot.y_label)
    for middle, value in bins:
        left, right = area.x(middle - step / 2), area.x(middle + step / 2)
        y = area.y(value)
        kind = _side(middle, step) if signed else "tu"
        made.append(
            tag("rect", x=left + 0.6, y=y, width=max(0.8, right - left - 1.2),
                height=max(0.0, area.bottom - y), class_=f"{kind} block")
        )  # fmt: skip
    if signed and area.x_low < 0 < area.x_high:
        zero = area.x(0.0)
        made.append(tag("line", x1=zero, y1=area.top, x2=zero, y2=area.bottom, class_="event"))
    if signed:
        made.append(label(area.left, SIZE, "◂ better", "good"))
        made.append(label(area.right, SIZE, "worse ▸", "bad", "end"))
    return [*made, *x_axis(area)[:1]], 220 + top


def _side(middle: float, step: float) -> str:
    if abs(middle) < step / 4:
        return "ot"
    return "good" if middle < 0 else "bad"


def is_change(plot: Plot) -> bool:
    """Whether less than 0 is better."""
    return "change" in f"{plot.title} {plot.x_label} {plot.y_label}".lower()


def nothing() -> Drawing:
    return [label(WIDTH / 2, 30, "nothing to draw yet", "q", "middle")], 48
