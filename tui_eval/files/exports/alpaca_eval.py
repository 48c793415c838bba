"""Annotations as AlpacaEval reads them: one object for each vote.

Output 1 is the model that the candidate is held against, output 2 the candidate's; a draw,
which both-bad and equal answers are too, is 1.5.
"""

from __future__ import annotations

from typing import Any

from tui_eval.files.exports.results import JudgedPair, Results, Vote
from tui_eval.files.exports.text import dump

PREFERENCE = {"other": 1.0, "tuned": 2.0, "tie": 1.5, "both_bad": 1.5}


def write(results: Results) -> str:
    rows = [_row(results, pair, vote) for pair in results.unblinded_pairs() for vote in pair.votes]
    return dump(rows, indent=1) + "\n"


def _row(results: Results, pair: JudgedPair, vote: Vote) -> dict[str, Any]:
    return {
        "instruction": pair.asked.text,
        "output_1": pair.other,
        "generator_1": results.other,
        "output_2": pair.tuned,
        "generator_2": results.candidate,
        "dataset": pair.asked.category,
        "annotator": vote.judge,
        "preference": PREFERENCE[vote.choice],
    }
