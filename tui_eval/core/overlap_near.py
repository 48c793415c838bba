"""How near each validation prompt is to the training prompts, and thirds by nearness.

Cosine of word-unigram TF-IDF, as common vectorisers have it: term frequency times
1 + ln((1 + n)/(1 + df)), length 1. On planted paraphrases unigrams found every source; word
pairs and character n-grams cost 4 and 14 times as much and found no more.

Document frequencies come before the first cosine, so the training prompts pass twice:
``learn`` all, then ``feed`` all. One pass would weigh early rows by other frequencies than
late ones. Past 100,000 rows every k-th is learned, which moves ln(df/n) of a word in 1 of 100
rows by a few hundredths and keeps memory flat.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum, log, sqrt

from tui_eval.core.overlap_words import folded_words

Row = str | int

LEARNED = 100_000
"""Rows whose words are counted, at most."""
VOCABULARY = 500_000
"""Words whose frequency is kept (about 90 MB), besides those of the validation prompts;
later new ones count as never seen."""
LEAKED = 0.95
"""As near as this is the same prompt in other words."""

_OFTEN, _SOMETIMES, _FEW = 0.5, 0.1, 4
_GRID = 32
_FRESH = 2_000
_SLACK = 1e-9
"""Far above what rounding moves a cosine by: a bound never hides an equal one."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest training prompt, the first of equally near ones. No row: none shares a
    word, similarity 0."""

    similarity: float
    row: Row | None

    @property
    def leaked(self) -> bool:
        return self.similarity >= LEAKED


@dataclass(frozen=True, slots=True)
class Thirds:
    """Names by similarity; near and far are of one size, the middle takes what is over."""

    far: tuple[str, ...]
    middle: tuple[str, ...]
    near: tuple[str, ...]
    leaked: tuple[str, ...]
    """In a bin of their own: they would make any model look as if it remembered."""


def thirds(nearest: Mapping[str, Nearest], *, enough: int = 30) -> Thirds | None:
    """Prompts that didn't leak, in thirds by similarity; equal ones stay in their given
    order. None: fewer than ``enough`` are left."""
    leaked = tuple(name for name, found in nearest.items() if found.leaked)
    left = [name for name, found in nearest.items() if not found.leaked]
    if len(left) < max(enough, 3):
        return None
    left.sort(key=lambda name: nearest[name].similarity)
    third = len(left) // 3
    return Thirds(tuple(left[:third]), tuple(left[third:-third]), tuple(left[-third:]), leaked)


@dataclass(slots=True)
class _Prompt:
    """Validation prompts of the same words, and the nearest training prompt so far."""

    counts: Counter[str]
    names: list[str]
    weights: dict[str, float] = field(default_factory=dict)
    """Of length 1; times the word's inverse frequency, for the row's side of the product."""
    often: float = 0.0
    sometimes: float = 0.0
    """Lengths of the parts made of words that often, or sometimes, stand in such prompts."""
    best: float = 0.0
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    needed: array[float]
    """For each prompt the cosine that its rarer words must bring for a new best."""
    alone: list[int]
    """Prompts that common words alone may bring to a new best."""


class NearIndex:
    """``learn`` every training prompt, then ``feed`` each again, then ask for ``results``.

    ``rows``: how many will be learned, where known; beyond ``LEARNED`` of them every k-th
    is. Results are exact for those frequencies: a pair is passed over only where a bound on
    its cosine is below the prompt's best so far. The bound: words of few validation prompts
    are added up; for words of many (a template's, "the") the cosine's part is at most the
    product of the two sides' lengths in these words.
    """

    def __init__(
        self, prompts: Mapping[str, str], *, rows: int | None = None, code: bool = False
    ) -> None:
        self._code = code
        self._names = tuple(prompts)
        self._prompts = _grouped(prompts, code)
        self._every = max(1, -(-(rows or 0) // LEARNED))
        # The validation prompts' own words are counted however many others there are.
        self._frequency = Counter({word: 0 for prompt in self._prompts for word in prompt.counts})
        self._learned = self._counted = 0
        self._inverse: dict[str, float] = {}
        self._unseen = 1.0
        self._postings: dict[str, list[tuple[int, float]]] = {}
        self._often: set[str] = set()
        self._sometimes: set[str] = set()
        self._cells: dict[tuple[int, int], _Cell] = {}
        self._weighed = False
        self._fresh_until = 16
        self.rows = 0
        """Training prompts that were fed."""

    def learn(self, text: str) -> None:
        """First pass: how common each word is."""
        if self._weighed:
            raise RuntimeError("every prompt is learned before the first is fed")
        self._learned += 1
        if (self._learned - 1) % self._every:
            return
        self._counted += 1
        found = set(folded_words(text, code=self._code))
        if len(self._frequency) + len(found) > VOCABULARY:
            found.intersection_update(self._frequency)
        self._frequency.update(found)

    def feed(self, row: Row, text: str) -> None:
        """Second pass: one training prompt; ``row`` names it in the results."""
        if not self._weighed:
            self._weigh()
        self.rows += 1
        counts = Counter(folded_words(text, code=self._code))
        if counts:
            self._compare(row, counts)

    def results(self) -> dict[str, Nearest]:
        """Each validation prompt's nearest row so far, in the order the prompts were given."""
        found = {
            name: Nearest(prompt.best, prompt.row)
            for prompt in self._prompts
            for name in prompt.names
        }
        return {name: found[name] for name in self._names}

    def _compare(self, row: Row, counts: Counter[str]) -> None:
        inverse, unseen, postings = self._inverse.get, self._unseen, self._postings.get
        often_words, sometimes_words = self._often, self._sometimes
        square = often = sometimes = 0.0
        shared: dict[int, float] = {}
        for word, count in counts.items():
            weight = count * inverse(word, unseen)
            square += weight * weight
            if posted := postings(word):
                for at, other in posted:
                    shared[at] = shared.get(at, 0.0) + weight * other
            elif word in often_words:
                often += weight * weight
            elif word in sometimes_words:
                sometimes += weight * weight
        length = sqrt(square)
        cell = self._cell(sqrt(often) / length, sqrt(sometimes) / length)
        needed, scale = cell.needed, 1 / length
        perhaps = [at for at, product in shared.items() if product * scale > needed[at]]
        perhaps += [at for at in cell.alone if at not in shared]
        if perhaps:
            exact = self._length(counts)
            for at in perhaps:
                self._measure(self._prompts[at], row, counts, exact)

    def _measure(self, prompt: _Prompt, row: Row, counts: Counter[str], length: float) -> None:
        product = fsum(
            weight * counts[word] for word, weight in prompt.weights.items() if word in counts
        )
        # Equal directions may differ in the last of 16 digits; the first row is to win.
        similarity = round(product / length, 12)
        if similarity > prompt.best:
            prompt.best, prompt.row = similarity, row

    def _length(self, counts: Counter[str]) -> float:
        """Summed without rounding: the same whatever the order of the words."""
        return sqrt(fsum((count * self._weight(word)) ** 2 for word, count in counts.items()))

    def _weight(self, word: str) -> float:
        return self._inverse.get(word, self._unseen)

    def _cell(self, often: float, sometimes: float) -> _Cell:
        """What a row with parts of such lengths in common words has to share besides.

        The lengths are rounded up to a grid, so that a cell serves many rows; as the bests
        only grow, an old cell asks for too little and never for too much.
        """
        if self.rows >= self._fresh_until:
            self._cells.clear()
            self._fresh_until += min(self.rows, _FRESH)
        key = int(often * _GRID) + 1, int(sometimes * _GRID) + 1
        found = self._cells.get(key)
        if found is None:
            most, some = key[0] / _GRID, key[1] / _GRID
            needed = array(
                "d",
                [
                    prompt.best - prompt.often * most - prompt.sometimes * some - _SLACK
                    for prompt in self._prompts
                ],
            )
            alone = [
                at
                for at, prompt in enumerate(self._prompts)
                if needed[at] < 0 and (prompt.often or prompt.sometimes)
            ]
            found = self._cells[key] = _Cell(needed, alone)
        return found

    def _weigh(self) -> None:
        """Frequencies to weights, once all are known."""
        self._weighed = True
        above = 1 + self._counted
        self._unseen = 1 + log(above)
        weights = {count: 1 + log(above / (1 + count)) for count in self._frequency.values()}
        self._inverse = {word: weights[count] for word, count in self._frequency.items()}
        self._frequency.clear()
        holders = Counter(word for prompt in self._prompts for word in prompt.counts)
        few = max(_FEW, _SOMETIMES * len(self._prompts))
        many = max(few, _OFTEN * len(self._prompts))
        self._often = {word for word, count in holders.items() if count > many}
        self._sometimes = {word for word, count in holders.items() if few < count <= many}
        for at, prompt in enumerate(self._prompts):
            self._weigh_prompt(at, prompt)

    def _weigh_prompt(self, at: int, prompt: _Prompt) -> None:
        length = self._length(prompt.counts)
        often = sometimes = 0.0
        for word, count in prompt.counts.items():
            inverse = self._inverse[word]
            weight = count * inverse / length
            prompt.weights[word] = weight * inverse
            if word in self._often:
                often += weight * weight
            elif word in self._sometimes:
                sometimes += weight * weight
            else:
                self._postings.setdefault(word, []).append((at, weight))
        prompt.often, prompt.sometimes = sqrt(often), sqrt(sometimes)


def _grouped(prompts: Mapping[str, str], code: bool) -> list[_Prompt]:
    """Prompts of the same words together: they have the same nearest row."""
    groups: dict[frozenset[tuple[str, int]], _Prompt] = {}
    for name, text in prompts.items():
        counts = Counter(folded_words(text, code=code))
        groups.setdefault(frozenset(counts.items()), _Prompt(counts, [])).names.append(name)
    return list(groups.values())
