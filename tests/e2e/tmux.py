"""A real terminal to drive: tmux with its own server, keys in, screen text out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.waiting import until

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


STILL_LOOKS = 8
"""Looks in a row that have to agree; each takes some 25 ms."""


class Tmux:
    """One pane of a private tmux server; ``log`` receives every byte that the program
    writes to its terminal."""

    def __init__(self, folder: Path, columns: int = 80, lines: int = 24) -> None:
        self._socket = f"tui-eval-{uuid.uuid4().hex[:12]}"
        self._folder = folder
        self._size = (columns, lines)
        self.log = folder / "terminal.bytes"

    def start(self, command: Sequence[str], **environment: str) -> None:
        columns, lines = self._size
        exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        shell = f"env {exports} {shlex.join(command)}; echo left-with-$?; exec cat"
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines),
            "-c", str(self._folder), "sh", "-c", shell,
        )  # fmt: skip
        self._tmux("pipe-pane", "-o", f"cat >> {shlex.quote(str(self.log))}")

    def keys(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        """Put something on the terminal behind the program's back."""
        tty = self._tmux("display-message", "-p", "#{pane_tty}").strip()
        Path(tty).write_text(text, "utf-8")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait(self, *texts: str, seconds: float = 120.0) -> str:
        """The screen as soon as it shows every one of ``texts``."""
        last = ""

        def shown() -> str:
            nonlocal last
            last = self.screen()
            return last if all(text in last for text in texts) else ""

        try:
            return until(shown, seconds)
        except AssertionError:
            raise AssertionError(f"no {texts} within {seconds} s on:\n{last}") from None

    def settle(self) -> str:
        """The screen once it has stayed the same for a while: an escape key is only known
        for one when nothing follows it for a tenth of a second."""
        looks: list[str] = []

        def still() -> bool:
            looks.append(self.screen())
            return len(looks) > STILL_LOOKS and len(set(looks[-STILL_LOOKS:])) == 1

        until(still)
        return looks[-1]

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, timeout=30)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments],
            capture_output=True, text=True, timeout=30,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"},
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"tmux {arguments[:1]}: {done.stderr}")
        return done.stdout
