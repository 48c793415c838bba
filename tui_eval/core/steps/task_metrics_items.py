"""The items behind step 6's figures: which of them a row opens, and one with both answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.judgements import rounds
from tui_eval.core.metrics import metric_of
from tui_eval.core.reading import Cell, Column, Table
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps import blind_ab_votes
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
from tui_eval.core.text import cells, clean, fold
from tui_eval.errors import NothingMatches

PROMPT_START = 120
TELLING = 20
"""Cells of a text that is hardly the same by chance: ``positive`` answers many prompts."""
SAID = 60


# Answers that a blind comparison still asks about.


def kept_back(
    evidence: TaskEvidence, candidate: str, base: str | None
) -> Callable[[Task], frozenset[str]]:
    """The items of a task (sample ids) that ask what a blind comparison of the candidate asks
    that isn't unblinded, begun or not, or whose answers are among those compared: who has read
    here which model wrote what can't judge it blind. Only where a task's data overlaps the
    validation rows is there any."""
    try:
        kept = _asked_blind(evidence, candidate, base)
    except NothingMatches:
        # Answers to a task alone: nobody can compare them blind.
        kept = []
    if not kept:
        return lambda task: frozenset()
    models = [one for one in dict.fromkeys((candidate, base)) if one is not None]
    asks = _asks(kept)
    made = {model: evidence.answers(candidate, model) for model in models}
    compared = {fold(some[id].answer) for some in made.values() for id in asks.ids if id in some}
    telling = {one for one in compared if cells(one) >= TELLING}
    # Short answers are known by standing together, and with the right one.
    trios = {
        (fold(one.reference or ""), *(fold(some[one.id].answer) for some in made.values()))
        for one in kept
        if all(one.id in some for some in made.values())
    }
    # A file's row that answers both by its id alone is the same answer, however short.
    rows = [
        frozenset(some[id].row for id in asks.ids if id in some and some[id].row)
        for some in made.values()
    ]
    tasks = {one.name for one in evidence.tasks(candidate)}

    def of(task: Task) -> frozenset[str]:
        found = {item.sample.id for item in task.items if asks.same(item)}
        if task.name not in tasks:
            return frozenset(found)
        said = [evidence.every_answer(candidate, model, task.name) for model in models]
        for some, same in zip(said, rows, strict=True):
            found |= {
                id
                for id, every in some.items()
                if _any_of(every, telling) or any(one.row in same for one in every)
            }
        # Of labels there are so few that items of any other question have the same three.
        if any(metric_of(name).measure == "labels" for name in task.metrics):
            return frozenset(found)
        for item in task.items:
            texts = [
                fold(some[item.sample.id][0].answer) for some in said if item.sample.id in some
            ]
            right = item.references or (item.sample.reference or "",)
            if len(set(texts)) > 1 and any((fold(one), *texts) in trios for one in right):
                found.add(item.sample.id)
        return frozenset(found)

    return of


def _any_of(every: Sequence[Completion], texts: set[str]) -> bool:
    return any(fold(one.answer) in texts for one in every)


@dataclass(frozen=True, slots=True)
class _Asks:
    """What an open comparison asks, to find it again in other words."""

    ids: frozenset[str]
    rows: frozenset[tuple[str, int]]
    prompts: frozenset[str]

    def same(self, item: TaskItem) -> bool:
        sample = item.sample
        if sample.id in self.ids or sample.folded_prompt in self.ids:
            return True
        if (sample.source, sample.row) in self.rows:
            return True
        # Another template puts its words around the prompt, or leaves it in its row.
        turns = [fold(turn.content) for turn in sample.messages] or [fold(sample.text or "")]
        texts = [*turns, *(fold(one) for one in item.fields.values() if isinstance(one, str))]
        return any(text in self.prompts for text in (fold(sample.prompt), *texts)) or any(
            prompt in text for prompt in self.prompts if cells(prompt) >= TELLING for text in texts
        )


def _asks(kept: Sequence[Sample]) -> _Asks:
    ids = {one.id for one in kept} | {one.folded_prompt for one in kept if one.folded_prompt}
    rows = {(one.source, one.row) for one in kept if one.source and one.row}
    prompts = {fold(one.prompt) for one in kept}
    return _Asks(frozenset(ids), frozenset(rows), frozenset(prompts))


def _asked_blind(evidence: TaskEvidence, candidate: str, base: str | None) -> list[Sample]:
    known = evidence.answers(candidate, candidate)
    by_id = {one.id: one.sample for one in known.values()}
    asked: set[str] = set()
    samples: Mapping[str, Sample] = {}
    for one in rounds(evidence.judgements()).values():
        if one.step == "blind_ab" and not one.unblinded_at:
            pairs = [pair for judge in one.judges for pair in judge.pairs]
            asked |= {by_id[id] for p in pairs for id in (p.left, p.right) if id in by_id}
    if base is not None and base != candidate:
        found = blind_ab_votes.asked(evidence, candidate, base)
        samples = found.samples
        asked |= frozenset() if found.standing.unblinded else found.chosen
    else:
        samples = evidence.answered(candidate, candidate)
    return [samples[id] for id in asked if id in samples]


def kept_words(count: int) -> str:
    if not count:
        return ""
    what = "it asks" if count == 1 else "they ask"
    opens = "opens" if count == 1 else "open"
    return (
        f"{count_text(count, 'item')} not listed: {what} what an open blind A/B asks, and {opens}"
        " with its unblinding."
    )


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
