"""Key to repaint, bytes a key, and what an untouched screen sends.

    python -m tests.benchmarks.ui_keys [keys] [seconds untouched]

One app in a real terminal of 80 x 24: first with no engine, then while the engine's own
process does arithmetic and commits facts and progress (``busy_verb`` in a model's place),
in turns in one run. A key's time ends when the cursor stands on its new row.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.pty_app import PtyApp, clean_environ, percentile, workspace

IDLE_SECONDS = 60.0
TURNS = 4
CURSOR = "▸".encode()
"""Drawn with the row that a key goes to, and by nothing that moves by itself."""


def pressed(app: PtyApp, count: int) -> list[tuple[float, int]]:
    """``j`` and ``k`` up and down the checklist; milliseconds and bytes of each."""
    measured = []
    app.key(b"g", CURSOR)
    # Whole rounds only: a key at the end of the list repaints nothing.
    for number in range(count - count % 12):
        down = (number // 6) % 2 == 0
        measured.append(app.key(b"j" if down else b"k", CURSOR))
        # Not at the pace of a held key, and never in step with the looker's.
        time.sleep(0.013 * (number % 7))
    assert all(ms for ms, _ in measured), "a key brought no cursor"
    return measured


def watched(app: PtyApp, seconds: float) -> float:
    """Bytes a minute with nobody touching it."""
    app.drain(1.5)
    size = len(app.written)
    app.drain(seconds)
    return (len(app.written) - size) * 60 / seconds


def main(keys: int = 200, idle_seconds: float = IDLE_SECONDS) -> None:
    from tui_eval.engine import launch
    from tui_eval.store.workspace import Workspace

    root = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        work = workspace(place / "support-bot")
        environ = {**clean_environ(place), "PYTHONPATH": str(root)}
        app = PtyApp([sys.executable, "-m", "tui_eval.cli", str(work)], environ=environ, cwd=place)
        try:
            app.until(b"loss fell")
            app.drain(2.0)
            idle_bytes = watched(app, idle_seconds)
            idle, busy, working_bytes = [], [], []
            store = Workspace.open(work)
            for _ in range(TURNS):
                idle += pressed(app, keys // TURNS)
                job = store.request("score", {"candidate": "tuned", "split": "validation"})
                launch.start(work, None, verbs={"score": "tests.benchmarks.busy_verb:run"})
                app.until(b"scoring ")
                app.drain(2.0)
                working_bytes.append(watched(app, 10.0))
                busy += pressed(app, keys // TURNS)
                launch.kill(store)
                store.finish(job.id, "cancelled")
                app.drain(3.0)
                app.written = b""
        finally:
            launch.kill(Workspace.open(work))
            app.close()
    report(idle, busy, idle_bytes, sum(working_bytes) / len(working_bytes))


def report(
    idle: list[tuple[float, int]],
    busy: list[tuple[float, int]],
    idle_bytes: float,
    working_bytes: float,
) -> None:
    print(f"{len(idle)} and {len(busy)} keys, 80 x 24, truecolor\n")
    print("| measure | idle | engine at work | ratio |")
    print("|---|---|---|---|")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        one = percentile([ms for ms, _ in idle], share)
        other = percentile([ms for ms, _ in busy], share)
        print(f"| key to repaint {name}, ms | {one:.1f} | {other:.1f} | {other / one:.2f} |")
    sizes = [sum(size for _, size in keys) / len(keys) for keys in (idle, busy)]
    print(f"| bytes a list key | {sizes[0]:.0f} | {sizes[1]:.0f} | |")
    print(f"| bytes a minute untouched | {idle_bytes:.0f} | {working_bytes:.0f} | |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
