"""The checkpoints along a candidate's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.reading import Reading
from tui_eval.core.records import EngineStatus, Job
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.scene import Scene
from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.page import Title
from tui_eval.ui.screens.step import StepPane
from tui_eval.ui.widgets.progress import engine_line

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker
    from tui_eval.ui.survey import Jobs


class AlongPane(StepPane):
    """Draws the Reading; nothing of it is judged or followed."""

    def __init__(self) -> None:
        # It is read from the same losses as this step.
        super().__init__("perplexity", id="along")

    @property
    def footer(self) -> tuple[str, ...]:
        names = [name for name in super().footer if name not in ("again", "run", "along")]
        waits = self.reading is not None and self.reading.verdict == "waiting"
        return ("run", *names) if waits else (*names[:-1], "run", *names[-1:])


class AlongScreen(Watching):
    BINDINGS: ClassVar[list[BindingType]] = [
        one for one in keys.bindings("main") if one.id in ("run", "how", "cancel")
    ]
    footer = ("back", "help", "leave")

    class Found(Message, bubble=False):
        def __init__(self, reading: Reading, jobs: Jobs) -> None:
            super().__init__()
            self.reading, self.jobs = reading, jobs

    def __init__(self, looker: Looker, candidate: str) -> None:
        super().__init__()
        self._looker, self._candidate = looker, candidate
        self._scene = looker.scene
        self._reading: Reading | None = None
        self._jobs: Jobs = ()

    def content(self) -> ComposeResult:
        yield Title(self._words)
        yield AlongPane()

    @property
    def _words(self) -> str:
        return f"Checkpoints along the run of ● {clean(self._candidate, limit=40)}"

    def on_mount(self) -> None:
        self.query_one(AlongPane).focus()
        self._look()

    def _look(self) -> None:
        self._looker.along(self._candidate, lambda *found: self.post_message(self.Found(*found)))

    def on_along_screen_found(self, event: Found) -> None:
        self._reading, self._jobs = event.reading, event.jobs
        self._draw()

    def scene_changed(self, scene: Scene) -> None:
        """Another checkpoint may have been scored since."""
        anew = scene.readings != self._scene.readings or _ended(scene) != _ended(self._scene)
        self._scene = scene
        if anew:
            self._look()
        self._draw()

    def _draw(self) -> None:
        scene = self._scene
        words, _ = engine_line(scene.active(), scene.engine, scene.host)
        self.query_one(Title).show(self._words, words)
        engine: EngineStatus = scene.engine
        self.query_one(AlongPane).show(self._reading, self._job(), engine)

    def _job(self) -> Job | None:
        """Of the run's checkpoints: the one that runs, else the newest."""
        names = {args["candidate"] for _, args in self._jobs} - {self._candidate}
        mine = [
            job
            for job in self._scene.jobs
            if job.verb == "score" and job.args.get("candidate") in names
        ]
        active = [job for job in mine if job.state in ("running", "queued")]
        if active:
            return min(active, key=lambda job: (job.state != "running", job.requested_at))
        if self._reading is None or self._reading.verdict != "waiting":
            # All are scored: an earlier try that failed is of no concern any more.
            return None
        return max(mine, key=lambda job: job.requested_at, default=None)

    def action_run(self) -> None:
        if not self._jobs:
            self.say("there is no other checkpoint of this run to score", "dim")
            return
        self._looker.ask(self._jobs)

    def action_cancel(self) -> None:
        job = self._scene.active()
        if job is None:
            self.say("the engine has no job", "dim")
        else:
            self._looker.cancel(job)
            self.say("stops after this batch")

    def action_how(self) -> None:
        from tui_eval.ui.scene import entry_of
        from tui_eval.ui.screens.how import HowPage

        self.app.push_screen(HowPage(entry_of("perplexity"), self._reading))


def _ended(scene: Scene) -> int:
    return sum(job.state == "done" for job in scene.jobs)
