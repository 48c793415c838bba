"""Prompts and answers as a judge reads them, and what in them would give a side away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tui_eval.core.answers import message_calls, readable_calls
from tui_eval.core.blinding import TEMPLATE_TOKENS, shown
from tui_eval.core.records import VERBATIM, Completion, Sample
from tui_eval.core.session import Answer, Prompt, Turn
from tui_eval.core.text import words

ENDS = {
    "stop": "ended by itself",
    "length": "cut at the limit",
    "stop_string": "ended at a stop text",
    "error": "no answer",
}
# Names under which models know themselves, or their makers. A checkpoint's name holds other
# words too (support, final, lora), which many an answer holds as well.
_FAMILIES = (
    *("alibaba", "anthropic", "baichuan", "bloom", "chatglm", "chatgpt", "claude", "cohere"),
    *("deepseek", "ernie", "exaone", "falcon", "gemini", "gemma", "granite", "grok", "hermes"),
    *("hunyuan", "internlm", "jamba", "kimi", "llama", "minicpm", "minimax", "ministral"),
    *("mistral", "mixtral", "nemotron", "olmo", "openai", "pythia", "qwen", "smollm", "solar"),
    *("stablelm", "starcoder", "teuken", "tulu", "vicuna", "wizardlm", "zephyr"),
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
        # The format of a file would tell whose answer it is.
        flags=tuple(flag for flag in completion.flags if flag not in VERBATIM),
    )


def _end(completion: Completion, text: str) -> str:
    if "unclosed_thinking" in completion.flags:
        return "no answer: its thinking never ended"
    if not text and completion.finish != "error":
        return "empty"
    return ENDS.get(completion.finish, "")


def names_in(names: Iterable[str]) -> re.Pattern[str] | None:
    """What to look for of models' names and paths: names with a digit or a sign in them,
    which no sentence holds by chance, and the families that they are of."""
    found: set[str] = set()
    for name in names:
        whole = name.rstrip("/").rpartition("/")[2]
        if len(whole) >= _SHORTEST_NAME and not whole.isalpha():
            found.add(re.escape(whole))
        for part in re.findall("[A-Za-z]+", name):
            if part.casefold().startswith(_FAMILIES) and len(part) >= _SHORTEST_NAME:
                found.add(re.escape(part))
    if not found:
        return None
    longest_first = sorted(found, key=lambda part: (-len(part), part))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})", re.IGNORECASE)


def gives_away(text: str, names: re.Pattern[str] | None) -> bool:
    """Whether a text names a model or holds what a chat template wraps turns in."""
    return bool(TEMPLATE_TOKENS.search(text) or (names is not None and names.search(text)))
