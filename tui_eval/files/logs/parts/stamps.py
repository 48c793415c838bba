"""When a log was last written: everything that reading it takes in, by size and time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tui_eval.files.logs.parts.reader import checkpoints, own_step, run_of
from tui_eval.files.raw import is_folder

MARK = ".tfevents."
STATE = "trainer_state.json"
_WAL = "-wal"
_ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".log", ".txt", ".out", ".wandb", ".db", _WAL)
FOLDERS = ("runs", "logs", "tensorboard", "tb_logs", "lightning_logs", "wandb")
"""Where loggers make folders of their own, one a run."""
MOST = 10_000
"""Files that are looked at; a folder of more is no run's."""

Stamp = tuple[str, int, int, int, int]


def stamps_of(source: Path) -> tuple[object, ...]:
    """Changes whenever a log, or any log of a folder, was written, came or went; also with
    the checkpoints that are told beside it. Empty where there is nothing."""
    source = source.absolute()
    folder = is_folder(source)
    files = _of_folder(source) if folder else _of_file(source)
    found = dict.fromkeys(stamp for stamp in _bounded(files))
    run = source if folder else run_of(source)
    return (*found, *(checkpoints(run) if run is not None else ()))


def _of_file(path: Path) -> Iterator[Stamp]:
    yield from filter(None, (_stamp(path), _stamp(path.with_name(path.name + _WAL))))
    if path.name == STATE:
        run = path.parent.parent if own_step(path) is not None else path.parent
        yield from _states(run)
    elif MARK in path.name:
        yield from _directly(path.parent, MARK)
        if path.parent.parent.name == "runs":
            # A resumed run goes on in a folder of its own.
            yield from _below(path.parent.parent, MARK)


def _of_folder(folder: Path) -> Iterator[Stamp]:
    # A folder without a log of its own is told by the one around it.
    for place in (folder, folder.parent):
        yield from _run(place)


def _run(folder: Path) -> Iterator[Stamp]:
    yield from _directly(folder)
    yield from _states(folder)
    for name in FOLDERS:
        yield from _directly(folder / name)
        yield from _below(folder / name)
    yield from _below(folder, ".wandb", named="run-")


def _states(run: Path) -> Iterator[Stamp]:
    for place in (run, *checkpoints(run).values()):
        stamp = _stamp(place / STATE)
        if stamp is not None:
            yield stamp


def _below(folder: Path, mark: str = "", named: str = "") -> Iterator[Stamp]:
    for place in _entries(folder):
        if named in place.name and is_folder(Path(place.path)):
            yield from _directly(Path(place.path), mark)


def _directly(folder: Path, mark: str = "") -> Iterator[Stamp]:
    for entry in _entries(folder):
        told = mark in entry.name if mark else MARK in entry.name or entry.name.endswith(_ENDINGS)
        if told:
            stamp = _stamp(Path(entry.path))
            if stamp is not None:
                yield stamp


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def _bounded(stamps: Iterator[Stamp]) -> Iterator[Stamp]:
    for count, stamp in enumerate(stamps):
        if count >= MOST:
            return
        yield stamp


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # The change time too: a copy may carry its old modification time along.
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
