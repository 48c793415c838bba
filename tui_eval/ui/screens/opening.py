"""Pages over a step that a row opens (``core.reading.Table.opens``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui_eval.core.steps.task_metrics_chosen import OPENS_ONE, Chosen

if TYPE_CHECKING:
    from textual.app import App

    from tui_eval.ui.looker import Looker
    from tui_eval.ui.screens.task_items import Ask


def items(app: App[Any], looker: Looker, ref: str, opens: str, refs: Sequence[str]) -> None:
    """Items of a task, or the one of them that the row is about; ``refs`` are those of its
    neighbours."""
    from tui_eval.ui.screens.task_items import TaskAnswersPage, TaskItemsPage

    def within(task: str) -> Ask:
        return lambda sample, tell: looker.task_item(task, sample, tell)

    kind, _, name = opens.partition(":")
    if kind == OPENS_ONE:
        app.push_screen(TaskAnswersPage(ref, refs, within(name)))
        return
    page = TaskItemsPage(within(Chosen.of(ref).task))
    app.push_screen(page)
    looker.task_items(ref, lambda found: page.post_message(page.Found(found)))


def beside_training(app: App[Any], looker: Looker, ref: str, kind: str) -> None:
    """A text beside the training row that it repeats, or that is nearest to it."""
    from tui_eval.files.evidence import data_path
    from tui_eval.ui.screens.copied import CopiedPage

    config = looker.config
    page = CopiedPage(ref, data_path(config, looker.scene.candidate, "train"), config.data)
    app.push_screen(page)
    looker.beside_training(kind, lambda found: page.post_message(page.Found(found)))
