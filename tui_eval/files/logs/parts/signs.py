"""By what a training log of each format is known: its name and its first bytes.

Nothing here reads more of a file than its ends.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tui_eval.errors import InputError
from tui_eval.files.logs.parts.names import STEPS
from tui_eval.files.raw import why

_HEAD = 1 << 16
_TEXTS = (".log", ".txt", ".out", ".err", "")


def head(path: Path, size: int = _HEAD) -> bytes:
    """Raises InputError where the file can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error


def trainer_log(path: Path, start: bytes) -> bool:
    """One object a line with a step of its own; a Trainer's state has its rows inside."""
    if path.name == "trainer_log.jsonl":
        return True
    if path.suffix not in (".jsonl", ".json", ".ndjson"):
        return False
    line = start.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(row, dict) or "log_history" in row or not any(k in row for k in STEPS):
        return False
    return any("loss" in key or "reward" in key for key in row)


def trainer_state(path: Path, start: bytes) -> bool:
    return path.suffix == ".json" and not trainer_log(path, start)


def tensorboard(path: Path, start: bytes) -> bool:
    from tui_eval.files.logs.parts.crc import masked
    from tui_eval.files.logs.tensorboard import is_events

    if is_events(path):
        return True
    if len(start) < 12 or path.suffix not in ("", ".v2"):
        return False
    return bool(masked(start[:8]) == struct.unpack_from("<I", start, 8)[0])


def table(path: Path, start: bytes) -> bool:
    return path.suffix in (".csv", ".tsv")


def wandb(path: Path, start: bytes) -> bool:
    from tui_eval.files.logs.wandb_offline import HEAD

    return path.suffix == ".wandb" or start.startswith(HEAD)


def database(path: Path, start: bytes) -> bool:
    from tui_eval.files.logs.trackio import HEAD

    return start.startswith(HEAD)


def captured(path: Path, start: bytes) -> bool:
    """By content alone, at the file's start or, behind much else, at its end."""
    from tui_eval.files.logs.captured import is_log

    if path.suffix not in _TEXTS:
        return False
    return is_log(start) or (len(start) == _HEAD and is_log(_end(path)))


def _end(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _HEAD))
            return file.read(_HEAD)
    except OSError:
        return b""
