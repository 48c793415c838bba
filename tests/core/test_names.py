"""The table of number names is what the steps yield, no more and no less."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.made_comparison import BETTER
from tests.core.made_evidence import MadeEvidence, made_log
from tests.core.made_judging import Judge, compared, heard, result, reviewable
from tests.core.made_memory import noisy, trained
from tests.core.made_tasks import labelled, numbers_task
from tests.core.test_curves import HEALTHY, falling
from tests.core.test_perplexity import good
from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Reading
from tui_eval.core.steps import blind_ab, curves, names, overfitting, perplexity, review
from tui_eval.core.steps.task_metrics import read as task_metrics

LOSSES = (noisy(60, 2.0), noisy(60, 1.0))
MADE: dict[str, list[Callable[[], MadeEvidence]]] = {
    "curves": [MadeEvidence, lambda: MadeEvidence(training=made_log(falling(), HEALTHY))],
    "perplexity": [MadeEvidence, good],
    "overfitting": [MadeEvidence, lambda: trained(LOSSES, LOSSES)],
    "review": [
        MadeEvidence,
        lambda: reviewable(20),
        lambda: reviewable(20, *heard(Judge().items(20).scores(["5455"] * 20))),
    ],
    "blind_ab": [
        MadeEvidence,
        lambda: compared(20),
        lambda: compared(20, *result(BETTER)[:5]),
        lambda: compared(20, *result(BETTER)),
    ],
}
READ = {
    "curves": curves.read,
    "perplexity": perplexity.read,
    "overfitting": overfitting.read,
    "review": review.read,
    "blind_ab": blind_ab.read,
}


def test_every_step_is_in_the_table() -> None:
    assert tuple(names.NUMBERS) == tuple(entry.key for entry in CHECKLIST)


@pytest.mark.parametrize("step", MADE)
def test_a_step_yields_the_numbers_of_the_table(step: str) -> None:
    found: set[str] = set()
    for make in MADE[step]:
        made = set(READ[step](make(), "tuned").numbers)
        assert made <= set(names.NUMBERS[step])
        found |= made
    assert found == set(names.NUMBERS[step])


def test_the_numbers_of_tasks_are_known_by_their_metrics() -> None:
    def known(reading: Reading, task: str, *metrics: str) -> None:
        assert set(reading.numbers) == set(names.of_tasks({task: metrics}))

    known(numbers_task([0.5] * 30, [0.6, 0.7] * 15), "sums", "rougeL")
    said = ["a", "b"] * 15
    known(task_metrics(labelled(said, said[::-1], said), "tuned"), "moods", "macro_f1", "accuracy")


def test_a_metric_of_ones_own_may_yield_several() -> None:
    tasks = {"mine": ("politeness", "rougeL")}
    assert names.is_known("task_metrics", "mine.politeness.tuned", tasks)
    assert names.is_known("task_metrics", "mine.politeness_tone.difference", tasks)
    assert not names.is_known("task_metrics", "mine.rougeL_tone.difference", tasks)
    assert not names.is_known("task_metrics", "mine.politeness_tone.median", tasks)
    assert not names.is_known("perplexity", "mine.politeness.tuned", tasks)


def test_no_number_is_called_what_the_gate_means_something_else_by() -> None:
    for step in names.NUMBERS:
        assert not {"low", "high", "verdict"} & set(names.NUMBERS[step])
