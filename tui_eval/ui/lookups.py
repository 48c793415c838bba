"""What screens ask the looker's thread to find or to write; each call returns at once, and is
answered on the thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tui_eval.errors import TuiEvalError

if TYPE_CHECKING:
    from queue import SimpleQueue

    from tui_eval.core.history import Earlier
    from tui_eval.core.sign_off_records import SignOff
    from tui_eval.core.steps.task_metrics_items import ItemDetail, Listed
    from tui_eval.files.signing import Signed
    from tui_eval.ui.reader import Reader
    from tui_eval.ui.scene import Scene
    from tui_eval.ui.screens.answers import AnswersDetail
    from tui_eval.ui.screens.copied_text import Repeated
    from tui_eval.ui.widgets.token_data import SampleDetail

Task = Callable[[], None]
T = TypeVar("T")


class Lookups:
    """The part of a looker that answers single questions."""

    _tasks: SimpleQueue[Task | None]
    _make_reader: Callable[[], Reader]
    _reader: Reader | None
    _scene: Scene

    def _decide(self, candidate: str) -> None:
        raise NotImplementedError

    def _find(self, find: Callable[[Reader, str], T], tell: Callable[[T], object]) -> None:
        """Ask the reader about the candidate, on the thread."""

        def look() -> None:
            self._reader = self._reader or self._make_reader()
            tell(find(self._reader, self._scene.candidate))

        self._tasks.put(look)

    def sample(self, ref: str, tell: Callable[[SampleDetail | None], object]) -> None:
        """Look one sample up, by its id or by that of an answer to it; ``tell`` is called on
        the thread, with None if it is gone."""
        self._find(lambda reader, candidate: reader.sample(candidate, ref), tell)

    def answers(self, ref: str, tell: Callable[[AnswersDetail | None], object]) -> None:
        """Like ``sample``, with what both models answered."""
        self._find(lambda reader, candidate: reader.answers(candidate, ref), tell)

    def task_items(self, ref: str, tell: Callable[[Listed | None], object]) -> None:
        """The items of a task that a row of step 6 names (``Chosen.ref``)."""
        self._find(lambda reader, candidate: reader.task_items(candidate, ref), tell)

    def task_item(
        self, task: str, sample: str, tell: Callable[[ItemDetail | None], object]
    ) -> None:
        """One of them with the answers to it."""
        self._find(lambda reader, candidate: reader.task_item(candidate, task, sample), tell)

    def beside_training(self, kind: str, tell: Callable[[Sequence[Repeated]], object]) -> None:
        """Every text that stands beside a training row: a ``copy``, or ``nearest``."""
        self._find(lambda reader, candidate: reader.beside_training(candidate, kind), tell)

    def earlier(self, tell: Callable[[tuple[Earlier, ...]], object]) -> None:
        """Evaluations before models or data were others."""
        self._find(lambda reader, candidate: reader.earlier(candidate), tell)

    def sign(self, asked: Signed, tell: Callable[[SignOff | TuiEvalError], object]) -> None:
        """Sign a decision. ``tell`` is called once it is on the disk, or with why it is not."""

        def write(reader: Reader, _candidate: str) -> SignOff | TuiEvalError:
            try:
                made = reader.sign(asked)
            except TuiEvalError as error:
                return error
            # Seen at once, not after the steps were read again.
            self._decide(self._scene.candidate)
            return made

        self._find(write, tell)
