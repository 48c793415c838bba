"""Which words of two texts differ."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from tui_eval.ui.widgets.wrapping import Span

MOST = 4_000
"""Words of one text that are compared: beyond that the time grows with the square."""
SAME, OTHER = "dim", "text!"
_WORD = re.compile(r"\S+")

Differing = list[tuple[int, int]]


def differing(left: str, right: str) -> tuple[Differing, Differing] | None:
    """Stretches of each text whose words the other doesn't have there; None: too long."""
    ours, theirs = list(_WORD.finditer(left)), list(_WORD.finditer(right))
    if max(len(ours), len(theirs)) > MOST:
        return None
    matcher = SequenceMatcher(None, [w[0] for w in ours], [w[0] for w in theirs])
    found: tuple[Differing, Differing] = ([], [])
    for tag, one, two, three, four in matcher.get_opcodes():
        if tag != "equal":
            for words, first, last, into in (
                (ours, one, two, found[0]),
                (theirs, three, four, found[1]),
            ):
                if last > first:
                    into.append((words[first].start(), words[last - 1].end()))
    return found


def marks(stretches: Differing) -> Callable[[str, int], Sequence[Span]]:
    """For ``AnswerPane.mark``: what differs stands out, the rest steps back."""
    ends = [end for _, end in stretches]

    def spans(line: str, start: int) -> Sequence[Span]:
        made: list[Span] = []
        at = 0
        for first, last in stretches[bisect_left(ends, start + 1) :]:
            if first >= start + len(line):
                break
            one, other = max(0, first - start), min(len(line), last - start)
            if one > at:
                made.append((at, one, SAME))
            made.append((one, other, OTHER))
            at = other
        if at < len(line):
            made.append((at, len(line), SAME))
        return made

    return spans
