"""Pictures of the step's pane and the sample's page. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.ui.apps.panes import OneSample, OneStep
from tests.ui.made import HOSTILE, NOT_STARTED, RUNNING, WORKING, curves, perplexity, sample_detail
from tests.ui.made_tokens import told
from tui_eval.ui.widgets.drawn import Drawn

Made = Callable[[], App[Any]]

PICTURES: dict[str, tuple[Made, tuple[str, ...]]] = {
    "curves": (lambda: OneStep(curves()), ("left", "left")),
    "curves_diverged": (lambda: OneStep(curves(broken_from=64, evals=0)), ()),
    "curves_zoomed_log_epochs": (lambda: OneStep(curves()), ("N", "N", "+", "+", "l", "x")),
    "perplexity": (lambda: OneStep(perplexity()), ("j",)),
    "perplexity_running": (
        lambda: OneStep(replace(perplexity(n=412), verdict="waiting"), RUNNING, WORKING), ()),
    "perplexity_not_started": (lambda: OneStep(NOT_STARTED), ()),
    "perplexity_hostile": (lambda: OneStep(perplexity(foreign=HOSTILE)), ()),
    "scatter": (lambda: OneStep(perplexity()), ("V", "V")),
    "reasons": (lambda: OneStep(perplexity()), ("V",)),
    "sample": (lambda: OneSample(sample_detail()), ("n",)),
    "sample_told": (lambda: OneSample(told()), ("n", "n")),
    "sample_change": (lambda: OneSample(told()), ("V", "n", "m")),
}  # fmt: skip


async def drawn(pilot: Pilot[Any]) -> None:
    """A crashed app makes a picture too, of nothing: ask that there is something."""
    await pilot.pause()
    shown = pilot.app.screen.query(Drawn).first()
    assert shown.size.height > 10


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, size: tuple[int, int], snap_compare: Any) -> None:
    made, pressed = PICTURES[name]
    assert snap_compare(made(), press=pressed, terminal_size=size, run_before=drawn)


@pytest.mark.parametrize("theme", ["light", "ansi", "high-contrast"])
def test_themes(theme: str, snap_compare: Any) -> None:
    assert snap_compare(OneStep(curves(), theme=theme), terminal_size=(80, 24), run_before=drawn)


def test_a_large_terminal(snap_compare: Any) -> None:
    assert snap_compare(OneStep(perplexity()), terminal_size=(165, 56), run_before=drawn)
