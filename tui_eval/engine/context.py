"""What a verb is handed: the store, the settings, and a way to say how far it is."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tui_eval.config import Config
from tui_eval.core.records import Job
from tui_eval.core.text import clean
from tui_eval.errors import StoreError
from tui_eval.store.files import now
from tui_eval.store.index import Busy
from tui_eval.store.workspace import Workspace

COMMITS_A_SECOND = 4
SPEED_SECONDS = 15.0
"""The stretch that speed is measured over: long enough to be steady, short enough to follow
a change."""


class Pace:
    """Units a second over the last while, and what is left at that speed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()

    def note(self, done: float) -> None:
        at = self._clock()
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()
        self._marks.append((at, done))
        while len(self._marks) > 2 and self._marks[1][0] < at - SPEED_SECONDS:
            self._marks.popleft()

    @property
    def speed(self) -> float | None:
        if len(self._marks) < 2:
            return None
        (first, begun), (last, ended) = self._marks[0], self._marks[-1]
        return (ended - begun) / (last - first) if last > first and ended > begun else None

    def left(self, total: float) -> float | None:
        """Seconds for what is left; None until a speed is known."""
        speed = self.speed
        return max(0.0, total - self._marks[-1][1]) / speed if speed and total else None


@dataclass
class JobContext:
    """``warm`` keeps models between jobs. ``stopping`` says that the engine has to leave."""

    workspace: Workspace
    config: Config
    job: Job
    warm: dict[str, Any]
    stopping: Callable[[], bool] = lambda: False
    heard: bool = False
    """Whether the verb was told to stop."""
    _pace: Pace = field(default_factory=Pace)
    _latest: dict[str, Any] = field(default_factory=dict)
    _written: dict[str, Any] = field(default_factory=dict)
    _due: float = 0.0
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def progress(self, done: float, total: float, unit: str = "samples", message: str = "") -> None:
        """How far the job is; written a few times a second, however often it is called."""
        self._pace.note(done)
        self._latest = {
            "done": done,
            "total": total,
            "unit": unit,
            "message": message,
            "speed": self._pace.speed,
            "eta": self._pace.left(total),
        }
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Write what was said last, if it was not yet; the heart sees to it too."""
        with self._flushing:
            self._flush()

    def _flush(self) -> None:
        self._due = time.monotonic() + 1 / COMMITS_A_SECOND
        latest = self._latest
        if latest == self._written:
            return
        try:
            self.workspace.progress(self.job.id, **latest)
            self._written = latest
        except Busy:
            # Only a progress line: the next one says it.
            return
        except StoreError as error:
            self.log(f"progress was not written: {error}")

    def cancelled(self) -> bool:
        """Ask between batches: True means finish what must be finished, then return."""
        if self.stopping() or self._asked():
            self.heard = True
        return self.heard

    def _asked(self) -> bool:
        try:
            return self.workspace.cancelled(self.job.id) > 0
        except Busy:
            return False

    def log(self, text: str) -> None:
        log(text)


def log(text: str) -> None:
    """A line of the engine's log, which is its standard error."""
    import sys

    print(f"{now()} {clean(text, newlines=True)}", file=sys.stderr, flush=True)
