"""Rows of a run, taken in one after another, and the log that they make so far."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui_eval.core.records import LogPoint
from tui_eval.files.logs.parts.names import renamed
from tui_eval.files.logs.parts.numbers import finite, positive

MOST_SERIES = 2_000
MOST_POINTS = 3_000_000
"""About 0.8 GB; a run of 100,000 logged steps with 30 metrics."""


@dataclass(slots=True)
class Plan:
    """What a log says of its run besides the metrics."""

    max_steps: int | None = None
    epochs: float | None = None
    logging_steps: int | None = None
    batch_size: int | None = None


class Series:
    """Points of one key by step; the later of two at one step stays."""

    __slots__ = ("_last", "_points", "_tuple", "_unsorted")

    def __init__(self) -> None:
        self._points: dict[float, LogPoint] = {}
        self._last = -math.inf
        self._unsorted = False
        self._tuple: tuple[LogPoint, ...] | None = None

    def __len__(self) -> int:
        return len(self._points)

    def add(self, point: LogPoint) -> None:
        if point.step > self._last:
            self._last = point.step
        elif point.step not in self._points:
            self._unsorted = True
        self._points[point.step] = point
        self._tuple = None

    def points(self) -> tuple[LogPoint, ...]:
        """Sorted by step; sorting happens once for all that came in since the last time."""
        if self._tuple is None:
            if self._unsorted:
                self._points = dict(sorted(self._points.items()))
                self._unsorted = False
            self._tuple = tuple(self._points.values())
        return self._tuple


class Gathered:
    """Series by the log's own names, bounded in number and length."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}
        self.plan = Plan()
        self.notes: dict[str, str] = {}
        """By what they are about, so that a later one replaces the earlier."""
        self.last_step: float | None = None
        self.odd_rows = 0
        self.damaged = 0
        self.taken = 0
        """Values so far, those replaced included."""
        self._epoch: tuple[float, float] | None = None

    def row(
        self,
        step: float,
        values: Iterable[tuple[str, float]],
        epoch: float | None = None,
        time: float | None = None,
    ) -> None:
        """What was logged at one step; a row may come in parts."""
        if epoch is not None and not math.isfinite(epoch):
            epoch = None
        if self.last_step is None or step > self.last_step:
            self.last_step = step
        if epoch is not None and epoch > 0 and step > 0:
            self._epoch = (step, epoch)
        for key, value in values:
            found = self.series.get(key)
            if found is None:
                found = self._new(key)
                if found is None:
                    continue
            if self.taken >= MOST_POINTS:
                self.notes["most"] = f"only the first {MOST_POINTS:,} values are read"
                return
            found.add(LogPoint(step, value, epoch, time))
            self.taken += 1

    def _new(self, key: str) -> Series | None:
        if len(self.series) >= MOST_SERIES or len(key) > 500:
            self.notes["wide"] = f"more than {MOST_SERIES:,} metrics: the rest are left out"
            return None
        self.series[key] = Series()
        return self.series[key]

    def max_steps(self) -> int | None:
        """As told, else by the planned epochs and the steps that one took so far."""
        if self.plan.max_steps is not None:
            return self.plan.max_steps
        if self.plan.epochs is None or self._epoch is None:
            return None
        step, epoch = self._epoch
        planned = self.plan.epochs * step / epoch
        # A Trainer rounds the whole up; what is off by a logger's rounding isn't a step.
        return math.ceil(planned - 0.01) if math.isfinite(planned) and planned < 1e12 else None

    def epochs(self) -> float | None:
        """As told, else the whole epochs that the planned steps begin, as a Trainer counts."""
        if self.plan.epochs is not None:
            return self.plan.epochs
        if self.plan.max_steps is None or self._epoch is None:
            return None
        step, epoch = self._epoch
        planned = self.plan.max_steps * epoch / step
        return float(math.ceil(planned - 0.01)) if planned < 1e12 else None

    def take_over(self, other: Gathered) -> None:
        """All that another says of the same run, but for its series."""
        for name in Plan.__slots__:
            told = getattr(other.plan, name)
            if told is not None:
                setattr(self.plan, name, told)
        self.notes |= other.notes
        self.odd_rows += other.odd_rows
        self.taken += other.taken
        self.damaged += other.damaged
        self._epoch = other._epoch or self._epoch
        if other.last_step is not None:
            self.last_step = max(other.last_step, self.last_step or 0.0)

    def named(self) -> tuple[dict[str, tuple[LogPoint, ...]], list[str]]:
        """Series by the names that the steps know, and notes on what was renamed."""
        names, notes = renamed({key: len(found) for key, found in self.series.items()})
        return {names.get(key, key): found.points() for key, found in self.series.items()}, notes

    def said(self) -> list[str]:
        notes = list(self.notes.values())
        if self.odd_rows:
            notes.append(f"{self.odd_rows} rows of the log hold no usable step and are left out")
        if self.damaged:
            notes.append(f"{self.damaged} damaged records of the log are left out")
        return notes


def merged(parts: Iterable[Gathered]) -> Gathered:
    """One run from several files; later files win, step by step."""
    listed = list(parts)
    if len(listed) == 1:
        return listed[0]
    together = Gathered()
    counts = Counter(key for part in listed for key in part.series)
    for part in listed:
        for key, found in part.series.items():
            if counts[key] == 1:
                together.series[key] = found
                continue
            for point in found.points():
                together.row(point.step, ((key, point.value),), point.epoch, point.time)
        together.take_over(part)
    return together


def plan_of(settings: Mapping[str, object], plan: Plan) -> None:
    """The Trainer's arguments as its loggers write them; -1 means that none is set."""
    plan.max_steps = positive(settings.get("max_steps")) or plan.max_steps
    epochs = finite(settings.get("num_train_epochs"))
    if epochs is not None and epochs > 0 and plan.max_steps is None:
        # Steps that are set overrule epochs, which then keep their default.
        plan.epochs = epochs
    every = finite(settings.get("logging_steps"))
    if every is not None and every >= 1:
        plan.logging_steps = int(every)
    size = positive(settings.get("per_device_train_batch_size"))
    plan.batch_size = size or plan.batch_size
