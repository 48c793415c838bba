"""The command line: the one place that joins the parts.

Results go to stdout, messages to stderr. Exit codes: 0 done, 1 the answer is no or a job
failed, 2 wrong use or input, 130, 143, 129 on SIGINT, SIGTERM, SIGHUP.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tui_eval import __version__
from tui_eval.commands.parsers import PARSERS, open_parser
from tui_eval.errors import InputError, TuiEvalError

Command = Callable[[argparse.Namespace], int]

USAGE = """\
tui-eval: is my fine-tuned model better, and should it be deployed?

  tui-eval [CHECKPOINT|WORKSPACE]   open the app; finds what it can
  tui-eval demo [DIR]               the sample run, copied to DIR and opened
  tui-eval init CHECKPOINT          write eval.toml from what is found
  tui-eval run [STEP...]            compute what is missing, without the app
  tui-eval show [STEP...] [--json]  print the readings
  tui-eval review                   read and score answers
  tui-eval ab [BASE TUNED]          blind A/B: of the workspace, or of two files of answers
  tui-eval pack --judge NAME        a blind bundle, for a colleague who judges elsewhere
  tui-eval import FILE              a journal, or a filled evaluation sheet
  tui-eval export FORMAT            judgements or answers in a format of other tools
  tui-eval split FILE --strategy S  hold rows out for validation, without leaks
  tui-eval sign --decision D        decide: deploy, hold or more_work
  tui-eval report                   the decision and all evidence as HTML, Markdown or JSON
  tui-eval gate                     are the conditions of [gate] met? for pipelines
  tui-eval doctor                   what this machine and terminal offer

Each has --help with an example. -w DIR names the workspace everywhere; by default it is
the nearest folder upwards that holds eval.toml, else the current folder.
"""


def _command(name: str) -> Command:
    # Each command is imported alone: opening the app must not pay for the others.
    from tui_eval import commands

    return commands.find(name)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_ROOM = "Make room where it goes, or send it elsewhere."


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    code = 0
    if sys.stdout is None:
        # Started without one (``>&-``): no file that is opened next may take its place.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        code = _dispatch(arguments)
        # Here and not at the interpreter's end, where nobody could say what became of it.
        sys.stdout.flush()
        return code
    except TuiEvalError as error:
        _complain(error)
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader left (``show | head``): not an error of ours.
        _drop_output()
        return code
    except OSError as error:
        # What concerns a file names it.
        if error.filename is not None or error.errno not in _FULL:
            raise
        _drop_output()
        _complain(TuiEvalError(f"The output can't be written: {error.strerror}.", _ROOM))
        return 1


def _drop_output() -> None:
    """What is still to be written goes nowhere, so that the end is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] in (["--version"], ["-V"]):
        print(f"tui-eval {__version__}")
        return 0
    if arguments[:1] in (["--help"], ["-h"], ["help"]):
        print(USAGE, end="")
        return 0
    workspace = None
    if arguments[:1] in (["-w"], ["--workspace"]) and len(arguments) > 1:
        workspace, arguments = Path(arguments[1]), arguments[2:]
    name = arguments[0] if arguments and arguments[0] in PARSERS else ""
    parser = PARSERS[name]() if name else open_parser()
    try:
        options = parser.parse_args(arguments[1:] if name else arguments)
    except SystemExit:
        # ``--help`` has been told.
        sys.stdout.flush()
        raise
    options.workspace = options.workspace or workspace
    return _command(name or "open")(options)


def _complain(error: TuiEvalError) -> None:
    from tui_eval.core.text import clean

    with contextlib.suppress(OSError):
        print(f"tui-eval: {clean(error.message, newlines=True)}", file=sys.stderr)
        if error.remedy:
            print(clean(error.remedy, newlines=True), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
