"""The checklist: six steps, the sign-off, and what they stand on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.sign_off_records import Contradiction
from tui_eval.core.text import clean, cut
from tui_eval.ui import keys
from tui_eval.ui.decision_words import more_words, row_words
from tui_eval.ui.messages import say
from tui_eval.ui.scene import Row, Scene, alert, decision, next_keys, rows, summary
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rows import joined, plain

COLUMN = 34
"""Width of the checklist where a step stands beside it."""
_TITLE, _WORD = 17, 15
_SIGNOFF, _CONTRADICTIONS, _DATA, _PROMPT = "sign_off", "contradictions", "data", "prompt"
_HISTORY = "history"
_SAID = 3
"""Lines that a contradiction takes on the checklist; in the column one less."""


@dataclass(frozen=True, slots=True)
class Block:
    """One place of the cursor with the lines it takes; ``key`` empty: no place."""

    key: str
    lines: tuple[Line, ...]


class Checklist(Drawn, can_focus=True):
    """``narrow`` draws the column beside a step: two lines a step, the headline below."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("checklist", "list")]

    class Opened(Message):
        """A row was opened: a step's key, ``sign_off``, ``contradictions``, ``data``,
        ``prompt`` or ``history``."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(id="checklist")
        self._scene = Scene()
        self._key = "curves"

    @property
    def footer(self) -> tuple[str, ...]:
        others = ("side_by_side", "candidate") if len(self._scene.candidates) > 1 else ()
        first = ("open", *next_keys(self._scene), "run", *others)
        return (*first, "report", "settings", "commands", "theme", "help", "leave")

    @property
    def current(self) -> str:
        return self._key

    @property
    def current_step(self) -> str:
        """The step under the cursor, or the first where it is on another row."""
        steps = [row.key for row in rows(self._scene)]
        return self._key if self._key in steps else steps[0]

    def show(self, scene: Scene) -> None:
        before = self.footer
        self._scene = scene
        self.redraw()
        if before != self.footer and self.has_focus:
            getattr(self.screen, "show_keys", lambda: None)()

    def point_at(self, key: str) -> None:
        if key != self._key:
            self._key = key
            self.redraw()
            self.post_message(self.Moved(key))

    def lines(self, width: int, height: int) -> list[Line]:
        blocks = self._blocks(width)
        top = self._top(blocks, height)
        return [line for block in blocks for line in block.lines][top:]

    def cursor_line(self) -> int | None:
        width, height = self.size
        blocks = self._blocks(width)
        for block, start in _placed(blocks):
            if block.key == self._key:
                return start - self._top(blocks, height)
        return None

    def _top(self, blocks: Sequence[Block], height: int) -> int:
        """Lines above the first that is shown: where not all fit, the cursor's are seen."""
        for block, start in _placed(blocks):
            if block.key == self._key:
                return max(0, start + min(len(block.lines), height) - height)
        return 0

    def _blocks(self, width: int) -> list[Block]:
        if width <= COLUMN:
            return column(self._scene, width, self._key)
        return page(self._scene, width, self._key)

    def _places(self) -> list[str]:
        return [block.key for block in self._blocks(self.size.width) if block.key]

    def _move(self, by: int) -> None:
        places = self._places()
        here = places.index(self._key) if self._key in places else 0
        self.point_at(places[min(max(here + by, 0), len(places) - 1)])

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_page_down(self) -> None:
        self.action_last()

    def action_page_up(self) -> None:
        self.action_first()

    def action_first(self) -> None:
        self._move(-len(self._places()))

    def action_last(self) -> None:
        self._move(len(self._places()))

    def action_open(self) -> None:
        self.post_message(self.Opened(self._key))

    def action_copy(self) -> None:
        row = next((row for row in rows(self._scene) if row.key == self._key), None)
        if row is not None:
            text = f"{row.title}: {row.word}. {row.headline}"
        else:
            here = [block for block in self._blocks(self.size.width) if block.key == self._key]
            text = " ".join(plain(line) for block in here for line in block.lines)
            text = " ".join(text.removeprefix(" ▸ ").split())
        self.app.copy_to_clipboard(text)
        say(self, "copied")


def _placed(blocks: Sequence[Block]) -> Iterator[tuple[Block, int]]:
    """Each block with its first line."""
    starts = accumulate((len(block.lines) for block in blocks), initial=0)
    return zip(blocks, starts, strict=False)


def page(scene: Scene, width: int, current: str) -> list[Block]:
    """The whole width: a line a step."""
    blocks = [Block("", ([(" ", "text"), *summary(scene, width - 2)],))]
    words = alert(scene)
    blocks.append(Block("", ([(" ✗ ", "bad!"), (words, "bad")] if words else [], [])))
    blocks += [Block(row.key, (step_row(row, row.key == current),)) for row in rows(scene)]
    blocks.append(Block("", ([],)))
    blocks += [Block(_SIGNOFF, tuple(_sign_off(scene, width, current == _SIGNOFF)))]
    blocks += [Block("", ([],)), _contradictions(scene, width, current)]
    data = scene.about.data or ("looking …" if not scene.known else "no validation rows named",)
    blocks.append(Block(_DATA, tuple(wrapped("Data", data, width, current == _DATA))))
    if scene.about.prompt:
        prompt = tuple(wrapped("Prompt", scene.about.prompt, width, current == _PROMPT))
        blocks.append(Block(_PROMPT, prompt))
    if scene.earlier:
        earlier = wrapped("Earlier", (scene.earlier,), width, current == _HISTORY)
        blocks.append(Block(_HISTORY, tuple(earlier)))
    return blocks


