"""The four criteria of one answer: what was given, which is next, what its level means.

Four lines where it is narrow; in a column at the right there is room for the levels of the
criterion that is next, in words, so that two judges mean the same by a 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.core.anchors import QUESTIONS
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.judge_line import ruled
from tui_eval.ui.widgets.rows import cropped, filled, fit, line, wrapped

LEVELS = (1, 2, 3, 4, 5)
NAME = max(map(len, CRITERIA)) + 2
"""Cells of a criterion's name and the gap after it."""
COLUMN = 30
"""Cells of the card where it stands in a column at the right."""
UNDER = 2
"""Lines that an anchor takes under its criterion in the column."""
NOT_APPLICABLE = "not applicable"

Anchors = Mapping[str, Sequence[str]]


def next_criterion(scores: Mapping[str, int]) -> str:
    """The first without a score; the first of all where every one has one."""
    return next((name for name in CRITERIA if name not in scores), CRITERIA[0])


def last_scored(scores: Mapping[str, int], active: str) -> str | None:
    """What ``⌫`` clears: the nearest scored criterion before the active one, else (all four
    have a score, and the card begins again) the last."""
    before = [name for name in CRITERIA[: CRITERIA.index(active)] if name in scores]
    every = before or [name for name in CRITERIA if name in scores]
    return every[-1] if every else None


def brief(scores: Mapping[str, int]) -> str:
    """``4 5 - 4`` for a line or a list: ``-`` is not applicable, ``·`` not scored yet."""
    return " ".join(digit(scores.get(name)) for name in CRITERIA)


def digit(value: int | None) -> str:
    return "·" if value is None else str(value or "-")


def mean(scores: Mapping[str, int]) -> float | None:
    """Of what is applicable and scored; None without any."""
    given = [value for value in scores.values() if value]
    return sum(given) / len(given) if given else None


def levels_line(value: int | None) -> Line:
    """``1 2 3 [4] 5`` in 15 cells: each level keeps its place, chosen or not."""
    made: Line = []
    for level in LEVELS:
        made.append((f"[{level}]", "text!") if level == value else (f" {level} ", "dim"))
    return made


class Scorecard(Drawn):
    """``show`` says all of it; only what differs is sent to the terminal."""

    DEFAULT_CSS = "Scorecard { height: 4; width: 1fr; }"

    def __init__(self, anchors: Anchors) -> None:
        super().__init__(id="scorecard")
        self._anchors = {
            name: tuple(clean(text) for text in anchors.get(name, ())) for name in CRITERIA
        }
        self.scores: Mapping[str, int] = {}
        self.active: str | None = CRITERIA[0]

    def show(self, scores: Mapping[str, int], active: str | None) -> None:
        """``active`` None: nothing is being scored."""
        self.scores, self.active = dict(scores), active
        self.redraw()

    def words_for(self, name: str) -> tuple[str, str]:
        """What the criterion's level means, or what it asks, with its role."""
        value = self.scores.get(name)
        if value == 0:
            return NOT_APPLICABLE, "text" if name == self.active else "dim"
        anchors = self._anchors[name]
        if value is not None:
            words = anchors[value - 1] if value <= len(anchors) else ""
            return words, "text" if name == self.active else "dim"
        return (QUESTIONS[name], "dim") if name == self.active else ("", "dim")

    def lines(self, width: int, height: int) -> list[Line]:
        if width <= COLUMN + 2 and height > len(CRITERIA):
            return self._column(width, height)
        return [self._row(name, width) for name in CRITERIA]

    def _label(self, name: str) -> Line:
        active = name == self.active
        role = "text!" if active else "text" if name in self.scores else "dim"
        return [(" ▸ " if active else "   ", "accent"), (fit(name, NAME), role)]

    def _row(self, name: str, width: int) -> Line:
        runs = [*self._label(name), *levels_line(self.scores.get(name)), ("   ", "text")]
        return cropped([*runs, self.words_for(name)], width - 1)

    # In a column

    def _column(self, width: int, height: int) -> list[Line]:
        """Criteria with what was said of each, then the next one's five levels in words;
        with less room the levels come first."""
        legend = self._legend(width) if self.active else []
        full, brief_ = self._criteria(width, under=True), self._criteria(width, under=False)
        for made in ([*full, *legend], [*brief_, [], *legend], full):
            if len(made) <= height:
                return made
        return brief_

    def _criteria(self, width: int, *, under: bool) -> list[Line]:
        made: list[Line] = [ruled([("scores", "dim")], "", width)]
        for name in CRITERIA:
            made.append([*self._label(name), *levels_line(self.scores.get(name))])
            if under:
                words, role = self.words_for(name)
                made += filled([_indented(piece, role) for piece in _pieces(words, width)], UNDER)
                made.append([])
        return made

    def _legend(self, width: int) -> list[Line]:
        """The levels of the next criterion in words."""
        assert self.active is not None
        made: list[Line] = []
        for level, words in zip(LEVELS, self._anchors[self.active], strict=False):
            role = "text" if self.scores.get(self.active) == level else "dim"
            for number, piece in enumerate(wrapped(words, width - 6, 2)):
                made.append([(f"   {level} " if number == 0 else "     ", "accent"), (piece, role)])
        return made


def _pieces(words: str, width: int) -> list[str]:
    return wrapped(words, width - 4, UNDER) if words else []


def _indented(words: str, role: str) -> Line:
    return [("   ", "text"), (words, role)]


def anchor_lines(anchors: Anchors, width: int) -> list[Line]:
    """Every level of every criterion in words, for the pages that explain them."""
    made: list[Line] = []
    for name in CRITERIA:
        made += [[], line((fit(name, NAME), "text!"), (QUESTIONS[name], "dim"))]
        for level, text in zip(LEVELS, anchors.get(name, ()), strict=False):
            for number, piece in enumerate(wrapped(clean(text), max(20, width - 6))):
                lead = f"  {level}  " if number == 0 else "     "
                made.append([(lead, "accent"), (piece, "text")])
    return made[1:]


def widest(anchors: Anchors) -> int:
    """Cells of the longest anchor."""
    return max((cells(clean(text)) for texts in anchors.values() for text in texts), default=0)
