"""The shapes that rows come in, told apart by their keys, and turned into samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_eval.config import DataConfig
from tui_eval.core.records import Message, Sample, Split
from tui_eval.core.text import content_id, digest, fold
from tui_eval.files.datasets.rows import DamagedRow
from tui_eval.files.datasets.turns import as_text, conversation, tools

PROMPTS = ("prompt", "query", "input")
ANSWERS = (
    *("completion", "response", "answer", "output", "chosen", "reference"),
    *("canonical_solution", "target", "label"),
)
SYSTEMS = ("system", "system_prompt")
CATEGORIES = ("category", "topic", "type", "task")
TIMES = ("timestamp", "time", "date", "created_at")
GROUPS = ("group", "conversation_id", "source_id")
TURNS = ("messages", "conversations", "conversation")

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says, before it is a sample: turns, or a plain text."""

    messages: tuple[Message, ...] = ()
    text: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """``fits`` looks at the keys that hold something; ``how`` says what is made of them."""

    name: str
    how: str
    fits: Callable[[frozenset[str], Value], bool]
    turns: Callable[[Value, DataConfig], Content]


def _first(row: Value, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if row.get(name) is not None), None)


def _field(row: Value, name: str | None) -> str | None:
    """The text of a field; DamagedRow, with its name, where it is no text."""
    if name is None:
        return None
    try:
        return as_text(row.get(name))
    except DamagedRow as damage:
        raise DamagedRow(f"{name} {damage}") from damage


def _needed(row: Value, name: str) -> str:
    text = _field(row, name)
    if text is None:
        raise DamagedRow(f"{name} is missing" if name not in row else f"{name} is null")
    return text


def _pair(
    row: Value, fields: DataConfig, prompt: str, answer: str, earlier: tuple[Message, ...] = ()
) -> Content:
    system = _field(row, fields.system or _first(row, SYSTEMS))
    head = (Message("system", system),) if system else ()
    if not prompt.strip():
        raise DamagedRow("the prompt is empty")
    turns = (*head, *earlier, Message("user", prompt), Message("assistant", answer))
    return Content(turns)


def _from_turns(row: Value, fields: DataConfig) -> Content:
    named = fields.prompt if _is_turns(row.get(fields.prompt or "")) else None
    name = named or _first(row, TURNS)
    if name is None:
        raise DamagedRow("has no messages")
    turns = conversation(row[name])
    system = _field(row, fields.system or _first(row, SYSTEMS))
    if system and turns[0].role not in ("system", "developer"):
        turns = (Message("system", system), *turns)
    return Content(turns, tools=tools(row.get("tools")))


def _alpaca(row: Value, fields: DataConfig) -> Content:
    prompt = _needed(row, fields.prompt or "instruction")
    more = _field(row, _first(row, ("input", "context")))
    if more:
        prompt = f"{prompt}\n{more}" if prompt else more
    answer = _first(row, ("output", "response", *ANSWERS)) or "output"
    earlier = _history(row["history"]) if row.get("history") else ()
    return _pair(row, fields, prompt, _needed(row, fields.answer or answer), earlier)


def _history(turns: Any) -> tuple[Message, ...]:
    """Earlier rounds, as pairs of prompt and answer."""
    if not isinstance(turns, (list, tuple)):
        raise DamagedRow("history is no list")
    found: list[Message] = []
    for pair in turns:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise DamagedRow("history is no list of pairs")
        found += [Message("user", str(pair[0])), Message("assistant", str(pair[1]))]
    return tuple(found)


def _question(row: Value, fields: DataConfig) -> Content:
    prompt = _needed(row, fields.prompt or "question")
    context = _field(row, "context")
    if context:
        prompt = f"{context}\n{prompt}"
    return _pair(row, fields, prompt, _needed(row, fields.answer or "answer"))


def _prompt_completion(row: Value, fields: DataConfig) -> Content:
    prompt_name = fields.prompt or _first(row, (*PROMPTS, "instruction", "question")) or "prompt"
    others = tuple(name for name in ANSWERS if name != prompt_name)
    answer_name = fields.answer or _first(row, others) or "completion"
    prompt, answer = row.get(prompt_name), row.get(answer_name)
    if not _is_turns(prompt) and not _is_turns(answer):
        return _pair(row, fields, _needed(row, prompt_name), _needed(row, answer_name))
    head = (
        conversation(prompt) if _is_turns(prompt) else (Message("user", _needed(row, prompt_name)),)
    )
    tail = (
        conversation(answer)
        if _is_turns(answer)
        else (Message("assistant", _needed(row, answer_name)),)
    )
    system = _field(row, fields.system or _first(row, SYSTEMS))
    if system and head[0].role not in ("system", "developer"):
        head = (Message("system", system), *head)
    return Content((*head, *tail), tools=tools(row.get("tools")))


def _is_turns(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple)) and bool(value) and all(isinstance(t, dict) for t in value)
    )


