"""A note in the judge's own editor, over the same terminal line."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from tui_eval.errors import InputError, TuiEvalError


def command() -> list[str]:
    """``$VISUAL``, else ``$EDITOR``, as words."""
    for variable in ("VISUAL", "EDITOR"):
        wish = os.environ.get(variable, "").strip()
        if not wish:
            continue
        try:
            words = shlex.split(wish)
        except ValueError as error:
            raise InputError(f"{variable} can't be read: {error}.", "n writes one line.") from error
        if shutil.which(words[0]) is None:
            raise InputError(f"{variable} is {words[0]}, which is not here.", "n writes one line.")
        return words
    raise InputError("No editor is set.", "n writes one line; or leave, and: export EDITOR=nano")


def edited(app: App[Any], text: str) -> str:
    """What the editor left of ``text``. The file is the judge's alone, and gone afterwards."""
    words = command()
    # A folder of mode 0700: what an editor leaves beside the file is not for others either.
    with tempfile.TemporaryDirectory(prefix="tui-eval-note-") as folder:
        path = Path(folder) / "note.txt"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            with app.suspend():
                # The terminal is the editor's: nothing else may run until it is back.
                ended = subprocess.run([*words, str(path)], check=False)
        except SuspendNotSupported as error:
            raise InputError("This terminal can't be lent out.", "n writes one line.") from error
        except OSError as error:
            raise InputError(f"{words[0]}: {error.strerror}.", "n writes one line.") from error
        if ended.returncode:
            raise TuiEvalError(
                f"{words[0]} ended with {ended.returncode}: the note is as it was.",
                "n writes one line.",
            )
        return path.read_text(encoding="utf-8", errors="replace").strip()
