"""Step 1 of a long log: first draw, cursor keys, Reading.

    python -m tests.benchmarks.curve_draw [steps] [runs]

CPU milliseconds of a plot of 78 x 14 cells, of a log of ``steps`` steps (an eval every
hundredth) and, in turns with it, of one of 1,000. The first draw makes the views
of a Reading that is there and draws the first; the Reading is made of a log that is parsed.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.pty_app import median
from tests.core.made_evidence import MadeEvidence
from tests.files import log_making as made
from tui_eval.core.reading import Reading
from tui_eval.core.records import TrainingLog
from tui_eval.core.steps import curves
from tui_eval.files.logs import read_log
from tui_eval.ui.widgets.curve_layers import FANCY
from tui_eval.ui.widgets.views import Views

SHORT = 1000
KEYS = 200
CELLS = (78, 14)


def spent(work: Callable[[], object]) -> float:
    """CPU milliseconds of this process."""
    gc.collect()
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


def log_of(steps: int, folder: Path) -> Path:
    run = made.made_run(steps, every=1, eval_every=100)
    return made.trainer_state(run, folder)


def read(log: TrainingLog) -> Reading:
    return curves.read(MadeEvidence(training=log), "tuned")


def first_draw(reading: Reading) -> tuple[Views, float]:
    made: list[Views] = []

    def draw() -> None:
        made.append(Views(FANCY))
        made[0].update(reading)
        made[0].draw(*CELLS)

    cost = spent(draw)
    return made[0], cost


def keys(views: Views) -> float:
    """Of one key: half to the left, half to the right, every one a new picture."""

    def press() -> None:
        for place in range(KEYS):
            assert views.plot is not None
            views.plot.move(-1 if place % 40 < 20 else 1)
            views.draw(*CELLS)

    return spent(press) / KEYS


def main(steps: int = 100_000, runs: int = 7) -> None:
    figures: dict[tuple[int, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        logs = {size: log_of(size, Path(folder) / str(size)) for size in (SHORT, steps)}
        first_draw(read(read_log(logs[SHORT])))  # plotext is imported.
        for _ in range(runs):
            for size, path in logs.items():
                parsed = spent(lambda path=path: read_log(path))  # type: ignore[misc]
                log = read_log(path)
                reading = spent(lambda log=log: read(log))  # type: ignore[misc]
                views, drawn = first_draw(read(log))
                told = {"parsing": parsed, "Reading": reading, "first draw": drawn}
                for name, cost in (told | {"cursor key": keys(views)}).items():
                    figures.setdefault((size, name), []).append(cost)
    print(
        f"median of {runs} runs, CPU ms\n\n| measure | {SHORT:,} steps | {steps:,} steps | ratio |"
    )
    print("|---|---|---|---|")
    for name in ("parsing", "Reading", "first draw", "cursor key"):
        short, long = median(figures[SHORT, name]), median(figures[steps, name])
        print(f"| {name} | {short:.2f} | {long:.2f} | {long / short:.2f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
