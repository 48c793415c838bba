"""Step 6: what it tells of rows and of whole tasks that can't be measured."""

from __future__ import annotations

from tests.core.made_evidence import MadeEvidence
from tests.core.test_task_metrics_step import evidence_of, finding, made_items
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import Measured, Task


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
