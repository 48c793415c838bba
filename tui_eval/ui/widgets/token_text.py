"""A rendered sample as lines of tokens: which are scored, and how surprising each was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tui_eval.core.records import Rendering, Sample, TokenLoss
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Line

SHOWN = 20_000
"""Characters of unscored text that are laid out; of more, the last ones, as they matter."""
LEVELS = ((1.0, "text", "under 1"), (3.0, "accent", "1 to 3"), (6.0, "caution", "3 to 6"))
"""Surprise in nats below which a token is drawn so, with the words for the legend."""
HIGHEST = ("bad", "above 6 nats")
CHANGED = 0.5
"""Nats between base and tuned from which the change of a token is shaded."""


@dataclass(frozen=True, slots=True)
class SampleDetail:
    """All that is known of one sample: its row, what the models saw, and their losses."""

    sample: Sample
    rendering: Rendering | None = None
    base: TokenLoss | None = None
    tuned: TokenLoss | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A scored stretch of the text: usually one token, several where a character takes
    more than one. Losses in nats, None where that model's are not known here."""

    start: int
    end: int
    base: float | None
    tuned: float | None
    tokens: int = 1

    def loss(self, side: str) -> float | None:
        return self.base if side == "base" else self.tuned


def tokens_of(detail: SampleDetail) -> list[Token]:
    """Scored tokens in the text's order; both losses where both models cut it alike."""
    base, tuned = _spans(detail.base), _spans(detail.tuned)
    main = tuned or base
    made = []
    for (start, end), (_, count) in main.items():
        one, other = base.get((start, end)), tuned.get((start, end))
        made.append(Token(start, end, one[0] if one else None, other[0] if other else None, count))
    return made


def _spans(loss: TokenLoss | None) -> dict[tuple[int, int], tuple[float, int]]:
    """Loss and number of tokens by stretch. Tokens that share a character are one."""
    found: dict[tuple[int, int], tuple[float, int]] = {}
    if loss is None:
        return found
    last: tuple[int, int] | None = None
    for (start, end), nll in zip(loss.spans, loss.token_nll, strict=False):
        if last is not None and start < last[1]:
            before, count = found.pop(last)
            last = last[0], max(end, last[1])
            found[last] = before + nll, count + 1
        else:
            last = (start, end)
            found[last] = nll, 1
    return found


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


def laid_out(text: str, scored: Sequence[tuple[int, int]], tokens: Sequence[Token],
             width: int, mark: str = "▸") -> Laid:  # fmt: skip
    """Wrap the text at ``width`` cells, tokens whole where they fit a line."""
    laid = Laid()
    used = 0
    for piece in _pieces(text, scored, tokens, mark):
        if piece.token is not None and piece.token == len(laid.places):
            starts_below = used + cells(piece.text.partition("\n")[0]) > width and used > 0
            laid.places.append(len(laid.lines) - 1 + starts_below)
        for number, part in enumerate(piece.text.split("\n")):
            if number:
                laid.lines.append([])
                used = 0
            used = _put(laid, part, piece, used, width)
    return laid


def _put(laid: Laid, text: str, piece: Piece, used: int, width: int) -> int:
    """Add a part of a piece that holds no newline; how many cells its line has then."""
    words = [text] if piece.token is not None else _words(text)
    for word in words:
        size = cells(word)
        if used and used + size > width:
            laid.lines.append([])
            used = 0
            word = word.lstrip(" ")
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


def _pieces(
    text: str, scored: Sequence[tuple[int, int]], tokens: Sequence[Token], mark: str
) -> list[Piece]:
    """The text cut at tokens, or at the scored stretches where tokens are not known."""
    parts = [(token.start, token.end, number) for number, token in enumerate(tokens)]
    if not parts:
        parts = [(start, end, -1) for start, end in scored]
    made: list[Piece] = []
    at = 0
    for start, end, number in parts:
        if start > at:
            made.append(Piece(_unscored(text[at:start])))
        if start > at or at == 0:
            made.append(Piece(mark, None, mark=True))
        at = max(at, end)
        made.append(Piece(_alone(text[start:end]), number if number >= 0 else None))
    if at < len(text):
        made.append(Piece(_unscored(text[at:])))
    return made


def _alone(text: str) -> str:
    """A token by itself. Marks without a letter of their own stand on a dotted circle: on
    the token before them, hundreds of such tokens would pile up to a tower."""
    shown = clean(text, newlines=True) or "·"
    return f"◌{shown}" if cells(shown[0]) == 0 else shown


def _unscored(text: str) -> str:
    if len(text) <= SHOWN:
        return clean(text, newlines=True)
    left = len(text) - SHOWN
    return f"… {left:,} characters before this …\n{clean(text[left:], newlines=True)}"


def surprise_role(nats: float | None) -> str:
    if nats is None or math.isnan(nats):
        return "dim"
    return next((role for top, role, _ in LEVELS if nats < top), HIGHEST[0])


def change_role(token: Token) -> str:
    if token.base is None or token.tuned is None:
        return "dim"
    change = token.tuned - token.base
    return "text" if abs(change) < CHANGED else "good" if change < 0 else "bad"


def painted(pieces: Sequence[Piece], tokens: Sequence[Token], side: str, cursor: int) -> Line:
    """One laid out line in its roles; ``side`` is base, tuned or change."""
    made: Line = []
    for piece in pieces:
        if piece.mark:
            made.append((piece.text, "accent!"))
        elif piece.token is None:
            made.append((piece.text, "dim"))
        else:
            token = tokens[piece.token]
            role = change_role(token) if side == "change" else surprise_role(token.loss(side))
            made.append((piece.text, f"~{role}" if piece.token == cursor else role))
    return made


def legend(side: str) -> Line:
    if side == "change":
        return [("likelier than under base", "good"), ("  ", "text"), ("less likely", "bad")]
    made: Line = [("surprise in nats  ", "dim")]
    for _, role, words in LEVELS:
        made += [(words, role), ("  ", "text")]
    return [*made, (HIGHEST[1].removesuffix(" nats"), HIGHEST[0])]
