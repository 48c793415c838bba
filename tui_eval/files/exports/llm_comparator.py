"""JSON for LLM Comparator (github.com/PAIR-code/llm-comparator), as its README has it.

A is the candidate in every row, whichever side it was shown on: a score above 0 is for it.
``is_flipped`` says that this judge saw it on the right.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from tui_eval.files.exports.results import JudgedPair, Results, Vote
from tui_eval.files.exports.text import dump

BETTER, MUCH_BETTER = 1.0, 1.5
"""Its scale: from -1.5 (B much better) to 1.5."""
FIELDS = (
    {"name": "sample", "type": "string"},
    {"name": "votes", "type": "number"},
    {"name": "agreement", "type": "number"},
    {"name": "judge", "type": "per_rating_string"},
)


def write(results: Results) -> str:
    pairs = results.unblinded_pairs()
    names = (results.candidate, results.other)
    whole = {
        "metadata": {
            "source_path": f"tui-eval: {names[0]} against {names[1]}, judged blind by people",
            "custom_fields_schema": list(FIELDS),
        },
        "models": [{"name": name} for name in names],
        "examples": [_example(pair) for pair in pairs],
    }
    return dump(whole, indent=1) + "\n"


def _example(pair: JudgedPair) -> dict[str, Any]:
    flags = ["flagged"] if any(vote.flagged for vote in pair.votes) else []
    return {
        "input_text": pair.asked.text,
        "tags": [pair.asked.category, *flags] if pair.asked.category else flags,
        "output_text_a": pair.tuned,
        "output_text_b": pair.other,
        "score": round(fmean(score(vote) for vote in pair.votes), 4),
        "individual_rater_scores": [_rating(vote) for vote in pair.votes],
        "custom_fields": {
            "sample": pair.asked.sample,
            "votes": len(pair.votes),
            "agreement": round(pair.agreement, 4) if pair.preferred else None,
        },
    }


def score(vote: Vote) -> float:
    size = MUCH_BETTER if vote.strong else BETTER
    return {"tuned": size, "other": -size}.get(vote.choice, 0.0)


def _rating(vote: Vote) -> dict[str, Any]:
    return {
        "score": score(vote),
        "rating_label": _label(vote),
        "is_flipped": None if vote.identical else not vote.tuned_left,
        "rationale": vote.note,
        "custom_fields": {"judge": vote.judge},
    }


def _label(vote: Vote) -> str:
    """In words that hold whichever side was left: the tool would turn its own round."""
    if vote.choice in ("tuned", "other"):
        much = "much " if vote.strong else ""
        return f"{'A' if vote.choice == 'tuned' else 'B'} is {much}better"
    if vote.identical:
        return "identical"
    return "both bad" if vote.choice == "both_bad" else "tie"
