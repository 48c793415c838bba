"""One log that is read once, or again and again while it grows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.tail import Tail
from tui_eval.files.raw import entries, is_folder

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,12})\Z")


class Parser(Protocol):
    """Takes a log's bytes in pieces of any size and gathers what they say."""

    gathered: Gathered

    def feed(self, chunk: bytes) -> None: ...

    def end(self) -> None:
        """Nothing more will come: take a last record that has no end of its own."""
        ...


class Reader(ABC):
    """What was read of one log so far."""

    format: str

    trouble: str = ""
    """Why the last look could not read, to stand after the log's name and a colon; empty
    where it could. What was read before is kept, and the next look tries again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def read_on(self) -> bool:
        """Takes in what is new; whether there was anything. Raises InputError."""

    @abstractmethod
    def end(self) -> None:
        """The file is as long as it will be."""

    @abstractmethod
    def gathered(self) -> Gathered: ...

    def log(self, judged_step: int | None = None) -> TrainingLog:
        gathered = self.gathered()
        series, renamed = gathered.named()
        saved = {} if (run := run_of(self.path)) is None else checkpoints(run)
        last = gathered.last_step
        judged = own_step(self.path) if judged_step is None else judged_step
        # Rows or epochs that were counted can't be held against a checkpoint's step.
        counts = "axis" in gathered.notes
        return TrainingLog(
            source=str(self.path),
            format=self.format,
            series=series,
            judged_step=None if counts else judged,
            global_step=None if last is None or counts else int(last),
            max_steps=None if counts else gathered.max_steps(),
            epochs=None if counts else gathered.epochs(),
            logging_steps=gathered.plan.logging_steps,
            batch_size=gathered.plan.batch_size,
            checkpoints={step: place.name for step, place in saved.items()},
            notes=(*gathered.said(), *renamed),
        )


class FileReader(Reader):
    """A log in one file that is only ever appended to."""

    def __init__(self, path: Path, name: str, parser: Callable[[], Parser]) -> None:
        super().__init__(path)
        self.format = name
        self._new = parser
        self._parser = parser()
        self._tail = Tail(path)

    def read_on(self) -> bool:
        state = self._tail.look()
        self.trouble = self._tail.fault
        if state in ("same", "gone"):
            return False
        if state == "anew":
            self._parser = self._new()
        try:
            for chunk in self._tail.chunks():
                self._parser.feed(chunk)
        finally:
            self.trouble = self._tail.fault
        return True

    def end(self) -> None:
        self._parser.end()

    def gathered(self) -> Gathered:
        return self._parser.gathered


def whole(reader: Reader, judged_step: int | None) -> TrainingLog:
    """A log as it lies there; one that was only begun has no series. Raises InputError
    where nothing in the file is of its format."""
    reader.read_on()
    reader.end()
    log = reader.log(judged_step)
    gathered = reader.gathered()
    if not log.series and (gathered.damaged or gathered.odd_rows or not _size(reader.path)):
        because = f": {'; '.join(log.notes)}" if log.notes else "; it is empty"
        raise InputError(f"{reader.path} holds no metrics{because}.", "Name another log.")
    return log


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def checkpoints(folder: Path) -> dict[int, Path]:
    """The ``checkpoint-N`` folders of a run, by step."""
    found = {}
    for path in entries(folder):
        match = _CHECKPOINT.match(path.name)
        if match and is_folder(path):
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def own_step(path: Path) -> int | None:
    """The step of the checkpoint that a log lies in."""
    match = _CHECKPOINT.match(path.absolute().parent.name)
    return int(match[1]) if match else None


_LOGGERS = frozenset({"runs", "logs", "lightning_logs", "wandb", "tensorboard"})
"""Folders that loggers make in a run's own; people name the folder of all runs so too."""
_OF_OUTPUT = frozenset({"trainer_state.json", "trainer_log.jsonl"})
"""Files that trainers write into the output folder itself, and into checkpoints."""


def run_of(path: Path) -> Path | None:
    """The output folder that a log belongs to, where its place tells: ``runs/NAME`` where
    that is a run, and the folder that holds ``runs`` where a logger made that."""
    folder = path.absolute().parent
    if own_step(path) is not None:
        return folder.parent
    if path.name in _OF_OUTPUT:
        return folder
    around = (folder, *folder.parents[:2])
    if not any(above.name in _LOGGERS for above in around):
        return folder
    for above in around:
        if _is_run(above):
            return above
        if above.name in _LOGGERS:
            return above.parent
    return folder


def _is_run(folder: Path) -> bool:
    return any(
        path.name == "trainer_state.json" or (_CHECKPOINT.match(path.name) and is_folder(path))
        for path in entries(folder)
    )
