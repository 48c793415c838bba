"""Keeping what the steps say once the engine's work is done, for later comparison."""

from __future__ import annotations

import traceback
from collections.abc import Iterable

from tui_eval.config import Config
from tui_eval.engine.context import log
from tui_eval.errors import TuiEvalError
from tui_eval.store.workspace import Workspace


def remember(workspace: Workspace, config: Config, candidates: Iterable[str]) -> None:
    """Of each candidate that was worked for. What fails here is told in the log and costs
    nothing else: the results themselves are kept."""
    from tui_eval.files.evidence import FileCache, readings
    from tui_eval.files.history import remember as keep

    cache = FileCache()
    for candidate in candidates:
        if candidate not in config.candidates:
            continue
        try:
            found = readings(workspace, config, candidate, cache=cache)
            if keep(workspace, config, candidate, found, cache):
                log(f"{candidate}: what the steps say now is kept in the history")
        except (TuiEvalError, OSError) as error:
            log(f"{candidate}: the history was not written: {error}")
        except Exception:
            log(f"{candidate}: the history was not written:\n{traceback.format_exc()}")
