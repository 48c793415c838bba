"""What to do first, told above the checklist until a person closes it for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.app import App
from textual.message import Message

from tui_eval.core.text import cells
from tui_eval.ui import keys
from tui_eval.ui.settings import Settings
from tui_eval.ui.widgets.drawn import Drawn, Line

NAME = "first"
"""In settings.json's ``closed_hints``: delete it there, and the hint comes back."""
FRAME = 3
"""Lines of the frame: two above, the keys below."""

_WHOLE = (
    (("run", "computes what is missing"), ("open", "opens the row under the cursor")),
    (("judge", "reads and judges answers: steps 4 and 5 are yours"), ("how", "says how")),
    (("help", "every key"), ("back", "comes back here"), ("close_hint", "closes this for ever")),
)
_SHORT = (
    ("run", "computes"),
    ("open", "opens"),
    ("judge", "judges"),
    ("help", "all keys"),
    ("close_hint", "closes this for ever"),
)


class HintClosed(Message):
    """A person does not want to see it again."""


class FirstHint(Drawn):
    """Stands in the empty line between frame and checklist. Its lines are whole where that
    leaves the checklist all of its own, else one, which takes nothing from it."""

    DEFAULT_CSS = "FirstHint { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="hint")
        self._told = True

    def tell(self, told: bool, needed: int) -> None:
        """``needed`` are the lines of the checklist; a step that is open is not disturbed."""
        self._told = told
        whole = len(_WHOLE) + 2
        free = self.app.size.height - FRAME - needed
        height = whole if told and free >= whole else 1
        now = self.styles.height
        if now is None or now.value != height:
            self.styles.height = height
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        if not self._told:
            return []
        keymap: Mapping[str, tuple[str, ...]] = getattr(self.app, "keymap", {})
        if height < len(_WHOLE) + 2:
            return [_line((("", "new here?"), *_SHORT), keymap, width)]
        return [[], *(_line(parts, keymap, width) for parts in _WHOLE)]


def first_hint(app: App[object]) -> FirstHint | None:
    """The hint, for a person who has not closed it."""
    settings = getattr(app, "settings", Settings())
    return None if NAME in settings.closed_hints else FirstHint()


def closed(settings: Settings) -> Settings:
    return replace(settings, closed_hints=(*settings.closed_hints, NAME))


def _line(
    parts: tuple[tuple[str, str], ...], keymap: Mapping[str, tuple[str, ...]], width: int
) -> Line:
    """Whole parts while they fit; the last, which closes the hint, always."""
    made = [_part(name, words, keymap) for name, words in parts]
    room = width - 2 - _width(made[-1])
    line: Line = [(" ", "text")]
    for one in made[:-1]:
        room -= _width(one) + 2
        if room >= 0:
            line += [*one, ("  ", "dim")]
    return [*line, *made[-1]]


def _part(name: str, words: str, keymap: Mapping[str, tuple[str, ...]]) -> Line:
    if not name:
        return [(words, "text!")]
    pressed = dict(keys.footer([name], keymap))
    return [(next(iter(pressed)), "accent"), (f" {words}", "dim")]


def _width(line: Line) -> int:
    return sum(cells(text) for text, _ in line)
