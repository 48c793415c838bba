"""What else tells memorising from learning, measured: copies, near and far, diversity,
forgetting, and a validation loss that rises while training loss falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core.diversity import (
    Compared,
    Frequent,
    Item,
    compression,
    distinct,
    matched,
    one_answer,
    opening,
    self_repetition,
)
from tui_eval.core.evidence import Evidence
from tui_eval.core.overlap_near import Nearest, Thirds, thirds
from tui_eval.core.records import Completion, CopyMatch, LogPoint, NearestPrompt, Sample
from tui_eval.core.stats.intervals import Estimate, Interval, mean, spread, wilson
from tui_eval.core.stats.order import median
from tui_eval.core.stats.paired import loss_difference_of_few
from tui_eval.core.stats.trend import block_medians, kendall
from tui_eval.core.steps.curve_tests import best_of
from tui_eval.core.steps.overfitting_gap import base_units, loss_change
from tui_eval.core.steps.pairs import Pair, Scored, groups_of, nll, of_base, of_tuned, tokens
from tui_eval.core.steps.review_scores import reviewed
from tui_eval.core.steps.run import Run, eval_name
from tui_eval.core.steps.wording import threshold
from tui_eval.core.text import digest


@dataclass(frozen=True, slots=True)
class Copy:
    """One of tuned's answers that repeats a training answer."""

    sample: Sample
    answer: str
    match: CopyMatch
    echoed: bool
    """Base or the reference to the same prompt is a copy too: no sign of training."""

    @property
    def words(self) -> int:
        """In a row; of a whole copy all."""
        return max(self.match.run, self.match.words if self.match.exact else 0)


@dataclass(frozen=True, slots=True)
class Copies:
    """``rates`` are (copies, of) of tuned, base and reference over the prompts where every
    one of them that exists was looked at; the others are missing in it."""

    found: tuple[Copy, ...]
    """Copies, the longest run first."""
    rates: Mapping[str, Interval]
    counts: Mapping[str, int]
    n: int
    unmeasured: int
    """Answers that the training file was not searched for yet."""
    above: bool
    """The paired lower bound of tuned's rate is above base's and the references'."""
    echoes: int
    """Prompts where base or the reference is a copy: whatever tuned says is no sign there."""

    @property
    def echoing(self) -> bool:
        """Most prompts tell nothing, as where validation is the training file itself."""
        return 2 * self.echoes > self.n

    @property
    def alone(self) -> list[Copy]:
        return [one for one in self.found if not one.echoed]

    @property
    def longest(self) -> int:
        """Words of the longest verbatim run that base and reference don't hold; a whole copy
        is one, however short."""
        return max((one.words for one in self.alone), default=0)


def answers(evidence: Evidence, candidate: str, model: str | None) -> dict[str, Completion]:
    """By sample id; those that say why there is none left out."""
    made = {} if model is None else evidence.answers(candidate, model)
    return {name: one for name, one in made.items() if not one.error}


def copies(evidence: Evidence, candidate: str, base: str | None) -> Copies | None:
    """None: there is nothing to look at, no answer or no training file."""
    known = evidence.copies(candidate)
    tuned = answers(evidence, candidate, candidate)
    if known is None or not tuned:
        return None
    samples = evidence.answered(candidate, candidate)
    others = answers(evidence, candidate, base)
    rows, unmeasured, groups = [], 0, []
    for name, answer in tuned.items():
        sample = samples.get(name)
        if sample is None or (others and name not in others):
            continue
        texts = {"tuned": answer.answer}
        if name in others:
            texts["base"] = others[name].answer
        if sample.reference is not None:
            texts["reference"] = sample.reference
        looked = {who: known.get(digest(text)) for who, text in texts.items()}
        if None in looked.values():
            unmeasured += 1
            continue
        rows.append((sample, answer.answer, {k: v for k, v in looked.items() if v is not None}))
        groups.append(sample.group)
    return _tallied(rows, groups, unmeasured)


Looked = tuple[Sample, str, dict[str, CopyMatch]]


def _tallied(rows: Sequence[Looked], groups: Sequence[str | None], unmeasured: int) -> Copies:
    found = [
        Copy(sample, answer, looked["tuned"], _echoed(looked))
        for sample, answer, looked in rows
        if looked["tuned"].copied
    ]
    found.sort(key=lambda one: (one.echoed, -one.words, -one.match.words, one.sample.row))
    counts: dict[str, int] = {}
    rates: dict[str, Interval] = {}
    above = bool(rows)
    for who in ("tuned", "base", "reference"):
        there = [looked[who].copied for _, _, looked in rows if who in looked]
        rate = wilson(sum(there), len(there))
        if rate is not None:
            counts[who], rates[who] = sum(there), rate
        if who != "tuned":
            above = above and _above(rows, groups, who)
    echoes = sum(_echoed(looked) for _, _, looked in rows)
    return Copies(tuple(found), rates, counts, len(rows), unmeasured, above, echoes)


