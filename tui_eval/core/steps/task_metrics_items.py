"""The items behind step 6's figures: which of them a row opens, and one with both answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.metrics import metric_of
from tui_eval.core.reading import Cell, Column, Table
from tui_eval.core.records import Completion
from tui_eval.core.steps.task_metrics_blind import kept_back, kept_words
from tui_eval.core.steps.task_metrics_chosen import (
    NO_CATEGORY,
    OPENS_ONE,
    UNPARSED_NAME,
    Chosen,
)
from tui_eval.core.steps.task_metrics_figures import (
    Compared,
    Pair,
    Side,
    by_difference,
    compare,
    estimated,
    item_value,
    triples,
)
from tui_eval.core.steps.task_metrics_look import Looked, figure_names, gathered, pairs_of
from tui_eval.core.steps.wording import count_text, without_common_start
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem
from tui_eval.core.text import clean

PROMPT_START = 120
SAID = 60


# Several items.


@dataclass(frozen=True, slots=True)
class Listed:
    """Items in the order of their difference; ``kept`` are those not listed yet."""

    title: str
    table: Table
    kept: str = ""


def listed(
    evidence: TaskEvidence, candidate: str, chosen: Chosen, against: str | None = None
) -> Listed | None:
    """None where there is no such task any more."""
    base = against or evidence.base(candidate)
    looked = _looked(evidence, candidate, base, chosen.task)
    if looked is None:
        return None
    found = _compared(looked, chosen.metric)
    if found is None:
        return None
    kept = kept_back(evidence, candidate, base)(looked.task)
    shown = [p for p in select(looked, found, chosen) if p.item.sample.id not in kept]
    name, metric = clean(looked.task.name, limit=30), clean(found.name, limit=30)
    words = chosen.words()
    what = (
        f"{words}: {count_text(len(shown), 'item')}"
        if words
        else f"{metric}, worst regression first, best gain last"
    )
    table = items_table([(looked, found, shown)], f"{name}: {metric}", slim=True)
    # Of the whole task: how many of these are kept would tell who answered so.
    return Listed(f"{name} · {what}", table, kept_words(len(kept)))


def _looked(evidence: TaskEvidence, candidate: str, base: str | None, name: str) -> Looked | None:
    task = next((one for one in evidence.tasks(candidate) if one.name == name), None)
    return None if task is None else gathered(evidence, candidate, base, task)


def _compared(looked: Looked, metric: str) -> Compared | None:
    names = dict(figure_names(looked))
    name = metric if metric in names else next(iter(names), "")
    if not name:
        return None
    return compare(looked.task, name, pairs_of(looked, names[name]), 0, 0.05)


def select(looked: Looked, found: Compared, chosen: Chosen) -> list[Pair]:
    """The worst regression first."""
    pairs = by_difference(found)
    if chosen.category is not None:
        wanted = chosen.category
        pairs = [one for one in pairs if (one.item.sample.category or NO_CATEGORY) == wanted]
    if chosen.true is not None:
        place = 1 if chosen.side == "base" else 2
        labels = triples(looked.task, pairs)
        pairs = [
            pair
            for pair, one in zip(pairs, labels, strict=True)
            if one[0] == chosen.true and chosen.said in (None, one[place])
        ]
    if chosen.reason:
        pairs = [one for one in pairs if _has_reason(one, chosen.reason)]
    return pairs


def _has_reason(pair: Pair, reason: str) -> bool:
    some = [pair.tuned, *([pair.base] if pair.base is not None else [])]
    return any(reason in (one.reasons or (one.reason,)) for one in some)


def items_table(
    some: Sequence[tuple[Looked, Compared, Sequence[Pair]]], title: str, *, slim: bool = False
) -> Table:
    """A row opens its item. ``slim``: without columns that hold nothing, and the task's."""
    rows: list[tuple[Cell, ...]] = []
    refs, opens = [], []
    for looked, found, pairs in some:
        prompts = without_common_start([pair.item.sample.prompt.strip() for pair in pairs])
        for pair, prompt in zip(pairs, prompts, strict=True):
            said = clean(prompt, limit=PROMPT_START)
            rows.append((clean(looked.task.name, limit=30), *_item(found, pair), said))
            refs.append(pair.item.sample.id)
            opens.append(f"{OPENS_ONE}:{looked.task.name}")
    whole = all(float(one).is_integer() for row in rows for one in row[3:6] if one is not None)
    # Right is 1 and wrong 0.
    digits = 0 if whole else 3
    columns: tuple[Column, ...] = (
        Column("task", "task"),
        Column("item", "item"),
        Column("category", "category", spare=True),
        Column("base", "○ base", "number", digits),
        Column("tuned", "● tuned", "number", digits),
        Column("difference", "difference", "number", digits),
        Column("base_said", "○ said"),
        Column("tuned_said", "● said"),
        Column("prompt", "prompt"),
    )
    if slim:
        kept = [
            at for at in range(1, len(columns)) if any(row[at] not in ("", None) for row in rows)
        ]
        columns = tuple(columns[at] for at in kept)
        rows = [tuple(row[at] for at in kept) for row in rows]
    return Table(title, columns, tuple(rows), tuple(refs), tuple(opens))


