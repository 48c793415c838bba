"""The frame that every screen has: what is judged, the six steps, the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_eval.core.text import cells, clean, cut
from tui_eval.ui import keys
from tui_eval.ui.scene import SHORT, Row, Scene, rows
from tui_eval.ui.widgets import progress
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rows import wrapped

MARGIN = " "
SENTENCE = 6
"""Lines that a sentence on the key line grows to."""


class TopLine(Horizontal):
    """Line 1: the workspace, ``○`` base and ``●`` tuned, and at the right the engine.

    Two widgets, because a repaint begins at a widget's edge: the number that moves once a
    second is then all that is sent.
    """

    DEFAULT_CSS = """
    TopLine { height: 1; }
    TopLine > Names { width: 1fr; height: 1; }
    TopLine > Engine { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="top")

    def compose(self) -> ComposeResult:
        yield Names()
        yield Engine()

    def show(self, scene: Scene) -> None:
        self.query_one(Names).show(scene)
        self.query_one(Engine).show(scene)


class Names(Drawn):
    def __init__(self) -> None:
        super().__init__()
        self._scene = Scene()

    def show(self, scene: Scene) -> None:
        self._scene = scene
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return [names_line(self._scene, width)]


class Engine(Drawn):
    """As wide as its words, which keep their width while a number in them moves."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ("", "dim")
        self.styles.width = 6

    def show(self, scene: Scene) -> None:
        self._words = progress.engine_line(scene.active(), scene.engine, scene.host)
        self._take(cells(self._words[0]) + 2, working=scene.active() is not None)
        self.redraw()

    def _take(self, width: int, *, working: bool) -> None:
        """While it works it only grows: a shorter time left must not move the names."""
        now = self.styles.width
        if now is not None and (now.value < width or (not working and now.value > width)):
            self.styles.width = width

    def lines(self, width: int, height: int) -> list[Line]:
        text, role = self._words
        return [[(" " * max(0, width - 1 - cells(text)), "text"), (text, role)]]


def names_line(scene: Scene, width: int) -> Line:
    """Names give way to what the engine does: the base first, the candidate last."""
    about = scene.about
    tuned = about.tuned
    if len(scene.candidates) > 1 and scene.candidate in scene.candidates:
        # Which of how many stands first: what is cut is cut at the end.
        place = scene.candidates.index(scene.candidate) + 1
        name = clean(scene.candidate)
        shown = f"{name}, {tuned}" if tuned and tuned != name else name
        tuned = f"{place}/{len(scene.candidates)} {shown}"
    names = _fitting(about.name, about.base, tuned, width - 2)
    line: Line = [(MARGIN, "text"), (names[0], "text!")]
    if names[1]:
        line += [("  ", "text"), ("○ ", "base"), (names[1], "dim")]
    if names[2]:
        line += [("  ", "text"), ("● ", "tuned"), (names[2], "text")]
    return line


def _fitting(name: str, base: str, tuned: str, room: int) -> tuple[str, str, str]:
    """The three names cut to ``room`` cells with their marks and gaps: the base first,
    then the workspace, the candidate last."""
    marks = 4 * bool(base) + 4 * bool(tuned)
    least = 6
    spare = cells(name) + cells(base) + cells(tuned) + marks - room
    for_base = _cut_by(base, spare, least)
    spare -= cells(base) - cells(for_base)
    for_name = _cut_by(name, spare, least)
    spare -= cells(name) - cells(for_name)
    return for_name, for_base, _cut_by(tuned, spare, least)


def _cut_by(text: str, spare: int, least: int) -> str:
    return cut(text, max(least, cells(text) - spare)) if spare > 0 else text


class StepLine(Drawn):
    """Line 2: the six steps with a mark each; the one on the screen is bold."""

    DEFAULT_CSS = "StepLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__(id="steps")
        self._scene = Scene()
        self._current = ""

    def show(self, scene: Scene, current: str) -> None:
        self._scene, self._current = scene, current
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return [step_line(rows(self._scene), self._current)]


def step_line(steps: Sequence[Row], current: str) -> Line:
    line: Line = [(MARGIN, "text")]
    for row in steps:
        here = row.key == current
        line += [
            (f"{row.number} {SHORT[row.key]} ", "text!" if here else "dim"),
            (row.mark, row.role + ("!" if here else "")),
            ("  ", "text"),
        ]
    return line[:-1]


class KeyLine(Drawn):
    """The last line: keys and their words; a sentence in their place until the next key,
    over more lines than one where it is long."""

    DEFAULT_CSS = "KeyLine { height: 1; dock: bottom; }"

    def __init__(self, actions: Sequence[str] = ()) -> None:
        super().__init__(id="keys")
        self._actions = tuple(actions)
        self._words: tuple[str, str] | None = None

    def show(self, actions: Sequence[str]) -> None:
        self._actions = tuple(actions)
        self.redraw()

    def say(self, words: str, role: str = "text") -> None:
        """``words`` may be foreign; they are cleaned here."""
        self._words = (clean(words), role)
        self._take(len(self._sentence(self.app.size.width)))
        self.redraw()

    def silence(self) -> None:
        if self._words is not None:
            self._words = None
            self._take(1)
            self.redraw()

    def _take(self, lines: int) -> None:
        now = self.styles.height
        if now is None or now.value != lines:
            self.styles.height = lines

    def _sentence(self, width: int) -> list[Line]:
        if self._words is None:
            return []
        text, role = self._words
        pieces = wrapped(text, max(10, width - 2), SENTENCE)
        return [[(MARGIN, "text"), (piece, role)] for piece in pieces] or [[]]

    def lines(self, width: int, height: int) -> list[Line]:
        if self._words is not None:
            return self._sentence(width)
        keymap: Mapping[str, tuple[str, ...]] = getattr(self.app, "keymap", {})
        return [key_line(keys.footer(self._actions, keymap), width)]


LAST = ("help", "leave")
"""These stay when the line is too short for the others."""


def key_line(pairs: Sequence[tuple[str, str]], width: int) -> Line:
    """Pairs in order while they fit; ``? help`` and ``q leave`` always."""
    kept, tail = [], [pair for pair in pairs if pair[1] in LAST]
    room = width - 2 - sum(_pair_width(pair) for pair in tail)
    for pair in pairs:
        if pair in tail:
            continue
        room -= _pair_width(pair)
        if room < 0:
            break
        kept.append(pair)
    line: Line = [(MARGIN, "text")]
    for key, words in (*kept, *tail):
        line += [(key, "accent"), (f" {words}  ", "dim")]
    return line


def _pair_width(pair: tuple[str, str]) -> int:
    return cells(pair[0]) + 1 + cells(pair[1]) + 2
