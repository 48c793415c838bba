"""Plots as SVG: well-formed whatever is in them, nothing outside, no text over another."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files import made_report
from tests.ui.made import curve_plots
from tui_eval.core.reading import Event, Plot, Series
from tui_eval.core.text import cells
from tui_eval.files.report import svg
from tui_eval.files.report.svg_axes import WIDTH
from tui_eval.files.report.svg_points import DOTS, thinned

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


def drawn(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(svg.draw(plot, "p1"))


def numbers(root: ElementTree.Element) -> list[float]:
    found = []
    for one in root.iter():
        for name, value in one.attrib.items():
            if name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "points"):
                found += [float(part) for part in re.split("[ ,]", value) if part]
    return found


@pytest.mark.parametrize("kind", made_report.KINDS)
@pytest.mark.parametrize("text", [made_report.HARMLESS, made_report.HOSTILE])
def test_every_kind_is_drawn(kind: str, text: str) -> None:
    root = drawn(made_report.plot(kind, text))
    assert root.tag == "svg"
    assert root.attrib["role"] == "img"
    titles = {one.attrib.get("id") for one in root.iter() if one.tag in ("title", "desc")}
    assert set(root.attrib["aria-labelledby"].split()) == titles
    assert all(map(math.isfinite, numbers(root)))
    assert len(list(root)) > 4


@pytest.mark.parametrize("kind", made_report.KINDS)
def test_nothing_to_draw_is_said(kind: str) -> None:
    empty = Plot("p", "nothing", kind, ())  # type: ignore[arg-type]
    said = "".join(drawn(empty).itertext())
    assert "nothing" in said.lower()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(("curve", "scatter", "histogram", "scale")),
    st.lists(st.tuples(ANY, ANY), max_size=60),
)
def test_any_values_can_be_drawn(kind: str, points: list[tuple[float, float]]) -> None:
    xs, ys = tuple(x for x, _ in points), tuple(y for _, y in points)
    plot = made_report.plot(kind, "x")
    root = drawn(replace(plot, series=(Series("s", "tuned", xs, ys),)))
    assert all(map(math.isfinite, numbers(root)))
    height = float(root.attrib["viewBox"].split()[3])
    for one in root.iter("circle"):
        assert 0 <= float(one.attrib["cx"]) <= WIDTH
        assert 0 <= float(one.attrib["cy"]) <= height


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float, str]]:
    """Of every text about what it takes, by characters of 6.3 units."""
    found = []
    for one in root.iter("text"):
        text = one.text or ""
        wide = cells(text) * 6.3
        x, y = float(one.attrib["x"]), float(one.attrib["y"])
        x -= {"middle": wide / 2, "end": wide}.get(one.attrib.get("text-anchor", ""), 0.0)
        found.append((x, y - 9, x + wide, y + 2, text))
    return found


LOSS, RATE = curve_plots(points=400, steps=123456)
CROWDED = replace(LOSS, events=tuple(Event(1000.0 * at, f"event {at}") for at in range(40)))


@pytest.mark.parametrize(
    "plot",
    [
        *(made_report.plot(kind, "some words here") for kind in made_report.KINDS),
        LOSS,
        RATE,
        CROWDED,
    ],
    ids=lambda plot: plot.key,
)
def test_no_text_lies_over_another(plot: Plot) -> None:
    placed = boxes(drawn(plot))
    assert placed
    for a, b in combinations(placed, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, (a, b)
    for left, _, right, _, text in placed:
        assert left >= -1, text
        assert right <= WIDTH + 1, text


def test_a_gap_is_a_gap() -> None:
    whole = Series("s", "train", (0.0, 1.0, 2.0, 3.0, 4.0), (1.0, 2.0, math.nan, 2.0, 1.0))
    root = drawn(Plot("p", "p", "curve", (whole,), "step", "loss"))
    lines = list(root.iter("polyline"))
    assert [len(one.attrib["points"].split()) for one in lines] == [2, 2]


def test_base_and_tuned_are_told_apart_by_shape_too() -> None:
    series = (
        Series("base", "base", (1.0,), (1.0,)),
        Series("tuned", "tuned", (2.0,), (2.0,)),
        Series("validation", "eval", (3.0,), (3.0,)),
    )
    text = svg.draw(Plot("p", "p", "curve", series), "p")
    assert 'class="ba dot"' in text
    assert 'class="tu dot"' in text
    assert re.search(r'<path d="[^"]*" class="ev dot"', text)


def test_a_million_points_become_as_many_as_an_eye_sees() -> None:
    xs = tuple(float(x) for x in range(1_000_000))
    ys = tuple(50.0 if x == 654_321 else math.sin(x / 1e5) for x in range(1_000_000))
    text = svg.draw(Plot("p", "p", "curve", (Series("s", "train", xs, ys),)), "p")
    assert len(text) < 40_000
    dots = svg.draw(Plot("p", "p", "scatter", (Series("s", "tuned", xs, ys),)), "p")
    assert dots.count("<circle") <= DOTS + 1
    assert "of 1,000,000 points drawn" in dots


def test_the_highest_point_of_a_column_stays() -> None:
    from tui_eval.files.report.svg_axes import Area

    area = Area(0, 1, 0, 1, 0, 0, 300, 100)
    run = [(300 * at / 9999, 7.0 if at == 5000 else 50.0) for at in range(10_000)]
    kept = list(thinned(run, area))
    assert len(kept) < 1_300
    assert min(y for _, y in kept) == 7.0


def test_a_few_outliers_do_not_flatten_the_rest() -> None:
    xs = tuple(float(x) for x in range(300))
    ys = tuple(1e9 if x == 40 else 1 + 0.001 * x for x in range(300))
    text = svg.draw(Plot("p", "p", "curve", (Series("s", "train", xs, ys),)), "p")
    assert "1 point lies beyond the axis" in text
    (line,) = ElementTree.fromstring(text).iter("polyline")
    heights = [float(pair.split(",")[1]) for pair in line.attrib["points"].split()]
    assert max(heights) - sorted(heights)[1] > 100
