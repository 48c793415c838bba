"""Plots with a keyboard cursor: which view draws a Plot, and what the plot keys do to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from tui_eval.core.reading import Plot
from tui_eval.ui import terminal
from tui_eval.ui.widgets.bars import BarsView, HistogramView
from tui_eval.ui.widgets.curve import JUMP, Another
from tui_eval.ui.widgets.curve_layers import FANCY, LETTERS, Signs
from tui_eval.ui.widgets.curve_view import CurveView
from tui_eval.ui.widgets.drawn import Drawn
from tui_eval.ui.widgets.matrix import MatrixView
from tui_eval.ui.widgets.scale import ScaleView

PlotView = CurveView | HistogramView | BarsView | ScaleView | MatrixView


def signs_of(environ: Mapping[str, str] | None = None) -> Signs:
    """Letters where the locale has no other signs, or the console's font none."""
    environ = os.environ if environ is None else environ
    plain = terminal.ascii_only(environ) or environ.get("TERM") == "linux"
    return LETTERS if plain else FANCY


def view_of(
    plot: Plot, others: Sequence[Plot], signs: Signs, beside: Another | None = None
) -> PlotView:
    if plot.kind == "histogram":
        return HistogramView(plot, fancy=signs is FANCY)
    if plot.kind == "bars":
        return BarsView(plot, fancy=signs is FANCY)
    if plot.kind == "scale":
        return ScaleView(plot, fancy=signs is FANCY)
    if plot.kind == "matrix":
        return MatrixView(plot, fancy=signs is FANCY)
    view = CurveView(plot, others, signs)
    if beside is not None:
        view.update(plot, others, beside)
    return view


def update(
    view: PlotView, plot: Plot, others: Sequence[Plot], beside: Another | None = None
) -> bool:
    """New data for a view of the same kind; false where it needs another view."""
    if isinstance(view, CurveView) and plot.kind in ("curve", "scatter"):
        if (view.plot, view.others, view.beside) != (plot, tuple(others), beside):
            view.update(plot, others, beside)
        return True
    if isinstance(view, HistogramView) and plot.kind == "histogram":
        view.update(plot)
        return True
    if isinstance(view, BarsView) and plot.kind == "bars":
        view.update(plot)
        return True
    if isinstance(view, ScaleView) and plot.kind == "scale":
        view.update(plot)
        return True
    if isinstance(view, MatrixView) and plot.kind == "matrix":
        view.update(plot)
        return True
    return False


class PlotKeys(Drawn):
    """The actions of the place ``plot`` for a widget that shows ``plot_view``."""

    @property
    def plot_view(self) -> PlotView | None:
        """The plot that the keys move about in."""
        raise NotImplementedError

    def plot_footer(self) -> tuple[str, ...]:
        """The actions that change something in this plot."""
        view = self.plot_view
        if isinstance(view, HistogramView):
            return ("cursor_left",)
        if isinstance(view, MatrixView):
            return ("cursor_left", *(("other_model",) if view.counts["base"] else ()))
        if not isinstance(view, CurveView) or not view.stops():
            return ()
        could = (
            ("cursor_left", True),
            ("zoom_in", True),
            ("smooth_more", view.smoothable()),
            ("log_axis", True),
            ("x_axis", len(view.axes()) > 1),
            ("next_event", bool(view.plot.events)),
        )
        return tuple(name for name, can in could if can)

    def _change(self, change: Callable[[CurveView], bool]) -> None:
        view = self.plot_view
        if isinstance(view, CurveView) and change(view):
            self.redraw()

    def _move(self, columns: int) -> None:
        view = self.plot_view
        if view is not None and view.move(columns):
            self.redraw()

    def action_cursor_left(self) -> None:
        self._move(-1)

    def action_cursor_right(self) -> None:
        self._move(1)

    def action_jump_left(self) -> None:
        self._move(-JUMP)

    def action_jump_right(self) -> None:
        self._move(JUMP)

    def action_zoom_in(self) -> None:
        self._change(lambda view: view.zoom(0.5))

    def action_zoom_out(self) -> None:
        self._change(lambda view: view.zoom(2.0))

    def action_smooth_more(self) -> None:
        self._change(lambda view: view.smooth(1))

    def action_smooth_less(self) -> None:
        self._change(lambda view: view.smooth(-1))

    def action_log_axis(self) -> None:
        self._change(lambda view: view.toggle_log())

    def action_x_axis(self) -> None:
        self._change(lambda view: view.next_axis())

    def action_next_event(self) -> None:
        self._go_to_event(1)

    def action_previous_event(self) -> None:
        self._go_to_event(-1)

    def _go_to_event(self, by: int) -> None:
        view = self.plot_view
        if isinstance(view, CurveView | MatrixView) and view.next_event(by):
            self.redraw()

    def action_other_model(self) -> None:
        view = self.plot_view
        if isinstance(view, MatrixView) and view.turn():
            self.redraw()
