"""The next token: penalties, cuts and the draw, for a batch of answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import torch

from tui_eval.engine.generation import Asked, draws
from tui_eval.files.generation import Generation


@dataclass
class Writing:
    """An answer while it is written."""

    asked: Asked
    ids: list[int] = field(default_factory=list)
    random: Random | None = None

    def __post_init__(self) -> None:
        if self.asked.seed is not None:
            self.random = draws(self.asked.seed)

    @property
    def length(self) -> int:
        return len(self.asked.ids) + len(self.ids)


def choose(logits: Any, rows: Sequence[Writing], rules: Generation) -> list[int]:
    """One token for each row of ``logits`` (rows, vocabulary)."""
    logits = _penalised(logits, rows, rules)
    if not rules.sample:
        return [int(one) for one in logits.argmax(dim=-1).tolist()]
    probabilities, order = _kept(logits.float() / rules.temperature, rules)
    sums = probabilities.double().cumsum(dim=-1)
    at = torch.tensor([row.random.random() if row.random else 0.0 for row in rows])
    places = torch.searchsorted(sums, at.to(sums)[:, None] * sums[:, -1:], right=True)
    # A draw that rounds up to the whole sum takes the last token that is possible.
    last = (probabilities > 0).sum(dim=-1, keepdim=True) - 1
    return [int(one) for one in order.gather(1, torch.minimum(places, last))[:, 0].tolist()]


def _kept(logits: Any, rules: Generation) -> tuple[Any, Any]:
    """Probabilities, the likeliest first, of those that top_k, top_p and min_p leave: each
    rule works on what the one before left, as in ``generate``."""
    size = logits.shape[-1]
    count = min(rules.top_k, size) if rules.top_k else size
    found, order = torch.topk(logits, count, dim=-1)
    probabilities = torch.softmax(found, dim=-1)
    if rules.top_p < 1:
        before = probabilities.cumsum(dim=-1) - probabilities
        probabilities = probabilities.masked_fill(before >= rules.top_p, 0.0)
        probabilities[:, 0].clamp_(min=torch.finfo(probabilities.dtype).tiny)
    if rules.min_p > 0:
        least = rules.min_p * probabilities[:, :1]
        probabilities = probabilities.masked_fill(probabilities < least, 0.0)
    return probabilities, order


def _penalised(logits: Any, rows: Sequence[Writing], rules: Generation) -> Any:
    changes = rules.repetition_penalty != 1 or rules.no_repeat_ngram or rules.suppress
    if not changes:
        return logits
    logits = logits.clone()
    for at, row in enumerate(rows):
        ids = [*map(int, row.asked.ids), *row.ids]
        if rules.repetition_penalty != 1:
            seen = torch.tensor(sorted(set(ids)), device=logits.device)
            scores = logits[at, seen]
            penalty = rules.repetition_penalty
            logits[at, seen] = torch.where(scores < 0, scores * penalty, scores / penalty)
        banned = _after_same_ngram(ids, rules.no_repeat_ngram)
        if banned:
            logits[at, banned] = float("-inf")
    some = [one for one in rules.suppress if one < logits.shape[-1]]
    if some:
        logits[:, some] = float("-inf")
    return logits


def _after_same_ngram(ids: Sequence[int], size: int) -> list[int]:
    """Tokens that would say a run of ``size`` tokens a second time."""
    if not size or len(ids) + 1 < size:
        return []
    head = tuple(ids[len(ids) - size + 1 :])
    starts = range(len(ids) - size + 1)
    return sorted({ids[at + size - 1] for at in starts if tuple(ids[at : at + size - 1]) == head})
