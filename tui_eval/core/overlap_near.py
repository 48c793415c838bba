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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, log, sqrt
from operator import add, mul

from tui_eval.core.overlap_words import folded_words

Row = str | int

LEARNED = 100_000
"""Rows whose words are counted, at most."""
VOCABULARY = 500_000
"""Words whose frequency is kept (about 90 MB), besides those of the validation prompts;
later new ones count as never seen."""
LEAKED = 0.95
"""As near as this is the same prompt in other words."""

_OFTEN = 0.5
_FEW, _ADDED = 4, 0.3
"""A word is rare if it stands in so few validation prompts, or if a row like these prompts
has no more additions to make for it and all rarer ones, per prompt."""
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


def thirds(
    nearest: Mapping[str, Nearest], *, enough: int = 30, leak: float = LEAKED
) -> Thirds | None:
    """Prompts that didn't leak, in thirds by similarity; equal ones stay in their given
    order. None: fewer than ``enough`` are left."""
    leaked = tuple(name for name, found in nearest.items() if found.similarity >= leak)
    left = [name for name, found in nearest.items() if found.similarity < leak]
    if len(left) < max(enough, 3):
        return None
    left.sort(key=lambda name: nearest[name].similarity)
    third = len(left) // 3
    return Thirds(tuple(left[:third]), tuple(left[third:-third]), tuple(left[-third:]), leaked)


Products = Callable[[Mapping[int, float]], Sequence[float]]
"""A sparse row (place: weight) times every row of a matrix."""
Matrix = Callable[[list[list[float]]], Products]


def columns(rows: list[list[float]]) -> Products:
    """The product without numpy, a column at a time."""
    by_place = list(zip(*rows, strict=True))

    def multiply(sparse: Mapping[int, float]) -> list[float]:
        total = [0.0] * len(rows)
        for place, weight in sparse.items():
            total = list(map(add, total, map(weight.__mul__, by_place[place])))
        return total

    return multiply


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
    common: list[float] = field(default_factory=list)
    """The weights of these words, each in its place."""
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
    is. ``matrix`` may be a faster product of a sparse row and a dense matrix than this one
    without numpy: prompts of hundreds of words are too alike for any bound, and all are
    multiplied out. The results stay the same to the digit.

    Results are exact for those frequencies: a pair is passed over only where a bound on
    its cosine is below the prompt's best so far. The bound: words of few validation prompts
    are added up; for words of many (a template's, "the") the cosine's part is at most the
    product of the two sides' lengths in these words, and is worked out where that is too much.
    """

    def __init__(
        self,
        prompts: Mapping[str, str],
        *,
        rows: int | None = None,
        code: bool = False,
        matrix: Matrix = columns,
    ) -> None:
        self._matrix = matrix
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
        self._common: dict[str, int] = {}
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
        if not perhaps:
            return
        places = self._common
        common = {
            places[word]: count * self._inverse[word]
            for word, count in counts.items()
            if word in places
        }
        if not common:
            # Then there is nothing to add to what is shared, and nothing alone.
            perhaps = [at for at in perhaps if at in shared]
        products = self._products(common, perhaps)
        exact = 0.0
        for at, product in zip(perhaps, products, strict=True):
            prompt, whole = self._prompts[at], product + shared.get(at, 0.0)
            # All weights are above 0: a product of 0 is no word in common, and no cosine.
            if whole > 0 and whole * scale > prompt.best - _SLACK:
                exact = exact or self._length(counts)
                self._measure(prompt, row, counts, exact)

    def _products(self, common: Mapping[int, float], perhaps: Sequence[int]) -> Iterable[float]:
        """A row's common words with those of some prompts."""
        if 4 * len(perhaps) > len(self._prompts):
            products = self._multiply(common)
            return (products[at] for at in perhaps)
        places, weights = tuple(common), tuple(common.values())
        parts = (self._prompts[at].common for at in perhaps)
        return (sum(map(mul, weights, map(part.__getitem__, places))) for part in parts)

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
        few = self._most_holders_of_rare(holders)
        many = max(few, _OFTEN * len(self._prompts))
        self._often = {word for word, count in holders.items() if count > many}
        self._sometimes = {word for word, count in holders.items() if few < count <= many}
        both = sorted(self._often | self._sometimes)
        self._common = {word: at for at, word in enumerate(both)}
        for at, prompt in enumerate(self._prompts):
            self._weigh_prompt(at, prompt)
        self._multiply = self._matrix([prompt.common for prompt in self._prompts])

    def _most_holders_of_rare(self, holders: Counter[str]) -> int:
        few, additions = _FEW, 0.0
        for count, words in sorted(Counter(holders.values()).items()):
            # A row holds such a word as often as a prompt does, and adds to all that hold it.
            additions += words * count * count / len(self._prompts)
            if additions <= _ADDED * len(self._prompts):
                few = max(few, count)
        return few

    def _weigh_prompt(self, at: int, prompt: _Prompt) -> None:
        length = self._length(prompt.counts)
        often = sometimes = 0.0
        prompt.common = [0.0] * len(self._common)
        for word, count in prompt.counts.items():
            inverse = self._inverse[word]
            weight = count * inverse / length
            prompt.weights[word] = weight * inverse
            if word in self._common:
                prompt.common[self._common[word]] = weight
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
