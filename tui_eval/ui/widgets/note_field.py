"""One line for a note, with the ``#tags`` that this judge used before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message

from tui_eval.core.text import cells, clean
from tui_eval.ui import keys
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.line_input import LineInput

_TAG = re.compile(r"#[\w-]*\Z")
OFFERED = 3
LONGEST = 4_000
"""Characters of a note."""


def offered(text: str, tags: Mapping[str, int]) -> list[str]:
    """The tags that may complete the one at the end of ``text``, the most used first."""
    begun = _TAG.search(text)
    if begun is None:
        return []
    typed = begun[0].casefold()
    found = [
        tag for tag in map(_with_sign, tags) if tag.casefold().startswith(typed) and tag != begun[0]
    ]
    counts = {_with_sign(tag): count for tag, count in tags.items()}
    return sorted(found, key=lambda tag: (-counts[tag], tag))


def _with_sign(tag: str) -> str:
    return tag if tag.startswith("#") else f"#{tag}"


class NoteInput(LineInput):
    DEFAULT_CSS = "NoteInput, NoteInput:focus { padding: 0 1 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("note")]
    footer = ("save_note", "complete", "keep_draft")

    @property
    def field(self) -> NoteField:
        assert isinstance(self.parent, NoteField)
        return self.parent

    def action_save_note(self) -> None:
        self.field.post_message(NoteField.Saved(self.value.strip()))

    def action_keep_draft(self) -> None:
        self.field.post_message(NoteField.Kept(self.value))

    def action_complete(self) -> None:
        self.field.complete()

    def action_cursor_right(self, select: bool = False) -> None:
        if self.cursor_position < len(self.value) or not self.field.complete():
            super().action_cursor_right(select)


class Offered(Drawn):
    """Tags that complete what is typed, with how often each was used."""

    DEFAULT_CSS = "Offered { width: 0; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._line: Line = []

    def show(self, tags: list[str], counts: Mapping[str, int]) -> None:
        self._line = []
        for number, tag in enumerate(tags[:OFFERED]):
            count = counts.get(tag, counts.get(tag[1:], 0))
            role = "accent" if number == 0 else "dim"
            self._line += [(f"{clean(tag, limit=24)} ", role), (f"{count}   ", "dim")]
        wide = sum(cells(text) for text, _ in self._line)
        if self.styles.width is None or self.styles.width.value < wide or not wide:
            self.styles.width = wide
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        pad = width - sum(cells(text) for text, _ in self._line)
        return [[(" " * max(0, pad), "text"), *self._line]]


class NoteField(Horizontal):
    """Hidden until ``open``. What is typed stays here: no key of it judges anything."""

    DEFAULT_CSS = """
    NoteField { height: 1; display: none; }
    NoteField.-open { display: block; }
    NoteField > .name { width: 6; height: 1; }
    NoteField > NoteInput { width: 1fr; }
    """

    class Saved(Message):
        """``enter``: this is the note now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """``esc``: closed, the draft kept."""

        def __init__(self, draft: str) -> None:
            super().__init__()
            self.draft = draft

    def __init__(self) -> None:
        super().__init__()
        self._tags: Mapping[str, int] = {}
        self.input = NoteInput(hint="what you noticed, with #tags")
        self.input.max_length = LONGEST

    def compose(self) -> ComposeResult:
        yield Name()
        yield self.input
        yield Offered()

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self, text: str, tags: Mapping[str, int]) -> None:
        self._tags = tags
        field = self.input
        # A note from the editor may hold line ends; here it is one line.
        field.value = clean(text.replace("\r\n", " ").replace("\n", " "))
        field.cursor_position = len(field.value)
        self.add_class("-open")
        self._offer()
        # At once: a letter typed right after ``n`` would vote.
        self.screen.set_focus(field)

    @property
    def typed(self) -> str:
        """What is being typed; nothing where it is closed. Also while the screen ends."""
        return self.input.value if self.is_open else ""

    def close(self) -> None:
        self.remove_class("-open")

    def on_input_changed(self) -> None:
        self._offer()

    def _offer(self) -> None:
        self.query_one(Offered).show(offered(self.input.value, self._tags), self._tags)

    def complete(self) -> bool:
        """Take the first tag that is offered; whether there was one."""
        field = self.input
        tags = offered(field.value, self._tags)
        if not tags:
            return False
        field.value = _TAG.sub(lambda _: f"{tags[0]} ", field.value)
        field.cursor_position = len(field.value)
        return True


class Name(Drawn):
    DEFAULT_CSS = "Name { width: 6; height: 1; }"

    def lines(self, width: int, height: int) -> list[Line]:
        return [[(" note ", "dim")]]
