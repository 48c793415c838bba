"""The names of every step's numbers, also of those that nothing was computed for yet: what
``gate`` can ask about, and the history keeps.

A step that yields a number under another name breaks a test (``tests/core/test_names.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.core.judgement_records import CRITERIA
from tui_eval.core.metrics import metric_of

TASKS = "task_metrics"
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "curves": (
        "drop", "first", "last", "eval_best", "eval_best_step", "eval_last", "points",
        "eval_points",
    ),
    "perplexity": (
        "improvement", "base", "tuned", "ratio", "improvement_without_end",
        "base_bits_per_byte", "tuned_bits_per_byte", "better_share", "samples", "tokens",
        "truncated",
    ),
    "overfitting": (
        "gap_used", "gap", "base_gap", "ratio", "member_auc", "train_loss", "validation_loss",
        "base_train_loss", "base_validation_loss", "copies", "copy_rate", "base_copy_rate",
        "reference_copy_rate", "longest_copied_run", "near_far", "distinct_2",
        "reference_distinct_2", "compression", "reference_compression", "self_repetition",
        "reference_self_repetition", "same_opening", "reference_same_opening", "same_answer",
        "forgetting", "train_samples", "validation_samples",
    ),
    "review": (
        *CRITERIA, *(f"{name}_share4" for name in CRITERIA), "reviewed", "planned", "ready",
        "notes", "flagged", "references_viewed", "pace",
    ),
    "blind_ab": (
        "win_rate", "wins", "losses", "ties", "decisive_rate", "sign_p", "e_value",
        "both_bad_rate", "left_rate", "longer_rate", "self_consistency", "agreement", "alpha",
        "detectable", "length_adjusted", "flagged", "guesses", "guesses_right", "votes", "judged",
        "judged_any", "planned", "ready", "unanswerable",
        "pace", "locked", "clear",
    ),
    TASKS: (),
}  # fmt: skip
"""Of step 6: TASK.METRIC.PART, by the workspace's tasks (``of_tasks``)."""

STANDS_WHILE_WAITING: Mapping[str, frozenset[str]] = {
    "review": frozenset({"reviewed", "planned", "ready"}),
    "blind_ab": frozenset(
        {"votes", "judged", "judged_any", "planned", "ready", "unanswerable", "locked", "clear"}
    ),
}
"""Counts of people's work are what they are while the step still waits; an estimate from half
of the work is none yet, nor is a count of what was noticed in half of it."""

PARTS = ("difference", "tuned", "base", "detectable")
EXACT_TEST = "mcnemar_p"
"""Of metrics that are right or wrong."""
_EXACT = ("right_wrong", "own")
UNPARSED = "unparsed"
"""Measured with every metric of labels, asked for or not."""

Tasks = Mapping[str, Sequence[str]]
"""The metrics of each task of ``eval.toml``, by the task's name."""


def names_of(step: str, tasks: Tasks) -> tuple[str, ...]:
    """Every number that the step can have, the telling ones first."""
    return of_tasks(tasks) if step == TASKS else NUMBERS[step]


def of_tasks(tasks: Tasks) -> tuple[str, ...]:
    found: list[str] = []
    for task, metrics in tasks.items():
        labels = any(metric_of(one).measure == metric_of(UNPARSED).measure for one in metrics)
        for metric in dict.fromkeys((*metrics, UNPARSED) if labels else metrics):
            parts = (*PARTS, EXACT_TEST) if metric_of(metric).kind in _EXACT else PARTS
            found += [f"{task}.{metric}.{part}" for part in parts]
        found.append(f"{task}.items")
    return tuple(found)


def is_known(step: str, name: str, tasks: Tasks) -> bool:
    """Whether the step can have a number of that name. A metric of a person's own may yield
    several, each named after it with an underscore; which ones, only its code knows."""
    if name in names_of(step, tasks):
        return True
    task, _, rest = name.partition(".")
    metric, _, part = rest.partition(".")
    if step != TASKS or part not in (*PARTS, EXACT_TEST):
        return False
    own = [one for one in tasks.get(task, ()) if metric_of(one).own]
    return any(metric.startswith(f"{one}_") for one in own)
