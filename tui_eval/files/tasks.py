"""A task's data: rows of any container as items, each with what the models are asked.

The question is a field, or a template around fields; without either it is what the row's shape
says. Few-shot examples are earlier turns. Every bad row is counted with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_eval.config import Config, DataConfig, TaskConfig, nearest
from tui_eval.config_tasks import filled, template_fields
from tui_eval.core.metrics import packages_of
from tui_eval.core.metrics.settle import doubts, settled
from tui_eval.core.records import Message, Sample
from tui_eval.core.task_records import MetricOptions, Task, TaskItem
from tui_eval.core.text import clean, content_id, digest, fold
from tui_eval.errors import ConfigError, InputError, TuiEvalError
from tui_eval.files import harness, own_source
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.rows import DamagedRow, Row, rows
from tui_eval.files.datasets.turns import as_text, plain
from tui_eval.files.examples import NONE, Examples, chosen, kept_from, require
from tui_eval.files.raw import why
from tui_eval.files.task_schema import schema_of

REFERENCES = (
    *("reference", "references", "expected", "expected_output", "target", "targets", "label"),
    *("answer", "answers", "output", "completion", "response", "summary", "canonical_solution"),
)
"""Fields that hold the right answer, where none is named and the shape doesn't tell."""
_TOLD = 3


@dataclass(frozen=True, slots=True)
class ReadTask:
    """``options`` is None where the task has a fault."""

    task: Task
    options: MetricOptions | None


@dataclass
class _Tally:
    rows: int = 0
    bad: int = 0
    repeats: int = 0
    faults: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, number: int, reason: str) -> None:
        self.bad += 1
        if len(self.faults) < _TOLD:
            self.faults.append(f"row {number}: {reason}")


def read_task(config: Config, name: str) -> ReadTask:
    """A fault of the data or of the options is in the task, not raised: other tasks go on."""
    entry = config.tasks[name]
    task = Task(
        name,
        (),
        entry.metrics,
        entry.labels,
        entry.lower_is_better,
        source=entry.data or config.data.test or config.data.validation or "",
    )
    try:
        task = _read(config, entry, task)
        task = replace(task, notes=(*task.notes, *doubts(task.metrics, task.items)))
        return ReadTask(task, settled(options_of(config, entry), task.items))
    except TuiEvalError as error:
        return ReadTask(replace(task, fault=f"{error.message} {error.remedy}".strip()), None)


def options_of(config: Config, entry: TaskConfig) -> MetricOptions:
    """As ``eval.toml`` has them; what follows from the data is still open."""
    own = config.resolve(entry.own) if entry.own else None
    return MetricOptions(
        metrics=entry.metrics,
        labels=entry.labels,
        label_rule=entry.label_rule,
        pattern=entry.pattern or "",
        json_field=entry.json_field or "",
        stemmer=entry.stemmer,
        tokenizer=entry.tokenizer,
        schema=schema_of(config.resolve(entry.schema), entry) if entry.schema else None,
        most_words=entry.most_words,
        tests=entry.tests or "",
        entry_point=entry.entry_point or "",
        code_seconds=float(config.task_metrics["code_seconds"]),
        own=str(own) if own else "",
        own_digest=_own_digest(own, entry.metrics),
        lower_is_better=entry.lower_is_better,
    )


def _own_digest(own: Path | None, names: Sequence[str]) -> str:
    """Of what a person's own metrics are made of; empty where there are none."""
    packages = [one.encode() for one in packages_of(names)]
    if own is None:
        return hashlib.sha256(b"\0".join(packages)).hexdigest()[:16] if packages else ""
    try:
        return own_source.digest(own, *packages)[:16]
    except OSError as error:
        raise InputError(f"{own} can't be read: {why(error)}.") from error


def _read(config: Config, entry: TaskConfig, task: Task) -> Task:
    own = _examples(config, entry)
    examples, shown = own.turns, own.prompts or frozenset(kept_from(config))
    tally = _Tally()
    items: dict[str, TaskItem] = {}
    left_out = 0
    for item in _items(config, entry, config.resolve(task.source), examples, tally):
        if item.sample.folded_prompt in shown:
            left_out += 1
        elif item.sample.id in items:
            tally.repeats += 1
        else:
            items[item.sample.id] = item
    _check(entry, task.source, tally, items)
    kept = _chosen(list(items.values()), entry.limit, config.scoring.seed)
    return replace(
        task,
        items=tuple(kept),
        rows=tally.rows,
        left_out=tally.bad,
        faults=_first(tally),
        notes=(
            *_notes(tally, left_out, len(kept), len(items), len(own.each)),
            *_replaced(config, own),
        ),
    )


def _replaced(config: Config, own: Examples) -> Iterator[str]:
    """A task's examples are of its own kind: a model's, of another, stay away."""
    models = [name for name, one in config.models.items() if one.few_shot]
    if own.each and models:
        yield f"The task's examples stand in the place of those of {', '.join(models)}."


