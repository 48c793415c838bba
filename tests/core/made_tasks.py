"""Tasks with answers that were measured, made in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.core.made_evidence import MadeEvidence, made_sample
from tui_eval.core.metrics import metric_of, rulers
from tui_eval.core.metrics.settle import settled
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Finding, Reading
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import (
    Asked,
    Measured,
    MetricOptions,
    MetricScores,
    Task,
    TaskItem,
)
from tui_eval.core.text import cells

Given = Sequence[Mapping[str, float]]


def made_items(count: int, references: Sequence[str] = (), **fields: object) -> list[TaskItem]:
    return [
        TaskItem(made_sample(at, **fields), (references[at] if references else "x",))
        for at in range(count)
    ]


def evidence_of(
    task: Task, base: Sequence[Measured], tuned: Sequence[Measured], **fields: object
) -> MadeEvidence:
    """One task of one measurement; answers as far as there are any."""
    measure = metric_of(task.metrics[0]).measure
    ids = [item.sample.id for item in task.items]
    scores = {
        (model, task.name): {
            measure: MetricScores(dict(zip(ids, some, strict=False)), "made by hand.")
        }
        for model, some in (("base", base), ("tuned", tuned))
    }
    return MadeEvidence(task_list=(task,), measured=scores, **fields)  # type: ignore[arg-type]


def numbers_task(base: Sequence[float], tuned: Sequence[float], name: str = "rougeL") -> Reading:
    task = Task("sums", tuple(made_items(len(base))), (name,), source="t.jsonl", rows=len(base))
    made = [[Measured({name: one}) for one in some] for some in (base, tuned)]
    return read(evidence_of(task, *made), "tuned")


def labelled(
    truth: Sequence[str], base: Sequence[str], tuned: Sequence[str], **fields: object
) -> MadeEvidence:
    """Answers read by the real rule, as the engine measures them."""
    items = tuple(made_items(len(truth), truth))
    task = Task("moods", items, ("macro_f1", "accuracy"), rows=len(items), **fields)  # type: ignore[arg-type]
    options = settled(MetricOptions(metrics=task.metrics, labels=task.labels), items)
    (ruler,) = rulers(options).values()
    made = [
        [
            ruler.measure(Asked("", item.references, said))
            for item, said in zip(items, some, strict=True)
        ]
        for some in (base, tuned)
    ]
    return evidence_of(task, *made)


def finding(reading: Reading, code: str) -> Finding:
    return next(one for one in reading.findings if one.code == code)


def codes(reading: Reading) -> list[str]:
    return [one.code for one in reading.findings]


def fits(reading: Reading) -> None:
    assert cells(reading.headline) <= HEADLINE_CELLS
    assert cells(reading.summary) <= SUMMARY_CELLS
    assert reading.headline
    assert reading.summary
