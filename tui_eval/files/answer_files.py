"""Answers made elsewhere: files of rows with an id or a prompt, and an answer.

Two files are paired by id, else by exact prompt and occurrence; a file and the validation
rows by exact prompt and occurrence. What finds no partner is counted and told.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_eval.config import Config, DataConfig
from tui_eval.core.answers import Written, completion, tags_in
from tui_eval.core.records import Completion, Dataset, Message, Sample
from tui_eval.core.task_records import Task, TaskItem
from tui_eval.core.text import clean, content_id, fold
from tui_eval.errors import InputError, NothingMatches
from tui_eval.files import producers
from tui_eval.files.answer_reading import AnswerFile
from tui_eval.files.answer_reading import read_answers as read_answers
from tui_eval.files.answer_rows import IDS, PROMPTS, Given, document_of
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.rows import DamagedRow, rows


@dataclass(frozen=True, slots=True)
class Paired:
    """Rows of two files about the same prompts, in the first one's order."""

    pairs: tuple[tuple[Given, Given], ...]
    notes: tuple[str, ...] = ()
    """What found no partner or could not be read, in words that name no side."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A file's answers to the validation rows, or to a task's items, by sample id."""

    answers: dict[str, Completion]
    notes: tuple[str, ...] = ()
    every: dict[str, tuple[Completion, ...]] = field(default_factory=dict)
    """All answers to each, the first one first: of code problems there may be several."""


def pair(one: AnswerFile, other: AnswerFile) -> Paired:
    """Pair by id where both rows have it and no prompt contradicts, the rest by the content of
    the document or by exact prompt, and occurrence. InputError where nothing pairs."""
    by_id = {row.id: row for row in other.rows if row.id}
    partner: dict[int, Given] = {}
    ways: tuple[Callable[[Given], Hashable], ...] = (document_of, lambda row: _said(row.turns))
    used: set[int] = set()
    differ = 0
    for row in one.rows:
        candidate = by_id.get(row.id) if row.id else None
        if candidate is None:
            continue
        if _contradict(row, candidate):
            differ += 1
            continue
        partner[row.number] = candidate
        used.add(candidate.number)
    # The same document has another hash where whoever wrote the file left out what is null.
    for key_of in ways:
        waiting = _queues((key_of(row), row) for row in other.rows if row.number not in used)
        for row in one.rows:
            queue = waiting.get(key) if (key := key_of(row)) else None
            if queue and row.number not in partner:
                partner[row.number] = queue.popleft()
                used.add(partner[row.number].number)
    pairs = tuple((row, partner[row.number]) for row in one.rows if row.number in partner)
    if not pairs:
        why = f": {_count(differ, 'id')} stand for other prompts there" if differ else ""
        raise InputError(
            f"No row of {clean(one.path.name)} has a partner in {clean(other.path.name)}{why}.",
            "Both files need the same ids, or the same prompts word for word.",
        )
    return Paired(pairs, _pair_notes(one, other, len(pairs), differ))


def _contradict(row: Given, other: Given) -> bool:
    """Whether one id stands for two things. One document may have been put into words
    differently for each model."""
    if row.doc is not None and other.doc is not None:
        return document_of(row) != document_of(other)
    return bool(row.turns and other.turns) and _said(row.turns) != _said(other.turns)


def _queues(rows: Iterable[tuple[Hashable, Given]]) -> defaultdict[Hashable, deque[Given]]:
    found: defaultdict[Hashable, deque[Given]] = defaultdict(deque)
    for key, row in rows:
        found[key].append(row)
    return found


def _pair_notes(one: AnswerFile, other: AnswerFile, pairs: int, differ: int) -> tuple[str, ...]:
    """Files are not named: the judge reads this."""
    alone = [len(file.rows) - pairs for file in (one, other)]
    notes = []
    if any(alone):
        notes.append(
            f"{pairs} answers of each file are about the same prompts; {max(alone)} of one file "
            f"and {min(alone)} of the other have no partner and can't be judged."
        )
    if differ:
        notes.append(f"{_count(differ, 'id')} stand for another prompt in each of the files.")
    several = sum(1 for file in (one, other) for row in file.rows if row.others)
    if several:
        notes.append(f"{_count(several, 'row')} of the two files hold several answers: the first.")
    unusable = [f"Of one file, {file.fault}." for file in (one, other) if file.bad]
    return (*notes, *unusable)


