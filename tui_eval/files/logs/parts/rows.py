"""Rows of names and values, whichever container they came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.names import EPOCHS, STEPS, TIMES, is_axis, own
from tui_eval.files.logs.parts.numbers import finite, number, positive, step_of


class Rows:
    """Finds a row's step, epoch and time, and takes the rest as metrics."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._sure: tuple[str, float] | None = None
        """The run's own counter, once one was seen, and where it stands."""

    def take(self, row: Mapping[str, Any], step: float | None = None) -> None:
        """``step``: the container's own counter, for a row that names none."""
        at = self._step(row, step)
        if at is None:
            self._gathered.odd_rows += 1
            return
        planned = positive(row.get("total_steps"))
        if planned is not None:
            self._gathered.plan.max_steps = planned
        values = [
            (own(key), value)
            for key, raw in row.items()
            if not is_axis(key) and (value := number(raw)) is not None
        ]
        self._gathered.row(at, values, _first(row, EPOCHS), _time(row))

    def _step(self, row: Mapping[str, Any], given: float | None) -> float | None:
        for key in STEPS:
            at = step_of(row.get(key))
            if at is None:
                continue
            if key == "_step" and self._sure is not None:
                # Counts calls of the logger, not steps: another scale than the rows before.
                return self._sure[1]
            if key != "_step":
                self._sure = (key, at)
            return at
        return self._sure[1] if self._sure is not None and given is not None else given


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> float | None:
    return next((v for key in keys if (v := finite(row.get(key))) is not None), None)


def _time(row: Mapping[str, Any]) -> float | None:
    """Seconds: of the clock, or since the start."""
    found = _first(row, TIMES)
    return found if found is not None else _elapsed(row.get("elapsed_time"))


def _elapsed(text: object) -> float | None:
    """Of ``0:01:03`` or ``2 days, 21:48:01``."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    days, _, clock = text.rpartition(",")
    try:
        hours, minutes, seconds = (int(part) for part in clock.strip().split(":"))
        whole_days = int(days.split()[0]) if days else 0
    except (ValueError, IndexError):
        return None
    return float(((whole_days * 24 + hours) * 60 + minutes) * 60 + seconds)