def step_row(row: Row, here: bool) -> Line:
    return [
        (" ▸ " if here else "   ", "accent"),
        (f"{row.number} ", "dim"),
        (f"{row.title:<{_TITLE}}", "text"),
        (f"{row.mark} {row.word:<{_WORD - 2}}", row.role if row.role == "dim" else f"{row.role}!"),
        (row.headline, "text" if row.role != "dim" else "dim"),
    ]


def _sign_off(scene: Scene, width: int, here: bool) -> list[Line]:
    """Who decided what, or what deploying lacks; a second line for what changed since."""
    sign, word, role, words = row_words(scene.decided, scene.known)
    first: Line = [
        (" ▸ " if here else "   ", "accent"),
        (f"  {'Sign-off':<{_TITLE}}", "text"),
        (f"{sign} {word:<{_WORD - 2}}", role if role == "dim" else f"{role}!"),
        (words, "text" if role != "dim" else "dim"),
    ]
    more = more_words(scene.decided)
    indent = 5 + _TITLE
    room = max(20, min(width, 100) - indent - 1)
    return [first, *([[(" " * indent, "text"), (cut(more, room), "dim")]] if more else [])]


def _contradictions(scene: Scene, width: int, current: str) -> Block:
    """The first in words; how many more there are."""
    here, found = current == _CONTRADICTIONS, scene.contradictions
    if not found:
        words = "none so far" if scene.known else "…"
        return Block(_CONTRADICTIONS, (labelled("Contradictions", words, here, "dim"),))
    indent = 5 + _TITLE
    pieces = _first_of(found, min(width, 100) - indent - 1, _SAID)
    first = labelled("Contradictions", pieces[0], here, "caution")
    more: list[Line] = [[(" " * indent, "text"), (text, "caution")] for text in pieces[1:]]
    return Block(_CONTRADICTIONS, (first, *more))


def _first_of(found: Sequence[Contradiction], room: int, most: int) -> list[str]:
    """The first one, wrapped and cut where it is longer; the others are counted."""
    from textwrap import wrap

    left = len(found) - 1
    tail = spelled(f" And {left} more (↵ lists)") if left else ""
    return wrap(clean(found[0].text) + tail, room, max_lines=most, placeholder=spelled(" … ↵"))


def labelled(title: str, words: str, here: bool, role: str = "text") -> Line:
    return [(" ▸ " if here else "   ", "accent"), (f"  {title:<{_TITLE}}", "dim"), (words, role)]


def wrapped(title: str, phrases: tuple[str, ...], width: int, here: bool) -> list[Line]:
    """Phrases joined by dots, broken between them only."""
    indent = 5 + _TITLE
    room = min(width, 100) - indent - 1
    texts = joined(phrases, room)
    first = labelled(title, texts[0], here)
    return [first, *([(" " * indent, "text"), (text, "text")] for text in texts[1:])]


def column(scene: Scene, width: int, current: str) -> list[Block]:
    """Beside a step: title and verdict, the headline below each in a quieter colour."""
    head: Line = [(" ", "text"), *decision(scene, width - 2)]
    blocks = [Block("", (head, []))]
    for row in rows(scene):
        head = [
            (" ▸ " if row.key == current else "   ", "accent"),
            (f"{row.number} ", "dim"),
            (f"{row.title:<{_TITLE - 1}}", "text"),
            (f"{row.mark} {row.word}", row.role if row.role == "dim" else f"{row.role}!"),
        ]
        blocks.append(Block(row.key, (head, *_below((row.headline,), width, "dim"))))
    blocks.append(Block("", ([],)))
    sign, word, role, words = row_words(scene.decided, scene.known)
    said = filter(None, (words, more_words(scene.decided)))
    head = _heading("Sign-off", f"{sign} {word}", current == _SIGNOFF, role)
    blocks.append(Block(_SIGNOFF, (head, *_below(said, width, "dim"))))
    blocks.append(Block("", ([],)))
    found = scene.contradictions
    count = str(len(found)) if found else "none so far"
    head = _heading(
        "Contradictions", count, current == _CONTRADICTIONS, "caution" if found else "dim"
    )
    shown: list[Line] = [
        [("     ", "text"), (text, "text")]
        for text in (_first_of(found, width - 6, _SAID - 1) if found else ())
    ]
    blocks += [Block(_CONTRADICTIONS, (head, *shown)), Block("", ([],))]
    for key, title, phrases in (
        (_DATA, "Data", scene.about.data),
        (_PROMPT, "Prompt", scene.about.prompt),
        *([(_HISTORY, "Earlier", (scene.earlier,))] if scene.earlier else []),
    ):
        told = _below(phrases, width, "text")
        blocks.append(Block(key, (_heading(title, "", current == key), *told)))
    return blocks


def _below(phrases: Iterable[str], width: int, role: str) -> list[Line]:
    """Wrapped to the column under a title, one free cell at the right."""
    from textwrap import wrap

    return [
        [("     ", "text"), (line, role)] for phrase in phrases for line in wrap(phrase, width - 6)
    ]


def _heading(title: str, words: str, here: bool, role: str = "dim") -> Line:
    return [
        (" ▸ " if here else "   ", "accent"),
        (f"  {title:<{_TITLE - 1}}", "dim"),
        (words, role if role == "dim" else f"{role}!"),
    ]
