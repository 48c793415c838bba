"""A flat table: one row for each vote and for each answer that somebody scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui_eval.core.judgements import CRITERIA
from tui_eval.files.exports.results import JudgedPair, Results, Vote
from tui_eval.files.exports.text import table

COLUMNS = (
    "step", "judge", "sample", "category", "prompt", "answer", "other_answer", "reference",
    "model", "other_model", "choice", "preferred_model", "strong", "left_model", "repeat",
    "identical", *CRITERIA, "note", "flagged", "at", "seconds",
)  # fmt: skip


def write(results: Results) -> str:
    rows = [*_reviewed(results), *_voted(results)]
    if results.blind and not rows:
        raise results.nothing_scored("No answer was scored yet.")
    return table(COLUMNS, rows)


def _reviewed(results: Results) -> Iterator[dict[str, Any]]:
    for item in results.items:
        for one in item.by:
            yield {
                "step": "review",
                "judge": one.judge,
                "sample": item.asked.sample,
                "category": item.asked.category,
                "prompt": item.asked.text,
                "answer": item.answer,
                "reference": item.asked.reference,
                "model": results.candidate,
                **one.scores,
                "note": one.note,
                "flagged": one.flagged,
                "at": one.at,
                "seconds": _seconds(one.ms),
            }


def _voted(results: Results) -> Iterator[dict[str, Any]]:
    for pair in results.pairs:
        for vote in pair.votes:
            yield _vote(results, pair, vote, repeat=False)
        for vote in pair.repeats:
            yield _vote(results, pair, vote, repeat=True)


def _vote(results: Results, pair: JudgedPair, vote: Vote, *, repeat: bool) -> dict[str, Any]:
    models = {"tuned": results.candidate, "other": results.other}
    return {
        "step": "blind_ab",
        "judge": vote.judge,
        "sample": pair.asked.sample,
        "category": pair.asked.category,
        "prompt": pair.asked.text,
        "answer": pair.tuned,
        "other_answer": pair.other,
        "reference": pair.asked.reference,
        "model": results.candidate,
        "other_model": results.other,
        "choice": vote.choice,
        "preferred_model": models.get(vote.choice, ""),
        "strong": vote.strong,
        "left_model": models["tuned" if vote.tuned_left else "other"],
        "repeat": repeat,
        "identical": vote.identical,
        "note": vote.note,
        "flagged": vote.flagged,
        "at": vote.at,
        "seconds": _seconds(vote.ms),
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
