"""Enough votes to decide? Answered without saying for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui_eval.core.judgements import JudgeRound, PlannedPair
from tui_eval.core.stats.sequential import e_value_of_means, enough


def decided(
    judges: Sequence[JudgeRound],
    is_tuned: Callable[[str], bool],
    *,
    clear: float,
    significance: float,
) -> bool:
    """Locked or clear, as DEFINITIONS has them. A pair counts once everybody who has begun
    has voted on it, or has nothing to vote on."""
    begun = [judge for judge in judges if judge.begun]
    means = _means(begun, is_tuned)
    wins = sum(mean > 0.5 for mean in means)
    losses = sum(mean < 0.5 for mean in means)
    planned = max((judge.planned for judge in begun), default=0)
    fortune = e_value_of_means(means)
    ties = len(means) - wins - losses
    return bool(enough(wins, losses, ties, planned, e=fortune, clear=clear, alpha=significance))


def _means(begun: Sequence[JudgeRound], is_tuned: Callable[[str], bool]) -> list[float]:
    votes: dict[str, list[float]] = {}
    same: set[str] = set()
    for judge in begun:
        for pair in judge.pairs:
            value = _value(judge, pair, is_tuned)
            if pair.repeat_of or value is None:
                continue
            votes.setdefault(pair.pair, []).append(value)
            if pair.identical:
                same.add(pair.pair)
    return [
        0.5 if token in same else sum(values) / len(values)
        for token, values in votes.items()
        if token in same or len(values) == len(begun)
    ]


def _value(judge: JudgeRound, pair: PlannedPair, is_tuned: Callable[[str], bool]) -> float | None:
    side = judge.mark(pair.pair).side
    if pair.identical or side in ("tie", "both_bad"):
        return 0.5
    if side is None:
        return None
    return 1.0 if is_tuned(pair.left if side == "left" else pair.right) else 0.0
