"""Where a line of text breaks, as places in it: so that what is marked in a text (emphasis,
words that differ) can be found again in its lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui_eval.core.text import cells
from tui_eval.ui.widgets.drawn import Line

Span = tuple[int, int, str]
"""A stretch of a text and its role."""


def folds(text: str, width: int) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of each line of at most ``width`` cells; ``text`` holds no newline.

    Breaks at spaces, which are then not shown, and beside wide characters, which are
    written without spaces; a word longer than a line is cut. Marks that sit on a character
    stay with it.
    """
    yield from (_plain if text.isascii() else _wide)(text, max(1, width))


def _plain(text: str, width: int) -> Iterator[tuple[int, int]]:
    start, size = 0, len(text)
    indent = size - len(text.lstrip(" "))
    while size - start > width:
        # Indentation is no place to break at.
        least = max(start, indent if start == 0 else 0)
        space = text.rfind(" ", least, start + width + 1)
        if space > least:
            yield start, space
            start = space + 1
            while start < size and text[start] == " ":
                start += 1
        else:
            yield start, start + width
            start += width
    if start < size or size == 0:
        yield start, size


def _wide(text: str, width: int) -> Iterator[tuple[int, int]]:
    start = used = place = 0
    end = after = -1
    """The last place to break at: where the line ends, and where the next begins."""
    size = len(text)
    indented = True
    while place < size:
        character = text[place]
        taken = cells(character)
        if character == " " and not indented:
            end, after = place, place + 1
        elif character != " ":
            if taken == 2 and place > start and used and not indented and end < place - 1:
                end = after = place
            indented = False
        if used + taken > width and place > start:
            if character == " ":
                end, after = place, place + 1
            elif end <= start:
                end = after = place
            yield start, end
            start = after
            while start < size and text[start] == " ":
                start += 1
            place, used, end, after = start, 0, -1, -1
            continue
        used += taken
        place += 1
        if taken == 2 and place < size and text[place] != " " and cells(text[place]):
            end = after = place
    if start < size or size == 0:
        yield start, size


def marked(text: str, start: int, end: int, spans: Sequence[Span], role: str = "text") -> Line:
    """The runs of ``text[start:end]``: spans (in order, apart from each other) in their
    roles, what lies between them in ``role``."""
    made: Line = []
    at = start
    for first, last, own in spans:
        if last <= at or first >= end:
            continue
        if first > at:
            made.append((text[at:first], role))
        made.append((text[max(at, first) : min(end, last)], own))
        at = min(end, last)
    if at < end:
        made.append((text[at:end], role))
    return made
