"""Which workspace a command means, and its configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tui_eval import config as configuration
from tui_eval.config import Config
from tui_eval.core.text import clean
from tui_eval.errors import ConfigError, InputError
from tui_eval.store.layout import local_state
from tui_eval.store.workspace import Workspace


def eval_toml(workspace: Path | None, start: Path | None = None) -> Path | None:
    """The eval.toml that is meant: ``-w DIR``'s own, else the nearest one upwards."""
    if workspace is not None:
        if not workspace.is_dir():
            raise InputError(f"There is no folder {workspace}.", "-w names a workspace's folder.")
        folder = workspace
        found = workspace / configuration.FILE_NAME
        path = found if found.is_file() else None
    else:
        folder = start or Path.cwd()
        path = configuration.find(folder)
    if path is None:
        stand_in = writable(folder.absolute())[0] / configuration.FILE_NAME
        path = stand_in if stand_in.is_file() else None
    return path


def writable(folder: Path) -> tuple[Path, str]:
    """A workspace that can be written: the folder, or one that stands in for it in the
    local state folder, with a note that says so."""
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return folder, ""
    stand_in = local_state(folder)
    stand_in.mkdir(mode=0o700, parents=True, exist_ok=True)
    return stand_in, f"{folder} can't be written: eval.toml and results go to {stand_in}."


def required(workspace: Path | None) -> Path:
    path = eval_toml(workspace)
    if path is None:
        folder = workspace or Path.cwd()
        remedy = "Write one with: tui-eval init CHECKPOINT, or look at the sample: tui-eval demo"
        if (folder / "judgements").is_dir():
            remedy = (
                "Two files of answers were judged here: name them again to go on or to see the"
                " result, tui-eval ab BASE.jsonl TUNED.jsonl (also with --plain or --close NAME)."
            )
        raise InputError(f"There is no eval.toml in {folder} or above it.", remedy)
    return path


def load_anywhere(path: Path) -> Config:
    """Load to look, not to compute: a workspace that was computed on another machine opens
    although its models don't lie here; what is missing is told on stderr."""
    try:
        return configuration.load(path)
    except ConfigError as error:
        facts = path.parent / ".tui-eval" / "facts"
        if not (facts.is_dir() and any(facts.iterdir())):
            raise
        config = configuration.load(path, files=False)
        print(clean(str(error), newlines=True), file=sys.stderr)
        return config


def open_workspace(folder: Path) -> Workspace:
    workspace = Workspace.open(folder)
    workspace.catch_up()
    return workspace


def chosen_steps(names: list[str]) -> tuple[str, ...]:
    """Step keys by name or number; unknown ones are refused with the nearest."""
    from difflib import get_close_matches

    from tui_eval.checklist import CHECKLIST

    keys = [entry.key for entry in CHECKLIST]
    chosen = []
    for name in names:
        key = keys[int(name) - 1] if name.isdigit() and 1 <= int(name) <= len(keys) else name
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Steps: {', '.join(keys)}"
            raise InputError(f"There is no step {name}.", hint)
        chosen.append(key)
    return tuple(chosen)


def chosen_candidates(config: Config, names: list[str] | None) -> tuple[str, ...]:
    if not config.candidates:
        raise InputError(
            f"{config.path} names no fine-tuned model.", 'Add [models.tuned] with path = "...".'
        )
    for name in names or ():
        if name not in config.candidates:
            raise InputError(
                f"There is no candidate {name}.", f"Known: {', '.join(config.candidates)}"
            )
    return tuple(names) if names else config.candidates
