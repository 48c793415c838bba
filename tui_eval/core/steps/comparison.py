"""Perplexities of two models over the same samples, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Number, finite
from tui_eval.core.stats.intervals import (
    Interval,
    exponential,
    positive,
    ratio_of_sums,
    wilson,
)
from tui_eval.core.stats.paired import log_ratio, perplexity_ratio
from tui_eval.core.steps.pairs import (
    Measure,
    Pair,
    Scored,
    groups_of,
    nll,
    nll_without_end,
    of_base,
    of_tuned,
    tokens,
    tokens_without_end,
    utf8_bytes,
)

NOT_FINITE = "a loss is not finite"
NO_BASE = "there is no base model to compare with"
OTHER_TOKENS = "the tokenizers differ: see bits per byte"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What can be said of some paired samples; None where it can't, never NaN."""

    n: int
    base: Interval | None
    tuned: Interval | None
    ratio: Interval | None
    ratio_without_end: Interval | None
    base_without_end: Interval | None
    tuned_without_end: Interval | None
    base_bits: Interval | None
    tuned_bits: Interval | None
    better: Interval | None


def compare(pairs: Sequence[Pair], *, same_units: bool) -> Comparison:
    paired = bool(pairs) and pairs[0].base is not None
    sound = all(pair.finite for pair in pairs)
    return Comparison(
        n=len(pairs),
        base=_perplexity(pairs, "base", nll, tokens) if same_units else None,
        tuned=_perplexity(pairs, "tuned", nll, tokens) if same_units or not paired else None,
        ratio=_ratio(pairs, nll, tokens, same_units) if paired and sound else None,
        ratio_without_end=(
            _ratio(pairs, nll_without_end, tokens_without_end, same_units)
            if paired and sound
            else None
        ),
        base_without_end=(
            _perplexity(pairs, "base", nll_without_end, tokens_without_end) if same_units else None
        ),
        tuned_without_end=(
            _perplexity(pairs, "tuned", nll_without_end, tokens_without_end)
            if same_units or not paired
            else None
        ),
        base_bits=_bits(pairs, "base"),
        tuned_bits=_bits(pairs, "tuned"),
        better=_better(pairs) if paired and sound else None,
    )


def _values(pairs: Sequence[Pair], model: str, measure: Measure) -> list[float]:
    return of_base(pairs, measure) if model == "base" else of_tuned(pairs, measure)


def _perplexity(
    pairs: Sequence[Pair], model: str, above: Measure, below: Measure
) -> Interval | None:
    sums = _values(pairs, model, above)
    if not sums or not all(map(math.isfinite, sums)):
        return None
    loss = ratio_of_sums(sums, _values(pairs, model, below), groups_of(pairs))
    return None if loss is None else exponential(loss)


def _bits(pairs: Sequence[Pair], model: str) -> Interval | None:
    sums = [value / math.log(2) for value in _values(pairs, model, nll)]
    if not sums or not all(map(math.isfinite, sums)):
        return None
    bits = ratio_of_sums(sums, _values(pairs, model, utf8_bytes), groups_of(pairs))
    return None if bits is None else positive(bits)


def _ratio(
    pairs: Sequence[Pair], above: Measure, below: Measure, same_units: bool
) -> Interval | None:
    tuned, base = of_tuned(pairs, above), of_base(pairs, above)
    groups = groups_of(pairs)
    if not same_units:
        return log_ratio(tuned, base, groups)
    return perplexity_ratio(tuned, base, of_tuned(pairs, below), of_base(pairs, below), groups)


def _better(pairs: Sequence[Pair]) -> Interval | None:
    lower = sum(pair.base is not None and pair.tuned.nll < pair.base.nll for pair in pairs)
    return wilson(lower, len(pairs))


def improvement_of(ratio: Interval | None) -> Interval | None:
    """1 - ratio: positive is better."""
    if ratio is None:
        return None
    low = None if ratio.high is None else 1 - ratio.high
    high = None if ratio.low is None else 1 - ratio.low
    return Interval(1 - ratio.value, low, high, ratio.n)


def numbers(found: Comparison, data: Scored) -> dict[str, Number]:
    """By the names that ``gate`` and ``show --json`` know."""
    why = _why(data)
    units = why if data.same_units or data.base is None else OTHER_TOKENS
    base_why = NO_BASE if data.base is None else units
    pair_why = NO_BASE if data.base is None else why
    counted = Number(sum(pair.tuned.tokens for pair in data.pairs), unit="tokens")
    return {
        "base": _number(found.base, "perplexity", base_why),
        "tuned": _number(found.tuned, "perplexity", units),
        "improvement": _number(improvement_of(found.ratio), "rate", pair_why),
        "ratio": _number(found.ratio, "ratio", pair_why),
        "improvement_without_end": _number(
            improvement_of(found.ratio_without_end), "rate", pair_why
        ),
        "base_bits_per_byte": _number(found.base_bits, "bits/byte", pair_why),
        "tuned_bits_per_byte": _number(found.tuned_bits, "bits/byte", why),
        "better_share": _number(found.better, "rate", pair_why),
        "samples": Number(len(data.pairs), unit="samples"),
        "tokens": counted,
        "truncated": Number(sum(pair.cut for pair in data.pairs), unit="samples"),
    }


def _why(data: Scored) -> str:
    if not data.pairs:
        return "nothing is scored yet" if data.waiting else "no sample could be scored"
    return NOT_FINITE if data.broken else "the texts are empty"


def _number(found: Interval | None, unit: str, why: str) -> Number:
    if found is None or finite(found.value) is None:
        beyond = found is not None
        return Number(None, unit=unit, why="too large to be written" if beyond else why)
    low, high = finite(found.low), finite(found.high)
    if low is None or high is None:
        low = high = None
    return Number(found.value, low, high, found.n, unit)
