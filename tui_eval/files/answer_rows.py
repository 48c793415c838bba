"""One row of a file of answers: its prompt, its answer, its id, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui_eval.core.answers import message_calls
from tui_eval.core.records import VERBATIM, Message
from tui_eval.core.text import content_id
from tui_eval.files import harness
from tui_eval.files.datasets.rows import DamagedRow, Row
from tui_eval.files.datasets.turns import as_text, conversation, plain

PROMPTS = ("prompt", "instruction", "question", "input", "query")
ANSWERS = ("answer", "response", "completion", "output", "generated", "filtered_resps", "resps")
REFERENCES = ("reference", "expected", "target")
TURNS = ("messages", "conversations")
IDS = ("id", "doc_id", "task_id")

LONGEST_ANSWER = 1_000_000
"""Characters: more is no answer that a person reads, and would be shown line by line."""


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
    document: str = ""
    """Hash of the harness's document, which says better than the prompt what is answered."""
    doc: Mapping[str, Any] | None = None
    """That document."""
    others: tuple[str, ...] = ()
    """Further answers to the same prompt."""
    problem: str = ""
    """``task_id`` of a code problem, whose answers stand a row each."""
    verbatim: str = ""
    """Of ``core.records.VERBATIM``, where the answer is code to the letter."""

    @property
    def prompt(self) -> str:
        """The turn that is answered."""
        return self.turns[-1].content if self.turns else ""


class Documents:
    """Ids for the harness's rows: the document's hash, and a number where a document stands in
    the data several times."""

    def __init__(self) -> None:
        self._seen: dict[str, list[str]] = {}
        self._first: dict[str, tuple[str, str]] = {}

    def named(self, row: Given, place: str) -> str | None:
        """None where it is the same document again, for another filter. DamagedRow where the
        hash stands for another document already."""
        content = document_of(row)
        there, first = self._first.setdefault(row.document, (place, content))
        if content != first:
            raise DamagedRow(f"its doc_hash stands for another document on {there}")
        numbers = self._seen.setdefault(row.document, [])
        if row.id in numbers:
            return None
        numbers.append(row.id)
        return row.document if len(numbers) == 1 else f"{row.document}#{len(numbers)}"


def document_of(row: Given) -> str:
    """Names the content of the harness's document; empty for rows without one."""
    try:
        return content_id(plain(row.doc)) if row.doc is not None else ""
    except DamagedRow:
        return ""


def _of_harness(row: Row, value: Mapping[str, Any]) -> Given:
    made = harness.read(value)
    for answer in (made.answer, *made.others):
        _check_length(answer)
    return Given(
        number=row.number,
        id=made.number,
        turns=(Message("user", made.prompt),) if made.prompt else (),
        answer=made.answer,
        category=_label(made.doc, "category") or None,
        reference=made.references[0] if made.references else None,
        document=made.document,
        doc=made.doc,
        others=made.others,
    )


def _check_length(answer: str) -> None:
    if len(answer) > LONGEST_ANSWER:
        raise DamagedRow(f"its answer is longer than {LONGEST_ANSWER:,} characters")


def given(row: Row) -> Given:
    value = row.value
    if value is None:
        raise DamagedRow(row.fault or "not an object")
    if harness.is_row(value):
        return _of_harness(row, value)
    problem = _problem(value)
    turns, own_answer = _turns(value)
    verbatim = ""
    answer = own_answer
    if problem:
        whole = isinstance(value.get("solution"), str)
        verbatim = VERBATIM[whole]
        answer = value["solution" if whole else "completion"]
    if answer is None:
        answer = _answer(value)
    _check_length(answer)
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
        problem=problem,
        verbatim=verbatim,
    )


def _problem(value: Mapping[str, Any]) -> str:
    """Of a row of HumanEval's or EvalPlus's samples."""
    code = isinstance(value.get("solution"), str) or isinstance(value.get("completion"), str)
    return _label(value, "task_id") if code and value.get("id") is None else ""


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
        prompt = harness.prompt_of(value.get("arguments"))
    if isinstance(prompt, list):
        return conversation(prompt), None
    text = as_text(prompt)
    return ((Message("user", text),) if text else ()), None


def _with_calls(text: str, calls: object) -> str:
    """An answer that calls tools says so: who judges it must not see an empty one."""
    return "\n".join(filter(None, (text, *message_calls(calls)))) if calls else text


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
