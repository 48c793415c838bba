"""A file of rows in two: read once to decide, again to write, with a manifest that says how.

``scan`` reads, ``decide`` is pure and quick (a screen may ask it again and again), and
``splitting_write.write`` copies every row and looks for leaks. No row is dropped: one that
can't be read stays in training, byte for byte as it was.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tui_eval.config import DataConfig, nearest
from tui_eval.core import splits
from tui_eval.core.records import SkippedRow
from tui_eval.core.splits import Asked, LightRow, Note, Plan
from tui_eval.core.splits.rows import counted
from tui_eval.errors import InputError
from tui_eval.files.splitting_rows import Labels, Source, said

BAD_KEPT = 1000
_EVERY = 1_000
_MOST_NAMES = 1000

Progress = Callable[[str, int], None]
"""Told what is being done, and with how many rows it is through."""


def silent(stage: str, rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows that the training file of a model holds."""

    training: Path
    rows: int
    """Of the training file."""
    same: frozenset[int]
    """Indices of rows whose prompt and answer are a training row's, after folding."""
    prompt: frozenset[int]
    """Of those whose prompt alone is."""

    @property
    def all(self) -> frozenset[int]:
        return self.same | self.prompt


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file as a strategy needs it, and what was met on the way."""

    source: Source
    sha256: str
    fields: DataConfig
    used: Mapping[str, tuple[str, ...]]
    """The fields that category, time and group were taken from, the most frequent first."""
    rows: tuple[LightRow, ...]
    """Those that can be read."""
    numbers: array[int]
    """Of each row of the file: the line it begins on, or its 1-based place."""
    bad: int
    skipped: tuple[SkippedRow, ...]
    """The first of the bad rows."""
    unshaped: int
    """Readable rows of no known shape: their prompt is a guess, or the whole row."""
    seen: Seen | None = None
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Fields that rows have, in the order in which they are met."""


def scan(
    path: Path,
    fields: DataConfig | None = None,
    *,
    group: bool = True,
    training: Path | None = None,
    training_fields: DataConfig | None = None,
    progress: Progress = silent,
) -> Scanned:
    """Read a file for a split. ``group`` False leaves the usual group fields out.
    ``training``: the file that a model was trained with.

    Raises InputError where the file can't be read, or not be written again row by row, or
    a named field is in no row.
    """
    fields = fields or DataConfig()
    source = Source(path)
    sha256 = source.hash()
    labels = Labels(fields, group=group)
    rows: list[LightRow] = []
    wholes: list[str] = []
    numbers: array[int] = array("q")
    skipped: list[SkippedRow] = []
    names: dict[str, None] = {}
    bad = unshaped = 0
    for row in source.rows():
        numbers.append(row.number)
        if row.index % _EVERY == 0:
            progress("reading", row.index)
        if row.value is None:
            bad += 1
            if len(skipped) < BAD_KEPT:
                skipped.append(SkippedRow(row.source, row.number, row.fault))
            continue
        if len(names) < _MOST_NAMES:
            names.update(dict.fromkeys(row.value))
        content = said(row.value, fields)
        unshaped += not content.shaped
        label = {key: text and sys.intern(text) for key, text in labels.of(row.value).items()}
        rows.append(LightRow(row.index, content.prompt, **label))
        if training is not None:
            wholes.append(content.whole)
    found = Scanned(
        source=source,
        sha256=sha256,
        fields=fields,
        used={
            key: tuple(name for name, _ in used.most_common()) for key, used in labels.used.items()
        },
        rows=tuple(rows),
        numbers=numbers,
        bad=bad,
        skipped=tuple(skipped),
        unshaped=unshaped,
        notes=tuple(source.notes),
        names=tuple(names),
    )
    _check(found, found.names)
    if training is None:
        return found
    return replace(found, seen=_seen(training, training_fields or fields, rows, wholes, progress))


