"""Pictures of step 6: its overview, a confusion matrix, an item with both answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.panes import OneStep, Themed
from tests.ui.fake import painted
from tests.ui.made_tasks import evidence
from tui_eval import ui
from tui_eval.core.reading import Reading
from tui_eval.core.steps import task_metrics
from tui_eval.core.steps.task_metrics_items import detail
from tui_eval.ui.screens.task_items import TaskAnswersPage
from tui_eval.ui.widgets.drawn import Drawn

SIZES = [(80, 24), (120, 40), (200, 50)]
NAMES = ["80x24", "120x40", "200x50"]


@cache
def reading() -> Reading:
    return task_metrics.read(evidence(), "tuned")


class OneItem(Themed):
    CSS_PATH = Path(ui.__file__).with_name("app.tcss")

    def __init__(self, task: str, sample: str) -> None:
        super().__init__()
        self.found = detail(evidence(), "tuned", task, sample)

    def on_mount(self) -> None:
        refs = ["labels1", "labels2", "code1"]
        self.push_screen(TaskAnswersPage(refs[-1], refs, lambda _, tell: tell(self.found)))


async def drawn(pilot: Pilot[Any]) -> None:
    """A crashed app makes a picture too, of nothing."""
    await pilot.pause()
    assert max(one.size.height for one in pilot.app.screen.query(Drawn)) > 10


async def answered(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    assert "double" in painted(pilot.app)


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_overview(size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(OneStep(reading()), terminal_size=size, run_before=drawn)


@pytest.mark.parametrize("size", SIZES[:2], ids=NAMES[:2])
def test_matrix(size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(
        OneStep(reading()), press=("V", "V", "n"), terminal_size=size, run_before=drawn
    )


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_item(size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(OneItem("code", "code1"), terminal_size=size, run_before=answered)
