"""What a fine-tune is made with; apart, so that reading it loads no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    name: str
    files: tuple[str, ...]
    about: str
    rank: int
    dropout: float
    epochs: int
    rate: float
    log_every: int
    eval_every: int
    """In steps; checkpoints are written at the same steps."""
    warm_up: int = 10
