"""Answers: their ids, thinking split from what is judged, flags, tool calls made readable.

Texts are what a model wrote, so anything may stand in them. Nothing here raises on a text,
and everything takes time in proportion to its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_eval.core.records import Completion, Finish
from tui_eval.core.text import content_id, words

Tags = tuple[str, str]
"""What opens and what closes the thinking."""

KNOWN_TAGS: tuple[Tags, ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"),
)

LOOP_TIMES = 3
LOOP_WORDS = 30
LOOP_CHARACTERS = 200
_TAIL = 4_000
_MOST_CALLS = 50


def completion_id(generator_key: str, sample_id: str, index: int = 0) -> str:
    """Names one answer and tells nobody which model wrote it."""
    return content_id(["completion", generator_key, sample_id, index])


@dataclass(frozen=True, slots=True)
class Thought:
    thinking: str
    answer: str
    unclosed: bool = False
    """The thinking never ended: there is no answer."""


def thinking_tags(template: str | None, setting: Sequence[str] = ()) -> Tags | None:
    """The tags that a chat template writes or looks for; a setting of two wins. None: a
    model that doesn't think."""
    if len(setting) == 2 and setting[1]:
        return setting[0], setting[1]
    # Templates build the last pair from parts; its channels are enough to know it by.
    text = template or ""
    if "<|channel|>analysis" in text and "<|channel|>final" in text:
        return KNOWN_TAGS[-1]
    return next((tags for tags in KNOWN_TAGS if tags[1] in text), None)


def opens_thinking(prompt: str, tags: Tags | None) -> bool:
    """Whether a rendered prompt ends within the thinking: its generation prompt has
    written the opening tag already."""
    return tags is not None and bool(tags[0]) and prompt.rstrip().endswith(tags[0])


def ends_thinking(prompt: str, tags: Tags | None) -> bool:
    """Whether the generation prompt writes an empty thinking, so that none will follow."""
    return tags is not None and prompt.rstrip().endswith(tags[1])


def split_thinking(text: str, tags: Tags | None, *, opened: bool = False) -> Thought:
    """Thinking stands at the beginning: up to the closing tag where the prompt or the text
    opens it, and also where a closing tag stands that nothing opened. Tags further on are
    part of the answer, which may be about them."""
    if tags is None:
        return Thought("", text)
    opening, closing = tags
    thoughts: list[str] = []
    at = _skip_space(text, 0)
    while True:
        starts = bool(opening) and text.startswith(opening, at)
        if starts:
            at += len(opening)
        end = text.find(closing, at)
        if not starts and not opened:
            orphan = not thoughts and end >= 0
            if not orphan or (opening and opening in text[at:end]):
                break
        if end < 0:
            thoughts.append(text[at:])
            return Thought(_joined(thoughts), "", unclosed=True)
        thoughts.append(text[at:end])
        at, opened = _skip_space(text, end + len(closing)), False
    return Thought(_joined(thoughts), text[at:]) if thoughts else Thought("", text)


def tags_in(text: str) -> Tags | None:
    """The tags that an answer of unknown making begins with, or closes without having opened."""
    start = text.lstrip()[:64]
    opened = next((tags for tags in KNOWN_TAGS if start.startswith(tags[0])), None)
    return opened or next((tags for tags in KNOWN_TAGS if _orphan(text, tags)), None)


def _orphan(text: str, tags: Tags) -> bool:
    return tags[1] in text and tags[0] not in text


def _joined(thoughts: Sequence[str]) -> str:
    return "\n\n".join(kept for thought in thoughts if (kept := thought.strip()))


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def is_repetitive(text: str) -> bool:
    """Whether the text ends in a loop: one phrase at least three times in a row, 30 words
    or 200 characters together.

    Three times at the end is how Holtzman and others, "The Curious Case of Neural Text
    Degeneration" (2020), count degenerate samples. The lengths keep refrains, list marks
    and closing brackets out. A compression ratio was tried in thought and left: it grows
    with length, and code and tables pass any bound that finds loops.
    """
    some = [word.casefold() for word in words(text[-4 * _TAIL :])]
    # A cut answer may end within a word, which then differs.
    return any(_loops(part, LOOP_WORDS) for part in (some, some[:-1])) or _loops(
        text[-_TAIL:], LOOP_CHARACTERS
    )


def _loops(units: Sequence[str], least: int) -> bool:
    """Whether a tail of at least ``least`` units is a phrase said ``LOOP_TIMES`` or more."""
    reach = _matches(units[: -_TAIL - 1 : -1])
    return any(
        length + period >= max(LOOP_TIMES * period, least)
        for period, length in enumerate(reach)
        if period
    )


def _matches(units: Sequence[str]) -> list[int]:
    """The Z function: for each place, how far the units from there equal the beginning.
    Where the reversed text matches itself shifted by a period, its tail is periodic."""
    size = len(units)
    reach = [0] * size
    left = right = 0
    for at in range(1, size):
        length = min(right - at, reach[at - left]) if at < right else 0
        while at + length < size and units[length] == units[at + length]:
            length += 1
        reach[at] = length
        if at + length > right:
            left, right = at, at + length
    return reach


