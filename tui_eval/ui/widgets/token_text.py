"""A text as models saw it, in lines of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tui_eval.core.text import NEWLINE_MARK, cells, clean
from tui_eval.ui.widgets.token_data import Span, Token

SHOWN = 20_000
"""Characters of text without tokens that are laid out; of more, the last ones, as they
matter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: clean text, and the token it belongs to, or none."""

    text: str
    token: int | None = None
    mark: bool = False
    """Our own sign before a scored stretch."""


@dataclass
class Laid:
    """The text in lines of one width; ``places`` is each token's line."""

    lines: list[list[Piece]] = field(default_factory=lambda: [[]])
    places: list[int] = field(default_factory=list)


def laid_out(text: str, scored: Sequence[Span], tokens: Sequence[Token],
             width: int, mark: str = "▸") -> Laid:  # fmt: skip
    """Wrap the text at ``width`` cells, words whole where they fit a line."""
    laid = Laid()
    used = 0
    pieces = _pieces(text, scored, tokens, mark)
    for at, piece in enumerate(pieces):
        whole = _word_cells(pieces, at, width) if piece.token is not None else 0
        if piece.token is not None and piece.token == len(laid.places):
            size = max(whole, cells(piece.text.partition("\n")[0]))
            laid.places.append(len(laid.lines) - 1 + (used + size > width and used > 0))
        for number, part in enumerate(piece.text.split("\n")):
            if number:
                laid.lines.append([])
                used = 0
            used = _put(laid, part, piece, used, width, 0 if number else whole)
    return laid


def _word_cells(pieces: Sequence[Piece], at: int, width: int) -> int:
    """Cells of the word that begins with this token; 0 within a word, which was looked at
    when it began, and where it is longer than a line."""
    if at and pieces[at - 1].token is not None and not pieces[at].text.startswith(" "):
        return 0
    size = 0
    for place in range(at, len(pieces)):
        piece = pieces[place]
        if piece.token is None or (place > at and piece.text[:1] in (" ", NEWLINE_MARK)):
            break
        head, newline, _ = piece.text.partition("\n")
        size += cells(head)
        if size > width:
            return 0
        if newline:
            break
    return size


def _put(laid: Laid, text: str, piece: Piece, used: int, width: int, whole: int = 0) -> int:
    """Add a part of a piece that holds no newline; how many cells its line has then.
    ``whole``: cells of the word that it begins."""
    words = [text] if piece.token is not None else _words(text)
    for word in words:
        size = cells(word)
        if used and used + max(size, whole) > width:
            laid.lines.append([])
            used = 0
            word = word.lstrip(" ") or word[: piece.token is not None]
            size = cells(word)
        while size > width:
            head = _head(word, width)
            laid.lines[-1].append(Piece(head, piece.token, piece.mark))
            laid.lines.append([])
            word = word[len(head) :]
            size = cells(word)
        if word:
            laid.lines[-1].append(Piece(word, piece.token, piece.mark))
            used += size
    return used


def _words(text: str) -> list[str]:
    """Words with the space before them."""
    words = text.split(" ")
    return [words[0], *[f" {word}" for word in words[1:]]]


def _head(word: str, width: int) -> str:
    if word.isascii():
        return word[:width]
    used = 0
    for place, character in enumerate(word):
        used += cells(character)
        if used > width:
            return word[: max(1, place)]
    return word


def _pieces(text: str, scored: Sequence[Span], tokens: Sequence[Token], mark: str) -> list[Piece]:
    """The text cut at tokens, or at the scored stretches where tokens are not known."""
    parts = [(one.start, one.end, number, one.scored) for number, one in enumerate(tokens)]
    if not parts:
        parts = [(start, end, -1, True) for start, end in scored]
    made: list[Piece] = []
    at = 0
    within = False
    for start, end, number, is_scored in parts:
        if start > at:
            made.append(Piece(_unscored(text[at:start])))
            within = False
        if is_scored and not within:
            made.append(Piece(mark, None, mark=True))
        within = is_scored
        at = max(at, end)
        made.append(Piece(_alone(text[start:end]), number if number >= 0 else None))
    if at < len(text):
        made.append(Piece(_unscored(text[at:])))
    return made


def _alone(text: str) -> str:
    """A token by itself. Marks without a letter of their own stand on a dotted circle: on
    the token before them, hundreds of such tokens would pile up to a tower."""
    shown = clean(text, newlines=True).replace("\n", f"{NEWLINE_MARK}\n") or "·"
    return f"◌{shown}" if cells(shown[0]) == 0 else shown


def _unscored(text: str) -> str:
    if len(text) <= SHOWN:
        return clean(text, newlines=True)
    left = len(text) - SHOWN
    return f"… {left:,} characters before this …\n{clean(text[left:], newlines=True)}"
