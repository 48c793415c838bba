"""One task with everything that was found on it: its answers, findings and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.metrics import metric_of
from tui_eval.core.records import Completion
from tui_eval.core.stats.resampled import DRAWS
from tui_eval.core.steps.task_metrics_figures import UNPARSED, Compared, Pair, Side, compare
from tui_eval.core.steps.wording import base_text, model_text
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem

MOST_NAMES = 50
"""Values of a person's own metrics that a task shows; an item may return as many, and each item
others."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One task with everything that was found on it."""

    task: Task
    base: str | None
    compared: tuple[Compared, ...]
    answers: Mapping[Side, Mapping[str, Completion]]
    scores: Mapping[Side, Mapping[str, MetricScores]]
    done: int
    planned: int
    kept: int = 0
    """Items that are left out of everything here, for an open blind A/B asks them too."""
    names: Mapping[Side, str] = field(default_factory=lambda: {"base": "base", "tuned": "tuned"})
    """What the two models are called in words."""

    @property
    def waiting(self) -> bool:
        refused = bool(self.task.fault or self.task.refused)
        return not refused and self.done < self.planned

    @property
    def first(self) -> Compared | None:
        """The metric that carries the verdict."""
        return self.compared[0] if self.compared else None

    @property
    def sides(self) -> tuple[Side, ...]:
        return ("tuned",) if self.base is None else ("base", "tuned")

    def measures(self) -> list[str]:
        return list(dict.fromkeys(metric_of(name).measure for name in self.task.metrics))

    def measured(self, side: Side, measure: str) -> list[Measured]:
        """Of the task's items, in order, as far as measured."""
        found = self.scores[side].get(measure, MetricScores()).items
        return [found[i.sample.id] for i in self.task.items if i.sample.id in found]


def gathered(evidence: TaskEvidence, candidate: str, base: str | None, task: Task) -> Looked:
    """Answers and findings, nothing compared yet."""
    models: dict[Side, str | None] = {"base": base, "tuned": candidate}
    answers = {s: _answers(evidence, candidate, m, task) for s, m in models.items()}
    scores = {s: _scores(evidence, candidate, m, task) for s, m in models.items()}
    names: dict[Side, str] = {"tuned": model_text(candidate)}
    if base is not None:
        names["base"] = base_text(base, evidence.base(candidate))
    return Looked(task, base, (), answers, scores, 0, len(task.items), names=names)


def look(
    evidence: TaskEvidence,
    candidate: str,
    base: str | None,
    whole: Task,
    *,
    significance: float,
    kept: frozenset[str] = frozenset(),
) -> Looked:
    """``kept``: items of an open blind A/B. No figure is made with them: the count of a small
    category or of a cell would tell which model was right."""
    items = tuple(item for item in whole.items if item.sample.id not in kept)
    task = replace(whole, items=items)
    empty = gathered(evidence, candidate, base, task)
    done = sum(_is_done(empty, item) for item in task.items)
    waiting = done < len(task.items)
    settled = 0 if waiting else DRAWS
    found = tuple(
        compare(task, name, pairs_of(empty, measure), settled, significance)
        for name, measure in figure_names(empty)
    )
    shown: dict[Side, Mapping[str, Completion]] = {
        side: {id: one for id, one in some.items() if id not in kept}
        for side, some in empty.answers.items()
    }
    left_out = len(whole.items) - len(items)
    return replace(empty, compared=found, answers=shown, done=done, kept=left_out)


def figure_names(looked: Looked) -> list[tuple[str, str]]:
    """Every figure with its measurement: the metrics asked for, the values that one of a
    person's own returned, and the unparsed rate of labels."""
    found: dict[str, str] = {}
    for name in looked.task.metrics:
        metric = metric_of(name)
        returned = _returned(looked, name)[: max(1, MOST_NAMES - len(found))]
        found |= dict.fromkeys(returned or [name], metric.measure)
    if "labels" in looked.measures():
        found.setdefault(UNPARSED, "labels")
    return list(found.items())


def names_left_out(looked: Looked) -> int:
    """Values of a person's own metrics that are not among the figures, for there are too many
    names."""
    shown = {name for name, _ in figure_names(looked)}
    returned = {key for name in looked.task.metrics for key in _returned(looked, name)}
    return len(returned - shown)


def _returned(looked: Looked, name: str) -> list[str]:
    """The values that a metric of a person's own returned. The one that leads carries the
    verdict: its own name where most items have it, else the first that most have, else the one
    that the most have. The others by how many have them."""
    metric = metric_of(name)
    if not metric.own:
        return []
    held: Counter[str] = Counter()
    total = 0
    for side in looked.sides:
        some = [one for one in looked.measured(side, metric.measure) if one.values]
        total += len(some)
        held.update(key for one in some for key in one.values)
    # A counter keeps the order in which names came.
    ordered = sorted(held, key=lambda key: -held[key])
    most = [key for key in held if held[key] > total / 2]
    leads = name if name in most else next(iter([*most, *ordered]), "")
    return sorted(ordered, key=lambda key: key != leads)


def _answers(
    evidence: TaskEvidence, candidate: str, model: str | None, task: Task
) -> Mapping[str, Completion]:
    return {} if model is None else evidence.task_answers(candidate, model, task.name)


def _scores(
    evidence: TaskEvidence, candidate: str, model: str | None, task: Task
) -> Mapping[str, MetricScores]:
    return {} if model is None else evidence.task_scores(candidate, model, task.name)


def _is_done(looked: Looked, item: TaskItem) -> bool:
    """Measured under every model, or without an answer for a reason that is told."""
    key = item.sample.id
    for side in looked.sides:
        answer = looked.answers[side].get(key)
        if answer is not None and answer.error:
            continue
        scores = looked.scores[side]
        if not all(key in scores.get(m, MetricScores()).items for m in looked.measures()):
            return False
    return True


def pairs_of(looked: Looked, measure: str) -> tuple[Pair, ...]:
    """The items that the measurement succeeded on under every model."""
    sides = {s: looked.scores[s].get(measure, MetricScores()).items for s in looked.sides}
    found = []
    for item in looked.task.items:
        key = item.sample.id
        tuned, base = sides["tuned"].get(key), sides.get("base", {}).get(key)
        if tuned is None or tuned.error or (looked.base is not None and base is None):
            continue
        if base is None or not base.error:
            found.append(Pair(item, tuned, base))
    return tuple(found)
