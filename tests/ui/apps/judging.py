"""The smallest app around a judging screen: the app's sheet, its keys and its way back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message

import tui_eval.ui
from tests.ui.apps.panes import Themed
from tests.ui.made_session import MadeAb
from tui_eval.ui import keys
from tui_eval.ui.filters import NoControl, ToAscii
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.blind_ab import BlindAbScreen
from tui_eval.ui.terminal import ascii_only


class Clock:
    """Stands where a test puts it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Judged(Themed):
    CSS_PATH = str(Path(tui_eval.ui.__file__).parent / "app.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in keys.bindings("everywhere") if binding.id in ("back", "leave")
    ]

    def __init__(self, screen: Plain, theme: str = "dark") -> None:
        super().__init__(theme)
        self.given = screen
        self.heard: list[Message] = []
        self.left = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        own = [NoControl(), ToAscii()] if ascii_only() else [NoControl()]
        return [*super().get_line_filters(), *own]

    async def on_mount(self) -> None:
        await self.push_screen(self.given)

    async def action_back(self) -> None:
        screen = self.screen
        if isinstance(screen, Plain) and await screen.close_innermost():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_leave(self) -> None:
        self.left = True
        self.exit()

    def on_blind_ab_screen_unblinded(self, message: Message) -> None:
        self.heard.append(message)


class OneAb(Judged):
    def __init__(self, session: MadeAb, theme: str = "dark", clock: Clock | None = None) -> None:
        self.session, self.clock = session, clock or Clock()
        self.desk = BlindAbScreen(session, clock=self.clock)
        super().__init__(self.desk, theme)
