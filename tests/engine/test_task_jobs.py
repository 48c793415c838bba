"""Tasks from eval.toml to facts and the reading, in a real workspace with tiny models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engine import models
from tests.engine.answers import AnswerBench, plain
from tests.engine.test_score_losses import words
from tests.files.making import lines
from tui_eval.core.metrics.labels import likeliest
from tui_eval.core.reading import Reading
from tui_eval.core.records import Completion, Message, Sample
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import TaskItem
from tui_eval.engine.jobs import measure
from tui_eval.engine.jobs import rows as job_rows
from tui_eval.engine.jobs.task_labels import Choosing
from tui_eval.engine.prompts import Prompting, Renderer
from tui_eval.files.task_settings import task_config

COUNT = 6
LABELS = ("harbour", "a slate quay", "coal")
ENDS = (1, 4)
SHORT = "greedy = true\nmax_new_tokens = 8"
TASK = {"split": "task"}


@pytest.fixture
def bench(tmp_path: Path) -> AnswerBench:
    made = AnswerBench.at(tmp_path, 2)
    lines(
        tmp_path / "labels.jsonl",
        [{"prompt": words(4 + n, n), "label": LABELS[n % 3]} for n in range(COUNT)],
    )
    # Some without a right answer: nothing stands where the model is to go on.
    open_rows = [{"question": words(5 + n, n + 50)} for n in range(COUNT)]
    lines(tmp_path / "open.jsonl", [*open_rows[:-1], {**open_rows[-1], "answer": "coal"}])
    return made


def with_tasks(bench: AnswerBench, generation: str = SHORT, **tasks: str) -> None:
    named = {f"tasks_{name}": body for name, body in tasks.items()}
    # The rows' prompts are also those of validation rows, which nobody compares blind here.
    bench.settings(generation=f"{generation}\n[blind_ab]\npairs = 0", **named)


LABELLED = 'data = "labels.jsonl"\nmetrics = ["accuracy", "macro_f1"]\n'
OPEN = 'data = "open.jsonl"\nmetrics = ["json_valid"]\nprompt = "question"\n'


def items(bench: AnswerBench, task: str) -> Sequence[TaskItem]:
    return bench.evidence().ready(task).task.items


def measured(bench: AnswerBench, number: int, **args: Any) -> Any:
    """One run of the measure job, on another job's file."""
    bench.work, bench.verb = measure.run, "measure"  # type: ignore[assignment, misc]
    try:
        return bench.run(number, **TASK, **args)
    finally:
        del bench.work, bench.verb


def reading(bench: AnswerBench) -> Reading:
    return read(bench.evidence(), "tuned")


def answers(bench: AnswerBench, task: str, model: str) -> dict[str, Sequence[Completion]]:
    return dict(bench.evidence().every_answer("tuned", model, task))


def by_hand(bench: AnswerBench, model: Any, task: str) -> list[str]:
    config = task_config(bench.config(), bench.config().tasks[task])
    renderer = Renderer(bench.base.tokenizer, job_rows.prompting_of(config, "tuned", "tuned"))
    tokenizer = bench.base.tokenizer
    found = []
    for item in items(bench, task):
        prompt = renderer.prompt(item.sample)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        found.append(tokenizer.decode(plain(model, ids, 8, ENDS), skip_special_tokens=True))
    return found


def test_all_tasks_are_answered_by_models_that_are_loaded_once(bench: AnswerBench) -> None:
    with_tasks(bench, labels=LABELLED, open=OPEN + 'system = "Be short."\n')
    context = bench.run(**TASK)
    assert sum(key.startswith("scorer") for key in bench.warm) == 1
    assert context.said[-1][:3] == (4 * COUNT, 4 * COUNT, "answers")
    for task in ("labels", "open"):
        for model, made in (("tuned", bench.tuned.model), ("base", models.loaded("llama").model)):
            said = answers(bench, task, model)
            texts = [said[item.sample.id][0].text for item in items(bench, task)]
            assert texts == by_hand(bench, made, task)
    head = [item.sample.messages[0] for item in items(bench, "open")]
    assert head == [Message("system", "Be short.")] * COUNT
    said = [message for *_, message in bench.run(2, **TASK).said]
    assert said == [""], "nothing was left to do"


