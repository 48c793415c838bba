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


class Piece:
    """One piece of work, as its thread and the screen know it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.going_on = True
        self.over = False
        """Nobody wants to hear of it."""
        self.cancelled = False


class Told(Message):
    """What is said of a piece. One whose piece was replaced while it was under way is
    ``stale``, and means nothing any more."""

    def __init__(self, piece: Piece) -> None:
        super().__init__()
        self._piece = piece

    @property
    def kind(self) -> str:
        """What the work was begun as."""
        return self._piece.kind

    @property
    def stale(self) -> bool:
        return self._piece.over


class Aside:
    """One piece of work at a time for a widget or screen, on a thread of its own; a newer
    piece takes the place of the one before. What comes of it is told as messages."""

    class Progressed(Told):
        def __init__(self, piece: Piece, stage: str, rows: int) -> None:
            super().__init__(piece)
            self.stage, self.rows = stage, rows

    class Done(Told):
        def __init__(self, piece: Piece, result: object) -> None:
            super().__init__(piece)
            self.result = result

    class Failed(Told):
        def __init__(self, piece: Piece, words: str) -> None:
            super().__init__(piece)
            self.words = words

    class Ended(Told):
        """It was cancelled before it was done."""

    def __init__(self, pump: MessagePump) -> None:
        self._pump = pump
        self._piece = Piece("")
        self._piece.going_on = False
        self._thread: threading.Thread | None = None

    @property
    def kind(self) -> str:
        """Of the work that goes on; empty when there is none."""
        return self._piece.kind if self._piece.going_on else ""

    def begin(self, kind: str, work: Callable[[Progress], object]) -> None:
        self.stop()
        self._piece = Piece(kind)
        # A daemon: leaving waits for no disk.
        self._thread = threading.Thread(target=self._run, args=(self._piece, work), daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it if it can still be ended: ``Ended`` follows, or ``Done`` all the same."""
        self._piece.cancelled = True

    def stop(self, wait: float = 0.0) -> None:
        """Nobody wants to hear of it any more. ``wait``: for so many seconds at most."""
        self._piece.over, self._piece.going_on = True, False
        if wait and self._thread is not None:
            self._thread.join(wait)

    def _run(self, piece: Piece, work: Callable[[Progress], object]) -> None:
        told = time.monotonic()

        def progress(stage: str, rows: int) -> None:
            nonlocal told
            if piece.over or piece.cancelled:
                raise Stopped
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                self._pump.post_message(self.Progressed(piece, stage, rows))

        message: Told
        try:
            message = self.Done(piece, work(progress))
        except Stopped:
            message = self.Ended(piece)
        except TuiEvalError as error:
            message = self.Failed(piece, clean(f"{error.message} {error.remedy}".strip()))
        except OSError as error:
            message = self.Failed(piece, clean(str(error)))
        except Exception as error:
            # A fault of ours is told and kept, and takes nothing else along.
            message = self.Failed(piece, record(error))
        # Before it is told: whoever hears of it may begin anew.
        piece.going_on = False
        if not piece.over:
            self._pump.post_message(message)