def _text(row: Value, fields: DataConfig) -> Content:
    text = _needed(row, fields.answer or "text")
    if not text.strip():
        raise DamagedRow("the text is empty")
    return Content(text=text)


SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(
            "messages",
            "each message is a turn; every assistant turn is an answer",
            lambda keys, row: "messages" in keys,
            _from_turns,
        ),
        Shape(
            "sharegpt",
            "human is the user, gpt the assistant; every assistant turn is an answer",
            lambda keys, row: bool(keys & {"conversations", "conversation"}),
            _from_turns,
        ),
        Shape(
            "alpaca",
            "instruction, a line end and input are the user's turn; output is the answer",
            lambda keys, row: "instruction" in keys and "output" in keys,
            _alpaca,
        ),
        Shape(
            "instruction_response",
            "instruction (a line end and context) is the user's turn; response is the answer",
            lambda keys, row: "instruction" in keys and "response" in keys,
            _alpaca,
        ),
        Shape(
            "question_answer",
            "context, if any, a line end and question are the user's turn; answer is the answer",
            lambda keys, row: "question" in keys and "answer" in keys,
            _question,
        ),
        Shape(
            "prompt_completion",
            "prompt is the user's turn; completion is the answer",
            lambda keys, row: (
                bool(keys.intersection(PROMPTS))
                and len(keys.intersection((*PROMPTS, *ANSWERS))) > 1
            ),
            _prompt_completion,
        ),
        Shape(
            "text",
            "plain text without turns: all of it is scored",
            lambda keys, row: "text" in keys,
            _text,
        ),
    )
}
"""In the order in which they are tried; the names are those of ``[data] format``."""


def detect(row: Value, fields: DataConfig) -> Shape:
    """The row's shape: as set, as the named fields call for, or as its keys say."""
    if fields.format != "auto":
        return SHAPES[fields.format]
    keys = frozenset(key for key, value in row.items() if value is not None)
    if fields.prompt or fields.answer:
        return SHAPES[_named_shape(keys, row, fields)]
    for shape in SHAPES.values():
        if shape.fits(keys, row):
            return shape
    names = ", ".join(list(row)[:8])
    raise DamagedRow(f"no known shape; its fields: {names[:200]}" if names else "no fields")


def _named_shape(keys: frozenset[str], row: Value, fields: DataConfig) -> str:
    """What the fields named in ``[data]`` make of a row, whatever else it holds."""
    if fields.prompt:
        turns = not fields.answer and _is_turns(row.get(fields.prompt))
        return "messages" if turns else "prompt_completion"
    if "instruction" in keys:
        return "alpaca"
    if "question" in keys:
        return "question_answer"
    return "prompt_completion" if keys.intersection(PROMPTS) else "text"


def content(row: Value, shape: Shape, fields: DataConfig) -> Content:
    """Raises DamagedRow where nothing in the row can be scored."""
    made = shape.turns(row, fields)
    if made.text is None:
        answers = [turn for turn in made.messages if turn.role == "assistant"]
        if not answers:
            raise DamagedRow("no answer to score: no assistant turn")
        if not any(turn.content.strip() or turn.extra.get("tool_calls") for turn in answers):
            raise DamagedRow("the answer is empty")
    return made


def sample_id(made: Content) -> str:
    """The hash of the exact content."""
    return content_id(
        {
            "messages": [turn.as_dict() for turn in made.messages],
            "text": made.text,
            "tools": made.tools,
        }
    )


def folded_hashes(made: Content) -> tuple[str, str]:
    """``(prompt and answer, prompt alone)``. System turns are left out: the same question
    with another system prompt is the same question. A plain text is both."""
    if made.text is not None:
        whole = digest(fold(made.text))
        return whole, whole
    turns = [turn for turn in made.messages if turn.role not in ("system", "developer")]
    last = max(at for at, turn in enumerate(turns) if turn.role == "assistant")
    prompt = fold("\n".join(_said(turn) for turn in turns[:last]))
    return digest(f"{prompt}\0{fold(_said(turns[last]))}"), digest(prompt)


def _said(turn: Message) -> str:
    calls = turn.extra.get("tool_calls")
    return f"{turn.content}{content_id(calls)}" if calls else turn.content


def to_sample(
    made: Content, row: Value, fields: DataConfig, *, split: Split, source: str, number: int
) -> Sample:
    folded, folded_prompt = folded_hashes(made)
    return Sample(
        id=sample_id(made),
        folded=folded,
        folded_prompt=folded_prompt,
        messages=made.messages,
        text=made.text,
        tools=made.tools,
        category=_label(row, fields.category, CATEGORIES),
        time=_label(row, fields.time, TIMES),
        group=_label(row, fields.group, GROUPS),
        split=split,
        source=source,
        row=number,
    )


def _label(row: Value, named: str | None, usual: tuple[str, ...]) -> str | None:
    name = named or _first(row, usual)
    try:
        text = as_text(row.get(name)) if name else None
    except DamagedRow:
        return None
    return text or None
