"""Which rows are held out for validation: one file per strategy, one table.

A strategy is a pure function of light rows. What hangs together (one group, or equal
prompts) is on one side, whatever the strategy; sizes are counted in rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.splits import category, random, temporal
from tui_eval.core.splits.rows import (
    Asked,
    CategorySize,
    Choice,
    LightRow,
    Note,
    Plan,
    Task,
    Unit,
    asked,
    by_category,
    units_of,
)
from tui_eval.errors import InputError

LARGE = 0.5
"""A unit that holds this share of the rows is called out: what it leaves is little choice."""


@dataclass(frozen=True, slots=True)
class Strategy:
    about: str
    split: Callable[[Task], Choice]
    seeded: bool = True
    """Whether another seed makes another split."""


SPLITS: Mapping[str, Strategy] = {
    "random": Strategy("a seeded choice", random.split),
    "temporal": Strategy("the latest rows, by time or by the file's order", temporal.split, False),
    "category": Strategy("each category in its share", category.split),
}


def plan(
    rows: Sequence[LightRow],
    strategy: str,
    wanted: Asked,
    *,
    seed: int = 0,
    training_only: Collection[int] = (),
    file_order: bool = False,
    allow_late: bool = False,
) -> Plan:
    """Decide a split. ``training_only``: indices of rows that must not be validation; what
    hangs together with them stays in training too. ``wanted`` is of all rows.

    Raises InputError, with the remedy, where there is no such split.
    """
    known = SPLITS.get(strategy)
    if known is None:
        raise InputError(f"There is no strategy {strategy[:40]!r}.", f"Known: {', '.join(SPLITS)}")
    count = wanted.rows(len(rows))
    units = units_of(rows)
    fixed = set(training_only)
    free = [unit for unit in units if not any(rows[at].index in fixed for at in unit.rows)]
    _check(units, free, rows)
    task = Task(rows, free, count, seed, file_order, allow_late, spare=len(free) < len(units))
    choice = known.split(task)
    validation = frozenset(rows[at].index for place in choice.units for at in free[place].rows)
    largest = max(unit.size for unit in units)
    return Plan(
        strategy=strategy,
        seed=seed,
        asked=wanted,
        wanted=count,
        rows=len(rows),
        validation=validation,
        units=len(units),
        largest=largest,
        by_category=by_category(rows, validation),
        notes=(*choice.notes, *_large(largest, len(rows))),
        details=choice.details,
    )


def _check(units: Sequence[Unit], free: Sequence[Unit], rows: Sequence[LightRow]) -> None:
    if len(units) == 1:
        if len({row.prompt for row in rows}) == 1:
            raise InputError(
                f"All {len(rows):,} rows hang together: they have the same prompt.",
                "Name the field that holds what is asked, if it is another: --prompt FIELD",
            )
        raise InputError(
            f"All {len(rows):,} rows hang together: they are of one group, or groups share prompts"
            " in a chain.",
            "Leave the group field out with --no-group, if it is not one.",
        )
    if not free:
        raise InputError(
            "No row is left that validation could be made of.",
            "Take rows that no model was trained on.",
        )


def _large(largest: int, rows: int) -> tuple[Note, ...]:
    if largest < LARGE * rows:
        return ()
    text = f"{largest:,} of {rows:,} rows hang together and stay on one side."
    return (Note("large_unit", text, True),)


__all__ = [
    "SPLITS",
    "Asked",
    "CategorySize",
    "Choice",
    "LightRow",
    "Note",
    "Plan",
    "Strategy",
    "asked",
    "plan",
]
