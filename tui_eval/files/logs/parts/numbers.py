"""Numbers as logs write them: also as texts, also not finite."""

from __future__ import annotations

import math
import re
from typing import Any

# What is longer is no number that a logger wrote.
_LONGEST = 64
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf(inity)?)\Z", re.IGNORECASE)


def number(value: Any) -> float | None:
    """A float for a number or a text that is one (newer Trainers print such rows)."""
    if type(value) is float:
        return value
    if isinstance(value, str) and len(value) <= _LONGEST and _NUMBER.match(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def step_of(value: Any) -> float | None:
    """A usable step: finite and not negative."""
    step = number(value)
    return step if step is not None and math.isfinite(step) and step >= 0 else None


def whole(value: Any) -> int | None:
    step = step_of(value)
    return None if step is None else int(step)


def positive(value: Any) -> int | None:
    return whole(value) or None


def finite(value: Any) -> float | None:
    found = number(value)
    return found if found is not None and math.isfinite(found) else None
