"""Answers made elsewhere: files of rows with an id or a prompt, and an answer.

Two files are paired by id, else by exact prompt and occurrence; a file and the validation
rows by exact prompt and occurrence. What finds no partner is counted and told.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui_eval.config import Config
from tui_eval.core.answers import Written, completion, tags_in
from tui_eval.core.records import Completion, Dataset, Message, Sample
from tui_eval.core.task_records import Task
from tui_eval.core.text import clean, content_id
from tui_eval.errors import InputError
from tui_eval.files import inspect_logs, producers
from tui_eval.files.answer_rows import Documents, Given, given
from tui_eval.files.datasets.rows import DamagedRow, Row, rows
from tui_eval.files.datasets.turns import plain

MOST_ROWS = 200_000
_TOLD = 5


@dataclass(frozen=True, slots=True)
class AnswerFile:
    path: Path
    rows: tuple[Given, ...]
    bad: int = 0
    faults: tuple[str, ...] = ()
    """The first rows that can't be used, each with its line and the reason."""
    repeats: int = 0
    """Rows that hold an answer once more: of another filter."""

    @property
    def fault(self) -> str:
        """``3 rows can't be used (line 4: no answer; ...)``; empty if nothing is wrong."""
        if not self.bad:
            return ""
        more = f"; and {self.bad - len(self.faults)} more" if self.bad > len(self.faults) else ""
        return f"{_count(self.bad, 'row')} can't be used ({'; '.join(self.faults)}{more})"


@dataclass(frozen=True, slots=True)
class Paired:
    """Rows of two files about the same prompts, in the first one's order."""

    pairs: tuple[tuple[Given, Given], ...]
    notes: tuple[str, ...] = ()
    """What found no partner or could not be read, in words that name no side."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A file's answers to the validation rows, by sample id."""

    answers: dict[str, Completion]
    notes: tuple[str, ...] = ()


def read_answers(path: Path) -> AnswerFile:
    """The rows of a file of answers. InputError where it can't be read or no row is usable;
    a row that can't be used is counted, with its line and the reason."""
    found: list[Given] = []
    faults: list[str] = []
    bad = repeats = 0
    lines: dict[str, int] = {}
    documents = Documents()
    for row in _rows(path):
        try:
            if len(found) >= MOST_ROWS:
                raise InputError(
                    f"{clean(str(path))} holds more than {MOST_ROWS} answers.",
                    "Choose those that are to be judged, and write them into another file.",
                )
            made = given(row)
            if made.document:
                named = documents.named(made)
                if named is None:
                    repeats += 1
                    continue
                made = replace(made, id=named)
            if made.id in lines:
                raise DamagedRow(f"its id {clean(made.id)[:40]!r} stands on {lines[made.id]} too")
        except DamagedRow as damage:
            bad += 1
            if len(faults) < _TOLD:
                faults.append(f"line {row.number}: {clean(str(damage))}")
            continue
        if made.id:
            lines[made.id] = row.number
        found.append(made)
    if not found:
        told = "".join(f"\n  {fault}" for fault in faults)
        raise InputError(
            f"{clean(str(path))} has no usable answer{told}",
            "A row needs an id or a prompt, and an answer: "
            '{"id": 1, "prompt": "...", "answer": "..."}',
        )
    return AnswerFile(path, tuple(found), bad, tuple(faults), repeats)


def _rows(path: Path) -> Iterator[Row]:
    if path.is_file() and inspect_logs.is_packed(path):
        inspect_logs.refuse_packed(path)
    if path.is_file() and inspect_logs.is_log(path):
        return inspect_logs.rows(path)
    return rows(path, "validation", [])


def pair(one: AnswerFile, other: AnswerFile) -> Paired:
    """Pair by id where both rows have it and no prompt contradicts, the rest by exact prompt
    and occurrence. InputError where nothing pairs."""
    by_id = {row.id: row for row in other.rows if row.id}
    partner: dict[int, Given] = {}
    used: set[int] = set()
    differ = 0
    for row in one.rows:
        candidate = by_id.get(row.id) if row.id else None
        if candidate is None:
            continue
        # One document may have been put into words differently for each model.
        worded = row.turns and candidate.turns and not (row.document and candidate.document)
        if worded and _said(row.turns) != _said(candidate.turns):
            differ += 1
            continue
        partner[row.number] = candidate
        used.add(candidate.number)
    waiting = _queues((_said(row.turns), row) for row in other.rows if row.number not in used)
    for row in one.rows:
        queue = waiting[_said(row.turns)] if row.turns and row.number not in partner else None
        if queue:
            partner[row.number] = queue.popleft()
    pairs = tuple((row, partner[row.number]) for row in one.rows if row.number in partner)
    if not pairs:
        why = f": {_count(differ, 'id')} stand for other prompts there" if differ else ""
        raise InputError(
            f"No row of {clean(one.path.name)} has a partner in {clean(other.path.name)}{why}.",
            "Both files need the same ids, or the same prompts word for word.",
        )
    return Paired(pairs, _pair_notes(one, other, len(pairs), differ))


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
    return match(file, key, dataset.samples, dataset.source)


def match(
    file: AnswerFile,
    key: str,
    samples: Sequence[Sample],
    source: str,
    documents: Mapping[str, str] | None = None,
    *,
    what: str = "validation prompt",
) -> Matched:
    """A file's answers to samples: by id, by document, by turns, by last turn, each row once.
    ``documents``: ``content_id`` of the row that each sample was made from, by sample id.
    InputError where nothing is to any of them."""
    by_document = {_document(row.doc): row for row in file.rows if row.doc is not None}
    rows_by_id = {row.id: row for row in file.rows if row.id}
    by_turns = _queues((_said(row.turns), row) for row in file.rows if row.turns)
    by_last = _queues((row.prompt, row) for row in file.rows if row.turns)
    used: set[int] = set()
    answers: dict[str, Completion] = {}
    documents = documents or {}
    for sample in samples:
        row = rows_by_id.get(sample.id) or by_document.get(documents.get(sample.id, ""))
        row = row or _next(sample, by_turns, by_last, used)
        if row is not None and row.number not in used:
            used.add(row.number)
            answers[sample.id] = made_elsewhere(key, sample.id, row.answer)
    if not answers:
        raise InputError(
            f"No answer of {clean(file.path.name)} is to a prompt of {clean(source)}.",
            "Its rows need the same prompts word for word.",
        )
    return Matched(answers, _match_notes(file, what, len(samples) - len(answers), len(used)))


def match_task(file: AnswerFile, key: str, task: Task) -> Matched:
    """``match`` for a task's items; the harness's rows by their document."""
    documents = {item.sample.id: content_id(dict(item.fields)) for item in task.items}
    samples = [item.sample for item in task.items]
    return match(file, key, samples, task.source, documents, what="item")


def _document(doc: Mapping[str, Any]) -> str:
    try:
        return content_id(plain(doc))
    except DamagedRow:
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


def made_elsewhere(key: str, sample: str, text: str) -> Completion:
    """The record of an answer that was read from a file: nothing is known of its making."""
    return completion(key, sample, Written(text, finish="given"), tags=tags_in(text))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
