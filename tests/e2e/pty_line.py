"""A terminal without tmux: a program in a pty of a set size, and what its screen shows.

Quick and cheap, so that a test can press keys at a pace and see at once what was answered.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.pty_app import PtyApp
from tests.waiting import until
from tui_eval.core.text import cells

_PIECE = re.compile(
    r"\x1b\[(?P<mark>[?<=>]?)(?P<numbers>[0-9;:]*)[ -/]*(?P<what>[@-~])"
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/][0-~]|\x1b[0-Z\\^-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)


def descent(pid: int) -> list[int]:
    """A process, its children and theirs, parents first."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


class Screen:
    """As much of a terminal as a full-screen program uses: places, text, erasing."""

    def __init__(self, columns: int, lines: int) -> None:
        self._columns, self._lines = columns, lines
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._row = self._column = 0
        self._clear()

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decode(data)
        at = 0
        while at < len(text):
            piece = _PIECE.match(text, at)
            if piece is None:
                break
            at = piece.end()
            self._take(piece)
        self._rest = text[at:]

    def text(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def _clear(self) -> None:
        self._cells = [[" "] * self._columns for _ in range(self._lines)]

    def _take(self, piece: re.Match[str]) -> None:
        if piece["text"] is not None:
            self._put(piece["text"])
        elif piece["control"] is not None:
            self._control(piece["control"])
        elif piece["what"] is not None and not piece["mark"]:
            numbers = [int(one) if one else 0 for one in re.split("[;:]", piece["numbers"])]
            self._sequence(piece["what"], numbers)

    def _put(self, text: str) -> None:
        for character in text:
            width = cells(character)
            if width and self._column + width <= self._columns:
                self._cells[self._row][self._column] = character
                for beside in range(1, width):
                    self._cells[self._row][self._column + beside] = ""
            self._column = min(self._column + width, self._columns)

    def _control(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character == "\n":
            self._row += 1
            if self._row == self._lines:
                self._row -= 1
                self._cells = [*self._cells[1:], [" "] * self._columns]

    def _sequence(self, what: str, numbers: list[int]) -> None:
        many = max(1, numbers[0])
        if what in "Hf":
            row, column = (*numbers, 1)[:2]
            self._row = min(max(1, row), self._lines) - 1
            self._column = min(max(1, column), self._columns) - 1
        elif what == "A":
            self._row = max(0, self._row - many)
        elif what == "B":
            self._row = min(self._lines - 1, self._row + many)
        elif what == "C":
            self._column = min(self._columns - 1, self._column + many)
        elif what == "D":
            self._column = max(0, self._column - many)
        elif what == "G":
            self._column = min(many, self._columns) - 1
        elif what == "J" and numbers[0] in (2, 3):
            self._clear()
        elif what == "K" and numbers[0] == 0:
            self._cells[self._row][self._column :] = [" "] * (self._columns - self._column)


class Line(PtyApp):
    """A program and its screen. ``look`` reads what came meanwhile."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        super().__init__(command, size=size, environ=environ, cwd=cwd)
        self._screen = Screen(*size)
        self.ended = False
        """The other end of the pty has been closed."""

    def look(self, seconds: float = 0.0) -> str:
        """The screen, after at most ``seconds`` of waiting for something new."""
        while not self.ended and select.select([self.fd], [], [], seconds)[0]:
            seconds = 0.0
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            self.ended = not data
            self.written += data
            self._screen.feed(data)
            self.seen(self._screen.text())
        return self._screen.text()

    def seen(self, screen: str) -> None:
        """Called with every screen that comes by."""

    def wait(self, *texts: str, seconds: float = 120.0) -> str:
        """The screen as soon as it shows every one of ``texts``."""

        def shown() -> str:
            screen = self.look(0.02)
            if self.ended and not all(text in screen for text in texts):
                raise AssertionError(f"it ended without {texts} on:\n{screen}")
            return screen if all(text in screen for text in texts) else ""

        try:
            return until(shown, seconds)
        except AssertionError as error:
            if self.ended:
                raise
            raise AssertionError(f"no {texts} in {seconds} s on:\n{self.look()}") from error

    def press(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def pids(self) -> list[int]:
        """The program, its children and theirs, parents first."""
        return descent(self.pid)

    def end(self, number: signal.Signals, pids: Sequence[int] = ()) -> int:
        """Send a signal and read to the end; the exit status as the shell has it."""
        for pid in pids or [self.pid]:
            os.kill(pid, number)
        return self.rest()

    def rest(self) -> int:
        """Read to the end; the exit status."""
        until(lambda: self.look(0.05) and self.ended, what="the program to end")
        return self._reap()

    def hang_up(self) -> int:
        """Close our end, as a terminal window that is closed does."""
        self.look()
        os.close(self.fd)
        self.ended = True
        return self._reap(closed=True)

    def close(self) -> None:
        """Whatever is left of it ends."""
        if self.pid:
            super().close()
            self.pid = 0

    def _reap(self, closed: bool = False) -> int:
        _, status = os.waitpid(self.pid, 0)
        if not closed:
            os.close(self.fd)
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code
