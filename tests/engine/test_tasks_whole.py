"""A task from eval.toml and two files of answers to its reading, on real data."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.files.making import lines
from tests.shared import SHARED, needs_shared
from tui_eval import config
from tui_eval.core.metrics import rulers
from tui_eval.core.reading import Reading
from tui_eval.core.records import Completion
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem
from tui_eval.engine.metrics import measure_task
from tui_eval.files.answer_files import match_task, read_answers
from tui_eval.files.harness import rows_of
from tui_eval.files.tasks import read_task

Answerer = Callable[[TaskItem], str]


def whole(folder: Path, text: str, base: Answerer, tuned: Answerer) -> tuple[Reading, MadeEvidence]:
    """What the engine does, one function after the other."""
    made = config.parse(f"[tasks.t]\n{text}", folder)
    task, options = read_task(made, "t").task, read_task(made, "t").options
    assert options is not None, task.fault
    ready = rulers(options)
    completions: dict[tuple[str, str], Mapping[str, Completion]] = {}
    scores = {}
    for model, answer in (("base", base), ("tuned", tuned)):
        rows = [
            {"prompt": item.sample.prompt, "answer": answer(item), "id": at}
            for at, item in enumerate(task.items)
        ]
        file = read_answers(lines(folder / f"{model}.jsonl", rows))
        answers = match_task(file, model, task).answers
        found: dict[str, dict[str, Measured]] = {}
        for sample, measure, one in measure_task(task, answers, ready):
            found.setdefault(measure, {})[sample] = one
        completions[model, "t"] = answers
        scores[model, "t"] = {m: MetricScores(some, ready[m].how) for m, some in found.items()}
    evidence = MadeEvidence(task_list=(task,), measured=scores, task_completions=completions)
    return read(evidence, "tuned"), evidence


@needs_shared
def test_maths(tmp_path: Path) -> None:
    chance = random.Random(0)

    def base(item: TaskItem) -> str:
        return item.references[0] if chance.random() < 0.5 else "I think it is 7,000,001."

    def tuned(item: TaskItem) -> str:
        right = item.references[0].rpartition("#### ")[2]
        return rf"So the result is \boxed{{{right}}}" if chance.random() < 0.8 else "no idea"

    text = f'data = "{SHARED}/gsm8k/train_first400.jsonl"\nmetrics = ["numeric"]\nlimit = 150'
    reading, evidence = whole(tmp_path, text, base, tuned)
    assert reading.verdict == "good", reading.findings
    right = reading.numbers["t.numeric.tuned"].value
    assert right == pytest.approx(0.8, abs=0.1)
    reasons = {row[1] for row in reading.tables["reasons"].rows}
    assert reasons == {"no number", "another number"}
    assert reading.summary.startswith("t better: numeric ")
    # The same answers, written for the harness and read again, measure the same.
    task: Task = evidence.task_list[0]
    rows = list(
        rows_of(task, evidence.task_completions["tuned", "t"], evidence.measured["tuned", "t"])
    )
    assert sum(row["numeric"] for row in rows) / len(rows) == right
    again = match_task(read_answers(lines(tmp_path / "out.jsonl", rows)), "k", task)
    assert len(again.answers) == 150


@needs_shared
def test_labels(tmp_path: Path) -> None:
    with (SHARED / "classification" / "banking77_test.csv").open(newline="") as file:
        names = sorted({row["category"] for row in csv.DictReader(file)})
    chance = random.Random(1)

    def answering(share: float) -> Answerer:
        def answer(item: TaskItem) -> str:
            label = item.references[0] if chance.random() < share else chance.choice(names)
            return f"The intent is **{label.replace('_', ' ').title()}**."

        return answer

    text = f"""data = "{SHARED}/classification/banking77_test.csv"
template = "{{text}}"
reference = "category"
labels = {json.dumps(names)}
metrics = ["macro_f1", "accuracy", "mcc"]
limit = 400"""
    reading, _ = whole(tmp_path, text, answering(0.6), answering(0.85))
    assert reading.verdict == "good", reading.findings
    assert reading.numbers["t.accuracy.base"].value == pytest.approx(0.6, abs=0.08)
    assert reading.numbers["t.unparsed.tuned"].value == 0.0
    assert "by_category" not in reading.tables
    assert "confused_t" in reading.tables


@needs_shared
def test_summaries(tmp_path: Path) -> None:
    def lead(item: TaskItem) -> str:
        return item.sample.prompt.split("\n")[0]

    def last(item: TaskItem) -> str:
        return item.sample.prompt.split("\n")[-1]

    text = f"""data = "{SHARED}/summarisation/scitldr_a_dev_first150.jsonl"
prompt = "source"
metrics = ["rougeL", "rouge1", "bleu", "chrf"]"""
    same, _ = whole(tmp_path, text, lead, lead)
    assert [one.code for one in same.findings] == ["not_shown"]
    assert same.numbers["t.bleu.difference"].value == 0.0
    reading, _ = whole(tmp_path, text, lead, last)
    for name in ("rougeL", "rouge1", "bleu", "chrf"):
        number = reading.numbers[f"t.{name}.difference"]
        assert number.value is not None
        assert number.low is not None
        assert number.high is not None
        assert number.low < number.value < number.high
    assert any("sacrebleu: nrefs:var|case:mixed" in line for line in reading.how)
