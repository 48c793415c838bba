"""What was judged, and the text that an export makes of it."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from tests.core.made_evidence import MadeEvidence
from tests.core.made_judging import Judge, answered, heard
from tui_eval.files.exports import EXPORTS
from tui_eval.files.exports.results import Results, gather

HOSTILE = '=cmd|" /C calc"!A0\x1b[31m\x9b\u202e\x00\r\n\ud800 "quoted", \t😀'


def exported(name: str, evidence: MadeEvidence) -> str:
    return written(name, gather(None, evidence, "tuned"))


def written(name: str, results: Results) -> str:
    module, _, function = EXPORTS[name].target.partition(":")
    text: str = getattr(import_module(module), function)(results)
    text.encode("utf-8")
    return text


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def judged(letters: str, *more: str, **fields: object) -> MadeEvidence:
    """Each text is one judge's votes on the same pairs; all have finished, then unblinded."""
    judges = [
        Judge(name, ordinal).pairs(len(votes)).votes(votes).finish()
        for ordinal, (name, votes) in enumerate(
            zip(("ana", "bo", "cy"), (letters, *more), strict=False)
        )
    ]
    judges[-1].unblind()
    return answered(len(letters), journals=heard(*judges), **fields)


def reviewed(*rows: str, **fields: object) -> MadeEvidence:
    judge = Judge().items(len(rows)).scores(rows)
    return answered(len(rows), journals=heard(judge), **fields)
