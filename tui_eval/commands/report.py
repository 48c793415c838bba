"""``tui-eval report``: what was found and decided, as a file to hand over. Computes nothing."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from pathlib import Path

from tui_eval.commands import places
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import report


def command(options: Namespace) -> int:
    if options.schema:
        from tui_eval.files.report.as_json import schema

        print(json.dumps(schema(), indent=1))
        return 0
    out = Path(options.out) if options.out else None
    folder = out if _is_folder(options.out) else None
    formats = _formats(options.format, out, folder)
    if out is not None:
        from tui_eval.files.report.writing import refuse_other

        # Before minutes are spent on reading.
        for path in _paths(out, folder, formats):
            refuse_other(path)
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    names = places.chosen_candidates(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    try:
        from tui_eval.files.evidence import FileCache
        from tui_eval.files.history import remember
        from tui_eval.files.report.gather import gather

        cache = FileCache()
        material = gather(workspace, config, names, cache=cache)
        for name, steps in material.readings.items():
            # What was handed over is found again after the next training.
            remember(workspace, config, name, steps, cache)
    finally:
        workspace.close()
    if out is None:
        sys.stdout.write(report.text(material, formats[0]))
        return 0
    from tui_eval.files.report.writing import write

    if folder is not None:
        _make(folder)
    for name, file in zip(formats, _paths(out, folder, formats), strict=True):
        write(file, report.text(material, name))
        print(clean(str(file)))
    return 0


def _is_folder(out: str | None) -> bool:
    return bool(out) and (str(out).endswith(("/", os.sep)) or Path(str(out)).is_dir())


def _formats(named: str | None, out: Path | None, folder: Path | None) -> tuple[str, ...]:
    """The one that is named; else as the file is called; all into a folder; Markdown for a
    terminal."""
    if named:
        return (named,)
    if out is None:
        return ("markdown",)
    return tuple(report.FORMATS) if folder is not None else (report.format_of(out),)


def _paths(out: Path, folder: Path | None, formats: tuple[str, ...]) -> list[Path]:
    return [out] if folder is None else list(report.files_in(folder, formats).values())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} can't be made: {error.strerror}") from error
