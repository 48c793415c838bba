"""Tool calls: the names and arguments that the reference calls for, or none at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tui_eval.core.answers import Call, calls_of, written_calls
from tui_eval.core.metrics.json_answers import equal
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler

FIELD = "tool_calls"


def ruler(options: MetricOptions) -> Ruler:
    how = (
        "Calls are read from JSON between the usual marks, or an answer that is nothing but such"
        " JSON; they are right where names and arguments equal the reference's as JSON values,"
        " in any order. A reference without a call asks for none: then not to call is right."
    )
    return Ruler(measure, how, needs_reference=False)


def measure(asked: Asked) -> Measured:
    wanted = _wanted(asked)
    if wanted is None:
        return Measured(error="the item says neither calls nor that none is needed")
    made = written_calls(asked.answer)
    best = max((_compared(made, one) for one in wanted), key=lambda values: sum(values.values()))
    return Measured(best, reason=_reason(best, made, wanted))


def _wanted(asked: Asked) -> list[Sequence[Call]] | None:
    return wanted(asked.item, asked.references)


def wanted(item: Mapping[str, Any], references: Sequence[str]) -> list[Sequence[Call]] | None:
    """The row's own ``tool_calls``, else those written in each reference."""
    if item.get(FIELD) is not None:
        return [calls_of(item[FIELD])]
    return [written_calls(one) for one in references] or None


def _compared(made: Sequence[Call], wanted: Sequence[Call]) -> dict[str, float]:
    names = Counter(call.name for call in made) == Counter(call.name for call in wanted)
    return {
        "tool_calls": float(names and _same(made, wanted)),
        "tool_names": float(names),
        "tool_abstention": float(bool(made) == bool(wanted)),
    }


def _same(made: Sequence[Call], wanted: Sequence[Call]) -> bool:
    """Equality is an equivalence, so taking the first equal call each time suffices."""
    left = list(wanted)
    for call in made:
        at = next((at for at, other in enumerate(left) if _equal(call, other)), None)
        if at is None:
            return False
        del left[at]
    return not left


def _equal(one: Call, other: Call) -> bool:
    return one.name == other.name and equal(_plain(one.arguments), _plain(other.arguments))


def _plain(arguments: Any) -> Any:
    """No arguments may be written as null, as nothing, or as an empty object."""
    return {} if arguments is None or arguments == "" else arguments


def _reason(
    values: dict[str, float], made: Sequence[Call], wanted: Sequence[Sequence[Call]]
) -> str:
    if values["tool_calls"]:
        return ""
    if not values["tool_abstention"]:
        return "a call where none is needed" if made else "no call"
    return "other arguments" if values["tool_names"] else "other tools"
