"""Tables of step 6."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui_eval.core.metrics import metric_of
from tui_eval.core.reading import Cell, Column, Number, Table
from tui_eval.core.stats.classification import Report, report
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.resampled import DRAWS
from tui_eval.core.steps.task_metrics_chosen import MATRIX, OPENS, Chosen, label_text
from tui_eval.core.steps.task_metrics_figures import (
    Compared,
    Side,
    by_category,
    by_difference,
    compare,
    triples,
)
from tui_eval.core.steps.task_metrics_items import items_table
from tui_eval.core.steps.task_metrics_look import Looked
from tui_eval.core.steps.task_metrics_tests import ALIKE, NO_SPREAD, Case, amount
from tui_eval.core.text import cells, clean

SHOWN = 50
"""Items told at each end of a task's list; a screen asks ``by_difference`` for all."""
MOST_LABELS = 20
"""More labels than this make no matrix that can be read; their confusions are listed."""
CONFUSED = 50
SHOWS = {1: "better", -1: "worse", 0: "not shown"}
LEAST = (
    "the smallest difference that so many items find 4 times in 5, of each task's first metric; the"
    " column least has those of all, where the screen is wide enough"
)
LINE = 70
"""Cells of a line below a table that fit 80 columns."""
NOTHING_YET = "nothing is measured here yet"


def tables(case: Case) -> dict[str, Table]:
    shown = {"metrics": _metrics(case)}
    some = [looked for looked in case.tasks if looked.first is not None and looked.first.n]
    if any(by_category(looked.compared[0]) for looked in some):
        shown["by_category"] = _categories(case, some)
    for looked in some:
        found = next((c for c in looked.compared if c.metric.measure == "labels"), None)
        if found is not None and found.n:
            shown |= _classification(looked, found)
    if any(_reasons(looked) for looked in some):
        shown["reasons"] = _reason_table(some)
    if some and case.base is not None:
        shown["items"] = _items(case, some)
    return shown


FIGURES = (
    Column("n", "n", "count", 0),
    Column("base", "○ base", "number", -1),
    Column("tuned", "● tuned", "number", -1),
    Column("difference", "difference", "number", -1),
    Column("low", "low", "number", -1),
    Column("high", "high", "number", -1),
)


def _metrics(case: Case) -> Table:
    """Base and tuned side by side. A task's name stands in the row of its first metric, which
    carries the verdict and has its mark; ↵ opens the items in the order of the difference."""
    rows: list[tuple[Cell, ...]] = []
    refs, opens = [], []
    for looked in case.tasks:
        name = clean(looked.task.name, limit=30)
        for found in looked.compared:
            mark = _mark(case, looked, found) if found is looked.first else ""
            words = SHOWS[found.better] if found.difference is not None else ""
            figures = _figures(found)
            rows.append(
                (name, clean(found.name, limit=30), *figures, mark, found.detectable, words)
            )
            refs.append(Chosen(looked.task.name, found.name).ref if found.n else NOTHING_YET)
            opens.append(OPENS if found.n else "say")
            name = ""
        if looked.task.sandbox:
            level = clean(looked.task.sandbox, limit=40)
            rows.append((name, f"sandbox: {level}", *[None] * 9))
            refs.append(f"the code that the models wrote ran in a sandbox: {level}")
            opens.append("note")
    columns = (
        Column("task", "task"),
        Column("metric", "metric"),
        *FIGURES,
        Column("mark", ""),
        Column("detectable", "least", "number", -1, spare=True),
        Column("shows", "shows", spare=True),
    )
    for told in _least(case):
        rows.append((told, *[None] * 10))
        refs.append(LEAST)
        opens.append("note")
    return Table("metrics", columns, tuple(rows), tuple(refs), tuple(opens))


def _least(case: Case) -> list[str]:
    """In lines below the table, where a narrow screen has no column for it: of each task's
    first metric the smallest difference that its items could show."""
    some = [
        f"{clean(looked.task.name, limit=30)} {amount(looked.first, looked.first.detectable)}"
        for looked in case.tasks
        if looked.first is not None and looked.first.detectable is not None
    ]
    lines: list[str] = []
    for at, one in enumerate(some):
        end = "," if at < len(some) - 1 else ""
        grown = f"{lines[-1]} {one}{end}" if lines else f"least that could show: {one}{end}"
        if lines and cells(grown) > LINE:
            lines.append(f"  {one}{end}")
        else:
            lines[-1:] = [grown]
    return lines


def _mark(case: Case, looked: Looked, found: Compared) -> str:
    if looked.waiting:
        return "…"
    if found.difference is None or not case.enough(looked):
        return "?"
    return {1: "✓", -1: "✗", 0: "!"}[found.better]


