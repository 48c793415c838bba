"""What every reader of a person's files asks first: is it text, is it really there."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from tui_eval.errors import InputError

LFS_REMEDY = "Fetch the real file with: git lfs pull"
_LFS_HEAD = b"version https://git-lfs.github.com/spec/"


def is_lfs_pointer(path: Path) -> bool:
    """Whether the file is the few lines that Git LFS leaves in place of the real one."""
    try:
        with path.open("rb") as file:
            return file.read(len(_LFS_HEAD)) == _LFS_HEAD
    except OSError:
        return False


def refuse_lfs_pointer(path: Path) -> None:
    if is_lfs_pointer(path):
        raise InputError(f"{path} is a Git LFS pointer, not the file itself.", LFS_REMEDY)


def why(error: OSError) -> str:
    return error.strerror or str(error)


def read_json(path: Path) -> Any:
    """A whole JSON file, with NaN and Infinity as training logs write them.

    Raises InputError with the reason: missing, a pointer, not UTF-8, damaged at a line.
    """
    refuse_lfs_pointer(path)
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        what = "is empty" if not error.doc.strip() else f"is damaged JSON: {error}"
        raise InputError(f"{path} {what}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not usable JSON: {error}.") from error


def read_json_or_empty(path: Path) -> dict[str, Any]:
    """A JSON object, or nothing where there is none: for files that only add detail."""
    try:
        content = read_json(path) if path.is_file() else {}
    except (InputError, OSError):
        return {}
    return content if isinstance(content, dict) else {}


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing where it can't be listed."""
    try:
        # By name: comparing whole paths takes longer than listing them.
        return sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        return []


def is_file(path: Path) -> bool:
    """``Path.is_file`` that takes any name, also one that no file could have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def no_file(path: Path) -> str:
    """What keeps a path that ``is_file`` refuses from being read, to stand after its name;
    empty where nothing is there at all."""
    try:
        path.stat()
    except ValueError:
        return ""
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "can't be followed: it is a link that leads back to itself"
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return "" if absent else f"can't be read: {why(error)}"
    return "is not a regular file"


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def relative(path: Path, base: Path) -> str:
    """The path from ``base`` where the two lie near each other, else the whole."""
    path, base = path.absolute(), base.absolute()
    near = os.path.relpath(path, base)
    shared = os.path.commonpath((path, base))
    apart = near.split(os.sep).count("..")
    return near if apart == 0 or (apart <= 2 and shared != os.sep) else str(path)


def stamp_of(path: Path) -> tuple[object, ...]:
    """Changes whenever the file, or a file directly in the folder, was written."""
    try:
        paths = sorted(path.iterdir()) if path.is_dir() else [path]
        # The change time too: a copy may carry its old modification time along.
        stats = [
            (p.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            for p, stat in ((path, path.stat()) for path in paths)
        ]
    except OSError:
        return ()
    return tuple(stats)
