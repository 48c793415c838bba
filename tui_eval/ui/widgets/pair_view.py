"""A prompt and two answers: beside each other, or one over the whole width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.geometry import Size

from tui_eval.core.session import Pair
from tui_eval.core.text import cells
from tui_eval.ui.widgets.answer_pane import COLUMN, AnswerPane, right_to_left
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.fold import folded_words, last_lines
from tui_eval.ui.widgets.judge_line import Ruled, first_column

NAMES = ("A", "B")
RULED = 8
"""Cells of an answer's heading besides its hint and place."""
AROUND = 6
"""Lines of the screen that are neither prompt nor answers."""
PANEFULS = 2.0
"""Screens that an answer may take beside the other; a longer one has the whole width."""


class PromptLines(Drawn):
    DEFAULT_CSS = "PromptLines { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._made: list[Line] = []

    def show(self, made: list[Line]) -> None:
        self._made = made
        if self.styles.height is None or self.styles.height.value != len(made):
            self.styles.height = len(made)
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return self._made


class Between(Drawn):
    """The line between two answers."""

    DEFAULT_CSS = "Between { width: 1; height: 1fr; }"

    def lines(self, width: int, height: int) -> list[Line]:
        return [[("│", "rule")]] * height


class PairView(Vertical):
    """``show`` a pair; ``zoomed`` shows the ``front`` answer alone. Knows which answers
    were on the screen (``shown``), not whose they are."""

    DEFAULT_CSS = """
    PairView { height: 1fr; }
    PairView #panes { height: 1fr; }
    """

    def __init__(self, hints: tuple[str, str] = ("press a", "press b")) -> None:
        super().__init__()
        self._hints = hints
        self.pair: Pair | None = None
        self.front = 0
        self.zoomed = False
        self.long = False
        """This pair needs the whole width: very long, or written from right to left."""
        self.shown: set[int] = set()
        self.wish = False
        """The judge zoomed in, and gets the next pairs so, too."""
        self._below = ""

    def compose(self) -> ComposeResult:
        yield Ruled(id="prompt-head")
        yield PromptLines()
        yield Ruled(id="heads")
        with Horizontal(id="panes"):
            yield AnswerPane(on_scrolled=self.show_heads, id="answer-a")
            yield Between()
            yield AnswerPane(on_scrolled=self.show_heads, id="answer-b")
        yield Ruled(id="foot")

    def on_mount(self) -> None:
        self.both = [
            self.query_one("#answer-a", AnswerPane),
            self.query_one("#answer-b", AnswerPane),
        ]

    @property
    def panes(self) -> list[AnswerPane]:
        """The answers that are on the screen."""
        return [self.both[self.front]] if self.zoomed else list(self.both)

    def show(self, pair: Pair, size: Size) -> None:
        """A new pair, from its beginning. ``size``: of the whole screen, as the widgets
        may not be laid out yet."""
        self.pair = pair
        self.front = 0
        self.shown = set()
        for pane, text in zip(self.both, (pair.left, pair.right), strict=True):
            pane.show(text)
        self._show_prompt(size)
        self.long = self._needs_width(pair, size)
        self._zoom(self.long or self.wish)

    def _needs_width(self, pair: Pair, size: Size) -> bool:
        texts = (pair.left, pair.right)
        if any(map(right_to_left, texts)):
            return True
        width, height = first_column(size.width, 2) - 2, max(1, size.height - AROUND - self._prompt)
        return any(pane.panefuls(width, height) > PANEFULS for pane in self.both)

    def _show_prompt(self, size: Size) -> None:
        assert self.pair is not None
        most = max(2, size.height // 8, self._left_over(size))
        prompt = self.pair.prompt
        width = min(size.width, COLUMN + 2)
        made = last_lines(prompt, width, most)
        cut = len(made) == most and len(last_lines(prompt, width, most + 1)) > most
        more = folded_words(prompt, cut=cut)
        self._prompt = len(made)
        self.query_one(PromptLines).show(made)
        right = f"p {more}" if more else ""
        self.query_one("#prompt-head", Ruled).show(([("prompt", "dim")], right))

    def _left_over(self, size: Size) -> int:
        """Lines that the answers don't need; the same whichever of them is looked at, and how."""
        assert self.pair is not None
        alone = any(map(right_to_left, (self.pair.left, self.pair.right)))
        width, room = first_column(size.width, 1 if alone else 2) - 2, size.height - AROUND
        return room - max(pane.needs(width, max(1, room)) for pane in self.both)

    def on_resize(self, _event: Resize) -> None:
        if self.pair is not None:
            self._show_prompt(self.screen.size)
            self.call_after_refresh(self.show_heads)

    # One or both.

    def toggle_zoom(self) -> None:
        if not self.long:
            self.wish = not self.zoomed
        self._zoom(not self.zoomed)

    def turn(self) -> None:
        """The other answer: in front, or the one that is scrolled alone."""
        self.front = 1 - self.front
        self._zoom(self.zoomed)

    def _zoom(self, on: bool) -> None:
        self.zoomed = on
        for number, pane in enumerate(self.both):
            pane.display = not on or number == self.front
        self.query_one(Between).display = not on
        self.shown |= {self.front} if on else {0, 1}
        self.show_heads()
        self.call_after_refresh(self.show_heads)

    def say_below(self, words: str) -> None:
        """Words of ours on the rule under the answers, for as long as they are true."""
        self._below = words
        self.show_heads()

    @property
    def unseen(self) -> str:
        """The answer that was not on the screen yet, or nothing."""
        return next((NAMES[n] for n in (0, 1) if n not in self.shown), "")

    # The lines around.

    def show_heads(self) -> None:
        heads, foot = self.query_one("#heads", Ruled), self.query_one("#foot", Ruled)
        below: Line = [(self._below, "dim")] if self._below else []
        if self.zoomed:
            heads.show(self._head(self.front))
            foot.show((below, ""))
        else:
            heads.show(self._head(0), self._head(1))
            foot.show((below, ""), ([], ""), joint="┴")

    def _head(self, number: int) -> tuple[Line, str]:
        role = "text!" if number == self.front or not self.zoomed else "text"
        pane = self.both[number]
        place = pane.position() if pane.size else ""
        hint = f"  {self._hints[number]}"
        if self.zoomed:
            hint += f" · tab shows {NAMES[1 - number]}"
        # On a narrow pane the key line alone names the key.
        fits = not pane.size or RULED + cells(hint) + cells(place) <= pane.size.width
        words: Line = [(NAMES[number], role), (hint if fits else "", "dim")]
        return words, place

    def each(self, act: Callable[[AnswerPane], Any]) -> None:
        for pane in self.both:
            act(pane)
