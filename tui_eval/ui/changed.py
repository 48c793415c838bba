"""Whether a person's files were written since they were read; the looker asks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui_eval.files.watched import Stamps

EVERY, SHARE = 4.0, 20.0
"""Seconds between looks; but a look takes at most one in so many of them, for a folder of
many files on a network's disk must not keep the looker from its work."""

Written = Literal["", "data", "config"]


class Changed:
    def __init__(self) -> None:
        self.pause = EVERY
        """Seconds until the next look."""
        self._read: Stamps | None = None

    def reading(self, stamps: Callable[[], Stamps]) -> None:
        """Called before files are read: what is written from now on is a change."""
        self._read = self._timed(stamps)

    def look(self, stamps: Callable[[], Stamps]) -> Written:
        """What was written since the last look or reading."""
        before, self._read = self._read, self._timed(stamps)
        if before is None or before == self._read:
            return ""
        return "data" if before[0] == self._read[0] else "config"

    def _timed(self, stamps: Callable[[], Stamps]) -> Stamps:
        begun = time.monotonic()
        found = stamps()
        self.pause = max(EVERY, SHARE * (time.monotonic() - begun))
        return found
