"""A file of rows as a Dataset: streamed, each content once, every bad row accounted for."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tui_eval import config as settings
from tui_eval.config import DataConfig
from tui_eval.core.records import Dataset, Sample, SkippedRow, Split
from tui_eval.core.text import content_id
from tui_eval.errors import ConfigError, InputError
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.rows import DamagedRow, Row, rows

SKIPPED_KEPT = 1000
_NAMED = ("prompt", "answer", "system", "category", "time", "group")
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Usable:
    """A row that can be scored."""

    row: Row
    shape: shapes.Shape
    content: shapes.Content
    fields: DataConfig


@dataclass
class Tally:
    """What was seen on the way; complete once the rows are used up."""

    rows: int = 0
    bad: int = 0
    skipped: list[SkippedRow] = field(default_factory=list)
    shapes: Counter[str] = field(default_factory=Counter)
    names: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, source: str, number: int, reason: str) -> None:
        self.bad += 1
        if len(self.skipped) < SKIPPED_KEPT:
            self.skipped.append(SkippedRow(source, number, reason))

    @property
    def shape(self) -> str:
        """``messages``, or ``messages and text``, the more frequent first."""
        return " and ".join(name for name, _ in self.shapes.most_common())


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file's rows are understood, shown before anything is computed."""

    shape: str
    how: str
    """What is made of a row of this shape, in words."""
    fields: dict[str, str]
    """Setting of ``[data]`` to the field that it is taken from."""
    example: Sample
    rows: int
    skipped: tuple[SkippedRow, ...]
    notes: tuple[str, ...] = ()


def read(path: Path, *, split: Split, fields: DataConfig, limit: int = 0, seed: int = 0) -> Dataset:
    """The samples of a file, in its order.

    ``limit`` above 0: that many distinct samples at most, a seeded choice in which each
    content has the same chance; a row added to the file changes few of them. Memory then
    holds the chosen ones alone, and ``duplicates`` counts theirs. Raises InputError where
    the file can't be read or no row is usable, ConfigError where a field named in
    ``[data]`` is in no row.
    """
    fields = _fields_for(split, fields)
    tally = Tally()
    keeper: _All | _Chosen = _Chosen(limit, seed) if limit > 0 else _All()
    for usable in usable_rows(path, split, fields, tally):
        keeper.offer(usable, split, path.name)
    check(path, split, fields, tally)
    samples, duplicates = keeper.samples()
    chosen = [(sample.id, sample.category, sample.time, sample.group) for sample in samples]
    return Dataset(
        key=content_id([split, fields.format, chosen]),
        split=split,
        source=str(path),
        shape=tally.shape,
        samples=samples,
        rows=tally.rows,
        skipped=tuple(tally.skipped),
        duplicates=duplicates,
        bad_rows=tally.bad,
        notes=tuple(tally.notes),
    )


def preview(
    path: Path, fields: DataConfig, *, split: Split = "validation", rows: int = 200
) -> Preview:
    """The first rows of a file as they are understood. Raises as ``read`` does."""
    fields = _fields_for(split, fields)
    tally = Tally()
    found: Usable | None = None
    for usable in usable_rows(path, split, fields, tally):
        found = found or usable
        if tally.rows >= rows:
            break
    check(path, split, fields, tally)
    assert found is not None
    assert found.row.value is not None
    return Preview(
        shape=tally.shape,
        how=found.shape.how,
        fields=_mapping(found.row.value, fields),
        example=to_sample(found, split, path.name),
        rows=tally.rows,
        skipped=tuple(tally.skipped),
        notes=tuple(tally.notes),
    )


def usable_rows(path: Path, split: Split, fields: DataConfig, tally: Tally) -> Iterator[Usable]:
    """Every row that can be scored; the others are counted in ``tally``."""
    for row in rows(path, split, tally.notes):
        tally.rows += 1
        source = row.source or path.name
        if row.value is None:
            tally.skip(source, row.number, row.fault or "not an object")
            continue
        if len(tally.names) < _MOST_NAMES:
            tally.names.update(dict.fromkeys(row.value))
        try:
            shape = shapes.detect(row.value, fields)
            made = shapes.content(row.value, shape, fields)
        except DamagedRow as damage:
            tally.skip(source, row.number, str(damage))
        except RecursionError:
            tally.skip(source, row.number, "nested too deeply")
        else:
            tally.shapes[shape.name] += 1
            yield Usable(row, shape, made, fields)


