"""Evidence of three tasks, as step 6 is drawn from: texts, labels and code."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from tests.core.made_evidence import MadeEvidence, made_sample
from tui_eval.core.metrics import metric_of, rulers
from tui_eval.core.metrics.settle import settled
from tui_eval.core.records import Completion, Message
from tui_eval.core.task_records import (
    Asked,
    Measured,
    MetricOptions,
    MetricScores,
    Task,
    TaskItem,
)

LABELS = ("billing", "shipping", "refund", "warranty", "gift card", "complaint")
TEXT = (
    "The customer waited forty minutes for a delivery that had been promised for noon, and asks"
    " for the fee back; the driver says that nobody opened the door."
)
CODE = "def double(x):\n    return x + x\n"


def items(name: str, count: int, prompt: str, references: Sequence[str]) -> tuple[TaskItem, ...]:
    return tuple(
        TaskItem(
            made_sample(
                at,
                id=f"{name}{at}",
                category=("web", "telephone", "shop")[at % 3],
                source=f"{name}.jsonl",
                messages=(Message("user", f"{prompt} {at}: {TEXT}"),),
                folded_prompt=f"{name} {at}",
            ),
            (references[at % len(references)],),
        )
        for at in range(count)
    )


def answers(name: str, model: str, texts: Sequence[str]) -> dict[str, Completion]:
    return {
        f"{name}{at}": Completion(f"{name} {model} {at}", f"{name}{at}", text, text)
        for at, text in enumerate(texts)
    }


def classified(
    labels: Sequence[str] = LABELS, count: int = 300
) -> tuple[Task, Mapping[str, Mapping[str, MetricScores]], Mapping[str, list[str]]]:
    """Measured by the real rule."""
    draw = random.Random(4)
    rows = items("labels", count, "Which kind is complaint", labels)
    task = Task("labels", rows, ("macro_f1", "accuracy"), source="labels.jsonl", rows=count)
    options = settled(MetricOptions(metrics=task.metrics), rows)
    (ruler,) = rulers(options).values()
    said: dict[str, list[str]] = {}
    scores = {}
    for model, right, unparsed in (("base", 0.66, 0.14), ("tuned", 0.88, 0.01)):
        said[model] = [
            "I can't say."
            if (luck := draw.random()) < unparsed
            else row.references[0]
            if luck < unparsed + right
            else labels[(labels.index(row.references[0]) + draw.choice((1, 1, 1, 2))) % len(labels)]
            for row in rows
        ]
        made = {
            row.sample.id: ruler.measure(Asked("", row.references, text))
            for row, text in zip(rows, said[model], strict=True)
        }
        scores[model] = {"labels": MetricScores(made, "The first label named is taken.")}
    return task, scores, said


def summarised() -> tuple[Task, Mapping[str, Mapping[str, MetricScores]]]:
    draw = random.Random(3)
    rows = items("summarise", 200, "Summarise", ("A delivery came late; the fee is asked back.",))
    task = Task("summarise", rows, ("rougeL", "rouge1"), source="complaints.jsonl", rows=200)
    base = [draw.uniform(0.1, 0.5) for _ in rows]
    scores = {}
    for model, gain in (("base", 0.0), ("tuned", 0.06)):
        found = {}
        for row, value in zip(rows, base, strict=True):
            score = max(0.0, value + gain + draw.gauss(0, 0.1))
            found[row.sample.id] = Measured({"rougeL": score, "rouge1": score + 0.05})
        scores[model] = {"rouge": MetricScores(found, "rouge-score 0.1.2, F1, stemmer on.")}
    return task, scores


def coded(name: str = "code") -> tuple[Task, Mapping[str, Mapping[str, MetricScores]]]:
    rows = items(name, 47, "Write double, for problem", (CODE,))
    task = Task(name, rows, ("pass_at_1",), source="code.jsonl", rows=47, sandbox="isolated")
    scores = {}
    for model, right in (("base", 21), ("tuned", 22)):
        found = {}
        for at, row in enumerate(rows):
            passed = (at * 7 + (model == "tuned")) % 47 < right
            reason = "" if passed else ("wrong", "wrong", "timeout", "syntax")[at % 4]
            told = "" if passed else "AssertionError: wanted 4 for 2, line 3"
            values = {"pass_at_1": float(passed)}
            found[row.sample.id] = Measured(values, reason=reason, detail=told)
        measure = metric_of("pass_at_1").measure
        scores[model] = {measure: MetricScores(found, "One sample each, judged in the sandbox.")}
    return task, scores


def evidence(**fields: Any) -> MadeEvidence:
    labels, by_label, said = classified()
    parts = [summarised(), (labels, by_label), coded()]
    measured = {(model, task.name): found[model] for task, found in parts for model in found}
    texts = {
        ("base", "summarise"): answers("summarise", "base", [f"{TEXT} {TEXT}"] * 200),
        ("tuned", "summarise"): answers("summarise", "tuned", ["A late delivery."] * 200),
        **{(model, "labels"): answers("labels", model, said[model]) for model in said},
        ("base", "code"): answers("code", "base", [CODE.replace("+ x", "* x")] * 47),
        ("tuned", "code"): answers("code", "tuned", [f"Here it is:\n```python\n{CODE}```"] * 47),
    }
    tasks = tuple(task for task, _ in parts)
    return MadeEvidence(task_list=tasks, measured=measured, task_completions=texts, **fields)
