"""What a threshold may be: a figure outside would make its finding fire always or never."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    least: float = 0.0
    most: float = math.inf
    above: bool = False
    """``least`` itself is outside."""
    below: bool = False
    """``most`` itself is outside."""

    def fault(self, value: float) -> str:
        """Why a value is not allowed, as the end of a sentence; empty where it is."""
        under = value <= self.least if self.above else value < self.least
        over = value >= self.most if self.below else value > self.most
        if math.isfinite(value) and not under and not over:
            return ""
        if not math.isfinite(value):
            return f"is {value}, but has to be a finite number, {self}"
        return f"is {value}, but has to be {self}"

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'at least'} {self.least:g}"
        if math.isinf(self.most):
            return low
        return f"{low} and {'below' if self.below else 'at most'} {self.most:g}"


ANY = Range()
SHARE = Range(0, 1)
SOME_SHARE = Range(0, 1, above=True)
"""Of 0 it would hold for everything, or for nothing."""
CHANCE = Range(0, 1, above=True, below=True)
"""A level of significance."""
POSITIVE = Range(0, above=True)
RATIO = Range(1)
ONE = Range(1)
SCORE = Range(1, 5)

RANGES: Mapping[str, Mapping[str, Range]] = {
    "curves": {
        "enough_points": Range(2),
        "not_decreased_drop": SHARE,
        "not_decreased_p": CHANCE,
        "not_improved_p": CHANCE,
        "above_chance": POSITIVE,
        "scale_mismatch": RATIO,
        "scale_mismatch_evals": ONE,
        "memorising": SHARE,
        "low_loss_drop": SHARE,
        "diverged": RATIO,
        "eval_peaked_evals": ONE,
        "spike": POSITIVE,
        "spike_window": Range(3),
        "spike_many": SHARE,
        "epoch_stairs": POSITIVE,
        "epoch_stairs_points": Range(2),
        "rank_points": Range(10),
        # Of 1 the average would stay at the first point.
        "smoothing": Range(0, 1, below=True),
    },
    "perplexity": {
        "enough_samples": Range(2),
        "enough_groups": Range(2),
        "small_effect": Range(0, 1, below=True),
        "worse_category": Range(2),
        "validation_in_training_bad": SHARE,
        "truncated_caution": SHARE,
        "skipped_rows_caution": SHARE,
    },
    "overfitting": {
        "enough_samples": Range(2),
        "copy_words": ONE,
        # The copy index finds no shorter run (core.overlap.SEED).
        "copy_run": Range(8),
        "near_duplicate": SOME_SHARE,
        # A third of them on each side.
        "near_far_rows": Range(6),
        "low_diversity": SHARE,
        "low_diversity_bad": SHARE,
        "one_answer": SOME_SHARE,
        "diversity_answers": Range(2),
        "leak_bad": SHARE,
    },
    "review": {
        "blind": SHARE,
        "judges": ONE,
        "enough_items": ONE,
        "good_score": SCORE,
        "low_share": SHARE,
        "low_mean": SCORE,
        "good_mean": SCORE,
        "straight_lining": SOME_SHARE,
        "straight_lining_items": Range(2),
        "drift_p": CHANCE,
    },
    "blind_ab": {
        "judges": ONE,
        "repeats": SHARE,
        "enough_pairs": ONE,
        "clear": Range(1, above=True),
        "significance": CHANCE,
        "both_bad": SHARE,
        "truncated": SHARE,
    },
    "task_metrics": {
        "enough_items": Range(2),
        "unparsed_labels": SHARE,
        "unknown_labels": SHARE,
        "truncated": SHARE,
        "missing_answers": SHARE,
        "significance": CHANCE,
        "category_items": Range(2),
        "code_seconds": POSITIVE,
        "own_seconds": POSITIVE,
    },
}
"""By section and key; what is not here may be anything from 0."""

ORDERED: tuple[tuple[str, str, str], ...] = (
    ("curves", "eval_peaked", "eval_peaked_bad"),
    ("curves", "still_improving", "still_improving_caution"),
    ("overfitting", "gap_some", "gap_high"),
    ("overfitting", "low_diversity_bad", "low_diversity"),
    ("review", "low_mean", "good_mean"),
)
"""Section and two keys, of which the first may not be above the second."""


def fault(section: str, key: str, value: Any) -> str:
    return RANGES.get(section, {}).get(key, ANY).fault(value)
