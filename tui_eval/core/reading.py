"""A Reading: what a step says. Drawn by one screen, printed by one command."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["bad", "not_enough", "caution", "note"]
Verdict = Literal["good", "caution", "bad", "not_enough", "waiting"]
Cell = str | int | float | None

HEADLINE_CELLS = 42
SUMMARY_CELLS = 76
_ORDER: tuple[Severity, ...] = ("bad", "not_enough", "caution")


@dataclass(frozen=True, slots=True)
class Number:
    """A named figure. ``low`` and ``high`` are a 95% interval or both None; ``why`` says
    in words why ``value`` is None, or why there is no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    severity: Severity
    text: str
    at: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    kind: Literal["text", "number", "percent", "count"] = "text"
    digits: int = 2
    """Below 0: each row has those that its own interval deserves."""
    spare: bool = False
    """Left out where texts would have to be cut for it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows hold one cell per column. ``refs`` names, per row, what ``enter`` opens
    (a sample id), or is empty. ``opens`` says, per row, as what: ``copy``, ``nearest``, ``view``
    (the ref is a table's or plot's key of the same Reading), ``step`` (the key of another
    step), ``say`` (the ref is a sentence: why there is nothing to open),
    ``note`` (as ``say``, and the row's last text reaches over the columns behind it), ``items``
    (the ref names several of the step's), or as the step has it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    refs: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Points to plot. ``role`` picks colour and marker: train is a line, eval ``◆``,
    base ``○``, tuned ``●``. ``alternatives`` holds other x axes (``epoch``, ``time``) of
    the same length; NaN where unknown."""

    name: str
    role: Literal["train", "eval", "base", "tuned", "other"]
    x: tuple[float, ...]
    y: tuple[float, ...]
    alternatives: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something to jump to on a plot's x axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What to draw. ``curve`` and ``scatter``: points of every series. ``histogram``: one
    series, ``x`` the middle of each bin (evenly spaced), ``y`` its count. ``bars``: one
    series per bar, ``name`` its label, ``y`` its one value, ``x`` its place from 0.
    ``scale``: an axis parted by ``events``, each labelled for the stretch that begins there;
    one series per estimate on it, ``x`` its low end, value and high end, or the value alone;
    the first is the one that counts. ``matrix``: square; of each model one series per label,
    ``name`` the label, ``y`` how often each of the labels was said where it is the true one."""

    key: str
    title: str
    kind: Literal["curve", "histogram", "scatter", "bars", "scale", "matrix"]
    series: tuple[Series, ...]
    x_label: str = ""
    y_label: str = ""
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences that are read with a ``scale``, below it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``headline`` fits the checklist (at most 42 cells), ``summary`` is one sentence of
    at most 76 cells, used word for word in the step, ``show`` and the report."""

    step: str
    candidate: str
    verdict: Verdict
    headline: str
    summary: str
    against: str = "base"
    findings: tuple[Finding, ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    how: tuple[str, ...] = ()
    """How this was computed, a paragraph each."""
    advice: tuple[str, ...] = ()
    """What to try, in the order of what it costs."""


def verdict_of(findings: Iterable[Finding], waiting: bool = False) -> Verdict:
    """The worst severity: bad, not_enough, caution, else good; waiting while work is undone."""
    if waiting:
        return "waiting"
    severities = {finding.severity for finding in findings}
    for severity in _ORDER:
        if severity in severities:
            return severity  # type: ignore[return-value]
    return "good"


def finite(value: float | None) -> float | None:
    """None for NaN and infinity, which no output of ours may hold."""
    return value if value is not None and math.isfinite(value) else None
