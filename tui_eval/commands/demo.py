"""``tui-eval demo``: the sample run, copied where a person may change it, and opened."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from pathlib import Path

from tui_eval import paths
from tui_eval.config import FILE_NAME
from tui_eval.errors import InputError

LEFT_OUT = ("make", "__pycache__")
"""The scripts that made the sample: not part of a run."""


def command(options: Namespace) -> int:
    folder = (options.workspace or options.dir).absolute()
    copy(folder)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from tui_eval.commands.open import open_app

        return open_app(folder / FILE_NAME, run=options.run)
    if options.run:
        from tui_eval.commands.run import run_all

        return run_all(folder)
    print(folder)
    return 0


def copy(folder: Path) -> None:
    """Copy the sample run; a folder that holds one already is left as it is, with the work
    that was done in it."""
    if (folder / FILE_NAME).is_file():
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} exists and is not a sample run.", "Name another: tui-eval demo DIR"
        )
    source = paths.shipped("sample_data")
    if not (source / FILE_NAME).is_file():
        raise InputError("The sample run is not part of this installation.", "Reinstall tui-eval.")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