def answers_of(config: Config, model: str, dataset: Dataset) -> dict[str, Completion]:
    """The answers of ``[models.NAME] answers = FILE`` to a dataset's prompts, by sample id."""
    return matched(config, model, dataset).answers


def matched(config: Config, model: str, dataset: Dataset) -> Matched:
    """As ``answers_of``, with what found no partner in words. InputError where nothing did."""
    entry = config.models[model]
    path = config.resolve(entry.answers or "")
    file = read_answers(path)
    key = producers.generating(config, model, model).key
    by_sample = {_sample_of(row, config.data): row for row in file.rows if row.doc is not None}
    by_place = _places(dataset, _by_id(file))
    known = {}
    for sample in dataset.samples:
        found = by_sample.get(sample.id) or by_place.get((sample.source, sample.row))
        if found is not None:
            known[sample.id] = found
    return match(file, key, dataset.samples, dataset.source, known)


NO_REFERENCE = "the row has no expected answer"


def expected(key: str, samples: Iterable[Sample]) -> dict[str, Completion]:
    """The data's own answers, by sample id; calls of tools as JSON, as a model writes them. A row
    without one says so: none will come."""
    found = {}
    for sample in samples:
        last = sample.messages[-1] if sample.messages else None
        if last is None or last.role != "assistant":
            none = Written("", error=NO_REFERENCE)
            found[sample.id] = completion(key, sample.id, none)
            continue
        calls = last.extra.get("tool_calls")
        text = json.dumps(calls, ensure_ascii=False) if calls and not last.content else last.content
        found[sample.id] = made_elsewhere(key, sample.id, text)
    return found


def match_task(file: AnswerFile, key: str, task: Task) -> Matched:
    """``match`` for a task's items: the harness's rows by their document, those of code
    problems by ``task_id``, those that have an id and no prompt by that."""
    by_document = {document_of(row): row for row in file.rows if row.doc is not None}
    by_id = _by_id_of(file, task)
    by_every_id = {row.id: row for row in file.rows if row.id and row.doc is None}
    known = {}
    denied = 0
    for item in task.items:
        found = by_document.get(content_id(dict(item.fields))) or _of_id(item.fields, by_id)
        if found is not None and (found.doc is not None or _agrees(found, item)):
            known[item.sample.id] = found
        else:
            same = _of_id(item.fields, by_every_id)
            denied += same is not None and not _agrees(same, item)
    samples = [item.sample for item in task.items]
    made = match(file, key, samples, task.source, known, what="item")
    if not denied:
        return made
    stand = "stands for another prompt" if denied == 1 else "stand for other prompts"
    told = (
        f"{_count(denied, 'id')} of {clean(file.path.name)} {stand} than here: the prompt counts."
    )
    return replace(made, notes=(*made.notes, told))


def tasks_by_id(file: AnswerFile, tasks: Iterable[Task]) -> tuple[str, ...]:
    """Those tasks that a file without any prompt has answers to, for their ids are the same."""
    if any(row.turns or row.doc is not None for row in file.rows):
        return ()
    by_id = _by_id(file)
    answered = (
        task.name
        for task in tasks
        if any(_of_id(item.fields, by_id) is not None for item in task.items)
    )
    return tuple(answered)


def _by_id_of(file: AnswerFile, task: Task) -> dict[str, Given]:
    """Rows that an id alone may bring to this task: none where the file has prompts too, and
    under the same ids nothing but others, for then its ids are those of other data."""
    prompted = {row.id: row for row in file.rows if row.id and row.turns and row.doc is None}
    pairs = ((_of_id(item.fields, prompted), item) for item in task.items)
    fit = [_agrees(row, item) for row, item in pairs if row is not None]
    return {} if fit and not any(fit) else _by_id(file)


def _agrees(row: Given, item: TaskItem) -> bool:
    """Whether what a row says of its prompt, if anything, is about the item, whatever either
    has put around it."""
    if not row.turns:
        return True
    said = fold(row.prompt)
    named = (item.fields.get(name) for name in PROMPTS)
    asked = [fold(one) for one in (item.sample.prompt, *named) if isinstance(one, str)]
    return any(one and said and (one in said or said in one) for one in asked)


def _by_id(file: AnswerFile) -> dict[str, Given]:
    """Rows that say by an id alone what they answer."""
    return {row.id: row for row in file.rows if row.problem or (row.id and not row.turns)}


