"""A workspace with a long history against a small one: opening, checklist, report.

    python -m tests.benchmarks.history [times] [turns] [folder]

A folder that is named keeps the workspaces, and they are not made again.

``long``: ``times`` (100) trainings into the same folder, each scored, answered, kept in the
history, and judged by a judge of its own (100 items), and as many models in eval.toml.
``judged``: the small workspace with ``times`` judges of its present answers (10,000 items).
All are measured in turn in one run; the figures are the ratios of the medians to the small
workspace's. Each index is there already, as it is when somebody comes back.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from tests.files.made_history import Trained
from tests.judgements import compare, review
from tests.sample import TUI_EVAL, quiet_environment
from tui_eval import config as settings
from tui_eval.files import history
from tui_eval.store.workspace import Workspace
from tui_eval.ui.app import EvalApp
from tui_eval.ui.start import Start

ROWS, PAIRS, REVIEWED = 200, 60, 40
LIMIT = 1.5
TOML = f"[blind_ab]\npairs = {PAIRS}\n[review]\nsamples = {REVIEWED}\n"
SIZE = (80, 24)


def begun(folder: Path) -> Trained:
    made = Trained.at(folder, ROWS, TOML)
    made.score(3.0, "base")
    made.answer("base")
    return made


def trained(made: Trained, run: int, *judges: str) -> None:
    """Other weights, scored, answered, kept and judged."""
    made.train(run % 200 + 4)
    made.score(2.0 + run / 1000)
    made.answer("tuned")
    for judge in judges:
        review(made.folder, judge=judge, least=3)
        compare(made.folder, judge=judge)
    workspace = made.workspace()
    found = made.readings(workspace)
    history.remember(workspace, made.config, "tuned", found, made.cache)
    workspace.close()


def small(folder: Path) -> None:
    trained(begun(folder), 1, "ana")


def long(folder: Path, times: int) -> None:
    made = begun(folder)
    for run in range(times, 0, -1):
        trained(made, run, f"judge {run}" if run > 1 else "ana")
    with (folder / "eval.toml").open("a") as file:
        for run in range(times):
            file.write(f'[models.old-{run}]\npath = "tuned"\n')


def judged(folder: Path, times: int) -> None:
    trained(begun(folder), 1, "ana", *(f"judge {one}" for one in range(times - 1)))


def command(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [*TUI_EVAL, arguments[0], "-w", str(folder), "--candidate", "tuned", *arguments[1:]],
        capture_output=True,
        env={**os.environ, **quiet_environment(folder.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return time.perf_counter() - start


def show(folder: Path) -> float:
    return command(folder, "show")


def report(folder: Path) -> float:
    return command(folder, "report", "--out", str(folder.parent / "report.html"))


def checklist(folder: Path) -> float:
    """Until every step, the decision and what is earlier stand on the first screen."""

    async def opened() -> float:
        start = time.perf_counter()
        workspace = Workspace.open(folder)
        workspace.catch_up()
        config = settings.load(folder / "eval.toml")
        app = EvalApp(Start(folder, workspace=workspace, config=config))
        async with app.run_test(size=SIZE) as pilot:
            while app.looker is None or not app.looker.scene.known:
                await pilot.pause(0.005)
            took = time.perf_counter() - start
        app.looker.stop(wait=30)
        workspace.close()
        return took

    return asyncio.run(opened())


MEASURES: dict[str, Callable[[Path], float]] = {
    "show, a process of its own": show,
    "the app's first checklist": checklist,
    "report, a process of its own": report,
}


def without_syncs(make: Callable[[], None]) -> float:
    """Making takes thousands of judgements, each of which would wait for the disk."""
    sync, os.fsync = os.fsync, lambda _fd: None
    start = time.perf_counter()
    try:
        make()
    finally:
        os.fsync = sync
    return time.perf_counter() - start


def made(place: Path, times: int) -> dict[str, Path]:
    folders = {name: place / name for name in ("small", "long", "judged")}
    makers: dict[str, Callable[[Path], None]] = {
        "small": small,
        "long": lambda folder: long(folder, times),
        "judged": lambda folder: judged(folder, times),
    }
    for name, folder in folders.items():
        if not folder.exists():
            seconds = without_syncs(partial(makers[name], folder))
            print(f"{name} made in {seconds:.0f} s", flush=True)
    return folders


def main(times: int = 100, turns: int = 5, place: str = "") -> None:
    with tempfile.TemporaryDirectory() as own:
        os.environ.update(quiet_environment(Path(place or own)))
        folders = made(Path(place or own), times)
        print(f"\nmedian of {turns} turns, {times} times the history\n")
        print("| | small s | long s | ratio | judged s | ratio |")
        print("|---|---|---|---|---|---|")
        for words, measure in MEASURES.items():
            for folder in folders.values():
                measure(folder)
            taken: dict[str, list[float]] = {name: [] for name in folders}
            for _ in range(turns):
                for name, folder in folders.items():
                    taken[name].append(measure(folder))
            figures = {name: median(one) for name, one in taken.items()}
            least = figures["small"]
            cells = " | ".join(
                f"{figures[name]:.2f} | {figures[name] / least:.2f}" for name in ("long", "judged")
            )
            print(f"| {words} | {least:.2f} | {cells} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])  # type: ignore[arg-type]
