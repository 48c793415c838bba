"""Logs that are read on while a run writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.reader import Reader, checkpoints, own_step


class Follower:
    """Reads on from where it stopped; what is written halfway waits for its rest."""

    def __init__(self, reader: Reader, judged_step: int | None = None) -> None:
        self._reader = reader
        self._judged = judged_step
        self._seen: tuple[object, int] | None = None

    @property
    def path(self) -> Path:
        return self._reader.path

    @property
    def format(self) -> str:
        return self._reader.format

    def read_on(self) -> TrainingLog | None:
        """The whole log so far, or None where nothing came since the last time. A file
        that was cut or replaced is begun anew. Raises InputError where it is unreadable."""
        if not self._reader.read_on() and self._seen is not None:
            return None
        gathered = self._reader.gathered()
        seen = (gathered, gathered.taken)
        if self._seen is not None and self._seen[0] is gathered and self._seen == seen:
            return None
        self._seen = seen
        return self._reader.log(self._judged)


class Rereading(Reader):
    """A log that is replaced as a whole at every save, with those of the checkpoints."""

    def __init__(self, path: Path, name: str, read: Callable[[], TrainingLog]) -> None:
        super().__init__(path)
        self.format = name
        self._read = read
        self._stamps: tuple[object, ...] = ()
        self._log: TrainingLog | None = None
        self._gathered = Gathered()

    def read_on(self) -> bool:
        stamps = self._now()
        if stamps == self._stamps:
            return False
        try:
            self._log = self._read()
        except InputError:
            if self._log is None:
                raise
            return False  # Half written, or gone while it is replaced.
        self._stamps = stamps
        self._gathered = Gathered()
        return True

    def end(self) -> None:
        pass

    def gathered(self) -> Gathered:
        return self._gathered

    def log(self, judged_step: int | None = None) -> TrainingLog:
        assert self._log is not None
        return self._log

    def _now(self) -> tuple[object, ...]:
        here = self.path.parent
        run = here.parent if own_step(self.path) is not None else here
        files = (self.path, *(c / self.path.name for c in (run, *checkpoints(run).values())))
        return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns
