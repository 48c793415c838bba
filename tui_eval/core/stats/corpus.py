"""BLEU and chrF of a set from the counts of its answers, and how each answer moves them.

Both are functions of sums over answers, so the set's figure moves with an answer by the
gradient times its counts: a linear form, without resampling. The formulas are sacrebleu's
defaults (BLEU with exponential smoothing, chrF2), checked against it in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tui_eval.core.stats.intervals import Estimate, Groups, spread

Counts = Sequence[float]
Formula = Callable[[Counts], float]
ORDERS = 4
BETA2 = 4.0
"""chrF2 counts recall twice as much as precision."""
_STEP = 1e-4


def bleu(counts: Counts, *, effective_order: bool = False) -> float:
    """0 to 100 from (answer length, reference length, matches by order, n-grams by order)."""
    length, wanted = counts[0], counts[1]
    right, made = counts[2 : 2 + ORDERS], counts[2 + ORDERS : 2 + 2 * ORDERS]
    if not any(right) or length <= 0:
        return 0.0
    penalty = 1.0 if length >= wanted else math.exp(1 - wanted / length)
    logs, smooth, orders = 0.0, 1.0, ORDERS
    for order in range(ORDERS):
        if made[order] <= 0:
            # As sacrebleu has it: an order without n-grams makes the figure 0.
            return penalty * math.exp(logs / order) if effective_order and order else 0.0
        if right[order] > 0:
            logs += math.log(100 * right[order] / made[order])
        else:
            smooth *= 2
            logs += math.log(100 / (smooth * made[order]))
    return penalty * math.exp(logs / orders)


def chrf(counts: Counts) -> float:
    """0 to 100 from (answer's, reference's, shared) n-grams of each order in turn."""
    precision = recall = 0.0
    orders = 0
    for at in range(0, len(counts), 3):
        made, wanted, shared = counts[at : at + 3]
        if made > 0 and wanted > 0:
            precision += shared / made
            recall += shared / wanted
            orders += 1
    if not orders or not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100 * (1 + BETA2) * precision * recall / (BETA2 * precision + recall)


FORMULAS: dict[str, Formula] = {"bleu": bleu, "chrf": chrf}


def summed(rows: Sequence[Counts]) -> list[float]:
    return [math.fsum(column) for column in zip(*rows, strict=True)]


def figure(formula: Formula, rows: Sequence[Counts], groups: Groups = None) -> Estimate | None:
    """The set's figure; None of nothing."""
    if not rows:
        return None
    return Estimate(formula(summed(rows)), *spread(_influences(formula, rows), groups), len(rows))


def figure_difference(
    formula: Formula, tuned: Sequence[Counts], base: Sequence[Counts], groups: Groups = None
) -> Estimate | None:
    """Tuned's figure minus base's on the same items."""
    if not tuned:
        return None
    ours, theirs = _influences(formula, tuned), _influences(formula, base)
    moved = [one - other for one, other in zip(ours, theirs, strict=True)]
    value = formula(summed(tuned)) - formula(summed(base))
    return Estimate(value, *spread(moved, groups), len(tuned))


def _influences(formula: Formula, rows: Sequence[Counts]) -> list[float]:
    gradient = _gradient(formula, summed(rows))
    return [math.fsum(map(_times, gradient, row)) for row in rows]


def _times(one: float, other: float) -> float:
    return one * other


def _gradient(formula: Formula, sums: Sequence[float]) -> list[float]:
    """By central differences, a ten-thousandth of each sum to either side; a sum of 0, whose
    smoothing has no slope, is left where it is."""
    found = []
    for at, value in enumerate(sums):
        step = _STEP * value
        if step <= 0:
            found.append(0.0)
            continue
        above, below = list(sums), list(sums)
        above[at] += step
        below[at] -= step
        found.append((formula(above) - formula(below)) / (2 * step))
    return found
