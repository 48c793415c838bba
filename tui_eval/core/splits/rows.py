"""What a strategy sees of a file: light rows, the units they hang together in, a plan."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

from tui_eval.errors import InputError

NONE = "(none)"
"""The category of rows that name none."""
SHOWN = 5
"""Names told in a sentence; all of them are in the plan."""


@dataclass(frozen=True, slots=True)
class LightRow:
    """One row without its text. ``prompt`` is the folded prompt, or what stands for it."""

    index: int
    """Its place in the file, from 0; rises from row to row."""
    prompt: str
    category: str | None = None
    time: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that must not part: one group, or equal prompts, or both in a chain."""

    rows: tuple[int, ...]
    """Positions among the light rows, rising."""
    key: str
    """Names it by content, so that its place in a seeded order is not the file's."""

    @property
    def size(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """How much validation is wanted: a share of the rows, or so many of them."""

    share: float | None = None
    count: int | None = None

    def rows(self, total: int) -> int:
        """At least one, and at least one is left; InputError where that can't be."""
        if total < 2:
            raise InputError(
                f"There {'is 1 row' if total == 1 else 'are no rows'} to split.",
                "A split needs at least 2 rows that can be read.",
            )
        if self.count is None:
            return min(max(1, int((self.share or 0.0) * total + 0.5)), total - 1)
        if self.count >= total:
            raise InputError(
                f"{self.count:,} validation rows of {total:,} leave none to train on.",
                "Ask for fewer rows, or for a share such as 0.1.",
            )
        return self.count

    def __str__(self) -> str:
        return f"{self.share:.4g}" if self.count is None else f"{self.count:,} rows"


_ASKED = re.compile(r"([0-9]+)|([0-9]*\.[0-9]+|[0-9]+\.[0-9]*)|([0-9]+(?:\.[0-9]+)?) ?%")


def asked(text: str) -> Asked:
    """``0.1`` and ``10%`` are shares, ``200`` is a count."""
    match = _ASKED.fullmatch(text.strip())
    if match and match[1] and len(match[1]) < 16 and int(match[1]):
        return Asked(count=int(match[1]))
    if match and not match[1]:
        share = float(match[2]) if match[2] else float(match[3]) / 100
        if 0 < share < 1:
            return Asked(share=share)
    raise InputError(
        f"{text[:40]!r} is no size of a validation set.",
        "Name a share between 0 and 1 (0.1, 10%) or a count of rows (200).",
    )


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody who uses the split has to know. ``caution``: before they trust it."""

    code: str
    text: str
    caution: bool = False


@dataclass(frozen=True, slots=True)
class CategorySize:
    name: str
    train: int
    validation: int


@dataclass(frozen=True, slots=True)
class Task:
    """What a strategy is given. ``units`` are those that may go either way."""

    rows: Sequence[LightRow]
    units: Sequence[Unit]
    wanted: int
    seed: int = 0
    file_order: bool = False
    allow_late: bool = False
    spare: bool = False
    """Other units are in training already: these may all be validation."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a strategy answers. ``units``: places in ``Task.units`` that are validation."""

    units: tuple[int, ...]
    notes: tuple[Note, ...] = ()
    details: dict[str, object] = field(default_factory=dict)
    """Plain data for the manifest: a boundary in time, categories that stayed whole."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A split, decided. Every row that is not in ``validation`` is for training."""

    strategy: str
    seed: int
    asked: Asked
    wanted: int
    rows: int
    validation: frozenset[int]
    """Of ``LightRow.index``."""
    units: int
    largest: int
    """Rows of the largest unit."""
    by_category: tuple[CategorySize, ...]
    """By size; empty where no row names a category."""
    notes: tuple[Note, ...]
    details: dict[str, object]

    @property
    def share(self) -> float:
        return len(self.validation) / self.rows


def units_of(rows: Sequence[LightRow]) -> list[Unit]:
    """Rows joined by a shared prompt or group, transitively, in the order of their first."""
    parent = list(range(len(rows)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[tuple[Literal["prompt", "group"], str], int] = {}
    for position, row in enumerate(rows):
        names: list[tuple[Literal["prompt", "group"], str]] = [("prompt", row.prompt)]
        if row.group is not None:
            names.append(("group", row.group))
        for name in names:
            one, other = root(first.setdefault(name, position)), root(position)
            parent[max(one, other)] = min(one, other)
    members: dict[int, list[int]] = {}
    for position in range(len(rows)):
        members.setdefault(root(position), []).append(position)
    return [
        Unit(tuple(positions), min(rows[position].prompt for position in positions))
        for positions in members.values()
    ]


def ranked(units: Sequence[Unit], seed: int) -> list[int]:
    """Places of units in a seeded order. Each place follows from the seed and the unit's own
    content: a row added to the file moves few others."""

    def rank(place: int) -> bytes:
        name = f"{seed}:{units[place].key}".encode("utf-8", "surrogatepass")
        return blake2b(name, digest_size=16).digest()

    return sorted(range(len(units)), key=rank)


def fill(
    order: Sequence[int], sizes: Sequence[int], wanted: int, *, spare: bool = False
) -> list[int]:
    """Units in their order as long as they fit, counted in rows; then one more where that
    comes nearer to what is wanted, or nothing fitted. One unit stays out unless ``spare``."""
    chosen: list[int] = []
    total = 0
    smallest: int | None = None
    for unit in order:
        if total + sizes[unit] <= wanted:
            chosen.append(unit)
            total += sizes[unit]
        elif smallest is None or sizes[unit] < sizes[smallest]:
            smallest = unit
    if smallest is not None and len(chosen) + 1 < len(order) + spare:
        over = total + sizes[smallest] - wanted
        if not chosen or over < wanted - total:
            chosen.append(smallest)
    return chosen


def by_category(rows: Sequence[LightRow], validation: frozenset[int]) -> tuple[CategorySize, ...]:
    if all(row.category is None for row in rows):
        return ()
    train: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row in rows:
        (held if row.index in validation else train)[row.category or NONE] += 1
    names = sorted(train | held, key=lambda name: (-train[name] - held[name], name))
    return tuple(CategorySize(name, train[name], held[name]) for name in names)


def counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def listed(names: Iterable[str], shown: int = SHOWN) -> str:
    """``billing, refunds and 3 more``: the first of many names, each cut short."""
    short = [name if len(name) <= 40 else name[:39] + "…" for name in names]
    more = len(short) - shown
    return f"{', '.join(short[:shown])} and {more:,} more" if more > 0 else ", ".join(short)
