"""A split in words, the same in a terminal's output and on the screen: sizes, then leaks,
before anything is scored. Texts of the file are clean in them."""

from __future__ import annotations

from tui_eval.core.splits import SPLITS, Plan
from tui_eval.core.text import cells, clean, cut
from tui_eval.files.splitting import Scanned
from tui_eval.files.splitting_near import Leakage
from tui_eval.files.splitting_write import TRAIN

SHOWN = 10
_NAME = 32


def how_lines(found: Scanned, plan: Plan) -> list[str]:
    """Strategy, what stays together, fields, and where the cut is."""
    seed = f", seed {plan.seed}" if SPLITS[plan.strategy].seeded else ""
    lines = [
        f"strategy {plan.strategy}{seed}; {plan.units:,} groups that stay together,"
        f" the largest of {plan.largest:,} row{'s' if plan.largest > 1 else ''}"
    ]
    used = [f"{key} from {clean(', '.join(names))}" for key, names in found.used.items() if names]
    if used:
        lines.append(f"fields: {'; '.join(used)}")
    return lines + cut_lines(plan)


def cut_lines(plan: Plan) -> list[str]:
    """Where training ends, unless some of it is as late as validation."""
    if "validation_begins" not in plan.details:
        return []
    begins, ends = plan.details["validation_begins"], plan.details["training_ends"]
    late = plan.details.get("late_training_rows")
    if isinstance(late, int) and late:
        return [
            f"validation begins {begins}; before it the last training row is of {ends},"
            f" and {late:,} training row{'' if late == 1 else 's'} as late as validation"
        ]
    return [f"training ends {ends}, validation begins {begins}"]


def size_lines(plan: Plan) -> list[str]:
    """Rows of each category on both sides; none where no row names one."""
    if not plan.by_category:
        return []
    names = [cut(clean(size.name), _NAME) for size in plan.by_category]
    width = max(8, *(cells(name) for name in names))
    lines = [f"{'category':<{width}}  {'train':>9}  {'validation':>10}"]
    for name, size in zip(names, plan.by_category, strict=True):
        pad = " " * (width - cells(name))
        lines.append(f"{name}{pad}  {size.train:>9,}  {size.validation:>10,}")
    return lines


def seen_words(found: Scanned) -> str:
    """What a split made after training is not good for."""
    name = clean(found.source.path.name, limit=60)
    return (
        f"A model that was trained on all of {name} has seen these validation rows: its scores on"
        f" them mean nothing. Train again on {TRAIN}."
    )


def leak_lines(plan: Plan, leakage: Leakage) -> list[str]:
    same, near, *seen = leak_counts(plan, leakage)
    return [same, near, *(f"  {text}" for text in near_lines(leakage)), *seen]


def leak_counts(plan: Plan, leakage: Leakage) -> list[str]:
    """How many validation rows have the same prompt as a training row, are near duplicates,
    and, where a training file is named, stand in it."""
    rows = len(plan.validation)
    total = f"{rows:,} validation rows"
    compared = total
    if leakage.compared != rows:
        compared = f"{leakage.compared:,} validation rows, a seeded choice of {rows:,}"
    lines = [
        f"same prompt: {leakage.same_prompt:,} of {total}",
        f"near duplicate: {len(leakage.near):,} of {compared} (half of the prompt's words"
        " or more, in runs of 8, in one training prompt)",
    ]
    if leakage.seen_same is not None and leakage.seen_prompt is not None:
        lines.append(
            f"in the training file: {leakage.seen_same:,} with the answer,"
            f" {leakage.seen_prompt:,} more with the prompt alone, of {total}"
        )
    return lines


def near_lines(leakage: Leakage) -> list[str]:
    """The nearest duplicates, and what can be done."""
    lines = [
        f"row {entry.validation:,} is {entry.covered:.0%} in training row {entry.training:,}"
        for entry in leakage.near[:SHOWN]
    ]
    if lines:
        lines.append("(they stay in training with --exclude-near)")
    if len(leakage.near) > SHOWN:
        lines.append(f"and {len(leakage.near) - SHOWN:,} more, in the manifest")
    return lines
