"""By category: each in its share, by largest remainder, in whole units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tui_eval.core.splits.rows import NONE, SHOWN, Choice, Note, Task, listed, ranked
from tui_eval.errors import InputError

Counts = Mapping[str, int]


def split(task: Task) -> Choice:
    """A category of one row stays in training, and so does one whose rows are one unit: half
    of it is not to be had. The others share what is wanted. InputError where none is left."""
    if all(row.category is None for row in task.rows):
        raise InputError(
            "No row names a category.",
            "Name the field that does with --category, or take --strategy random.",
        )
    names = [row.category or NONE for row in task.rows]
    whole = Counter(names)
    held = [Counter(names[row] for row in unit.rows) for unit in task.units]
    kept = _kept_whole(held, whole)
    free = [place for place, counts in enumerate(held) if not counts.keys() & kept]
    if not free:
        raise InputError(
            "Every category has one row, or one group of rows: none can be in both parts.",
            "Take --strategy random.",
        )
    sizes = Counter[str]()
    for place in free:
        sizes.update(held[place])
    most = {name: count - 1 for name, count in whole.items()}
    wanted = quotas(sizes, task.wanted, most)
    order = [place for place in ranked(task.units, task.seed) if not held[place].keys() & kept]
    chosen = _filled(order, held, wanted, most)
    chosen = chosen or [min(order, key=lambda place: task.units[place].size)]
    got = Counter[str]()
    for place in chosen:
        got.update(held[place])
    singletons = sorted(name for name in kept if whole[name] == 1)
    details: dict[str, object] = {
        "singletons": singletons,
        "one_unit": sorted(name for name in kept if whole[name] > 1),
        "wanted_by_category": dict(sorted(wanted.items())),
    }
    return Choice(tuple(chosen), tuple(_notes(whole, kept, got)), details)


def _kept_whole(held: Sequence[Counter[str]], whole: Counts) -> set[str]:
    """Categories that no unit holds a part of: with it, none would be left to train on."""
    parted = {name for counts in held for name, count in counts.items() if count < whole[name]}
    return whole.keys() - parted


def quotas(sizes: Counts, wanted: int, most: Counts) -> dict[str, int]:
    """Rows of each category by largest remainder: whole parts first, then one each to the
    largest fractions, of equal ones to the larger category, then by name. ``most`` caps;
    what is cut off goes to the others."""
    given = dict.fromkeys(sizes, 0)
    room = {name: min(size, most[name]) for name, size in sizes.items()}
    left = min(wanted, sum(room.values()))
    while left:
        free = {name: sizes[name] for name in sizes if given[name] < room[name]}
        total = sum(free.values())
        parts = {name: left * size // total for name, size in free.items()}
        order = sorted(free, key=lambda name: (-(left * free[name] % total), -free[name], name))
        for name in order[: left - sum(parts.values())]:
            parts[name] += 1
        for name, part in parts.items():
            taken = min(part, room[name] - given[name])
            given[name] += taken
            left -= taken
    return given


def _filled(
    order: Sequence[int], held: Sequence[Counter[str]], wanted: Counts, most: Counts
) -> list[int]:
    """First units that fit into what every category of theirs still lacks, then those that
    bring the categories nearer to their quotas in sum, though one is passed."""
    have = Counter[str]()
    chosen: list[int] = []
    rest: list[int] = []
    for place in order:
        if all(have[name] + count <= wanted[name] for name, count in held[place].items()):
            chosen.append(place)
            have.update(held[place])
        else:
            rest.append(place)
    for place in rest:
        within = all(have[name] + count <= most[name] for name, count in held[place].items())
        if within and _nearer(have, held[place], wanted):
            chosen.append(place)
            have.update(held[place])
    return chosen


def _nearer(have: Counts, more: Counts, wanted: Counts) -> bool:
    before = sum(abs(have[name] - wanted[name]) for name in more)
    after = sum(abs(have[name] + count - wanted[name]) for name, count in more.items())
    return after < before


def _notes(whole: Counts, kept: set[str], got: Counts) -> list[Note]:
    notes = []
    if alone := sorted(name for name in kept if whole[name] == 1):
        notes.append(
            Note(
                "singletons",
                f"{_count(alone)} of 1 row stay in training: {listed(alone, 2 * SHOWN)}.",
            )
        )
    if bound := sorted(name for name in kept if whole[name] > 1):
        notes.append(
            Note(
                "one_unit",
                f"{_count(bound)} whose rows are one group stay in training:"
                f" {listed(bound, 2 * SHOWN)}.",
                True,
            )
        )
    pairs = sorted(name for name in whole if whole[name] == 2 and name not in kept)
    if pairs:
        absent = sum(not got[name] for name in pairs)
        notes.append(
            Note(
                "pairs",
                f"{_count(pairs)} of 2 rows can't be measured: {absent:,} of them are missing"
                f" from validation, the others have 1 row there: {listed(pairs, 2 * SHOWN)}.",
                True,
            )
        )
    absent_ones = sorted(
        name for name in whole if whole[name] > 2 and name not in kept and not got[name]
    )
    if absent_ones:
        notes.append(
            Note(
                "missing",
                f"{_count(absent_ones)} of more than 2 rows are missing from validation:"
                f" {listed(absent_ones, 2 * SHOWN)}. A larger --test-size would hold them.",
                True,
            )
        )
    return notes


def _count(names: Sequence[str]) -> str:
    return f"{len(names):,} categor{'y' if len(names) == 1 else 'ies'}"
