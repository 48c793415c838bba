"""Append-only line files: the truth of a workspace.

A line is a JSON object in ASCII whose last field ``sum`` is the checksum of the bytes
before it. Text is escaped, so that no content can end a line or reach a terminal raw.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tui_eval.errors import StoreError

Event = dict[str, Any]

SUM_DIGITS = 16
_SUM_LENGTH = len('"sum":""}') + SUM_DIGITS
BLOCK = 1 << 20
LINE_LIMIT = 1 << 28
"""Longest line that is read; what is longer is not one of ours."""
TAIL = 4096
"""Bytes before the place read up to that must still be the same when reading goes on."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:SUM_DIGITS]


def seal(event: Mapping[str, Any]) -> bytes:
    """The event's line, with its newline."""
    text = json.dumps(event, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    start = (text[:-1] + ("," if len(text) > 2 else "")).encode("ascii")
    return start + f'"sum":"{checksum(start)}"}}\n'.encode("ascii")


def unseal(line: bytes) -> Event:
    """The event of a line without its newline; ValueError says why it is none."""
    start, end = line[:-_SUM_LENGTH], line[-_SUM_LENGTH:]
    if not (end.startswith(b'"sum":"') and end.endswith(b'"}')):
        raise ValueError("it has no checksum")
    if end[7:-2].decode("ascii", "replace") != checksum(start):
        raise ValueError("its checksum does not match")
    event = _DECODER.decode(line.decode("utf-8", "surrogatepass"))
    if not isinstance(event, dict):
        raise ValueError("it is not an object")
    return event


def unseal_all(lines: Sequence[bytes]) -> list[Event] | None:
    """The events of many lines, each of them checked as by ``unseal``, in half the time. None
    where one of them may be none of ours: which, and why, ``unseal`` tells."""
    sums = []
    for line in lines:
        start, end = line[:-_SUM_LENGTH], line[-_SUM_LENGTH:]
        sum = checksum(start)
        if end != f'"sum":"{sum}"}}'.encode("ascii"):
            return None
        sums.append(sum)
    try:
        events = _DECODER.decode(f"[{b','.join(lines).decode('utf-8', 'surrogatepass')}]")
    except (ValueError, RecursionError):
        return None
    # Lines that are no objects by themselves could be some together: then a checksum stands
    # where that of another line belongs.
    if len(events) != len(sums) or not all(isinstance(one, dict) for one in events):
        return None
    return events if [one.get("sum") for one in events] == sums else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
"""``json.loads`` would make one for every line, a third of the time to read a long journal."""


@dataclass(frozen=True, slots=True)
class Modes:
    """Permissions of what a workspace makes: a person's own, or shared with the group
    where the workspace folder is writable for its group."""

    file: int = 0o600
    folder: int = 0o700

    @classmethod
    def of(cls, workspace: Path) -> Modes:
        try:
            shared = workspace.stat().st_mode & stat.S_IWGRP
        except OSError:
            shared = 0
        return cls(0o660, 0o2770) if shared else cls()

    def make_folder(self, path: Path) -> None:
        """Make ``path`` and its parents; those that are there stay as they are."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        # mkdir applies the umask and drops the group bit. Under its name the folder is there
        # only as it shall be: a colleague's window may be opening at this moment.
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        made.mkdir(mode=0o700)
        try:
            os.chmod(made, self.folder)
            # Takes the place of an empty one at most.
            made.rename(path)
        except OSError:
            made.rmdir()
            if not path.is_dir():
                raise
            return
        # Else a power cut could take the folder with everything that was synced in it.
        sync_folder(path.parent)


def open_file(path: Path, flags: int, modes: Modes = Modes()) -> int:
    """``os.open`` of a regular file that never follows a link and never waits for a pipe."""
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, modes.file)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        wrong = stat.S_IMODE(status.st_mode) != modes.file
        if flags & os.O_CREAT and wrong and status.st_uid == os.geteuid() and not status.st_size:
            os.fchmod(fd, modes.file)
    except BaseException:
        os.close(fd)
        raise
    return fd


def sync_folder(path: Path) -> None:
    """Make a new file's name as durable as its content."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network file systems know no fsync of a folder.
        if error.errno not in (errno.EINVAL, errno.EROFS, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


def sync_way(path: Path) -> None:
    """Make every name on the way to a file in ``path`` durable, up to its mount point.

    Whoever made a folder syncs it, but may have been killed before that, or not be there
    yet: what is acknowledged here must not hang on it.
    """
    for folder in (path, *path.parents):
        try:
            sync_folder(folder)
        except PermissionError:
            # Only a folder that we can't read: then none of it is of our making.
            return
        if os.path.ismount(folder):
            return


def take_lock(fd: int, path: Path) -> bool:
    """An exclusive flock for as long as ``fd`` is open; False if somebody else has it.

    A file system without locks gives True: what is written there is named by host and
    job, so that nobody else has a reason to write it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise StoreError(f"{path} can't be locked: {error.strerror}") from error
    return True


class Line(NamedTuple):
    """An event and where it lies."""

    event: Event
    offset: int
    length: int
    number: int


@dataclass(slots=True)
class Position:
    """How far a file was read: the start of the first line not taken."""

    offset: int = 0
    line: int = 0
    fault: str = ""
    """Why reading stopped at a bad line; empty at the end of the file."""
    torn: int = 0
    """Bytes of a last line without an end: still being written, or cut by a crash."""


def read_lines(path: Path, position: Position, limit: int | None = None) -> Iterator[Line]:
    """Events from ``position``, which moves on with them; stops before a bad line.

    ``limit`` is the size up to which to read, so that a file that grows meanwhile ends.
    """
    position.fault, position.torn = "", 0
    fd = open_file(path, os.O_RDONLY)
    try:
        yield from _lines(fd, position, limit if limit is not None else os.fstat(fd).st_size)
    finally:
        os.close(fd)


def _lines(fd: int, position: Position, limit: int) -> Iterator[Line]:
    kept, at = b"", position.offset
    while at < limit:
        block = os.pread(fd, min(BLOCK, limit - at), at)
        if not block:
            break
        at += len(block)
        *lines, kept = (kept + block).split(b"\n")
        together = unseal_all(lines)
        for number, line in enumerate(lines):
            try:
                event = together[number] if together is not None else unseal(line)
            except (ValueError, RecursionError) as error:
                position.fault = str(error) or type(error).__name__
                return
            offset, length = position.offset, len(line) + 1
            position.offset += length
            position.line += 1
            yield Line(event, offset, length, position.line)
        if len(kept) > LINE_LIMIT:
            position.fault = f"it is longer than {LINE_LIMIT >> 20} MiB"
            return
    position.torn = len(kept)


def read_at(path: Path, offset: int, length: int) -> Event:
    """One event whose place is known; StoreError where it isn't there any more."""
    try:
        fd = open_file(path, os.O_RDONLY)
        try:
            return unseal(os.pread(fd, length, offset).removesuffix(b"\n"))
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} is not what it was at byte {offset}: {error}",
            "It is read again from its start; copy it back where it was damaged.",
        ) from error


