"""The app on made tasks, whose rows open."""

from __future__ import annotations

from typing import Any

from tests.core.made_evidence import MadeEvidence
from tests.ui.fake import FakeReader, start
from tests.ui.made_tasks import evidence as made
from tui_eval.core.steps import task_metrics, task_metrics_items
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.core.steps.task_metrics_items import ItemDetail, Listed
from tui_eval.ui.app import EvalApp


class TaskReader(FakeReader):
    def __init__(self, evidence: MadeEvidence) -> None:
        super().__init__({"task_metrics": task_metrics.read(evidence, "tuned")})
        self.evidence = evidence

    def task_items(self, candidate: str, ref: str) -> Listed | None:
        return task_metrics_items.listed(self.evidence, candidate, Chosen.of(ref))

    def task_item(self, candidate: str, task: str, sample: str) -> ItemDetail | None:
        return task_metrics_items.detail(self.evidence, candidate, task, sample)


def tasks_app(evidence: MadeEvidence | None = None, **more: Any) -> EvalApp:
    known = evidence or made()
    return EvalApp(start(**more), reader=lambda: TaskReader(known))
