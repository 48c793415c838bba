"""Enough votes to decide? Asked of the step's own arithmetic, answered without a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.core.judgements import JudgeRound, Round
from tui_eval.core.records import Completion, Sample


def decided(
    judges: Sequence[JudgeRound],
    tuned: Mapping[str, Completion],
    base: Mapping[str, Completion],
    samples: Mapping[str, Sample],
    settings: Mapping[str, float | int | str],
    without: int = 0,
) -> bool:
    """By the comparison's own rule, as of the last look (``blind_ab_result.enough_so_far``).
    ``tuned`` and ``base``: completions by sample id. ``without``: planned prompts that will
    never have both answers."""
    from tui_eval.core.steps.blind_ab_result import Limits, enough_so_far, mode_of
    from tui_eval.core.steps.blind_ab_votes import Asked, Standing, ballots

    begun = [judge for judge in judges if judge.begun]
    if not begun:
        return False
    standing = Standing(
        round=Round(begun[0].round, "blind_ab", tuple(judges)),
        planned=max(judge.planned for judge in begun) - without,
        ready=0,
        mode=begun[0].mode,
        votes=0,
        judged=0,
        judged_any=0,
        pace=None,
    )
    case = Asked(
        candidate="",
        base="",
        tuned_answers=tuned,
        base_answers=base,
        samples=samples,
        chosen=frozenset(tuned.keys() & base.keys()),
        shared=0,
        standing=standing,
    )
    limits = Limits(
        clear=float(settings["clear"]),
        alpha=float(settings["significance"]),
        length=int(settings["enough_for_length"]),
        slice=int(settings["enough_slice"]),
        guesses=int(settings["enough_guesses"]),
    )
    return enough_so_far(case, ballots(case), limits).by(mode_of(standing.mode))
