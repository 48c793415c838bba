"""The checklist and the steps: one screen, two beside each other where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from tui_eval.checklist import CHECKLIST
from tui_eval.ui import keys
from tui_eval.ui.messages import JudgeAsked, SignOffAsked
from tui_eval.ui.scene import Scene, entry_of
from tui_eval.ui.screens.base import WIDE
from tui_eval.ui.screens.checklist import COLUMN, Checklist
from tui_eval.ui.screens.cost import begun, cost_words
from tui_eval.ui.screens.reporting import Reporting
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.first_hint import FirstHint, HintClosed, first_hint
from tui_eval.ui.widgets.frame import StepLine, TopLine

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker
    from tui_eval.ui.screens.step import StepPane

STEPS = tuple(entry.key for entry in CHECKLIST)


class Divider(Drawn):
    DEFAULT_CSS = "Divider { width: 1; height: 1fr; }"

    def lines(self, width: int, height: int) -> list[Line]:
        return [[("│", "rule")]] * height


class Blank(Drawn):
    DEFAULT_CSS = "Blank { height: 1; }"

    def lines(self, width: int, height: int) -> list[Line]:
        return []


class MainScreen(Reporting):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("main", "hint")]
    footer = ("back", "previous_step", "step_1", "commands", "help", "leave")

    def __init__(self, looker: Looker) -> None:
        super().__init__()
        self.looker = looker
        self.scene: Scene = looker.scene
        self.step: str | None = None
        """The step that is open; None at the checklist."""

    def content(self) -> ComposeResult:
        yield TopLine()
        yield StepLine()
        yield first_hint(self.app) or Blank()
        with Horizontal(id="body", classes="-home"):
            yield Checklist()
            yield Divider(id="divider")
            yield ContentSwitcher(id="switcher")

    def on_mount(self) -> None:
        self.show(self.scene)
        self.query_one(Checklist).focus()
        # Reading starts when the frame is on the screen, not beside its drawing.
        self.call_after_refresh(self.call_after_refresh, self.looker.start)

    @property
    def wide(self) -> bool:
        return self.size.width >= WIDE

    def show(self, scene: Scene) -> None:
        """Draw what changed; called for every new Scene."""
        self.scene = scene
        self.query_one(TopLine).show(scene)
        self.query_one(StepLine).show(scene, self.step or "")
        self.query_one(Checklist).show(scene)
        self._show_pane(self.query_one(ContentSwitcher).current)
        self._tell_hint()

    def _tell_hint(self) -> None:
        checklist = self.query_one(Checklist)
        width = checklist.size.width or self.size.width
        # Narrower only where the one plain message stands in place of everything.
        told = self.step is None and width >= COLUMN
        for hint in self.query(FirstHint):
            hint.tell(told, len(checklist.lines(width, 1000)) if told else 0)

    def _show_pane(self, pane: str | None) -> None:
        if pane not in STEPS:
            return
        from tui_eval.ui.screens.step import StepPane

        shown = self.query_one(f"#{pane}", StepPane)
        scene = self.scene
        shown.show(
            scene.readings.get(pane), scene.job(pane), scene.engine,
            scene.following, scene.beside, scene.followed,
        )  # fmt: skip

    # Going about.

    async def on_checklist_opened(self, event: Checklist.Opened) -> None:
        if event.key in STEPS:
            await self.go(event.key)
        elif event.key == "data":
            self.action_skipped()
        elif event.key == "prompt":
            self._open_prompt()
        elif event.key == "history":
            self.action_history()
        elif event.key == "contradictions":
            self._open_contradictions()
        else:
            self.action_sign_off()

    def _open_contradictions(self) -> None:
        from tui_eval.ui.screens.contradictions import ContradictionsPage

        self.app.push_screen(ContradictionsPage(self.scene.contradictions))

    def action_sign_off(self) -> None:
        self.post_message(SignOffAsked())

    def _open_prompt(self) -> None:
        """The first validation row as the models see it: what the prompt settings make."""
        first = self.scene.about.first
        if not first:
            self.say("no validation row shows yet how the prompt comes out", "dim")
            return
        from tui_eval.ui.screens.sample import SamplePage

        self.app.push_screen(SamplePage(first, self.looker))

    async def on_checklist_moved(self, event: Checklist.Moved) -> None:
        if self.wide and event.key in STEPS:
            await self._reveal(event.key)

    def on_step_pane_opened(self, event: StepPane.Opened) -> None:
        from tui_eval.ui.screens import opening
        from tui_eval.ui.screens.step import StepPane

        if event.opens in ("copy", "nearest"):
            opening.beside_training(self.app, self.looker, event.ref, event.opens)
            return
        if event.step == "task_metrics":
            pane = self.query_one("#task_metrics", StepPane)
            refs = pane.item_refs(event.opens)
            opening.items(self.app, self.looker, event.ref, event.opens, refs)
            return
        if event.step == "review":
            self.post_message(JudgeAsked(event.step, event.ref))
            return
        if entry_of(event.step).judged:
            from tui_eval.ui.screens.answers import AnswersPage

            answers = AnswersPage()
            self.app.push_screen(answers)
            self.looker.answers(event.ref, lambda one: answers.post_message(answers.Found(one)))
            return
        from tui_eval.ui.screens.sample import SamplePage

        self.app.push_screen(SamplePage(event.ref, self.looker))

    def on_step_pane_follow_asked(self) -> None:
        self.looker.follow()

    def on_step_pane_overlay_asked(self) -> None:
        self.looker.overlay()

    async def on_resize(self) -> None:
        self._tell_hint()
        if self.wide and self.step is None:
            here = self.query_one(Checklist).current
            await self._reveal(here if here in STEPS else STEPS[0])

    async def go(self, step: str) -> None:
        """Open a step and give it the keys."""
        self.step = step
        await self._reveal(step)
        self.query_one("#body").set_class(False, "-home").set_class(True, "-step")
        self.query_one(Checklist).point_at(step)
        self.query_one(StepLine).show(self.scene, step)
        self._tell_hint()
        pane = self.query_one(f"#{step}", Widget)
        if pane.can_focus:
            pane.focus()
        else:
            self.set_focus(None)
        self.show_keys()

    async def _reveal(self, step: str) -> None:
        switcher = self.query_one(ContentSwitcher)
        try:
            switcher.get_child_by_id(step)
        except NoMatches:
            await switcher.add_content(self._pane(step))
        switcher.current = step
        self._show_pane(step)

    def _pane(self, step: str) -> Widget:
        # plotext and what else a step draws with comes after the first screen.
        from tui_eval.ui.screens.step import StepPane

        return StepPane(step, id=step)

    def home(self) -> None:
        self.step = None
        self.query_one("#body").set_class(True, "-home").set_class(False, "-step")
        self.query_one(StepLine).show(self.scene, "")
        self._tell_hint()
        self.query_one(Checklist).focus()
        self.show_keys()

    async def _step_number(self, number: int) -> None:
        await self.go(STEPS[number - 1])

    async def action_step_1(self) -> None:
        await self._step_number(1)

    async def action_step_2(self) -> None:
        await self._step_number(2)

    async def action_step_3(self) -> None:
        await self._step_number(3)

    async def action_step_4(self) -> None:
        await self._step_number(4)

    async def action_step_5(self) -> None:
        await self._step_number(5)

    async def action_step_6(self) -> None:
        await self._step_number(6)

    async def action_next_step(self) -> None:
        await self._beside(1)

    async def action_previous_step(self) -> None:
        await self._beside(-1)

    async def _beside(self, by: int) -> None:
        here = STEPS.index(self.step) if self.step else (-1 if by > 0 else 0)
        await self.go(STEPS[(here + by) % len(STEPS)])

    # Work.

    def action_run(self) -> None:
        """Ask for what the open step needs, or at the checklist for what any step needs."""
        entries = [entry_of(self.step)] if self.step else list(CHECKLIST)
        asked = [entry for entry in entries if entry.needs]
        if asked:
            self.looker.run_missing(*asked)
        else:
            self.say("nothing has to be computed here", "dim")

    def action_judge(self) -> None:
        """The open or pointed-at step if people judge in it, else the first that lacks it."""
        here = entry_of(self.step or self.query_one(Checklist).current_step)
        judged = [entry for entry in CHECKLIST if entry.judged]
        open_ones = [entry for entry in judged if not self._settled(entry.key)]
        chosen = here if here.judged else (open_ones or judged)[0]
        self.post_message(JudgeAsked(chosen.key))

    def _settled(self, step: str) -> bool:
        reading = self.scene.readings.get(step)
        return reading is not None and reading.verdict != "waiting"

    def on_screen_resume(self) -> None:
        # What was judged meanwhile shows at once.
        self.looker.look()

    def action_again(self) -> None:
        entry = entry_of(self.step or self.query_one(Checklist).current_step)
        if not entry.needs:
            self.say("nothing is computed here that could be computed again", "dim")
            return
        if entry.judged:
            # Judged texts must stay what they are.
            self.say("answers are made once; [generation] seed in eval.toml makes others", "dim")
            return
        job, reading = self.scene.job(entry.key), self.scene.readings.get(entry.key)
        if job is None and not begun(reading):
            # Nothing is there that would be computed again.
            self.looker.run_missing(entry)
            return
        from tui_eval.ui.screens.sheet import Ask

        def answered(yes: bool | None) -> None:
            if yes:
                self.looker.run_again(entry)

        title = f"Compute {entry.title.lower()} again?"
        self.app.push_screen(Ask(title, cost_words(job, reading)), answered)

    def action_cancel(self) -> None:
        """The first asks for the batch to be finished, the second kills."""
        job = self.scene.active()
        if job is None:
            self.say("the engine has no job", "dim")
        elif not job.cancel:
            self.looker.cancel(job)
            self.say("stops after this batch; C again ends the engine at once")
        else:
            self._ask_to_kill()

    def _ask_to_kill(self) -> None:
        from tui_eval.ui.screens.sheet import Ask

        def answered(yes: bool | None) -> None:
            if yes:
                self.looker.kill()

        words = ("The batch in flight is lost; r goes on from the last one that was saved.",)
        self.app.push_screen(Ask("End the engine at once?", words), answered)

    def action_candidate(self) -> None:
        names = self.scene.candidates
        if len(names) < 2:
            self.say("there is one candidate; name more as [models.NAME] in eval.toml", "dim")
            return
        following = names[(names.index(self.scene.candidate) + 1) % len(names)]
        self.looker.choose(following)
        self.say(f"now judging {following}")

    async def arrive(self, step: str) -> None:
        """Open a step, or stand on the checklist's decision."""
        if step in STEPS:
            await self.go(step)
        else:
            self.home()
            self.query_one(Checklist).point_at("sign_off")

    # Pages.

    def action_side_by_side(self) -> None:
        from tui_eval.ui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(self.looker, self.scene))

    def action_along(self) -> None:
        from tui_eval.ui.screens.along import AlongScreen

        self.app.push_screen(AlongScreen(self.looker, self.scene.candidate))

    def action_close_hint(self) -> None:
        if self.step is None and self.query(FirstHint):
            self.query(FirstHint).remove()
            self.mount(Blank(), before="#body")
            self.post_message(HintClosed())

    def action_how(self) -> None:
        from tui_eval.ui.screens.how import HowPage

        step = self.step or self.query_one(Checklist).current_step
        self.app.push_screen(HowPage(entry_of(step), self.scene.readings.get(step)))

    def action_history(self) -> None:
        from tui_eval.ui.screens.history import HistoryPage

        self.app.push_screen(HistoryPage(self.scene, self.looker))

    def action_settings(self) -> None:
        from tui_eval.ui.screens.settings import SettingsPage

        self.app.push_screen(SettingsPage(self.looker.config))

    def action_hold_out(self) -> None:
        from tui_eval.files.evidence import data_path
        from tui_eval.ui.screens.split import SplitScreen
        from tui_eval.ui.screens.split_form import begun

        config, candidate = self.looker.config, self.scene.candidate
        train = data_path(config, candidate, "train")
        named = [train, data_path(config, candidate, "validation")]
        self.app.push_screen(SplitScreen(begun(train, train, [one for one in named if one])))

    def action_skipped(self) -> None:
        from tui_eval.ui.screens.skipped import SkippedPage

        self.app.push_screen(SkippedPage(self.scene.about))
