"""Curves, histograms and bars: what is drawn, and what keys do to it. No event loop."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.made import curve_plots, perplexity
from tui_eval.core.reading import Event, Plot, Series
from tui_eval.core.ticks import log_ticks, tick_labels, ticks
from tui_eval.ui.terminal import to_ascii
from tui_eval.ui.widgets import plotext_adapter
from tui_eval.ui.widgets.bars import BarsView, HistogramView, across
from tui_eval.ui.widgets.curve import WEIGHTS
from tui_eval.ui.widgets.curve_layers import FANCY, LETTERS, clipped
from tui_eval.ui.widgets.curve_view import CurveView, event_mark
from tui_eval.ui.widgets.plot import signs_of
from tui_eval.ui.widgets.plotext_adapter import Area, Layer, draw
from tui_eval.ui.widgets.points import points_of, thinned
from tui_eval.ui.widgets.rows import plain, width_of

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


def view(**options: object) -> CurveView:
    plots = curve_plots(**options)  # type: ignore[arg-type]
    made = CurveView(plots[0], plots[1:])
    made.draw(78, 18)
    return made


def text(made: CurveView, width: int = 78, height: int = 18) -> list[str]:
    return [plain(line) for line in made.draw(width, height)]


def test_events_have_signs_of_their_own() -> None:
    labels = ("epoch 1 ended", "best validation 1.2", "judged checkpoint", "spike 2.0")
    signs = [event_mark(Event(1.0, label))[0] for label in labels]
    assert len(set(signs)) == len(set(map(to_ascii, signs))) == len(labels)


def test_a_long_title_is_said_shorter_and_not_cut() -> None:
    histogram = HistogramView(perplexity().plots[0])
    assert plain(histogram.draw(42, 8)[0]).startswith("loss change per sample  ◂ better")
    assert plain(histogram.draw(78, 8)[0]).startswith("change of loss per sample (nats/token)")


# The adapter: nothing that a log can hold stops it.


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ANY, ANY), max_size=30), st.integers(1, 40), st.integers(1, 12))
def test_any_points_give_an_area_of_exactly_its_size(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    layers = [Layer(xs, ys, "accent", "braille", joined=False), Layer(xs, ys, "tuned", "◆", False)]
    lines = draw(layers, Area(0, 10, -5, 5, width, height))
    assert [len(plain(line)) for line in lines] == [width] * height


def test_layers_keep_their_roles_and_later_ones_lie_on_top() -> None:
    layers = [
        Layer((0.0, 10.0), (0.0, 0.0), "accent", "braille"),
        Layer((5.0,), (0.0,), "tuned", "◆", joined=False),
    ]
    (line,) = draw(layers, Area(0, 10, -1, 1, 11, 1))
    assert [role for _, role in line] == ["accent", "tuned", "accent"]
    assert plain(line)[5] == "◆"


@pytest.mark.parametrize("values", [(), (math.nan,), (math.inf, -math.inf), (1.0,), (0.0, 0.0)])
@pytest.mark.parametrize("log", [False, True])
def test_a_curve_of_hardly_anything_is_drawn_at_any_size(
    values: tuple[float, ...], log: bool
) -> None:
    series = Series("train", "train", tuple(float(i) for i in range(len(values))), values)
    made = CurveView(Plot("loss", "loss", "curve", (series,), "step", "loss"))
    if log:
        made.toggle_log()
    for width, height in ((78, 17), (20, 5), (5, 2), (160, 40)):
        made.move(-1)
        made.zoom(0.5)
        lines = made.draw(width, height)
        assert len(lines) == height
        assert all(width_of(line) <= width for line in lines if width >= 20)


# Decimation.


def test_thinning_keeps_the_extremes_and_bounds_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    ys = [math.sin(i / 50) for i in range(100_000)]
    ys[54_321] = 7.0
    series = Series("train", "train", tuple(map(float, range(100_000))), tuple(ys))
    points = points_of(series, "step")
    ((xs, kept),) = thinned(points, points.y, 0, 99_999, 140)
    assert max(kept) == 7.0
    assert min(kept) == min(ys)
    assert len(xs) <= 280
    sizes: list[int] = []
    build = plotext_adapter._build
    monkeypatch.setattr(
        plotext_adapter, "_build",
        lambda layers, area: (sizes.append(sum(len(one.x) for one in layers)),
                              build(layers, area))[1],
    )  # fmt: skip
    CurveView(Plot("loss", "loss", "curve", (series,), "step", "loss")).draw(80, 20)
    assert 0 < sizes[0] <= 6 * 80


def test_a_series_is_split_where_it_is_no_number() -> None:
    series = Series("train", "train", (1, 2, 3, 4, 5), (1.0, 2.0, math.nan, 3.0, math.inf))
    points = points_of(series, "step")
    assert points.runs == [(0, 2), (3, 4)]
    assert points.broken() == [3, 5]


def test_points_of_unknown_place_are_left_out_and_others_sorted() -> None:
    series = Series("e", "eval", (1, 2, 3), (9.0, 8.0, 7.0), {"epoch": (2.0, math.nan, 1.0)})
    points = points_of(series, "epoch")
    assert (list(points.x), list(points.y)) == ([1.0, 2.0], [7.0, 9.0])


def test_smoothing_is_tensorboards() -> None:
    points = points_of(Series("t", "train", (1, 2, 3), (1.0, 0.5, 0.0)), "step")
    assert points.smooth(0.6) == pytest.approx([1, 0.6875, 0.33673], abs=1e-5)


def test_a_line_is_cut_at_the_window_by_interpolation() -> None:
    assert clipped([0, 10, 20], [0, 10, 20], 5, 12) == ([5, 10, 12], [5, 10, 12])


# Ticks.


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 12))
def test_ticks_are_round_evenly_spaced_and_inside(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most
    slack = 1e-6 * max(1.0, span)
    assert all(low - slack <= tick <= low + span + slack for tick in found)
    if len(found) > 1:
        step = found[1] - found[0]
        lead = step / 10 ** math.floor(math.log10(step) + 1e-9)
        assert min(abs(lead - wanted) for wanted in (1, 2, 2.5, 5, 10)) < 0.02


def test_tick_labels_share_their_decimals_and_stay_short() -> None:
    assert tick_labels([1.0, 1.25, 1.5]) == ["1.00", "1.25", "1.50"]
    assert tick_labels([0, 50_000, 100_000]) == ["0", "50k", "100k"]
    assert tick_labels([0, 5e-6, 1e-5]) == ["0", "5e-6", "1e-5"]
    assert log_ticks(0.9, 110, 6) == [1, 3, 10, 30, 100]


# Keys.


def test_the_cursor_stands_on_points_and_moves_at_least_a_column() -> None:
    made = view(points=15, evals=0)
    assert made.cursor == 1500
    assert made.move(-1)
    assert made.cursor == 1400
    assert made.move(10)
    assert not made.move(1)
    many = view(points=10_000)
    many.move(-1)
    before = many.cursor
    many.move(-1)
    assert before is not None
    assert many.cursor is not None
    assert before - many.cursor >= 1500 / many.columns * 0.9


def test_zoom_keeps_the_cursor_in_place_and_panning_follows_it() -> None:
    made = view()
    made.go(750)
    share = (750 - made.x0) / (made.x1 - made.x0)
    assert made.zoom(0.5)
    assert (750 - made.x0) / (made.x1 - made.x0) == pytest.approx(share, abs=0.01)
    width = made.x1 - made.x0
    for _ in range(40):
        made.move(5)
        assert made.cursor is not None
        assert made.x0 <= made.cursor <= made.x1
        assert made.x1 - made.x0 == pytest.approx(width)
    while made.zoom(2.0):
        pass
    assert made.whole()
    for _ in range(40):
        made.zoom(0.5)
    assert sum(made.x0 <= x <= made.x1 for x in made.stops()) >= 2


def test_another_x_axis_keeps_the_point_under_the_cursor() -> None:
    made = view()
    made.go(500)
    assert made.axes() == ["step", "epoch", "time"]
    assert made.next_axis()
    assert made.cursor == pytest.approx(1.0)
    assert "epoch 1.00" in text(made)[-1]
    assert made.next_axis()
    assert made.next_axis()
    assert made.cursor == pytest.approx(500)


def test_events_are_visited_in_order_and_told() -> None:
    made = view(rise=0.6)
    seen = []
    while made.next_event(-1):
        seen.append(made.cursor)
    assert seen == sorted(seen, reverse=True)
    assert any("best validation" in line for line in text(made)) or made.next_event(1)
    assert len(seen) == len({event.x for event in made.plot.events})


def test_smoothing_goes_through_its_weights_and_stops_at_both_ends() -> None:
    made = view()
    seen = [made.weight]
    while made.smooth(1):
        seen.append(made.weight)
    assert tuple(seen) == WEIGHTS[1:]
    while made.smooth(-1):
        pass
    assert made.weight == 0
    assert "smoothed" not in "\n".join(text(made))


def test_a_moved_cursor_draws_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made = view()
    built: list[int] = []
    monkeypatch.setattr(plotext_adapter, "_build", lambda *_: built.append(1) or "")
    made.move(-1)
    made.draw(78, 18)
    assert not built
    made.smooth(1)
    made.draw(78, 18)
    assert built


def test_new_points_leave_cursor_and_zoom_but_widen_a_whole_view() -> None:
    made = view()
    made.go(500)
    longer = curve_plots(points=200, steps=2000)
    made.update(longer[0], longer[1:])
    assert made.cursor == 500
    assert made.whole()
    made.zoom(0.5)
    window = (made.x0, made.x1)
    made.update(longer[0], longer[1:])
    assert (made.x0, made.x1) == window


# The picture.


def test_the_readout_says_all_that_is_known_at_the_cursor() -> None:
    xs = tuple(float(10 * i) for i in range(1, 151))
    epochs = {"epoch": tuple(x / 500 for x in xs)}
    train = Series("train", "train", xs, (1.31,) * 150, epochs)
    evals = Series("validation", "eval", (840.0,), (1.29,), {"epoch": (1.68,)})
    rate = Series("learning rate", "train", xs, (8e-6,) * 150, epochs)
    made = CurveView(
        Plot("loss", "loss", "curve", (train, evals), "step", "loss"),
        [Plot("lr", "learning rate", "curve", (rate,), "step", "")],
    )
    made.draw(78, 18)
    made.go(840)
    assert text(made)[-1] == (
        "step   840  epoch 1.68  train 1.31 (smoothed 1.31)  validation 1.29  lr 8e-6"
    )


def test_fields_of_the_readout_keep_their_places() -> None:
    made = view(rise=0.6)
    starts = set()
    for _ in range(60):
        made.move(-1)
        line = text(made)[-1]
        starts.add((line.index("epoch"), line.index("train"), line.index("validation")))
    assert len(starts) == 1


def test_a_field_that_does_not_fit_is_left_out_whole() -> None:
    line = text(view(), width=60)[-1]
    assert "lr" not in line
    assert "…" not in line


def test_values_that_are_no_numbers_are_marked_and_told() -> None:
    made = view(broken_from=60, evals=0)
    lines = text(made)
    floor = next(line for line in lines if "✗" in line)
    assert floor.count("✗") >= 30
    assert "train nan" in lines[-1]


@pytest.mark.parametrize("points", [8, 150, 5000])
def test_the_point_under_the_cursor_is_lit_where_it_is_drawn(points: int) -> None:
    made = view(points=points, evals=0)
    for _ in range(40):
        lit = [sign for line in made.draw(78, 18)[1:-4] for sign, role in line if role[0] == "~"]
        assert len(lit) == 1
        assert lit[0] not in "· "
        made.move(-1)


def test_one_outlier_does_not_flatten_the_rest() -> None:
    ys = [2.0 + 0.01 * (i % 7) for i in range(200)]
    ys[100] = 1e9
    series = Series("train", "train", tuple(map(float, range(200))), tuple(ys))
    made = CurveView(Plot("loss", "loss", "curve", (series,), "step", "loss"))
    made.draw(78, 18)
    low, high = made._limits()
    assert 1.9 < low < 2.1
    assert high < 10


def test_a_logarithmic_axis_leaves_out_what_is_not_positive() -> None:
    series = Series("train", "train", (1, 2, 3, 4), (0.001, -5.0, 0.0, 100.0))
    made = CurveView(Plot("loss", "loss", "curve", (series,), "step", "loss"))
    made.toggle_log()
    lines = text(made)
    assert any(line.startswith("100") for line in lines)
    assert "log" in lines[0]


def test_letters_where_signs_cannot_be_trusted() -> None:
    assert signs_of({"LANG": "C"}) is LETTERS
    assert signs_of({"LANG": "en_US.UTF-8", "TERM": "linux"}) is LETTERS
    assert signs_of({"LANG": "en_US.UTF-8", "TERM": "xterm"}) is FANCY
    plot = curve_plots()[0]
    made = CurveView(plot, (), LETTERS)
    drawn, *_ = made._drawing(78, 12)
    area = "".join(plain(line) for line in drawn)
    assert area.isascii()
    assert "V" in area
    assert "." in area


def test_a_histogram_counts_all_and_colours_both_sides_of_zero() -> None:
    made = HistogramView(perplexity().plots[0])
    lines = made.draw(44, 10)
    roles = {role for line in lines for sign, role in line if set(sign) & set("▁▂▃▄▅▆▇█")}
    assert roles == {"good", "bad"}
    made.move(0)
    heard = 0
    for _ in made.counts:
        made.move(-1)
    for _ in made.counts:
        heard += int(plain(made.draw(44, 10)[0]).partition("  ")[2].split()[0])
        made.move(1)
    assert heard == 600


def test_more_bins_than_columns_are_put_together() -> None:
    series = Series("s", "tuned", tuple(map(float, range(500))), (1.0,) * 500)
    made = HistogramView(Plot("h", "h", "histogram", (series,)))
    assert all(width_of(line) <= 60 for line in made.draw(60, 8))


def test_bars_share_their_zero_and_say_how_many_are_missing() -> None:
    made = BarsView(perplexity().plots[1])
    lines = [plain(line) for line in made.draw(60, 4)]
    assert lines[-1] == "3 more: v shows them"
    assert "-44%" in lines[1]
    lengths = [across(share, 20).count("█") for share in (0.0, 0.5, 1.0)]
    assert lengths == [0, 10, 20]
    assert across(1e-9, 20) == "▏"


def test_no_line_of_any_plot_is_wider_than_its_room() -> None:
    for plot in (*perplexity(foreign="保証" * 30).plots, *curve_plots()):
        for width in (30, 44, 78, 120):
            made = (
                HistogramView(plot) if plot.kind == "histogram"
                else BarsView(plot) if plot.kind == "bars" else CurveView(plot)
            )  # fmt: skip
            sizes = [width_of(line) for line in made.draw(width, 12)]
            assert max(sizes) <= width, (plot.key, width)


def test_stops_never_go_backwards() -> None:
    stops = view().stops()
    assert all(a < b for a, b in pairwise(stops))
