"""lm-evaluation-harness's ``samples_*.jsonl``, read and written.

A row holds the document, the prompt, what the model said and what the metrics made of it; with
several filters the same answer stands in several rows. Documents are told by the harness's own
hash of them, for a row's number differs between runs with other limits.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_eval.core.answers import KNOWN_TAGS, split_thinking, tags_in
from tui_eval.core.metrics import metric_of, passes_at
from tui_eval.core.records import Completion, Message
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem
from tui_eval.files.datasets.rows import DamagedRow
from tui_eval.files.datasets.turns import as_text

_LONGEST_LIST = 100_000


@dataclass(frozen=True, slots=True)
class HarnessRow:
    prompt: str
    answer: str
    """As the model wrote it, before any filter; of a multiple choice the likeliest."""
    references: tuple[str, ...]
    document: str
    """Hash of the document."""
    doc: Mapping[str, Any]
    number: str
    """``doc_id``."""
    others: tuple[str, ...] = ()
    """Further answers to the same prompt."""


def is_row(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("doc"), Mapping) and "resps" in value and "arguments" in value


def read(value: Mapping[str, Any]) -> HarnessRow:
    """Raises DamagedRow where the row holds no answer."""
    asked = _arguments(value["arguments"])
    doc, target = value["doc"], value.get("target")
    document = value.get("doc_hash")
    others: list[str] = []
    if asked and all(isinstance(one[1], str) for one in asked) and _pairs(value["resps"]):
        answer, target = _choice(asked, value["resps"], target)
    else:
        answer, *others = _texts(value["resps"])
        target = _listed(target, doc)
    return HarnessRow(
        prompt=asked[0][0] if asked else "",
        answer=answer,
        references=_references(target),
        document=document if isinstance(document, str) and document else hash_of(doc),
        doc=doc,
        number=str(value.get("doc_id", "")),
        others=tuple(others),
    )


def _arguments(arguments: Any) -> list[tuple[str, Any]]:
    """``{gen_args_0: {arg_0: prompt, arg_1: …}}``, or ``[[prompt, …]]`` of older versions."""
    some = list(arguments.values()) if isinstance(arguments, Mapping) else arguments
    found = []
    for one in some if isinstance(some, (list, tuple)) else ():
        if isinstance(one, Mapping):
            one = [one.get("arg_0"), one.get("arg_1")]
        if isinstance(one, (list, tuple)) and one and isinstance(one[0], str):
            found.append((one[0], one[1] if len(one) > 1 else None))
    return found


def prompt_of(arguments: Any) -> str | None:
    """Of rows that hold ``arguments`` without a document."""
    asked = _arguments(arguments)
    return asked[0][0] if asked else None


def _pairs(resps: Any) -> bool:
    """Log-likelihoods: ``[[["-0.1", "False"]], …]``, as texts or as numbers."""
    return isinstance(resps, list) and bool(resps) and all(_likelihood(one) for one in resps)


def _likelihood(resp: Any) -> float | None:
    while isinstance(resp, list) and len(resp) == 1:
        resp = resp[0]
    if not isinstance(resp, list) or len(resp) != 2 or str(resp[1]) not in ("True", "False"):
        return None
    try:
        return float(resp[0])
    except (TypeError, ValueError):
        return None


def _choice(asked: Sequence[tuple[str, Any]], resps: Any, target: Any) -> tuple[str, Any]:
    """The likeliest continuation, and the target as its text where it is a choice's number."""
    scores = [_likelihood(one) for one in resps]
    if len(scores) != len(asked) or any(one is None or math.isnan(one) for one in scores):
        raise DamagedRow("log-likelihoods that fit no choices")
    choices = [str(one[1]).strip() for one in asked]
    if len(choices) < 2:
        raise DamagedRow("the log-likelihood of one text is no answer")
    best = max(range(len(choices)), key=lambda at: (scores[at] or 0.0, -at))
    number = str(target).strip()
    if number not in choices and number.isdigit() and int(number) < len(choices):
        target = choices[int(number)]
    return choices[best], target


def _texts(resps: Any) -> list[str]:
    """``[[answer, further answers, …]]``, one inner list for each request."""
    if isinstance(resps, list) and len(resps) == 1 and isinstance(resps[0], list):
        resps = resps[0]
    some = resps if isinstance(resps, list) else [resps]
    if not some or some[0] is None or some[0] == []:
        raise DamagedRow("resps is empty")
    if _likelihood(some) is not None:
        raise DamagedRow("resps holds no text")
    return [_text(one) for one in some if one is not None]