def _echoed(looked: Mapping[str, CopyMatch]) -> bool:
    return any(match.copied for who, match in looked.items() if who != "tuned")


def _above(rows: Sequence[Looked], groups: Sequence[str | None], who: str) -> bool:
    """Whether the lower end of tuned's rate minus another's on the same prompts is above 0;
    where there is no other, minus none."""
    pairs = [
        (looked["tuned"].copied, who in looked and looked[who].copied) for _, _, looked in rows
    ]
    grouped = groups if any(group is not None for group in groups) else None
    excess = mean([float(ours - theirs) for ours, theirs in pairs], grouped)
    return excess is not None and excess.low is not None and excess.low > 0


@dataclass(frozen=True, slots=True)
class Third:
    """Validation rows by how near their prompt is to the training prompts."""

    name: str
    pairs: tuple[Pair, ...]
    similarities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NearFar:
    thirds: tuple[Third, ...]
    """Near, middle, far, then leaked ones if any; empty where too few are left."""
    excess: Estimate | None
    """Far minus near of tuned, minus the same of base; nats per token."""
    own: Estimate | None
    """Far minus near of tuned by itself."""
    base: float | None
    left: int
    """Rows that are no near-duplicate of a training row."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """What people gave tuned's answers, by sample id, once their review is done."""

    @property
    def tuned(self) -> float | None:
        return None if self.own is None else self.own.value

    @property
    def worse_far(self) -> bool:
        """Surely worse far than near, by itself and beyond base. Where base was far worse on
        the near rows, it had more to gain there: that alone is no sign."""
        lows = [None if one is None else one.low for one in (self.excess, self.own)]
        return all(low is not None and low > 0 for low in lows)


def near_far(evidence: Evidence, candidate: str, data: Scored) -> NearFar | None:
    """None: the nearest prompts were not looked for."""
    nearest = evidence.nearest(candidate)
    if not nearest:
        return None
    pairs = {pair.sample.id: pair for pair in data.pairs if pair.sample.id in nearest}
    limit = threshold(evidence, "overfitting.near_duplicate")
    leaks = evidence.leaked(candidate) or {}
    similar = {name: _nearest(nearest[name], name in leaks) for name in pairs}
    left = sum(one.similarity < limit for one in similar.values())
    enough = int(threshold(evidence, "overfitting.near_far_rows"))
    found = thirds(similar, enough=enough, leak=limit)
    if found is None:
        return NearFar((), None, None, None, left)
    made = _thirds(found, pairs, similar)
    near, far = made[0].pairs, made[2].pairs
    scores = _scores(evidence, candidate)
    if data.base is None or not all(pair.finite for pair in (*near, *far)):
        return NearFar(made, None, None, None, left, scores)
    return NearFar(made, *_contrast(far, near, data.same_units), left, scores)


def _scores(evidence: Evidence, candidate: str) -> dict[str, float]:
    """Not before the review is done: nobody's scores may sway another judge's."""
    review = reviewed(evidence, candidate)
    if review.waiting:
        return {}
    return {
        item.sample.id: item.mean
        for item in review.reviewed
        if item.sample is not None and item.mean is not None
    }


def _nearest(found: NearestPrompt, leaked: bool) -> Nearest:
    """A prompt that stands in the training file word for word is as near as can be."""
    return Nearest(1.0 if leaked else found.similarity, found.row)


def _thirds(
    found: Thirds, pairs: Mapping[str, Pair], similar: Mapping[str, Nearest]
) -> tuple[Third, ...]:
    named = (
        ("near", found.near),
        ("middle", found.middle),
        ("far", found.far),
        ("near-duplicates", found.leaked),
    )
    return tuple(
        Third(
            title,
            tuple(pairs[name] for name in names),
            tuple(similar[name].similarity for name in names),
        )
        for title, names in named
        if names
    )


