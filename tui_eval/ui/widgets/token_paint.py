"""How surprising a token was, or how much that changed, to be seen with and without colour.

Colour says it, and so do bold and underline; signs in a line of their own under the text
give the number where neither can be told apart.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence

from tui_eval.core.text import cells
from tui_eval.ui.terminal import colors
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.token_data import Token
from tui_eval.ui.widgets.token_text import Piece

LEVELS = ((1.0, "text", "under 1"), (3.0, "accent", "1 to 3"), (6.0, "_caution", "3 to 6"))
"""Surprise in nats below which a token is drawn so, with the words for the legend."""
HIGHEST = ("_bad!", "above 6")
WORSE = ((0.5, "text", ""), (1.5, "caution", "0.5"), (4.0, "_bad", "1.5"))
"""Nats that a token lost below which it is drawn so; with where the level begins."""
WORST = ("_bad!", "4")
BETTER = ((0.5, "text", ""), (4.0, "good", "0.5"))
BEST = ("good!", "4")
CHANGED = 0.5
"""Nats between base and tuned from which a token counts as changed."""
_MONOCHROME = re.compile(r"vt\d+|.*-m(ono)?$")
SURPRISE = 3.0
"""Nats from which ``n`` stops at a token."""


def without_colour() -> bool:
    """Whether shades can't be told apart here: asked not to colour, or a terminal of one."""
    name = os.environ.get("TERM", "").lower()
    return colors() == 0 or bool(_MONOCHROME.match(name))


def surprise_role(nats: float | None) -> str:
    if nats is None or math.isnan(nats):
        return "dim"
    return next((role for top, role, _ in LEVELS if nats < top), HIGHEST[0])


def change_role(change: float | None) -> str:
    """Underlined is worse, so that direction is seen without colour too."""
    if change is None:
        return "dim"
    levels, highest = (WORSE, WORST) if change > 0 else (BETTER, BEST)
    return next((role for top, role, _ in levels if abs(change) < top), highest[0])


def role_of(token: Token, side: str) -> str:
    role = change_role(token.change) if side == "change" else surprise_role(token.loss(side))
    # What was not scored recedes where it tells nothing.
    return "dim" if role == "text" and not token.scored else role


def painted(pieces: Sequence[Piece], tokens: Sequence[Token], side: str, cursor: int) -> Line:
    """One laid out line in its roles; ``side`` is base, tuned or change."""
    made: Line = []
    for piece in pieces:
        if piece.mark:
            made.append((piece.text, "accent!"))
        elif piece.token is None:
            made.append((piece.text, "dim"))
        else:
            role = role_of(tokens[piece.token], side)
            made.append((piece.text, f"~{role}" if piece.token == cursor else role))
    return made


def sign_of(token: Token, side: str, width: int) -> str:
    """In ``width`` cells: whole nats of surprise from 1 on, 9 for more; for a change its
    direction (``+`` is more surprised, so worse) and, where there is room, its size."""
    if side != "change":
        nats = token.loss(side)
        return "" if nats is None or not nats >= 1 else _digit(nats)
    change = token.change
    if change is None or abs(change) < CHANGED:
        return ""
    direction = "+" if change > 0 else "-"
    return direction + (_digit(abs(change)) if width > 1 and abs(change) >= 1 else "")


def _digit(nats: float) -> str:
    return str(int(min(nats, 9)))


def signs(
    pieces: Sequence[Piece], tokens: Sequence[Token], side: str, cursor: int, before: int | None
) -> Line:
    """The line under a laid out one: each token's sign where it begins. ``before``: the
    token that the line above ended in."""
    made = ""
    at = 0
    for piece in pieces:
        if piece.token is not None and piece.token != before:
            lead = len(piece.text) - len(piece.text.lstrip(" "))
            room = cells(piece.text) - lead
            sign = sign_of(tokens[piece.token], side, room)
            if piece.token == cursor and not sign:
                sign = "^"
            made += " " * (at + lead - len(made)) + sign
        before = piece.token
        at += cells(piece.text)
    return [(made, "text")] if made.strip() else []


def legend(side: str, signed: bool = False) -> Line:
    """What the shades mean, and the signs where they are shown."""
    if side != "change":
        made: Line = [("surprise, nats below  " if signed else "surprise in nats  ", "dim")]
        for _, role, words in LEVELS:
            made += [(words, role), ("  ", "text")]
        return [*made, (HIGHEST[1], HIGHEST[0])]
    plus, minus = ("+ ", "- ") if signed else ("", "")
    made = [(f"nats {plus}worse ", "dim")]
    for _, role, words in WORSE[1:]:
        made += [(words, role), (" ", "text")]
    made += [(f"{WORST[1]}+", WORST[0]), (f"   {minus}better ", "dim")]
    return [*made, (BETTER[1][2], BETTER[1][1]), (" ", "text"), (f"{BEST[1]}+", BEST[0])]


def stops(tokens: Sequence[Token], side: str) -> list[int]:
    """Where ``n`` goes: in the text's order to what surprised either model; of a change to
    what became worse, the worst first. Only what was scored."""
    if side != "change":
        return [
            number
            for number, token in enumerate(tokens)
            if token.scored and max(token.base or 0.0, token.tuned or 0.0) >= SURPRISE
        ]
    worse = [
        (-change, number)
        for number, token in enumerate(tokens)
        if token.scored and (change := token.change) is not None and change >= CHANGED
    ]
    return [number for _, number in sorted(worse)]
