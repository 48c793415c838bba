"""Who was compared with whom, as text and as the JSON of ``show --comparisons --json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_eval.core.steps import compared
from tui_eval.core.steps.compared import Comparison
from tui_eval.core.text import clean
from tui_eval.files.exports import show

NOTHING = "Nothing was compared blind yet: tui-eval ab --candidate NAME --against NAME"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that ``as_json`` keeps to: ``reading`` is what ``show --json``
    has for a step."""
    whole = show.schema()
    judge = {
        "type": "object",
        "required": ["judge", "judged", "planned", "ended"],
        "additionalProperties": False,
        "properties": {
            "judge": {"type": "string"},
            "judged": {"type": "integer", "minimum": 0},
            "planned": {"type": "integer", "minimum": 0},
            "ended": {"type": "boolean"},
        },
    }
    one = {
        "type": "object",
        "required": ["candidate", "against", "current", "unblinded_at", "judges", "reading"],
        "additionalProperties": False,
        "properties": {
            "candidate": {"type": "string"},
            "against": {"type": "string"},
            "current": {
                "type": "boolean",
                "description": "Whether these are the answers that today's models and settings"
                " give.",
            },
            "unblinded_at": {"type": ["string", "null"]},
            "judges": {"type": "array", "items": judge},
            "reading": {"$ref": "#/$defs/step"},
        },
    }
    return {
        "$schema": whole["$schema"],
        "title": "tui-eval show --comparisons --json",
        "description": "Every blind comparison that was begun, between any two models. Figures"
        " of those that are not unblinded are null.",
        "type": "object",
        "required": ["schema", "comparisons", "said"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": show.SCHEMA_VERSION},
            "comparisons": {"type": "array", "items": one},
            "said": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What goes with several results: how many looks were taken.",
            },
        },
        "$defs": whole["$defs"],
    }


def as_json(made: Sequence[Comparison], alpha: float) -> dict[str, Any]:
    """``alpha``: the level of each comparison's test."""
    return {
        "schema": show.SCHEMA_VERSION,
        "comparisons": [
            {
                "candidate": one.candidate,
                "against": one.against,
                "current": one.current,
                "unblinded_at": one.standing.unblinded_at or None,
                "judges": [
                    {
                        "judge": judge.judge,
                        "judged": len(judge.voted),
                        "planned": judge.planned - compared.unanswerable(one.reading),
                        "ended": judge.ended,
                    }
                    for judge in one.standing.judges
                ],
                "reading": show.reading_json(one.reading),
            }
            for one in made
        ],
        "said": list(compared.said(made, alpha)),
    }


def as_text(made: Sequence[Comparison], alpha: float, *, unicode: bool = True) -> str:
    if not made:
        return f"{NOTHING}\n"
    lines = show.table_lines(compared.table(made))[1:]
    for one in made:
        lines += ["", f"● {clean(one.candidate)} against ○ {clean(one.against)}"]
        lines += show.reading_lines(compared.state_text(one), one.reading, unicode)
    for text in compared.said(made, alpha):
        lines += ["", text]
    text = "\n".join(lines).rstrip() + "\n"
    return text if unicode else text.translate(show.TO_ASCII)
