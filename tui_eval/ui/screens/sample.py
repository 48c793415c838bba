"""``enter`` on a sample: the whole of it as the models saw it, token by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.message import Message

from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.sample_text import SampleText
from tui_eval.ui.widgets.token_data import SampleDetail
from tui_eval.ui.widgets.token_job import asked, standing

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker
    from tui_eval.ui.scene import Scene


class SamplePage(Watching):
    """``esc`` closes it. Opens at once; ``Found`` brings the sample when it has been read,
    and again when more was computed of it."""

    help_places = ("tokens", "step", "plot", "scroll")

    class Found(Message, bubble=False):
        """``detail`` is None where the data no longer hold the sample."""

        def __init__(self, detail: SampleDetail | None) -> None:
            super().__init__()
            self.detail = detail

    def __init__(
        self,
        ref: str = "",
        looker: Looker | None = None,
        reference: Callable[[], object] = lambda: None,
        *,
        detail: SampleDetail | None = None,
    ) -> None:
        """``ref``: a row's id, or that of an answer. ``reference`` is called when somebody who
        came to read an answer turns to the expected one."""
        super().__init__()
        self._detail = detail
        self._ref, self._looker, self._reference = ref, looker, reference
        self._done: set[str] = set()
        """Jobs that what is shown was looked up after."""

    def content(self) -> ComposeResult:
        yield SampleText(self._detail)

    def on_mount(self) -> None:
        self.shown.focus()
        if self._looker is not None:
            self._done = {job.id for job in self._looker.scene.jobs if job.state == "done"}
        self._look()

    @property
    def shown(self) -> SampleText:
        return self.query_one(SampleText)

    def _look(self) -> None:
        if self._looker is not None and self._ref:
            self._looker.sample(self._ref, lambda one: self.post_message(self.Found(one)))

    def on_sample_page_found(self, event: Found) -> None:
        self.shown.show(event.detail)
        if self._looker is not None:
            self.scene_changed(self._looker.scene)
        self.show_keys()

    def scene_changed(self, scene: Scene) -> None:
        """Tell where the job stands; what it found is looked up once."""
        passage = self.shown.passage
        job = asked(scene, passage.wants) if passage is not None else None
        if job is None:
            self.shown.tell("")
            return
        self.shown.tell(*standing(scene, job))
        if job.state == "done" and job.id not in self._done:
            self._done.add(job.id)
            self._look()

    def on_sample_text_turned(self) -> None:
        passage = self.shown.passage
        if passage is not None and "sample" in passage.wants:
            self._reference()
        self.show_keys()
        if self._looker is not None:
            self.scene_changed(self._looker.scene)

    def on_sample_text_asked(self, event: SampleText.Asked) -> None:
        passage = self.shown.passage
        if passage is not None and passage.complete:
            self.say("every token of this text is told already", "dim")
        elif self._looker is None:
            self.say("nothing can be computed from here", "dim")
        else:
            self._looker.tokens(event.wants)
            self.shown.tell("asked for", "dim")
