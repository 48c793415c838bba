"""Near duplicates across a split: prompts that training holds in almost the same words.

A word of a validation prompt is covered where a run of eight words around it stands in one
training prompt. At half of the words and more the prompt counts as leaked, the setting that
sets of instruction data are cleaned by. A run that many validation prompts share is a
template's ("Answer the question in one sentence"): it covers nothing and its words don't
count. A prompt of fewer than eight words of its own is compared as a whole, word by word.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tui_eval.core.overlap_words import folded_words

RUN = 8
COVERED = 0.5
TEMPLATE_ROWS, TEMPLATE_SHARE, TEMPLATE_MOST = 5, 0.05, 50
"""A run in more validation prompts than the first two, or than the last, is a template's."""
REPEATS = 32
"""Places of one run within one prompt that are looked at: a prompt may be one word, a million
times."""


@dataclass(frozen=True, slots=True)
class NearRow:
    """A validation row and the training row that holds most of its prompt."""

    validation: int
    training: int
    covered: float
    """Share of the prompt's own words; 1 where the two are equal word by word."""


class NearScan:
    """``feed`` every training prompt once, then ask for ``found``. Memory is that of the
    validation prompts, about 150 bytes for each of their words."""

    def __init__(self, prompts: Mapping[int, str]) -> None:
        self._rows: list[int] = []
        self._begins: list[int] = []
        """Where each prompt's words begin among the words of all."""
        self._own = bytearray()
        """Of each word, whether it is the prompt's own, and not a template's."""
        self._size: list[int] = []
        """Own words of each prompt."""
        self._equal: dict[int, list[int]] = {}
        self._runs: dict[int, int] = {}
        """Where each run of eight words begins first."""
        self._again: dict[int, list[int]] = {}
        """Where it begins again: kept apart, since hardly any does."""
        self._best: dict[int, NearRow] = {}
        for row, prompt in prompts.items():
            self._add(row, prompt)
        self._leave_templates_out()

    def feed(self, row: int, prompt: str) -> None:
        """One training prompt; ``row`` names it in what is found."""
        words = folded_words(prompt)
        for held in self._equal.get(hash(tuple(words)), ()) if words else ():
            self._keep(held, row, 1.0)
        runs = _runs(words)
        if self._runs.keys().isdisjoint(runs):
            return
        covered: dict[int, set[int]] = {}
        for run in set(runs):
            for begin in self._places(run):
                held = bisect_right(self._begins, begin) - 1
                covered.setdefault(held, set()).update(range(begin, begin + RUN))
        for held, places in covered.items():
            if self._size[held] >= RUN:
                own = sum(self._own[place] for place in places)
                self._keep(held, row, own / self._size[held])

    def found(self) -> list[NearRow]:
        """Validation prompts covered by half and more, most covered first; of equally good
        training rows the first that was fed."""
        near = [best for best in self._best.values() if best.covered >= COVERED]
        return sorted(near, key=lambda best: (-best.covered, best.validation))

    def _add(self, row: int, prompt: str) -> None:
        words = folded_words(prompt)
        if not words:
            return
        self._equal.setdefault(hash(tuple(words)), []).append(len(self._rows))
        begin = len(self._own)
        seen: Counter[int] = Counter()
        for at, run in enumerate(_runs(words)):
            seen[run] += 1
            if seen[run] > REPEATS:
                continue
            if self._runs.setdefault(run, begin + at) != begin + at:
                self._again.setdefault(run, []).append(begin + at)
        self._rows.append(row)
        self._begins.append(begin)
        self._own += b"\1" * len(words)

    def _leave_templates_out(self) -> None:
        share = min(TEMPLATE_MOST, int(TEMPLATE_SHARE * len(self._rows)))
        often = max(TEMPLATE_ROWS, share)
        for run in list(self._again):
            begins = self._places(run)
            if len({bisect_right(self._begins, begin) for begin in begins}) > often:
                for begin in begins:
                    self._own[begin : begin + RUN] = bytes(RUN)
                del self._runs[run], self._again[run]
        edges = pairwise((*self._begins, len(self._own)))
        self._size = [sum(self._own[begin:end]) for begin, end in edges]

    def _places(self, run: int) -> tuple[int, ...]:
        first = self._runs.get(run)
        return () if first is None else (first, *self._again.get(run, ()))

    def _keep(self, held: int, row: int, covered: float) -> None:
        best = self._best.get(held)
        if best is None or covered > best.covered:
            self._best[held] = NearRow(self._rows[held], row, covered)


def _runs(words: list[str]) -> list[int]:
    return list(map(hash, zip(*[words[first:] for first in range(RUN)], strict=False)))
