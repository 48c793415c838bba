"""Pictures of step 1 while its log is followed, and with another run drawn beside it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.panes import OneStep
from tests.ui.made import IDLE, curve_plots, curves
from tui_eval.ui.scene import Beside
from tui_eval.ui.screens.step import StepPane


def beside() -> Beside:
    """A run that went on for longer, and better."""
    lines = {plot.key: plot.series for plot in curve_plots(points=90, evals=9, steps=1800)}
    return Beside("candidate rival", "rival", lines)


class Held(OneStep):
    """A step's pane beside whose log another is drawn, or whose log is followed."""

    def __init__(
        self, following: str = "", another: Beside | None = None, followed: str = ""
    ) -> None:
        super().__init__(curves())
        self.given = (*self.given, following, another, followed)  # type: ignore[assignment]


async def drawn(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    assert pilot.app.query_one(StepPane).size.height > 10


@pytest.mark.parametrize("name", ["following", "overlay"])
def test_picture(name: str, snap_compare: Any) -> None:
    app = Held("trainer_log.jsonl") if name == "following" else Held(another=beside())
    assert snap_compare(app, terminal_size=(80, 24), press=("left",), run_before=drawn)


async def test_the_other_run_is_told_apart_by_marker_and_name() -> None:
    app = Held("trainer_log.jsonl", beside())
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        text = app.pane.text()
        legend = next(row for row in text.splitlines() if "smoothed" in row)
        assert legend.endswith("─ train, smoothed 0.6   ◆ validation   · □ rival")
        assert text.count("□") > 5
        assert "following trainer_log.jsonl · beside it rival" in text
        told = next(row for row in text.splitlines() if "rival here" in row)
        assert "·" in told
        assert "□" in told


async def test_what_became_of_the_followed_log_stands_whole_beside_a_long_name() -> None:
    name = "events.out.tfevents.1744227257.b-3-167.5388.0"
    app = Held(name, beside(), "gone, waiting for it")
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        row = next(row for row in app.pane.text().splitlines() if "following" in row)
        assert "following events.out.tfevents.1744227257.…: gone, waiting for it" in row


@pytest.mark.parametrize("keys", [("x",), ("x", "x"), ("l",), ("+",), ("s",), ("v",), ("N", "n")])
async def test_the_keys_of_a_plot_work_with_another_run_in_it(keys: tuple[str, ...]) -> None:
    app = Held(another=beside())
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        before = app.pane.text()
        await pilot.press(*keys)
        await pilot.pause()
        assert app.pane.text() != before
        assert "beside it rival" in app.pane.text()


async def test_on_the_axis_of_time_both_runs_begin_at_once() -> None:
    app = Held(another=beside())
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        view = app.pane.plot_view
        await pilot.press("x", "x")
        assert {round(points.x[0] - view.start()) for points in view.faint()[:1]} == {0}  # type: ignore[union-attr]


async def test_letters_serve_where_signs_can_not_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    app = Held(another=beside())
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        assert ": u rival" in app.pane.text()


async def test_other_steps_have_no_log_to_follow() -> None:
    from tests.ui.made import perplexity

    app = OneStep(perplexity())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        before = app.pane.text()
        app.pane.show(perplexity(), None, IDLE, "trainer_log.jsonl", beside())
        await pilot.press("f", "o")
        assert app.pane.text() == before
        assert not {"follow", "overlay"} & set(app.pane.footer)
