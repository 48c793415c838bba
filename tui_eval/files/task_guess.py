"""What task a file of rows is, where nobody said: from the fields it has and its answers.

A guess is written into eval.toml for a person to confirm, so it says what it went by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from tui_eval.config import Config, TaskConfig
from tui_eval.core.answers import written_calls
from tui_eval.core.metrics.json_answers import NoJson, whole
from tui_eval.core.metrics.labels import folded
from tui_eval.core.task_records import TaskItem
from tui_eval.core.text import words
from tui_eval.files import tasks
from tui_eval.files.datasets.rows import rows

LOOKED_AT = 500
"""Rows that a guess is made from."""
ENOUGH = 8
MOST = 0.9
"""Share of the answers that have to be so."""
LABEL_WORDS, LABELS, ROWS_PER_LABEL = 6, 150, 4
SHORT_ANSWER, SUMMARY_WORDS, SHORTENED = 5, 8, 3

_SUMMARISE = re.compile(r"\b(?:summari[sz]e|summary|tl;?dr)\b", re.IGNORECASE)
_QUESTIONS = ("text", "sentence", "source", "document", "article", "dialogue", "content", "input")
_ANSWERS = (
    *("label", "category", "intent", "sentiment", "class"),
    *("summary", "highlights", "target", "answer", "output"),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """``settings`` go into ``[tasks.NAME]`` beside ``data``."""

    name: str
    metrics: tuple[str, ...]
    settings: dict[str, str]
    why: str
    items: int


def guess(path: Path) -> Guess | None:
    """None where the answers fit no metric: they are for people to judge. Raises InputError
    where the file can't be read."""
    code = _code(path)
    if code is not None:
        return code
    for settings in _fields(path):
        items = _items(path, settings)
        if len(items) >= ENOUGH:
            return _kind(items, settings)
    return None


def _code(path: Path) -> Guess | None:
    some = [row.value for row in islice(rows(path, "test", []), LOOKED_AT) if row.value]
    problems = [row for row in some if {"prompt", "test", "entry_point"} <= row.keys()]
    if not problems or len(problems) < MOST * len(some):
        return None
    settings = {"prompt": "prompt", "tests": "test", "entry_point": "entry_point"}
    why = "problems with tests and an entry point"
    return Guess("code", ("pass_at_1",), settings, why, len(problems))


def _fields(path: Path) -> Iterator[dict[str, str]]:
    """Names of question and answer: as the rows' shape has them, else usual pairs."""
    yield {}
    first = next((row.value for row in rows(path, "test", []) if row.value), {})
    for question in _QUESTIONS:
        for answer in _ANSWERS:
            if first.get(question) and first.get(answer) is not None:
                yield {"prompt": question, "reference": answer}


def _items(path: Path, settings: dict[str, str]) -> list[TaskItem]:
    entry = TaskConfig("guess", data=str(path), **settings)  # type: ignore[arg-type]
    found = tasks.items_of(Config(path.parent), entry, path)
    return [item for item in islice(found, LOOKED_AT) if item.references]


def _kind(items: Sequence[TaskItem], settings: dict[str, str]) -> Guess | None:
    answers = [item.references[0] for item in items]

    def found(name: str, metrics: tuple[str, ...], why: str) -> Guess:
        return Guess(name, metrics, settings, why, len(items))

    if _share(["####" in one for one in answers]) >= MOST:
        return found("maths", ("numeric",), "answers end in #### and a number")
    if _share([bool(written_calls(one)) for one in answers]) >= MOST / 2:
        return found("tools", ("tool_calls", "tool_abstention"), "answers are tool calls")
    if _share([_is_object(one) for one in answers]) >= MOST:
        return found("json", ("json_equal", "json_valid"), "answers are JSON objects")
    labels = {folded(one) for one in answers}
    single = all(len(item.references) == 1 for item in items)
    if single and _are_labels(labels, len(items)):
        why = f"{len(labels)} different short answers in {len(items)} rows"
        return found("labels", ("macro_f1", "accuracy"), why)
    length = median(len(words(one)) for one in answers)
    asked = median(len(words(item.sample.prompt)) for item in items)
    if length <= SHORT_ANSWER:
        return found("questions", ("token_f1", "exact_match"), f"answers of {length:g} words")
    named = _share([bool(_SUMMARISE.search(one.sample.prompt[:200])) for one in items]) >= MOST
    if length >= SUMMARY_WORDS and asked >= (1 if named else SHORTENED) * length:
        why = f"answers of {length:g} words to texts of {asked:g}"
        return found("summaries", ("rougeL", "rouge1", "rougeLsum"), why)
    return None


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def _is_object(text: str) -> bool:
    try:
        return isinstance(whole(text), dict)
    except NoJson:
        return False


def _are_labels(labels: set[str], rows_: int) -> bool:
    short = all(0 < len(words(label)) <= LABEL_WORDS for label in labels)
    return short and 2 <= len(labels) <= min(LABELS, rows_ / ROWS_PER_LABEL)
