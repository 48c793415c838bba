"""Earlier evaluations as text for a terminal and as the JSON of ``show --history --json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from tui_eval.checklist import CHECKLIST
from tui_eval.core.history import Earlier, StepChange
from tui_eval.core.reading import Reading, finite
from tui_eval.core.sign_off_records import WORDS
from tui_eval.core.steps.compare import cell
from tui_eval.core.text import clean
from tui_eval.files.exports import show

SCHEMA_VERSION = 1
_TITLES = {entry.key: entry.title for entry in CHECKLIST}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that ``as_json`` keeps to."""
    text = files("tui_eval.files.exports").joinpath("history.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def as_json(candidates: Mapping[str, Sequence[Earlier]]) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "candidates": {
            name: {"earlier": [_earlier(one) for one in earlier]}
            for name, earlier in candidates.items()
        },
    }


def _earlier(one: Earlier) -> dict[str, Any]:
    paired = one.paired
    decision = one.decision
    return {
        "at": one.told.at,
        "version": one.told.version,
        "standing": dict(one.told.standing),
        "changed": list(one.changed),
        "steps": {step: _step(change) for step, change in one.steps.items()},
        "paired": None
        if paired is None
        else {
            "of": paired.what,
            "ratio": finite(paired.ratio.value),
            "low": finite(paired.ratio.low),
            "high": finite(paired.ratio.high),
            "n": paired.ratio.n,
        },
        "signoff": None
        if decision is None
        else {"decision": decision.decision, "by": decision.by, "at": decision.at},
    }


def _step(change: StepChange) -> dict[str, Any]:
    return {
        "then": _reading(change.then),
        "now": _reading(change.now),
        "difference": change.words,
    }


def _reading(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "verdict": reading.verdict,
        "headline": reading.headline,
        "summary": reading.summary,
        "numbers": {name: show.number_json(one) for name, one in reading.numbers.items()},
    }


def as_text(candidates: Mapping[str, Sequence[Earlier]], *, unicode: bool = True) -> str:
    """The newest above: when, what changed since, and each step now and then."""
    lines: list[str] = []
    for name, earlier in candidates.items():
        if len(candidates) > 1:
            lines += [f"candidate {clean(name)}", ""]
        if not earlier:
            lines += ["No earlier evaluation is kept.", ""]
        for one in earlier:
            lines += [*told(one), ""]
    text = "\n".join(lines).rstrip() + "\n"
    return text if unicode else show.plain(text)


def told(one: Earlier) -> list[str]:
    """One earlier evaluation against now. Clean lines."""
    lines = [f"{clean(one.told.at)}  since then {', '.join(map(clean, one.changed))}"]
    if one.paired is not None:
        lines.append(f"  {one.paired.words}")
    if one.decision is not None:
        word = WORDS[one.decision.decision]
        lines.append(f"  {clean(one.decision.by)} signed {word} at {clean(one.decision.at)}")
    width = max(map(len, _TITLES.values()))
    for step, change in one.steps.items():
        if change.words:
            lines.append(f"  {_TITLES[step]:<{width}}  {change.words}")
        elif change.then is not None:
            same = "as now" if change.now is not None else "then"
            lines.append(f"  {_TITLES[step]:<{width}}  {same}, {cell(change.then).text}")
    return lines
