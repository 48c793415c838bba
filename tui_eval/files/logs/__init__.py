"""Training logs: found beside a checkpoint, recognised, read into one record, followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts import found, signs
from tui_eval.files.logs.parts.follow import Follower, Rereading
from tui_eval.files.logs.parts.reader import Reader, checkpoints, run_of
from tui_eval.files.logs.parts.stamps import stamps_of
from tui_eval.files.raw import is_file, is_folder, no_file, refuse_lfs_pointer, relative

__all__ = [
    "FORMATS",
    "Follower",
    "LogFormat",
    "begun_last",
    "checkpoints",
    "find_log",
    "find_logs",
    "follow",
    "logs_beside",
    "read_log",
    "run_of",
    "stamps_of",
]


@dataclass(frozen=True, slots=True)
class LogFormat:
    """``matches`` looks at the path and the file's first bytes. ``module`` has
    ``read(path, judged_step) -> TrainingLog`` and, where the log is appended to,
    ``reader(path) -> Reader``. ``find`` lists such logs of a run's folder, best first."""

    name: str
    names: str
    """What such files are called, for a person."""
    matches: Callable[[Path, bytes], bool]
    module: str
    find: Callable[[Path], list[Path]]
    appended: bool = True
    in_parent: bool = False
    """Lies where checkpoints are saved, so that a folder beside them may look for it."""

    def read(self, path: Path, judged_step: int | None) -> TrainingLog:
        log: TrainingLog = import_module(self.module).read(path, judged_step)
        return log

    def reader(self, path: Path, judged_step: int | None) -> Reader:
        if not self.appended:
            return Rereading(path, self.name, lambda: self.read(path, judged_step))
        reader: Reader = import_module(self.module).reader(path)
        return reader


_HERE = "tui_eval.files.logs."
# In the order of preference where a run has several: all digits and the plan; written
# live with whole numbers; float32; sparse; other counters; rounded in print.
FORMATS: tuple[LogFormat, ...] = (
    LogFormat(
        "trainer_state",
        "trainer_state.json",
        signs.trainer_state,
        _HERE + "trainer_state",
        found.trainer_states,
        appended=False,
        in_parent=True,
    ),
    LogFormat(
        "trainer_log",
        "trainer_log.jsonl",
        signs.trainer_log,
        _HERE + "trainer_log",
        found.trainer_logs,
        in_parent=True,
    ),
    LogFormat(
        "tensorboard",
        "TensorBoard events",
        signs.tensorboard,
        _HERE + "tensorboard",
        found.events,
        in_parent=True,
    ),
    LogFormat("csv", "metrics.csv", signs.table, _HERE + "table", found.tables),
    LogFormat("wandb", "*.wandb", signs.wandb, _HERE + "wandb_offline", found.wandb_runs),
    LogFormat("trackio", "trackio's *.db", signs.database, _HERE + "trackio", found.databases),
    LogFormat("captured", "captured output", signs.captured, _HERE + "captured", found.captures),
)


def read_log(path: Path, *, judged_step: int | None = None) -> TrainingLog:
    """The log in a file, or of a run's folder.

    ``judged_step`` is the judged checkpoint's step; without it the step of the file's own
    checkpoint. Raises InputError where there is no log, or none that can be read.
    """
    chosen, entry, others = _chosen(path, live=False)
    log = entry.read(chosen, judged_step)
    if others:
        named = ", ".join(relative(other, path) for other in others[:5])
        log = replace(log, notes=(*log.notes, f"other logs of the folder: {named}"))
    return log


def follow(path: Path, *, judged_step: int | None = None) -> Follower:
    """The same, to be read on while it grows. Of a folder's logs one that is written at
    every step is taken before one that is written at every save."""
    chosen, entry, _ = _chosen(path, live=True)
    return Follower(entry.reader(chosen, judged_step), judged_step)


def find_log(folder: Path, *, above: bool = True) -> Path | None:
    """A run's log: in the folder or its newest checkpoint, else (``above``) in its parent
    or the parent's newest checkpoint. Of several the first in the order of FORMATS."""
    folder = folder.absolute()
    for place in (folder, folder.parent) if above else (folder,):
        for entry in FORMATS:
            if place == folder or entry.in_parent or folder in checkpoints(place).values():
                logs = entry.find(place)
                if logs:
                    return logs[0]
    return None


def find_logs(folder: Path) -> list[Path]:
    """Every log of a run's folder, best first."""
    return [path for entry in FORMATS for path in entry.find(folder.absolute())]


def logs_beside(path: Path) -> list[Path]:
    """The other logs of the run that this one is of, best first."""
    folder = run_of(path)
    return [] if folder is None else _other_kinds(path, find_logs(folder))


def begun_last(path: Path, name: str) -> Path | None:
    """Of the logs of a format that lie in folders of their own, one a run (event files,
    offline runs, versions), the one of the run begun last; None where there is none."""
    folder = run_of(path)
    entry = next(entry for entry in FORMATS if entry.name == name)
    if folder is None or name not in ("tensorboard", "wandb", "csv"):
        return None
    return next((log for log in entry.find(folder) if log.parent != folder), None)


def _chosen(path: Path, *, live: bool) -> tuple[Path, LogFormat, list[Path]]:
    """The file to read, its format, and the folder's other logs."""
    path = path.absolute()
    others: list[Path] = []
    if is_folder(path):
        logs = find_logs(path)
        best = next((log for log in logs if log.name != "trainer_state.json"), None)
        chosen = best if live and best is not None else find_log(path)
        if chosen is None:
            raise InputError(f"There is no training log in {path}.", _known())
        others = _other_kinds(chosen, logs)
        path = chosen
    if not is_file(path):
        fault = no_file(path)
        told = f"{path} {fault}." if fault else f"There is no file {path}."
        raise InputError(told, "Name the training log, or its folder.")
    refuse_lfs_pointer(path)
    head = signs.head(path)
    for entry in FORMATS:
        if entry.matches(path, head):
            return path, entry, others
    raise InputError(f"{path} is not a training log of a known format.", _known())


def _other_kinds(chosen: Path, logs: list[Path]) -> list[Path]:
    """Checkpoints' copies of one state are one log."""
    state = chosen.name == "trainer_state.json"
    return [
        log for log in logs if log != chosen and not (state and log.name == "trainer_state.json")
    ]


def _known() -> str:
    names = ", ".join(entry.names for entry in FORMATS)
    return f"Logs that can be read: {names}."
