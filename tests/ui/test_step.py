from __future__ import annotations

from textual.app import App, ComposeResult

from tui_eval.core.reading import Finding, Reading
from tui_eval.core.records import EngineStatus
from tui_eval.ui.screens.step import StepPane


class OnePane(App[None]):
    def compose(self) -> ComposeResult:
        yield StepPane("curves")


async def test_the_verdict_stands_first() -> None:
    app = OnePane()
    async with app.run_test(size=(80, 21)) as pilot:
        pane = app.query_one(StepPane)
        pane.show(
            Reading("curves", "tuned", "caution", "head", "loss fell 52%",
                    findings=(Finding("spike", "note", "1 spike \x1b[2J at step 770"),)),
            None, EngineStatus("idle"),
        )  # fmt: skip
        await pilot.pause()
        first, second = pane.text().splitlines()[:2]
        assert first.startswith("! caution  loss fell 52%")
        assert second == "· 1 spike ␛[2J at step 770"
