"""``tui-eval doctor``: what this machine and this terminal offer, looked at and not guessed."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tui_eval import __version__, paths
from tui_eval.core.text import clean
from tui_eval.store.disk import disk_of

PACKAGES = (
    "textual", "plotext", "polars", "torch", "transformers", "peft", "accelerate",
    "safetensors", "tokenizers", "scikit-learn", "rouge-score",
)  # fmt: skip
GIB = 1 << 30
Line = tuple[str, str]


def command(options: Namespace) -> int:
    folder = (options.workspace or Path.cwd()).absolute()
    sections = (
        ("program", _program()),
        ("machine", _machine()),
        ("terminal", _terminal()),
        ("workspace", _workspace(folder)),
        ("themes", _themes()),
    )
    for title, lines in sections:
        print(title)
        for name, value in lines:
            print(f"  {name:<14} {clean(value)}")
    return 0


def _program() -> Iterator[Line]:
    yield "tui-eval", __version__
    yield "python", f"{platform.python_version()} ({sys.executable})"
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "MISSING: pip install tui-eval again"
    yield "sqlite", sqlite3.sqlite_version


def _machine() -> Iterator[Line]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}"
    yield "cores", f"{usable}: the engine uses {max(1, (usable or 1) - 1)} on a CPU"
    total, free = memory()
    if total:
        yield "memory", f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    gpus = list(_gpus())
    for index, gpu in enumerate(gpus):
        yield f"gpu {index}", gpu
    if not gpus:
        yield "gpu", "none that nvidia-smi shows: models run on the CPU"
    from tui_eval.engine import launch

    survives, why = launch.will_survive_logout()
    yield from _sandbox()
    yield "after logout", f"{'the engine goes on' if survives else 'NOT SURE'}: {why}"


def _sandbox() -> Iterator[Line]:
    """How well model-written code can be confined here, found by attacking."""
    from tui_eval.engine.sandbox import levels, selftest

    standing = selftest.best()
    first, *why = standing.lines()
    yield "model code", first if standing.level.safe else f"NOT RUN: {first}"
    for line in why:
        yield "", line
    if not standing.level.safe:
        yield "", levels.REMEDY


def memory() -> tuple[int, int]:
    """Total and available bytes, from /proc/meminfo; zeros where there is none."""
    found: dict[str, int] = {}
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return 0, 0
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            found[name] = int(rest.split()[0]) * 1024
    return found.get("MemTotal", 0), found.get("MemAvailable", 0)


def _gpus() -> Iterator[str]:
    if shutil.which("nvidia-smi") is None:
        return
    query = "--query-gpu=name,memory.free,memory.total"
    try:
        done = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            capture_output=True, text=True, timeout=20, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        yield f"nvidia-smi does not answer: {error}"
        return
    for line in done.stdout.splitlines():
        name, free, total = (part.strip() for part in line.rsplit(",", 2))
        yield f"{name}, {free} of {total} free"


def _terminal() -> Iterator[Line]:
    from tui_eval.ui import terminal

    size = shutil.get_terminal_size((0, 0))
    yield "TERM", os.environ.get("TERM", "(unset)")
    yield "size", f"{size.columns}x{size.lines}" if size.columns else "not a terminal"
    known = {0: "none (NO_COLOR)", 16: "16", 256: "256", 1 << 24: "16.7 million"}
    yield "colours", known[terminal.colors()]
    encoding = locale.getpreferredencoding(False)
    yield "encoding", f"{encoding}: {'ASCII marks' if terminal.ascii_only() else 'full signs'}"
    refused = terminal.refusal("tui-eval show")
    yield "the app", refused.message if refused else "can open here"
    inside = "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else ""
    remote = bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))
    yield "connection", " in ".join(filter(None, ("SSH" if remote else "local", inside)))


def _workspace(folder: Path) -> Iterator[Line]:
    yield "folder", str(folder)
    disk = disk_of(folder)
    yield "disk", f"{disk.type}{', a network disk' if disk.network else ''}"
    if disk.network:
        yield "index", f"kept in {paths.state_home()}: SQLite is not safe on a network disk"
    yield "writable", "yes" if os.access(folder, os.W_OK) else f"no: {paths.state_home()} is used"
    free = shutil.disk_usage(folder).free
    yield "free", f"{free / GIB:.1f} GiB"


def _themes() -> Iterator[Line]:
    from tui_eval.ui import themes

    loaded = themes.load()
    yield "found", ", ".join(sorted(loaded.palettes))
    for problem in loaded.problems:
        yield "not usable", problem
