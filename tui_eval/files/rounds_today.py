"""The rounds that today's models are judged in, whether or not anybody recorded one here.

A round's name is made of its generators' keys, so a journal that came without the facts of
the workspace that it was judged in is understood where the same models answer the same way.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui_eval.config import Config
from tui_eval.core import blinding
from tui_eval.core.evidence import Evidence
from tui_eval.core.records import Producer
from tui_eval.errors import TuiEvalError
from tui_eval.files.judging.recording import Comparison


def comparisons_today(config: Config, evidence: Evidence) -> Mapping[str, Comparison]:
    """By round, each of today's models against each other; without the prompts, which only a
    record tells."""
    found = {}
    for candidate in config.models:
        own = _generator(evidence, candidate, candidate)
        for other in config.models if own is not None else ():
            against = _generator(evidence, candidate, other) if other != candidate else None
            if own is not None and against is not None:
                round = blinding.comparison(own.key, against.key)
                models, keys = (candidate, other), (own.key, against.key)
                found[round] = Comparison("blind_ab", models, keys, dataset="", samples=())
    return found


def reviews_today(config: Config, evidence: Evidence) -> frozenset[str]:
    made = (_generator(evidence, name, name) for name in config.models)
    return frozenset(blinding.review_round(one.key) for one in made if one is not None)


def _generator(evidence: Evidence, candidate: str, model: str) -> Producer | None:
    try:
        return evidence.generator(candidate, model)
    except (TuiEvalError, OSError):
        return None
