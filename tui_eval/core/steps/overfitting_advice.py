"""What to try against overfitting, with the run's own values where they are known."""

from __future__ import annotations

from tui_eval.core.records import Recipe
from tui_eval.core.steps.curve_tests import best_of
from tui_eval.core.steps.run import Run
from tui_eval.core.steps.wording import count_text

DROPOUTS = (0.05, 0.1, 0.2)
"""Rates that are common in LoRA recipes, to go up by one."""
LEAST_RANK = 4


def suggestions(recipe: Recipe | None, run: Run | None, rows: int | None) -> tuple[str, ...]:
    """In the order in which they cost least. ``rows``: of the training file, if it is known
    to be the one."""
    now = f" (now {count_text(rows, 'row')})" if rows else ""
    made = [_epochs(run), f"more data{now}"]
    if recipe is None or recipe.adapter:
        made += [_dropout(recipe), _rank(recipe)]
    return tuple(one for one in made if one)


def _epochs(run: Run | None) -> str:
    """The eval that was best tells where to stop, if it was not the last."""
    if run is None:
        return "fewer epochs"
    trained = max((p.epoch for p in run.finite if p.epoch is not None), default=None)
    now = trained if trained is not None else run.log.epochs
    evals = next(iter(run.finite_evals().values()), ())
    best = best_of(evals) if evals else None
    known = [f"now {_plain(now)}"] if now is not None else []
    if best is not None and best is not evals[-1]:
        where = f"epoch {_plain(best.epoch)}" if best.epoch is not None else f"step {best.step:g}"
        folder = run.log.checkpoints.get(int(best.step))
        known.append(f"best at {where}" + (f", {folder}" if folder else ""))
    return f"fewer epochs ({'; '.join(known)})" if known else "fewer epochs"


def _dropout(recipe: Recipe | None) -> str:
    if recipe is None or recipe.dropout is None:
        return "a higher lora_dropout"
    now = recipe.dropout
    higher = next((rate for rate in DROPOUTS if rate > now + 1e-9), None)
    return "" if higher is None else f"lora_dropout {now:g} → {higher:g}"


def _rank(recipe: Recipe | None) -> str:
    if recipe is None or recipe.rank is None:
        return "a lower rank"
    return f"rank {recipe.rank} → {recipe.rank // 2}" if recipe.rank // 2 >= LEAST_RANK else ""


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
