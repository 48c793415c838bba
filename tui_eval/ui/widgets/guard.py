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
TOO_FAST = "too fast, not saved"


class Guard:
    """Asked before the first judgement of an item; open from then on until the next item.

    ``clock`` gives seconds that never go back.
    """

    def __init__(
        self, clock: Callable[[], float], *, arm: float = ARM, again: float = AGAIN
    ) -> None:
        self._clock, self._arm, self._again = clock, arm, again
        self._from: float | None = None
        """When a press counts. None: nothing is painted that could be judged."""
        self._open = False

    def close(self) -> None:
        """The item is judged or leaves the screen: nothing counts until ``painted``."""
        self._open, self._from = False, None

    def painted(self) -> None:
        """A new item is on the screen."""
        now = self._clock()
        self._open = False
        self._from = max(now + self._arm, self._last_ignored + self._again)

    _last_ignored = float("-inf")

    def press(self) -> bool:
        """Whether this press counts."""
        if self._open:
            return True
        now = self._clock()
        if self._from is None or now < self._from:
            self._last_ignored = now
            if self._from is not None:
                self._from = max(self._from, now + self._again)
            return False
        self._open = True
        return True
