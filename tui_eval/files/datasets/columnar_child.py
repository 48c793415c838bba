"""The child of ``columnar``: reads one file, writes its rows as lines of JSON to stdout.

Run as ``python -m tui_eval.files.datasets.columnar_child PATH SPLIT``.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.datasets import arrow_rows, parquet_rows
from tui_eval.files.datasets.rows import container

MEMORY = 12 * 2**30
"""Address space, most of which polars reserves and never touches."""

_READERS = {
    "parquet": parquet_rows.rows,
    "arrow": arrow_rows.rows,
    "saved": arrow_rows.saved_rows,
}


def main(path: Path, split: Split) -> None:
    out = sys.stdout
    notes: list[str] = []
    told = 0
    try:
        for row in _READERS[container(path)](path, split, notes):
            for note in notes[told:]:
                _write(["note", note])
            told = len(notes)
            _write(["row", row.number, row.value, row.source])
    except InputError as error:
        _write(["error", error.message, error.remedy])
    except MemoryError:
        _write(["error", f"{path} needs more memory than reading it may take."])
    except BrokenPipeError:
        raise
    except Exception as error:
        # Whatever the reader stumbles over is told: this process has no other voice.
        _write(["error", f"{path} can't be read: {type(error).__name__}: {error}"])
    else:
        for note in notes[told:]:
            _write(["note", note])
        _write(["end"])
    out.flush()


def _write(message: list[Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        # Pictures and the like: told, never carried over.
        return {"bytes": len(value)}
    return str(value)


def _limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        # Where memory runs out, this process is the one to lose.
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    _limit()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        main(Path(sys.argv[1]), cast(Split, sys.argv[2]))
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to flush to.
        os._exit(0)
