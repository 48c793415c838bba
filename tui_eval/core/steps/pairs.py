"""The same samples under two models: what was scored, what can be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.records import Dataset, Sample, Split, TokenLoss
from tui_eval.core.stats.intervals import Groups, units


@dataclass(frozen=True, slots=True)
class Pair:
    """One sample with the loss of each model; ``base`` is None only where there is no base
    model at all."""

    sample: Sample
    tuned: TokenLoss
    base: TokenLoss | None

    @property
    def both(self) -> tuple[TokenLoss, ...]:
        return (self.tuned,) if self.base is None else (self.base, self.tuned)

    @property
    def finite(self) -> bool:
        return all(math.isfinite(loss.nll) for loss in self.both)

    @property
    def cut(self) -> bool:
        """Part of the prompt, or of what stands before an answer's later windows, was out
        of a model's sight. A long plain text in windows is read as meant."""
        chat = self.sample.text is None
        return any(loss.cut_tokens > 0 or (chat and loss.windows > 1) for loss in self.both)


@dataclass(frozen=True, slots=True)
class Scored:
    """The samples of a split that every model in question has been through so far."""

    dataset: Dataset
    base: str | None
    pairs: tuple[Pair, ...]
    """Compared samples in file order, some perhaps with a loss that is not finite."""
    unscored: tuple[tuple[Sample, str], ...]
    """Samples without a loss, and why."""
    done: int
    planned: int
    same_units: bool
    """Both models cut the texts into the same number of tokens."""

    @property
    def waiting(self) -> bool:
        """A model of which every loss is broken is not scored to the end."""
        ended = bool(self.pairs) and not any(pair.finite for pair in self.pairs)
        return self.done < self.planned and not ended

    @property
    def broken(self) -> list[Pair]:
        return [pair for pair in self.pairs if not pair.finite]

    @property
    def groups(self) -> Groups:
        return groups_of(self.pairs)

    @property
    def units(self) -> int:
        return units(self.groups, len(self.pairs))


def groups_of(pairs: Sequence[Pair]) -> Groups:
    """None where no sample says which group it is of."""
    named = [pair.sample.group for pair in pairs]
    return named if any(group is not None for group in named) else None


def scored(
    evidence: Evidence, candidate: str, base: str | None, split: Split = "validation"
) -> Scored | None:
    """None where there is no data of the split."""
    dataset = evidence.dataset(candidate, split)
    if dataset is None or not dataset.samples:
        return None
    tuned = evidence.losses(candidate, candidate, split)
    other = evidence.losses(candidate, base, split) if base is not None else None
    done = [s for s in dataset.samples if s.id in tuned and (other is None or s.id in other)]
    pairs, unscored = [], []
    for sample in done:
        pair = Pair(sample, tuned[sample.id], other[sample.id] if other is not None else None)
        why = _why_unscored(pair)
        if why:
            unscored.append((sample, why))
        else:
            pairs.append(pair)
    return Scored(
        dataset=dataset,
        base=base,
        pairs=tuple(pairs),
        unscored=tuple(unscored),
        done=len(done),
        planned=len(dataset.samples),
        same_units=same_units(evidence, candidate, pairs),
    )


def _why_unscored(pair: Pair) -> str:
    for loss in pair.both:
        if loss.error:
            return loss.error
        if loss.tokens <= 0:
            return "nothing in it is scored"
    return ""


def same_units(evidence: Evidence, candidate: str, pairs: Sequence[Pair]) -> bool:
    """Whether a loss per token is of the same tokens under both models."""
    preflight = evidence.preflight(candidate)
    if preflight is not None and not preflight.same_tokenizer:
        return False
    return all(pair.base is None or pair.base.tokens == pair.tuned.tokens for pair in pairs)


Measure = Callable[[TokenLoss], float]


def nll(loss: TokenLoss) -> float:
    return loss.nll


def tokens(loss: TokenLoss) -> float:
    return loss.tokens


def utf8_bytes(loss: TokenLoss) -> float:
    return loss.bytes


def nll_without_end(loss: TokenLoss) -> float:
    return loss.nll - loss.end_nll


def tokens_without_end(loss: TokenLoss) -> float:
    return loss.tokens - loss.end_tokens


def of_tuned(pairs: Sequence[Pair], measure: Measure) -> list[float]:
    return [measure(pair.tuned) for pair in pairs]


def of_base(pairs: Sequence[Pair], measure: Measure) -> list[float]:
    return [measure(pair.base) for pair in pairs if pair.base is not None]


def by_category(pairs: Sequence[Pair]) -> Mapping[str, list[Pair]]:
    """The pairs of every category, the largest first; empty where none is known."""
    found: dict[str, list[Pair]] = {}
    if all(pair.sample.category is None for pair in pairs):
        return found
    for pair in pairs:
        found.setdefault(pair.sample.category or "(none)", []).append(pair)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))
