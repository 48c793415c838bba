"""Prompts and answers as a judge reads them, and what in them would give a side away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tui_eval.core.answers import message_calls, readable_calls
from tui_eval.core.blinding import TEMPLATE_TOKENS, shown
from tui_eval.core.records import Completion, Sample
from tui_eval.core.session import Answer, Prompt, Turn
from tui_eval.core.text import words

ENDS = {
    "stop": "ended by itself",
    "length": "cut at the limit",
    "stop_string": "ended at a stop text",
    "error": "no answer",
}
# Parts of checkpoints' names that many an answer holds too.
_COMMON = frozenset(
    (
        *("adapter", "answers", "base", "best", "chat", "checkpoint", "data", "final", "fine"),
        *("finetuned", "full", "hugging", "instruct", "last", "latest", "lora", "merged", "mini"),
        *("model", "models", "output", "outputs", "qlora", "result", "results", "run", "runs"),
        *("sample", "small", "test", "train", "trained", "tuned", "weights"),
    )
)
_SHORTEST_NAME = 4


def prompt(sample: Sample | None) -> Prompt:
    """The turns up to the one that is answered."""
    if sample is None:
        return Prompt(())
    turns = sample.messages
    if turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    return Prompt(
        turns=tuple(
            Turn(one.role, one.content, message_calls(one.extra.get("tool_calls") or ()))
            for one in turns
        ),
        category=sample.category or "",
        tools=tuple(name for tool in sample.tools if (name := _tool_name(tool))),
    )


def _tool_name(tool: Mapping[str, Any]) -> str:
    inner = tool.get("function")
    name = (inner if isinstance(inner, Mapping) else tool).get("name")
    return name if isinstance(name, str) else ""


def answer(completion: Completion) -> Answer:
    """With how it ended and how long it is: for review, where sides play no part."""
    text = shown(completion.answer)
    return Answer(
        text=text,
        thinking=shown(completion.thinking),
        end=_end(completion, text),
        words=len(words(text)),
        calls=readable_calls(completion.answer),
        flags=completion.flags,
    )


def _end(completion: Completion, text: str) -> str:
    if "unclosed_thinking" in completion.flags:
        return "no answer: its thinking never ended"
    if not text and completion.finish != "error":
        return "empty"
    return ENDS.get(completion.finish, "")


def names_in(names: Iterable[str]) -> re.Pattern[str] | None:
    """What to look for of models' names and paths: whole names, and the words in them that
    are no everyday ones."""
    found: set[str] = set()
    for name in names:
        whole = name.rstrip("/").rpartition("/")[2]
        parts = re.split(r"[^A-Za-z]+", whole)
        for part in (whole, *parts):
            if len(part) >= _SHORTEST_NAME and part.casefold() not in _COMMON:
                found.add(re.escape(part))
    if not found:
        return None
    longest_first = sorted(found, key=lambda part: (-len(part), part))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})", re.IGNORECASE)


def gives_away(text: str, names: re.Pattern[str] | None) -> bool:
    """Whether a text names a model or holds what a chat template wraps turns in."""
    return bool(TEMPLATE_TOKENS.search(text) or (names is not None and names.search(text)))
