"""What the looker asks of whoever reads a person's files and the workspace for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui_eval.core.reading import Reading
    from tui_eval.core.steps.task_metrics_items import ItemDetail, Listed
    from tui_eval.files.watched import Stamps
    from tui_eval.ui.scene import About, Beside
    from tui_eval.ui.screens.answers import AnswersDetail
    from tui_eval.ui.screens.copied_text import Repeated
    from tui_eval.ui.widgets.token_data import SampleDetail


class Reader(Protocol):
    """Where Readings come from; made on the looker's thread, after the first paint."""

    def reading(self, step: str, candidate: str) -> Mapping[str, Reading]: ...

    def about(self, candidate: str) -> About: ...

    def stamps(self, candidate: str) -> Stamps: ...

    def sample(self, candidate: str, ref: str) -> SampleDetail | None: ...

    def answers(self, candidate: str, ref: str) -> AnswersDetail | None: ...

    def beside_training(self, candidate: str, kind: str) -> Sequence[Repeated]: ...

    def task_items(self, candidate: str, ref: str) -> Listed | None: ...

    def task_item(self, candidate: str, task: str, sample: str) -> ItemDetail | None: ...

    def follow(self, candidate: str) -> str: ...

    def unfollow(self) -> None: ...

    def read_on(self) -> bool: ...

    @property
    def followed(self) -> str: ...

    def beside(self, candidate: str, after: str) -> tuple[Beside | None, tuple[str, ...]]: ...

    def beside_now(self) -> Beside | None: ...
