"""Measurements as they are kept."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.metrics import METRICS, metric_of
from tui_eval.core.metrics.facts import MATTERS, fact_key, from_plain, to_plain, together
from tui_eval.core.task_records import Measured, MetricOptions

TEXT = st.text(max_size=20)
MEASURED = st.builds(
    Measured,
    values=st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    label=st.none() | TEXT,
    counts=st.lists(st.floats(0, 1e6), max_size=4).map(tuple),
    reason=TEXT,
    detail=TEXT,
    reasons=st.dictionaries(TEXT, st.integers(0, 200), max_size=3),
    note=TEXT,
    error=TEXT,
)


@given(MEASURED)
def test_a_measurement_comes_back_as_it_was(found: Measured) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(found)))) == found


def test_every_measurement_says_what_it_looks_at() -> None:
    known = {metric.measure for metric in METRICS.values()} | {metric_of("pass_at_1").measure}
    assert known == set(MATTERS)
    known = {entry.name for entry in fields(MetricOptions)}
    assert all(set(names) <= known for names in MATTERS.values())


def test_a_key_changes_with_what_matters_and_nothing_else() -> None:
    plain = MetricOptions(metrics=("rouge1", "accuracy", "polite"), own="m.py", own_digest="1")
    for measure, other, changes in (
        ("rouge", replace(plain, stemmer=True), True),
        ("rouge", replace(plain, metrics=("rouge1", "rougeL")), True),
        ("rouge", replace(plain, metrics=("rouge1", "rouge1_recall", "bleu")), False),
        ("rouge", replace(plain, labels=("a",)), False),
        ("labels", replace(plain, labels=("a",)), True),
        ("labels", replace(plain, metrics=("macro_f1",)), False),
        ("own_polite", replace(plain, own_digest="2"), True),
        ("own_polite", replace(plain, stemmer=True), False),
        ("code", replace(plain, tests="x"), True),
        ("code", replace(plain, pattern="x"), False),
    ):
        assert (fact_key(measure, plain) != fact_key(measure, other)) is changes
    assert fact_key("rouge", plain) != fact_key("squad", plain)


def test_verdicts_on_samples_are_one_finding_on_their_problem() -> None:
    passed = Measured({"passed": 1.0}, counts=(1, 1))
    wrong = Measured({"passed": 0.0}, counts=(1, 0), reason="wrong", detail="f(1) gave 2")
    slow = Measured({"passed": 0.0}, counts=(1, 0), reason="timeout")
    lost = Measured(error="the sandbox failed")
    found = together([passed, wrong, slow, wrong, lost])
    assert found.counts == (4, 1)
    assert found.reasons == {"wrong": 2, "timeout": 1}
    assert (found.reason, found.detail) == ("wrong", "f(1) gave 2")
    assert together([lost, lost]) == lost
