"""``L``: what the engine wrote, newest last, read again when it grew."""

from __future__ import annotations

import os
from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.ui.screens.page import Title, WrappedPage, wrapped_items
from tui_eval.ui.widgets.rowlist import Item, item

TAIL = 200_000
"""Bytes of the log's end that are shown; the whole is in the file."""


class LogPage(WrappedPage):
    def __init__(self, path: Path) -> None:
        super().__init__("engine log")
        self._path = path
        self._stamp: tuple[int, int] | None = None

    def made(self, width: int) -> list[Item]:
        return log_items(self._path, width)

    def on_resize(self) -> None:
        self.refill(last=True)

    def on_mount(self) -> None:
        super().on_mount()
        self._look()
        self.set_interval(1.0, self._look)

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp and stamp is not None:
            return
        if self._stamp is None or stamp is not None:
            self._stamp = stamp
            self.refill(last=True)
            self.query_one(Title).show("engine log", clean(str(self._path)))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def log_items(path: Path, width: int) -> list[Item]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            raw = file.read()
    except OSError:
        return [item(("The engine has not written anything yet. r starts it.", "dim"))]
    lines = raw.decode("utf-8", "replace").splitlines()
    if size > TAIL:
        lines[0] = "… earlier lines are in the file"
    made = [made for line in lines for made in wrapped_items(clean(line, limit=1000), width)]
    return made or [item(("The log is empty.", "dim"))]