def _of_id(row: Mapping[str, Any], by_id: Mapping[str, Given]) -> Given | None:
    found = (by_id.get(str(row.get(name))) for name in IDS if row.get(name) is not None)
    return next(filter(None, found), None)


def _places(dataset: Dataset, by_id: Mapping[str, Given]) -> dict[tuple[str, int | None], Given]:
    """Of each row of the data that has one of these ids, source and number. Samples don't hold
    ids, so the rows are read once more, where there is anything to find."""
    found: dict[tuple[str, int | None], Given] = {}
    if not by_id:
        return found
    path = Path(dataset.source)
    for row in rows(path, dataset.split, []):
        answer = _of_id(row.value or {}, by_id)
        if answer is not None:
            found[row.source or path.name, row.number] = answer
    return found


def match(
    file: AnswerFile,
    key: str,
    samples: Sequence[Sample],
    source: str,
    known: Mapping[str, Given] | None = None,
    *,
    what: str = "validation prompt",
) -> Matched:
    """A file's answers to samples: those ``known`` by sample id, else by id, by turns, by last
    turn, each row once. InputError where nothing is to any of them."""
    known = known or {}
    rows_by_id = {row.id: row for row in file.rows if row.id}
    by_turns = _queues((_said(row.turns), row) for row in file.rows if row.turns)
    by_last = _queues((row.prompt, row) for row in file.rows if row.turns)
    used: set[int] = {row.number for row in known.values()}
    every: dict[str, tuple[Completion, ...]] = {}
    given: set[int] = set()
    for sample in samples:
        row = known.get(sample.id) or rows_by_id.get(sample.id)
        row = row or _next(sample, by_turns, by_last, used)
        if row is not None and row.number not in given:
            used.add(row.number)
            given.add(row.number)
            every[sample.id] = tuple(
                made_elsewhere(key, sample.id, text, at, row.verbatim, row.number)
                for at, text in enumerate((row.answer, *row.others))
            )
    if not every:
        raise NothingMatches(
            f"No answer of {clean(file.path.name)} is to a prompt of {clean(source)}.",
            "Its rows need the same prompts word for word.",
        )
    first = {id: some[0] for id, some in every.items()}
    return Matched(first, _match_notes(file, what, len(samples) - len(first), len(given)), every)


def _sample_of(row: Given, fields: DataConfig) -> str:
    """The id of the sample that the harness's document would be as a row of the data, whatever
    the harness made its prompt of."""
    try:
        shape = shapes.detect(row.doc or {}, fields)
        return shapes.sample_id(shapes.content(row.doc or {}, shape, fields))
    except (DamagedRow, RecursionError):
        return ""


def _next(
    sample: Sample,
    by_turns: Mapping[Hashable, deque[Given]],
    by_last: Mapping[Hashable, deque[Given]],
    used: set[int],
) -> Given | None:
    """The next row with these turns, else with this last turn."""
    turns = sample.messages
    if turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    for queue in (by_turns.get(_said(turns)), by_last.get(sample.prompt)):
        while queue:
            row = queue.popleft()
            if row.number not in used:
                return row
    return None


def _said(turns: Sequence[Message]) -> Hashable:
    return tuple((turn.role, turn.content) for turn in turns)


def _match_notes(file: AnswerFile, what: str, unanswered: int, used: int) -> tuple[str, ...]:
    unused = len(file.rows) - used
    notes = []
    if unanswered:
        notes.append(
            f"{_count(unanswered, what)} {_has(unanswered)} no answer in {clean(file.path.name)}."
        )
    if unused:
        notes.append(
            f"{_count(unused, 'answer')} of {clean(file.path.name)} {_is(unused)} to no {what}."
        )
    if file.bad:
        notes.append(f"{clean(file.path.name)}: {file.fault}.")
    return tuple(notes)


def made_elsewhere(
    key: str, sample: str, text: str, index: int = 0, verbatim: str = "", row: int = 0
) -> Completion:
    """The record of an answer that was read from a file: nothing is known of its making. What
    is code to the letter holds no thinking."""
    written = Written(text, finish="given")
    tags = None if verbatim else tags_in(text)
    made = completion(key, sample, written, index=index, tags=tags)
    return replace(made, flags=(*made.flags, *filter(None, (verbatim,))), row=row)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
