"""What it was made from, so that another person can repeat it: the memo's last part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui_eval.core.figures import count
from tui_eval.core.reading import Cell, Column, Table
from tui_eval.files.report.gather import Material
from tui_eval.files.report.memo import (
    Block,
    Findings,
    Fold,
    Marked,
    Pairs,
    Paragraph,
    Section,
    Sheet,
    Verbatim,
)

SKIPPED = 50
"""Rows that are named one by one; JSON has up to a thousand of each file."""


def sources(material: Material) -> Section:
    told = material.provenance
    parts = (
        Section("Models", "models", _models(told)),
        Section("Data", "data", _data(told)),
        Section("Prompts", "prompts", _prompts(told)),
        Section("Judges", "judges", _judges(told)),
        Section("What was left out", "left-out", _left_out(told)),
        Section("Settings and seeds", "settings", _settings(told)),
        Section("Software and hardware", "software", _software(told)),
        Section("To repeat it", "repeat", _repeat(told)),
    )
    faults = [Marked("bad", str(fault)) for fault in told["faults"]]
    blocks: tuple[Block, ...] = (Findings(tuple(faults)),) if faults else ()
    return Section("How it can be repeated", "sources", blocks, parts)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Sheet:
    """Columns without a value in any row are left out."""
    kept = [
        at for at in range(len(heads)) if not at or any(row[at] not in (None, "") for row in rows)
    ]
    columns = tuple(
        Column(f"c{at}", heads[at], "count" if _counts(rows, at) else "text") for at in kept
    )
    cells = tuple(tuple(row[at] for at in kept) for row in rows)
    return Sheet(Table(title, columns, cells), whole=True)


def _counts(rows: Sequence[Sequence[Cell]], at: int) -> bool:
    values = [row[at] for row in rows if row[at] not in (None, "")]
    return bool(values) and all(isinstance(value, int) for value in values)


def _models(told: Mapping[str, Any]) -> tuple[Block, ...]:
    rows = []
    for name, one in told["models"].items():
        marks = one["fingerprints"]
        where = one.get("path") or one.get("answers") or one.get("url")
        kind = one["kind"] + (f", rank {one['rank']}" if one.get("rank") else "")
        notes = [
            "own system prompt" if one.get("own_system") else "",
            f"examples: {one['few_shot']}" if one.get("few_shot") else "",
            "as recorded" if marks["as_recorded"] else "",
        ]
        note = "; ".join(filter(None, notes))
        rows.append(
            (name, one["role"], where, kind, one.get("step"), _mark(marks, "weights"),
             _mark(marks, "adapter"), marks["tokenizer"], note)
        )  # fmt: skip
    heads = ("model", "role", "path", "kind", "step", "weights", "adapter", "tokenizer", "note")
    runs = [
        (
            run["model"],
            ", ".join(run["what"]),
            run["dtype"],
            run["detail"].get("decoding"),
            run["detail"].get("max_new_tokens") or run["max_length"],
            run["scorer"],
            _day(run["at"]),
            run["key"],
        )
        for run in told["runs"]
    ]
    run_heads = ("model", "made", "dtype", "decoding", "tokens at most", "by", "at", "key")
    details = [
        (
            f"{run['model']}, {', '.join(run['what'])}",
            "; ".join(f"{name} {_words(value)}" for name, value in run["detail"].items()),
        )
        for run in told["runs"]
        if run["detail"]
    ]
    blocks: list[Block] = [
        Paragraph(
            "A fingerprint is made of the content of weights, adapter and tokenizer files,"
            " never of times. Files below 64 MiB are read whole; of larger ones the header and"
            " fixed blocks are (sampled): a training run changes those too, but equal ones do not"
            " prove that every byte is the same.",
            quiet=True,
        ),
        _table("", heads, rows),
    ]
    if runs:
        made = _table("what was computed", run_heads, runs)
        how = (Pairs(tuple(details)),) if details else ()
        blocks.append(Fold(f"What was computed, and how ({len(runs)})", (made, *how)))
    return tuple(blocks)


def _mark(marks: Mapping[str, Any], part: str) -> str | None:
    sampled = part in (marks.get("sampled") or ())
    return f"{marks[part]} (sampled)" if sampled and marks[part] else marks[part]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return str(value)


def _data(told: Mapping[str, Any]) -> tuple[Block, ...]:
    rows = [
        (
            one["name"],
            one["path"],
            one.get("rows"),
            one.get("used"),
            one.get("shape"),
            one["bytes"],
            one["sha256"] or one.get("fault"),
        )
        for one in told["data"]
    ]
    heads = ("data", "file", "rows", "used", "shape", "bytes", "SHA-256")
    notes = [
        Paragraph(f"{one['name']}: {note}", quiet=True)
        for one in told["data"]
        for note in one.get("notes", ())
    ]
    return (_table("", heads, rows), *notes)


def _prompts(told: Mapping[str, Any]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    shown: dict[str, str] = {}
    for candidate, one in told["prompts"].items():
        lines = [("template", one["source"])]
        if one["sha256"]:
            lines.append(("SHA-256", one["sha256"]))
        blocks.append(Paragraph(f"For {candidate} and what it is held against:"))
        blocks.append(Pairs(tuple(lines)))
        for model, system in one["system"].items():
            if not system:
                blocks.append(Paragraph(f"{model}: no system prompt.", quiet=True))
            else:
                blocks.append(Fold(f"System prompt of {model}", (Verbatim(system),)))
        text = one["template"]
        if text and text not in shown:
            shown[text] = candidate
            blocks.append(Fold("The whole chat template", (Verbatim(text),)))
        elif text:
            blocks.append(Paragraph(f"The template is that of {shown[text]}.", quiet=True))
    return tuple(blocks)


def _judges(told: Mapping[str, Any]) -> tuple[Block, ...]:
    if not told["judges"]:
        return (Paragraph("Nobody has judged yet."),)
    rows = []
    for one in told["rounds"]:
        what = "review" if one["step"] == "review" else "blind A/B"
        models = " against ".join(one["models"])
        opened = one["unblinded_by"]
        for judge in one["judges"]:
            ended = "finished" if judge["finished"] else ""
            if judge["closed_by"]:
                ended = f"closed by {judge['closed_by']}"
            rows.append(
                (what, models, judge["judge"], judge["done"], judge["planned"],
                 _day(judge["first_at"]), _day(judge["last_at"]), ended,
                 f"by {opened}, {_day(one['unblinded_at'])}" if opened else "", judge["seed"])
            )  # fmt: skip
    heads = ("step", "of", "judge", "done", "planned", "from", "to", "ended", "unblinded", "seed")
    journals = [
        (
            one["judge"],
            f"{one['login']}@{one['host']}",
            one["events"],
            _day(one["first_at"]),
            _day(one["last_at"]),
            one["file"],
            one["sha256"],
            one["fault"],
        )
        for one in told["judges"]
    ]
    journal_heads = ("judge", "login", "events", "from", "to", "journal", "SHA-256", "fault")
    people, journals_ = len({one["judge"] for one in told["judges"]}), len(told["judges"])
    word = "judge" if people == 1 else "judges"
    return (
        Paragraph(f"{people} {word}, {count(journals_)} journal{'' if journals_ == 1 else 's'}."),
        *([_table("", heads, rows)] if rows else []),
        _table("journals", journal_heads, journals),
    )


def _day(at: str | None) -> str:
    return (at or "")[:16].replace("T", " ")


def _left_out(told: Mapping[str, Any]) -> tuple[Block, ...]:
    skipped = [
        (one["source"].rpartition("/")[2], row["row"], row["reason"])
        for data in told["data"]
        for row in data.get("skipped_rows", ())
        for one in [row]
    ]
    if not told["exclusions"] and not skipped:
        return (Paragraph("Nothing: every row of the data could be used."),)
    rows = [(one["of"], one["count"], one["why"]) for one in told["exclusions"]]
    blocks: list[Block] = [_table("", ("of", "how many", "why"), rows)]
    if skipped:
        some = _table("", ("file", "row", "why"), skipped[:SKIPPED])
        more = len(skipped) - SKIPPED
        rest = (Paragraph(f"and {count(more)} more"),) if more > 0 else ()
        blocks.append(Fold(f"Skipped rows ({count(len(skipped))})", (some, *rest)))
    return tuple(blocks)


def _settings(told: Mapping[str, Any]) -> tuple[Block, ...]:
    seeds = tuple((name, str(value)) for name, value in told["seeds"].items())
    rows = [
        (one["name"], _setting(one["value"]), f"line {one['line']}" if one["line"] else "default")
        for one in told["settings"]
    ]
    toml = told["eval_toml"]
    blocks: list[Block] = [Pairs(seeds)]
    if toml["text"]:
        blocks.append(Fold("eval.toml", (Verbatim(toml["text"]),)))
    blocks.append(
        Fold("All settings in force", (_table("", ("setting", "value", "set in"), rows),))
    )
    return tuple(blocks)


def _setting(value: Any) -> str:
    if value is None or value == []:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _software(told: Mapping[str, Any]) -> tuple[Block, ...]:
    software = told["software"]
    packages = ", ".join(f"{name} {v}" for name, v in software["packages"].items() if v)
    blocks: list[Block] = [
        Pairs(
            (
                ("tui-eval", software["tui_eval"]),
                ("Python", software["python"]),
                ("system", software["platform"]),
                ("packages", packages),
                ("code sandbox", _sandbox(told["sandbox"])),
            )
        )
    ]
    machines = told["machines"]
    if machines:
        heads = list(dict.fromkeys(name for one in machines for name in one))
        rows = [[_cell(one.get(name)) for name in heads] for one in machines]
        words = [name.replace("_", " ") for name in heads]
        blocks.append(_table("the machines that computed", words, rows))
    return tuple(blocks)


def _cell(value: Any) -> Cell:
    return value if isinstance(value, str | int | float) or value is None else _words(value)


def _sandbox(told: Mapping[str, Any]) -> str:
    ran = [
        f"task {task} of {name}: {level}"
        for name, tasks in told["ran_at"].items()
        for task, level in tasks.items()
    ]
    return f"at least {told['demanded']} asked for; {'; '.join(ran) or 'no code was run'}"


def _repeat(told: Mapping[str, Any]) -> tuple[Block, ...]:
    return (
        Paragraph(
            "In a folder that holds this eval.toml, the data files and models named above and,"
            " copied from where it was judged, the files that are named here:"
        ),
        Verbatim("\n".join(told["commands"]) + "\n"),
        Paragraph(
            "The same inputs give the same losses, answers and figures up to rounding on the same"
            " kind of hardware. What people judged is in their journals, and whose answers those"
            " were in the facts beside them.",
            quiet=True,
        ),
    )