def _text(resp: Any) -> str:
    while isinstance(resp, list) and resp:
        resp = resp[0]
    if isinstance(resp, Mapping) or _likelihood(resp) is not None:
        raise DamagedRow("resps holds no text")
    try:
        return as_text(resp) or ""
    except DamagedRow as damage:
        raise DamagedRow(f"resps {damage}") from damage


def _listed(target: Any, doc: Any) -> Any:
    """The harness writes a list of targets as Python does. It is one where the document holds
    the same list; otherwise such a text is what the target is."""
    if not isinstance(target, str) or target[:2] not in ("['", '["'):
        return target
    if len(target) > _LONGEST_LIST:
        return target
    try:
        with warnings.catch_warnings(action="ignore"):
            found = ast.literal_eval(target)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return target
    texts = isinstance(found, list) and found and all(isinstance(one, str) for one in found)
    return found if texts and _holds(doc, found, 4) else target


def _holds(value: Any, wanted: list[str], depth: int) -> bool:
    if value == wanted:
        return True
    inner = value.values() if isinstance(value, Mapping) else ()
    return depth > 0 and any(_holds(one, wanted, depth - 1) for one in inner)


def _references(target: Any) -> tuple[str, ...]:
    found = target if isinstance(target, list) else [target]
    return tuple(str(one) for one in found if one is not None)


def hash_of(doc: Any) -> str:
    """The harness's own hash of a document or text."""
    text = doc
    if not isinstance(doc, str):
        text = json.dumps(doc, indent=2, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# Written


def rows_of(
    task: Task,
    answers: Mapping[str, Completion],
    scores: Mapping[str, MetricScores],
    every: Mapping[str, Sequence[Completion]] | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of ``samples_TASK_*.jsonl`` of one model's answers, in the items' order; items
    without an answer are left out. ``every``: where there are several answers to an item, all
    of them."""
    for number, item in enumerate(task.items):
        answer = answers.get(item.sample.id)
        if answer is not None and not answer.error:
            some = [one for one in (every or {}).get(item.sample.id, ()) if not one.error]
            yield _row(number, task, item, some or [answer], scores)


def _row(
    number: int,
    task: Task,
    item: TaskItem,
    answers: Sequence[Completion],
    scores: Mapping[str, MetricScores],
) -> dict[str, Any]:
    prompt = _prompt(item.sample.messages)
    several = len(item.references) > 1
    target = str(list(item.references)) if several else "".join(item.references)
    fixed = {
        "doc_id": number,
        "doc": item.fields,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {}}},
        "resps": [[readable(one) for one in answers]],
        "filtered_resps": [answers[0].answer],
        "filter": "none",
        "doc_hash": hash_of(item.fields),
        "prompt_hash": hash_of(prompt),
        "target_hash": hash_of(target),
    }
    values = _values(task, item, scores)
    # A metric of a person's own may be called as a key of the format is.
    values = {key: value for key, value in values.items() if key not in {*fixed, "metrics"}}
    return {**fixed, "metrics": list(values), **values}


def readable(answer: Completion) -> str:
    """The answer's text with its thinking so that who reads it elsewhere parts them as it was
    done here: as the model wrote it, unless a template hid the tags or named its own."""
    unclosed = "unclosed_thinking" in answer.flags
    some = [answer.text]
    for opening, closing in KNOWN_TAGS:
        some.append(opening + answer.thinking)
        if not unclosed:
            some[-1] += closing + answer.answer
    wanted = (answer.answer.lstrip(), unclosed)
    for text in some:
        parted = split_thinking(text, tags_in(text))
        if (parted.answer.lstrip(), parted.unclosed) == wanted:
            return text
    return answer.text


def _prompt(messages: Sequence[Message]) -> str:
    """Turns up to the answer; a lone question as it is."""
    turns = messages[:-1] if messages and messages[-1].role == "assistant" else messages
    if len(turns) == 1:
        return turns[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns)


def _solved(name: str, one: Measured, k: int) -> dict[str, float]:
    from tui_eval.core.stats.pass_at_k import estimate

    if len(one.counts) != 2:
        return {}
    value = estimate(int(one.counts[0]), int(one.counts[1]), k)
    return {} if value is None else {name: value}


def _values(task: Task, item: TaskItem, scores: Mapping[str, MetricScores]) -> dict[str, float]:
    """What each metric found on this answer. Figures over a whole set have none."""
    found: dict[str, float] = {}
    for name in task.metrics:
        metric = metric_of(name)
        one = scores.get(metric.measure, MetricScores()).items.get(item.sample.id)
        if one is None or one.error:
            continue
        k = passes_at(name)
        if k is not None:
            found |= _solved(name, one, k)
        elif metric.own:
            found |= one.values
        elif name in one.values:
            found[name] = one.values[name]
    return {name: value for name, value in found.items() if math.isfinite(value)}
