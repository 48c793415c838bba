"""What the terminal can do, and what it is owed: a true exit code and its own modes back."""

from __future__ import annotations

import locale
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import IO

from tui_eval.errors import InputError, TuiEvalError

EXIT_BY_SIGNAL = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130}

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)

RESET = (
    "\x1b[?2026l"  # end a synchronised update
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # pasting, focus, resize reports
    "\x1b[<u"  # kitty's keyboard protocol
    "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"  # colour, wrap, main screen, cursor
)
"""Everything that Textual may have switched on, off again."""


def refusal(
    command: str,
    *,
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> InputError | None:
    """Why the app can't be drawn here, with the command that does the same without it.

    Textual itself would paint its escapes into a pipe or a dumb terminal, and never end.
    """
    environ = os.environ if environ is None else environ
    stdin, stdout = stdin or sys.__stdin__, stdout or sys.__stdout__
    remedy = f"Without the app: {command}"
    if stdin is None or stdout is None or not (stdin.isatty() and stdout.isatty()):
        return InputError("The app needs a terminal, and this is a pipe or a file.", remedy)
    # Textual draws on the error stream.
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        return InputError("The app draws on the error stream, which goes to a file.", remedy)
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        name = environ.get("TERM", "") or "not set"
        return InputError(f"The app can't draw on this terminal (TERM is {name}).", remedy)
    return None


def require(command: str) -> None:
    """Raise unless the app can be drawn here; ``command`` does the same without it."""
    error = refusal(command)
    if error is not None:
        raise error


def ascii_only(environ: Mapping[str, str] | None = None) -> bool:
    """Whether signs must be plain ASCII: the locale isn't UTF-8.

    Asked of the environment as POSIX ranks it, because Python itself quietly turns a C
    locale into UTF-8.
    """
    environ = os.environ if environ is None else environ
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(variable, "")
        if value:
            return "utf8" not in value.lower().replace("-", "")
    return "utf" not in (locale.getlocale()[1] or "").lower()


def colors(environ: Mapping[str, str] | None = None) -> int:
    """How many colours: 0 (``NO_COLOR``), 16, 256 or 2**24, by the rules Textual draws by."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") is not None:
        return 0
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return 2**24
    kind = environ.get("TERM", "").strip().lower().rpartition("-")[2]
    return {"256color": 256, "direct": 2**24, "kitty": 256}.get(kind, 16)


_ASCII = str.maketrans(
    {
        "✓": "+", "✗": "x", "…": ".", "▸": ">", "·": "-", "○": "o", "●": "*", "◆": "#",
        "─": "-", "━": "=", "│": "|", "┃": "|", "├": "|", "┤": "|", "┬": "+", "┴": "+",
        "┼": "+", "└": "+", "┘": "+", "┌": "+", "┐": "+", "→": ">", "←": "<", "↑": "^",
        "↓": "v", "↵": "<", "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "#",
        "▎": "|", "▏": "|", "▁": "_", "▂": "_", "▃": "_", "▄": "=", "▅": "=", "▆": "=",
        "▇": "#", "‹": "<", "›": ">", "−": "-", "–": "-", "—": "-", "×": "x", "⏎": "$",
        "“": '"', "”": '"', "‘": "'", "’": "'", "≤": "<", "≥": ">", "±": "~",
        "▴": "'", "▾": "@", "◂": "<", "▲": "^", "◇": "V", "▪": "W", "▫": "X", "•": "+",
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """As many cells of plain ASCII: known signs by their likeness, the rest as ``?``."""
    if text.isascii():
        return text
    from tui_eval.core.text import cells

    shown = text.translate(_ASCII)
    if shown.isascii():
        return shown
    return "".join(c if c.isascii() else "?" * cells(c) for c in shown)


def guarded(run: Callable[[], int], stream: IO[str] | None = None) -> int:
    """Run the app in a child, and put the terminal right if it dies without doing so.

    A killed or aborted process can't clean up after itself; this parent, which imports
    nothing and draws nothing, can. It passes signals on, stops and goes on with the child
    (ctrl+z), and returns its exit code.
    """
    stream = stream or sys.__stderr__
    fd = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
    before = _modes(fd)
    sys.stdout.flush()
    sys.stderr.flush()
    # Nobody is there to take a signal between the fork and the handlers.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        _leave(run)
    code = _wait(child)
    if code < 0:
        _restore(fd, before, stream)
        name = signal.Signals(-code).name
        if stream is not None:
            stream.write(f"tui-eval was ended by {name}. What was judged and computed is kept.\n")
            stream.flush()
        return 128 - code
    return code


def _leave(run: Callable[[], int]) -> None:
    """The child's whole life; never returns into the caller's frames."""
    code = 1
    try:
        code = run()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except TuiEvalError as error:
        code = 2 if isinstance(error, InputError) else 1
        _say(f"tui-eval: {error}")
    except Exception as error:
        from tui_eval.ui.crash import record

        _say(record(error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads that still read a large file must not hold up leaving.
        os._exit(code)


def _say(words: str) -> None:
    from tui_eval.core.text import clean

    print(clean(words, newlines=True), file=sys.stderr)


def _wait(child: int) -> int:
    """The child's exit code, negative where a signal ended it."""

    def forward(number: int, _frame: object) -> None:
        os.kill(child, number)

    old = {number: signal.signal(number, forward) for number in _PASSED_ON}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    # The terminal sends ctrl+c to both; the child decides.
    old[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                os.kill(os.getpid(), signal.SIGSTOP)
                os.kill(child, signal.SIGCONT)
                continue
            return os.waitstatus_to_exitcode(status)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _modes(fd: int) -> list[object] | None:
    import termios

    try:
        return termios.tcgetattr(fd)
    except (termios.error, ValueError):
        return None


def _restore(fd: int, modes: list[object] | None, stream: IO[str] | None) -> None:
    import termios

    if stream is not None and stream.isatty():
        stream.write(RESET)
        stream.flush()
    if modes is not None:
        try:
            termios.tcsetattr(fd, termios.TCSANOW, modes)  # type: ignore[arg-type]
        except termios.error:
            # The terminal itself is gone: nothing is left to restore.
            return
