"""What screens ask the looker about all models: side by side, in pairs, along a run."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_eval.ui.lookups import Lookups, Task
from tui_eval.ui.spelling import spelled_reading

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.core.steps.compared import Comparison
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.scene import Scene
    from tui_eval.ui.screens.answers import AnswersDetail
    from tui_eval.ui.start import Start
    from tui_eval.ui.survey import Jobs, Missing, Survey, Surveying


class Overlooks(Lookups):
    """Each returns at once; ``tell`` is called on the looker's thread."""

    _tasks: queue.SimpleQueue[Task | None]
    _scene: Scene
    _workspace: Workspace
    _start: Start
    _surveying: Surveying | None = None
    """None until somebody looked: most never do, and its modules take time to load."""

    def _idle(self, candidate: str, verb: str, split: str) -> str:
        raise NotImplementedError

    def survey(self, tell: Callable[[Survey], object] | None) -> None:
        """Read all candidates from now on, and tell each change; None: no longer."""
        from tui_eval.ui.survey import Surveying

        def watch() -> None:
            self._surveying = self._surveying or Surveying()
            self._surveying.watch(tell)

        self._tasks.put(watch)

    @property
    def _surveys(self) -> bool:
        """Whether there is a candidate to be read for somebody who looks at all."""
        return self._surveying is not None and self._surveying.pending

    def _survey_on(self) -> None:
        if self._surveying is not None and self._reader is not None:
            self._surveying.turn(self._reader, self._scene)

    def _outdate_survey(self) -> None:
        """Going over to another candidate is no reason: nothing is another than it was."""
        if self._surveying is not None:
            self._surveying.outdate()

    def missing(self, tell: Callable[[Missing], object]) -> None:
        """What has to be computed for all candidates that were surveyed."""

        from tui_eval.ui.survey import Survey, missing

        def look() -> None:
            known = self._surveying.survey if self._surveying is not None else Survey()
            tell(missing(self._scene, known, self._idle))

        self._tasks.put(look)

    def ask(self, jobs: Jobs) -> None:
        """Have the engine do these jobs."""

        def request() -> None:
            for verb, args in jobs:
                self._workspace.request(verb, args)
            if jobs:
                self._start.start_engine()

        self._tasks.put(request)

    def unanswered(
        self, candidate: str, against: str, tell: Callable[[tuple[str, ...]], object]
    ) -> None:
        """Which of both have no answers to the candidate's prompts."""
        self._find(lambda reader, _: reader.unanswered(candidate, against), tell)

    def pair_answers(
        self, comparison: Comparison, ref: str, tell: Callable[[AnswersDetail | None], object]
    ) -> None:
        """One prompt of a comparison with what both models answered."""
        self._find(lambda reader, _: reader.pair_answers(comparison, ref), tell)

    def along(self, candidate: str, tell: Callable[[Reading, Jobs], object]) -> None:
        """The checkpoints of a candidate's run, with the jobs that score them."""
        self._find(
            lambda reader, _: (
                spelled_reading(reader.along(candidate)),
                reader.along_jobs(candidate),
            ),
            lambda found: tell(*found),
        )
