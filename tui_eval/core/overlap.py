"""Answers that repeat what a model was trained on: whole, or in long verbatim runs.

The few answers are indexed and the training set streams past them, so memory does not grow
with its rows. A row is compared word by word only where it shares eight words in a row with
an answer; to find every run of 13, each sixth place of a row is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui_eval.core.overlap_runs import Place, Runs
from tui_eval.core.overlap_words import Span, folded_words, word_spans
from tui_eval.core.text import fold

Row = str | int
"""What names a training answer: whatever the caller feeds."""

SEED = 8
"""Words of a seed: rare enough in fresh text (none in 400 answers against 7.5 million
words) that few rows are looked at twice."""


@dataclass(frozen=True, slots=True)
class Run:
    """The longest verbatim run of an answer: the first row that holds one so long, the first
    such place in the answer."""

    words: int
    span: Span
    """In the answer's own characters."""
    row: Row
    row_span: Span
    """In the training answer's own characters."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What one answer shares with the training answers."""

    words: int
    """Of the answer."""
    exact: Row | None
    """The first training answer that it equals after folding; answers of few words are
    not looked up."""
    run: Run | None
    """None: no run as long as the index was asked to show."""
    covered: float | None
    """Share of the answer's words within any run so long; None without words."""
    copied: bool
    """It equals a training answer, or its run is long enough to count as a copy."""


@dataclass(frozen=True, slots=True)
class _Found:
    order: int
    row: Row
    span: Span


class CopyIndex:
    """``feed`` every training answer once, in file order, then ask for ``results``.

    ``words``: shorter answers are no copies, however equal (labels, "yes"). ``run``: a
    verbatim run of so many words is a copy. ``near``: shorter runs are not told. ``code``
    keeps the case. Takes time in proportion to the words of rows and answers, and memory to
    the answers: about 100 bytes for each of their words, 700 where a row shares a seed.
    """

    def __init__(
        self,
        answers: Mapping[str, str],
        *,
        words: int = 6,
        run: int = 50,
        near: int = 13,
        code: bool = False,
    ) -> None:
        if not SEED <= near <= run:
            raise ValueError(f"a run shown has {SEED} words or more and is no longer than a copy")
        self._answers = dict(answers)
        self._run, self._code = run, code
        self._stride = near - SEED + 1
        self._runs: Runs[_Found] = Runs(near)
        self._names = tuple(self._answers)
        self._seeds: dict[int, int] = {}
        """The first answer that holds a seed; -1 once a row has shown it."""
        self._others: dict[int, list[int]] = {}
        self._wanted: dict[tuple[int, str, str], dict[str, list[str]]] = {}
        self._exact: dict[str, Row] = {}
        self._joined: set[str] = set()
        self.rows = 0
        """Training answers that were fed."""
        for number in range(len(self._names)):
            self._index(number, words)

    def feed(self, row: Row, text: str) -> None:
        """One training answer; ``row`` names it in the results."""
        words = folded_words(text, code=self._code)
        if words:
            if (len(words), words[0], words[-1]) in self._wanted:
                self._equal(row, text, words)
            stride = self._stride
            # A seed at each sixth word: the tuples are made and hashed without a loop here.
            seeds = zip(*[words[first::stride] for first in range(SEED)], strict=False)
            if not self._seeds.keys().isdisjoint(map(hash, seeds)):
                self._compare(row, text, words)
        self.rows += 1

    def results(self) -> dict[str, Overlap]:
        """Each answer against all rows so far, in the order the answers were given."""
        known = self._runs.known()
        return {name: self._result(name, known) for name in self._answers}

    def _index(self, number: int, least: int) -> None:
        name = self._names[number]
        answer = self._answers[name]
        words = folded_words(answer, code=self._code)
        if words and len(words) >= least:
            equal = self._wanted.setdefault((len(words), words[0], words[-1]), {})
            equal.setdefault(fold(answer, code=self._code), []).append(name)
        for seed in set(map(hash, zip(*[words[first:] for first in range(SEED)], strict=False))):
            if self._seeds.setdefault(seed, number) != number:
                self._others.setdefault(seed, []).append(number)

    def _equal(self, row: Row, text: str, words: list[str]) -> None:
        wanted = self._wanted[len(words), words[0], words[-1]]
        # The first such row is enough, so each is looked for once.
        for name in wanted.pop(fold(text, code=self._code), ()):
            self._exact[name] = row

    def _compare(self, row: Row, text: str, words: list[str]) -> None:
        for name in self._sharing(words):
            self._joined.add(name)
            self._runs.add(folded_words(self._answers[name], code=self._code))
        if held := self._runs.scan(words):
            spans = word_spans(text, code=self._code)
            for state, run in held.items():
                span = spans[run.end - run.words][0], spans[run.end - 1][1]
                self._runs.remember(state, _Found(self.rows, row, span))

    def _sharing(self, words: list[str]) -> list[str]:
        """Answers that share a seed with a row and did with no row before.

        An answer whose seeds no row holds costs no automaton. A seed that has been met names
        no answer any more: a phrase of every row and every answer is looked up once.
        """
        stride = self._stride
        seeds = zip(*[words[first::stride] for first in range(SEED)], strict=False)
        sharing: dict[int, None] = {}
        for seed in map(hash, seeds):
            if (number := self._seeds.get(seed, -1)) >= 0:
                sharing |= dict.fromkeys((number, *self._others.pop(seed, ())))
                self._seeds[seed] = -1
        names = (self._names[number] for number in sharing)
        return [name for name in names if name not in self._joined]

    def _result(self, name: str, known: list[int]) -> Overlap:
        answer = self._answers[name]
        words = folded_words(answer, code=self._code)
        exact = self._exact.get(name)
        places = self._runs.places(words, known) if name in self._joined else []
        run = self._longest(answer, places)
        return Overlap(
            words=len(words),
            exact=exact,
            run=run,
            covered=_covered(places) / len(words) if words else None,
            copied=exact is not None or (run is not None and run.words >= self._run),
        )

    def _longest(self, answer: str, places: list[Place[_Found]]) -> Run | None:
        if not places:
            return None
        first = min(places, key=lambda place: (-place.words, place.source.order, place.end))
        spans = word_spans(answer, code=self._code)
        span = spans[first.end - first.words][0], spans[first.end - 1][1]
        return Run(first.words, span, first.source.row, first.source.span)


def _covered(places: Iterable[Place[_Found]]) -> int:
    """Words within any of the runs, which come in the order of their ends."""
    covered = upto = 0
    for place in reversed(list(places)):
        start = place.end - place.words
        if not covered:
            upto = place.end
        covered += max(0, min(place.end, upto) - start)
        upto = min(upto, start)
    return covered


def copied_by_none(tuned: Mapping[str, Overlap], *others: Mapping[str, Overlap]) -> list[str]:
    """Answers that are copies where none of the others (base's, the reference) to the same
    prompt is: what training explains, and not what everybody echoes."""
    return [
        name
        for name, overlap in tuned.items()
        if overlap.copied and not any(name in them and them[name].copied for them in others)
    ]
