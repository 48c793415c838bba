"""A regular expression over the answer."""

from __future__ import annotations

import re
from collections import deque

from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.core.text import fold
from tui_eval.errors import InputError


def ruler(options: MetricOptions) -> Ruler:
    found = compiled(options.pattern)
    if not found.groups:
        return Ruler(lambda asked: _there(found, asked), _how(found), needs_reference=False)
    return Ruler(lambda asked: _equal(found, asked), _how(found))


def compiled(pattern: str) -> re.Pattern[str]:
    """Raises InputError where it is none."""
    if not pattern:
        raise InputError(
            "A regular expression is asked for, but none is set.",
            "Set pattern = '...' in the task's section of eval.toml.",
        )
    try:
        return re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise InputError(
            f"The pattern is not a regular expression: {error}.",
            "Write it between single quotes in eval.toml, which keep backslashes as they are.",
        ) from error


def _how(pattern: re.Pattern[str]) -> str:
    if pattern.groups:
        what = "what its first group last matched equals the reference, case and space folded"
    else:
        what = "it matches anywhere in the answer"
    return f"Right is where {what}: {pattern.pattern}"


def _there(pattern: re.Pattern[str], asked: Asked) -> Measured:
    right = pattern.search(asked.answer) is not None
    return Measured({"regex": float(right)}, reason="" if right else "no match")


def _equal(pattern: re.Pattern[str], asked: Asked) -> Measured:
    found = last_group(pattern, asked.answer)
    if found is None:
        return Measured({"regex": 0.0}, reason="no match")
    right = fold(found) in {fold(one) for one in asked.references}
    return Measured({"regex": float(right)}, reason="" if right else "another value")


def last_group(pattern: re.Pattern[str], text: str) -> str | None:
    """What the first group (the whole, without groups) matched last: a conclusion stands at
    the end. None without a match."""
    last = last_match(pattern, text)
    if last is None:
        return None
    return str(last.group(1) or "") if pattern.groups else last.group()


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)
