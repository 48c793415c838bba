"""``NO_COLOR``: no byte of colour, grey or not, reaches the terminal; bold and lines do."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.benchmarks.pty_app import PtyApp, clean_environ, workspace
from tests.sample import TUI_EVAL

_SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
COLOURS = {*range(30, 50), *range(90, 108)}


def drawn_with(folder: Path, **environ: str) -> set[int]:
    """The attributes that the app asks the terminal for on the checklist and in a step."""
    app = PtyApp([*TUI_EVAL, str(workspace(folder))], environ={**clean_environ(folder), **environ})
    try:
        app.until(b"Training curves")
        app.until(b"Data")
        os.write(app.fd, b"1")
        app.until(b"step")
        app.read(0.5)
        numbers = (part for found in _SGR.findall(app.written) for part in re.split(b"[;:]", found))
        return {int(part or b"0") for part in numbers}
    finally:
        app.close()


def test_without_colour_there_are_no_greys_either(tmp_path: Path) -> None:
    plain = drawn_with(tmp_path, NO_COLOR="1")
    assert not plain & COLOURS
    assert 1 in plain
