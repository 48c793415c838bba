"""The confusion matrix of each classification task as a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui_eval.core.reading import Plot, Series
from tui_eval.core.stats.classification import Report
from tui_eval.core.steps.task_metrics_chosen import MATRIX
from tui_eval.core.steps.task_metrics_figures import Side
from tui_eval.core.steps.task_metrics_look import Looked
from tui_eval.core.steps.task_metrics_tests import Case
from tui_eval.core.steps.task_metrics_views import label_order, reports
from tui_eval.core.text import clean

MOST = 40
"""Labels of a matrix; of more those that are confused most."""


def plots(case: Case) -> tuple[Plot, ...]:
    made = []
    for looked in case.tasks:
        found = next((c for c in looked.compared if c.metric.measure == "labels"), None)
        if found is not None and found.n:
            made.append(_plot(looked, reports(looked, found)))
    return tuple(made)


def _plot(looked: Looked, made: dict[Side, Report]) -> Plot:
    every = label_order(made)
    shown = most_confused(made, every)
    some = len(shown) < len(every)
    columns = len(shown) + some
    series = [
        Series(label, side, tuple(map(float, range(columns))), _row(made[side], label, shown, some))
        for side in looked.sides
        for label in shown
    ]
    notes: tuple[str, ...] = ()
    if some:
        notes = (f"{len(shown)} worst of {len(every)}, n of all",)
    title = f"confusion matrix of {clean(looked.task.name, limit=30)}"
    key = f"{MATRIX}{looked.task.name}"
    return Plot(key, title, "matrix", tuple(series), "answered", "true", notes=notes)


def _row(found: Report, true: str, shown: Sequence[str], some: bool) -> tuple[float, ...]:
    """Where labels are left out a column more: of answers that are among those, so that a row's
    sum is how often its label is true."""
    counts = [found.cells.get((true, said), 0) for said in shown]
    rest = [found.true[true] - sum(counts)] if some else []
    return tuple(map(float, (*counts, *rest)))


def most_confused(made: dict[Side, Report], every: Sequence[str]) -> list[str]:
    """In the order of ``every``, by errors that have them as truth or as answer."""
    if len(every) <= MOST:
        return list(every)
    counts: Counter[str] = Counter()
    for one in made.values():
        for (true, said), count in one.cells.items():
            if true != said:
                counts[true] += count
                counts[said] += count
    ranked = sorted(every, key=lambda label: -counts[label])[:MOST]
    return [label for label in every if label in ranked]
