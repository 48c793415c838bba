"""The gap between validation and training loss, freed of how hard the two sets are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.stats.auc import auc_interval
from tui_eval.core.stats.intervals import (
    Estimate,
    Interval,
    difference,
    exponential,
    ratio_of_sums,
)
from tui_eval.core.stats.paired import loss_difference
from tui_eval.core.steps.pairs import Pair, Scored, groups_of, nll, of_base, of_tuned, tokens


@dataclass(frozen=True, slots=True)
class Gaps:
    """Nats per token; None where it can't be computed.

    Training and validation rows vary separately; base and tuned are compared on the same
    rows, so a set's difficulty cancels in ``excess``.
    """

    train: Estimate | None
    validation: Estimate | None
    base_train: Estimate | None
    base_validation: Estimate | None
    gap: Estimate | None
    base_gap: Estimate | None
    excess: Estimate | None
    """``gap`` minus ``base_gap``."""
    ratio: Interval | None
    member: Interval | None

    @property
    def harder(self) -> bool:
        """Validation is harder for the base too: its interval lies wholly above 0."""
        low = None if self.base_gap is None else self.base_gap.low
        return low is not None and low > 0

    @property
    def used(self) -> Estimate | None:
        return self.excess if self.harder else self.gap

    def of_base(self, some: float) -> bool:
        """Whether base shows the gap too, on the same rows. A model that was hardly trained
        has base's own losses: how far they differ is told far more sharply than they are."""
        high = None if self.excess is None else self.excess.high
        return high is not None and high < some


def gaps(train: Scored, validation: Scored) -> Gaps:
    sides = (train, validation)
    sound = all(side.pairs and not side.broken for side in sides)
    paired = sound and all(side.base is not None for side in sides)
    same = all(side.same_units for side in sides)
    tuned = [_tuned(side.pairs) if sound else None for side in sides]
    base = [_base(side.pairs, same) if paired else None for side in sides]
    moved = [loss_change(side.pairs, same) if paired else None for side in sides]
    return Gaps(
        train=tuned[0],
        validation=tuned[1],
        base_train=base[0],
        base_validation=base[1],
        gap=_between(tuned),
        base_gap=_between(base),
        excess=_between(moved),
        ratio=_ratio(*tuned),
        member=_member(train.pairs, validation.pairs, same) if paired else None,
    )


def _tuned(pairs: Sequence[Pair]) -> Estimate | None:
    return ratio_of_sums(of_tuned(pairs, nll), of_tuned(pairs, tokens), groups_of(pairs))


def _base(pairs: Sequence[Pair], same: bool) -> Estimate | None:
    return ratio_of_sums(of_base(pairs, nll), base_units(pairs, same), groups_of(pairs))


def loss_change(pairs: Sequence[Pair], same: bool) -> Estimate | None:
    """Loss per token of tuned minus that of base."""
    return loss_difference(
        of_tuned(pairs, nll),
        of_base(pairs, nll),
        of_tuned(pairs, tokens),
        base_units(pairs, same),
        groups_of(pairs),
    )


def base_units(pairs: Sequence[Pair], same: bool) -> list[float]:
    """What base's losses are divided by: where the tokenizers differ, tuned's tokens of the
    same texts, for the nats are about the same text and must be in the same unit."""
    return of_base(pairs, tokens) if same else of_tuned(pairs, tokens)


def _between(sides: Sequence[Estimate | None]) -> Estimate | None:
    train, validation = sides
    return None if train is None or validation is None else difference(validation, train)


def _ratio(train: Estimate | None, validation: Estimate | None) -> Interval | None:
    """Validation over training loss, its interval made on the log scale."""
    if train is None or validation is None or train.value <= 0 or validation.value <= 0:
        return None
    return exponential(difference(_log(validation), _log(train)))


def _log(estimate: Estimate) -> Estimate:
    value = estimate.value
    return Estimate(math.log(value), estimate.se / value, estimate.df, estimate.n)


def _member(train: Sequence[Pair], validation: Sequence[Pair], same: bool) -> Interval | None:
    """Base minus tuned is what tells rows that were trained on: how hard a row is by itself
    cancels (calibration by a reference model)."""
    return auc_interval(
        _learned(train, same), _learned(validation, same), groups_of(train), groups_of(validation)
    )


def _learned(pairs: Sequence[Pair], same: bool) -> list[float]:
    units = zip(of_base(pairs, nll), base_units(pairs, same), strict=True)
    means = [pair.tuned.mean for pair in pairs]
    return [above / below - mean for (above, below), mean in zip(units, means, strict=True)]
