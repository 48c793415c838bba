"""The six steps in order, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tui_eval.core.records import Split

TASK: Final = "task"


@dataclass(frozen=True, slots=True)
class StepEntry:
    """``read`` is the import string of the step's reading.
    ``needs`` are the ``(verb, split)`` pairs that the engine must have done for it; in the
    place of a split ``task`` stands for all tasks of ``eval.toml``.
    ``judged``: people judge in it, on a screen of its own."""

    key: str
    title: str
    question: str
    read: str
    needs: tuple[tuple[str, Split | Literal["task"]], ...] = ()
    judged: bool = False


CHECKLIST: tuple[StepEntry, ...] = (
    StepEntry(
        "curves",
        "Training curves",
        "has the loss decreased properly?",
        "tui_eval.core.steps.curves:read",
    ),
    StepEntry(
        "perplexity",
        "Perplexity",
        "is it less confused than the base model on the validation set?",
        "tui_eval.core.steps.perplexity:read",
        (("score", "validation"),),
    ),
    StepEntry(
        "overfitting",
        "Overfitting",
        "did it learn, or memorise?",
        "tui_eval.core.steps.overfitting:read",
        (
            ("score", "validation"),
            ("score", "train"),
            ("score", "off_task"),
            ("generate", "validation"),
            ("measure", "validation"),
        ),
    ),
    StepEntry(
        "review",
        "Manual review",
        "what do its answers read like?",
        "tui_eval.core.steps.review:read",
        (("generate", "validation"),),
        judged=True,
    ),
    StepEntry(
        "blind_ab",
        "Blind A/B",
        "do people prefer its answers?",
        "tui_eval.core.steps.blind_ab:read",
        (("generate", "validation"),),
        judged=True,
    ),
    StepEntry(
        "task_metrics",
        "Task metrics",
        "is it better at the task?",
        "tui_eval.core.steps.task_metrics:read",
        (("generate", TASK), ("measure", TASK)),
    ),
)
"""Order and keys of DESIGN section 1; a key is the module's name in ``core.steps``."""
