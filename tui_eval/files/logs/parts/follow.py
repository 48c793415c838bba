"""Logs that are read on while a run writes them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

from tui_eval.core.records import LogPoint, TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.reader import Reader
from tui_eval.files.logs.parts.stamps import stamps_of
from tui_eval.files.logs.parts.tail import fault_of
from tui_eval.files.raw import is_file


class Follower:
    """Reads on from where it stopped; what is written halfway waits for its rest, and a
    file that is away or unreadable for its return."""

    def __init__(self, reader: Reader, judged_step: int | None = None) -> None:
        self._reader = reader
        self._judged = judged_step
        self._seen: tuple[object, int] | None = None
        self._before: TrainingLog | None = None
        """The last log that held anything."""
        self.another = False
        """What is read now is of another run than what was read first."""

    @property
    def path(self) -> Path:
        return self._reader.path

    @property
    def format(self) -> str:
        return self._reader.format

    @property
    def held(self) -> bool:
        """Whether it ever held anything."""
        return self._before is not None

    @property
    def trouble(self) -> str:
        """Why nothing can be read at present; empty where it can."""
        return self._reader.trouble

    def read_on(self) -> TrainingLog | None:
        """The whole log so far, or None where nothing came since the last time. A file
        that was cut or replaced is begun anew. Raises InputError only where it never was
        readable; later ``trouble`` says so."""
        try:
            came = self._reader.read_on()
        except InputError as error:
            if self._seen is None:
                raise
            self._reader.trouble = self._reader.trouble or f"unreadable ({error.message})"
            return None
        if not came and self._seen is not None:
            return None
        gathered = self._reader.gathered()
        seen = (gathered, gathered.taken)
        if self._seen is not None and self._seen[0] is gathered and self._seen == seen:
            return None
        self._seen = seen
        log = self._reader.log(self._judged)
        if any(log.series.values()):
            self.another = self.another or (self._before is not None and differ(self._before, log))
            self._before = log
        return log


def differ(before: TrainingLog, now: TrainingLog) -> bool:
    """Whether a log holds another run than it held before. One that goes on still begins
    with what it began with, though earlier parts may have come to it and a resumed run may
    repeat later steps otherwise; one that is shorter was cut, and is the same run only as
    far as its values are."""
    both = (key for key in ("loss", *before.series) if before.series.get(key))
    key = next((key for key in both if now.series.get(key)), None)
    if key is None:
        return bool(before.series)
    old, new = before.series[key], now.series[key]
    place = bisect_left(new, old[0].step, key=lambda point: point.step)
    if place == len(new) or not _alike(old[0], new[place]):
        return True
    if new[-1].step >= old[-1].step:
        return False
    known = {point.step: point for point in old}
    return any(point.step in known and not _alike(known[point.step], point) for point in new)


def _alike(one: LogPoint, other: LogPoint) -> bool:
    same = one.value == other.value or (one.value != one.value and other.value != other.value)
    return one.step == other.step and same


class Rereading(Reader):
    """A log that is replaced as a whole at every save, with those of the checkpoints."""

    def __init__(self, path: Path, name: str, read: Callable[[], TrainingLog]) -> None:
        super().__init__(path)
        self.format = name
        self._read = read
        self._stamps: tuple[object, ...] | None = None
        self._failed: tuple[object, ...] | None = None
        self._log: TrainingLog | None = None
        self._gathered = Gathered()

    def read_on(self) -> bool:
        stamps = stamps_of(self.path)
        if stamps == self._stamps:
            self.trouble = ""
            return False
        if stamps == self._failed:
            # Not half written: it stayed like that.
            self.trouble = self._fault
            return False
        try:
            self._log = self._read()
        except InputError as error:
            if self._log is None:
                raise
            self._failed, self._fault = stamps, self._fault_of(error)
            self.trouble = self._fault if not is_file(self.path) else ""
            return False
        self._stamps, self._failed, self.trouble = stamps, None, ""
        self._gathered = Gathered()
        return True

    _fault = ""

    def _fault_of(self, error: InputError) -> str:
        try:
            self.path.stat()
        except OSError as gone:
            return fault_of(gone)
        return f"unreadable ({error.message.removeprefix(str(self.path)).strip(' .')})"

    def end(self) -> None:
        pass

    def gathered(self) -> Gathered:
        return self._gathered

    def log(self, judged_step: int | None = None) -> TrainingLog:
        assert self._log is not None
        return self._log
