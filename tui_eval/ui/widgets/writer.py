"""The one thread on which a judging screen's session is touched.

What is recorded is written in the order in which it was asked for, and the screen hears of
it when it is on the disk. Nothing of a session is read on the thread that draws, so a slow
disk never holds up a key.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Work = Callable[[], Any]
CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a piece of work: its value, or what it raised."""

    what: str
    value: Any = None
    error: Exception | None = None


class Writer:
    """``tell`` gets a ``Done`` for each piece of work, on the writer's thread, in order."""

    def __init__(self, tell: Callable[[Done], object]) -> None:
        self._tell = tell
        self._queue: queue.SimpleQueue[tuple[str, Work] | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)
        self._thread.start()

    def put(self, what: str, work: Work) -> bool:
        """Queue ``work``; False once the writer is closed."""
        with self._guard:
            if self._closed:
                return False
            self._queue.put((what, work))
            return True

    def close(self, last: Work | None = None) -> None:
        """Do all that is queued, then ``last`` (whatever the session needs at its end), and
        stop. Returns when it is done; a second call does nothing."""
        with self._guard:
            if not self._closed:
                self._closed = True
                if last is not None:
                    self._queue.put((CLOSE, last))
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            what, work = entry
            try:
                done = Done(what, work())
            except Exception as error:
                # The screen raises what it has no words for.
                done = Done(what, error=error)
            self._tell(done)
