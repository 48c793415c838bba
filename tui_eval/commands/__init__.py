"""What each subcommand does; imported when it is called."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module

COMMANDS = {
    "open": "open:command",
    "demo": "demo:command",
    "init": "init:command",
    "run": "run:command",
    "show": "show:command",
    "review": "judge:review",
    "ab": "judge:ab",
    "pack": "exchange:pack",
    "import": "exchange:take_in",
    "export": "exchange:export",
    "report": "report:command",
    "split": "split:command",
    "sign": "sign:command",
    "gate": "gate:command",
    "doctor": "doctor:command",
}


def find(name: str) -> Callable[[Namespace], int]:
    """The function that runs a subcommand and returns its exit code."""
    module, _, function = COMMANDS[name].partition(":")
    command: Callable[[Namespace], int] = getattr(
        import_module(f"tui_eval.commands.{module}"), function
    )
    return command
