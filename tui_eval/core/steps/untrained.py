"""What steps 1 and 3 say of a candidate that nobody trained: it has no log by nature, and
nothing that it could have memorised."""

from __future__ import annotations

from collections.abc import Mapping

from tui_eval.core.evidence import Untrained
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Finding, Number, Reading
from tui_eval.core.steps.wording import fitting
from tui_eval.core.text import clean

WHY: Mapping[Untrained, str] = {
    "prompt": "base's weights with a prompt of its own",
    "answers": "its answers were made elsewhere",
    "references": "its answers are the data's own",
}


def reading(
    step: str, candidate: str, against: str, kind: Untrained, numbers: Mapping[str, Number]
) -> Reading:
    """``numbers``: the step's, without a value."""
    name = clean(candidate, limit=40)
    lead = "nothing was trained"
    text = f"Nothing was trained for {name}: {WHY[kind]}. This step has nothing to look at."
    if kind == "answers":
        text += f" Where there is a log of its training, name it as log under [models.{name}]."
    return Reading(
        step=step,
        candidate=candidate,
        against=against,
        verdict="not_enough",
        headline=fitting((lead,), HEADLINE_CELLS),
        summary=fitting((f"{lead}: {WHY[kind]}", lead), SUMMARY_CELLS),
        findings=(Finding("not_trained", "not_enough", text),),
        numbers={
            key: Number(None, unit=one.unit, why=lead) if one.value is None else one
            for key, one in numbers.items()
        },
    )