def _contrast(
    far: Sequence[Pair], near: Sequence[Pair], same: bool
) -> tuple[Estimate | None, Estimate | None, float | None]:
    """One influence per row, with the sign of its side; rows of one group may stand on both
    sides and are summed before squaring."""
    if loss_change(far, same) is None or loss_change(near, same) is None:
        return None, None, None
    both = [*far, *near]
    base = _mean(_of_base(far, same)) - _mean(_of_base(near, same))
    own = _influence(_of_tuned(far)) + [-one for one in _influence(_of_tuned(near))]
    other = _influence(_of_base(far, same)) + [-one for one in _influence(_of_base(near, same))]
    beyond = [ours - theirs for ours, theirs in zip(own, other, strict=True)]
    groups = groups_of(both)
    value = _mean(_of_tuned(far)) - _mean(_of_tuned(near))
    return (
        Estimate(value - base, *spread(beyond, groups), len(both)),
        Estimate(value, *spread(own, groups), len(both)),
        base,
    )


Sums = tuple[Sequence[float], Sequence[float]]


def _of_tuned(pairs: Sequence[Pair]) -> Sums:
    return of_tuned(pairs, nll), of_tuned(pairs, tokens)


def _of_base(pairs: Sequence[Pair], same: bool) -> Sums:
    return of_base(pairs, nll), base_units(pairs, same)


def _mean(sums: Sums) -> float:
    return sum(sums[0]) / sum(sums[1])


def forgotten(pairs: Sequence[Pair], same: bool) -> Estimate | None:
    """``loss_change`` of the off-task texts, which are few."""
    return loss_difference_of_few(
        of_tuned(pairs, nll),
        of_base(pairs, nll),
        of_tuned(pairs, tokens),
        base_units(pairs, same),
        groups_of(pairs),
    )


def _influence(sums: Sums) -> list[float]:
    """Of each row on the mean."""
    divisor, centre = sum(sums[1]), _mean(sums)
    return [(above - centre * below) / divisor for above, below in zip(*sums, strict=True)]


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of tuned's answers beside the references, pair by pair of one length."""

    distinct: Compared
    compression: Compared
    repetition: Compared
    opening: Frequent | None
    reference_opening: Frequent | None
    one_answer: Frequent | None
    base: Compared | None
    """Distinct-2 of base's answers, beside the same references."""
    n: int


def diversity(evidence: Evidence, candidate: str, base: str | None) -> Diversity | None:
    """None: there is no answer with a reference."""
    samples = evidence.answered(candidate, candidate)
    items = _items(answers(evidence, candidate, candidate), samples)
    if not items:
        return None
    pairs = matched(items)
    others = _items(answers(evidence, candidate, base), samples)
    return Diversity(
        distinct(pairs),
        compression(pairs),
        self_repetition(pairs),
        opening(item.answer for item in items),
        opening(item.reference for item in items),
        one_answer(items),
        distinct(matched(others)) if others else None,
        len(items),
    )


def _items(made: Mapping[str, Completion], samples: Mapping[str, Sample]) -> list[Item]:
    found = []
    for name, one in made.items():
        sample = samples.get(name)
        if sample is not None and sample.reference is not None:
            found.append(Item(sample.prompt, one.answer, sample.reference))
    return found


@dataclass(frozen=True, slots=True)
class Rise:
    """The validation loss since its best, by the log."""

    name: str
    """The eval set's, empty for the plain one."""
    best: LogPoint
    last: LogPoint
    evals: int
    """All that count."""
    since: int
    """Evals after the best."""
    falls: bool | None
    """The training loss falls from the best eval on; None: no two of its points are there."""

    @property
    def rise(self) -> float:
        return self.last.value / self.best.value - 1 if self.best.value > 0 else 0.0


def rises(evidence: Evidence, run: Run) -> list[Rise]:
    """One per eval set of the log, the one that counts first."""
    found = []
    for key, points in run.finite_evals().items():
        best = best_of(points)
        since, falls = len(points) - 1 - points.index(best), _falls(evidence, run, best.step)
        found.append(Rise(eval_name(key), best, points[-1], len(points), since, falls))
    return found


def _falls(evidence: Evidence, run: Run, step: float) -> bool | None:
    """Medians of the first and last ``k`` training losses from a step on (of the halves where
    there are fewer), and their order too: of losses that stand still, every other run's last
    median is the lower one."""
    after = [point for point in run.finite if point.step >= step]
    values = [point.value for point in after]
    k = min(run.k, len(values) // 2)
    if not k or median(values[-k:]) >= median(values[:k]):
        return False if k else None
    most = int(threshold(evidence, "curves.rank_points"))
    ranked = block_medians([point.step for point in after], values, most)[1]
    return kendall(ranked, "falls").p < threshold(evidence, "curves.not_decreased_p")
