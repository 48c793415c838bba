"""Longest runs of words that many texts share with each of the rows that stream past.

One suffix automaton of all the texts (Blumer et al. 1985), fed by one word at a time: a row
costs time in proportion to its words, whatever repeats in it or in the texts. A state stands
for the runs that end at the same places of the texts; it remembers the longest of them that
a row held, and the first row that did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Held:
    """A run of ``words`` words in a row, ending before its word number ``end``."""

    words: int
    end: int


@dataclass(frozen=True, slots=True)
class Place(Generic[Source]):
    """A run in a text, ending before its word number ``end``, and who held it first."""

    words: int
    end: int
    source: Source


class Runs(Generic[Source]):
    """``add`` texts, ``scan`` rows, tell their ``sources``; then ask for ``places``.

    Runs under ``least`` words are not remembered. A text may be added late, as long as no
    row before shares ``least`` words in a run with it: then every answer is exact.
    """

    def __init__(self, least: int) -> None:
        self.least = least
        self._next: list[dict[str, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        self._best = [0]
        self._source: dict[int, Source] = {}

    def __len__(self) -> int:
        return len(self._next)

    def add(self, words: Sequence[str]) -> None:
        last = 0
        for word in words:
            last = self._grow(last, word)

    def scan(self, words: Sequence[str]) -> dict[int, Held]:
        """The states that a row brought further than every row before, for ``remember``."""
        nexts, link, length, best, least = (
            self._next,
            self._link,
            self._length,
            self._best,
            self.least,
        )
        ends: dict[int, int] = {}
        state, run = 0, 0
        for end, word in enumerate(words, 1):
            to = nexts[state].get(word)
            while to is None and state:
                state = link[state]
                run = length[state]
                to = nexts[state].get(word)
            if to is None:
                continue
            state = to
            run += 1
            if run >= least and run > best[state]:
                fresh = not best[state]
                best[state] = run
                ends[state] = end
                if fresh:
                    self._climb(link[state], end, ends)
        return {state: Held(best[state], end) for state, end in ends.items()}

    def remember(self, state: int, source: Source) -> None:
        self._source[state] = source

    def known(self) -> list[int]:
        """For each state the nearest one up its suffix links that was held; 0: none.

        For ``places``; one list serves all texts until the next row."""
        known = [0] * len(self._next)
        for state in sorted(range(1, len(known)), key=self._length.__getitem__):
            known[state] = state if self._best[state] else known[self._link[state]]
        return known

    def places(self, words: Sequence[str], known: Sequence[int]) -> list[Place[Source]]:
        """The longest remembered run that ends at each word of a text that was added."""
        found = []
        state = 0
        for end, word in enumerate(words, 1):
            state = self._next[state][word]
            if holder := known[state]:
                found.append(Place(self._best[holder], end, self._source[holder]))
        return found

    def _climb(self, state: int, end: int, ends: dict[int, int]) -> None:
        """A run holds its own ends too: states up the suffix links are held in full.

        Above a state that was touched before, all are held already, so that every state is
        visited here once in all.
        """
        length, best = self._length, self._best
        while length[state] >= self.least and best[state] < length[state]:
            touched = best[state]
            best[state] = length[state]
            ends[state] = end
            if touched:
                return
            state = self._link[state]

    def _grow(self, last: int, word: str) -> int:
        nexts, length = self._next, self._length
        known = nexts[last].get(word)
        if known is not None:
            if length[known] == length[last] + 1:
                return known
            return self._clone(last, known, word)
        grown = self._state(length[last] + 1, {})
        while last >= 0 and word not in nexts[last]:
            nexts[last][word] = grown
            last = self._link[last]
        if last < 0:
            self._link[grown] = 0
            return grown
        to = nexts[last][word]
        exact = length[to] == length[last] + 1
        self._link[grown] = to if exact else self._clone(last, to, word)
        return grown

    def _clone(self, last: int, of: int, word: str) -> int:
        """Part of a state's runs, the shorter ones, now end at more places than the others."""
        clone = self._state(self._length[last] + 1, dict(self._next[of]))
        self._link[clone] = self._link[of]
        self._link[of] = clone
        while last >= 0 and self._next[last].get(word) == of:
            self._next[last][word] = clone
            last = self._link[last]
        return clone

    def _state(self, length: int, nexts: dict[str, int]) -> int:
        self._next.append(nexts)
        self._link.append(0)
        self._length.append(length)
        self._best.append(0)
        return len(self._next) - 1
