"""What the command line hands to the app."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.core.reading import Reading
    from tui_eval.core.session import JudgingSession
    from tui_eval.files.found import Found
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.screens.answers import AnswersDetail


def _nothing() -> None:
    """No engine to start or end."""


@dataclass(frozen=True, slots=True)
class Direct:
    """Judging without a checklist. ``opens`` makes a judge's session, ``result`` its Reading
    once it is unblinded, ``detail`` the answers behind one of its rows; all are called off
    the UI's thread."""

    opens: Callable[[str], JudgingSession]
    result: Callable[[], Reading] | None = None
    detail: Callable[[str], AnswersDetail | None] | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Either ``config`` and ``workspace`` (opens on the checklist), or ``found`` (opens on
    "what I found"; ``confirm`` writes eval.toml and opens the workspace), or neither (a
    message that says what to give).

    ``start_engine`` and ``kill_engine`` are called off the UI's thread and return at once.
    ``note`` is said on the first screen, such as where a read-only folder's state goes.
    """

    folder: Path
    workspace: Workspace | None = None
    config: Config | None = None
    found: Found | None = None
    confirm: Callable[[Found], tuple[Workspace, Config]] | None = None
    start_engine: Callable[[], None] = _nothing
    kill_engine: Callable[[], None] = _nothing
    judge: str = ""
    note: str = ""
    run: bool = False
    """Ask for what is missing as soon as the first screen is there."""
    step: str = ""
    """Go straight to judging in this step."""
    candidate: str = ""
    """The candidate to begin with; empty: the first."""
    direct: Direct | None = None
    """Judge this, and nothing else."""


def run_app(start: Start) -> int:
    """The app from its first paint to its exit code."""
    # Imports make little garbage and many objects to look through: the collector waits
    # until the first screen stands (``EvalApp.on_ready``), a tenth of the time to it.
    gc.disable()
    from tui_eval.ui.app import run

    return run(start)
