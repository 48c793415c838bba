"""TRL's preference format, for its DPO and reward trainers.

A row is a pair that somebody preferred one answer of: ties, and as many votes for the one
as for the other, are left out. Several judges' votes are one row, by majority.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_eval.core.records import Message
from tui_eval.files.exports.results import Asked, JudgedPair, Results
from tui_eval.files.exports.text import dump, lines

Row = dict[str, Any]
_TURN = ("tool_calls", "name", "tool_call_id")


def standard(results: Results) -> str:
    return _export(results, texts)


def conversational(results: Results) -> str:
    return _export(results, messages)


def texts(asked: Asked, **answers: str) -> Row:
    """The prompt and the answers as texts."""
    return {"prompt": asked.text, **answers}


def messages(asked: Asked, **answers: str) -> Row:
    """The prompt and the answers as lists of messages; tools as JSON text, which TRL reads
    and which gives the column one type."""
    row: Row = {"prompt": [turn(message) for message in asked.messages]}
    row |= {name: [{"role": "assistant", "content": text}] for name, text in answers.items()}
    return row | ({"tools": dump(asked.tools)} if asked.tools else {})


def turn(message: Message) -> Row:
    extra = {name: message.extra[name] for name in _TURN if name in message.extra}
    return {"role": message.role, "content": message.content, **extra}


def _export(results: Results, form: Callable[..., Row]) -> str:
    return lines(_row(pair, form) for pair in results.unblinded_pairs() if pair.preferred)


def _row(pair: JudgedPair, form: Callable[..., Row]) -> Row:
    chosen, rejected = pair.tuned, pair.other
    if pair.preferred == "other":
        chosen, rejected = rejected, chosen
    return {
        **form(pair.asked, chosen=chosen, rejected=rejected),
        "strength": round(pair.strength, 4),
        "votes": len(pair.votes),
        "agreement": round(pair.agreement, 4),
        "id": pair.asked.sample,
    }
