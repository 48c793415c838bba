from __future__ import annotations

import io
import os
import pty
import signal
import sys
from collections.abc import Callable

import pytest

from tui_eval.ui import terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "words"),
    [
        (io.StringIO(), Screen(), "xterm", "pipe or a file"),
        (Screen(), io.StringIO(), "xterm", "pipe or a file"),
        (Screen(), Screen(), "dumb", "TERM is dumb"),
        (Screen(), Screen(), "", "TERM is not set"),
    ],
)
def test_where_it_cannot_draw_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    stdin: io.StringIO,
    stdout: io.StringIO,
    term: str,
    words: str,
) -> None:
    monkeypatch.setattr(sys, "__stderr__", Screen())
    error = terminal.refusal("tui-eval show", stdin=stdin, stdout=stdout, environ={"TERM": term})
    assert error is not None
    assert words in error.message
    assert error.remedy == "Without the app: tui-eval show"


def test_a_terminal_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", Screen())
    fine = terminal.refusal(
        "tui-eval show", stdin=Screen(), stdout=Screen(), environ={"TERM": "xterm"}
    )
    assert fine is None


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "en_US.ISO-8859-1", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8"}, False),
    ],
)
def test_the_locale_decides_about_signs(environ: dict[str, str], plain: bool) -> None:
    assert terminal.ascii_only(environ) is plain


@pytest.mark.parametrize(
    ("environ", "colors"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, 2**24),
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "linux"}, 16),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
    ],
)
def test_colours_are_counted_as_they_are_drawn(environ: dict[str, str], colors: int) -> None:
    assert terminal.colors(environ) == colors


def test_ascii_keeps_the_marks_apart_and_the_width() -> None:
    marks = "✓!✗?…▸·○●"
    assert terminal.to_ascii(marks) == "+!x?.>-o*"
    assert len(set(terminal.to_ascii(marks))) == len(marks)
    assert terminal.to_ascii("日本 ─│ é") == "???? -| ?"


def in_a_terminal(run: Callable[[], int]) -> tuple[int, bytes]:
    """The exit status of ``guarded(run)`` in a terminal of its own, and what it wrote."""
    child, fd = pty.fork()
    if child == 0:
        os._exit(terminal.guarded(run, os.fdopen(2, "w", closefd=False)))
    written = b""
    while True:
        try:
            block = os.read(fd, 4096)
        except OSError:
            break
        if not block:
            break
        written += block
    _, status = os.waitpid(child, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), written


def test_the_exit_code_is_the_apps_own() -> None:
    assert in_a_terminal(lambda: 3)[0] == 3


def test_a_killed_app_leaves_the_terminal_as_it_was() -> None:
    def killed() -> int:
        os.write(2, b"\x1b[?1049h\x1b[?25l")
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    code, written = in_a_terminal(killed)
    assert code == 128 + signal.SIGKILL
    _, _, after = written.partition(b"\x1b[?1049h")
    assert b"\x1b[?1049l" in after
    assert b"\x1b[?25h" in after
    assert b"SIGKILL" in after


def test_signals_reach_the_app() -> None:
    ready, told = os.pipe()

    def waits() -> int:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
        os.write(told, b"x")
        while True:
            signal.pause()

    child = os.fork()
    if child == 0:
        os._exit(terminal.guarded(waits, io.StringIO()))
    assert os.read(ready, 1) == b"x"
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 143
