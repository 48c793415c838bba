"""Numbers, table and plot of a run's checkpoints, and how they were computed."""

from __future__ import annotations

import math

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Column, Event, Number, Plot, Series, Table, finite
from tui_eval.core.records import Dataset
from tui_eval.core.steps.checkpoints_run import ALPHA, Point, Run, logged_of
from tui_eval.core.steps.wording import count_text
from tui_eval.core.text import clean

COLUMNS = (
    Column("judged", ""),
    Column("checkpoint", "checkpoint", spare=True),
    Column("step", "step", "count", 0),
    Column("epoch", "epoch", "number", 2, spare=True),
    Column("loss", "validation loss", "number", 3),
    Column("low", "low", "number", 3),
    Column("high", "high", "number", 3),
    Column("perplexity", "perplexity", "number", 2, spare=True),
    Column("improvement", "vs base", "percent", 1),
    Column("difference", "minus judged", "number", 3),
    Column("difference_low", "low", "number", 3),
    Column("difference_high", "high", "number", 3),
    Column("log_loss", "log's", "number", 3, spare=True),
)


def numbers(run: Run) -> dict[str, Number]:
    best, judged = run.best, run.judged
    why = "not all of them are scored yet" if run.waiting else "there is nothing to compare"
    none = Number(None, why=why)
    found = {
        "checkpoints": Number(len(run.saved), unit="checkpoints"),
        "compared": Number(len(run.points), unit="checkpoints"),
        "samples": Number(run.samples, unit="samples"),
        "best_step": _step(best, none),
        "best_loss": _loss(best, none),
        "judged_step": _step(judged, none),
        "judged_loss": _loss(judged, none),
    }
    if best is None or best.difference is None or best.span is None:
        same = best is not None and best.saved.judged
        why = "the judged one is the best" if same else why
        return {**found, "best_difference": Number(None, why=why)}
    low, high = best.span
    shown = Number(best.difference.value, low, high, run.samples, "nats/token")
    return {**found, "best_difference": shown}


def _step(point: Point | None, none: Number) -> Number:
    if point is None:
        return none
    step = point.saved.step
    return Number(step, unit="steps") if step is not None else Number(None, why="no step is told")


def _loss(point: Point | None, none: Number) -> Number:
    if point is None or finite(point.loss.value) is None:
        return none
    found = point.loss
    return Number(found.value, finite(found.low), finite(found.high), found.n, "nats/token")


def table(run: Run) -> Table:
    done = {one.saved.model: one.row for one in run.points}
    rows = []
    for one in run.saved:
        empty = (*one.cells, *[None] * (len(COLUMNS) - len(one.cells)))
        rows.append(done.get(one.model, empty))
    return Table("checkpoints of the run, ● judged", COLUMNS, tuple(rows))


def plots(evidence: Evidence, candidate: str, run: Run) -> tuple[Plot, ...]:
    points = [one for one in run.points if one.saved.step is not None]
    if len(points) < 2:
        return ()
    steps = tuple(float(one.saved.step or 0) for one in points)
    epochs = tuple(math.nan if one.saved.epoch is None else one.saved.epoch for one in points)
    measured = Series(
        "measured", "tuned", steps, tuple(one.loss.value for one in points), {"epoch": epochs}
    )
    logged = sorted(
        (float(step), value)
        for step, value in logged_of(evidence, candidate).items()
        if step is not None and math.isfinite(value)
    )
    series = [measured]
    if logged:
        xs, ys = zip(*logged, strict=True)
        # Drawn first: where both lie in one cell, what was measured is seen.
        series.insert(0, Series("the log's", "eval", xs, ys))
    title = "validation loss along the run"
    return (Plot("along", title, "curve", tuple(series), "step", "loss", _events(run)),)


def _events(run: Run) -> tuple[Event, ...]:
    """The best checkpoint and the judged one, on the axis, where no other point hides them."""
    named: dict[float, list[str]] = {}
    for word, one in (("best", run.best), ("judged", run.judged)):
        if one is not None and one.saved.step is not None:
            named.setdefault(float(one.saved.step), []).append(word)
    return tuple(Event(step, " and ".join(words)) for step, words in named.items())


def how(run: Run, dataset: Dataset | None) -> tuple[str, ...]:
    looks = len(run.others)
    level = 100 * (1 - ALPHA / max(1, looks))
    source = clean(dataset.source, limit=200) if dataset is not None else "no file"
    return (
        f"Each checkpoint is scored on the same {count_text(run.samples, 'row')} of {source}, with"
        " the same prompt, precision and limits: summed losses over scored tokens, 95% interval"
        " by one influence value per row.",
        "A difference is the checkpoint's loss minus the judged one's on the same rows, nats per"
        f" token, negative is better. {count_text(looks, 'checkpoint')} compared, so each interval"
        f" is one of {level:.4g}% (Bonferroni): all of them hold together at least 95 times in"
        " 100, whichever is picked afterwards.",
        "Beside it stands what the training log says at that step, which may be averaged or cut"
        " in another way.",
    )
