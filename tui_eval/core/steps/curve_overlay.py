"""Another log's curves, to be drawn beside the judged ones. They decide nothing."""

from __future__ import annotations

from tui_eval.core.reading import Series
from tui_eval.core.records import TrainingLog
from tui_eval.core.steps.curves import LINES, line_of, plot_key
from tui_eval.core.steps.run import eval_keys


def lines_of(log: TrainingLog, eval_set: str = "") -> dict[str, tuple[Series, ...]]:
    """By the key of the plot of step 1 that they go with: the training loss and the
    validation loss that counts, and every other quantity that step 1 draws. Empty of a log
    that holds none of them."""
    evals = eval_keys(log, eval_set)[:1]
    losses = [line_of("train", "train", log.series.get("loss", ()))]
    losses += [line_of("validation", "eval", log.series[key]) for key in evals]
    found = {"loss": tuple(line for line in losses if line.x)}
    for key in LINES:
        if log.series.get(key):
            found[plot_key(key)] = (line_of(key, "train", log.series[key]),)
    return {key: lines for key, lines in found.items() if lines}