def _check(found: Scanned, names: tuple[str, ...]) -> None:
    path = found.source.path
    if found.bad and not found.source.lines:
        told = [f"  row {entry.row}: {entry.reason}" for entry in found.skipped[:5]]
        more = [f"  and {found.bad - 5:,} more"] if found.bad > 5 else []
        count = counted(found.bad)
        raise InputError(
            "\n".join(
                [f"{path} has {count} that can't be read, and no row is dropped:", *told, *more]
            ),
            "Repair them. In JSON lines such rows are kept as they are, in training.",
        )
    if not found.rows:
        told = [f"  row {entry.row}: {entry.reason}" for entry in found.skipped[:5]]
        raise InputError("\n".join([f"{path} has no row that can be read.", *told]))
    for key in ("prompt", "answer", "category", "time", "group"):
        name = getattr(found.fields, key)
        if name and name not in names and len(names) < _MOST_NAMES:
            raise InputError(
                f"{path.name} has no field {name!r} (--{key}).", f"{nearest(name, names)}"
            )


def _seen(
    training: Path,
    fields: DataConfig,
    rows: Sequence[LightRow],
    wholes: Sequence[str],
    progress: Progress,
) -> Seen:
    """The training file streams past the rows' hashes."""
    prompts = dict.fromkeys((row.prompt for row in rows), False)
    answered = dict.fromkeys(wholes, False)
    count = 0
    for row in Source(training).rows():
        if row.value is None:
            continue
        if count % _EVERY == 0:
            progress("reading the training file", count)
        count += 1
        content = said(row.value, fields)
        if content.prompt in prompts:
            prompts[content.prompt] = True
            if content.whole in answered:
                answered[content.whole] = True
    same = frozenset(row.index for row, whole in zip(rows, wholes, strict=True) if answered[whole])
    known = frozenset(row.index for row in rows if prompts[row.prompt])
    return Seen(training, count, same, known - same)


def decide(
    found: Scanned,
    strategy: str,
    wanted: Asked,
    *,
    seed: int = 0,
    exclude_seen: bool = False,
    training_only: Collection[int] = (),
    file_order: bool = False,
    allow_late: bool = False,
) -> Plan:
    """The split of what was scanned. ``exclude_seen``: rows of the training file, and what
    hangs together with them, stay in training, as rows of ``training_only`` do. Raises
    InputError where there is none."""
    seen = found.seen.all if exclude_seen and found.seen else frozenset()
    if found.seen and len(seen) == len(found.rows):
        raise InputError(
            f"Every row of {found.source.path.name} is in the training file"
            f" {found.seen.training}: a model trained on it has seen them all.",
            "Take rows that it was not trained on, or train again on the new train.jsonl and"
            " leave --exclude-seen out.",
        )
    made = splits.plan(
        found.rows,
        strategy,
        wanted,
        seed=seed,
        training_only=seen | frozenset(training_only),
        file_order=file_order,
        allow_late=allow_late,
    )
    return replace(made, notes=(*_notes(found, made, exclude_seen), *made.notes))


def _notes(found: Scanned, made: Plan, excluded: bool) -> list[Note]:
    notes = [Note("reading", text) for text in found.notes]
    if found.bad:
        first = found.skipped[0]
        notes.append(
            Note(
                "unreadable",
                f"Unreadable, kept in training as found: {counted(found.bad)}; the first: line"
                f" {first.row}, {first.reason}.",
                True,
            )
        )
    if found.unshaped:
        notes.append(
            Note(
                "unshaped",
                f"Of no known shape: {counted(found.unshaped)}; what they ask was taken from the"
                " likeliest field, or is the whole row.",
            )
        )
    if found.seen:
        notes += _seen_notes(found.seen, made, excluded)
    return notes


def _seen_notes(seen: Seen, made: Plan, excluded: bool) -> list[Note]:
    same, prompt = len(made.validation & seen.same), len(made.validation & seen.prompt)
    if same + prompt:
        text = (
            f"{same + prompt:,} of {len(made.validation):,} validation rows are in the training"
            f" file {seen.training} ({same:,} with the answer): a model trained on it has seen"
            " them, and its scores on them mean nothing. Train on the new train.jsonl"
        )
        # Where all rows are in it, leaving them out leaves nothing.
        every = len(seen.same) + len(seen.prompt) == made.rows
        text += "." if every else ", or leave them out with --exclude-seen."
        return [Note("seen", text, True)]
    if excluded and seen.all:
        return [
            Note(
                "seen_excluded",
                f"In the training file {seen.training}, and kept in training:"
                f" {counted(len(seen.all))}.",
            )
        ]
    return []
