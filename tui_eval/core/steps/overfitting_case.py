"""What step 3 knows of a candidate, gathered once for its findings, numbers and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tui_eval.core.evidence import Evidence
from tui_eval.core.stats.intervals import Estimate
from tui_eval.core.steps.log_reconcile import Reconciled
from tui_eval.core.steps.overfitting_advice import suggestions
from tui_eval.core.steps.overfitting_gap import Gaps
from tui_eval.core.steps.overfitting_signs import Copies, Diversity, NearFar, Rise
from tui_eval.core.steps.overfitting_unlike import Unlike
from tui_eval.core.steps.pairs import Scored
from tui_eval.core.steps.run import Run
from tui_eval.core.steps.wording import count_text, threshold
from tui_eval.core.text import clean

OFF_TASK_UNITS = 10
"""Off-task texts (or groups of them) below which their interval is not read: of fewer, of
very different lengths, not even the jackknife's is one of 95%."""


@dataclass(frozen=True)
class Case:
    """Everything that the tests look at. A side is None where no file is named for it."""

    evidence: Evidence
    candidate: str
    base: str | None
    train: Scored | None
    validation: Scored | None
    off_task: Scored | None
    gaps: Gaps | None
    forgetting: Estimate | None
    copies: Copies | None
    near_far: NearFar | None
    diversity: Diversity | None
    run: Run | None
    rises: Sequence[Rise]
    reconciled: Reconciled | None
    unlike: Unlike | None = None
    """Why the training rows don't look like rows that the model was trained on."""
    scorable: bool = True
    """There is a model to score, not answers alone."""
    unmeasured: int = 0
    """Validation prompts whose nearest training prompt was not looked for yet."""

    def limit(self, name: str) -> float:
        return threshold(self.evidence, f"overfitting.{name}")

    @property
    def sides(self) -> list[Scored]:
        return [side for side in (self.train, self.validation) if side is not None]

    @property
    def waiting(self) -> bool:
        """Losses are still to come, or answers and prompts that are there to be compared with
        the training file. Answers that nobody made are signs that were not looked at."""
        return self.scoring or bool(self.to_measure)

    @property
    def scoring(self) -> bool:
        off = [self.off_task] if self.off_task is not None else []
        whole = self.train is not None and self.validation is not None
        return whole and any(side.waiting for side in (*self.sides, *off))

    @property
    def to_measure(self) -> tuple[str, ...]:
        """What was not compared with the training file yet, in words."""
        answers = self.copies.unmeasured if self.copies is not None else 0
        counts = ((answers, "answer"), (self.unmeasured, "prompt"))
        return tuple(count_text(count, name) for count, name in counts if count)

    @property
    def counts(self) -> tuple[int, int]:
        """Training and validation rows that entered."""
        train, validation = self.train, self.validation
        return len(train.pairs) if train else 0, len(validation.pairs) if validation else 0

    @property
    def enough(self) -> bool:
        """Below this no estimate is read."""
        used = self.gaps.used if self.gaps is not None else None
        known = used is not None and used.low is not None
        return known and min(self.counts) >= self.limit("enough_samples")

    @property
    def off_task_enough(self) -> bool:
        """Forgetting has an interval that can be read. It needs no training rows."""
        side, found = self.off_task, self.forgetting
        known = found is not None and found.low is not None
        return known and side is not None and side.units >= OFF_TASK_UNITS

    @cached_property
    def advice(self) -> tuple[str, ...]:
        # The size of a file that it may not have been trained on is no size of its data.
        own = self.train is not None and self.unlike is None
        rows = self.train.dataset.rows if own and self.train is not None else None
        recipe = self.evidence.recipe(self.candidate)
        return tuple(clean(one, limit=120) for one in suggestions(recipe, self.run, rows))
