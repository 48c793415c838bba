"""A prompt as it is read: its last turn, and everything before it folded to a few words."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.session import Prompt, Turn
from tui_eval.core.text import clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, line, wrapped

LONGEST = 200_000
"""Characters of a text that are laid out; what is stored is whole."""
CALL = 2_000
"""Characters of a tool call that are shown."""


def readable(text: str) -> str:
    return clean(text, newlines=True, limit=LONGEST).rstrip()


def text_lines(text: str, width: int, role: str = "text", most: int | None = None) -> list[Line]:
    """Cleaned and wrapped, with a margin of one cell."""
    return [line(" ", (piece, role)) for piece in wrapped(readable(text), width - 2, most)]


def call_lines(calls: Sequence[str], width: int) -> list[Line]:
    """Tool calls, each with what it is said first."""
    made: list[Line] = []
    for call in calls:
        words = clean(call, newlines=True, limit=CALL)
        for number, piece in enumerate(wrapped(words, width - 9)):
            made.append(line(" ", ("calls  " if number == 0 else "       ", "dim"), piece))
    return made


def turn_lines(turn: Turn, width: int, most: int | None = None) -> list[Line]:
    made = text_lines(turn.text, width, most=most) if turn.text.strip() else []
    return [*made, *call_lines(turn.calls, width)]


def last_lines(prompt: Prompt, width: int, most: int) -> list[Line]:
    """What is answered, in at most ``most`` lines; a cut ends in ``…``."""
    if not prompt.turns:
        return [line((" (no prompt)", "dim"))]
    turn = prompt.turns[-1]
    made = turn_lines(turn, width, most)
    if not made:
        return [line((" (empty)", "dim"))]
    if len(made) > most:
        return [*made[: most - 1], cropped([*made[most - 1], (" …", "dim")], width)]
    return made


def whole_lines(prompt: Prompt, width: int) -> list[Line]:
    """Every turn under its role, then what tools there were."""
    made: list[Line] = []
    for turn in prompt.turns:
        if made:
            made.append([])
        made.append(line(" ", (clean(turn.role, limit=40) or "(no role)", "dim")))
        made += turn_lines(turn, width) or [line((" (empty)", "dim"))]
    if prompt.tools:
        names = ", ".join(clean(name, limit=60) for name in prompt.tools)
        made += [[], line((" tools", "dim")), *text_lines(names, width)]
    return made


def folded_words(prompt: Prompt, *, cut: bool = False) -> str:
    """What ``p`` would open: ``system, 3 earlier turns``; empty if all of it is shown."""
    earlier = prompt.turns[:-1]
    system = sum(turn.role in ("system", "developer") for turn in earlier)
    others = len(earlier) - system
    parts = ["system"] if system else []
    if others:
        parts.append(f"{others} earlier turn{'s' * (others > 1)}")
    if prompt.tools:
        parts.append(f"{len(prompt.tools)} tool{'s' * (len(prompt.tools) > 1)}")
    if cut:
        parts.append("the rest")
    return ", ".join(parts)
