"""Building lines of runs: fitting, wrapping, putting blocks side by side.

A run is ``(text, role)`` as in ``drawn``; every text in one is clean already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from tui_eval.core.text import cells, cut
from tui_eval.ui.widgets.drawn import Line, Run

WIDE = 150
"""Cells from which two views stand beside each other."""
READ = 130
"""Cells that a list grows to: beyond, the eye loses its line."""
_SIGNS = re.compile("([○●])")


def line(*parts: Run | str) -> Line:
    """Runs from ``(text, role)`` pairs and plain strings, empty ones left out."""
    runs = ((part, "text") if isinstance(part, str) else part for part in parts)
    return [run for run in runs if run[0]]


def signed(text: str, role: str) -> Line:
    """A text whose signs for base and tuned have their colours."""
    made: Line = []
    for piece in _SIGNS.split(text):
        made.append((piece, {"○": "base", "●": "tuned"}.get(piece, role)))
    return [run for run in made if run[0]]


def plain(runs: Line) -> str:
    return "".join(text for text, _ in runs)


def width_of(runs: Line) -> int:
    return sum(cells(text) for text, _ in runs)


def fit(text: str, width: int, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells: padded, or cut with ``…``."""
    if width <= 0:
        return ""
    text = cut(text, width)
    pad = " " * (width - cells(text))
    return pad + text if right else text + pad


def cropped(runs: Line, width: int) -> Line:
    """At most ``width`` cells of a line, ending in ``…`` where something is cut."""
    if width_of(runs) <= width:
        return runs
    kept: Line = []
    left = width
    for text, role in runs:
        size = cells(text)
        if size >= left:
            kept.append((cut(text + "…" * (size == left), left), role))
            break
        kept.append((text, role))
        left -= size
    return kept


def padded(runs: Line, width: int) -> Line:
    """Exactly ``width`` cells."""
    runs = cropped(runs, width)
    missing = width - width_of(runs)
    return [*runs, (" " * missing, "text")] if missing > 0 else runs


def beside(
    left: Sequence[Line], right: Sequence[Line], width: int, rule: str = " │ "
) -> list[Line]:
    """Two blocks side by side, the left one ``width`` cells wide, ``rule`` between them."""
    made = []
    for y in range(max(len(left), len(right))):
        first = left[y] if y < len(left) else []
        second = right[y] if y < len(right) else []
        made.append([*padded(first, width), (rule, "rule"), *second])
    return made


def filled(block: Sequence[Line], height: int) -> list[Line]:
    """Exactly ``height`` lines."""
    return [*block[:height], *[[] for _ in range(height - len(block))]]


def wrapped(text: str, width: int, lines: int | None = None) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken at spaces where there are any;
    the last of at most ``lines`` ends in ``…`` if something is left out."""
    if lines is None:
        return list(_lines(text, width))
    found = list(islice(_lines(text, width), lines + 1))
    if len(found) > lines:
        last = found[lines - 1]
        found = [*found[: lines - 1], cut(last + " " * width, width).rstrip("… ") + "…"]
    return found


def joined(phrases: Sequence[str], width: int) -> list[str]:
    """Phrases joined by dots, in lines of ``width`` cells broken between phrases only."""
    texts: list[str] = []
    for phrase in phrases:
        if texts and cells(texts[-1]) + 3 + cells(phrase) <= width:
            texts[-1] += f" · {phrase}"
        else:
            texts.append(phrase)
    return texts


def _lines(text: str, width: int) -> Iterator[str]:
    for paragraph in text.split("\n"):
        made, used = "", 0
        for word in paragraph.split(" "):
            for piece, size in _pieces(word, width):
                if made and used + 1 + size > width:
                    yield made
                    made, used = piece, size
                elif made:
                    made, used = f"{made} {piece}", used + 1 + size
                else:
                    made, used = piece, size
        yield made


def _pieces(word: str, width: int) -> Iterator[tuple[str, int]]:
    """A word with its cells, in parts where it is longer than a line."""
    if word.isascii():
        for start in range(0, max(1, len(word)), width):
            part = word[start : start + width]
            yield part, len(part)
        return
    taken: list[str] = []
    used = 0
    for character in word:
        size = cells(character)
        if used + size > width:
            yield "".join(taken), used
            taken, used = [], 0
        taken.append(character)
        used += size
    yield "".join(taken), used
