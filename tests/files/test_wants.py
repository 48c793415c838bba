"""Jobs that would have nothing to do are not asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_eval import config as configuration
from tui_eval.checklist import TASK
from tui_eval.commands.run import answers
from tui_eval.config import Config
from tui_eval.core.reading import Finding, Reading
from tui_eval.files.wants import idle


def settings(base: str, tuned: str, data: str = 'validation = "v"\ntrain = "t"') -> Config:
    text = f"[models.base]\n{base}\n[models.tuned]\n{tuned}\n[data]\n{data}\n"
    return configuration.parse(text, Path("/nowhere"), files=False)


MODEL, FILE, LOG = 'path = "m"', 'answers = "a.jsonl"', 'log = "l"'


@pytest.mark.parametrize(
    ("base", "tuned", "verb", "why"),
    [
        (MODEL, MODEL, "score", ""),
        (MODEL, MODEL, "generate", ""),
        (MODEL, MODEL, "measure", ""),
        (FILE, FILE, "score", "no model to score: set [models.tuned] path"),
        (FILE, FILE, "generate", "read from files"),
        (FILE, FILE, "measure", ""),
        (FILE, MODEL, "score", ""),
        (FILE, MODEL, "generate", ""),
        (MODEL, FILE, "score", "no model to score"),
        (MODEL, FILE, "generate", ""),
    ],
)
def test_answers_alone_are_not_scored(base: str, tuned: str, verb: str, why: str) -> None:
    found = idle(settings(base, tuned), "tuned", verb, "validation")
    assert why in found
    assert bool(why) == bool(found)


def test_without_training_rows_nothing_is_compared_with_them() -> None:
    config = settings(MODEL, MODEL, 'validation = "v"')
    assert "[data] train" in idle(config, "tuned", "measure", "validation")
    assert "[data] train" in idle(config, "tuned", "score", "train")
    assert idle(config, "tuned", "score", "validation") == ""


def test_tasks_are_asked_for_where_there_are_any() -> None:
    data = 'validation = "v"\n[tasks.t]\ndata = "d"\nmetrics = ["rougeL"]'
    for made, verb, why in (
        (settings(MODEL, MODEL), "generate", "no task is named"),
        (settings(MODEL, MODEL), "measure", "no task is named"),
        (settings(MODEL, MODEL, data), "generate", ""),
        # Needs no training file.
        (settings(MODEL, MODEL, data), "measure", ""),
        (settings(FILE, FILE, data), "generate", "read from files"),
        (settings(FILE, FILE, data), "measure", ""),
        (settings(LOG, LOG, data), "generate", "no model to answer"),
        (settings(LOG, LOG, data), "measure", "no model to answer"),
    ):
        found = idle(made, "tuned", verb, TASK)
        assert why in found
        assert bool(why) == bool(found)


def reading(step: str, verdict: str, *codes: str) -> Reading:
    severities = {"not_enough": "not_enough", "bad": "bad"}
    found = tuple(Finding(code, severities[verdict], "") for code in codes)  # type: ignore[arg-type]
    return Reading(step, "tuned", verdict, "", "", findings=found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "verdict", "codes", "named", "answered"),
    [
        ("perplexity", "good", (), True, True),
        ("perplexity", "bad", ("worse",), True, True),
        ("perplexity", "waiting", (), False, False),
        ("perplexity", "not_enough", ("too_few_samples",), False, False),
        ("perplexity", "not_enough", ("no_validation",), False, True),
        ("perplexity", "not_enough", ("no_validation",), True, False),
        ("overfitting", "not_enough", ("no_train",), False, True),
        ("overfitting", "not_enough", ("no_train", "too_few_samples"), False, False),
        ("overfitting", "not_enough", ("no_model",), True, False),
        ("curves", "not_enough", ("no_log",), False, True),
        ("curves", "not_enough", ("unreadable",), False, False),
        ("task_metrics", "not_enough", ("no_tasks",), False, True),
        ("task_metrics", "not_enough", ("no_tasks", "no_base"), False, True),
        ("task_metrics", "not_enough", ("no_tasks",), True, False),
        ("task_metrics", "not_enough", ("sandbox_refused",), False, False),
        ("review", "waiting", (), True, True),
        ("review", "not_enough", ("too_few_samples",), False, True),
        # What an open blind comparison asks as well waits for people.
        ("task_metrics", "not_enough", ("kept_back",), True, True),
        ("task_metrics", "not_enough", ("kept_back", "too_few_samples"), True, False),
    ],
)
def test_what_a_run_leaves_unanswered(
    step: str, verdict: str, codes: tuple[str, ...], named: bool, answered: bool
) -> None:
    """Exit code 1 is for what could not be answered, not for what nobody asked."""
    assert answers(reading(step, verdict, *codes), named=named, computed=True) is answered
