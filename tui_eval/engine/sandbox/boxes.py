"""The folders that programs run in, each locked by who uses it: what is left by a run that was
killed as a whole is taken away by the next.

A lock, not a process's number in the name: numbers differ between containers that share a
folder for temporary files. The keeper inherits it and so holds it where the engine dies alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile

from tui_eval.engine.sandbox import disk

BOX = "tui-eval-box-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make() -> tuple[str, int]:
    """A new box, and the descriptor that holds it for as long as any process has it open."""
    while True:
        box = tempfile.mkdtemp(prefix=BOX)
        held = -1
        try:
            held = os.open(box, _FOLDER)
            with contextlib.suppress(OSError):  # a file system without locks is never swept
                fcntl.flock(held, fcntl.LOCK_EX)
            if _is(box, held):
                return box, held
        except FileNotFoundError:
            pass
        # Somebody swept it before it was locked.
        if held >= 0:
            os.close(held)


def sweep() -> None:
    """Take away this user's boxes that nobody holds any more."""
    folder = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(BOX):
                with contextlib.suppress(OSError):
                    _take(os.path.join(folder, name))


def _take(box: str) -> None:
    """Raises OSError where it is held, or not ours."""
    held = os.open(box, _FOLDER)
    try:
        if os.fstat(held).st_uid != os.geteuid():
            return
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is(box, held):
            disk.remove(box)
    finally:
        os.close(held)


def _is(box: str, held: int) -> bool:
    try:
        there = os.lstat(box)
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(there.st_mode) and os.path.samestat(there, os.fstat(held))
