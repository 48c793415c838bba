"""Two models on the same samples: the samples' difficulty cancels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_eval.core.stats.intervals import (
    Estimate,
    Groups,
    Interval,
    exponential,
    spread,
    total,
    within,
)


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


def loss_difference_of_few(
    tuned: Sequence[float],
    base: Sequence[float],
    tuned_units: Sequence[float],
    base_units: Sequence[float],
    groups: Groups = None,
) -> Estimate | None:
    """As ``loss_difference`` with a more careful interval, for some fifty texts or a dozen
    groups of them, of very different lengths and losses.

    Each unit's influence is divided by one minus its share of the tokens (the jackknife of a
    ratio, as HC3 has it), and the degrees of freedom are those of a variance whose terms
    spread as these do (Satterthwaite): 2 / (variance of the squared influences' mean, relative
    to it). With 50 texts, a half of the coverage that Student's t lacks comes back.
    """
    plain = loss_difference(tuned, base, tuned_units, base_units, groups)
    tuned_total, base_total = total(tuned_units), total(base_units)
    if plain is None:
        return None
    t, b = total(tuned) / tuned_total, total(base) / base_total
    influences = [
        (tn - t * tu) / tuned_total - (bn - b * bu) / base_total
        for tn, bn, tu, bu in zip(tuned, base, tuned_units, base_units, strict=True)
    ]
    sums = within(influences, groups)
    shares = within([units / tuned_total for units in tuned_units], groups)
    m = len(sums)
    if m < 2 or max(shares) >= 1:
        return plain
    squares = [(u / (1 - share)) ** 2 for u, share in zip(sums, shares, strict=True)]
    centre = total(squares) / m
    if not centre:
        return plain
    spread_of = total((one - centre) ** 2 for one in squares) / (m - 1) / m / centre**2
    df = min(m - 1, 2 / spread_of) if spread_of else m - 1
    return Estimate(plain.value, math.sqrt(centre * (m - 1)), max(1.0, df), plain.n)


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
