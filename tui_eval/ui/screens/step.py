"""The generic screen of a step: draws any Reading, and the states before there is one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Reading
from tui_eval.core.records import EngineStatus, Job
from tui_eval.ui import keys
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.reading_view import headline_rows, plain_text, reason_rows
from tui_eval.ui.widgets.rows import line, plain


class StepPane(Drawn, can_focus=True):
    """One step's pane. Takes the focus and the keys of the places ``step``, ``plot`` and
    ``list`` (``ui.keys``), with an ``action_ID`` for each; ``footer`` names those that do
    something now. ``show`` is the only way in."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("step", "plot", "list")]

    def __init__(self, step: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.step = step
        self.entry = next(entry for entry in CHECKLIST if entry.key == step)
        self.reading: Reading | None = None
        self.job: Job | None = None
        self.engine = EngineStatus("absent")

    @property
    def footer(self) -> tuple[str, ...]:
        return ()

    def show(
        self, reading: Reading | None, job: Job | None, engine: EngineStatus, **extra: object
    ) -> None:
        self.reading, self.job, self.engine = reading, job, engine
        self.redraw()

    def action_copy(self) -> None:
        if self.reading is not None:
            self.app.copy_to_clipboard(plain_text(self.reading))

    def lines(self, width: int, height: int) -> list[Line]:
        if self.reading is None:
            return [line((f"{self.entry.title} is not built yet in this version.", "dim"))]
        reading = self.reading
        rows = headline_rows(reading.verdict, reading.summary, width)
        return rows + reason_rows(reading.findings, width, height - len(rows))

    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(plain(made).rstrip() for made in self.lines(*self.size))
