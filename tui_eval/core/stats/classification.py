"""A classifier's report from true labels and answers: what scikit-learn's gives, without it,
for screens compute it anew with every look. Checked against it to twelve digits in the tests.

An unparsed answer (an empty label) is a wrong answer of a class that is never true: it lowers
recall, and is no label that precision or an average is taken over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

AVERAGES = ("macro", "micro", "weighted")
Cells = Mapping[tuple[str, str], int]
"""Counts by (true label, answered label)."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    label: str
    precision: float
    recall: float
    f1: float
    support: int
    answered: int


@dataclass(frozen=True)
class Report:
    """``labels`` are averaged over: those that occur as truth, so that both models on the same
    items, and every draw of a bootstrap, are held to the same ones. A divisor of 0 gives 0, as
    scikit-learn's default."""

    cells: Cells

    @cached_property
    def true(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (label, _), count in self.cells.items():
            found[label] += count
        return found

    @cached_property
    def answered(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (_, label), count in self.cells.items():
            found[label] += count
        return found

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted(label for label, count in self.true.items() if count))

    @cached_property
    def per_label(self) -> tuple[LabelScore, ...]:
        return tuple(self._score(label) for label in self.labels)

    def _score(self, label: str) -> LabelScore:
        hits = self.cells.get((label, label), 0)
        said, support = self.answered[label], self.true[label]
        figures = {
            what: _score(what, hits, said, support) for what in ("precision", "recall", "f1")
        }
        return LabelScore(label, **figures, support=support, answered=said)

    @cached_property
    def tally(self) -> Tally:
        every = sorted({*self.true, *self.answered})
        hits = [self.cells.get((label, label), 0) for label in every]
        said = [self.answered[label] for label in every]
        return Tally(hits, said, [self.true[label] for label in every])

    def figure(self, name: str) -> float | None:
        """By the name of the metric; None of nothing."""
        return figure(name, self.tally)


@dataclass(frozen=True, slots=True)
class Tally:
    """Per class, unparsed included: right answers, answers, true ones. All that any figure
    needs, so that a bootstrap's draw costs no more than counting."""

    hits: Sequence[int]
    said: Sequence[int]
    support: Sequence[int]


def figure(name: str, tally: Tally) -> float | None:
    """``accuracy``, ``kappa``, ``mcc``, or one of precision, recall and f1 with macro, micro or
    weighted before it; None of nothing."""
    n, right = sum(tally.support), sum(tally.hits)
    if not n:
        return None
    if name == "accuracy":
        return right / n
    if name in ("kappa", "mcc"):
        return _kappa(tally, n, right) if name == "kappa" else _mcc(tally, n, right)
    average, _, what = name.partition("_")
    if average == "micro":
        # Answers that are no true label are none of the decisions counted.
        said = sum(s for s, true in zip(tally.said, tally.support, strict=True) if true)
        return _score(what, right, said, n)
    total = weights = 0.0
    for hits, said, support in zip(tally.hits, tally.said, tally.support, strict=True):
        if support:
            weight = 1 if average == "macro" else support
            total += weight * _score(what, hits, said, support)
            weights += weight
    return total / weights


def _score(what: str, hits: int, said: int, support: int) -> float:
    if what == "precision":
        return hits / said if said else 0.0
    if what == "recall":
        return hits / support if support else 0.0
    return 2 * hits / (said + support) if said + support else 0.0


def _by_chance(tally: Tally) -> int:
    return sum(said * true for said, true in zip(tally.said, tally.support, strict=True))


def _kappa(tally: Tally, n: int, right: int) -> float | None:
    """None where chance alone explains all agreement: one label, always given."""
    expected = _by_chance(tally) / (n * n)
    return None if expected == 1 else (right / n - expected) / (1 - expected)


def _mcc(tally: Tally, n: int, right: int) -> float:
    """0 where one side is constant, as scikit-learn has it."""
    ours = n * n - sum(said * said for said in tally.said)
    theirs = n * n - sum(true * true for true in tally.support)
    above = right * n - _by_chance(tally)
    return above / math.sqrt(ours * theirs) if ours * theirs else 0.0


def report(pairs: Iterable[tuple[str, str]]) -> Report:
    """Of (true, answered) labels."""
    return Report(Counter(pairs))


def matrix(found: Report, order: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The confusion matrix: a row per true label, a column per answered one."""
    return tuple(tuple(found.cells.get((true, said), 0) for said in order) for true in order)
