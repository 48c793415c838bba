"""What the stacks call the same thing, told in the Trainer's words.

The Trainer's loggers write ``train/loss`` for ``loss`` and ``eval/near_loss`` for
``eval_near_loss``; that is turned back name by name (``own``). Other stacks have names of
their own for the training and validation loss; which of them is meant can only be seen
once a log's names are known (``renamed``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

STEPS = (
    "train/global_step", "trainer/global_step", "global_step", "current_steps", "step", "steps",
    "Step", "iteration", "iter", "_step",
)  # fmt: skip
"""Counters of optimizer steps, the surest first."""
EPOCHS = ("train/epoch", "epoch", "Epoch")
TIMES = ("_timestamp", "timestamp", "wall_time", "Wall time", "_runtime", "time")
PLANNED = ("total_steps",)
_AXES = frozenset((*STEPS, *EPOCHS, *TIMES, *PLANNED))

_RATES = ("lr", "train/lr", "Learning Rate", "train_lr")
_TRAIN = (
    "train_loss_step", "train_loss", "training_loss", "train_loss_epoch", "loss/train",
    "Loss/train", "training/loss", "loss_train", "batch_loss", "epoch_loss",
)  # fmt: skip
_EVAL = re.compile(
    r"(?:epoch_)?(?:val|valid|validation|eval|evaluation|dev)[_/](?:(?P<one>.{1,80})[_/])?"
    r"loss(?:_epoch)?(?:/(?P<two>.{1,80}))?\Z|"
    r"loss[_/](?:val|valid|validation|eval|dev)\Z",
    re.IGNORECASE,
)


def is_axis(key: str) -> bool:
    """A column that says when, not what."""
    return key in _AXES


def own(key: str) -> str:
    """The Trainer's own name of what its loggers renamed."""
    head, slash, rest = key.partition("/")
    if not slash or not rest:
        return "learning_rate" if key in _RATES else key
    if head == "train":
        return "learning_rate" if key in _RATES else rest
    return f"{head}_{rest}" if head in ("eval", "test") else key


def renamed(counts: Mapping[str, int]) -> tuple[dict[str, str], list[str]]:
    """New names for the losses of other stacks, given how many values each name has."""
    names = _validation(counts)
    notes = []
    if "loss" not in counts:
        chosen = _training(counts, "epoch_val_loss" in names)
        if chosen is not None:
            names[chosen] = "loss"
    if names:
        told = ", ".join(f"{old} as {new}" for old, new in names.items())
        notes.append(f"read {told}")
    return names, notes


def _validation(counts: Mapping[str, int]) -> dict[str, str]:
    taken = set(counts)
    names: dict[str, str] = {}
    for key in counts:
        match = _EVAL.match(key)
        if match is None or (key.startswith("eval_") and key.endswith("_loss")):
            continue
        part = match["one"] or match["two"]
        new = f"eval_{part.replace('/', '_')}_loss" if part else "eval_loss"
        if new not in taken:
            taken.add(new)
            names[key] = new
    return names


def _training(counts: Mapping[str, int], by_epoch: bool) -> str | None:
    """The fullest of the usual names. A single value is the Trainer's mean over the run."""
    if by_epoch and "epoch_loss" in counts:
        # Counted in epochs as the validation loss beside it is.
        return "epoch_loss"
    here = [key for key in _TRAIN if counts.get(key, 0) > 1]
    return max(here, key=lambda key: counts[key], default=None)
