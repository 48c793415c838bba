"""Workspaces and Readings for reports, with texts that mean harm in every place."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

from tests import judgements
from tests.files.made_rounds import Made
from tui_eval import config as settings
from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Column, Event, Finding, Number, Plot, Reading, Series, Table
from tui_eval.core.sign_off_records import Contradiction, Decided, SignOff
from tui_eval.core.steps.sign_off import Weighed
from tui_eval.files.report.gather import Material, gather
from tui_eval.store.workspace import Workspace

NOW = "2026-01-31T17:04:05+00:00"
HOSTILE = (
    '<img src=x onerror=alert(1)><script>alert(2)</script>"\' onmouseover="alert(3)"'
    " </title></style></textarea><!-- ]]> &lt;b&gt; \x1b[31m\x1b]52;c;aGk=\x07 \u202eevil\u2066"
    " \x00\x9b2J | `code` **b** _u_ ~~s~~ [l](http://e.vil/x) ![i](https://e.vil/i.png)"
    " <https://e.vil> www.e.vil mailto:a@e.vil @team #12 GH-3 $x$ [^1] [x]: http://e.vil"
    ' =cmd|"/C calc"!A0 \ud800 ㊙ שלום\n# heading\n- item\n1. one\n```\nfence\n<div>\n'
)
HARMLESS = "a plain text"
KINDS = ("curve", "scatter", "histogram", "bars", "scale", "matrix")


def workspace(folder: Path, text: str = HARMLESS, *, toml: str = "") -> Made:
    """Answers are there; ``text`` is in the data, the file's name, the prompt and eval.toml."""
    quoted = json.dumps(text.encode("utf-8", "replace").decode())
    more = f"\n[prompt]\nsystem = {quoted}\n[blind_ab]\npairs = 20\n[review]\nsamples = 10\n{toml}"
    made = Made.at(folder, count=60, toml=more)
    odd = "<b>v&x|`y`.jsonl"
    rows = (folder / "validation.jsonl").read_text()
    extra = {"prompt": f"{text} ?", "answer": text, "category": text[:60]}
    (folder / odd).write_text(rows + json.dumps(extra) + "\n" + '{"prompt": 3}\nno json\n')
    path = folder / "eval.toml"
    path.write_text(path.read_text().replace('"validation.jsonl"', json.dumps(odd)))
    made = Made(folder, settings.load(path, files=False))
    made.answer()
    return made


def judged(made: Made, judge: str = "ana", *, unblind: bool = True) -> None:
    judgements.review(made.folder, judge=judge)
    judgements.compare(made.folder, judge=judge, unblind=unblind)


def gathered(made: Made) -> Material:
    opened = Workspace.open(made.folder)
    opened.catch_up()
    try:
        return gather(opened, made.config, now=NOW)
    finally:
        opened.close()


def with_readings(material: Material, text: str) -> Material:
    """The same with made Readings and decisions, every text of which is ``text``."""
    name = next(iter(material.readings))
    made = {entry.key: reading(entry.key, text) for entry in CHECKLIST}
    signed = SignOff(name, "hold", text, text, NOW, text)
    decided = Decided("hold", signed, (text,), (text,), (replace(signed, decision="none"),))
    return replace(
        material,
        readings={name: made},
        decided={name: decided},
        weighed={name: Weighed((text,), (text,), (text,))},
        contradictions={name: (Contradiction("made", text, ("curves",)),)},
    )


def reading(step: str, text: str) -> Reading:
    columns = (
        Column("name", text),
        Column("value", "value", "number", 2),
        Column("low", "low", "number", 2),
        Column("high", "high", "number", 2),
        Column("share", "share", "percent", 0),
    )
    rows = tuple((text, 1.5 * at, at, 2.0 * at, 0.1) for at in range(4))
    return Reading(
        step, "tuned", "caution", text, text,
        findings=(Finding("made", "caution", text), Finding("made_too", "note", text)),
        numbers={
            "plain": Number(1.0, 0.5, 1.5, 30, text),
            "none": Number(None, why=text),
            "odd": Number(math.nan, math.inf, -math.inf, 3),
        },
        tables={"t": Table(text, columns, rows)},
        plots=tuple(plot(kind, text) for kind in KINDS),
        how=(text, text),
        advice=(text,),
    )  # fmt: skip


def plot(kind: str, text: str) -> Plot:
    events = (Event(0.0, text), Event(0.2, text), Event(0.5, text))
    series: tuple[Series, ...]
    if kind == "curve":
        xs = tuple(float(x) for x in range(30))
        ys = tuple(math.nan if x == 7 else math.exp(-x / 9) for x in range(30))
        few = Series(text, "eval", xs[::6], tuple(1.1 * y for y in ys[::6]))
        series = (Series(text, "train", xs, ys), few)
        return Plot("p_curve", text, "curve", series, text, text, (Event(9.0, text),))
    if kind == "scatter":
        series = (Series(text, "tuned", (1.0, 2.0, math.inf), (0.5, math.nan, 1.0)),)
    elif kind == "histogram":
        series = (Series(text, "tuned", (-1.0, 0.0, 1.0), (3.0, 9.0, 1.0)),)
    elif kind == "bars":
        some = enumerate((2.0, -1.0, math.nan))
        series = tuple(Series(text, "tuned", (float(at),), (y,)) for at, y in some)
    elif kind == "scale":
        series = (
            Series(text, "tuned", (0.1, 0.3, 0.5), (0.0, 0.0, 0.0)),
            Series(text, "base", (-0.2, 0.0, 0.1), (0.0, 0.0, 0.0)),
        )
    else:
        series = tuple(
            Series(f"{text[:20]}{at}", role, (0.0, 1.0), (5.0 * at, 1.0))  # type: ignore[arg-type]
            for role in ("base", "tuned")
            for at in range(2)
        )
    return Plot(f"p_{kind}", text, kind, series, text, text, events, (text,))  # type: ignore[arg-type]
