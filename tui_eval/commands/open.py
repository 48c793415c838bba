"""``tui-eval [CHECKPOINT|WORKSPACE]``: open the app."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval import config as configuration
from tui_eval.commands import places
from tui_eval.config import FILE_NAME, Config
from tui_eval.engine import launch
from tui_eval.errors import InputError
from tui_eval.store.workspace import Workspace
from tui_eval.ui import terminal
from tui_eval.ui.start import Start, run_app

if TYPE_CHECKING:
    from tui_eval.files.found import Found

INSTEAD = "tui-eval run computes, tui-eval show prints"


def command(options: Namespace) -> int:
    terminal.require(INSTEAD)
    if options.path is None:
        path = places.eval_toml(options.workspace)
        return open_app(path) if path is not None else _open_found(Path.cwd(), options)
    given: Path = options.path.absolute()
    if given.is_file() and given.name == FILE_NAME:
        return open_app(given)
    if not given.is_dir():
        raise InputError(
            f"There is no folder {options.path}.",
            "Give a checkpoint's or a workspace's folder; tui-eval --help lists the commands.",
        )
    if (given / FILE_NAME).is_file():
        return open_app(given / FILE_NAME)
    path = places.eval_toml(options.workspace)
    if path is None:
        return _open_found(given, options)
    _require_judged(path, given)
    return open_app(path)


def _require_judged(path: Path, checkpoint: Path) -> None:
    """An eval.toml is near: it has to be about the checkpoint that was named."""
    from tui_eval.files.producers import checkpoint_of

    config = places.load_anywhere(path)
    for name in config.candidates:
        judged = checkpoint_of(config, name)
        if judged is not None and judged.path.resolve() == checkpoint.resolve():
            return
    raise InputError(
        f"{path} doesn't name {checkpoint}.",
        'Add it there as [models.NAME] path = "...", or use another workspace: -w DIR',
    )


def open_app(path: Path, *, run: bool = False) -> int:
    """Open a workspace that has an eval.toml."""
    terminal.require(INSTEAD)
    config = places.load_anywhere(path)
    return terminal.guarded(partial(run_configured, config, run=run))


def _open_found(checkpoint: Path, options: Namespace) -> int:
    from tui_eval.files.found import find_all

    found = find_all(
        checkpoint, base=options.base, train=options.train, validation=options.validation
    )
    folder = (options.workspace or Path.cwd()).absolute()
    return terminal.guarded(partial(_found, *places.writable(folder), found))


# What follows runs in the guarded child: SQLite's connections don't cross a fork.


def run_configured(
    config: Config, *, run: bool = False, judge: str = "", step: str = "", candidate: str = ""
) -> int:
    """The app on this workspace, opened where ``Start`` says."""
    workspace = Workspace.open(config.folder)
    try:
        return run_app(
            Start(
                folder=config.folder,
                workspace=workspace,
                config=config,
                start_engine=partial(launch.start, workspace.folder, workspace.state_dir),
                kill_engine=partial(_kill, workspace),
                note=workspace.note,
                run=run,
                judge=judge,
                step=step,
                candidate=candidate,
            )
        )
    finally:
        workspace.close()


def _kill(workspace: Workspace) -> None:
    launch.kill(workspace)


def _found(folder: Path, note: str, found: Found) -> int:
    workspace = Workspace.open(folder)

    def confirm(confirmed: Found) -> tuple[Workspace, Config]:
        return workspace, configuration.load(confirmed.write(folder))

    try:
        return run_app(
            Start(
                folder=folder,
                workspace=workspace,
                found=found,
                confirm=confirm,
                start_engine=partial(launch.start, workspace.folder, workspace.state_dir),
                kill_engine=partial(_kill, workspace),
                note=note or workspace.note,
            )
        )
    finally:
        workspace.close()
