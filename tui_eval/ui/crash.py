"""An error of our own: one clean sentence for the person, the traceback for a file."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.paths import state_home


def record(error: BaseException | None, file: Path | None = None) -> str:
    """Write the traceback, without the values of variables (they hold people's texts), and
    say in one sentence what happened and where it is told."""
    file = file or state_home() / "crash.log"
    what = clean(f"{type(error).__name__}: {error}" if error else "unknown", limit=160)
    said = f"tui-eval ended on an error of its own: {what}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as log:
            log.write(clean(_told(error), newlines=True))
    except OSError as trouble:
        return f"{said}\nThe details could not be written to {file}: {trouble.strerror}"
    return f"{said}\nDetails: {file}. What was judged and computed is kept."


def _told(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)) if error is not None else ""
