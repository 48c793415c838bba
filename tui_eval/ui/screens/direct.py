"""Judging without a workspace's checklist behind it: two files of answers, or a bundle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui_eval.core.records import EngineStatus
from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui import keys
from tui_eval.ui.desk import screen_of
from tui_eval.ui.scene import entry_of
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.step import StepPane
from tui_eval.ui.spelling import spelled_reading
from tui_eval.ui.widgets.drawn import Drawn, Line

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.core.session import JudgingSession
    from tui_eval.ui.start import Direct


class Words(Drawn):
    DEFAULT_CSS = "Words { height: 1fr; width: 1fr; }"

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def show(self, words: str) -> None:
        self._words = words
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return [[], *([(f" {text}", "text")] for text in self._words.split("\n"))]


class DirectScreen(Plain):
    """Opens the session at once, or its result where it is unblinded. Leaving judging leaves
    the app, or shows the result."""

    def __init__(self, direct: Direct, judge: str) -> None:
        super().__init__()
        self._direct, self._judge = direct, judge
        self._judged = False
        """Judging was shown, so that coming back here means that it was left."""
        self._shown = False
        self._session: JudgingSession | None = None

    def content(self) -> ComposeResult:
        yield Words("Reading the answers.")

    def on_mount(self) -> None:
        self.run_worker(self._begin(), exit_on_error=True)

    async def _begin(self) -> None:
        try:
            session = await asyncio.to_thread(self._direct.opens, self._judge)
        except TuiEvalError as error:
            self._failed(error)
            return
        self._session = session
        if self._direct.result is not None and self._unblinded():
            await asyncio.to_thread(session.close)
            await self._show_result()
            return
        await self.app.push_screen(screen_of(session))
        self._judged = True

    def _unblinded(self) -> bool:
        return bool(getattr(self._session, "unblinded", False))

    def _failed(self, error: TuiEvalError) -> None:
        remedy = f"\n{clean(error.remedy)}" if error.remedy else ""
        self.query_one(Words).show(f"{clean(error.message)}{remedy}\n\nq leaves.")

    async def on_screen_resume(self) -> None:
        if not (self._judged or self._shown):
            return
        if self._direct.result is not None and self._unblinded() and not self._shown:
            await self._show_result()
        else:
            self.app.exit(0, return_code=0)

    async def _show_result(self) -> None:
        assert self._direct.result is not None
        try:
            reading = await asyncio.to_thread(self._direct.result)
        except TuiEvalError as error:
            self._failed(error)
            return
        self._shown = True
        # Over this one: the first screen can't be switched, for it answers to nobody.
        await self.app.push_screen(ResultScreen(reading, self._direct))


class ResultPane(StepPane):
    """A Reading alone: nothing is judged or computed here."""

    @property
    def footer(self) -> tuple[str, ...]:
        return tuple(name for name in super().footer if name not in ("judge", "run", "again"))


class ResultScreen(Plain):
    BINDINGS: ClassVar[list[BindingType]] = [
        one for one in keys.bindings("main") if one.id == "how"
    ]
    footer = ("back", "help", "leave")

    def __init__(self, reading: Reading, direct: Direct) -> None:
        super().__init__()
        self._reading = spelled_reading(reading)
        self._direct = direct

    def content(self) -> ComposeResult:
        yield ResultPane(self._reading.step, id="result")

    def on_mount(self) -> None:
        pane = self.query_one(ResultPane)
        pane.show(self._reading, None, EngineStatus("absent"))
        pane.focus()

    def action_how(self) -> None:
        from tui_eval.ui.screens.how import HowPage

        self.app.push_screen(HowPage(entry_of(self._reading.step), self._reading))

    async def on_step_pane_opened(self, event: StepPane.Opened) -> None:
        from tui_eval.ui.screens.answers import AnswersPage

        if self._direct.detail is None:
            return
        page = AnswersPage()
        await self.app.push_screen(page)
        page.post_message(page.Found(await asyncio.to_thread(self._direct.detail, event.ref)))
