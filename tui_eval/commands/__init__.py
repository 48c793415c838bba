"""What each subcommand does, one file each; imported when it is called."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module

NAMES = ("open", "demo", "init", "run", "show", "doctor")


def find(name: str) -> Callable[[Namespace], int]:
    """The function that runs a subcommand and returns its exit code."""
    if name not in NAMES:
        raise LookupError(name)
    command: Callable[[Namespace], int] = import_module(f"tui_eval.commands.{name}").command
    return command
