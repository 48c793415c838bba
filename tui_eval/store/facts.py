"""Facts: written to a job's own file, then indexed; read on from where the index stopped."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tui_eval.errors import StoreError
from tui_eval.store import codec
from tui_eval.store.files import (
    Event,
    Line,
    LineWriter,
    Modes,
    Position,
    bad_line,
    open_file,
    read_lines,
    tail_of,
    unseal,
)
from tui_eval.store.index import Busy, Index, storable

T = TypeVar("T")
Question = Callable[[Index], T]

GROUP = 5000
"""Facts that are indexed in one transaction: others get their turn in between."""


@dataclass(frozen=True, slots=True)
class Source:
    """How far the index has read a facts file, and what the file was like then."""

    size: int = 0
    time: int = 0
    offset: int = 0
    line: int = 0
    tail: str = ""
    fault: str = ""


class Folders:
    """The facts folders of a workspace. A file's name in the index tells which one it lies
    in and not where that is: a workspace may be moved."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)

    def files(self) -> dict[str, Path]:
        """Facts files by name, in order."""
        found: dict[str, Path] = {}
        for number, folder in enumerate(self.folders):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                for name in sorted(os.listdir(folder)):
                    if name.endswith(".jsonl") and not name.startswith(".") and _tellable(name):
                        found[f"{number}/{name}"] = folder / name
        return found

    def path(self, name: str) -> Path:
        number, _, rest = name.partition("/")
        return self.folders[int(number)] / rest

    def name(self, path: Path) -> str:
        return f"{self.folders.index(path.parent)}/{path.name}"


def _tellable(name: str) -> bool:
    """Whether the index can hold the name; ours are ASCII."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def known_sources(index: Index) -> dict[str, Source]:
    rows = index.rows("SELECT name, size, time, offset, line, tail, fault FROM source")
    return {row[0]: Source(*row[1:]) for row in rows}


def catch_up(index: Index, folders: Folders) -> bool:
    """Read on in every facts file, in file order; True if anything was new.

    A file that shrank, vanished or changed before the place read up to makes everything
    be read again: what came from it can't be told from what is still there.
    """
    files, known = folders.files(), known_sources(index)
    if any(name not in files for name in known):
        forget(index)
        known = {}
    changed = False
    for name, path in files.items():
        step = _read_on(index, name, path, known.get(name, Source()))
        if step is None:
            forget(index)
            catch_up(index, folders)
            return True
        changed = changed or step
    return changed


def forget(index: Index) -> None:
    """Empty the index of facts; jobs stay."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM fact")
        connection.execute("DELETE FROM source")
        _count(connection)

    index.write(change)


def _read_on(index: Index, name: str, path: Path, source: Source) -> bool | None:
    """True: something new; False: nothing; None: not the file that was read before.

    What ends in an unfinished or bad line is looked at each time: over a network its bytes
    may come after its size and time.
    """
    try:
        fd = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return None if source.offset else False
    except OSError as error:
        return _note_fault(index, name, source, f"{path} can't be read: {error.strerror}")
    try:
        status = os.fstat(fd)
        whole = source.offset == status.st_size and not source.fault
        if whole and (status.st_size, status.st_mtime_ns) == (source.size, source.time):
            return False
        if status.st_size < source.offset or (
            source.offset and tail_of(fd, source.offset) != source.tail
        ):
            return None
        return _take(index, name, path, source, fd)
    finally:
        os.close(fd)


def _note_fault(index: Index, name: str, source: Source, fault: str) -> bool:
    if source.fault == fault:
        return False
    index.write(
        lambda connection: _store_source(
            connection, name, (0, 0), Position(source.offset, source.line, fault), source.tail
        )
    )
    return True


def _take(index: Index, name: str, path: Path, source: Source, fd: int) -> bool:
    status = os.fstat(fd)
    position = Position(source.offset, source.line)
    lines = read_lines(path, position, status.st_size)
    took = False
    while group := list(islice(lines, GROUP)):
        took = True
        end = group[-1].offset + group[-1].length
        place = Position(end, group[-1].number)
        _index_lines(index, name, group, place, (0, 0), tail_of(fd, end))
    fault = bad_line(path, position).message if position.fault else ""
    seen = (status.st_size, status.st_mtime_ns)
    tail = tail_of(fd, position.offset) if position.offset else ""
    last = Position(position.offset, position.line, fault)
    if took or Source(*seen, last.offset, last.line, tail, fault) != source:
        index.write(lambda connection: _store_source(connection, name, seen, last, tail))
    return took or fault != source.fault


