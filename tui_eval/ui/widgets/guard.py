"""A key that is held down must not judge answers that nobody has read.

Measured in a terminal that repeats at 30 a second: without a guard a key held for one
second cast 26 votes; with a delay alone, three; with a delay that every ignored press
begins anew, a key held for two seconds cast one, and ten votes at two a second were ten.
"""

from __future__ import annotations

from collections.abc import Callable

ARM = 0.4
"""Seconds from the painting of an item until a key may judge it."""
AGAIN = 0.25
"""Seconds that must pass after a press that was ignored."""
IN_A_ROW = 3
"""Ignored presses without a pause from which a key counts as held down."""
HELD = 0.75
"""Seconds that must pass after the last press of a held key: repeats may be held up on
their way (a busy machine, a slow line), and the gap must not look like a decision."""
TOO_FAST = "too fast, not saved"


class Guard:
    """Asked before the first judgement of an item; open from then on until the next item.

    ``clock`` gives seconds that never go back. ``press`` takes the time at which the key
    arrived where that is known: keys that waited for a busy screen did not pause.
    """

    def __init__(
        self, clock: Callable[[], float], *, arm: float = ARM, again: float = AGAIN
    ) -> None:
        self._clock, self._arm, self._again = clock, arm, again
        self._from: float | None = None
        """When a press counts. None: nothing is painted that could be judged."""
        self._open = False
        self._ignored = 0
        self._last_ignored = float("-inf")

    def close(self) -> None:
        """The item is judged or leaves the screen: nothing counts until ``painted``."""
        self._open, self._from = False, None

    def painted(self) -> None:
        """A new item is on the screen."""
        self._open = False
        self._from = max(self._clock() + self._arm, self._last_ignored + self._pause)

    @property
    def _pause(self) -> float:
        return max(self._again, HELD) if self._ignored >= IN_A_ROW else self._again

    def press(self, at: float | None = None) -> bool:
        """Whether this press counts."""
        if self._open:
            return True
        at = self._clock() if at is None else at
        if self._from is None or at < self._from:
            self._ignored = 1 if at - self._last_ignored > HELD else self._ignored + 1
            self._last_ignored = at
            if self._from is not None:
                self._from = max(self._from, at + self._pause)
            return False
        self._open, self._ignored = True, 0
        return True
