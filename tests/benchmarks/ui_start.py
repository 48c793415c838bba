"""First useful screen against an empty Textual app: CPU time until the checklist stands.

    python -m tests.benchmarks.ui_start [runs]

Both programs start in turn in one run, in a real terminal of 80 x 24; the figure is the
ratio of the medians of their CPU milliseconds (all threads) at that moment.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.pty_app import PtyApp, clean_environ, median, workspace

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("all there is")
Empty().run(mouse=False)
"""
INSTALLED = "import sys; from tui_eval.cli import main; sys.exit(main())"
"""What the ``tui-eval`` command runs."""
CHECKLIST, VERDICT = b"Task metrics", b"loss fell"


def one(
    command: list[str], marker: bytes, environ: dict[str, str], cwd: Path
) -> tuple[float, float, int]:
    """CPU milliseconds, wall milliseconds and bytes until ``marker``."""
    app = PtyApp(command, environ=environ, cwd=cwd)
    try:
        wall = app.until(marker) * 1000
        return app.cpu_ms(), wall, len(app.written)
    finally:
        app.close()


def main(runs: int = 7) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        work = workspace(place / "support-bot")
        environ = clean_environ(place)
        ours = [sys.executable, "-c", INSTALLED, str(work)]
        programs = {
            "empty Textual app": ([sys.executable, "-c", EMPTY], b"all there is"),
            "checklist": (ours, CHECKLIST),
            "first verdict": (ours, VERDICT),
        }
        measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in programs}
        root = Path(__file__).resolve().parents[2]
        environ["PYTHONPATH"] = str(root)
        for _ in range(runs):
            for name, (command, marker) in programs.items():
                measured[name].append(one(command, marker, environ, place))
    base = median([cpu for cpu, _, _ in measured["empty Textual app"]])
    print(f"median of {runs} runs in turn, 80 x 24, truecolor\n")
    print("| until | CPU ms | against empty | wall ms | bytes |")
    print("|---|---|---|---|---|")
    for name, figures in measured.items():
        cpu, wall, size = (median([figure[n] for figure in figures]) for n in range(3))
        print(f"| {name} | {cpu:.0f} | {cpu / base:.2f} | {wall:.0f} | {size:,.0f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