def _index_lines(
    index: Index,
    name: str,
    lines: list[Line],
    place: Position,
    seen: tuple[int, int],
    tail: str,
) -> None:
    rows = [_row(name, line) for line in lines]

    def change(connection: sqlite3.Connection) -> None:
        before = connection.total_changes
        connection.executemany(
            "INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
        if connection.total_changes != before:
            _count(connection)
        _store_source(connection, name, seen, place, tail)

    index.write(change)


def _row(name: str, line: Line) -> tuple[Any, ...]:
    event = line.event
    kind, body = str(event.get("kind", "")), event.get("body")
    kept = codec.light(kind, body) if isinstance(body, Mapping) else None
    text = None if kept is None else json.dumps(kept, separators=(",", ":"))
    sample = event.get("sample")
    return (
        storable(event.get("id", f"{name}:{line.number}")),
        storable(kind),
        storable(event.get("key", "")),
        None if sample is None else storable(sample),
        storable(event.get("at", "")),
        name,
        line.offset,
        line.length,
        text,
    )


def _count(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'facts'")


def _store_source(
    connection: sqlite3.Connection,
    name: str,
    seen: tuple[int, int],
    place: Position,
    tail: str,
) -> None:
    """Never back: another process may have read further meanwhile."""
    connection.execute(
        """INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
        size = excluded.size, time = excluded.time, offset = excluded.offset,
        line = excluded.line, tail = excluded.tail, fault = excluded.fault
        WHERE excluded.offset >= offset""",
        (name, *seen, place.offset, place.line, tail, place.fault),
    )


class FactsWriter:
    """The one writer of a job's file. What ``commit`` returned from is on the disk.

    ``ask`` runs something over the index, mending it first where it has to.
    """

    def __init__(
        self, path: Path, modes: Modes, folders: Folders, ask: Callable[[Question[None]], None]
    ) -> None:
        self._writer = LineWriter.open(path, modes)
        self._path, self._name, self._ask = path, folders.name(path), ask
        self.notes = tuple(self._writer.notes)

    def append(self, kind: str, key: str, sample: str | None, body: Mapping[str, Any]) -> Event:
        """Collect a fact; ``commit`` writes what was collected, in one sync."""
        return self._writer.append(kind, {"key": key, "sample": sample, "body": body})

    def commit(self) -> None:
        start = self._writer.position.offset
        lines = self._writer.commit()
        if lines:
            # It is on the disk: where the index is busy, the next look catches up.
            with contextlib.suppress(Busy):
                self._ask(lambda index: self._indexed(index, start, lines))

    def _indexed(self, index: Index, start: int, lines: list[Line]) -> None:
        known = known_sources(index).get(self._name, Source())
        if known.offset < start:
            _read_on(index, self._name, self._path, known)
            return
        position = self._writer.position
        place = Position(position.offset, position.line)
        seen = self._writer.size_and_time()
        _index_lines(index, self._name, lines, place, seen, self._writer.tail())

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> FactsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What was computed is kept, also where the job ends with an error."""
        try:
            self.commit()
        except StoreError:
            if error is None:
                raise
        finally:
            self.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact lies."""

    sample: str
    source: str
    offset: int
    length: int
    id: str


def have(index: Index, kind: str, key: str) -> set[str]:
    rows = index.rows("SELECT sample FROM fact WHERE kind = ? AND key = ?", (kind, key))
    return {row[0] or "" for row in rows}


def extent(index: Index, kind: str, key: str) -> tuple[int, str]:
    """How many there are and when the last one came: facts are only ever added."""
    query = "SELECT COUNT(*), MAX(at) FROM fact WHERE kind = ? AND key = ?"
    count, last = index.rows(query, (kind, key))[0]
    return int(count), str(last or "")


def light(index: Index, kind: str, key: str | None = None) -> Iterator[tuple[str, Any]]:
    """``(sample, light body)`` in the order of time, which a rebuild does not change."""
    where, values = _where(kind, key)
    rows = index.rows(f"SELECT sample, body FROM fact WHERE {where} {_ORDER}", values)
    return ((sample or "", json.loads(body)) for sample, body in rows if body is not None)


def keys(index: Index, kind: str) -> list[str]:
    rows = index.rows("SELECT DISTINCT key FROM fact WHERE kind = ? ORDER BY key", (kind,))
    return [str(row[0]) for row in rows]


def places(index: Index, kind: str, key: str, sample: str | None = None) -> list[Place]:
    where, values = _where(kind, key)
    if sample is not None:
        where, values = f"{where} AND sample = ?", (*values, sample)
    rows = index.rows(
        f"SELECT sample, source, offset, length, id FROM fact WHERE {where} {_ORDER}", values
    )
    return [Place(row[0] or "", *row[1:]) for row in rows]


_ORDER = "ORDER BY at, source, offset"


def _where(kind: str, key: str | None) -> tuple[str, tuple[str, ...]]:
    return ("kind = ?", (kind,)) if key is None else ("kind = ? AND key = ?", (kind, key))


class Bodies:
    """Reads whole bodies from their files, each of which is opened once."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._open: dict[str, int] = {}

    def body(self, place: Place) -> Mapping[str, Any]:
        try:
            event = unseal(self._line(place).removesuffix(b"\n"))
        except (OSError, ValueError) as error:
            raise self._moved(place, str(error)) from error
        if event.get("id") != place.id:
            raise self._moved(place, "another event stands there")
        body = event.get("body")
        return body if isinstance(body, Mapping) else {}

    def _line(self, place: Place) -> bytes:
        if place.source not in self._open:
            path = self._folders.path(place.source)
            self._open[place.source] = open_file(path, os.O_RDONLY)
        return os.pread(self._open[place.source], place.length, place.offset)

    def _moved(self, place: Place, why: str) -> StoreError:
        return StoreError(
            f"{self._folders.path(place.source)} is not what it was at byte {place.offset}: {why}",
            "It was changed after it was read: copy it again from where it was written.",
        )

    def __enter__(self) -> Bodies:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._open.values():
            os.close(fd)
