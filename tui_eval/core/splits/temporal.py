"""By time: what is later is validation, and no training row is as late as any of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui_eval.core.splits.rows import Choice, LightRow, Note, Task, Unit, counted, listed
from tui_eval.core.splits.times import iso, parse_times
from tui_eval.errors import InputError

FAR = 2.0
"""A cut that gives this many times more, or less, than was asked is called out."""

_WAYS = (
    "Leave the later rows of such groups in training with --allow-late, or take --strategy random."
)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A unit and the times of its rows."""

    place: int
    size: int
    first: float
    last: float


def split(task: Task) -> Choice:
    """Cuts between two times, never within a unit: of all places where no unit has rows on
    both sides, the one nearest to the size asked. Rows of one time are on one side. Units
    without a readable time stay in training. InputError where there is no such place."""
    times, ordered, notes = _times(task)
    timed = _timed(task.units, times)
    if not timed:
        raise InputError(
            "No row that could be validation has a readable time.",
            "Name another field with --time, or take the file's order with --file-order.",
        )
    say = _place_of(task.rows) if ordered else iso
    cut = _cut(task, timed, say, times, notes)
    chosen = [unit for unit in timed if unit.first >= cut]
    training = [
        time
        for unit in timed
        if unit.first < cut
        for row in task.units[unit.place].rows
        if (time := times[row]) is not None
    ]
    begins = min(unit.first for unit in chosen)
    before = max(time for time in training if time < cut)
    late = sum(time >= cut for time in training)
    # The promise of this strategy, whatever was done above.
    assert before < begins
    assert task.allow_late or not late
    free = {row for unit in task.units for row in unit.rows}
    late += sum(
        time is not None and time >= cut for row, time in enumerate(times) if row not in free
    )
    if late:
        notes.append(_late_note(late))
    got = sum(unit.size for unit in chosen)
    if _is_far(got, task.wanted):
        notes.append(_far_note(got, task.wanted))
    details: dict[str, object] = {
        "order": "file" if ordered else "time",
        "training_ends": say(before),
        "validation_begins": say(begins),
        "allow_late": task.allow_late,
        "late_training_rows": late,
    }
    return Choice(tuple(unit.place for unit in chosen), tuple(notes), details)


def _times(task: Task) -> tuple[Sequence[float | None], bool, list[Note]]:
    """The time of each row, whether that is its place in the file, and what to say of it."""
    texts = [row.time for row in task.rows]
    if task.file_order or all(text is None for text in texts):
        why = "as asked" if task.file_order else "no row has a time field"
        note = Note("file_order", f"Split by the order of the file ({why}).", not task.file_order)
        return [float(place) for place in range(len(texts))], True, [note]
    times = parse_times(texts)
    notes = []
    if len(times.unreadable) + times.missing == len(texts):
        examples = listed(dict.fromkeys(repr(texts[place]) for place in times.unreadable), 3)
        raise InputError(
            f"No time in the file can be read: {examples}.",
            "Times are ISO 8601 or seconds or milliseconds since 1970. Name another field with"
            " --time, or take the file's order with --file-order.",
        )
    if untimed := len(times.unreadable) + times.missing:
        examples = listed(dict.fromkeys(repr(texts[place]) for place in times.unreadable), 3)
        told = f" ({len(times.unreadable):,} can't be read: {examples})" if examples else ""
        notes.append(
            Note(
                "untimed",
                f"Without a readable time: {counted(untimed)}{told}; such a row goes with its"
                " group, and stays in training where that has no time either.",
                True,
            )
        )
    if times.zoneless and times.zoned:
        notes.append(
            Note("zones", f"Times without a zone, taken as UTC: {times.zoneless:,}.", True)
        )
    return times.seconds, False, notes


def _timed(units: Sequence[Unit], times: Sequence[float | None]) -> list[_Timed]:
    """In the order of their first time."""
    found = []
    for place, unit in enumerate(units):
        known = [time for row in unit.rows if (time := times[row]) is not None]
        if known:
            found.append(_Timed(place, unit.size, min(known), max(known)))
    return sorted(found, key=lambda unit: (unit.first, unit.place))


def _cut(
    task: Task,
    timed: Sequence[_Timed],
    say: Callable[[float], str],
    times: Sequence[float | None],
    notes: Sequence[Note],
) -> float:
    """The time at which validation begins."""
    found = _nearest(timed, task.wanted, late=False)
    if task.allow_late and (found is None or _is_far(found[1], task.wanted)):
        found = _nearest(timed, task.wanted, late=True)
    if found is None:
        raise _no_cut(timed, say, times, notes)
    return found[0]


def _nearest(timed: Sequence[_Timed], wanted: int, *, late: bool) -> tuple[float, int] | None:
    """``(time, validation rows)`` of the cut nearest to the size wanted; of two equally near
    the one that leaves more to train on. ``late``: units may reach over it."""
    left = sum(unit.size for unit in timed)
    best: tuple[float, int] | None = None
    reach = -math.inf
    for unit in timed:
        if -math.inf < reach < unit.first and (
            best is None or abs(left - wanted) <= abs(best[1] - wanted)
        ):
            best = unit.first, left
        reach = max(reach, unit.first if late else unit.last)
        left -= unit.size
    return best


def _is_far(got: int, wanted: int) -> bool:
    return got > FAR * wanted or got * FAR < wanted


def _far_note(got: int, wanted: int) -> Note:
    return Note(
        "far_from_asked",
        f"Validation has {counted(got)} where {wanted:,} were asked for: elsewhere a group,"
        f" equal prompts or equal times lie across the boundary. {_WAYS}",
        True,
    )


def _late_note(late: int) -> Note:
    return Note(
        "late_training_rows",
        f"As late as validation, but in training: {counted(late)}, whose group or prompt began"
        " before the boundary, or which were left out of validation.",
        True,
    )


def _no_cut(
    timed: Sequence[_Timed],
    say: Callable[[float], str],
    times: Sequence[float | None],
    notes: Sequence[Note],
) -> InputError:
    told = "".join(f" {note.text}" for note in notes if note.caution)
    widest = max(timed, key=lambda unit: unit.last - unit.first)
    only = min(unit.first for unit in timed)
    if only == max(unit.last for unit in timed):
        if any(time not in (None, only) for time in times):
            who = "All rows that could be validation have the same time"
        elif None in times:
            who = "All rows with a readable time have the same one"
        else:
            who = "Every row has the same time"
        return InputError(f"{who}: {say(only)}.{told}", "Take --strategy random.")
    return InputError(
        "There is no time at which the rows can be cut without parting a group or equal prompts:"
        f" one of them has {widest.size:,} rows, from {say(widest.first)} to {say(widest.last)}."
        f"{told}",
        _WAYS,
    )


def _place_of(rows: Sequence[LightRow]) -> Callable[[float], str]:
    """Places of the file in words, where its order stands for time."""
    return lambda place: f"row {rows[int(place)].index + 1:,}"
