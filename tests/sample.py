"""The shipped sample run, copied as ``tui-eval demo`` copies it."""

from __future__ import annotations

import sys
from pathlib import Path

from tui_eval.commands.demo import copy

TUI_EVAL = [sys.executable, "-m", "tui_eval.cli"]


def demo(folder: Path) -> Path:
    """A fresh copy in ``folder``."""
    copy(folder)
    return folder


def quiet_environment(folder: Path) -> dict[str, str]:
    """Nothing of the developer's machine decides a test: own config and state folders."""
    return {
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
    }
