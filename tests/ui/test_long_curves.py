"""What makes a log of 100,000 steps as light to look at as a short one."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made_evidence import MadeEvidence, made_log, points
from tests.ui.made import curves
from tui_eval.core.reading import Plot
from tui_eval.core.stats.order import all_finite, median
from tui_eval.core.steps.run import look
from tui_eval.ui.scene import Beside
from tui_eval.ui.widgets import plot as plots
from tui_eval.ui.widgets import views as viewing
from tui_eval.ui.widgets.curve_layers import FANCY
from tui_eval.ui.widgets.curve_view import CurveView
from tui_eval.ui.widgets.plot import PlotView
from tui_eval.ui.widgets.points import merged
from tui_eval.ui.widgets.views import Views

PLACES = st.lists(st.integers(0, 30).map(float)).map(sorted)


@given(st.lists(PLACES, max_size=4))
def test_merged_places_are_all_of_them_once_and_sorted(given: list[list[float]]) -> None:
    assert merged(given) == sorted({x for places in given for x in places})


@pytest.mark.parametrize(
    ("values", "finite"),
    [
        ((), True),
        ((1.0, 2.0), True),
        ((1e308, 1e308), True),
        ((math.inf, -math.inf), False),
        ((1.0, math.nan), False),
    ],
)
def test_a_sum_that_overflows_is_not_taken_for_a_value(
    values: tuple[float, ...], finite: bool
) -> None:
    assert all_finite(values) is finite


def test_a_plot_is_made_when_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def view_of(plot: Plot, *rest: Any) -> PlotView:
        made.append(plot.key)
        return plots.view_of(plot, *rest)

    monkeypatch.setattr(viewing, "view_of", view_of)
    views = Views(FANCY)
    views.update(curves())
    views.draw(78, 14)
    assert made == ["loss"]
    while views.view is not None and views.view.plot != "learning_rate":
        views.turn(1)
    views.draw(78, 14)
    assert made == ["loss", "learning_rate"]


def test_a_plot_that_was_not_looked_at_for_a_while_has_the_newest_points() -> None:
    views = Views(FANCY)
    views.update(curves())
    kept = views.plots["loss"]
    for size in (200, 300):
        views.update(curves(points=size, steps=10 * size))
    shown = views.plots["loss"]
    assert isinstance(shown, CurveView)
    assert shown is kept
    assert shown.stops()[-1] == 3000


def test_a_run_that_is_drawn_beside_goes_with_the_plots_it_has_lines_for() -> None:
    reading = curves()
    views = Views(FANCY)
    views.update(reading, Beside("file x", "x", {"loss": reading.plots[0].series}))
    loss, rate = views.plots["loss"], views.plots["learning_rate"]
    assert isinstance(loss, CurveView)
    assert isinstance(rate, CurveView)
    assert loss.beside is not None
    assert rate.beside is None
    views.update(reading)
    assert isinstance(views.plots["loss"], CurveView)
    assert views.plots["loss"].beside is None


def test_beside_an_eval_stands_the_median_of_the_losses_before_it() -> None:
    values = [3.0 - 0.01 * place + 0.5 * (place % 7) for place in range(120)]
    evals = points([1.0] * 30, every=45)
    run = look(MadeEvidence(training=made_log(values)), "tuned")
    assert run is not None
    assert run.k == 12
    for eval_point in evals:
        before = [p.value for p in run.finite if p.step <= eval_point.step]
        expected = median(before[-run.k :]) if len(before) >= run.k else None
        assert run.beside(eval_point) == expected
    assert (run.first, run.last) == (median(values[:12]), median(values[-12:]))
