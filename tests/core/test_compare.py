"""All candidates side by side, from their Readings alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.core.steps.compare import STEPS, cell, decision_text, overview


def read(
    step: str,
    verdict: Any = "good",
    headline: str = "as told",
    numbers: Mapping[str, Number] | None = None,
) -> Reading:
    return Reading(step, "tuned", verdict, headline, headline, numbers=numbers or {})


def test_columns_are_the_checklists_steps() -> None:
    assert tuple(STEPS) == tuple(entry.key for entry in CHECKLIST)


@pytest.mark.parametrize(
    ("step", "number", "figure", "short", "interval"),
    [
        ("curves", Number(0.734, unit="rate"), "loss fell 73%", "-73%", ""),
        ("curves", Number(-0.04, unit="rate"), "loss rose 4.0%", "+4%", ""),
        ("perplexity", Number(0.722, 0.6186, 0.7974, 253, "rate"), "72% lower", "-72%", "[62, 80]"),
        ("perplexity", Number(0.394, 0.377, 0.410, 600, "rate"), "39.4% lower", "-39%",
         "[37.7, 41.0]"),
        ("perplexity", Number(-0.12, -0.25, 0.01, 9, "rate"), "12% higher", "+12%", "[-1, 25]"),
        ("perplexity", Number(-40.0, -50.0, -30.0, 9, "rate"), "4,000% higher", "+40x",
         "[3,000, 5,000]"),
        ("overfitting", Number(0.31, 0.22, 0.40, 400, "nats/token"), "gap 0.31", "0.31",
         "[0.22, 0.40]"),
        ("review", Number(4.1, 3.9, 4.3, 40), "accuracy 4.10", "4.10", "[3.90, 4.30]"),
        ("blind_ab", Number(0.68, 0.554, 0.792, 50), "68% preferred", "68%", "[55, 79]"),
        ("task_metrics", Number(0.061, 0.04, 0.082, 200), "+0.061", "+0.061", "[0.040, 0.082]"),
        ("task_metrics", Number(0.57, 0.5, 0.64, 80, "rate"), "+0.57", "+0.57", "[0.50, 0.64]"),
        ("task_metrics", Number(-0.02, -0.09, 0.05, 47), "-0.02", "-0.02", "[-0.09, 0.05]"),
    ],
)  # fmt: skip
def test_the_figure_that_matters(
    step: str, number: Number, figure: str, short: str, interval: str
) -> None:
    key = {
        "curves": "drop", "perplexity": "improvement", "overfitting": "gap_used",
        "review": "accuracy", "blind_ab": "win_rate", "task_metrics": "summarise.rougeL.difference",
    }[step]  # fmt: skip
    found = cell(read(step, numbers={key: number}))
    assert (found.figure, found.short, found.interval) == (figure, short, interval)
    assert found.n == number.n


def test_a_task_is_named_with_its_metric() -> None:
    found = cell(
        read(
            "task_metrics",
            numbers={
                "labels.items": Number(90),
                "labels.macro_f1.base": Number(0.66),
                "labels.macro_f1.tuned": Number(0.87),
                "labels.macro_f1.difference": Number(0.21, 0.15, 0.27, 90),
                "code.pass_at_1.difference": Number(0.02),
            },
        )
    )
    assert found.of == "labels macro_f1"
    assert found.text == "good: labels macro_f1 +0.21 [0.15, 0.27]"


def two_tasks(verdict: str, *findings: Finding) -> Reading:
    return Reading(
        "task_metrics",
        "tuned",
        verdict,  # type: ignore[arg-type]
        "as told",
        "as told",
        findings=findings,
        numbers={
            "summarise.rougeL.difference": Number(0.30, 0.2, 0.4, 90),
            "code.pass_at_1.difference": Number(-0.33, -0.5, -0.1, 60),
            "code.pass_at_2.difference": Number(0.1, 0.0, 0.2, 60),
        },
    )


def test_the_figure_is_of_the_task_that_carries_the_verdict() -> None:
    note = Finding("values_left_out", "note", "summarise: told", {"task": "summarise"})
    worse = Finding("worse", "bad", "code: worse than base", {"task": "code"})
    doubt = Finding("not_shown", "caution", "summarise: not shown", {"task": "summarise"})
    found = cell(two_tasks("bad", note, doubt, worse))
    assert found.text == "bad: code pass_at_1 -0.33 [-0.50, -0.10]"
    assert cell(two_tasks("caution", note, doubt)).of == "summarise rougeL"
    assert cell(two_tasks("good", note)).of == "summarise rougeL"
    # Of a task without a figure the headline says more than another task's gain.
    stopped = Finding("unreadable", "not_enough", "labels: can't be measured", {"task": "labels"})
    assert cell(two_tasks("not_enough", stopped)).text == "not enough: as told"


def test_without_a_base_a_task_has_its_own_figure() -> None:
    numbers = {"labels.accuracy.difference": Number(None), "labels.accuracy.tuned": Number(0.9)}
    found = cell(read("task_metrics", numbers=numbers))
    assert (found.of, found.short) == ("labels accuracy", "0.900")


@pytest.mark.parametrize("step", STEPS)
def test_what_has_no_figure_says_its_headline(step: str) -> None:
    found = cell(read(step, "not_enough", "was not trained: there is no log"))
    assert found.figure == found.short == found.interval == ""
    assert found.text == "not enough: was not trained: there is no log"


def test_a_figure_that_is_half_done_is_not_compared() -> None:
    reading = read(
        "perplexity", "waiting", "3 of 600 scored", {"improvement": Number(0.9, 0.1, 0.99)}
    )
    assert cell(reading).figure == ""
    assert cell(reading).text == "waiting: 3 of 600 scored"


def test_before_unblinding_there_is_no_figure() -> None:
    reading = read(
        "blind_ab", "waiting", "12 of 50 judged", {"win_rate": Number(None, why="later")}
    )
    assert cell(reading).text == "waiting: 12 of 50 judged"


def test_one_row_a_candidate_in_the_given_order() -> None:
    readings = {
        "zeta": {"curves": read("curves", "caution", numbers={"drop": Number(0.5, unit="rate")})},
        "alpha": {"review": read("review", "waiting", "0 of 40")},
        "bare": {},
    }
    signed = SignOff("zeta", "deploy", "ana", "ana@gpu", "2026-01-05T09:00:00+00:00")
    decided = {"zeta": Decided("deploy", signed), "alpha": Decided()}
    table = overview(readings, decided)
    assert [row[0] for row in table.rows] == ["zeta", "alpha", "bare"]
    assert table.refs == ("zeta", "alpha", "bare")
    assert table.rows[0][1] == "caution: loss fell 50%"
    assert table.rows[1][4] == "waiting: 0 of 40"
    assert [row[-1] for row in table.rows] == ["deploy", "undecided", "undecided"]
    assert all(len(row) == len(table.columns) == 8 for row in table.rows)
    assert table.rows[2][1:7] == ("",) * 6


def test_no_candidate_makes_no_row() -> None:
    assert overview({}, {}).rows == ()


def test_a_decision_that_no_longer_stands_says_so() -> None:
    signed = SignOff("tuned", "hold", "ana", "ana@gpu", "2026-01-05T09:00:00+00:00")
    assert decision_text(Decided("hold", signed, changed=("the weights",))) == "hold, out of date"
    assert decision_text(Decided("hold", signed)) == "hold"
    assert decision_text(Decided("none", changed=("the weights",))) == "undecided"
    assert decision_text(None) == "undecided"


def test_names_are_shown_clean_and_kept_exact() -> None:
    name = "ev\x1b[31mil\u202e"
    table = overview({name: {}}, {})
    assert "\x1b" not in str(table.rows[0][0])
    assert "\u202e" not in str(table.rows[0][0])
    assert table.refs == (name,)


@example("blind_ab", 0.0, 0.0, 1.797693134862316e306)
@given(
    st.sampled_from(sorted(STEPS)),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_any_number_makes_a_cell(step: str, value: float, low: float, high: float) -> None:
    keys = ("drop", "improvement", "gap_used", "accuracy", "win_rate", "t.m.difference")
    found = cell(read(step, numbers=dict.fromkeys(keys, Number(value, low, high))))
    assert "nan" not in found.text
    assert "inf" not in found.text
    assert bool(found.figure) == bool(found.short)
