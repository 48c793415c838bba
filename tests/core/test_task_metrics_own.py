"""Step 6: metrics of a person's own that return several values, and which of them is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.core.made_evidence import MadeEvidence
from tests.core.made_tasks import codes, evidence_of, finding, fits, made_items
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.steps.task_metrics_look import MOST_NAMES
from tui_eval.core.task_records import Measured, Task


def own(values: Sequence[Mapping[str, float]], name: str = "m") -> MadeEvidence:
    """Of tuned each value is 0.1 to 0.2 more."""
    task = Task("sums", tuple(made_items(len(values))), (name,))
    tuned = [
        Measured({key: one + 0.1 + at % 3 / 20 for key, one in some.items()})
        for at, some in enumerate(values)
    ]
    return evidence_of(task, [Measured(one) for one in values], tuned)


def test_the_verdict_is_of_a_value_that_most_items_have() -> None:
    """Of keys made of the answer each stands in one item, and the first is one of them."""
    reading = read(own([{f"m_k{at}": 1.0, "m_x": at / 30} for at in range(30)]), "tuned")
    assert reading.tables["metrics"].rows[0][1:3] == ("m_x", 30)
    assert reading.verdict == "good"
    assert not any(name.startswith("sums.m.") for name in reading.numbers)
    fits(reading)
    # Its own name leads only where most have it too.
    some = [{"m_x": at / 30, **({"m": 1.0} if at < 2 else {})} for at in range(30)]
    assert read(own(some), "tuned").tables["metrics"].rows[0][1] == "m_x"
    some = [{"m_x": at / 30, "m": at / 40} for at in range(30)]
    assert read(own(some), "tuned").tables["metrics"].rows[0][1] == "m"


def test_a_task_shows_so_many_values_and_counts_the_rest() -> None:
    some = [{"m_x": at / 60, f"m_a{at}": 1.0, f"m_b{at}": 1.0} for at in range(60)]
    reading = read(own(some), "tuned")
    assert reading.tables["metrics"].opens.count("items") == MOST_NAMES
    told = finding(reading, "values_left_out")
    assert told.severity == "note"
    assert "71 values of your own metrics are not shown" in told.text
    assert reading.verdict == "good"
    few = read(own([{"m_x": at / 60, "m_y": 1.0} for at in range(60)]), "tuned")
    assert codes(few) == []
