"""Where things are: what ships with the program, and what belongs to a person."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """``themes`` or ``sample_data``: inside an installed wheel, else beside the package."""
    inside = PACKAGE / "_data" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def _xdg(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG base directory rules: a relative path there is to be ignored.
    return Path(value) if value.startswith("/") else Path.home() / default


def config_home() -> Path:
    """A person's settings and own themes."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "tui-eval"


def state_home() -> Path:
    """What may be lost: indexes of workspaces on network disks, locks, logs."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "tui-eval"
