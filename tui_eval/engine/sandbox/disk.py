"""How much lies under a folder that a hostile program filled, and taking it away.

By descriptors of folders, never by whole paths: a tree can be deeper than a path may be
long, and its folders can be closed to their owner. Links are never followed.
"""

from __future__ import annotations

import contextlib
import os
import stat

MOST_DEPTH = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def used(folder: str, most_files: int) -> tuple[int, int]:
    """Bytes on disk and number of entries; the count stops soon after ``most_files``, and
    a tree deeper than ``MOST_DEPTH`` counts as more than that."""
    total = count = 0
    waiting = [folder]
    while waiting and count <= most_files:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        total += status.st_blocks * 512
                        if stat.S_ISDIR(status.st_mode):
                            waiting.append(entry.path)
        except OSError:  # gone since, closed to us, or too deep to name
            continue
        if waiting and waiting[-1].count("/") - folder.count("/") > MOST_DEPTH:
            return total, most_files + 1
    return total, count


def held(pid: int) -> int:
    """Bytes of files that a process holds open and that have no name any more."""
    total = 0
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                status = os.stat(f"/proc/{pid}/fd/{name}")
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    total += status.st_blocks * 512
    return total


def remove(folder: str) -> None:
    """All of it, whatever its depth and modes, once nobody writes there any more."""
    try:
        top = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return
    try:
        while not _sweep(top):
            pass
    finally:
        os.close(top)
    os.rmdir(folder)


def _sweep(top: int) -> bool:
    """One walk down, which empties what it passes; whether ``top`` is empty after it.

    Folders found are moved up to ``top`` before they are entered, so that depth never
    grows: a chain of thousands is taken down two levels at a time.
    """
    folders = _files_away(top)
    for name in folders:
        inner = _enter(top, name)
        try:
            for below in _files_away(inner):
                fresh = f".{os.urandom(8).hex()}"
                # Moving a folder rewrites its "..", for which it must be open to us.
                os.close(_enter(inner, below))
                os.rename(below, fresh, src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
    return not folders


def _enter(parent: int, name: str) -> int:
    try:
        opened = os.open(name, _FOLDER, dir_fd=parent)
        if os.fstat(opened).st_mode & 0o700 == 0o700:
            return opened
        os.close(opened)
    except PermissionError:
        pass
    os.chmod(name, 0o700, dir_fd=parent)
    return os.open(name, _FOLDER, dir_fd=parent)


def _files_away(folder: int) -> list[str]:
    """Unlink everything but folders; their names."""
    folders = []
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            folders.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return folders
