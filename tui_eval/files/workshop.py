"""A folder to work in, that is gone afterwards; what a killed run left is cleared by the next.

Whoever works holds a lock on the folder, which ends with the process however that ends.
Where another host wrote, or the file system has no locks, a day without a write decides.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

_NAME = re.compile(r"\.split-(?:([0-9a-f]{8})-)?[0-9a-f]{8}\Z")
ABANDONED = 86_400.0
"""Seconds without a write after which a folder that no lock can be asked of is nobody's."""


@contextmanager
def workshop(place: Path, names: Collection[str]) -> Iterator[Path]:
    """A new folder in ``place``, removed at the end if it is there still. ``names``: what may
    lie in such a folder; one that holds anything else is never cleared. Raises OSError."""
    place.mkdir(parents=True, exist_ok=True)
    clear(place, names)
    folder, lock = _opened(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def clear(place: Path, names: Collection[str]) -> None:
    """Remove what runs that were killed left in ``place``."""
    with suppress(OSError):
        for entry in list(os.scandir(place)):
            match = _NAME.match(entry.name)
            if match and entry.is_dir(follow_symlinks=False):
                _clear_one(Path(entry.path), match[1] == _host(), names)


def _clear_one(folder: Path, own: bool, names: Collection[str]) -> None:
    with suppress(OSError):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            locked = _lock(held)
            if locked is False or not {entry.name for entry in os.scandir(folder)} <= set(names):
                return
            if (own and locked) or time.time() - _written(folder) > ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)


def _opened(place: Path) -> tuple[Path, int]:
    while True:
        folder = place / f".split-{_host()}-{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            # Cleared by another run before it was locked.
            continue
        if _lock(lock) is not False and folder.is_dir():
            return folder, lock
        os.close(lock)


def _lock(descriptor: int) -> bool | None:
    """Whether it is ours now; None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _written(folder: Path) -> float:
    """When anything in it was last written, in seconds."""
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))


def _host() -> str:
    return f"{crc32(socket.gethostname().encode()):08x}"
