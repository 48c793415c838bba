"""The SQLite index: what the screens ask, made again from the files whenever in doubt.

It is never the only copy of anything that cost time. One that is missing, damaged, of
another version or simply odd is replaced by an empty one, and reading starts afresh.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tui_eval.errors import StoreError
from tui_eval.store.files import Modes, open_file
from tui_eval.store.liveness import in_turn

T = TypeVar("T")
Row = tuple[Any, ...]

VERSION = 1
"""Raise it with any change of ``SCHEMA``: an index of another version is made again."""
BUSY_MS = 5000
SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    """CREATE TABLE source (name TEXT PRIMARY KEY, size INTEGER, time INTEGER,
    offset INTEGER, line INTEGER, tail TEXT, fault TEXT) WITHOUT ROWID""",
    """CREATE TABLE fact (id TEXT PRIMARY KEY, kind TEXT, key TEXT, sample TEXT, at TEXT,
    source TEXT, offset INTEGER, length INTEGER, body TEXT)""",
    "CREATE INDEX fact_asked ON fact (kind, key, sample)",
    """CREATE TABLE job (number INTEGER PRIMARY KEY, id TEXT UNIQUE, verb TEXT, args TEXT,
    state TEXT, requested_at TEXT, done REAL, total REAL, unit TEXT, speed REAL, eta REAL,
    message TEXT, error TEXT, host TEXT, started_at TEXT, finished_at TEXT, cancel INTEGER)""",
    """CREATE TABLE engine (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT, host TEXT,
    boot TEXT, pid INTEGER, start TEXT, beat REAL)""",
    "CREATE TABLE seen (token TEXT PRIMARY KEY, boot TEXT, at REAL) WITHOUT ROWID",
)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Damaged(Exception):
    """The index can't be trusted: to be made again. Never leaves the store."""


class Index:
    """One connection. Calls from several threads take turns."""

    def __init__(self, path: Path | None, modes: Modes) -> None:
        self.path, self._modes = path, modes
        self._guard = threading.RLock()
        self._writes = 0
        self._identity: tuple[int, int] | None = None
        self._connection = self._open()

    @property
    def in_memory(self) -> bool:
        """Nothing was written yet, so there is no file yet."""
        return self.path is None

    # Reading and writing.

    def rows(self, sql: str, values: Row | dict[str, Any] = ()) -> list[Row]:
        """Fetch all rows; no cursor stays open."""
        with self._guard, _told():
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Row | dict[str, Any] = ()) -> Row | None:
        found = self.rows(sql, values)
        return found[0] if found else None

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``change`` in one transaction, all or nothing."""
        with self._guard, _told():
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = change(connection)
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            self._writes += 1
            return result

    def version(self) -> tuple[int, int]:
        """Differs whenever the index was changed: by others, by us."""
        with self._guard, _told():
            self._connection.execute("PRAGMA busy_timeout = 0")
            try:
                (changes,) = self._connection.execute("PRAGMA data_version").fetchone()
            finally:
                self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            return int(changes), self._writes

    def replaced(self) -> bool:
        """Whether another process put a new index in this one's place."""
        return self.path is not None and self._identity != _identity(self.path)

    def close(self) -> None:
        with self._guard, contextlib.suppress(sqlite3.Error):
            self._connection.close()

    # Opening.

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            connection = _connect(":memory:")
            _create(connection)
            return connection
        path = self.path
        self._modes.make_folder(path.parent)
        with _opening(path, self._modes):
            if not _is_file(path) or not self._trusted(path):
                _replace(path, self._modes)
            connection = self._connected(path)
            self._identity = _identity(path)
            return connection

    def _trusted(self, path: Path) -> bool:
        try:
            with contextlib.closing(self._connected(path)) as connection:
                return _is_ours(connection) and _is_whole(connection)
        except sqlite3.Error as error:
            if _code(error) in _BUSY:
                raise Busy(f"{path} is locked by another process.", "Try again.") from error
            return False
        except Damaged:
            return False

    def _connected(self, path: Path) -> sqlite3.Connection:
        # Never open the file beside SQLite: closing it would drop the locks of another
        # connection of this process (POSIX).
        if not _is_file(path):
            raise Damaged(f"{path} is not a plain file")
        return _connect(str(path))


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _create(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('made', ?), ('facts', 0)", (secrets.token_hex(8),))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _is_ours(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    made = connection.execute("SELECT count(*) FROM meta WHERE name IN ('made', 'facts')")
    return (
        version == VERSION and {sql for (sql,) in found} == set(SCHEMA) and made.fetchone() == (2,)
    )


def _is_whole(connection: sqlite3.Connection) -> bool:
    return connection.execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]


def _replace(path: Path, modes: Modes) -> None:
    """Put an empty index in the place of whatever is there.

    Who has the old one open keeps working on the old file until it looks
    (``Index.replaced``); SQLite itself sees that its file was moved and leaves the new
    one's log alone.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    os.close(open_file(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, modes))
    connection = _connect(str(fresh))
    try:
        # Kept in the file's header. Switching later would wait for everybody who has it open.
        connection.execute("PRAGMA journal_mode = WAL")
        _create(connection)
    finally:
        connection.close()
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        _remove(name)
    os.rename(fresh, path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # Kept aside, not emptied: nobody knows what a person has in there.
        path.rename(path.with_name(f"{path.name}.aside-{secrets.token_hex(4)}"))
        return
    path.unlink(missing_ok=True)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def _opening(path: Path, modes: Modes) -> Iterator[None]:
    """One process at a time opens or replaces an index."""
    fd = open_file(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, modes)
    with in_turn(fd):
        yield


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """SQLite's errors as ours: doubt means damaged, the rest is said in words."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in _BUSY:
            raise Busy("The index is locked by another process.", "Try again.") from error
        if code == sqlite3.SQLITE_FULL:
            raise StoreError(
                "The index was not written: the disk is full.",
                "Free some space and try again; results and judgements are in their own files.",
            ) from error
        raise Damaged(str(error)) from error


def storable(value: Any) -> str:
    """Text that SQLite takes: a lone surrogate, which UTF-8 has no bytes for, is spelled out."""
    text = value if isinstance(value, str) else repr(value)
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Busy(StoreError):
    """Another process is writing: look again."""


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF
