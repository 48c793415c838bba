"""The part of the looker that follows a growing log and draws others beside it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.lookups import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui_eval.ui.reader import Reader
    from tui_eval.ui.scene import Scene

STEADY = 1.0
"""Seconds between two changes of what is shown: nothing moves more often."""
PATIENCE = 0.5
"""Seconds after which it is said that a log is still being read."""
FOLLOWED = "curves"
"""The step that is made anew while its log grows."""


class Follows:
    """What screens ask returns at once; the rest runs on the looker's thread."""

    _tasks: queue.SimpleQueue[Task | None]
    _make_reader: Callable[[], Reader]
    _reader: Reader | None
    _scene: Scene
    _say: Callable[[str, str], object]
    _due: dict[str, float]

    def _read_step(self, step: str) -> None:
        raise NotImplementedError

    def follow(self) -> None:
        """Read on in the judged log while it grows, or no longer."""

        def turn() -> None:
            if self._scene.following:
                self._unfollow()
                return
            self._reader = self._reader or self._make_reader()
            with self._patience("reading the log …"):
                name = self._reader.follow(self._scene.candidate)
                self._scene = replace(self._scene, following=name, followed=self._reader.followed)
                self._read_step(FOLLOWED)

        self._tasks.put(turn)

    def overlay(self) -> None:
        """Draw the next other log beside the judged one; after the last none."""

        def turn() -> None:
            self._reader = self._reader or self._make_reader()
            before = self._scene.beside
            after = before.key if before is not None else ""
            with self._patience("reading the other log …"):
                found, troubles = self._reader.beside(self._scene.candidate, after)
            self._scene = replace(self._scene, beside=found)
            if troubles:
                self._say(" ".join(troubles), "bad")
            elif before is None and found is None:
                self._say("no other run or log to draw beside this one", "dim")

        self._tasks.put(turn)

    @contextmanager
    def _patience(self, words: str) -> Iterator[None]:
        """Say ``words`` if what was asked for isn't there within the blink of an eye."""
        timer = threading.Timer(PATIENCE, self._say, (words, "dim"))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _follow_pause(self) -> float:
        """Like ``_pause``, by how long the last reading on took."""
        return max(STEADY, 4 * self._following_took)

    _following_took = 0.0

    def _read_on(self) -> None:
        begun = time.monotonic()
        assert self._reader is not None
        try:
            if self._reader.read_on():
                self._read_step(FOLLOWED)
            if self._scene.beside is not None:
                beside = self._reader.beside_now() or self._scene.beside
                self._scene = replace(self._scene, beside=beside)
            said = self._reader.followed
        except (TuiEvalError, OSError) as error:
            # It may pass: said, and tried again.
            said = clean(error.message if isinstance(error, TuiEvalError) else str(error))
        self._scene = replace(self._scene, followed=said)
        self._following_took = time.monotonic() - begun
        self._due["follow"] = time.monotonic() + self._follow_pause()

    def _unfollow(self) -> None:
        if self._scene.following and self._reader is not None:
            self._reader.unfollow()
            self._scene = replace(self._scene, following="", followed="")
