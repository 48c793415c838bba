"""The memo as GitHub-flavoured Markdown that also reads well as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tui_eval.core.reading import Table
from tui_eval.core.shown import shown_columns
from tui_eval.core.text import cells
from tui_eval.files.report import memo
from tui_eval.files.report.compose import compose
from tui_eval.files.report.gather import Material
from tui_eval.files.report.markdown_plots import picture
from tui_eval.files.report.markdown_text import fenced, inline, start

FIRST_LINE = "<!-- tui-eval report -->"
MARKS = {"good": "✓", "caution": "!", "bad": "✗", "not_enough": "?", "waiting": "…", "note": "·"}
WORDS = {"not_enough": "not enough"}
ROWS = 20
"""More are in the JSON report."""
CELL = 100
"""Characters of a cell, but for tables that are wanted whole."""
PADDED = 60
"""Cells up to which columns are padded, so that a table can be read as it is."""


def write(material: Material) -> str:
    return document(compose(material))


def document(made: memo.Memo) -> str:
    parts = [FIRST_LINE, f"# {start(made.title)}"]
    parts.append("\n".join(f"- **{inline(name)}:** {inline(text)}" for name, text in made.about))
    for section in made.sections:
        parts += _section(section, 2)
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: memo.Section, level: int) -> Iterator[str]:
    tone = f": {_verdict(section.tone)}" if section.tone else ""
    yield f"{'#' * min(level, 6)} {start(section.title)}{tone}"
    for block in section.blocks:
        yield from _block(block, level)
    for inner in section.sections:
        yield from _section(inner, level + 1)


def _verdict(tone: str) -> str:
    return f"{MARKS[tone]} {WORDS.get(tone, tone)}"


def _block(block: memo.Block, level: int) -> Iterator[str]:
    match block:
        case memo.Paragraph(text):
            yield start(text)
        case memo.Decision():
            lines = [f"**{inline(block.word)}**. {inline(block.text)}"]
            if block.note.strip():
                lines += ["", *map(start, block.note.strip().splitlines())]
            yield "\n".join(f"> {line}".rstrip() for line in lines)
        case memo.Findings(items):
            yield "\n".join(
                f"- {MARKS[one.tone]} {WORDS.get(one.tone, one.tone)}: {inline(one.text)}"
                + (f" (`{one.code}`)" if one.code else "")
                for one in items
            )
        case memo.Answers(items):
            yield "\n".join(map(_answer, items))
        case memo.Points(items):
            yield "\n".join(f"- {start(one)}" for one in items)
        case memo.Pairs(rows):
            yield "\n".join(f"- **{inline(name)}:** {inline(text)}" for name, text in rows)
        case memo.Sheet(table, whole):
            yield from sheet(table, whole)
        case memo.Picture(plot):
            drawn = picture(plot)
            if drawn is not None:
                yield from sheet(drawn)
        case memo.Verbatim(text):
            yield fenced(text)
        case memo.Fold(title, blocks):
            yield f"{'#' * min(level + 1, 6)} {start(title)}"
            for inner in blocks:
                yield from _block(inner, level + 1)


def _answer(one: memo.Answer) -> str:
    lines = [f"{one.number}. **{inline(one.title)}: {_verdict(one.tone)}.** {inline(one.summary)}"]
    if one.evidence:
        lines.append(f"   ({inline(one.evidence)})")
    return "\n".join(lines)


def sheet(table: Table, whole: bool = False) -> Iterator[str]:
    shown = table if whole else replace(table, rows=table.rows[:ROWS])
    columns = shown_columns(shown)
    heads = [inline(column.title) for column in columns]
    rows = [
        [inline(column.text(row).strip(), limit=None if whole else CELL) for column in columns]
        for row in range(len(shown.rows))
    ]
    widths = [
        min(PADDED, max(3, *(cells(text) for text in column)))
        for column in zip(heads, *rows, strict=True)
    ]
    right = [column.right for column in columns]
    rule = "|".join(
        f" {'-' * (width - 1)}: " if side else f" {'-' * width} "
        for width, side in zip(widths, right, strict=True)
    )
    lines = [_row(heads, widths, right), f"|{rule}|"]
    lines += [_row(row, widths, right) for row in rows]
    if table.title:
        yield f"**{inline(table.title[:1].upper() + table.title[1:])}**"
    yield "\n".join(lines)
    more = len(table.rows) - len(shown.rows)
    if more > 0:
        yield f"and {more:,} more, in the JSON report"


def _row(texts: list[str], widths: list[int], right: list[bool]) -> str:
    padded = []
    for text, width, side in zip(texts, widths, right, strict=True):
        room = " " * max(0, width - cells(text))
        padded.append(room + text if side else text + room)
    return f"| {' | '.join(padded)} |"