def test_a_reading_comes_of_what_is_measured_once(bench: AnswerBench) -> None:
    with_tasks(bench, labels=LABELLED, open=OPEN)
    assert reading(bench).verdict == "waiting"
    bench.run(**TASK)
    assert measured(bench, 2).said[-1][:3] == (4 * COUNT, 4 * COUNT, "answers")
    found = reading(bench)
    # Six items are few, which is an answer.
    assert found.verdict == "not_enough"
    assert {one.code for one in found.findings if one.severity == "not_enough"} == {
        "too_few_samples"
    }
    assert found.numbers["labels.accuracy.tuned"].n == COUNT
    assert any("A label is the label that the answer names first" in one for one in found.how)
    assert measured(bench, 3).said[-1][:2] == (0, 0)
    # Another metric of another measurement: it alone is measured.
    with_tasks(bench, labels=LABELLED, open=OPEN.replace('"]', '", "exact_match"]'))
    assert reading(bench).verdict == "waiting"
    assert measured(bench, 4).said[-1][1] == 2 * COUNT
    # Only what has a right answer can equal it.
    assert reading(bench).numbers["open.exact_match.tuned"].n == 1


def test_answers_that_are_corrected_in_the_data_are_measured_anew(bench: AnswerBench) -> None:
    task = 'data = "several.jsonl"\nmetrics = ["exact_match"]\nprompt = "prompt"\n'
    rows = [{"prompt": words(5, n), "answers": ["coal", f"slate {n}"]} for n in range(3)]
    lines(bench.folder / "several.jsonl", rows)
    with_tasks(bench, several=task)
    bench.run(**TASK)
    measured(bench, 2)
    rows[1]["answers"] = ["coal", "apples"]
    lines(bench.folder / "several.jsonl", rows)
    # The prompt and the first reference are what they were, so the answer is.
    assert bench.run(3, **TASK).said[-1][3] == ""
    assert measured(bench, 4).said[-1][1] == 2


def test_several_answers_to_an_item_are_drawn(bench: AnswerBench) -> None:
    with_tasks(bench, labels=LABELLED + "samples = 3\n", generation="max_new_tokens = 12")
    bench.run(**TASK)
    found = answers(bench, "labels", "tuned")
    assert [[one.index for one in some] for some in found.values()] == [[0, 1, 2]] * COUNT
    assert any(len({one.text for one in some}) > 1 for some in found.values())
    producer = bench.evidence().task_producer("tuned", "tuned", "labels")
    assert producer is not None
    assert "temperature 0.8" in producer.detail["decoding"]


def test_tasks_with_the_same_settings_and_data_share_their_answers(bench: AnswerBench) -> None:
    with_tasks(bench, labels=LABELLED)
    bench.run(**TASK)
    with_tasks(bench, labels=LABELLED, again=LABELLED.replace("accuracy", "kappa"))
    assert bench.run(2, **TASK).said[-1][3] == ""
    assert answers(bench, "again", "tuned") == answers(bench, "labels", "tuned")


def test_cancelled_work_goes_on_where_it_stopped(bench: AnswerBench) -> None:
    with_tasks(bench, labels=LABELLED, open=OPEN)
    bench.cancel_after = 1
    bench.run(**TASK)
    kept = sum(
        len(answers(bench, task, model))
        for task in ("labels", "open")
        for model in ("base", "tuned")
    )
    assert kept < 4 * COUNT
    bench.cancel_after = None
    context = bench.run(2, **TASK)
    assert context.said[0][:2] == (kept, 4 * COUNT)
    assert context.said[-1][0] == 4 * COUNT


# Labels by likelihood


