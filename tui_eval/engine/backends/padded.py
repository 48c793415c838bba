"""Batches of prompts of about one length, padded from the left, through the model's own
cache: for models whose attention can't be told what ``slots`` needs. Answers that end are
dropped from the cache, so that no step computes them on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from tui_eval.engine.backends.batched import ended
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.choice import Writing, choose
from tui_eval.engine.generation import Asked, Reply, Rules

MOST_ROWS = 32
"""More would be padded to a longest one that is far from the rest."""


class Padded:
    """``batch`` prompts begin together; the next ones when all of them have ended."""

    def __init__(self, scorer: TransformersScorer, batch: int) -> None:
        self.batch = min(batch, MOST_ROWS)
        self._scorer = scorer
        self._known = frozenset(inspect.signature(scorer.inner.forward).parameters)

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        order = sorted(asked, key=lambda one: -len(one.ids))
        for first in range(0, len(order), self.batch):
            yield from self._together(order[first : first + self.batch], rules)

    def _together(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        rows = [Writing(one) for one in asked]
        ids, mask = self._prompts(asked)
        cache: Any = None
        while rows:
            rules.pulse()
            with torch.inference_mode():
                logits, cache = self._step(ids, mask, cache)
                tokens = choose(logits, rows, rules.generation)
            for row, token in zip(rows, tokens, strict=True):
                row.ids.append(token)
            replies = [ended(row, rules) for row in rows]
            left = [at for at, reply in enumerate(replies) if reply is None]
            yield from (reply for reply in replies if reply is not None)
            with torch.inference_mode():
                if 0 < len(left) < len(rows):
                    keep = torch.tensor(left, device=mask.device)
                    cache.batch_select_indices(keep)
                    mask = mask[keep]
                rows = [rows[at] for at in left]
                ids = torch.tensor([[row.ids[-1]] for row in rows], device=mask.device)
                mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)

    def _prompts(self, asked: Sequence[Asked]) -> tuple[Any, Any]:
        device = self._scorer.inner.get_input_embeddings().weight.device
        width = max(len(one.ids) for one in asked)
        ids = torch.zeros(len(asked), width, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, one in enumerate(asked):
            ids[row, width - len(one.ids) :] = torch.from_numpy(one.ids).long()
            mask[row, width - len(one.ids) :] = 1
        return ids.to(device), mask.to(device)

    def _step(self, ids: Any, mask: Any, cache: Any) -> tuple[Any, Any]:
        places = (mask.cumsum(dim=1) - 1).clamp_(min=0)[:, -ids.shape[1] :]
        wanted = {"position_ids": places, "logits_to_keep": 1}
        output = self._scorer.loaded.model(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            **{name: value for name, value in wanted.items() if name in self._known},
        )
        return output.logits[:, -1].float(), output.past_key_values
