"""A judge's hand and eye: presses keys at a pace and remembers what the screen acknowledged."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.pty_line import Line

SIDES: Mapping[str, str] = {"a": "left", "b": "right", "t": "tie", "x": "both_bad"}
ARM = 0.42
"""Seconds between presses of somebody quick: the guard lets nobody judge sooner."""
PAUSE = 0.8
"""Seconds without a press after which no key counts as held down."""
TOO_FAST = "too fast"
_SAVED = re.compile(r"saved #(\d+)")
_PLACE = re.compile(r"^ (?:A/B|review) (\d+)/", re.MULTILINE)


class Judge(Line):
    """``saved`` is the highest number that the screen has said was saved, ``place`` the
    number of the item that it shows."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.saved = self.place = 0
        self.presses = 0
        super().__init__(command, environ=environ, cwd=cwd)

    def seen(self, screen: str) -> None:
        found = _SAVED.search(screen)
        if found:
            self.saved = max(self.saved, int(found[1]))
        place = _PLACE.search(screen)
        if place:
            self.place = int(place[1])

    def sit_down(self, shown: str = "press a") -> None:
        """Up to the first that is to be judged."""
        if "begin" in self.wait("judge ", "? help"):
            self.press("\r")
        self.wait(shown)

    def vote(self, key: str, *, after: int, pace: float = ARM) -> None:
        """One more vote than ``after``, at a pace: pressed again, after a pause, only where
        the screen said that it was too fast."""
        while self.saved <= after:
            began = time.monotonic()
            self.press(key)
            self.presses += 1
            self.watch(pace, began)
            if self.saved <= after and TOO_FAST in self.look():
                self.watch(PAUSE)
            elif self.saved <= after:
                self.wait(f"saved #{after + 1} ")

    def watch(self, seconds: float, began: float | None = None) -> None:
        """Look on until ``seconds`` have passed."""
        end = (time.monotonic() if began is None else began) + seconds
        while (left := end - time.monotonic()) > 0 and not self.ended:
            self.look(left)
