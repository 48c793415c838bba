"""Answers made elsewhere: files of rows with an id or a prompt, and an answer.

Two files are paired by id, else by exact prompt and occurrence; a file and the validation
rows by exact prompt and occurrence. What finds no partner is counted and told.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_eval.config import Config
from tui_eval.core.answers import KNOWN_TAGS, Tags, Written, completion, message_calls
from tui_eval.core.records import Completion, Dataset, Message, Sample
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import producers
from tui_eval.files.datasets.rows import DamagedRow, Row, rows
from tui_eval.files.datasets.turns import as_text, conversation

PROMPTS = ("prompt", "instruction", "question", "input", "query")
ANSWERS = ("answer", "response", "completion", "output", "generated", "filtered_resps", "resps")
REFERENCES = ("reference", "expected", "target")
TURNS = ("messages", "conversations")
IDS = ("id", "doc_id")

MOST_ROWS = 200_000
LONGEST_ANSWER = 1_000_000
"""Characters: more is no answer that a person reads, and would be shown line by line."""
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Given:
    """One row as it stands in the file."""

    number: int
    """Physical line, or 1-based row."""
    id: str
    turns: tuple[Message, ...]
    """The prompt; empty where the row has none."""
    answer: str
    category: str | None = None
    reference: str | None = None

    @property
    def prompt(self) -> str:
        """The turn that is answered."""
        return self.turns[-1].content if self.turns else ""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    path: Path
    rows: tuple[Given, ...]
    bad: int = 0
    faults: tuple[str, ...] = ()
    """The first rows that can't be used, each with its line and the reason."""

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
    bad = 0
    lines: dict[str, int] = {}
    for row in rows(path, "validation", []):
        try:
            if len(found) >= MOST_ROWS:
                raise InputError(
                    f"{clean(str(path))} holds more than {MOST_ROWS} answers.",
                    "Choose those that are to be judged, and write them into another file.",
                )
            made = _given(row)
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
    return AnswerFile(path, tuple(found), bad, tuple(faults))


def _given(row: Row) -> Given:
    value = row.value
    if value is None:
        raise DamagedRow(row.fault or "not an object")
    turns, own_answer = _turns(value)
    answer = _answer(value) if own_answer is None else own_answer
    if len(answer) > LONGEST_ANSWER:
        raise DamagedRow(f"its answer is longer than {LONGEST_ANSWER:,} characters")
    id = next((text for name in IDS if (text := _label(value, name))), "")
    if not id and not turns:
        raise DamagedRow("neither an id nor a prompt")
    return Given(
        number=row.number,
        id=id,
        turns=turns,
        answer=answer,
        category=_label(value, "category") or None,
        reference=next((text for name in REFERENCES if (text := _label(value, name))), None),
    )


def _label(value: Mapping[str, Any], name: str) -> str:
    try:
        return as_text(value.get(name)) or ""
    except DamagedRow:
        return ""


def _turns(value: Mapping[str, Any]) -> tuple[tuple[Message, ...], str | None]:
    """The prompt's turns; and the answer where it is the last of ``messages``."""
    for name in TURNS:
        if isinstance(value.get(name), list):
            turns = conversation(value[name])
            last = turns[-1] if turns else None
            if last is not None and last.role == "assistant":
                has_own = any(value.get(other) is not None for other in ANSWERS)
                said = _with_calls(last.content, last.extra.get("tool_calls"))
                return turns[:-1], None if has_own else said
            return turns, None
    prompt = next((value[name] for name in PROMPTS if value.get(name) is not None), None)
    if prompt is None:
        prompt = _harness_prompt(value.get("arguments"))
    if isinstance(prompt, list):
        return conversation(prompt), None
    text = as_text(prompt)
    return ((Message("user", text),) if text else ()), None


def _with_calls(text: str, calls: object) -> str:
    """An answer that calls tools says so: who judges it must not see an empty one."""
    return "\n".join(filter(None, (text, *message_calls(calls)))) if calls else text


def _harness_prompt(arguments: Any) -> str | None:
    """lm-eval's samples: ``[[prompt, settings]]`` or ``{gen_args_0: {arg_0: prompt}}``."""
    if isinstance(arguments, list) and arguments and isinstance(arguments[0], list):
        first = arguments[0][0] if arguments[0] else None
    elif isinstance(arguments, dict) and isinstance(arguments.get("gen_args_0"), dict):
        first = arguments["gen_args_0"].get("arg_0")
    else:
        return None
    return first if isinstance(first, str) else None


def _answer(value: Mapping[str, Any]) -> str:
    name = next((name for name in ANSWERS if value.get(name) is not None), None)
    if name is None:
        null = next((name for name in ANSWERS if name in value), None)
        raise DamagedRow(f"{null} is null" if null else "no answer")
    found = value[name]
    # lm-eval lists several answers for each request; a conversation ends in the answer.
    while isinstance(found, list) and found:
        found = found[-1] if isinstance(found[0], dict) else found[0]
    calls = None
    if isinstance(found, dict):
        calls, found = found.get("tool_calls"), found.get("content")
    try:
        text = as_text(found)
        if calls:
            text = _with_calls(text or "", calls)
    except DamagedRow as damage:
        raise DamagedRow(f"{name} {damage}") from damage
    if text is None:
        raise DamagedRow(f"{name} is null")
    return text


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
        if row.turns and candidate.turns and _said(row.turns) != _said(candidate.turns):
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
    rows_by_id = {row.id: row for row in file.rows if row.id}
    by_turns = _queues((_said(row.turns), row) for row in file.rows if row.turns)
    by_last = _queues((row.prompt, row) for row in file.rows if row.turns)
    used: set[int] = set()
    answers: dict[str, Completion] = {}
    for sample in dataset.samples:
        row = rows_by_id.get(sample.id) or _next(sample, by_turns, by_last, used)
        if row is not None and row.number not in used:
            used.add(row.number)
            answers[sample.id] = made_elsewhere(key, sample.id, row.answer)
    if not answers:
        raise InputError(
            f"No answer of {clean(path.name)} is to a prompt of {clean(dataset.source)}.",
            "Its rows need the validation rows' prompts word for word.",
        )
    return Matched(answers, _match_notes(file, dataset, len(answers), len(used)))


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


def _match_notes(file: AnswerFile, dataset: Dataset, matched: int, used: int) -> tuple[str, ...]:
    unanswered, unused = len(dataset.samples) - matched, len(file.rows) - used
    notes = []
    if unanswered:
        notes.append(
            f"{_count(unanswered, 'validation prompt')} {_has(unanswered)} no answer in "
            f"{clean(file.path.name)}."
        )
    if unused:
        notes.append(
            f"{_count(unused, 'answer')} of {clean(file.path.name)} {_is(unused)} to no "
            "validation prompt."
        )
    if file.bad:
        notes.append(f"{clean(file.path.name)}: {file.fault}.")
    return tuple(notes)


def made_elsewhere(key: str, sample: str, text: str) -> Completion:
    """The record of an answer that was read from a file: nothing is known of its making."""
    return completion(key, sample, Written(text, finish="given"), tags=_thinking(text))


def _thinking(text: str) -> Tags | None:
    """The tags that the answer itself begins with, or closes without having opened."""
    start = text.lstrip()[:64]
    opened = next((tags for tags in KNOWN_TAGS if start.startswith(tags[0])), None)
    return opened or next((tags for tags in KNOWN_TAGS if _orphan(text, tags)), None)


def _orphan(text: str, tags: Tags) -> bool:
    return tags[1] in text and tags[0] not in text


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