def log_probabilities(bench: AnswerBench, model: Any, item: TaskItem) -> dict[str, list[float]]:
    """Of the tokens of each label as the answer, worked out with the model alone."""
    tokenizer = bench.base.tokenizer
    prompt = Renderer(tokenizer, Prompting(models.CHATML)).prompt(item.sample)
    found = {}
    for label in LABELS:
        whole = f"{prompt}{label}<|im_end|>\n"
        made = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
        ids = torch.tensor([made["input_ids"]])
        with torch.no_grad():
            logits = model(ids).logits[0].double().log_softmax(-1)
        end = len(prompt) + len(label)
        found[label] = [
            float(logits[at - 1, ids[0, at]])
            for at, (start, stop) in enumerate(made["offset_mapping"])
            if stop > len(prompt) and start < end
        ]
    return found


@pytest.mark.parametrize("rule", ["likelihood", "likelihood_normalised"])
def test_labels_by_likelihood_are_those_of_known_probabilities(
    bench: AnswerBench, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tasks(bench, labels=f'{LABELLED}label_rule = "{rule}"\n')
    scored: dict[tuple[str, str], dict[str, float]] = {}
    said = Choosing._said

    def watch(self: Choosing, item: TaskItem, losses: Any, options: Any) -> Completion:
        name = self._bench.name
        scored[name, item.sample.id] = {k: v.end_nll - v.nll for k, v in losses.items()}
        return said(self, item, losses, options)

    monkeypatch.setattr(Choosing, "_said", watch)
    bench.run(**TASK)
    for model, made in (("tuned", bench.tuned.model), ("base", models.loaded("llama").model)):
        chosen = answers(bench, "labels", model)
        for item in items(bench, "labels"):
            known = log_probabilities(bench, made, item)
            sums = {label: sum(values) for label, values in known.items()}
            assert scored[model, item.sample.id] == pytest.approx(sums, rel=1e-4)
            means = {label: sums[label] / len(known[label]) for label in LABELS}
            right = sums if rule == "likelihood" else means
            (one,) = chosen[item.sample.id]
            assert one.text == max(right, key=lambda label: right[label])
    assert bench.run(2, **TASK).said[-1][3] == "", "and none is scored twice"


def test_a_label_that_could_not_be_scored_leaves_the_item_without_an_answer() -> None:
    assert likeliest({}) == ""


# Answers made elsewhere


def test_answers_from_files_need_no_model(tmp_path: Path) -> None:
    bench = AnswerBench(tmp_path, None, None)  # type: ignore[arg-type]
    rows = [{"prompt": f"question {n}", "label": LABELS[n % 3]} for n in range(COUNT)]
    lines(tmp_path / "labels.jsonl", rows)
    lines(
        tmp_path / "tuned.jsonl", [{"prompt": r["prompt"], "answer": r["label"]} for r in rows[:-1]]
    )
    (tmp_path / "eval.toml").write_text(
        f'[models.tuned]\nanswers = "tuned.jsonl"\n[tasks.labels]\n{LABELLED}'
    )
    measured(bench, 1)
    found = reading(bench)
    assert found.verdict == "not_enough"
    assert found.numbers["labels.accuracy.tuned"].value == 1.0
    assert found.numbers["labels.accuracy.tuned"].n == COUNT - 1
    (told,) = [one.text for one in found.findings if one.code == "missing_answers"]
    assert told.startswith(f"labels: 1 of tuned's {COUNT} item")
    assert "tuned: tuned.jsonl has no answer to it, first #6" in told


def test_the_template_is_tried_with_the_question_in_it() -> None:
    from tui_eval.engine.template_guard import check_template

    strict = "{% if messages[-1].role != 'user' %}{{ raise_exception('no question') }}{% endif %}"
    asked = Sample("s", "", "", (Message("system", "be"), Message("user", "why")))
    check_template(strict + models.CHATML, [asked], {}, None)


def test_a_task_that_cannot_be_read_is_left_to_its_step(bench: AnswerBench) -> None:
    (bench.folder / "bad.jsonl").write_text(json.dumps({"prompt": "a", "label": ["x", "y"]}) + "\n")
    with_tasks(bench, bad='data = "bad.jsonl"\nmetrics = ["accuracy"]\n', labels=LABELLED)
    bench.run(**TASK)
    measured(bench, 2)
    assert {one.code for one in reading(bench).findings} >= {"unreadable", "too_few_samples"}
