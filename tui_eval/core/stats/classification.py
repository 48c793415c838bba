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
    def n(self) -> int:
        return sum(self.true.values())

    @cached_property
    def right(self) -> int:
        return sum(count for (true, label), count in self.cells.items() if true == label)

    @cached_property
    def per_label(self) -> tuple[LabelScore, ...]:
        return tuple(self._score(label) for label in self.labels)

    def _score(self, label: str) -> LabelScore:
        hits, support, said = self.cells.get((label, label), 0), self.true[label], 0
        said = self.answered[label]
        return LabelScore(
            label,
            precision=hits / said if said else 0.0,
            recall=hits / support if support else 0.0,
            f1=2 * hits / (said + support) if said + support else 0.0,
            support=support,
            answered=said,
        )

    def figure(self, name: str) -> float | None:
        """``accuracy``, ``kappa``, ``mcc``, or one of precision, recall and f1 with macro,
        micro or weighted before it; None of nothing."""
        if not self.n:
            return None
        if name == "accuracy":
            return self.right / self.n
        if name == "kappa":
            return self._kappa()
        if name == "mcc":
            return self._mcc()
        average, _, what = name.partition("_")
        return self._micro(what) if average == "micro" else self._average(what, average)

    def _average(self, what: str, average: str) -> float:
        values = [getattr(score, what) for score in self.per_label]
        if average == "macro":
            return math.fsum(values) / len(values)
        weights = [score.support for score in self.per_label]
        return math.fsum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)

    def _micro(self, what: str) -> float:
        """Answers with other labels than the true ones are none of the decisions counted."""
        said = sum(score.answered for score in self.per_label)
        if what == "precision":
            return self.right / said if said else 0.0
        if what == "recall":
            return self.right / self.n
        return 2 * self.right / (said + self.n)

    def _kappa(self) -> float | None:
        """None where chance alone explains all agreement: one label, always given."""
        by_chance = sum(count * self.answered[label] for label, count in self.true.items())
        expected = by_chance / (self.n * self.n)
        return None if expected == 1 else (self.right / self.n - expected) / (1 - expected)

    def _mcc(self) -> float:
        """0 where one side is constant, as scikit-learn has it."""
        n = self.n
        by_chance = sum(count * self.answered[label] for label, count in self.true.items())
        above = self.right * n - by_chance
        ours = n * n - sum(count * count for count in self.answered.values())
        theirs = n * n - sum(count * count for count in self.true.values())
        return above / math.sqrt(ours * theirs) if ours * theirs else 0.0


def report(pairs: Iterable[tuple[str, str]]) -> Report:
    """Of (true, answered) labels."""
    return Report(Counter(pairs))


def matrix(found: Report, order: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The confusion matrix: a row per true label, a column per answered one."""
    return tuple(tuple(found.cells.get((true, said), 0) for said in order) for true in order)
