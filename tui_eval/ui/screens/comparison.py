"""One blind comparison's result, as step 5 shows that with the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui_eval.core.records import EngineStatus
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.messages import JudgeAsked
from tui_eval.ui.scene import Scene, entry_of
from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.direct import ResultPane
from tui_eval.ui.screens.page import Title
from tui_eval.ui.screens.step import StepPane

if TYPE_CHECKING:
    from tui_eval.core.steps.compared import Comparison
    from tui_eval.ui.looker import Looker


class PairPane(ResultPane):
    @property
    def footer(self) -> tuple[str, ...]:
        return ("judge", *super().footer)


class ComparisonScreen(Watching):
    BINDINGS: ClassVar[list[BindingType]] = [
        one for one in keys.bindings("main") if one.id in ("how", "judge")
    ]
    footer = ("back", "help", "leave")

    def __init__(self, comparison: Comparison, looker: Looker) -> None:
        super().__init__()
        self._comparison, self._looker = comparison, looker

    def content(self) -> ComposeResult:
        one = self._comparison
        names = [clean(name, limit=40) for name in (one.candidate, one.against)]
        yield Title(f"Blind A/B  ● {names[0]} against ○ {names[1]}")
        yield PairPane("blind_ab", id="comparison")

    def on_mount(self) -> None:
        pane = self.query_one(PairPane)
        pane.show(self._comparison.reading, None, EngineStatus("absent"))
        pane.focus()

    def scene_changed(self, scene: Scene) -> None:
        """What it shows comes with the comparisons, which the table below is told."""

    def action_how(self) -> None:
        from tui_eval.ui.screens.how import HowPage

        self.app.push_screen(HowPage(entry_of("blind_ab"), self._comparison.reading))

    def action_judge(self) -> None:
        one = self._comparison
        if not one.current:
            self.say("these answers are earlier ones; nobody can judge them any more", "dim")
            return
        # What is judged there is told by the table, not by this page.
        self.app.pop_screen()
        self.app.post_message(JudgeAsked("blind_ab", pair=(one.candidate, one.against)))

    def on_judge_asked(self, event: JudgeAsked) -> None:
        """``enter`` on the pane asks for step 5's own."""
        if event.pair is None:
            event.stop()
            self.action_judge()

    def on_step_pane_opened(self, event: StepPane.Opened) -> None:
        from tui_eval.ui.screens.answers import AnswersPage

        page = AnswersPage()
        self.app.push_screen(page)
        self._looker.pair_answers(
            self._comparison, event.ref, lambda one: page.post_message(page.Found(one))
        )
