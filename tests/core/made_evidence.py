"""Evidence in memory: what a test puts in is what a step finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core import defaults
from tui_eval.core.evidence import Untrained
from tui_eval.core.judgements import Judgement
from tui_eval.core.open_comparison import (
    OpenComparison,
    judged_so_far,
    open_rounds,
    planned_ids,
)
from tui_eval.core.records import (
    Completion,
    CopyMatch,
    Dataset,
    LogPoint,
    Message,
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

SETTINGS = {
    **{f"curves.{name}": value for name, value in defaults.CURVES.items()},
    **{f"perplexity.{name}": value for name, value in defaults.PERPLEXITY.items()},
    **{f"overfitting.{name}": value for name, value in defaults.OVERFITTING.items()},
    **{f"review.{name}": value for name, value in defaults.REVIEW.items()},
    **{f"blind_ab.{name}": value for name, value in defaults.BLIND_AB.items()},
    **{f"task_metrics.{name}": value for name, value in defaults.TASK_METRICS.items()},
    "scoring.limit": 2000,
    "scoring.max_length": 4096,
    "scoring.answers": "all",
}


@dataclass
class MadeEvidence:
    """Answers with its own fields; everything is optional."""

    training: TrainingLog | None = None
    datasets: Mapping[Split, Dataset] = field(default_factory=dict)
    scored: Mapping[str, Mapping[str, TokenLoss]] = field(default_factory=dict)
    """Losses by model, then by sample id."""
    base_name: str | None = "base"
    told: Objective | None = None
    checked: Preflight | None = None
    parts: Mapping[str, Reconcile] = field(default_factory=dict)
    leaks: Mapping[str, bool] | None = None
    producers: Mapping[str, Producer] = field(default_factory=dict)
    renderings: Mapping[str, Rendering] = field(default_factory=dict)
    generators: Mapping[str, Producer] = field(default_factory=dict)
    completions: Mapping[str, Mapping[str, Completion]] = field(default_factory=dict)
    """First answers by model, then by sample id."""
    journals: Sequence[Judgement] = ()
    matches: Mapping[str, CopyMatch] | None = None
    """By digest of the text."""
    near: Mapping[str, NearestPrompt] | None = None
    trained: Recipe | None = None
    task_list: Sequence[Task] = ()
    measured: Mapping[tuple[str, str], Mapping[str, MetricScores]] = field(default_factory=dict)
    """By model and task, then by measure."""
    task_completions: Mapping[tuple[str, str], Mapping[str, Completion]] = field(
        default_factory=dict
    )
    further: Mapping[tuple[str, str], Mapping[str, Sequence[Completion]]] = field(
        default_factory=dict
    )
    """Answers after the first, by model and task, then by sample id."""
    settings: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    answers_alone: Sequence[str] = ()
    """Models of which only answers are named."""
    not_trained: Untrained = ""

    def base(self, candidate: str) -> str | None:
        return self.base_name

    def scorable(self, model: str) -> bool:
        return model not in self.answers_alone

    def untrained(self, candidate: str) -> Untrained:
        return self.not_trained

    def objective(self, candidate: str) -> Objective | None:
        return self.told

    def log(self, candidate: str) -> TrainingLog | None:
        return self.training

    def dataset(self, candidate: str, split: Split) -> Dataset | None:
        return self.datasets.get(split)

    def losses(self, candidate: str, model: str, split: Split) -> Mapping[str, TokenLoss]:
        return self.scored.get(model, {})

    def loss(self, candidate: str, model: str, sample: str) -> TokenLoss | None:
        return self.scored.get(model, {}).get(sample)

    def producer(self, candidate: str, model: str) -> Producer | None:
        return self.producers.get(model)

    def rendering(self, candidate: str, sample: str) -> Rendering | None:
        return self.renderings.get(sample)

    def preflight(self, candidate: str) -> Preflight | None:
        return self.checked

    def reconcile(self, candidate: str) -> Mapping[str, Reconcile]:
        return self.parts

    def generator(self, candidate: str, model: str) -> Producer | None:
        return self.generators.get(model)

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        return self.completions.get(model, {})

    def answered(self, candidate: str, model: str) -> Mapping[str, Sample]:
        found = self.datasets.get("validation")
        made = self.completions.get(model, {})
        return {one.id: one for one in found.samples if one.id in made} if found else {}

    def judgements(self) -> Sequence[Judgement]:
        return self.journals

    def leaked(self, candidate: str) -> Mapping[str, bool] | None:
        return self.leaks

    def copies(self, candidate: str) -> Mapping[str, CopyMatch] | None:
        return self.matches

    def nearest(self, candidate: str) -> Mapping[str, NearestPrompt] | None:
        return self.near

    def recipe(self, candidate: str) -> Recipe | None:
        return self.trained

    def tasks(self, candidate: str) -> Sequence[Task]:
        return self.task_list

    def task_answers(self, candidate: str, model: str, task: str) -> Mapping[str, Completion]:
        return self.task_completions.get((model, task), {})

    def every_answer(
        self, candidate: str, model: str, task: str
    ) -> Mapping[str, Sequence[Completion]]:
        first = self.task_answers(candidate, model, task)
        more = self.further.get((model, task), {})
        return {sample: (one, *more.get(sample, ())) for sample, one in first.items()}

    def task_scores(self, candidate: str, model: str, task: str) -> Mapping[str, MetricScores]:
        return self.measured.get((model, task), {})

    def compared_blind(self) -> Sequence[OpenComparison]:
        """Known by the ids of the journals alone, as where no facts are."""
        return [
            OpenComparison(one.id, planned_ids(one), judges=judged_so_far(one))
            for one in open_rounds(self.journals)
        ]

    def asks(self, round: str) -> Sequence[str]:
        return ()

    def setting(self, name: str) -> float | int | str | bool:
        return self.settings[name] if name in self.settings else SETTINGS[name]


def points(
    values: Sequence[float], *, every: float = 10, per_epoch: float | None = None
) -> tuple[LogPoint, ...]:
    """Logged every ``every`` steps, ``per_epoch`` of them an epoch."""
    return tuple(
        LogPoint(every * (i + 1), value, (i + 1) / per_epoch if per_epoch else None)
        for i, value in enumerate(values)
    )


def made_log(
    train: Sequence[float] = (),
    evals: Sequence[float] = (),
    *,
    every: float = 10,
    eval_every: float = 100,
    per_epoch: float | None = None,
    series: Mapping[str, tuple[LogPoint, ...]] | None = None,
    **fields: object,
) -> TrainingLog:
    found = {
        "loss": points(train, every=every, per_epoch=per_epoch),
        "eval_loss": points(evals, every=eval_every),
        **(series or {}),
    }
    return TrainingLog(
        source="made",
        format="made",
        series={key: value for key, value in found.items() if value},
        **fields,  # type: ignore[arg-type]
    )


def made_sample(place: int, **fields: object) -> Sample:
    """A chat sample on line ``place`` + 1 of its file."""
    messages = (Message("user", f"question {place}"), Message("assistant", f"answer {place}"))
    found: dict[str, object] = {
        "id": f"s{place}",
        "folded": f"f{place}",
        "folded_prompt": f"p{place}",
        "messages": messages,
        "source": "val.jsonl",
        "row": place + 1,
    }
    return Sample(**(found | fields))  # type: ignore[arg-type]


def made_dataset(samples: Sequence[Sample], **fields: object) -> Dataset:
    found: dict[str, object] = {
        "key": "made",
        "split": "validation",
        "source": "val.jsonl",
        "shape": "messages",
        "samples": tuple(samples),
        "rows": len(samples),
    }
    return Dataset(**(found | fields))  # type: ignore[arg-type]


def made_loss(sample: str, nll: float, tokens: int = 20, **fields: object) -> TokenLoss:
    found: dict[str, object] = {"bytes": 4 * tokens, "end_nll": 0.1, "end_tokens": 1}
    return TokenLoss(sample, nll, tokens, **(found | fields))  # type: ignore[arg-type]


def scored_pairs(
    base: Sequence[float],
    tuned: Sequence[float],
    *,
    tokens: Sequence[int] | None = None,
    samples: Sequence[Sample] | None = None,
    data: Mapping[str, object] | None = None,
    **fields: object,
) -> MadeEvidence:
    """Evidence of a base and a tuned model, by their mean loss per token on each sample."""
    counts = tokens or [20] * len(base)
    rows = samples or [made_sample(i) for i in range(len(base))]
    losses = {
        model: {
            row.id: made_loss(row.id, mean * count, count)
            for row, mean, count in zip(rows, means, counts, strict=False)
        }
        for model, means in (("base", base), ("tuned", tuned))
    }
    dataset = made_dataset(rows, **(data or {}))
    found: dict[str, object] = {"datasets": {"validation": dataset}, "scored": losses}
    return MadeEvidence(**(found | fields))  # type: ignore[arg-type]