def _examples(config: Config, entry: TaskConfig) -> Examples:
    """Of the few-shot rows. Items that are among them would show their own answer."""
    if not entry.few_shot:
        return NONE
    path, tally = config.resolve(entry.few_shot), _Tally()
    found = chosen(_shown(config, entry, path, tally), entry.shots)
    remedy = "Its rows need the same fields as the task's data."
    require(found, entry.shots, entry.place("few_shot"), path.name, tally.faults, remedy)
    return found


def _shown(
    config: Config, entry: TaskConfig, path: Path, tally: _Tally
) -> Iterator[tuple[tuple[Message, ...], str]]:
    for item in _items(config, entry, path, (), tally):
        if not item.references:
            tally.skip(item.sample.row, "has no answer to show")
            continue
        asked = [turn for turn in item.sample.messages if turn.role not in ("system", "assistant")]
        turns = (*asked[-1:], Message("assistant", item.references[0]))
        yield turns, item.sample.folded_prompt


def items_of(config: Config, entry: TaskConfig, path: Path) -> Iterator[TaskItem]:
    """The usable rows of a file, for a look at what it holds."""
    return _items(config, entry, path, (), _Tally())


def _items(
    config: Config, entry: TaskConfig, path: Path, examples: Sequence[Message], tally: _Tally
) -> Iterator[TaskItem]:
    for row in rows(path, "test", tally.notes):
        tally.rows += 1
        try:
            if row.value is None:
                raise DamagedRow(row.fault or "not an object")
            tally.names.update(dict.fromkeys(row.value))
            yield _item(config, entry, path.name, row, row.value, examples)
        except DamagedRow as damage:
            tally.skip(row.number, str(damage))
        except RecursionError:
            tally.skip(row.number, "nested too deeply")


def _item(
    config: Config,
    entry: TaskConfig,
    name: str,
    row: Row,
    value: Mapping[str, Any],
    examples: Sequence[Message],
) -> TaskItem:
    asked, references, tools = _asked(config.data, entry, value)
    fields = value
    if harness.is_row(value):
        # Its document is the row that the task is about.
        fields = value["doc"]
    if not asked or not asked[-1].content.strip():
        raise DamagedRow("the prompt is empty")
    system = entry.system or config.prompt.system
    own = next((turn for turn in asked if turn.role in ("system", "developer")), None)
    head = () if own is not None or not system else (Message("system", system),)
    first = 1 if own is asked[0] else 0
    turns = (*head, *asked[:first], *examples, *asked[first:])
    answer = (Message("assistant", references[0]),) if references else ()
    made = shapes.Content((*turns, *answer), tools=tools)
    said = "\n".join(turn.content for turn in asked[first:])
    return TaskItem(
        Sample(
            id=shapes.sample_id(made),
            folded=_folded(said, *references[:1]),
            folded_prompt=_folded(said),
            messages=made.messages,
            tools=tools,
            category=_label(
                value,
                entry.category or config.data.category,
                # The answer's own field would make a category of each label.
                tuple(name for name in shapes.CATEGORIES if name != entry.reference),
            ),
            group=_label(value, entry.group or config.data.group, shapes.GROUPS),
            split="test",
            source=row.source or name,
            row=row.number,
        ),
        references,
        plain(fields),
    )


def label_samples(item: TaskItem, labels: Sequence[str]) -> dict[str, Sample]:
    """The item's question answered by each label, to be scored for its likelihood."""
    turns = item.sample.messages
    if turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    found = {}
    for label in labels:
        made = shapes.Content((*turns, Message("assistant", label)), tools=item.sample.tools)
        found[label] = replace(item.sample, id=shapes.sample_id(made), messages=made.messages)
    return found


Asked = tuple[tuple[Message, ...], tuple[str, ...], tuple[Mapping[str, Any], ...]]


def _asked(fields: DataConfig, entry: TaskConfig, value: Mapping[str, Any]) -> Asked:
    """The turns up to the question, the right answers, and tools."""
    if harness.is_row(value) and not entry.template and not entry.prompt:
        made = harness.read(value)
        return (Message("user", made.prompt),), made.references, ()
    if entry.template or (entry.prompt and not _is_turns(value.get(entry.prompt))):
        return (Message("user", _question(entry, value)),), _references(entry, value), ()
    if _is_problem(entry, value):
        return (Message("user", _text(value, "prompt")),), (), ()
    # [data] says how its own files are read, not what else a task names.
    wanted = DataConfig(prompt=entry.prompt) if entry.data else fields
    try:
        shape = shapes.detect(value, wanted)
        turns, tools = _turns(shape, value, wanted)
    except DamagedRow as damage:
        raise DamagedRow(f"{damage}; name the fields: prompt = …, reference = …") from damage
    last = turns[-1] if turns and turns[-1].role == "assistant" else None
    if entry.reference or last is None:
        return turns[:-1] if last else turns, _references(entry, value), tools
    own = _references(entry, value)
    # A list of references says more than the one that the shape took.
    return turns[:-1], own if len(own) > 1 else (_answer(last),), tools


