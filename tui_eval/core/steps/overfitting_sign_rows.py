"""The table of signs of step 3: of each what was found, or why it was not looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tui_eval.core.reading import Cell, Column, Table
from tui_eval.core.steps.overfitting_case import Case
from tui_eval.core.steps.overfitting_signs import Copy
from tui_eval.core.steps.overfitting_tests import rises_for
from tui_eval.core.steps.pairs import nll, of_base, of_tuned, tokens
from tui_eval.core.steps.wording import count_text, ends_text, share_text, step_text

NOT_LOOKED_AT = "· not looked at"


def signs(case: Case, grave: Mapping[str, str]) -> Table:
    rows = (
        (_rise_sign(case, grave), _rise_place(case)),
        (_copy_sign(case, grave), _copy_place(case)),
        (_near_far_sign(case, grave), _near_far_place(case)),
        (_diversity_sign(case, grave), _diversity_place(case)),
        (_forgetting_sign(case, grave), _forgetting_place(case)),
    )
    columns = (
        Column("sign", "sign"),
        Column("verdict", "verdict"),
        # Figures, or words in their place: either way at the right.
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
        Column("reference", "reference", "number"),
    )
    return Table(
        "signs",
        columns,
        tuple(cells for cells, _ in rows),
        refs=tuple(ref for _, (_, ref) in rows),
        opens=tuple(how for _, (how, _) in rows),
    )


Place = tuple[str, str]
"""What opens on a sign, as ``Table.opens`` and ``Table.refs`` have it."""


def _rise_place(case: Case) -> Place:
    if case.run is None:
        return "say", "there is no training log to look at"
    return "step", "curves"


def _copy_place(case: Case) -> Place:
    if _found(case):
        return "view", "copies"
    if case.copies is None or not case.copies.n:
        return "say", _no_answers(case)
    return "say", "no answer repeats a training answer: there is nothing to show"


def _no_answers(case: Case) -> str:
    left = "the answers were not compared with the training file yet: press r"
    return left if case.copies is not None else "there are no answers yet: r makes them"


def _near_far_place(case: Case) -> Place:
    found = case.near_far
    if found is not None and found.thirds:
        return "view", "near_far"
    if found is None:
        return "say", "the nearest training prompts were not looked for yet: press r"
    return "say", f"only {count_text(found.left, 'row')} left that are no near-duplicates"


def _diversity_place(case: Case) -> Place:
    if case.diversity is not None:
        return "view", "diversity"
    return "say", "there are no answers beside references yet: r makes them"


def _forgetting_place(case: Case) -> Place:
    if case.off_task is not None and case.base is not None and case.off_task.pairs:
        return "view", "off_task"
    return "say", "no off-task text is scored under both models"


def _found(case: Case) -> Sequence[Copy]:
    return case.copies.found if case.copies is not None else ()


MARKS = {"bad": "✗", "caution": "!"}


def _verdict(code: str, grave: Mapping[str, str]) -> str:
    """Only of a sign that was tested: what was not must never read as a no."""
    return f"{MARKS[grave[code]]} yes" if code in grave else "✓ no"


def _rise_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title = "validation loss rises"
    if not case.rises:
        return title, "· no eval logged", "", "", ""
    if all(rise.evals < 2 for rise in case.rises):
        return title, "· one eval logged", "", "", ""
    shown = next((rise for rise in case.rises if rises_for(case, rise)), case.rises[0])
    since = f"since {step_text(shown.best.step)}"
    verdict = _verdict("eval_rises", grave)
    if shown.falls is None and rises_for(case, replace(shown, falls=True)):
        verdict = "· too few points"
    return title, verdict, "", f"+{share_text(shown.rise)}", since


def _copy_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "copies of training text", case.copies
    if found is None or not found.n:
        return title, NOT_LOOKED_AT, "", "", ""
    counts = [found.counts.get(who) for who in ("base", "tuned", "reference")]
    told = f"{len(found.alone)} of {found.n}"
    if not found.alone:
        # Three times 1/n: what a rate of which nothing was seen can be at most.
        told = f"0 of {found.n}, ≤{share_text(min(1.0, 3 / found.n))}"
        if found.n < case.limit("diversity_answers"):
            told = f"0 of {found.n}, too few"
        elif found.echoing:
            told = "all may be echoes"
    sure = not found.alone and found.n >= case.limit("diversity_answers") and not found.echoing
    mark = MARKS.get(grave.get("copies", ""), "✓" if sure else "·")
    return (title, f"{mark} {told}", *("" if one is None else str(one) for one in counts))


def _near_far_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "poor far from training", case.near_far
    if found is None:
        return title, NOT_LOOKED_AT, "", "", ""
    if found.excess is None:
        lacking = "· no base" if case.base is None else "· a loss is no number"
        return title, lacking if found.thirds else "· too few rows", "", "", ""
    base, tuned = (
        f"{value:+.2f}" if value is not None else "" for value in (found.base, found.tuned)
    )
    # One group says nothing of spread.
    told = found.excess.low is not None
    return title, _verdict("near_far", grave) if told else "· too few groups", base, tuned, ""


def _diversity_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "low diversity of answers", case.diversity
    if found is None:
        return title, NOT_LOOKED_AT, "", "", ""
    verdict = _verdict("low_diversity", grave)
    if found.n < case.limit("diversity_answers"):
        verdict = "· too few answers"
    elif found.distinct.share is None and found.one_answer is None:
        verdict = "· answers too short"
    base = found.base.value if found.base is not None else None
    figures = (base, found.distinct.value, found.distinct.reference)
    cells = ("" if one is None else f"{one:.2f}" for one in figures)
    return title, verdict, *cells


def _forgetting_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, side = "forgetting, off-task", case.off_task
    if side is None or case.forgetting is None or not side.pairs:
        return title, NOT_LOOKED_AT, "", "", ""
    verdict = _verdict("forgetting", grave) if case.off_task_enough else "· too few texts"
    base = sum(of_base(side.pairs, nll)) / sum(of_base(side.pairs, tokens))
    tuned = sum(of_tuned(side.pairs, nll)) / sum(of_tuned(side.pairs, tokens))
    one, other = ends_text(base, tuned).split(" → ")
    return title, verdict, one, other, ""
