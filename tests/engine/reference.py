"""The same losses, worked out independently: float64, full logits, one text, a loop."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch


def double(model: Any) -> Any:
    """The model in float64; attention that sums in the plain way."""
    return copy.deepcopy(model).double().eval()


def token_losses(model: Any, ids: Sequence[int], targets: Sequence[int]) -> list[float]:
    """-log p of the token at each of ``targets``, given everything before it."""
    with torch.no_grad():
        logits = model(torch.tensor([list(ids)])).logits[0]
    losses = []
    for at in targets:
        row = logits[at - 1].double()
        losses.append(float(torch.logsumexp(row, 0) - row[ids[at]]))
    return losses


def total(model: Any, ids: Sequence[int], targets: Sequence[int]) -> float:
    return math.fsum(token_losses(model, ids, targets))
