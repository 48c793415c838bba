"""Numbers as a person reads them: the digits that their interval deserves, aligned."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_eval.core.reading import Number, finite

NOTHING = "-"
"""Stands where there is no number; why is said beside it, never in its place."""


def deserved(low: float, high: float) -> int:
    """Decimals that a 95% interval leaves meaning in.

    The rounding rule of the Particle Data Group's reviews, applied to the half width: two
    digits of it while they are 10 to 35, one from 36 on.
    """
    half = abs(high - low) / 2
    if half == 0 or not math.isfinite(half):
        return 3
    exponent = math.floor(math.log10(half))
    lead = half / 10**exponent
    if lead >= 9.5:
        exponent, lead = exponent + 1, 1.0
    return max(0, (1 if lead < 3.55 else 0) - exponent)


def figure(value: float | None, decimals: int | None = None) -> str:
    """``1.31``, ``1,204``, ``8e-06`` as ``8e-6``; three digits that count unless told."""
    shown = finite(value)
    if shown is None:
        return NOTHING
    if decimals is not None:
        return _plain(shown, decimals)
    size = abs(shown)
    if size and (size < 1e-3 or size >= 1e7):
        return scientific(shown)
    if size == 0 or (shown.is_integer() and size >= 100):
        return f"{shown:,.0f}"
    return _plain(shown, max(0, 2 - math.floor(math.log10(size))))


def _plain(value: float, decimals: int) -> str:
    text = f"{value:,.{min(decimals, 9)}f}"
    # A rounded "-0.00" would claim a direction.
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def percent(rate: float | None, decimals: int = 1) -> str:
    """A rate of 0 to 1 as ``39.4%``."""
    shown = finite(rate)
    return NOTHING if shown is None else f"{_plain(shown * 100, decimals)}%"


def percent_decimals(low: float | None, high: float | None) -> int:
    bounds = finite(low), finite(high)
    if bounds[0] is None or bounds[1] is None:
        return 1
    return min(2, deserved(100 * bounds[0], 100 * bounds[1]))


def number_decimals(number: Number) -> int | None:
    """Decimals for a figure and its interval; None where nothing tells."""
    low, high, value = finite(number.low), finite(number.high), finite(number.value)
    if low is None or high is None:
        return None
    return max(deserved(low, high), _familiar(value))


def _familiar(value: float | None) -> int:
    """Three digits of what is 1 to 100, as the field writes losses and perplexities."""
    if value is None or not 1 <= abs(value) < 100:
        return 0
    return 2 if abs(value) < 10 else 1


def is_rate(number: Number) -> bool:
    return number.unit in ("rate", "share", "%")


def value_text(number: Number) -> str:
    """The value alone: ``8.42``, ``39.4%``."""
    if is_rate(number):
        return percent(number.value, percent_decimals(number.low, number.high))
    if isinstance(number.value, int) or number.unit in ("step", "steps", "samples", "tokens"):
        return count(number.value)
    return figure(number.value, number_decimals(number))


def interval_text(number: Number) -> str:
    """``[37.7, 41.0]`` in the value's own digits, or nothing."""
    low, high = finite(number.low), finite(number.high)
    if low is None or high is None:
        return ""
    if is_rate(number):
        # A share that large is no share, but what shows it must not write inf.
        ends = finite(100 * low), finite(100 * high)
        if ends[0] is None or ends[1] is None:
            return ""
        decimals = percent_decimals(low, high)
        return f"[{_plain(ends[0], decimals)}, {_plain(ends[1], decimals)}]"
    digits = number_decimals(number)
    return f"[{figure(low, digits)}, {figure(high, digits)}]"


def count(value: float | None) -> str:
    """A whole number with thousands apart; what isn't whole keeps its digits."""
    shown = finite(value)
    if shown is None:
        return NOTHING
    return f"{shown:,.0f}" if float(shown).is_integer() else figure(shown)


def duration(seconds: float | None) -> str:
    """``12 s``, ``4 min``, ``1 h 20 min``, ``2 d 3 h``."""
    shown = finite(seconds)
    if shown is None or shown < 0:
        return NOTHING
    if shown < 99.5:
        return f"{shown:.0f} s"
    minutes = round(shown / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def on_the_point(texts: Sequence[str]) -> list[str]:
    """The same texts, padded so that decimal points (or last digits) stand in one column."""
    heads = [_split(text) for text in texts]
    left = max((len(head) for head, _ in heads), default=0)
    right = max((len(tail) for _, tail in heads), default=0)
    return [head.rjust(left) + tail.ljust(right) for head, tail in heads]


def _split(text: str) -> tuple[str, str]:
    if text.endswith("%"):
        head, tail = _split(text[:-1])
        return head, tail + "%"
    head, point, tail = text.partition(".")
    return head, point + tail
