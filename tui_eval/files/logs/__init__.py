"""Training logs: found beside a checkpoint, recognised, read into one record."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.raw import entries, is_file, is_folder, no_file

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,12})\Z")


@dataclass(frozen=True, slots=True)
class LogFormat:
    """``matches`` looks at the path alone; ``read`` names ``module:function`` with the
    signature ``(path, judged_step) -> TrainingLog``. ``names`` are the files that
    ``find_log`` looks for, best first."""

    name: str
    matches: Callable[[Path], bool]
    read: str
    names: tuple[str, ...]


FORMATS: tuple[LogFormat, ...] = (
    LogFormat(
        "trainer_state",
        lambda path: path.suffix == ".json",
        "tui_eval.files.logs.trainer_state:read",
        ("trainer_state.json",),
    ),
)


def read_log(path: Path, *, judged_step: int | None = None) -> TrainingLog:
    """The log in a file, or of a run's folder.

    ``judged_step`` is the judged checkpoint's step; without it the step of the file's own
    checkpoint. Raises InputError where there is no log, or none that can be read.
    """
    path = path.absolute()
    if is_folder(path):
        found = find_log(path)
        if found is None:
            raise InputError(f"There is no training log in {path}.", _known())
        path = found
    if not is_file(path):
        fault = no_file(path)
        told = f"{path} {fault}." if fault else f"There is no file {path}."
        raise InputError(told, "Name the training log, or its folder.")
    for entry in FORMATS:
        if entry.matches(path):
            module, _, function = entry.read.partition(":")
            log: TrainingLog = getattr(import_module(module), function)(path, judged_step)
            return log
    raise InputError(f"{path} is not a training log of a known format.", _known())


def find_log(folder: Path, *, above: bool = True) -> Path | None:
    """A run's log: in the folder or its newest checkpoint, else (``above``) in its parent
    or the parent's newest checkpoint."""
    folder = folder.absolute()
    for place in (folder, folder.parent) if above else (folder,):
        names = [name for entry in FORMATS for name in entry.names]
        for candidate in (place, *reversed(checkpoints(place).values())):
            for name in names:
                if is_file(candidate / name):
                    return candidate / name
    return None


def checkpoints(folder: Path) -> dict[int, Path]:
    """The ``checkpoint-N`` folders of a run, by step."""
    found = {}
    for path in entries(folder):
        match = _CHECKPOINT.match(path.name)
        if match and is_folder(path):
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def _known() -> str:
    names = ", ".join(name for entry in FORMATS for name in entry.names)
    return f"Logs that can be read: {names}."
