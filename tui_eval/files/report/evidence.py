"""One step's evidence: its findings, plots, numbers and tables, and how they were computed."""

from __future__ import annotations

from tui_eval.checklist import StepEntry
from tui_eval.core.figures import interval_text, value_text
from tui_eval.core.reading import Column, Reading, Table, finite
from tui_eval.core.records import Job
from tui_eval.core.steps.wording import count_text
from tui_eval.files.report.memo import (
    Block,
    Findings,
    Fold,
    Marked,
    Paragraph,
    Picture,
    Points,
    Section,
    Sheet,
)

FOLDED_ROWS = 12
"""Longer tables wait folded: who reads the memo need not scroll over them."""
PLOTS = 2
"""More of a step's plots wait folded."""


def step_section(
    number: int, entry: StepEntry, reading: Reading, prefix: str, last: Job | None
) -> Section:
    blocks: list[Block] = [Paragraph(f"{entry.question[0].upper()}{entry.question[1:]}", True)]
    blocks.append(Paragraph(reading.summary))
    if last is not None:
        blocks.append(Findings((Marked("caution", f"last try: {last.state}. {last.error}"),)))
    if reading.findings:
        blocks.append(
            Findings(tuple(Marked(one.severity, one.text, one.code) for one in reading.findings))
        )
    if reading.advice:
        blocks += [Paragraph("What to try, in the order of what it costs:"), Points(reading.advice)]
    blocks += _drawn(reading)
    blocks += _tables(reading)
    if reading.numbers:
        many = len(reading.numbers)
        blocks.append(
            Fold(f"All {count_text(many, 'number')}", (Sheet(number_table(reading), whole=True),))
        )
    if reading.how:
        blocks.append(Fold("How it was computed", tuple(Paragraph(one) for one in reading.how)))
    return Section(
        f"{number} {entry.title}", f"{prefix}{entry.key}", tuple(blocks), tone=reading.verdict
    )


def _drawn(reading: Reading) -> list[Block]:
    made: list[Block] = []
    folded: list[Block] = []
    for plot in reading.plots:
        some = made if len(made) < PLOTS else folded
        some.append(Picture(plot))
    if folded:
        made.append(Fold(count_text(len(folded), "more plot"), tuple(folded)))
    return made


def _tables(reading: Reading) -> list[Block]:
    made: list[Block] = []
    drawn = {plot.key for plot in reading.plots if plot.kind == "matrix"}
    for key, table in reading.tables.items():
        if not table.rows:
            continue
        if len(table.rows) <= FOLDED_ROWS and key not in drawn:
            made.append(Sheet(table))
        else:
            title = table.title[:1].upper() + table.title[1:]
            made.append(Fold(f"{title} ({count_text(len(table.rows), 'row')})", (Sheet(table),)))
    return made


def number_table(reading: Reading) -> Table:
    """By the names that ``show --json`` and the gate use; why there is none where there is none."""
    rows = []
    for name, number in reading.numbers.items():
        known = finite(number.value) is not None
        rows.append(
            (
                name,
                value_text(number) if known else "-",
                interval_text(number) if known else "",
                number.n,
                number.unit if number.unit not in ("rate", "share") else "",
                number.why,
            )
        )
    columns = (
        Column("name", "name"), Column("value", "value", "number"),
        Column("interval", "95% interval"), Column("n", "n", "count"),
        Column("unit", "unit"), Column("why", "why"),
    )  # fmt: skip
    kept = [at for at in range(len(columns)) if at < 2 or any(row[at] for row in rows)]
    return Table(
        "",
        tuple(columns[at] for at in kept),
        tuple(tuple(row[at] for at in kept) for row in rows),
    )
