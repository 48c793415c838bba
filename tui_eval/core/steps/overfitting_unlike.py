"""Whether the named training rows look like rows that the model was trained on.

With another file the gap says nothing, and a model that memorised reads as good. Three
things tell, each with what would make it cry wolf kept out:

- **Losses**: validation rows that nobody trained on improved more than these rows. That is
  also so where validation is harder for base and had more to lose, so the rows are compared
  at equal loss under base, and both ways of comparing must agree. An area under the ROC
  curve near one half is no sign by itself: after a short training it is what a good model has.
- **The log**: its training loss lies far below its validation loss, ours does not. Only where
  our validation loss is the log's, so that both count alike.
- **No base**: the training rows' loss lies clearly above validation's. They may be harder
  merely, which is said.

How many rows the file has against the log's steps and batch size tells nothing: devices and
accumulated steps are not known, and a sample of the training file does as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.stats.intervals import Estimate, spread
from tui_eval.core.steps.log_reconcile import Reconciled
from tui_eval.core.steps.overfitting_gap import Gaps, base_units
from tui_eval.core.steps.pairs import Pair, Scored, groups_of, nll, of_base
from tui_eval.core.steps.run import Run
from tui_eval.core.steps.wording import step_text

STEADY = 0.5
"""Of the log's gap: when ours is at most this share of it, another file is likelier than
another way of averaging."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """``reasons`` are what tells, in words, one clause each."""

    reasons: tuple[str, ...]


def unlike(
    train: Scored,
    validation: Scored,
    gaps: Gaps,
    run: Run | None,
    reconciled: Reconciled | None,
    *,
    least: float,
    clear: float,
) -> Unlike | None:
    """None where nothing speaks against the file. ``least``: nats per token that a
    difference of losses must exceed; ``clear``: the same where nothing else is known."""
    told = (
        _by_losses(train, validation, gaps, least),
        _by_log(gaps, run, reconciled, clear),
        _by_gap(gaps, clear),
    )
    reasons = tuple(reason for reason in told if reason)
    return Unlike(reasons) if reasons else None


def _by_losses(train: Scored, validation: Scored, gaps: Gaps, least: float) -> str:
    member = gaps.member
    if member is None or member.high is None or member.high >= 0.5:
        return ""
    if gaps.excess is None or gaps.excess.high is None or gaps.excess.high >= -least:
        return ""
    alike = at_equal_base(train, validation)
    if alike is None or alike.low is None or alike.low <= least:
        return ""
    return (
        f"against base their loss improved {-gaps.excess.value:.2f} nats per token less than that"
        " of validation rows, which nobody trained on"
    )


def at_equal_base(train: Scored, validation: Scored) -> Estimate | None:
    """Tuned's mean loss of a training row minus that of a validation row with the same loss
    under base (analysis of covariance, one slope). None where base's losses don't vary."""
    sides = (train.pairs, validation.pairs)
    same = train.same_units and validation.same_units
    x = [_base_means(pairs, same) for pairs in sides]
    y = [[pair.tuned.mean for pair in pairs] for pairs in sides]
    means = [(_mean(xs), _mean(ys)) for xs, ys in zip(x, y, strict=True)]
    from_mean = [[value - means[at][0] for value in x[at]] for at in (0, 1)]
    square = math.fsum(value * value for values in from_mean for value in values)
    if not square:
        return None
    slope = (
        math.fsum(
            off * (value - means[at][1])
            for at in (0, 1)
            for off, value in zip(from_mean[at], y[at], strict=True)
        )
        / square
    )
    apart = means[0][0] - means[1][0]
    influences = []
    for at, sign in ((0, 1.0), (1, -1.0)):
        for off, value in zip(from_mean[at], y[at], strict=True):
            rest = value - means[at][1] - slope * off
            influences.append(rest * (sign / len(y[at]) - apart * off / square))
    value = means[0][1] - means[1][1] - slope * apart
    both = [*train.pairs, *validation.pairs]
    return Estimate(value, *spread(influences, groups_of(both)), len(both))


def _base_means(pairs: Sequence[Pair], same: bool) -> list[float]:
    units = zip(of_base(pairs, nll), base_units(pairs, same), strict=True)
    return [above / below for above, below in units]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _by_log(gaps: Gaps, run: Run | None, reconciled: Reconciled | None, clear: float) -> str:
    ours = gaps.gap
    if run is None or run.objective != "supervised" or ours is None or ours.high is None:
        return ""
    known = reconciled is not None and (
        reconciled.hit is None or reconciled.hit.finding.code != "log_disagrees"
    )
    evals = next(iter(run.finite_evals().values()), ())
    beside = run.beside(evals[-1]) if evals else None
    if not known or beside is None:
        return ""
    logged = evals[-1].value - beside
    if logged - ours.high <= clear or ours.high >= STEADY * logged:
        return ""
    return (
        f"the log's training loss is {logged:.2f} below its validation loss at step"
        f" {step_text(evals[-1].step)}, that of these rows {round(ours.value, 2) + 0.0:.2f}"
    )


def _by_gap(gaps: Gaps, clear: float) -> str:
    gap = gaps.gap
    if gaps.base_gap is not None or gap is None or gap.high is None or gap.high >= -clear:
        return ""
    return (
        f"their loss is {-gap.value:.2f} nats per token above that of validation rows, and"
        " without a base model nothing tells whether they are only harder"
    )