def tail_of(fd: int, offset: int) -> str:
    """The checksum of the last bytes before ``offset``."""
    start = max(0, offset - TAIL)
    return checksum(os.pread(fd, offset - start, start))


def bad_line(path: Path, position: Position) -> StoreError:
    return StoreError(
        f"{path}, line {position.line + 1} can't be used: {position.fault}",
        "What stands before it is used, nothing after it. Copy the file again from where it "
        "was written, or move it away.",
    )


@dataclass
class LineWriter:
    """The one writer of a file. ``append`` collects, ``commit`` writes and syncs.

    Use ``LineWriter.open``: it holds the lock, has cut a torn last line (told in
    ``notes``) and knows the last sequence number.
    """

    path: Path
    fd: int
    position: Position
    seq: int = 0
    last_sum: str = ""
    notes: list[str] = field(default_factory=list)
    pending: list[tuple[Event, bytes]] = field(default_factory=list)
    broken: str = ""
    _made: int = 0
    _prefix: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def open(cls, path: Path, modes: Modes, *, new: bool = False) -> LineWriter:
        """Open for appending, made where it isn't there; StoreError names a second writer."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (os.O_EXCL if new else 0)
        try:
            modes.make_folder(path.parent)
            fd = open_file(path, flags, modes)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            if not take_lock(fd, path):
                raise StoreError(f"{path} is being written by another process.", "Wait for it.")
            writer = cls(path, fd, Position())
            writer._continue()
            sync_way(path.parent)
        except OSError as error:
            os.close(fd)
            raise cannot_write(path, error) from error
        except BaseException:
            os.close(fd)
            raise
        return writer

    def _continue(self) -> None:
        """Find the end, cut what a crash left of a line there."""
        for line in read_lines(self.path, self.position):
            self.seq = int(line.event.get("seq", self.seq + 1))
            self.last_sum = str(line.event["sum"])
        if self.position.fault:
            raise bad_line(self.path, self.position)
        if self.position.torn:
            os.ftruncate(self.fd, self.position.offset)
        # Also what was read: a writer that was killed may have left it in memory alone, and
        # from here on it is shown as saved.
        os.fsync(self.fd)
        if self.position.torn:
            self.notes.append(
                f"{self.path.name}: {self.position.torn} bytes of an unfinished last line "
                "were cut off."
            )
            self.position.torn = 0

    def append(self, kind: str, fields: Mapping[str, Any], *, chained: bool = False) -> Event:
        """Collect an event; it is not on disk before ``commit`` returns. A field ``id``
        keeps the identity of an event that is written again."""
        self.seq += 1
        # Not the sequence number: one is used again after a failed write, an id never.
        self._made += 1
        head = {"id": f"{self._prefix}-{self._made}", "seq": self.seq, "at": now(), "kind": kind}
        given = {name: value for name, value in fields.items() if name not in ("seq", "kind")}
        event: Event = head | given
        if chained:
            event["prev"] = self.last_sum
        try:
            line = seal(event)
        except (TypeError, ValueError) as error:
            self.seq -= 1
            raise StoreError(f"A {kind} can't be written as JSON: {error}") from error
        event["sum"] = self.last_sum = line[-SUM_DIGITS - 3 : -3].decode("ascii")
        self.pending.append((event, line))
        return event

    def drop(self) -> None:
        """Forget what was collected and not committed."""
        taken, self.pending = self.pending, []
        self._renumber(len(taken))

    def commit(self) -> list[Line]:
        """Write what was collected and wait until it is on the disk."""
        if self.broken:
            self.pending = []
            raise StoreError(self.broken, "Close it and open it again.")
        if not self.pending:
            return []
        taken, self.pending = self.pending, []
        start = self.position.offset
        try:
            _write_all(self.fd, b"".join(line for _, line in taken))
            os.fsync(self.fd)
        except OSError as error:
            self._take_back(start, taken)
            raise cannot_write(self.path, error) from error
        return [self._placed(event, line) for event, line in taken]

    def _placed(self, event: Event, line: bytes) -> Line:
        offset = self.position.offset
        self.position.offset += len(line)
        self.position.line += 1
        return Line(event, offset, len(line), self.position.line)

    def _take_back(self, start: int, taken: list[tuple[Event, bytes]]) -> None:
        """After a failed write nothing of it may stay: not on disk, not in the numbering."""
        try:
            os.ftruncate(self.fd, start)
            os.fsync(self.fd)
            self._renumber(len(taken))
        except (OSError, ValueError) as error:
            # After a failed sync nobody knows what is on the disk: look again on opening.
            self.broken = f"{self.path} is in doubt after a failed write: {error}"

    def _renumber(self, dropped: int) -> None:
        """Go on from the last line that is on the disk."""
        self.seq -= dropped
        end = self.position.offset
        start = max(0, end - SUM_DIGITS - 3)
        self.last_sum = os.pread(self.fd, end - start, start)[:SUM_DIGITS].decode("ascii")

    def tail(self) -> str:
        return tail_of(self.fd, self.position.offset)

    def size_and_time(self) -> tuple[int, int]:
        status = os.fstat(self.fd)
        return status.st_size, status.st_mtime_ns

    def close(self) -> None:
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = -1


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def cannot_write(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"{path} was not written: the disk is full ({reason}).",
            "Free some space and try again; nothing that was saved is lost.",
        )
    if error.errno == errno.ELOOP:
        return StoreError(f"{path} is a link, which is not followed.", "Remove the link.")
    return StoreError(f"{path} was not written: {reason}.", "Look at the disk and try again.")
