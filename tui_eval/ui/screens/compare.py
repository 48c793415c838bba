"""All candidates side by side, and who was compared with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.records import Job
from tui_eval.core.steps import compared
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.messages import JudgeAsked
from tui_eval.ui.scene import Scene
from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.side_by_side import SideBySide
from tui_eval.ui.survey import Missing, Survey
from tui_eval.ui.widgets.frame import TopLine

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker


class CompareScreen(Watching):
    """The looker reads all candidates while this is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        one for one in keys.bindings("main") if one.id in ("along", "cancel")
    ]
    footer = ("back", "help", "leave")

    class Surveyed(Message, bubble=False):
        def __init__(self, survey: Survey) -> None:
            super().__init__()
            self.survey = survey

    class Looked(Message, bubble=False):
        """Which models of a pair have not answered its prompts."""

        def __init__(self, pair: tuple[str, str], without: tuple[str, ...]) -> None:
            super().__init__()
            self.pair, self.without = pair, without

    class Counted(Message, bubble=False):
        def __init__(self, missing: Missing) -> None:
            super().__init__()
            self.missing = missing

    def __init__(self, looker: Looker, scene: Scene) -> None:
        super().__init__()
        self.looker, self._scene = looker, scene

    def content(self) -> ComposeResult:
        yield TopLine()
        yield SideBySide(self._scene, float(self.looker.config.setting("blind_ab.significance")))

    def on_mount(self) -> None:
        self.scene_changed(self._scene)
        self.query_one(SideBySide).focus()

    def on_screen_suspend(self) -> None:
        # While somebody judges over it nothing needs reading.
        self.looker.survey(None)

    def on_unmount(self) -> None:
        self.looker.survey(None)

    def on_screen_resume(self) -> None:
        # What was judged meanwhile shows at once.
        self.looker.survey(lambda survey: self.post_message(self.Surveyed(survey)))

    def scene_changed(self, scene: Scene) -> None:
        self._scene = scene
        self.query_one(TopLine).show(scene)
        table = self.query_one(SideBySide)
        table.show(scene, table.survey)

    def on_compare_screen_surveyed(self, event: Surveyed) -> None:
        self.query_one(SideBySide).show(self._scene, event.survey)

    async def on_side_by_side_opened(self, event: SideBySide.Opened) -> None:
        """Go on with that candidate, at that step."""
        from tui_eval.ui.screens.main import MainScreen

        main = next(one for one in self.app.screen_stack if isinstance(one, MainScreen))
        if event.candidate != self._scene.candidate:
            self.looker.choose(event.candidate)
        self.app.pop_screen()
        await main.arrive(event.step)

    def on_side_by_side_comparison_opened(self, event: SideBySide.ComparisonOpened) -> None:
        from tui_eval.ui.screens.comparison import ComparisonScreen

        self.app.push_screen(ComparisonScreen(event.comparison, self.looker))

    def on_side_by_side_pair_asked(self, event: SideBySide.PairAsked) -> None:
        made = self.query_one(SideBySide).survey.comparisons
        order = tuple(self.looker.config.models)
        pair = compared.between(made, event.one, event.other, order)
        self.looker.unanswered(*pair, lambda found: self.post_message(self.Looked(pair, found)))

    def on_compare_screen_looked(self, event: Looked) -> None:
        """Judge, or let the models answer first that have not answered the same prompts."""
        pair, names = event.pair, event.without
        if not names:
            self.post_message(JudgeAsked("blind_ab", pair=pair))
            return
        from tui_eval.ui.screens.sheet import Ask

        told = " and ".join(clean(name, limit=40) for name in names)
        have = "has" if len(names) == 1 else "have"
        words = (f"{told} {have} not answered the prompts of this comparison yet.",)

        def answered(yes: bool | None) -> None:
            if yes:
                args = {"candidate": pair[0], "split": "validation", "models": list(pair)}
                self.looker.ask([("generate", args)])

        self.app.push_screen(Ask("Let the models answer now?", words), answered)

    def action_along(self) -> None:
        from tui_eval.ui.screens.along import AlongScreen

        self.app.push_screen(AlongScreen(self.looker, self.query_one(SideBySide).candidate))

    # Computing what is missing.

    def on_side_by_side_run_asked(self) -> None:
        self.looker.missing(lambda found: self.post_message(self.Counted(found)))

    def on_compare_screen_counted(self, event: Counted) -> None:
        from tui_eval.ui.screens.sheet import Ask
        from tui_eval.ui.widgets.progress import duration

        found = event.missing
        if not found.jobs:
            self.say("nothing is missing that could be computed", "dim")
            return
        jobs, many = len(found.jobs), found.candidates
        words = [
            f"{jobs} job{'s' * (jobs != 1)} for {many} candidate{'s' * (many != 1)},"
            " one after the other; what is there already is not computed again."
        ]
        if found.seconds is not None:
            words.append(f"By the last ones they take about {duration(found.seconds)} at most.")

        def answered(yes: bool | None) -> None:
            if yes:
                self.looker.ask(found.jobs)

        self.app.push_screen(Ask("Compute what is missing for all candidates?", words), answered)

    def action_cancel(self) -> None:
        job: Job | None = self._scene.active()
        if job is None:
            self.say("the engine has no job", "dim")
        else:
            self.looker.cancel(job)
            self.say("stops after this batch")
