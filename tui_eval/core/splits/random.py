"""By chance: units in a seeded order, as many as fit, counted in rows."""

from __future__ import annotations

from tui_eval.core.splits.rows import Choice, Task, fill, ranked


def split(task: Task) -> Choice:
    sizes = [unit.size for unit in task.units]
    order = ranked(task.units, task.seed)
    return Choice(tuple(fill(order, sizes, task.wanted, spare=task.spare)))
