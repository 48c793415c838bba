"""Readings as text for a terminal and as the JSON of ``show --json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Finding, Number, Plot, Reading, Table, finite
from tui_eval.core.records import Job
from tui_eval.core.text import clean
from tui_eval.files.exports import show_signoff
from tui_eval.files.exports.show_signoff import Verdicts

SCHEMA_VERSION = 1
PLACES = ("view", "step", "say", "note", "items")
"""What a row may open that is no row of the data (``core.reading.Table.opens``)."""
MARKS = {"good": "✓", "caution": "!", "bad": "✗", "not_enough": "?", "waiting": "…", "note": "·"}
ASCII_MARKS = {
    "good": "+", "caution": "!", "bad": "x", "not_enough": "?", "waiting": ".", "note": "-",
}  # fmt: skip
WORDS = {"not_enough": "not enough"}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that ``as_json`` keeps to."""
    text = files("tui_eval.files.exports").joinpath("show.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


Tries = Mapping[tuple[str, str], Job]
"""The last try by candidate and step, where it did not end well."""


def as_json(
    candidates: Mapping[str, Mapping[str, Reading]],
    tries: Tries | None = None,
    verdicts: Mapping[str, Verdicts] | None = None,
) -> dict[str, Any]:
    """``candidates`` by name, each with its Readings by step. NaN and infinity become null."""
    tries, verdicts = tries or {}, verdicts or {}
    return {
        "schema": SCHEMA_VERSION,
        "candidates": {
            name: {
                "steps": {
                    step: reading_json(reading, tries.get((name, step)))
                    for step, reading in readings.items()
                },
                "signoff": show_signoff.as_json(verdicts.get(name, Verdicts())),
            }
            for name, readings in candidates.items()
        },
    }


def reading_json(reading: Reading, last: Job | None = None) -> dict[str, Any]:
    return {
        "verdict": reading.verdict,
        "against": reading.against,
        "headline": reading.headline,
        "summary": reading.summary,
        "findings": [_finding(finding) for finding in reading.findings],
        "numbers": {name: number_json(number) for name, number in reading.numbers.items()},
        "tables": {name: _table(table) for name, table in reading.tables.items()},
        "series": {plot.key: _plot(plot) for plot in reading.plots},
        "how": list(reading.how),
        "last_try": None if last is None else {"state": last.state, "error": last.error},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    at = None if finding.at is None else {k: _plain(v) for k, v in finding.at.items()}
    return {"code": finding.code, "severity": finding.severity, "text": finding.text, "at": at}


def number_json(number: Number) -> dict[str, Any]:
    value, low, high = finite(number.value), finite(number.low), finite(number.high)
    if low is None or high is None:
        low = high = None
    shown = {"value": value, "low": low, "high": high, "n": number.n, "unit": number.unit}
    return {**shown, "why": number.why} if number.why else shown


def _table(table: Table) -> list[dict[str, Any]]:
    keys = [column.key for column in table.columns]
    rows = [{key: _plain(cell) for key, cell in zip(keys, row, strict=True)} for row in table.rows]
    for at, (row, ref) in enumerate(zip(rows, table.refs, strict=False)):
        # A place on a screen is no row of the data.
        placed = at < len(table.opens) and table.opens[at] in PLACES
        row["id"] = "" if placed else ref
    return rows


def _plot(plot: Plot) -> dict[str, Any]:
    return {
        "x_label": plot.x_label,
        "y_label": plot.y_label,
        "series": [
            {
                "name": series.name,
                "role": series.role,
                "x": [finite(value) for value in series.x],
                "y": [finite(value) for value in series.y],
            }
            for series in plot.series
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def as_text(
    candidates: Mapping[str, Mapping[str, Reading]],
    *,
    unicode: bool = True,
    steps: tuple[str, ...] = (),
    tries: Tries | None = None,
    verdicts: Mapping[str, Verdicts] | None = None,
) -> str:
    """What ``show`` prints: a line per step, its reasons, numbers and tables."""
    lines: list[str] = []
    for name, readings in candidates.items():
        if len(candidates) > 1:
            lines += [f"candidate {clean(name)}", ""]
        for number, entry in enumerate(CHECKLIST, 1):
            reading = readings.get(entry.key)
            if reading is not None:
                lines += reading_lines(f"{number} {entry.title}", reading, unicode)
                lines += [*_try_text((tries or {}).get((name, entry.key))), ""]
        if verdicts and name in verdicts:
            marks = MARKS if unicode else ASCII_MARKS
            lines += [*show_signoff.as_text(verdicts[name], marks), ""]
    text = "\n".join(lines).rstrip() + "\n"
    return text if unicode else plain(text)


def plain(text: str) -> str:
    """Our own signs in ASCII, for a terminal that knows no others."""
    return text.translate(TO_ASCII)


TO_ASCII = str.maketrans({"→": "->", "–": "-", "…": "...", "·": "-", "○": "o", "●": "*", "−": "-"})


def reading_lines(title: str, reading: Reading, unicode: bool) -> list[str]:
    marks = MARKS if unicode else ASCII_MARKS
    word = WORDS.get(reading.verdict, reading.verdict)
    lines = [title, f"{marks[reading.verdict]} {word}  {clean(reading.summary)}"]
    for finding in reading.findings:
        mark = marks[finding.severity]
        lines.append(f"  {mark} {finding.code}: {clean(finding.text)}")
    if reading.advice:
        lines.append(f"  try: {', '.join(map(clean, reading.advice))}")
    if reading.numbers:
        named = [(clean(name), number) for name, number in reading.numbers.items()]
        width = max(len(name) for name, _ in named)
        lines += [f"  {name:<{width}}  {number_text(number)}" for name, number in named]
    for table in reading.tables.values():
        lines += table_lines(table)
    return lines


def _try_text(last: Job | None) -> list[str]:
    if last is None:
        return []
    told = clean(f"{last.state}. {last.error}", newlines=True).splitlines()
    return [f"  last try: {told[0]}", *[f"            {line}" for line in told[1:]]]


def number_text(number: Number) -> str:
    """``0.394 [0.377, 0.410]  n = 600``, or why there is none."""
    value, low, high = finite(number.value), finite(number.low), finite(number.high)
    if value is None:
        return f"-  ({clean(number.why)})" if number.why else "-"
    text = _figure(value)
    if low is not None and high is not None:
        text += f" [{_figure(low)}, {_figure(high)}]"
    if number.unit:
        text += f" {clean(number.unit)}"
    return text + (f"  n = {number.n}" if number.n is not None else "")


def _figure(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value)}"
    return f"{value:.4g}"


def table_lines(table: Table) -> list[str]:
    rows = [[_cell(cell) for cell in row] for row in table.rows[:12]]
    heads = [clean(column.title, limit=48) for column in table.columns]
    widths = [max(len(h), *(len(r[i]) for r in rows)) if rows else len(h)
              for i, h in enumerate(heads)]  # fmt: skip
    lines = ["", f"  {clean(table.title)}"]
    for row in [heads, *rows]:
        cells = [
            cell.ljust(w) if column.kind == "text" else cell.rjust(w)
            for cell, w, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    if len(table.rows) > 12:
        lines.append(f"  and {len(table.rows) - 12} more")
    return lines


def _cell(cell: str | int | float | None) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        shown = finite(cell)
        return "-" if shown is None else f"{shown:.4g}"
    return clean(str(cell), limit=48)
