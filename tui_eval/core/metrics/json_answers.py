"""JSON in answers: whether it is any, and whether it is the reference's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from tui_eval.core.answers import unfenced
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler

_INNER_FENCE = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\n(.*?)\n?```", re.DOTALL)
_TRIES = 50
"""Opening brackets at which a JSON value within prose may begin."""


class NoJson(ValueError):
    """Why a text is no JSON."""


def ruler(options: MetricOptions) -> Ruler:
    how = (
        "Valid JSON is an answer that is one JSON value as a whole, a Markdown fence around it"
        " aside; NaN and Infinity are none. Values are compared in any key order, 1 equals 1.0."
    )
    return Ruler(measure, how, needs_reference="json_equal" in options.metrics)


def measure(asked: Asked) -> Measured:
    try:
        value = whole(asked.answer)
    except NoJson as error:
        return Measured({"json_valid": 0.0, "json_equal": 0.0}, reason=str(error))
    values = {"json_valid": 1.0}
    if not asked.references:
        return Measured(values)
    try:
        right = any(equal(value, whole(one)) for one in asked.references)
    except NoJson as error:
        # Only where equality is asked for does the reference have to be JSON.
        return Measured(values, note=f"the reference is no JSON: {error}")
    return Measured(values | {"json_equal": float(right)}, reason="" if right else "another value")


def whole(text: str) -> Any:
    """The JSON value that a text is, a fence around it aside. Raises NoJson."""
    return parsed(unfenced(text))


def parsed(text: str) -> Any:
    """As the standard has it: no NaN, no Infinity. Raises NoJson."""
    if not text.strip():
        raise NoJson("empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except NoJson:
        raise
    except RecursionError as error:
        raise NoJson("nested too deeply") from error
    except ValueError as error:
        raise NoJson("not JSON") from error


def _refuse(name: str) -> Any:
    raise NoJson(f"{name} is not JSON")


def within(text: str) -> Any:
    """The first JSON object or list in a chatty answer: in a fence, else the first that parses
    from an opening bracket on. Raises NoJson."""
    try:
        return whole(text)
    except NoJson:
        pass
    for fenced in _INNER_FENCE.finditer(text):
        try:
            return parsed(fenced[1])
        except NoJson:
            continue
    decoder = json.JSONDecoder(parse_constant=_refuse)
    for tried, bracket in enumerate(re.finditer(r"[{\[]", text)):
        if tried >= _TRIES:
            break
        try:
            return decoder.raw_decode(text, bracket.start())[0]
        except (ValueError, RecursionError):
            continue
    raise NoJson("no JSON in it")


def equal(one: Any, other: Any) -> bool:
    """Equal as JSON values: objects in any key order, 1 and 1.0 alike, true never 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and bool(one == other)
