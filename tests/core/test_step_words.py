"""Whatever the evidence: no step raises, nothing shown is NaN, words fit their places."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_evidence import (
    MadeEvidence,
    made_dataset,
    made_log,
    made_loss,
    made_sample,
    points,
)
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Reading, verdict_of
from tui_eval.core.records import Preflight
from tui_eval.core.steps import curves, perplexity
from tui_eval.core.steps.wording import (
    decimals_for,
    decimals_text,
    ends_text,
    fitting,
    loss_text,
    share_text,
    without_common_start,
)
from tui_eval.core.text import cells

LOSSES = st.one_of(
    st.floats(0, 20),
    st.sampled_from([0.0, 1e-9, 1.0, 1e300, -1.0, math.nan, math.inf, -math.inf]),
)
SYMBOLS = ("tau", "Kendall", "p <", "MAD", "σ", "z =")


def check(reading: Reading) -> None:
    assert cells(reading.headline) <= HEADLINE_CELLS
    assert cells(reading.summary) <= SUMMARY_CELLS
    assert reading.headline
    assert reading.summary
    assert not any(sign in reading.headline + reading.summary for sign in SYMBOLS)
    for number in reading.numbers.values():
        assert number.value is not None or number.why
        for value in (number.value, number.low, number.high):
            assert value is None or math.isfinite(value)
        assert (number.low is None) == (number.high is None)
    for table in reading.tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert not table.refs or len(table.refs) == len(table.rows)
        json.dumps(table.rows, allow_nan=False)
    for finding in reading.findings:
        assert finding.text
        json.dumps(finding.at, allow_nan=False)
    if reading.verdict != "waiting":
        assert reading.verdict == verdict_of(reading.findings)
    assert asdict(reading)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(LOSSES, max_size=60),
    st.lists(LOSSES, max_size=12),
    st.lists(LOSSES, max_size=12),
    st.sampled_from([None, "reward", "rewards/margins"]),
    st.one_of(st.none(), st.integers(0, 700)),
    st.one_of(st.none(), st.floats(0.2, 40)),
)
def test_any_log_is_read(
    train: list[float],
    evals: list[float],
    other: list[float],
    sign: str | None,
    judged: int | None,
    per_epoch: float | None,
) -> None:
    series = {"grad_norm": points(other), "eval_near_loss": points(other, every=50)}
    if sign:
        series[sign] = points(other)
    log = made_log(
        train, evals, series=series, per_epoch=per_epoch, judged_step=judged, max_steps=500
    )
    check(curves.read(MadeEvidence(training=log), "tuned"))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(LOSSES, LOSSES, st.integers(0, 9), st.integers(0, 9), st.booleans()),
        max_size=40,
    ),
    st.integers(0, 3),
    st.lists(LOSSES, max_size=3),
    st.booleans(),
)
def test_any_losses_are_read(
    rows: list[tuple[float, float, int, int, bool]],
    missing: int,
    evals: list[float],
    same: bool,
) -> None:
    samples = [
        made_sample(i, category="c" if row[4] else None, group="g" if row[4] and i % 2 else None)
        for i, row in enumerate(rows)
    ]
    base = {f"s{i}": made_loss(f"s{i}", r[0], r[2], bytes=r[3]) for i, r in enumerate(rows)}
    tuned = {
        f"s{i}": made_loss(f"s{i}", r[1], r[2] if same else r[3], bytes=r[3])
        for i, r in enumerate(rows[missing:], missing)
    }
    evidence = MadeEvidence(
        training=made_log([2.0] * 9, evals),
        datasets={"validation": made_dataset(samples)},
        scored={"base": base, "tuned": tuned},
        leaks={"s0": True, "s1": False},
        checked=Preflight("chat", template_missing=True),
    )
    check(perplexity.read(evidence, "tuned"))


def test_long_names_are_cut_to_their_places() -> None:
    name = "日本" * 40
    check(curves.read(MadeEvidence(), name))
    check(perplexity.read(MadeEvidence(), name))


def test_figures_in_words() -> None:
    assert loss_text(8.42) == "8.42"
    assert loss_text(0.0571) == "0.057"
    assert loss_text(123.4) == "123.4"
    assert loss_text(2.5e7) == "2.50e+07"
    assert loss_text(math.nan) == "nan"
    assert ends_text(2.31, 1.12) == "2.31 → 1.12"
    assert ends_text(1.1, 0.444) == "1.10 → 0.44"
    assert ends_text(2.3, 0.0012) == "2.30 → 0.0012"
    assert share_text(0.52) == "52%"
    assert share_text(0.021) == "2.1%"
    assert share_text(0.996) == "99.6%"


def test_the_first_variant_that_fits_is_taken() -> None:
    assert fitting(("a long sentence", "short"), 8) == "short"
    assert fitting(("a long sentence",), 8) == "a long …"


def test_no_number_library_is_needed_for_the_steps() -> None:
    """Both steps read in a fresh interpreter leave numpy and scipy alone."""
    code = (
        "import sys\n"
        "from tests.core.made_evidence import MadeEvidence, made_log, scored_pairs\n"
        "from tui_eval.core.steps import curves, perplexity\n"
        "curves.read(MadeEvidence(training=made_log([3.0 - i / 99 for i in range(99)])), 't')\n"
        "perplexity.read(scored_pairs([2.0, 2.5] * 20, [1.5, 1.9] * 20), 'tuned')\n"
        "print([m for m in ('numpy', 'scipy', 'polars', 'torch') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_nearly_nothing_is_not_shown_as_nothing() -> None:
    told = {2.31: "2.31", 0.731: "0.731", 0.0123: "0.012", 0.00321: "0.0032", 0.00012: "0.00012",
            1.234e-5: "1.2e-5", -2e-7: "-2.0e-7", 0.0: "0.000"}  # fmt: skip
    for value, text in told.items():
        assert loss_text(value) == text
    assert ends_text(2.3, 1.2e-5) == "2.30 → 1.2e-5"
    assert ends_text(4e-5, 1.2e-5) == "4.0e-5 → 1.2e-5"
    assert [decimals_text(v) for v in (1.23456, 0.5, 12.3, 1e-5, 0.004, 0.0)] == [
        "1.235", "0.500", "12.300", "1.0e-5", "0.0040", "0.000",
    ]  # fmt: skip
    assert decimals_for([1.0, None, 0.5]) == decimals_for([]) == decimals_for([0.0]) == 3
    assert decimals_for([1.0, 1.2e-5]) == 6


def test_what_all_prompts_begin_with_is_left_out() -> None:
    some = [f"Which team is this for? ticket {at}" for at in ("one", "two")]
    assert without_common_start(some) == ["… one", "… two"]
    for same in ([], ["one text only"], ["the same text", "the same text"], ["a b", "a c"]):
        assert without_common_start(same) == same
