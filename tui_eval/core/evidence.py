"""The questions that steps ask. ``files.evidence`` answers them, in tests a list does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from tui_eval.core.judgements import Judgement
from tui_eval.core.open_comparison import OpenComparison
from tui_eval.core.records import (
    Completion,
    CopyMatch,
    Dataset,
    NearestPrompt,
    Objective,
    Preflight,
    Producer,
    Recipe,
    Reconcile,
    Rendering,
    Sample,
    Split,
    TokenLoss,
    TrainingLog,
)
from tui_eval.core.task_records import MetricScores, Task

Untrained = Literal["", "prompt", "answers", "references"]
"""Why there is no training to look at: base's weights with another prompt, answers alone
without a log, the data's own answers. Empty where the model was trained."""


class Evidence(Protocol):
    """Everything known about the candidates of one workspace. Answers are immutable and
    cheap to ask for twice."""

    def base(self, candidate: str) -> str | None:
        """The model that this candidate is held against; None if there is none."""

    def scorable(self, model: str) -> bool:
        """Whether the model itself is named, so that losses can be computed; False where
        its answers or its log alone are."""

    def untrained(self, candidate: str) -> Untrained:
        """Whether nothing was trained for it, and why."""

    def objective(self, candidate: str) -> Objective | None:
        """As set in ``[models.NAME] objective``; None means: look at the log."""

    def log(self, candidate: str) -> TrainingLog | None: ...

    def dataset(self, candidate: str, split: Split) -> Dataset | None:
        """The rows as they lie there now; None where no file is named."""

    def losses(self, candidate: str, model: str, split: Split) -> Mapping[str, TokenLoss]:
        """By sample id, only of the current producer of ``model`` as prompted for
        ``candidate`` and only of the dataset's samples."""

    def loss(self, candidate: str, model: str, sample: str) -> TokenLoss | None:
        """One loss with its tokens, which ``losses`` may leave out."""

    def producer(self, candidate: str, model: str) -> Producer | None: ...

    def rendering(self, candidate: str, sample: str) -> Rendering | None: ...

    def preflight(self, candidate: str) -> Preflight | None: ...

    def reconcile(self, candidate: str) -> Mapping[str, Reconcile]: ...

    def generator(self, candidate: str, model: str) -> Producer | None:
        """What made ``model``'s answers to the candidate's prompts; None before the first."""

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        """By sample id, the first answer to each prompt, only of the current generator; also
        those that say why there is none (``error``)."""

    def answered(self, candidate: str, model: str) -> Mapping[str, Sample]:
        """The samples that ``answers`` are about, by id."""

    def judgements(self) -> Sequence[Judgement]:
        """Everything in all journals, in the order of each."""

    def asks(self, round: str) -> Sequence[str]:
        """Ids of the samples that this round of judging was begun with; empty where nobody
        knows."""

    def compared_blind(self) -> Sequence[OpenComparison]:
        """Every blind A/B of the journals that is not unblinded, of whichever models and data
        it is: by the facts that were recorded of it, as far as these are here."""

    def leaked(self, candidate: str) -> Mapping[str, bool] | None:
        """Validation sample ids whose folded prompt stands in the training file; True if
        the answer does too. None where there is no training file to look in."""

    def copies(self, candidate: str) -> Mapping[str, CopyMatch] | None:
        """What texts share with the candidate's training answers, by the texts' digest, as
        far as measured. None where there is no training file."""

    def nearest(self, candidate: str) -> Mapping[str, NearestPrompt] | None:
        """By validation sample id, as far as measured; None as for ``copies``."""

    def recipe(self, candidate: str) -> Recipe | None:
        """None where no checkpoint of the candidate is on this machine."""

    def setting(self, name: str) -> float | int | str | bool:
        """A threshold or choice of ``eval.toml`` by dotted name (``overfitting.gap_high``)."""


class TaskEvidence(Evidence, Protocol):
    """What step 6 asks besides."""

    def tasks(self, candidate: str) -> Sequence[Task]:
        """Those of ``eval.toml`` with their data as it lies there now, in its order. One whose
        data can't be read or measured says so (``fault``)."""

    def task_answers(self, candidate: str, model: str, task: str) -> Mapping[str, Completion]:
        """By sample id, ``model``'s first answers to the task's items, only of the current
        generator; also those that say why there is none."""

    def every_answer(
        self, candidate: str, model: str, task: str
    ) -> Mapping[str, Sequence[Completion]]:
        """As ``task_answers``, with every answer to an item, the first one first: pass_at_k
        needs several."""

    def task_scores(self, candidate: str, model: str, task: str) -> Mapping[str, MetricScores]:
        """By measurement (``Metric.measure``), what was found on ``model``'s current answers
        under the task's current options, as far as measured."""
