"""One turn of a conversation, from the ways in which people write one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tui_eval.core.records import Message
from tui_eval.files.datasets.rows import DamagedRow
from tui_eval.files.datasets.strict_json import WrittenFloat

ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "developer",
    "tool": "tool",
    "tool_response": "tool",
    "function": "function",
    "function_response": "tool",
    "observation": "tool",
    "ipython": "ipython",
    "function_call": "function_call",
    "tool_call": "function_call",
}
"""Names of roles in data sets and the one that chat templates know."""

_TEXT_PARTS = ("text", "input_text", "output_text")


def as_text(value: Any) -> str | None:
    """The text of a plain value; None for nothing. DamagedRow for what is no text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, WrittenFloat):
        return value.text
    if isinstance(value, float) and not math.isfinite(value):
        raise DamagedRow("holds NaN or infinity instead of a text")
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    raise DamagedRow(f"is {_kind(value)}, not a text")


def _kind(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def plain(value: Any) -> Any:
    """JSON-like data as JSON has it, without the nulls that columns put where a key was
    absent."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, WrittenFloat):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise DamagedRow("holds NaN or infinity")
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return as_text(value)


def message(turn: Any, number: int) -> Message:
    """A turn with ``role``/``content`` or ``from``/``value``; ``number`` from 1."""
    if not isinstance(turn, Mapping):
        raise DamagedRow(f"turn {number} is {_kind(turn)}, not an object")
    by_from = "role" not in turn and "from" in turn
    role_key, content_key = ("from", "value") if by_from else ("role", "content")
    named = turn.get(role_key)
    if not isinstance(named, str) or not named:
        raise DamagedRow(f"turn {number} has no {role_key}")
    role = ROLES.get(named.strip().lower(), "" if by_from else named)
    if not role:
        raise DamagedRow(f"turn {number} has the unknown role {named[:40]!r}")
    content = turn.get(content_key)
    if role == "function_call":
        return _call(content, number)
    extra = {key: plain(value) for key, value in turn.items() if value is not None}
    extra.pop(role_key, None)
    extra.pop(content_key, None)
    if content is None and not extra.get("tool_calls"):
        raise DamagedRow(f"turn {number} ({role}) has no {content_key}")
    try:
        return Message(role, _content(content), extra)
    except DamagedRow as damage:
        raise DamagedRow(f"turn {number} ({role}) {damage}") from damage


def _content(content: Any) -> str:
    if isinstance(content, (list, tuple)):
        return "".join(_part(part) for part in content)
    return as_text(content) or ""


def _part(part: Any) -> str:
    """One of OpenAI's typed content parts."""
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    text = part.get("text") if isinstance(part, Mapping) else None
    if kind in _TEXT_PARTS and isinstance(text, str):
        return text
    raise DamagedRow(f"holds a part of type {str(kind)[:40]!r}: only text can be scored")


def _call(content: Any, number: int) -> Message:
    """ShareGPT writes a call as the JSON text of its name and arguments."""
    text = as_text(content)
    if text is None:
        raise DamagedRow(f"turn {number} (function_call) has no value")
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return Message("assistant", text)
    calls = call if isinstance(call, list) else [call]
    if not calls or not all(isinstance(one, dict) and "name" in one for one in calls):
        return Message("assistant", text)
    functions = [{"type": "function", "function": plain(one)} for one in calls]
    return Message("assistant", "", {"tool_calls": functions})


def conversation(turns: Any) -> tuple[Message, ...]:
    if not isinstance(turns, Sequence) or isinstance(turns, (str, bytes)):
        raise DamagedRow(f"the turns are {_kind(turns)}, not a list")
    if not turns:
        raise DamagedRow("the list of turns is empty")
    return tuple(message(turn, number) for number, turn in enumerate(turns, 1))


def tools(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The tools column: a list of objects, or its JSON text."""
    if isinstance(value, str):
        if not value.strip():
            return ()
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise DamagedRow("the tools are no JSON") from error
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(t, Mapping) for t in value):
        raise DamagedRow("the tools are no list of objects")
    return tuple(plain(tool) for tool in value)
