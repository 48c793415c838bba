"""Judging without a workspace's checklist behind it: two files of answers, or a bundle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from tui_eval.core.records import EngineStatus
from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.spelling import spelled_reading
from tui_eval.ui.widgets.drawn import Drawn, Line

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.core.session import JudgingSession
    from tui_eval.ui.app import EvalApp
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
    """Opens the session at once; leaving it leaves the app, or shows the result."""

    def __init__(self, direct: Direct) -> None:
        super().__init__()
        self._direct = direct
        self._session: JudgingSession | None = None

    def content(self) -> ComposeResult:
        yield Words("Reading the answers.")

    def on_mount(self) -> None:
        app: EvalApp = self.app  # type: ignore[assignment]

        def opens(judge: str) -> JudgingSession:
            self._session = self._direct.opens(judge)
            return self._session

        app.desk.sit(opens, failed=self._failed)

    def _failed(self, error: TuiEvalError) -> None:
        self.query_one(Words).show(
            f"{clean(error.message)}\n{clean(error.remedy)}\n\nq leaves.".replace("\n\n\n", "\n\n")
        )

    async def on_screen_resume(self) -> None:
        if self._session is None:
            return
        if self._direct.result is None or not getattr(self._session, "unblinded", False):
            self.app.exit(0, return_code=0)
            return
        try:
            reading = await asyncio.to_thread(self._direct.result)
        except TuiEvalError as error:
            self._failed(error)
            return
        self.app.switch_screen(ResultScreen(reading))


class ResultScreen(Plain):
    """A Reading alone. ``esc`` leaves."""

    footer = ("help", "leave")

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self._reading = spelled_reading(reading)

    def content(self) -> ComposeResult:
        from tui_eval.ui.screens.step import StepPane

        yield StepPane(self._reading.step, id="result")

    def on_mount(self) -> None:
        from tui_eval.ui.screens.step import StepPane

        pane = self.query_one(StepPane)
        pane.show(self._reading, None, EngineStatus("absent"))
        pane.focus()