def _is_problem(entry: TaskConfig, value: Mapping[str, Any]) -> bool:
    """A code problem without its solution, which nothing needs: the tests judge."""
    names = ("prompt", entry.entry_point or "entry_point")
    solved = any(value.get(name) is not None for name in (*REFERENCES, *shapes.TURNS))
    return not solved and all(isinstance(value.get(name), str) for name in names)


def _answer(turn: Message) -> str:
    """An answer that calls tools is its calls."""
    calls = turn.extra.get("tool_calls")
    return json.dumps(calls, ensure_ascii=False) if calls else turn.content


def _turns(
    shape: shapes.Shape, value: Mapping[str, Any], fields: DataConfig
) -> tuple[tuple[Message, ...], tuple[Mapping[str, Any], ...]]:
    made = shape.turns(value, fields)
    if made.text is not None:
        raise DamagedRow("is plain text without a question")
    return made.messages, made.tools


def _is_turns(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value)


def _question(entry: TaskConfig, value: Mapping[str, Any]) -> str:
    if entry.template is None:
        return _text(value, entry.prompt or "")
    names = template_fields(entry.template) or ()
    return filled(entry.template, {name: _text(value, name) for name in names})


def _text(value: Mapping[str, Any], name: str) -> str:
    """A field's text; of a list of texts (sentences, choices) all, a line each."""
    found = _inner(value, name)
    if found is None:
        raise DamagedRow(f"{name} is missing")
    if isinstance(found, (list, tuple)) and all(isinstance(one, str) for one in found):
        return "\n".join(found)
    try:
        return as_text(found) or ""
    except DamagedRow as damage:
        raise DamagedRow(f"{name} {damage}") from damage


def _inner(value: Mapping[str, Any], name: str) -> Any:
    """A field by its whole name, else by the way into inner objects."""
    if name in value:
        return value[name]
    found: Any = value
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _references(entry: TaskConfig, value: Mapping[str, Any]) -> tuple[str, ...]:
    name = entry.reference
    if name is None:
        asked = {entry.prompt, *(template_fields(entry.template or "") or ())}
        name = next((n for n in REFERENCES if value.get(n) is not None and n not in asked), None)
    found = None if name is None else _inner(value, name)
    if found is None:
        if entry.reference:
            raise DamagedRow(f"{entry.reference} is missing")
        return ()
    many = isinstance(found, (list, tuple)) and not _is_turns(found)
    return tuple(_reference(one) for one in (found if many else [found]))


def _reference(value: Any) -> str:
    """Objects and lists (calls, JSON to be equal to) as JSON."""
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(plain(value), ensure_ascii=False)
    return as_text(value) or ""


def _label(value: Mapping[str, Any], named: str | None, usual: tuple[str, ...]) -> str | None:
    name = named or next((one for one in usual if value.get(one) is not None), None)
    try:
        return (as_text(_inner(value, name)) or None) if name else None
    except DamagedRow:
        return None


def _folded(*texts: str) -> str:

    return digest("\0".join(fold(text) for text in texts))


def _chosen(items: list[TaskItem], limit: int, seed: int) -> list[TaskItem]:
    """An even choice by seeded hash: rows added to the file change few of them."""
    if not limit or len(items) <= limit:
        return items
    ranked = sorted(items, key=lambda item: content_id([seed, item.sample.id]))
    kept = {item.sample.id for item in ranked[:limit]}
    return [item for item in items if item.sample.id in kept]


def _check(entry: TaskConfig, source: str, tally: _Tally, items: Mapping[str, TaskItem]) -> None:
    """Raises where a named field is in no row, or no row is usable."""
    names = tuple(tally.names)
    wanted = [(key, getattr(entry, key)) for key in ("prompt", "reference", "category", "group")]
    wanted += [("template", name) for name in template_fields(entry.template or "") or ()]
    problems = [
        f"{entry.place(key)}: {clean(source)} has no field {name!r}; {nearest(name, names)}"
        for key, name in wanted
        if name and names and name not in names and name.partition(".")[0] not in names
    ]
    if problems:
        raise ConfigError(f"Task {entry.name} names fields that its data lacks:", tuple(problems))
    if not items:
        told = "; ".join(tally.faults)
        raise InputError(
            f"{clean(source)} has no usable row among {tally.rows} ({told}).",
            "Name the fields: prompt = ..., reference = ...",
        )


def _first(tally: _Tally) -> tuple[str, ...]:
    more = tally.bad - len(tally.faults)
    return (*tally.faults, f"and {more} more") if more else tuple(tally.faults)


def _notes(tally: _Tally, among: int, kept: int, usable: int, examples: int) -> Iterator[str]:
    yield from tally.notes
    if examples:
        yield f"{examples} example{'s' if examples > 1 else ''} before each question."
    if among:
        yield f"{among} row{'s' if among > 1 else ''} left out: among the examples."
    if tally.repeats:
        yield f"{tally.repeats} rows repeat an earlier one exactly: measured once."
    if tally.bad:
        yield f"{tally.bad} rows can't be used ({'; '.join(_first(tally))})."
    if kept < usable:
        yield f"A seeded choice of {kept} of {usable} usable items."
