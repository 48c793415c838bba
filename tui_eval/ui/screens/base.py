"""What every screen has: a key line, and one plain message where it would not fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.events import DescendantFocus, Key
from textual.screen import Screen

from tui_eval.core.text import clean
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.frame import KeyLine

if TYPE_CHECKING:
    from tui_eval.ui.scene import Scene

MIN_WIDTH, MIN_HEIGHT, WIDE = 60, 15, 120


class TooSmall(Drawn):
    """Shown alone below 60 x 15."""

    def __init__(self) -> None:
        super().__init__(id="too-small")

    def lines(self, width: int, height: int) -> list[Line]:
        words = f"Needs {MIN_WIDTH} x {MIN_HEIGHT}; this is {self.app.size.width} x {height}."
        return [[(words, "text")], [("Nothing is lost. q leaves.", "dim")]]


class Nothing(Drawn):
    DEFAULT_CSS = "Nothing { height: 1fr; width: 1fr; }"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def lines(self, width: int, height: int) -> list[Line]:
        return [
            [(" tui-eval", "text!")],
            [],
            [(f" There is no eval.toml and no checkpoint in {clean(str(self._folder))}", "text")],
            [],
            [("   tui-eval path/to/checkpoint   ", "accent"), ("open a fine-tune", "dim")],
            [("   tui-eval demo                 ", "accent"), ("look at the sample run", "dim")],
        ]


class Plain(Screen[None], inherit_bindings=False):
    """Subclasses compose their content in ``content``; ``footer`` are the key line's
    actions while nothing with a ``footer`` of its own has the focus."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (MIN_WIDTH, "-narrow"),
        (WIDE, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (MIN_HEIGHT, "-tall"),
    ]
    footer: tuple[str, ...] = ("help", "leave")

    is_page = False
    """Lies over the frame, and gives way to another page."""

    def content(self) -> ComposeResult:
        yield from ()

    async def close_innermost(self) -> bool:
        """Close what is open inside (a filter); whether there was anything."""
        return False

    def compose(self) -> ComposeResult:
        yield from self.content()
        yield KeyLine(self.footer)
        yield TooSmall()

    @property
    def key_line(self) -> KeyLine:
        return self.query_one(KeyLine)

    def say(self, words: str, role: str = "text") -> None:
        self.key_line.say(words, role)

    def show_keys(self) -> None:
        """Name the keys of what has the focus now."""
        own = getattr(self.focused, "footer", ())
        self.key_line.show(own or self.footer)

    async def type_filter(self) -> None:
        """The line at the bottom in which the words of a list's filter are typed."""
        if self.query("LineInput"):
            self.query_one("#filter").focus()
            return
        # Textual's input is slow to import, and few filter before they look.
        from tui_eval.ui.widgets.line_input import LineInput

        entry = LineInput(hint="words to look for", id="filter")
        entry.styles.dock = "bottom"
        await self.mount(entry)
        entry.focus()

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        self.show_keys()

    def on_key(self, _event: Key) -> None:
        # A sentence on the key line is read by the next key.
        self.key_line.silence()


class Watching(Plain):
    """A screen over the frame that is told when what is known of the workspace changes.
    Judging screens are not: a Scene names the models."""

    def scene_changed(self, scene: Scene) -> None:
        raise NotImplementedError


class NothingHere(Plain):
    """A folder that tells nothing: what to give instead."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def content(self) -> ComposeResult:
        yield Nothing(self._folder)
