"""The checkpoints of runs as text, and as the JSON of ``show --checkpoints --json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui_eval.core.reading import Reading
from tui_eval.core.steps.checkpoints import PRESS
from tui_eval.core.text import clean
from tui_eval.files.exports import show

IN_A_SHELL = "; to score them all: tui-eval run --checkpoints"
TITLE = "Checkpoints of the run"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that ``as_json`` keeps to: a candidate's entry is what
    ``show --json`` has for a step."""
    whole = show.schema()
    names = whole["properties"]["candidates"]["propertyNames"]
    return {
        "$schema": whole["$schema"],
        "title": "tui-eval show --checkpoints --json",
        "description": "Every checkpoint of each candidate's run on the validation set; the"
        " table along has a row for each, oldest first. Losses are nats per token.",
        "type": "object",
        "required": ["schema", "checkpoints"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": show.SCHEMA_VERSION},
            "checkpoints": {
                "type": "object",
                "propertyNames": names,
                "additionalProperties": {"$ref": "#/$defs/step"},
            },
        },
        "$defs": whole["$defs"],
    }


def as_json(candidates: Mapping[str, Reading]) -> dict[str, Any]:
    return {
        "schema": show.SCHEMA_VERSION,
        "checkpoints": {name: show.reading_json(one) for name, one in candidates.items()},
    }


def as_text(candidates: Mapping[str, Reading], *, unicode: bool = True) -> str:
    lines: list[str] = []
    for name, reading in candidates.items():
        title = f"{TITLE}: {clean(name)}" if len(candidates) > 1 else TITLE
        told = replace(reading, summary=reading.summary.replace(PRESS, IN_A_SHELL))
        lines += [*show.reading_lines(title, told, unicode), ""]
    text = "\n".join(lines).rstrip() + "\n"
    return text if unicode else text.translate(show.TO_ASCII)
