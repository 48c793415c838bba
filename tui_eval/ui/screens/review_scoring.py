"""The answer that is being scored: what it has and which criterion is next. No widgets.

What a key did stands here at once; that it is on the disk is the writer's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui_eval.core.judgements import CRITERIA
from tui_eval.ui.widgets.scorecard import last_scored, next_criterion


@dataclass(slots=True)
class Scoring:
    token: str
    scores: dict[str, int] = field(default_factory=dict)
    active: str = CRITERIA[0]
    complete: bool = False
    """All four had a score when it was opened, or since: another look, not the first."""

    @classmethod
    def of(cls, token: str, scores: Mapping[str, int], active: str = "") -> Scoring:
        """Goes on at the first criterion without a score, or at ``active``."""
        known = {name: scores[name] for name in CRITERIA if name in scores}
        complete = len(known) == len(CRITERIA)
        return cls(token, known, active or next_criterion(known), complete)

    def give(self, value: int) -> tuple[str, bool]:
        """The criterion that got ``value``, and whether this answer is done with.

        The first time that is when none is missing; where all four stood already, when the
        last has been looked at again.
        """
        name = self.active
        self.scores[name] = value
        if self.complete:
            place = CRITERIA.index(name) + 1
            done = place == len(CRITERIA)
            self.active = CRITERIA[place % len(CRITERIA)]
        else:
            done = len(self.scores) == len(CRITERIA)
            self.active = next_criterion(self.scores)
        return name, done

    def clear(self) -> str | None:
        """Takes back the last score of this answer; which one, or None without any."""
        name = last_scored(self.scores, self.active)
        if name is not None:
            del self.scores[name]
            self.active, self.complete = name, False
        return name
