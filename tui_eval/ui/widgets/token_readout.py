"""The two lines about the token under the cursor: how likely each model found it, and what
each found likelier."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tui_eval.core.figures import figure
from tui_eval.core.text import cells, clean, cut
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, fit, line, signed
from tui_eval.ui.widgets.token_data import Likeliest, Token

TOLD = 3
"""Alternatives that are shown."""
LEAST = 5
"""Cells that an alternative is cut to at most."""
NAME = 16
"""Cells of the token itself."""
ROOMY = 110
"""Cells from which there is room for units."""
_HALVES = re.compile("[\udc80-\udcff]+")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\t\u00a0]")
_PICTURES = {"\t": "␉"}


def piece_words(text: str, limit: int = 40) -> str:
    """A token's text with everything in it to be seen: bytes that are not a whole character
    as ``‹E6 9D›``, tabs and what takes no cell by name."""
    made = _HALVES.sub(lambda found: _hex(found[0]), text[: 4 * limit])
    made = _UNSEEN.sub(lambda found: _PICTURES.get(found[0], f"‹U+{ord(found[0]):04X}›"), made)
    shown = clean(made, limit=limit)
    if not shown:
        return "‹empty›"
    return f"◌{shown}" if cells(shown[0]) == 0 else shown


def _hex(halves: str) -> str:
    return f"‹{' '.join(f'{ord(half) - 0xDC00:02X}' for half in halves)}›"


def probability(nats: float | None) -> str:
    """``exp(-nats)`` as a percentage of six cells."""
    if nats is None or not math.isfinite(nats):
        return f"{'-':>6}"
    share = 100 * math.exp(-nats)
    return f"{share:5.1f}%" if share >= 0.1 else "<0.1% "


def readout(token: Token, text: str, width: int, hint: Sequence[Line] = ()) -> list[Line]:
    """Two lines. ``hint`` stands where the alternatives would."""
    name = f"“{piece_words(text)}”"
    if token.tokens > 1:
        name += f" {token.tokens} tokens"
    hints = [*hint, [], []]
    made = []
    for first, role, sign, nats, top, said in (
        (name, "text!", "○ base ", token.base, token.base_top, hints[0]),
        (change_words(token), "text", "● tuned", token.tuned, token.tuned_top, hints[1]),
    ):
        runs = line((fit(first, NAME), role), "  ")
        runs += [*signed(f"{sign} ", "dim"), (probability(nats), "text!")]
        loss = "" if nats is None else figure(nats, 2)
        unit = " nats" if width >= ROOMY else ""
        runs += line((f" {loss:>5}{unit}", "dim"), "  ")
        left = width - sum(cells(part) for part, _ in runs)
        made.append(cropped([*runs, *(alternatives(top, text, left) if top else said)], width))
    return made


def change_words(token: Token) -> str:
    """``3.10 worse`` in nats."""
    change = token.change
    if change is None:
        return ""
    if abs(change) < 0.005:
        return "no change"
    return f"{figure(abs(change), 2)} {'worse' if change > 0 else 'better'}"


def alternatives(top: Likeliest, actual: str, width: int) -> Line:
    """The likeliest tokens with their probabilities; the one that stands there is bold.
    Long ones give way to each other, and the last where it would be no more than a letter."""
    shown = [(piece_words(piece), _share(nll), piece == actual) for piece, nll in top[:TOLD]]
    sizes = [cells(words) for words, _, _ in shown]
    while shown and _room(shown, width) < sum(min(size, LEAST) for size in sizes):
        shown.pop()
        sizes.pop()
    while sum(sizes) > _room(shown, width):
        sizes[sizes.index(max(sizes))] -= 1
    made: Line = []
    for (words, share, is_it), size in zip(shown, sizes, strict=True):
        made += line("  " if made else "", (f"“{cut(words, size)}”", "text!" if is_it else "text"))
        made.append((f" {share}", "dim"))
    return cropped(made, width)


def _room(shown: Sequence[tuple[str, str, bool]], width: int) -> int:
    """Cells for the tokens' own texts: what quotes, shares and gaps leave of them."""
    return width - sum(len(share) + 3 for _, share, _ in shown) - 2 * max(0, len(shown) - 1)


def _share(nll: float) -> str:
    share = 100 * math.exp(-nll)
    return f"{share:.0f}%" if share >= 0.5 else "<1%"
