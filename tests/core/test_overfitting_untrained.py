"""A model that was hardly trained has base's losses, and with them base's gap."""

from __future__ import annotations

from statistics import mean

from tests.core.made_memory import noisy, trained
from tui_eval.core.reading import Reading
from tui_eval.core.steps import overfitting

TRAIN, OTHER = noisy(200, 6.0, 2.0, 1), noisy(200, 6.0, 2.0, 2)
VALIDATION = [value + 0.3 + mean(TRAIN) - mean(OTHER) for value in OTHER]
"""By chance 0.3 above training, with an interval from below 0 to above 0.5."""


def read(shift: float, spread: float = 0.0) -> Reading:
    """Rows of very different losses, tuned's as base's but for ``shift`` on validation."""
    moved = [value + by for value, by in zip(VALIDATION, noisy(200, 1.0, spread), strict=True)]
    tuned = [value - 1.0 + shift for value in moved]
    return overfitting.read(trained((TRAIN, TRAIN), (VALIDATION, tuned)), "tuned")


def codes(reading: Reading) -> dict[str, str]:
    return {one.code: one.severity for one in reading.findings if not one.code.startswith("no_")}


def test_no_training_is_no_overfitting_however_the_rows_vary() -> None:
    reading = read(0.0)
    gap = reading.numbers["gap"]
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low < 0.2 < 0.5 < gap.high, "the gap alone would tell nothing"
    assert codes(reading) == {"gap_of_base": "note"}
    assert reading.verdict == "good"
    assert "no sign of overfitting" in reading.summary


def test_what_is_beyond_bases_gap_still_counts() -> None:
    assert "gap_of_base" not in codes(read(0.6))
    assert read(0.6).verdict != "good"
    assert "gap_of_base" not in codes(read(0.15, spread=1.0)), "not shown to be base's"