def _figures(found: Compared) -> tuple[Cell, ...]:
    value = None if found.difference is None else found.difference.value
    return (found.n, _value(found.base), _value(found.tuned), value, *_ends(found.difference))


def _value(found: Interval | None) -> float | None:
    return None if found is None else found.value


def _ends(found: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if found is None else (found.low, found.high)


def _categories(case: Case, some: Sequence[Looked]) -> Table:
    """By each task's first metric. A category with few items gets no interval."""
    rows: list[tuple[Cell, ...]] = []
    refs = []
    for looked in some:
        first, name = looked.compared[0], clean(looked.task.name, limit=30)
        for category, pairs in by_category(first).items():
            few = len(pairs) < case.limit("category_items") or looked.waiting
            part = compare(
                looked.task, first.name, pairs, 0 if few else DRAWS, case.limit("significance")
            )
            figures = _figures(part)
            ends = (None, None) if few else figures[-2:]
            rows.append((name, clean(category, limit=40), *figures[:-2], *ends))
            refs.append(Chosen(looked.task.name, category=category).ref)
    columns = (Column("task", "task"), Column("category", "category"), *FIGURES)
    return Table("by category", columns, tuple(rows), tuple(refs), (OPENS,) * len(rows))


# Classification


def reports(looked: Looked, found: Compared) -> dict[Side, Report]:
    """Of the items that were measured under every model."""
    some = triples(looked.task, found.pairs)
    made: dict[Side, Report] = {"tuned": report((true, tuned) for true, _, tuned in some)}
    if looked.base is not None:
        made["base"] = report((true, base) for true, base, _ in some)
    return made


def _classification(looked: Looked, found: Compared) -> dict[str, Table]:
    made, name = reports(looked, found), looked.task.name
    shown = {f"labels_{name}": _labels(looked, made)}
    order = label_order(made)
    if len(order) <= MOST_LABELS:
        shown[f"{MATRIX}{name}"] = _matrix(looked, made["tuned"], order)
    if confused := _confused(looked, made):
        shown[f"confused_{name}"] = confused
    return shown


def label_order(made: dict[Side, Report]) -> list[str]:
    """Every label that is true or answered, unparsed at the end."""
    every = {label for one in made.values() for label in (*one.true, *one.answered)}
    return [*sorted(every - {""}), *([""] if "" in every else [])]


def _labels(looked: Looked, made: dict[Side, Report]) -> Table:
    tuned, base = made["tuned"], made.get("base")
    before = {one.label: one for one in base.per_label} if base is not None else {}
    rows: list[tuple[Cell, ...]] = []
    refs = []
    for one in tuned.per_label:
        other = before.get(one.label)
        theirs = (other.precision, other.recall, other.f1) if other else (None, None, None)
        ours = (one.precision, one.recall, one.f1)
        rows.append((label_text(one.label), one.support, *_paired(theirs, ours)))
        refs.append(Chosen(looked.task.name, true=one.label).ref)
    columns = [Column("label", "label"), Column("support", "support", "count", 0)]
    for key, title in (("precision", "precision"), ("recall", "recall"), ("f1", "F1")):
        columns.append(Column(f"base_{key}", f"○ {title}", "number"))
        columns.append(Column(f"tuned_{key}", f"● {title}", "number"))
    title = f"report by label of {clean(looked.task.name, limit=30)}"
    return Table(title, tuple(columns), tuple(rows), tuple(refs), (OPENS,) * len(rows))


def _paired(one: Sequence[Cell], other: Sequence[Cell]) -> list[Cell]:
    return [cell for both in zip(one, other, strict=True) for cell in both]


def _matrix(looked: Looked, tuned: Report, order: Sequence[str]) -> Table:
    """A row per true label, a column per answered one; the key of a column is its place."""
    trues = [label for label in order if tuned.true[label]]
    rows: list[tuple[Cell, ...]] = [
        (label_text(true), *(tuned.cells.get((true, said), 0) for said in order)) for true in trues
    ]
    columns = [Column("true", "true \\ answered")]
    columns += [Column(f"c{at}", label_text(said), "count", 0) for at, said in enumerate(order)]
    title = (
        f"{clean(looked.task.name, limit=30)}: ● {looked.names['tuned']}'s answers by true label"
    )
    return Table(title, tuple(columns), tuple(rows))


def _confused(looked: Looked, made: dict[Side, Report]) -> Table | None:
    """The commonest wrong answers of either model; a row opens those items."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in made.values():
        for (true, said), count in one.cells.items():
            if true != said:
                counts[true, said] = max(counts[true, said], count)
    some = sorted(counts, key=lambda cell: (-counts[cell], cell))[:CONFUSED]
    if not some:
        return None
    rows: list[tuple[Cell, ...]] = []
    refs = []
    base = made.get("base")
    for true, said in some:
        theirs = None if base is None else base.cells.get((true, said), 0)
        ours = made["tuned"].cells.get((true, said), 0)
        rows.append((label_text(true), label_text(said), theirs, ours))
        side: Side = "tuned" if ours else "base"
        refs.append(Chosen(looked.task.name, true=true, said=said, side=side).ref)
    columns = (
        Column("true", "true"),
        Column("answered", "answered"),
        Column("base", "○ base", "count", 0),
        Column("tuned", "● tuned", "count", 0),
    )
    title = f"confusions of {clean(looked.task.name, limit=30)}"
    return Table(title, columns, tuple(rows), tuple(refs), (OPENS,) * len(rows))


# Why answers are wrong


def _reasons(looked: Looked) -> dict[str, dict[Side, int]]:
    """How often each reason of the first metric's measurement stands, per model."""
    measure = metric_of(looked.task.metrics[0]).measure
    found: dict[str, dict[Side, int]] = {}
    for side in looked.sides:
        for one in looked.measured(side, measure):
            for reason, count in (one.reasons or {one.reason: 1}).items():
                if reason and count:
                    counts = found.setdefault(reason, {})
                    counts[side] = counts.get(side, 0) + count
    return found


def _reason_table(some: Sequence[Looked]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    refs = []
    for looked in some:
        found = _reasons(looked)
        for reason in sorted(found, key=lambda one: (-max(found[one].values()), one)):
            base = found[reason].get("base", 0) if looked.base is not None else None
            name, told = clean(looked.task.name, limit=30), clean(reason, limit=60)
            rows.append((name, told, base, found[reason].get("tuned", 0)))
            refs.append(Chosen(looked.task.name, reason=reason).ref)
    columns = (
        Column("task", "task"),
        Column("reason", "why not right"),
        Column("base", "○ base", "count", 0),
        Column("tuned", "● tuned", "count", 0),
    )
    title = "why answers are not right"
    return Table(title, columns, tuple(rows), tuple(refs), (OPENS,) * len(rows))


# Items


def _items(case: Case, some: Sequence[Looked]) -> Table:
    """The worst regressions and the best gains by the first metric; a row opens the item."""
    shown = []
    for looked in some:
        first = looked.compared[0]
        ordered = by_difference(first)
        ends = ordered if len(ordered) <= 2 * SHOWN else [*ordered[:SHOWN], *ordered[-SHOWN:]]
        shown.append((looked, first, ends))
    return items_table(shown, "items by difference: worst regression first")


# Numbers


def numbers(case: Case) -> dict[str, Number]:
    """``TASK.METRIC.base`` and its kin."""
    found: dict[str, Number] = {}
    for looked in case.tasks:
        found[f"{looked.task.name}.items"] = Number(len(looked.task.items))
        made = {one.name: one for one in looked.compared}
        for name, one in made.items():
            found |= _of_metric(f"{looked.task.name}.{name}", looked, one)
    return found


def _of_metric(prefix: str, looked: Looked, found: Compared) -> dict[str, Number]:
    # A finding says why at length, once.
    why = "not measured yet" if looked.waiting else "nothing measured"
    if looked.task.fault or looked.task.refused:
        why = "the task can't be measured: see its finding"
    if found.tuned is None:
        names = ("base", "tuned", "difference", "detectable")
        return {f"{prefix}.{name}": Number(None, why=why) for name in names}
    unit = "" if found.metric.own else found.metric.unit
    alone = "there is no base model"
    spread = "" if looked.waiting or found.n < 2 else NO_SPREAD
    moved = ALIKE if spread and found.alike and found.units > 1 else spread
    made = {
        "base": _number(found.base, found.n, unit, alone, spread),
        "tuned": _number(found.tuned, found.n, unit, "", spread),
        "difference": _number(found.difference, found.n, unit, alone, moved),
        "detectable": Number(found.detectable, n=found.n, unit=unit, why=_why_not(looked, found)),
    }
    if found.p is not None:
        made["mcnemar_p"] = Number(found.p, n=found.wins + found.losses, unit="p")
    return {f"{prefix}.{name}": number for name, number in made.items()}


def _number(found: Interval | None, n: int, unit: str, why: str, spread: str) -> Number:
    """``spread``: why it has no ends where it has none."""
    if found is None:
        return Number(None, n=n, unit=unit, why=why or "nothing to divide by")
    why = spread if found.low is None else ""
    return Number(found.value, found.low, found.high, n, unit, why)


def _why_not(looked: Looked, found: Compared) -> str:
    """Why no smallest difference is told."""
    if found.detectable is not None:
        return ""
    if looked.base is None:
        return "there is no base model"
    if looked.waiting:
        return "not every item is measured yet"
    if found.alike and found.units > 1 and found.p is None:
        return "every item moved by the same: nothing tells how far others might"
    return "too few items" if found.units == found.n else "too few groups"
