"""``tui-eval [CHECKPOINT|WORKSPACE]``: open the app."""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from pathlib import Path

from tui_eval.commands import places
from tui_eval.config import FILE_NAME, Config
from tui_eval.errors import InputError
from tui_eval.ui import terminal


def command(options: Namespace) -> int:
    terminal.require("tui-eval show, or tui-eval run to compute")
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
        "Add it there as [models.NAME] path = \"...\", or use another workspace: -w DIR",
    )


def open_app(path: Path, *, run: bool = False) -> int:
    """Open a workspace that has an eval.toml."""
    terminal.require("tui-eval show, or tui-eval run to compute")
    config = places.load_anywhere(path)
    return _start(config.folder, config, None, run)


def _open_found(checkpoint: Path, options: Namespace) -> int:
    from tui_eval.files.found import find_all

    found = find_all(
        checkpoint, base=options.base, train=options.train, validation=options.validation
    )
    folder = (options.workspace or Path.cwd()).absolute()
    return _start(folder, None, found, False)


def _start(folder: Path, config: Config | None, found: object, run: bool) -> int:
    from tui_eval.engine import launch
    from tui_eval.ui.start import Start, run_app

    workspace = places.open_workspace(folder)
    try:
        return run_app(
            Start(
                folder=folder,
                workspace=workspace,
                config=config,
                found=found,
                start_engine=partial(launch.start, folder, workspace.state_dir),
                kill_engine=partial(launch.kill, workspace),
                run=run,
            )
        )
    finally:
        workspace.close()
