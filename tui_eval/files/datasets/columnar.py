"""Parquet and Arrow files, read in a child process that may die without harm.

A file of half a megabyte can claim a million gigabytes, and the reader then aborts the
process it runs in; it also prints to the terminal as it does. The child has limited memory,
no voice, and ends with the reading. So polars is never loaded into the app either.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.datasets.rows import Row

_PACKAGES = Path(__file__).resolve().parents[3]
_CHILD = "tui_eval.files.datasets.columnar_child"


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    """The rows as the child reads them. It is ended when the caller stops early."""
    inherited = os.environ.get("PYTHONPATH")
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", _CHILD, str(path.absolute()), split],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            # Two threads read as fast as one process takes the rows.
            "POLARS_MAX_THREADS": "2",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGES), inherited))),
        },
    )
    try:
        yield from _told(path, cast(IO[bytes], child.stdout), notes)
    finally:
        child.kill()
        cast(IO[bytes], child.stdout).close()
        child.wait()


def _told(path: Path, out: IO[bytes], notes: list[str]) -> Iterator[Row]:
    for line in out:
        try:
            kind, *rest = json.loads(line)
        except ValueError:
            break  # a torn last line: the child died while writing
        if kind == "row":
            number, value, source = rest
            yield Row(number, value, source=source)
        elif kind == "note":
            notes.append(rest[0])
        elif kind == "error":
            raise InputError(*rest)
        else:
            return
    raise InputError(
        f"{path} can't be read: reading it ended the process that tried.",
        "The file is damaged, or its row groups are too large for the memory.",
    )
