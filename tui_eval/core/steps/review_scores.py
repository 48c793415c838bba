"""Step 4's evidence: who scored which answer how, and the figures of each criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core import blinding
from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import CRITERIA, JudgeRound, Mark, Round
from tui_eval.core.records import Completion, Sample
from tui_eval.core.stats.agreement import Spearman, cohen, krippendorff, raw_agreement, spearman
from tui_eval.core.stats.intervals import Interval, wilson
from tui_eval.core.stats.scores import level_mean
from tui_eval.core.steps import judging


@dataclass(frozen=True, slots=True)
class Item:
    """One answer with what every judge has said of it."""

    id: str
    sample: Sample | None
    marks: Mapping[str, Mark]
    """By judge."""

    @property
    def reviewed(self) -> bool:
        """Somebody has scored it to the end."""
        return any(mark.scored for mark in self.marks.values())

    @property
    def category(self) -> str:
        return (self.sample.category or "") if self.sample else ""

    @property
    def notes(self) -> list[str]:
        return [mark.note for mark in self.marks.values() if mark.note]

    @property
    def flagged(self) -> bool:
        return any(mark.flagged for mark in self.marks.values())

    def viewed(self, what: str) -> bool:
        return any(what in mark.views for mark in self.marks.values())

    def score(self, criterion: str) -> float | None:
        """Mean over its judges; what is not applicable is left out."""
        given = [score for score in self.given(criterion).values() if score]
        return sum(given) / len(given) if given else None

    def given(self, criterion: str) -> dict[str, int]:
        """By judge, 0 among them."""
        return {
            judge: mark.scores[criterion]
            for judge, mark in self.marks.items()
            if criterion in mark.scores
        }

    @property
    def mean(self) -> float | None:
        """Over the criteria that have a score."""
        found = [score for name in CRITERIA if (score := self.score(name)) is not None]
        return sum(found) / len(found) if found else None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review as it stands."""

    round: Round | None
    planned: int
    failed: int
    """Chosen prompts that the model could not answer; not among ``planned``."""
    ready: int
    """Chosen prompts that the model has answered."""
    items: tuple[Item, ...]
    """Every answer that somebody has said something of, in file order."""
    answers: Mapping[str, Completion]
    """By completion id."""
    unknown: int
    """Scored answers that are not among the model's as they are now."""

    @property
    def begun(self) -> tuple[JudgeRound, ...]:
        return self.round.begun if self.round else ()

    @property
    def scored(self) -> list[Item]:
        return [item for item in self.items if any(mark.scores for mark in item.marks.values())]

    @property
    def reviewed(self) -> list[Item]:
        return [item for item in self.items if item.reviewed]

    @property
    def waiting(self) -> bool:
        """A judge who has begun and not ended has planned items left, or nobody has begun."""
        if not self.begun:
            return self.planned > 0
        return any(len(judge.reviewed) < self.planned for judge in self.begun if not judge.ended)

    @property
    def pace(self) -> float | None:
        return judging.pace(self.begun)


def reviewed(evidence: Evidence, candidate: str) -> Reviewed:
    made = evidence.answers(candidate, candidate)
    answers = {one.id: one for one in made.values()}
    generator = evidence.generator(candidate, candidate)
    found = None
    if generator is not None:
        found = judging.the_round(evidence, blinding.review_round(generator.key))
    samples = judging.prompts(evidence, candidate, candidate)
    allotted = judging.allotment(evidence, samples.values()).review
    judges = (found.begun or found.judges) if found else ()
    marks: dict[str, dict[str, Mark]] = {}
    for judge in found.judges if found else ():
        for item in judge.items:
            if item in judge.marks:
                marks.setdefault(item, {})[judge.judge] = judge.marks[item]
    known = [
        Item(item, samples.get(answers[item].sample), by_judge)
        for item, by_judge in marks.items()
        if item in answers
    ]
    asks = evidence.asks(found.id) if found and found.begun else ()
    failed = judging.unanswerable(asks or allotted, (made, generator))
    planned = max((judge.planned for judge in judges), default=0) or len(allotted)
    return Reviewed(
        round=found,
        planned=max(planned - failed, 0),
        failed=failed,
        ready=sum(sample in made and not made[sample].error for sample in allotted),
        items=tuple(sorted(known, key=lambda item: item.sample.row if item.sample else 0)),
        answers=answers,
        unknown=sum(any(m.scores for m in marks[item].values()) for item in marks.keys() - answers),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """One criterion over distinct items; ``share`` of those at or above the good score."""

    criterion: str
    mean: Interval | None
    share: Interval | None
    levels: Mapping[int, int]
    """How many single scores were 0 to 5."""

    @property
    def n(self) -> int:
        return self.mean.n if self.mean else 0


def figures(items: Sequence[Item], criterion: str, good: float) -> Figures:
    found = item_scores(items, criterion)
    levels = Counter(score for item in items for score in item.given(criterion).values())
    return Figures(
        criterion,
        level_mean(found),
        share_at(found, good),
        {level: levels[level] for level in range(6)},
    )


def item_scores(items: Sequence[Item], criterion: str) -> list[float]:
    """One score an item, of those that have one."""
    return [score for item in items if (score := item.score(criterion)) is not None]


def share_at(scores: Sequence[float], good: float) -> Interval | None:
    return wilson(sum(score >= good for score in scores), len(scores))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two or more judges on the items that more than one has scored."""

    criterion: str
    items: int
    same: float | None
    kappa: float | None
    """Cohen's, quadratic, where exactly two judges have begun."""
    alpha: float | None
    """Krippendorff's, ordinal."""


def agreement(data: Reviewed, criterion: str) -> Agreement:
    units = [
        {judge: score for judge, score in item.given(criterion).items() if score}
        for item in data.items
    ]
    shared = [list(unit.values()) for unit in units if len(unit) > 1]
    kappa = None
    if len(data.begun) == 2:
        one, other = (judge.judge for judge in data.begun)
        kappa = cohen([u.get(one) for u in units], [u.get(other) for u in units], "quadratic")
    return Agreement(
        criterion, len(shared), raw_agreement(shared), kappa, krippendorff(shared, "ordinal")
    )


def straight(judge: JudgeRound) -> tuple[int, int]:
    """Items of this judge with all four scores equal, of all that are scored."""
    scored = [judge.mark(item) for item in judge.reviewed]
    equal = sum(len({mark.scores[name] for name in CRITERIA}) == 1 for mark in scored)
    return equal, len(scored)


def drift(judge: JudgeRound) -> Spearman | None:
    """Rank correlation of an item's mean score with its place in the order of scoring."""
    means = []
    for item in judge.order:
        mark = judge.mark(item)
        given = [mark.scores[name] for name in CRITERIA if mark.scores.get(name)]
        if mark.scored and given:
            means.append(sum(given) / len(given))
    return spearman(range(len(means)), means)
