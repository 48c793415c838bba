"""What the levels 1 to 5 of each criterion mean, for every judge of a review alike.

Scales without words drift: two judges' 3 are two different things (van der Lee et al. 2021,
Howcroft et al. 2020). A team rewords them in ``[review.anchors]`` of ``eval.toml``. Each text
fits the line beside its criterion on a terminal of 80 columns.
"""

from __future__ import annotations

from collections.abc import Mapping

Levels = tuple[str, str, str, str, str]

WIDTH = 50
"""Cells of the longest text."""

ANCHORS: Mapping[str, Levels] = {
    "accuracy": (
        "wrong: following it would do harm",
        "mostly wrong, a little of it holds",
        "the core is right, with a real mistake in it",
        "right, one small detail missing or off",
        "right in everything that it says",
    ),
    "relevance": (
        "answers something else",
        "touches the question, misses its point",
        "answers part of it, or buries the answer",
        "answers it, with some that nobody asked for",
        "answers what was asked, all of it, no more",
    ),
    "fluency": (
        "can't be understood",
        "has to be read twice, broken sentences",
        "understandable, clumsy or repetitive",
        "reads well, one or two rough spots",
        "reads as a good writer would have put it",
    ),
    "format": (
        "unusable: not the form that was asked for",
        "the form is recognisable, but breaks its use",
        "usable after mending it by hand",
        "the right form, a small slip",
        "exactly the form and length that fit",
    ),
}
"""By criterion, levels 1 to 5."""

QUESTIONS: Mapping[str, str] = {
    "accuracy": "is what it says true?",
    "relevance": "does it answer what was asked?",
    "fluency": "does it read well?",
    "format": "has it the form and length that were asked for?",
}
"""What each criterion asks, whatever its levels are called."""
