"""The report as JSON: the Readings as ``show --json`` has them, whole, and around them the
decisions, contradictions, what was before, and where everything comes from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tui_eval.core.reading import Table, finite
from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.files.exports import history, show
from tui_eval.files.exports.show_signoff import Verdicts
from tui_eval.files.exports.text import dump
from tui_eval.files.report.gather import Material

SCHEMA_VERSION = 1
NAME = "tui-eval"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that ``as_json`` keeps to; those of ``show --json`` and
    ``show --history --json`` are in it."""
    text = files("tui_eval.files.report").joinpath("report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    loaded["$defs"]["readings"] = {"$id": "urn:tui-eval:show", **show.schema()}
    loaded["$defs"]["history"] = {"$id": "urn:tui-eval:history", **history.schema()}
    return loaded


def write(material: Material) -> str:
    return dump(as_json(material), indent=1) + "\n"


def as_json(material: Material) -> dict[str, Any]:
    made = {
        "report": NAME,
        "schema": SCHEMA_VERSION,
        "version": material.version,
        "made_at": material.made_at,
        "folder": material.folder,
        "decisions": {name: _decided(material, name) for name in material.readings},
        "contradictions": {
            name: [
                {"code": one.code, "text": one.text, "steps": list(one.steps)}
                for one in material.contradictions.get(name, ())
            ]
            for name in material.readings
        },
        "readings": _readings(material),
        "overview": _table(material.overview),
        "comparisons": _table(material.compared),
        "history": history.as_json(material.earlier),
        "provenance": material.provenance,
    }
    return {name: _plain(value) for name, value in made.items()}


def _readings(material: Material) -> dict[str, Any]:
    verdicts = {
        name: Verdicts(decided, material.contradictions.get(name, ()))
        for name, decided in material.decided.items()
    }
    return show.as_json(material.readings, material.tries, verdicts)


def _decided(material: Material, name: str) -> dict[str, Any]:
    decided: Decided = material.decided[name]
    weighed = material.weighed.get(name)
    return {
        "decision": decided.decision,
        "last": None if decided.last is None else _signed(decided.last),
        "stale": decided.stale,
        "changed": list(decided.changed),
        "unseen": list(decided.unseen),
        "faults": list(decided.faults),
        "missing": list(decided.missing),
        "for": list(weighed.speaks_for) if weighed is not None else [],
        "against": list(weighed.against) if weighed is not None else [],
        "open": list(weighed.open) if weighed is not None else [],
        "earlier": [_signed(one) for one in decided.earlier],
    }


def _signed(one: SignOff) -> dict[str, Any]:
    return {
        "decision": one.decision,
        "by": one.by,
        "login": one.login,
        "at": one.at,
        "note": one.note,
        "standing": dict(one.standing),
        "seen": {step: dict(said) for step, said in one.seen.items()},
        "journal": one.journal,
    }


def _table(table: Table | None) -> list[dict[str, Any]] | None:
    if table is None:
        return None
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def _plain(value: Any) -> Any:
    """NaN and infinity become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else finite(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