def _fields_for(split: Split, fields: DataConfig) -> DataConfig:
    """The off-task file is another kind of text: its shape is its own."""
    return DataConfig() if split == "off_task" else fields


def check(path: Path, split: Split, fields: DataConfig, tally: Tally) -> None:
    """Raises for fields that no row has, then for a file without any usable row."""
    if tally.names:
        _check_names(path, split, fields, tuple(tally.names))
    if tally.shapes:
        return
    if not tally.rows:
        raise InputError(f"{path} holds no rows.", "Name another file.")
    reasons = [f"  row {entry.row}: {entry.reason}" for entry in tally.skipped[:5]]
    more = [f"  and {tally.bad - 5} more"] if tally.bad > 5 else []
    raise InputError(
        "\n".join([f"{path} has no usable row among {tally.rows}:", *reasons, *more]),
        "Name the fields in eval.toml: [data] prompt = ..., answer = ...",
    )


def _check_names(path: Path, split: Split, fields: DataConfig, names: tuple[str, ...]) -> None:
    # A training file may lack what only describes the validation rows.
    looked_at = _NAMED[:2] if split == "train" else _NAMED
    problems = []
    for key in looked_at:
        name = getattr(fields, key)
        if name and name not in names:
            near = settings.nearest(name, names)
            problems.append(f"{fields.place(key)}: {path.name} has no field {name!r}; {near}")
    if problems:
        count = len(problems)
        raise ConfigError(
            f"{count} field{'s' if count > 1 else ''} named in [data] "
            f"{'are' if count > 1 else 'is'} not in {path}:",
            tuple(problems),
            remedy="Correct eval.toml, or leave the key out to have the field found.",
        )


def _mapping(row: shapes.Value, fields: DataConfig) -> dict[str, str]:
    usual = {
        "system": shapes.SYSTEMS,
        "category": shapes.CATEGORIES,
        "time": shapes.TIMES,
        "group": shapes.GROUPS,
    }
    found = {key: getattr(fields, key) for key in ("prompt", "answer") if getattr(fields, key)}
    for key, names in usual.items():
        name = getattr(fields, key) or next((n for n in names if row.get(n) is not None), None)
        if name:
            found[key] = name
    return found


def to_sample(usable: Usable, split: Split, name: str) -> Sample:
    """``name`` is the file's, where the row doesn't say it."""
    assert usable.row.value is not None
    return shapes.to_sample(
        usable.content,
        usable.row.value,
        usable.fields,
        split=split,
        source=usable.row.source or name,
        number=usable.row.number,
    )


class _All:
    """Keeps every distinct sample."""

    def __init__(self) -> None:
        self._kept: dict[str, Sample] = {}
        self._duplicates = 0

    def offer(self, usable: Usable, split: Split, name: str) -> None:
        sample = to_sample(usable, split, name)
        if sample.id in self._kept:
            self._duplicates += 1
        else:
            self._kept[sample.id] = sample

    def samples(self) -> tuple[tuple[Sample, ...], int]:
        return tuple(self._kept.values()), self._duplicates


class _Chosen:
    """Keeps the samples whose seeded hash is smallest: an even choice among distinct
    contents that needs no second look at the file and no list of what was seen."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._seed = seed
        self._heap: list[tuple[int, str]] = []
        self._kept: dict[str, tuple[int, Sample, int]] = {}
        self._offered = 0

    def offer(self, usable: Usable, split: Split, name: str) -> None:
        self._offered += 1
        id = shapes.sample_id(usable.content)
        if id in self._kept:
            order, sample, copies = self._kept[id]
            self._kept[id] = (order, sample, copies + 1)
            return
        # The heap's top is the largest kept hash: ranks are negated.
        entry = (-self._rank(id), id)
        if len(self._heap) == self._limit:
            if entry < self._heap[0]:
                return
            _, dropped = heapq.heapreplace(self._heap, entry)
            del self._kept[dropped]
        else:
            heapq.heappush(self._heap, entry)
        self._kept[id] = (self._offered, to_sample(usable, split, name), 0)

    def _rank(self, id: str) -> int:
        seeded = hashlib.blake2b(f"{self._seed}:{id}".encode(), digest_size=8)
        return int.from_bytes(seeded.digest(), "big")

    def samples(self) -> tuple[tuple[Sample, ...], int]:
        kept = sorted(self._kept.values(), key=lambda entry: entry[0])
        return tuple(sample for _, sample, _ in kept), sum(copies for _, _, copies in kept)
