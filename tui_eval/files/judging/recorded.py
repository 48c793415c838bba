"""Evidence of one comparison from facts and journals alone: for results of files of answers,
and of rounds whose files are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.config import Config
from tui_eval.core.evidence import Untrained
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
from tui_eval.errors import InputError
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.recording import Comparison, comparison_of
from tui_eval.store.workspace import Workspace


class RecordedEvidence:
    """Fulfils ``core.evidence.Evidence`` for the models of one round: the first is the
    candidate, the second what it is held against. Nothing else is known of them."""

    def __init__(self, workspace: Workspace, what: Comparison) -> None:
        self._workspace, self._what = workspace, what
        self._keys = dict(zip(what.models, what.keys, strict=True))
        self._answers: dict[str, dict[str, Completion]] = {}
        self._settings = Config(folder=workspace.folder)

    @classmethod
    def of(cls, workspace: Workspace, round: str) -> RecordedEvidence:
        """InputError where nothing is recorded of the round."""
        what = comparison_of(workspace, round)
        if what is None:
            raise InputError(
                "Nothing was judged of this comparison yet.", "Open it with: tui-eval ab"
            )
        return cls(workspace, what)

    @property
    def candidate(self) -> str:
        return self._what.models[0]

    def base(self, candidate: str) -> str | None:
        others = self._what.models[1:]
        return others[0] if candidate == self.candidate and others else None

    def generator(self, candidate: str, model: str) -> Producer | None:
        key = self._keys.get(model)
        return next((one for one in self._workspace.producers() if one.key == key), None)

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        if model not in self._answers:
            found = self._workspace.completions(self._keys.get(model, "")).values()
            self._answers[model] = {one.sample: one for one in found if not one.index}
        return self._answers[model]

    def answered(self, candidate: str, model: str) -> Mapping[str, Sample]:
        answers = self.answers(candidate, model)
        samples = self._workspace.samples(self._what.dataset)
        return {id: samples[id] for id in self._what.samples if id in samples and id in answers}

    def judgements(self) -> Sequence[Judgement]:
        return self._workspace.judgements(KINDS)

    def setting(self, name: str) -> float | int | str | bool:
        """The defaults; the prompts are those recorded, not a choice among them."""
        if name in ("review.samples", "blind_ab.pairs"):
            step = "review" if name.startswith("review") else "blind_ab"
            return len(self._what.samples) if self._what.step == step else 0
        value: float | int | str | bool = self._settings.setting(name)
        return value

    def asks(self, round: str) -> Sequence[str]:
        return self._what.samples

    def compared_blind(self) -> Sequence[OpenComparison]:
        from tui_eval.files.compared_blind import compared_blind
        from tui_eval.files.evidence import FileCache

        return compared_blind(self._workspace, self._settings, FileCache(), self.judgements)

    # What is not known here.

    def objective(self, candidate: str) -> Objective | None:
        return None

    def log(self, candidate: str) -> TrainingLog | None:
        return None

    def dataset(self, candidate: str, split: Split) -> Dataset | None:
        return None

    def losses(self, candidate: str, model: str, split: Split) -> Mapping[str, TokenLoss]:
        return {}

    def loss(self, candidate: str, model: str, sample: str) -> TokenLoss | None:
        return None

    def producer(self, candidate: str, model: str) -> Producer | None:
        return None

    def rendering(self, candidate: str, sample: str) -> Rendering | None:
        return None

    def preflight(self, candidate: str) -> Preflight | None:
        return None

    def reconcile(self, candidate: str) -> Mapping[str, Reconcile]:
        return {}

    def leaked(self, candidate: str) -> Mapping[str, bool] | None:
        return None

    def copies(self, candidate: str) -> Mapping[str, CopyMatch] | None:
        return None

    def nearest(self, candidate: str) -> Mapping[str, NearestPrompt] | None:
        return None

    def scorable(self, model: str) -> bool:
        return False

    def untrained(self, candidate: str) -> Untrained:
        return "answers"

    def recipe(self, candidate: str) -> Recipe | None:
        return None