def _item(found: Compared, pair: Pair) -> tuple[Cell, ...]:
    value, sample = item_value(found), pair.item.sample
    base = None if pair.base is None else value(pair.base)
    tuned = value(pair.tuned)
    difference = None if base is None or tuned is None else tuned - base
    return (
        f"#{sample.row}",
        clean(sample.category or "", limit=40),
        base,
        tuned,
        difference,
        "" if pair.base is None else _briefly(pair.base),
        _briefly(pair.tuned),
    )


def _briefly(one: Measured) -> str:
    """The label read, or why it is wrong."""
    if one.label:
        return clean(one.label, limit=SAID)
    return clean(one.reason, limit=SAID) or (UNPARSED_NAME if one.label == "" else "")


# One item.


@dataclass(frozen=True, slots=True)
class Said:
    """One model's answer to an item, and what each measurement found on it."""

    side: Side
    model: str
    answers: tuple[Completion, ...]
    """In their order; several where a code problem has samples."""
    measured: Mapping[str, Measured]

    @property
    def heading(self) -> str:
        return f"{'○' if self.side == 'base' else '●'} {clean(self.model, limit=40)}"

    @property
    def text(self) -> str:
        """Exactly as answered."""
        return "\n\n".join(one.error or one.answer for one in self.answers)


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """``values``: by figure, what base's and tuned's answer are worth."""

    task: Task
    item: TaskItem
    said: tuple[Said, ...]
    values: tuple[tuple[str, float | None, float | None], ...]
    kept: bool = False
    """Answers are not in here: an open blind A/B asks the same."""


def detail(
    evidence: TaskEvidence, candidate: str, name: str, sample: str, against: str | None = None
) -> ItemDetail | None:
    base = against or evidence.base(candidate)
    looked = _looked(evidence, candidate, base, name)
    items = looked.task.items if looked is not None else ()
    item = next((one for one in items if one.sample.id == sample), None)
    if looked is None or item is None:
        return None
    if sample in kept_back(evidence, candidate, base)(looked.task):
        return ItemDetail(looked.task, item, (), (), kept=True)
    models: dict[Side, str | None] = {"base": base, "tuned": candidate}
    said = tuple(
        Said(
            side,
            models[side] or "",
            tuple(evidence.every_answer(candidate, models[side] or "", name).get(sample, ())),
            _found(looked, side, item),
        )
        for side in looked.sides
    )
    values = [
        (figure, _worth(said, "base", figure, measure), _worth(said, "tuned", figure, measure))
        for figure, measure in figure_names(looked)
    ]
    known = [one for one in values if one[1:] != (None, None)]
    return ItemDetail(looked.task, item, said, tuple(dict.fromkeys(known)))


def _found(looked: Looked, side: Side, item: TaskItem) -> Mapping[str, Measured]:
    scores = looked.scores[side]
    found = {m: scores.get(m, MetricScores()).items.get(item.sample.id) for m in looked.measures()}
    return {measure: one for measure, one in found.items() if one is not None}


def _worth(said: tuple[Said, ...], side: Side, figure: str, measure: str) -> float | None:
    one = next((made.measured.get(measure) for made in said if made.side == side), None)
    if one is None:
        return None
    if metric_of(figure).kind == "problems":
        counted = estimated(one, figure)
        return None if counted is None else counted.values.get(figure)
    return one.values.get(figure)
