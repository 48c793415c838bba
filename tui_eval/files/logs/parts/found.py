"""Where the stacks leave their logs, from a run's output folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from stat import S_ISREG

from tui_eval.errors import InputError
from tui_eval.files.logs.parts import signs
from tui_eval.files.logs.parts.reader import checkpoints
from tui_eval.files.raw import entries, is_file, is_folder

_STATE = "trainer_state.json"
_MOST_LOOKED_AT = 50
"""Files of one folder whose content is looked at; the newest are."""
_LOG_FOLDERS = ("runs", "logs", "tensorboard", "tb_logs", "lightning_logs")
_VERSION = re.compile(r"version_(\d{1,9})\Z")
_EXPORTED = (".csv", ".tsv")


def trainer_states(folder: Path) -> list[Path]:
    places = (folder, *reversed(checkpoints(folder).values()))
    return [place / _STATE for place in places if is_file(place / _STATE)]


def trainer_logs(folder: Path) -> list[Path]:
    path = folder / "trainer_log.jsonl"
    return [path] if is_file(path) else []


def events(folder: Path) -> list[Path]:
    """The newest event file of each folder that has any, the newest folder first."""
    from tui_eval.files.logs.tensorboard import is_events, written

    newest = []
    for place in _places(folder):
        files = [path for path in entries(place) if is_events(path) and is_file(path)]
        if files:
            newest.append(max(files, key=written))
    return sorted(newest, key=written, reverse=True)


def tables(folder: Path) -> list[Path]:
    """Lightning's by their version, then others by their header."""
    from tui_eval.files.logs.table import is_log

    named = [place / "metrics.csv" for place in _places(folder)]
    lightning = sorted(filter(is_file, named), key=_version, reverse=True)
    others = [path for path in entries(folder) if path.suffix in _EXPORTED]
    return lightning + [p for p in _telling(others, is_log) if p not in lightning]


def wandb_runs(folder: Path) -> list[Path]:
    """Run folders are named by their start."""
    places = [folder]
    for place in (folder, folder / "wandb"):
        places += [p for p in entries(place) if "run-" in p.name and is_folder(p)]
    real = {place.resolve(): place for place in places if not place.is_symlink()}
    runs = [p for place in real.values() for p in entries(place) if p.suffix == ".wandb"]
    return sorted(filter(is_file, runs), key=lambda path: path.parent.name, reverse=True)


def databases(folder: Path) -> list[Path]:
    from tui_eval.files.logs.trackio import HEAD, is_project

    files = [path for path in entries(folder) if path.suffix == ".db"]
    return [p for p in _telling(files, lambda head: head.startswith(HEAD)) if is_project(p)]


def captures(folder: Path) -> list[Path]:
    files = [path for path in entries(folder) if path.suffix in (".log", ".txt", ".out")]
    return [p for p in _newest(files) if signs.captured(p, _head(p))]


def _places(folder: Path) -> list[Path]:
    """The folder itself and where loggers make folders of their own."""
    places = [folder]
    for name in _LOG_FOLDERS:
        if is_folder(folder / name):
            places += [folder / name, *filter(is_folder, entries(folder / name))]
    return places


def _version(path: Path) -> int:
    match = _VERSION.match(path.parent.name)
    return int(match[1]) if match else -1


def _newest(files: Iterable[Path]) -> list[Path]:
    ages = {}
    for path in files:
        try:
            found = path.stat()
        except OSError:
            continue
        if S_ISREG(found.st_mode):
            ages[path] = found.st_mtime
    return sorted(ages, key=lambda path: -ages[path])[:_MOST_LOOKED_AT]


def _telling(files: Iterable[Path], is_log: Callable[[bytes], bool]) -> list[Path]:
    return [path for path in _newest(files) if is_log(_head(path))]


def _head(path: Path) -> bytes:
    try:
        return signs.head(path)
    except InputError:
        return b""
