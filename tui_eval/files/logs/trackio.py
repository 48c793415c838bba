"""trackio's database: one SQLite file a project, a row a logging call.

It is opened for reading only. Without a write-ahead file beside it nothing is locked
(``immutable``); with one, a run is perhaps still writing, and its newest rows are in there.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered, plan_of
from tui_eval.files.logs.parts.reader import Reader, whole
from tui_eval.files.logs.parts.rows import Rows
from tui_eval.files.logs.parts.tail import fault_of

HEAD = b"SQLite format 3\x00"
_WAL = "-wal"
_MOST_ROW = 4 << 20
_SECONDS = 60.0
"""A database of another kind may name something endless as its metrics."""
_MOST_RUNS = 10_000


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> Trackio:
    return Trackio(path)


def is_project(path: Path) -> bool:
    """Whether a database holds a project's metrics."""
    try:
        with _opened(path) as base:
            return bool(_columns(base))
    except (sqlite3.Error, InputError, OSError):
        return False


class Trackio(Reader):
    """The newest run of a project, read on by row number."""

    format = "trackio"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._read = False
        self._failed = 0
        """Looks in a row that could not read."""
        self._anew()

    def _anew(self) -> None:
        self._gathered = Gathered()
        self._rows = Rows(self._gathered)
        self._run: str | None = None
        self._last = 0
        self._identity: tuple[int, int] | None = None

    def read_on(self) -> bool:
        try:
            found = self.path.stat()
        except OSError as error:
            self.trouble = fault_of(error)
            return False
        identity = found.st_dev, found.st_ino
        if self._identity not in (None, identity):
            self._anew()
        self._identity = identity
        try:
            with _opened(self.path) as base:
                came = self._taken(base)
        except (sqlite3.Error, OSError, InputError) as error:
            if not self._read:
                if isinstance(error, InputError):
                    raise
                raise InputError(f"{self.path} can't be read as a database: {error}.") from error
            # Perhaps in the middle of being written, or locked: said when it stays so.
            self._failed += 1
            if self._failed > 1:
                self.trouble = f"unreadable ({error})"
            return False
        self._read, self._failed, self.trouble = True, 0, ""
        return came

    def end(self) -> None:
        pass

    def gathered(self) -> Gathered:
        return self._gathered

    def _taken(self, base: sqlite3.Connection) -> bool:
        columns = _columns(base)
        if not columns:
            raise InputError(f"{self.path} is no trackio project: it has no table of metrics.")
        by = "run_id" if "run_id" in columns else "run_name"
        newest = base.execute(f"SELECT {by} FROM metrics ORDER BY id DESC LIMIT 1").fetchone()
        if newest is None:
            return False
        if (self._run is not None and newest[0] != self._run) or self._shrank(base):
            identity = self._identity
            self._anew()
            self._identity = identity
        if self._run is None:
            self._run = newest[0]
            self._name_others(base, by)
            self._configured(base, by)
        came = False
        for row, step, at, metrics in self._new(base, by):
            self._last = row
            came |= self._take(step, at, metrics)
        return came

    def _shrank(self, base: sqlite3.Connection) -> bool:
        """Whether the row read last is gone: the table was written anew."""
        asked = "SELECT 1 FROM metrics WHERE id = ?"
        return bool(self._last) and base.execute(asked, (self._last,)).fetchone() is None

    def _name_others(self, base: sqlite3.Connection, by: str) -> None:
        asked = f"SELECT DISTINCT run_name FROM metrics WHERE {by} IS NOT ? LIMIT {_MOST_RUNS}"
        others = [str(name)[:80] for (name,) in base.execute(asked, (self._run,))]
        if others:
            self._gathered.notes["runs"] = (
                f"of {len(others) + 1} runs the newest is read; also: {', '.join(others[-5:])}"
            )

    def _configured(self, base: sqlite3.Connection, by: str) -> None:
        """The Trainer's arguments, where the project keeps what runs were started with."""
        if by not in _columns_of(base, "configs"):
            return
        asked = f"SELECT config FROM configs WHERE {by} IS ? LIMIT 1"
        for (told,) in base.execute(asked, (self._run,)):
            config = _object(told)
            if config is not None:
                plan_of(config, self._gathered.plan)

    def _new(self, base: sqlite3.Connection, by: str) -> Iterator[tuple[Any, ...]]:
        asked = (
            # The plus keeps the order by row number, without sorting a long run.
            f"SELECT id, step, timestamp, metrics FROM metrics WHERE id > ? AND +{by} IS ? "
            "ORDER BY id"
        )
        return iter(base.execute(asked, (self._last, self._run)))

    def _take(self, step: Any, at: Any, metrics: Any) -> bool:
        row = _object(metrics)
        if row is None:
            self._gathered.damaged += 1
            return False
        row.setdefault("timestamp", _seconds(at))
        counted = float(step) if isinstance(step, (int, float)) and 0 <= step < 1e15 else None
        self._rows.take(row, counted)
        return True


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Nothing is created beside the database, whoever writes it or died doing so."""
    if not _has_more(path, _WAL):
        with closing(_connected(path, "immutable=1")) as base:
            yield base
    elif path.with_name(path.name + "-shm").exists():
        with closing(_joined(path)) as base:
            yield base
    else:
        # A writer that is gone, or a copy: reading what it left would write an index of it.
        with TemporaryDirectory(prefix="tui-eval-") as folder:
            for name in (path.name, path.name + _WAL):
                shutil.copyfile(path.with_name(name), Path(folder) / name)
            with closing(_connected(Path(folder) / path.name, "mode=ro")) as base:
                yield base


def _joined(path: Path) -> sqlite3.Connection:
    """Among its writers; without the right to take part in their locking, the file alone."""
    base = _connected(path, "mode=ro")
    try:
        base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        base.close()
        base = _connected(path, "immutable=1")
    return base


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    base = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, timeout=2)
    deadline = time.monotonic() + _SECONDS
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_ROW)
    base.set_progress_handler(lambda: int(time.monotonic() > deadline), 100_000)
    base.execute("PRAGMA trusted_schema = OFF")
    base.execute("PRAGMA query_only = ON")
    return base


def _has_more(path: Path, suffix: str) -> bool:
    try:
        return path.with_name(path.name + suffix).stat().st_size > 0
    except OSError:
        return False


def _columns(base: sqlite3.Connection) -> set[str]:
    """Of the table of metrics; empty where there is none like trackio's."""
    columns = _columns_of(base, "metrics")
    needed = {"id", "step", "timestamp", "metrics", "run_name"}
    return columns if needed <= columns else set()


def _columns_of(base: sqlite3.Connection, table: str) -> set[str]:
    """Of a real table: a view may compute anything."""
    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    if base.execute(asked, (table,)).fetchone() is None:
        return set()
    return {str(row[1]) for row in base.execute(f"PRAGMA table_info({table})")}


def _object(told: Any) -> dict[str, Any] | None:
    try:
        row = json.loads(told) if isinstance(told, (str, bytes)) else None
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _seconds(stamp: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(stamp)[:40]).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
