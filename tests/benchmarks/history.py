"""A workspace with a long history against a small one: opening, checklist, report.

    python -m tests.benchmarks.history [times] [turns] [folder]

A folder that is named keeps the workspaces, and they are not made again.

``long``: ``times`` (100) trainings into the same folder, each scored, answered, kept in the
history, and judged by a judge of its own (100 items), every second comparison unblinded; and as
many models in eval.toml. ``judged``: the small workspace with ``times`` judges of its
present answers (10,000 items); all but two are copies of those two with other votes, written
by the store's writer in one go.

All are measured in turn in one run, each time in a process of its own; the figures are medians
of CPU seconds, which another program on the machine moves less than the time on a clock, and
their ratios to the small workspace. Each index is there already, as it is when somebody comes
back.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
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
from tui_eval.core.judgements import SIDES
from tui_eval.files import history
from tui_eval.store.files import LineWriter
from tui_eval.store.journal import HEADER, JournalView
from tui_eval.store.layout import Layout
from tui_eval.store.workspace import Workspace
from tui_eval.ui.app import EvalApp
from tui_eval.ui.start import Start

ROWS, PAIRS, REVIEWED = 200, 60, 40
LIMIT = 1.5
OWN = frozenset({"id", "seq", "kind", "prev", "sum"})
TOML = f"[blind_ab]\npairs = {PAIRS}\n[review]\nsamples = {REVIEWED}\n"
SIZE = (80, 24)


def begun(folder: Path) -> Trained:
    made = Trained.at(folder, ROWS, TOML)
    made.score(3.0, "base")
    made.answer("base")
    return made


def trained(made: Trained, run: int, *judges: str) -> None:
    """Other weights, scored, answered, kept and judged; every second comparison is unblinded."""
    made.train(run % 200 + 4)
    made.score(2.0 + run / 1000)
    made.answer("tuned")
    for judge in judges:
        review(made.folder, judge=judge, least=3)
        compare(made.folder, judge=judge, unblind=run % 2 == 0)
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
    """A judge's ordinal chooses the sides of each pair: so the copies of the first have even
    ones, those of the second odd ones."""
    trained(begun(folder), 1, "ana", "judge 1")
    workspace = Workspace.open(folder)
    first, second = sorted(workspace.journals(), key=lambda one: one.judge)
    for ordinal in range(2, times):
        copied(workspace.layout, (first, second)[ordinal % 2], ordinal)
    workspace.close()


def copied(layout: Layout, view: JournalView, ordinal: int) -> None:
    """Another judge of the same answers, who says of a third of the pairs something else."""
    chance, judge = random.Random(ordinal), f"judge {ordinal}"
    writer = LineWriter.open(layout.judgements_dir / f"judge-{ordinal}.jsonl", layout.modes)
    for event in view.events:
        own = {name: value for name, value in event.items() if name not in OWN}
        if event["kind"] == HEADER:
            own["judge"] = judge
        if "plan" in own:
            own["plan"] = f"{ordinal}-{own['plan']}"
        if event["kind"] == "plan":
            own["ordinal"] = ordinal
        if event["kind"] == "vote" and chance.random() < 1 / 3:
            own["side"] = chance.choice(SIDES)
        writer.append(event["kind"], own, chained=True)
    writer.commit()
    writer.close()


def cpu(command: list[str], folder: Path) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        capture_output=True,
        env={**os.environ, **quiet_environment(folder.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def verb(folder: Path, *arguments: str) -> float:
    some = [arguments[0], "-w", str(folder), "--candidate", "tuned", *arguments[1:]]
    return cpu([*TUI_EVAL, *some], folder)


def show(folder: Path) -> float:
    return verb(folder, "show")


def report(folder: Path) -> float:
    return verb(folder, "report", "--out", str(folder.parent / "report.html"))


def checklist(folder: Path) -> float:
    return cpu([sys.executable, "-m", __spec__.name, "checklist", str(folder)], folder)


def opened(folder: Path) -> None:
    """Until every step, the decision and what is earlier stand on the first screen."""

    async def until_known() -> None:
        workspace = Workspace.open(folder)
        config = settings.load(folder / "eval.toml")
        app = EvalApp(Start(folder, workspace=workspace, config=config))
        async with app.run_test(size=SIZE) as pilot:
            while app.looker is None or not app.looker.scene.known:
                await pilot.pause(0.005)
        app.looker.stop(wait=30)
        workspace.close()

    asyncio.run(until_known())


MEASURES: dict[str, Callable[[Path], float]] = {
    "`show`": show,
    "the app to its first whole checklist": checklist,
    "`report` of one candidate": report,
}


def without_syncs(make: Callable[[], None]) -> float:
    """Making takes thousands of judgements, each of which would wait for the disk."""
    sync, os.fsync = os.fsync, lambda fd: None
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
        print(f"at most {LIMIT} is asked for\n")
        print("| | small CPU s | long CPU s | ratio | judged CPU s | ratio |")
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
    if sys.argv[1:2] == ["checklist"]:
        opened(Path(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:3]), *sys.argv[3:4])  # type: ignore[arg-type]
