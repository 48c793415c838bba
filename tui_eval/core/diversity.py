"""How varied a model's answers are, each figure beside the same figure of the references.

No threshold of these is universal: they move with the length and the number of the texts
(zlib's ratio of random text ran from 2.5 to 3.0 by length alone). So every answer is set
beside its own reference, and both are cut to the shorter of the two.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from tui_eval.core.text import fold, words

Words = Sequence[str]
Figure = Callable[[Sequence[Words]], float | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt with the model's answer and the data's."""

    prompt: str
    answer: str
    reference: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of the answers beside that of the references; None: nothing to divide by."""

    value: float | None
    reference: float | None
    of: int
    """Pairs that entered."""

    @property
    def share(self) -> float | None:
        """Of the references' figure."""
        if self.value is None or not self.reference:
            return None
        return self.value / self.reference


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent of several texts; of equally frequent ones the first."""

    text: str
    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of


@dataclass(frozen=True, slots=True)
class Matched:
    """Folded words of answers and references, pair by pair of one length."""

    answers: tuple[tuple[str, ...], ...]
    references: tuple[tuple[str, ...], ...]
    dropped: int
    """Pairs whose shorter text has fewer than two words."""


def matched(items: Iterable[Item], *, code: bool = False) -> Matched:
    """Each answer and its reference, both cut to the shorter of the two; pairs of fewer than
    two words are dropped."""
    answers, references, dropped = [], [], 0
    for item in items:
        ours, theirs = words(fold(item.answer, code=code)), words(fold(item.reference, code=code))
        length = min(len(ours), len(theirs))
        if length < 2:
            dropped += 1
            continue
        answers.append(tuple(ours[:length]))
        references.append(tuple(theirs[:length]))
    return Matched(tuple(answers), tuple(references), dropped)


def distinct(pairs: Matched, n: int = 2) -> Compared:
    """Distinct-n (Li et al. 2016): different n-grams of all texts, as a share of all their
    n-grams."""
    return _compared(pairs, lambda texts: _distinct(texts, n))


def compression(pairs: Matched) -> Compared:
    """Compression ratio (Shaib et al. 2024): bytes of all texts over their bytes after zlib.
    Higher is more of the same. zlib looks back 32 kB, so it sees what repeats nearby."""
    return _compared(pairs, _compression)


def self_repetition(pairs: Matched, n: int = 4) -> Compared:
    """Mean share of a text's different n-grams that another of the texts holds too (after
    Salkar et al. 2022, who count n-grams of length 4); shorter texts don't enter."""
    return _compared(pairs, lambda texts: _self_repetition(texts, n))


def opening(texts: Iterable[str], n: int = 4, *, code: bool = False) -> Frequent | None:
    """How most texts begin: their first ``n`` folded words, or all where there are fewer.
    None: no text has words."""
    begun = (words(fold(text, code=code))[:n] for text in texts)
    return _most(" ".join(begin) for begin in begun if begin)


def one_answer(items: Iterable[Item], *, code: bool = False) -> Frequent | None:
    """The answer that most prompts got, among those whose reference is theirs alone.

    One item per folded prompt, the first. Prompts that share their reference with another
    don't enter: where the right answer is one of three labels, equal answers are no sign.
    None: no prompt has a reference of its own.
    """
    folded: dict[str, tuple[str, str]] = {}
    for item in items:
        prompt, *rest = (
            fold(text, code=code) for text in (item.prompt, item.answer, item.reference)
        )
        folded.setdefault(prompt, (rest[0], rest[1]))
    holders = Counter(reference for _, reference in folded.values())
    return _most(answer for answer, reference in folded.values() if holders[reference] == 1)


def _compared(pairs: Matched, figure: Figure) -> Compared:
    return Compared(figure(pairs.answers), figure(pairs.references), len(pairs.answers))


def _distinct(texts: Sequence[Words], n: int) -> float | None:
    seen: set[Words] = set()
    total = 0
    for text in texts:
        grams = list(_grams(text, n))
        seen.update(grams)
        total += len(grams)
    return len(seen) / total if total else None


def _compression(texts: Sequence[Words]) -> float | None:
    raw = "\n".join(" ".join(text) for text in texts).encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw)) if raw else None


def _self_repetition(texts: Sequence[Words], n: int) -> float | None:
    own = [grams for text in texts if (grams := set(_grams(text, n)))]
    holders = Counter(chain.from_iterable(own))
    if not own:
        return None
    shares = (sum(holders[gram] > 1 for gram in grams) / len(grams) for grams in own)
    return sum(shares) / len(own)


def _grams(text: Words, n: int) -> Iterable[Words]:
    return zip(*[text[first:] for first in range(n)], strict=False)


def _most(texts: Iterable[str]) -> Frequent | None:
    counts = Counter(texts)
    if not counts:
        return None
    text, count = counts.most_common(1)[0]
    return Frequent(text, count, counts.total())
