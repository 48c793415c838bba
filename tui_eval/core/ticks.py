"""Round ticks: 1, 2, 2.5 or 5 times a power of ten, and the words for them."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round values within ``[low, high]``, evenly spaced."""
    span = high - low
    if not math.isfinite(span) or span <= 0 or most < 1:
        return [low] if math.isfinite(low) else []
    step = round_step(span / most)
    while True:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            break
        step = round_step(step * 1.01)
    # Adding 0.0 turns a "-0.0" into "0.0".
    return [round(n * step, 12) + 0.0 for n in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest round step that is at least ``least``."""
    exponent = math.floor(math.log10(least))
    for lead in _STEPS:
        step = lead * 10.0**exponent
        if step >= least * (1 - 1e-9):
            return step
    return 10.0 ** (exponent + 1)


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values for a logarithmic axis; both ends positive."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for leads in ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        found = [
            lead * 10.0**power
            for power in range(first, last + 1)
            for lead in leads
            if low * (1 - 1e-9) <= lead * 10.0**power <= high * (1 + 1e-9)
        ]
        if len(found) <= most:
            break
    if len(found) < 2:
        # Less than a decade: a linear choice of values reads better than one tick.
        return [tick for tick in ticks(low, high, most) if tick > 0]
    return found[:: max(1, math.ceil(len(found) / most))]


def tick_labels(values: list[float]) -> list[str]:
    """One style for all: as many decimals as the finest needs, thousands as ``12.5k``."""
    if not values:
        return []
    largest = max(map(abs, values))
    for size, unit in ((2e9, "G"), (2e6, "M"), (1e4, "k")):
        if largest >= size:
            scale = {"G": 1e9, "M": 1e6, "k": 1e3}[unit]
            return [_trim(value / scale) + unit if value else "0" for value in values]
    if largest and largest < 1e-3:
        return [_exponent(value) for value in values]
    decimals = max(map(_decimals, values))
    return [f"{value:.{decimals}f}" for value in values]


def _trim(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _exponent(value: float) -> str:
    if not value:
        return "0"
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(power)}"


def _decimals(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])
