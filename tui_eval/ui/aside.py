"""Work that must not hold up the thread that draws: reading a large file for a screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.crash import record

EVERY = 1.0
"""Seconds between two words of progress: nothing moves more often."""

Progress = Callable[[str, int], None]
"""Told what is being done, and how many rows are through. Does not return once the work is
not wanted any more."""


class Stopped(Exception):
    """The work is not wanted any more."""


class Aside:
    """One piece of work at a time for a widget or screen, on a thread of its own; a newer
    piece takes the place of the one before. What comes of it is told as messages."""

    class Progressed(Message):
        def __init__(self, stage: str, rows: int) -> None:
            super().__init__()
            self.stage, self.rows = stage, rows

    class Done(Message):
        """``kind`` is what the work was begun as."""

        def __init__(self, kind: str, result: object) -> None:
            super().__init__()
            self.kind, self.result = kind, result

    class Failed(Message):
        def __init__(self, kind: str, words: str, error: Exception) -> None:
            super().__init__()
            self.kind, self.words, self.error = kind, words, error

    def __init__(self, pump: MessagePump) -> None:
        self._pump = pump
        self._wanted = threading.Event()
        self.kind = ""
        """Of the work that goes on; empty when there is none."""

    def begin(self, kind: str, work: Callable[[Progress], object]) -> None:
        self.stop()
        wanted = threading.Event()
        self._wanted, self.kind = wanted, kind
        # A daemon: leaving waits for no disk.
        threading.Thread(target=self._run, args=(kind, work, wanted), daemon=True).start()

    def stop(self) -> None:
        self._wanted.set()
        self.kind = ""

    def _run(self, kind: str, work: Callable[[Progress], object], over: threading.Event) -> None:
        told = time.monotonic()

        def progress(stage: str, rows: int) -> None:
            nonlocal told
            if over.is_set():
                raise Stopped
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                self._pump.post_message(self.Progressed(stage, rows))

        message: Message
        try:
            message = self.Done(kind, work(progress))
        except Stopped:
            return
        except TuiEvalError as error:
            message = self.Failed(kind, clean(f"{error.message} {error.remedy}".strip()), error)
        except OSError as error:
            message = self.Failed(kind, clean(str(error)), error)
        except Exception as error:
            # A fault of ours is told and kept, and takes nothing else along.
            message = self.Failed(kind, record(error), error)
        if not over.is_set():
            # Over before it is told: whoever hears of it may begin anew.
            if self._wanted is over:
                self.kind = ""
            self._pump.post_message(message)
