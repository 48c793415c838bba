"""One line to type in: a filter, a path, a command's name."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import Input


class LineInput(Input):
    """Textual's input without box or blinking. ``esc`` is left to the screen."""

    DEFAULT_CSS = """
    LineInput, LineInput:focus {
        border: none; height: 1; padding: 0 1 0 3; color: $text;
        background: $background; background-tint: $background 0%;
    }
    """
    BINDINGS = [  # noqa: RUF012
        # The parent class binds ctrl+a, which belongs to terminal multiplexers.
        Binding("ctrl+u", "delete_left_all", show=False),
    ]

    def __init__(self, value: str = "", *, hint: str = "", id: str | None = None) -> None:
        super().__init__(value, placeholder=hint, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
