"""Step 6: what it tells of rows and of whole tasks that can't be measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.core.made_tasks import codes, evidence_of, finding, fits, made_items
from tests.core.test_task_metrics_items import reworded
from tui_eval.core.reading import Reading
from tui_eval.core.records import Completion
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import Measured, MetricScores, Task


def test_rows_that_cannot_be_used_are_named_with_the_reason() -> None:
    task = Task("sums", tuple(made_items(30)), ("rougeL",), left_out=2,
                faults=("row 3: the prompt is empty", "row 9: not JSON"))  # fmt: skip
    some = [Measured({"rougeL": at / 30}) for at in range(30)]
    told = finding(read(evidence_of(task, some, some), "tuned"), "skipped_rows").text
    assert "2 rows can't be used (row 3: the prompt is empty; row 9: not JSON)" in told


def test_why_a_whole_task_stops_is_told_once() -> None:
    why = "There is no bubblewrap: " + "install it. " * 40 + "END"
    task = Task("code", tuple(made_items(3)), ("pass_at_1", "pass_at_2"), refused=why)
    reading = read(MadeEvidence(task_list=(task,)), "tuned")
    assert finding(reading, "sandbox_refused").text.endswith("END")
    assert not any("bubblewrap" in number.why for number in reading.numbers.values())


def unanswered(called: str = "tuned", /, **lost: int) -> Reading:
    """Of 60 items; every answer that there is got better."""
    task = Task("sums", tuple(made_items(60)), ("rougeL",))
    some = [[Measured({"rougeL": at / 60 + more}) for at in range(60)] for more in (0.0, 0.01)]
    answers = {
        (model, "sums"): {
            f"s{at}": Completion(
                f"c{at}",
                f"s{at}",
                "",
                "",
                finish="error",
                error="answer is null" if at % 5 else "x",
            )
            for at in range(count)
        }
        for model, count in lost.items()
    }
    evidence = evidence_of(task, *some, task_completions=answers)
    for model, count in lost.items():
        scores = evidence.measured[model, "sums"]["rouge"]
        for at in range(count):
            del scores.items[f"s{at}"]  # type: ignore[attr-defined]
    evidence.measured = {
        (called if model == "tuned" else model, task): scores
        for (model, task), scores in evidence.measured.items()
    }
    evidence.task_completions = {
        (called if model == "tuned" else model, task): made
        for (model, task), made in evidence.task_completions.items()
    }
    return read(evidence, called)


def test_the_candidate_is_called_by_its_name() -> None:
    reading = unanswered("vendor", tuned=35)
    told = finding(reading, "missing_answers").text
    assert "35 of vendor's 60" in told
    assert "vendor: answer is null on " in told
    assert "58% of vendor unanswered" in reading.headline
    assert "tuned" not in told + reading.headline + reading.summary


@pytest.mark.parametrize("side", ["base", "tuned"])
def test_missing_answers_of_either_model_move_the_verdict(side: str) -> None:
    for lost, severity, verdict in (
        (3, "note", "good"),
        (4, "caution", "caution"),
        (30, "caution", "caution"),
        (35, "not_enough", "not_enough"),
    ):
        reading = unanswered(**{side: lost})
        told = finding(reading, "missing_answers")
        assert (told.severity, reading.verdict) == (severity, verdict)
        assert f"{lost} of {side}'s 60" in told.text
        assert f"{side}: answer is null on " in told.text
        assert ("hardly missing at random" in told.text) == (severity != "note")
        fits(reading)
    assert "58% of " + side + " unanswered" in reading.headline


def test_rows_of_files_that_serve_no_item_are_told() -> None:
    note = "a.jsonl: 2 rows can't be used: no answer 2 (from line 4)"
    task = Task("sums", tuple(made_items(30)), ("rougeL",), answer_notes=(note,))
    some = [[Measured({"rougeL": at / 30 + more}) for at in range(30)] for more in (0.0, 0.01)]
    reading = read(evidence_of(task, *some), "tuned")
    assert (reading.verdict, codes(reading)) == ("good", ["unmatched_answers"])
    assert note in reading.findings[0].text


def test_failures_of_what_is_not_kept_back_do_not_wait_for_the_unblinding() -> None:
    """26 of 30 items are left, enough for a comparison, and the metric fails on each."""
    evidence = reworded()
    failed = {f"t{at}": Measured(error="broken") for at in range(30)}
    measured = {(model, "tmpl"): {"rouge": MetricScores(failed)} for model in ("base", "tuned")}
    reading = read(replace(evidence, measured=measured), "tuned")
    assert set(codes(reading)) == {"too_few_samples", "metric_failed", "kept_back"}
    assert finding(reading, "kept_back").severity == "note"
    assert "0 items left" not in finding(reading, "kept_back").text
    assert "no item could be measured" in finding(reading, "too_few_samples").text
    assert reading.headline == "tmpl no item could be measured"
    fits(reading)