@dataclass(frozen=True, slots=True)
class Written:
    """One answer as it came out of a model."""

    text: str
    tokens: int = 0
    prompt_tokens: int = 0
    finish: Finish = "stop"
    seed: int | None = None
    cut_prompt: bool = False
    error: str = ""


def completion(
    generator_key: str,
    sample_id: str,
    written: Written,
    *,
    index: int = 0,
    tags: Tags | None = None,
    opened: bool = False,
) -> Completion:
    """The record of an answer: split once, flagged once."""
    thought = split_thinking(written.text, tags, opened=opened)
    if written.error:
        thought = Thought("", "")
    return Completion(
        id=completion_id(generator_key, sample_id, index),
        sample=sample_id,
        text="" if written.error else written.text,
        answer=thought.answer,
        thinking=thought.thinking,
        index=index,
        tokens=written.tokens,
        prompt_tokens=written.prompt_tokens,
        finish="error" if written.error else written.finish,
        seed=written.seed,
        flags=() if written.error else _flags(written, thought),
        error=written.error,
    )


def _flags(written: Written, thought: Thought) -> tuple[str, ...]:
    looked_at = thought.thinking if thought.unclosed else thought.answer
    found = {
        "truncated": written.finish == "length",
        "empty": not thought.unclosed and not thought.answer.strip(),
        "repetitive": is_repetitive(looked_at),
        "unclosed_thinking": thought.unclosed,
        "cut_prompt": written.cut_prompt,
    }
    return tuple(name for name, there in found.items() if there)


_CALL_MARKS = (
    ("<tool_call>", "</tool_call>"),
    ("<function_call>", "</function_call>"),
    ("<|tool_call|>", "<|/tool_call|>"),
    ("[TOOL_CALLS]", ""),
    ("<|python_tag|>", ""),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call as a model or a reference wrote it; ``arguments`` is JSON."""

    name: str
    arguments: Any


def written_calls(text: str) -> tuple[Call, ...]:
    """Tool calls that a model wrote: JSON between the usual marks, or a whole text that is
    nothing but such JSON, a Markdown fence around it aside. Raw text of the model's."""
    found: list[Call] = []
    for opening, closing in _CALL_MARKS:
        at = text.find(opening)
        while at >= 0 and len(found) < _MOST_CALLS:
            start = at + len(opening)
            end = text.find(closing, start) if closing else text.find(opening, start)
            inside = text[start:] if end < 0 else text[start:end]
            found += calls_of(_parsed(inside))
            at = text.find(opening, end) if end >= 0 else -1
    whole = unfenced(text)
    if not found and whole[:1] in ("{", "["):
        found += calls_of(_parsed(whole))
    return tuple(found[:_MOST_CALLS])


_FENCED = re.compile(r"\A```[A-Za-z0-9_-]*[ \t]*\n(.*?)\n?```\Z", re.DOTALL)


def unfenced(text: str) -> str:
    """A text without white space and the Markdown fence around it, if it is one block."""
    plain = text.strip()
    fenced = _FENCED.match(plain)
    return fenced[1].strip() if fenced else plain


def calls_of(calls: object) -> tuple[Call, ...]:
    """The same of a message, of its ``tool_calls``, or of one call; what is no call is left
    out."""
    if isinstance(calls, Mapping) and isinstance(calls.get("tool_calls"), (list, tuple)):
        calls = calls["tool_calls"]
    some = calls if isinstance(calls, (list, tuple)) else [calls]
    return tuple(made for call in some[:_MOST_CALLS] if (made := _call(call)) is not None)


def readable_calls(text: str) -> tuple[str, ...]:
    """``written_calls`` as ``name(argument=value)``."""
    return tuple(map(_readable, written_calls(text)))


def message_calls(calls: object) -> tuple[str, ...]:
    """``calls_of`` as ``name(argument=value)``."""
    return tuple(map(_readable, calls_of(calls)))


def _call(call: object) -> Call | None:
    if not isinstance(call, Mapping):
        return None
    inner = call.get("function")
    call = inner if isinstance(inner, Mapping) else call
    name = call.get("name")
    known = [key for key in ("arguments", "parameters", "args", "input") if key in call]
    if not isinstance(name, str) or not name or not known:
        return None
    arguments: Any = call[known[0]]
    if isinstance(arguments, str):
        parsed = _parsed(arguments)
        arguments = arguments if parsed is None else parsed
    return Call(name, arguments)


def _readable(call: Call) -> str:
    name, arguments = call.name, call.arguments
    if isinstance(arguments, Mapping):
        return f"{name}({', '.join(f'{key}={_value(arguments[key])}' for key in arguments)})"
    return f"{name}({_value(arguments) if arguments is not None else ''})"


def _value(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return "…"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
