"""From hidden states to token losses, a chunk of positions at a time.

The logits of a whole batch are never held: 8 texts of 2,048 tokens and a vocabulary of
152,064 would be 10 GB in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from tui_eval.engine.memory import is_out_of_memory

CPU_POSITIONS = 128
"""Measured best on CPUs: 64 cost 9%, 1,024 cost 15% more."""
LOGIT_BYTES = 512 * 2**20

Finish = Callable[[Any], Any]


def positions_for(device: str, vocabulary: int) -> int:
    if device == "cpu":
        return CPU_POSITIONS
    return max(16, LOGIT_BYTES // (4 * vocabulary))


def finish_of(config: Any) -> Finish | None:
    """What a model does to its logits after the head, where its configuration tells:
    soft-capping (Gemma), a factor (Cohere), a divisor (Granite)."""
    text = getattr(config, "text_config", None) or config
    cap = getattr(text, "final_logit_softcapping", None)
    factor = getattr(text, "logit_scale", None)
    divisor = getattr(text, "logits_scaling", None)
    if cap:
        return lambda logits: torch.tanh(logits / cap) * cap
    if isinstance(factor, (int, float)) and factor != 1:
        return lambda logits: logits * factor
    if isinstance(divisor, (int, float)) and divisor != 1:
        return lambda logits: logits / divisor
    return None


def best(logits: Any, targets: Any, count: int) -> tuple[Any, Any, Any]:
    """Of logits (n, vocabulary): the loss of the targets, and the ``count`` likeliest tokens
    as ``Head.likeliest`` has them."""
    logs = functional.log_softmax(logits.float(), dim=-1)
    nll = -logs.gather(1, targets.to(logs.device)[:, None])[:, 0]
    top, ids = logs.topk(count, dim=-1)
    return nll, -top, ids


@dataclass
class Head:
    """``module`` is the model's own head, adapter and all."""

    module: Any
    positions: int
    finish: Finish | None = None

    def nll(self, hidden: Any, targets: Any) -> Any:
        """Negative log likelihood (n,) in float32 of ``targets`` (n,) given the hidden
        states (n, size). Halves its chunk where memory runs out, down to one position."""
        device = self._device()
        losses = torch.empty(len(targets), dtype=torch.float32)

        def work(part: slice) -> None:
            losses[part] = self._chunk(hidden[part].to(device), targets[part].to(device))

        self._each(len(targets), work)
        return losses

    def likeliest(self, hidden: Any, targets: Any, count: int) -> tuple[Any, Any, Any]:
        """``nll`` with, for each position, the ``count`` likeliest tokens: negative log
        likelihoods (n, count) in float32, likeliest first, and ids (n, count)."""
        device = self._device()
        nll = torch.empty(len(targets), dtype=torch.float32)
        top = torch.empty(len(targets), count, dtype=torch.float32)
        ids = torch.empty(len(targets), count, dtype=torch.long)

        def work(part: slice) -> None:
            logits = self.logits(hidden[part].to(device))
            nll[part], top[part], ids[part] = best(logits, targets[part], count)

        self._each(len(targets), work)
        return nll, top, ids

    def _each(self, total: int, work: Callable[[slice], None]) -> None:
        """``work`` on all positions, a chunk at a time."""
        first = 0
        while first < total:
            last = first + self.positions
            try:
                work(slice(first, last))
            except (RuntimeError, MemoryError) as error:
                if self.positions == 1 or not is_out_of_memory(error):
                    raise
                self.positions = max(1, self.positions // 2)
                continue
            first = last

    def logits(self, hidden: Any) -> Any:
        logits = self.module(hidden.to(self._device()))
        return logits if self.finish is None else self.finish(logits)

    def _chunk(self, hidden: Any, targets: Any) -> Any:
        return functional.cross_entropy(self.logits(hidden).float(), targets, reduction="none")

    def _device(self) -> Any:
        return next(self.module.parameters()).device
