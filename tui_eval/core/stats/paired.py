"""Two models on the same samples: the samples' difficulty cancels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_eval.core.stats.intervals import Estimate, Groups, Interval, exponential, spread, total


def loss_difference(
    tuned: Sequence[float],
    base: Sequence[float],
    tuned_units: Sequence[float],
    base_units: Sequence[float],
    groups: Groups = None,
) -> Estimate | None:
    """Loss per unit (token, byte) of tuned minus that of base, over paired samples."""
    tuned_total, base_total = total(tuned_units), total(base_units)
    if not tuned_total or not base_total:
        return None
    t, b = total(tuned) / tuned_total, total(base) / base_total
    influences = [
        (tn - t * tu) / tuned_total - (bn - b * bu) / base_total
        for tn, bn, tu, bu in zip(tuned, base, tuned_units, base_units, strict=True)
    ]
    return Estimate(t - b, *spread(influences, groups), len(influences))


def perplexity_ratio(
    tuned: Sequence[float],
    base: Sequence[float],
    tuned_tokens: Sequence[float],
    base_tokens: Sequence[float],
    groups: Groups = None,
) -> Interval | None:
    """tuned/base perplexity with its interval on the log scale."""
    estimate = loss_difference(tuned, base, tuned_tokens, base_tokens, groups)
    return None if estimate is None else exponential(estimate)


def log_ratio(
    tuned: Sequence[float], base: Sequence[float], groups: Groups = None
) -> Interval | None:
    """Σtuned/Σbase over the same divisor, interval on the log scale: bits per byte of two
    models over the same text. None where either sum is not
    above 0."""
    tuned_total, base_total = total(tuned), total(base)
    if tuned_total <= 0 or base_total <= 0 or tuned_total / base_total <= 0:
        return None
    influences = [t / tuned_total - b / base_total for t, b in zip(tuned, base, strict=True)]
    ratio = math.log(tuned_total / base_total)
    return exponential(Estimate(ratio, *spread(influences, groups), len(influences)))
