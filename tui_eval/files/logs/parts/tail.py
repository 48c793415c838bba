"""A file that grows, read from where the last look ended, and cut into lines."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from tui_eval.errors import InputError
from tui_eval.files.raw import is_lfs_pointer, refuse_lfs_pointer, why

_CHUNK = 1 << 20
_ANCHOR = 64
"""Bytes kept of the start and of the place reached: a file that was written anew differs
in one of them."""
MOST_LINE = 1 << 20

State = Literal["same", "grown", "anew", "gone"]
GONE = "gone"


def fault_of(error: OSError) -> str:
    """What keeps a file from being read, to stand after its name and a colon."""
    absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
    return GONE if absent else f"unreadable ({why(error)})"


class Tail:
    """Hands out every byte once. After ``look`` said ``anew`` it starts from the front."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.fault = ""
        """Why the last look found nothing to read; empty where it found the file."""
        self._head = b""
        self._before = b""
        self._stamp: tuple[int, ...] | None = None

    def look(self) -> State:
        """How the file stands to what was read; ``gone`` while it is away or unreadable. A
        copy of the same log that is longer, as a mirror leaves it, is the log grown."""
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                # A pipe would hold up whoever opens it.
                self.fault = "unreadable (not a regular file)"
                return "gone"
            # The change time too: rights that are taken away leave the others as they are.
            stamp = (
                found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
            )  # fmt: skip
            if self._stamp is None:
                self._stamp = stamp
                return "grown"
            if stamp == self._stamp and not self.fault:
                return "same"
            with self.path.open("rb") as file:
                kept = self._continues(file, found.st_size)
        except OSError as error:
            self.fault = fault_of(error)
            return "gone"
        self._stamp, self.fault = stamp, ""
        if kept:
            return "grown" if found.st_size > self.offset else "same"
        self.offset, self._head, self._before = 0, b"", b""
        return "anew"

    def _continues(self, file: BinaryIO, size: int) -> bool:
        if size < self.offset:
            return False
        head = file.read(len(self._head))
        file.seek(self.offset - len(self._before))
        return head == self._head and file.read(len(self._before)) == self._before

    def chunks(self) -> Iterator[bytes]:
        """What is new. Raises InputError where the file can't be read."""
        if not self.offset and is_lfs_pointer(self.path):
            self.fault = "unreadable (a Git LFS pointer)"
            refuse_lfs_pointer(self.path)
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                while chunk := file.read(_CHUNK):
                    if len(self._head) < _ANCHOR:
                        self._head += chunk[: _ANCHOR - len(self._head)]
                    self._before = (self._before + chunk)[-_ANCHOR:]
                    self.offset += len(chunk)
                    yield chunk
        except OSError as error:
            # What is left is read when the next look finds the file readable.
            self.fault = fault_of(error)
            raise InputError(f"{self.path} can't be read: {why(error)}.") from error


class Lines:
    """Cuts chunks into lines; one that grows past the limit is dropped as it comes."""

    def __init__(self, most: int = MOST_LINE, *, returns: bool = False) -> None:
        self.too_long = 0
        self._most = most
        self._returns = returns
        """A carriage return alone ends a line too, as progress bars use it."""
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Whole lines without their ends."""
        if self._returns:
            chunk = chunk.replace(b"\r", b"\n")
        first, *more = chunk.split(b"\n")
        self._keep(first)
        for part in more:
            if self._size <= self._most:
                yield b"".join(self._parts)
            else:
                self.too_long += 1
            self._parts, self._size = [], 0
            self._keep(part)

    def rest(self) -> bytes:
        """What stands after the last line's end, perhaps still being written."""
        return b"".join(self._parts) if self._size <= self._most else b""

    def take_rest(self) -> bytes:
        rest = self.rest()
        self._parts, self._size = [], 0
        return rest

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most:
            self._parts = []
        elif part:
            self._parts.append(part)
