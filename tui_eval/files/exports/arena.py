"""Battles as FastChat's arena releases them: A is what the judge saw on the left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tui_eval.files.exports.results import JudgedPair, Results, Vote
from tui_eval.files.exports.text import dump
from tui_eval.files.exports.trl import turn

BOTH_BAD = "tie (bothbad)"


def write(results: Results) -> str:
    rows = [
        _battle(results, pair, vote)
        for pair in results.unblinded_pairs()
        for vote in pair.votes
        if not vote.identical
    ]
    return dump(rows, indent=1) + "\n"


def _battle(results: Results, pair: JudgedPair, vote: Vote) -> dict[str, Any]:
    names, answers = (results.candidate, results.other), (pair.tuned, pair.other)
    if not vote.tuned_left:
        names, answers = names[::-1], answers[::-1]
    asked = [turn(message) for message in pair.asked.messages]
    talks = [[*asked, {"role": "assistant", "content": answer}] for answer in answers]
    return {
        "question_id": pair.asked.sample,
        "model_a": names[0],
        "model_b": names[1],
        "winner": _winner(vote),
        "judge": vote.judge,
        "conversation_a": talks[0],
        "conversation_b": talks[1],
        "turn": sum(1 for message in pair.asked.messages if message.role == "user"),
        "anony": True,
        "tstamp": _seconds(vote.at),
    }


def _winner(vote: Vote) -> str:
    if vote.choice in ("tuned", "other"):
        return "model_a" if (vote.choice == "tuned") == vote.tuned_left else "model_b"
    return BOTH_BAD if vote.choice == "both_bad" else "tie"


def _seconds(at: str) -> float | None:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return None
