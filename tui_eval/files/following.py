"""The judged log while its run writes it, and the other logs that it can be held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval.core.records import TrainingLog
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import logs, nearby
from tui_eval.files.logs.parts.tail import GONE
from tui_eval.files.raw import is_folder, relative

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.files.evidence import FileCache


class Followed:
    """A log that is read on. ``log`` is all that was read of it so far."""

    def __init__(self, follower: logs.Follower, log: TrainingLog) -> None:
        self._follower = follower
        self.log = log
        self._last = self._begun_last()
        self._newer = ""

    @property
    def path(self) -> Path:
        return self._follower.path

    @property
    def said(self) -> str:
        """What is to be known of the file besides that it is followed, a few cleaned words;
        mostly nothing. Following goes on by itself."""
        trouble = self._follower.trouble
        if trouble == GONE:
            return "gone, waiting for it"
        if trouble:
            return clean(trouble, limit=60)
        if not any(self.log.series.values()):
            return f"holds no metrics {'any more' if self._follower.held else 'yet'}, waiting"
        if self._newer:
            return f"a newer run logs to {self._newer}"
        return "another run now, begun anew" if self._follower.another else ""

    def read_on(self) -> bool:
        """Whether anything came. A file that is gone, unreadable or half written has
        nothing new, and ``said`` tells."""
        last = self._begun_last()
        if last not in (None, self._last, self.path.parent):
            self._newer = clean(last.name if last is not None else "", limit=60)
        log = self._follower.read_on()
        if log is None:
            return False
        self.log = log
        return True

    def _begun_last(self) -> Path | None:
        """The folder of the run that was begun last, where each has one."""
        log = logs.begun_last(self.path, self._follower.format)
        return log.parent if log is not None else None


def of(source: Path, step: int | None, judged: TrainingLog | None, *, named: bool) -> Followed:
    """The log in ``source``, followed. One that was not named by a person gives way to a
    log of the same run that is written at every step, if that one is as long and counts
    the same steps. Raises InputError."""
    run = source if named or is_folder(source) else logs.run_of(source)
    if run is not None and run != source:
        live = _followed_or_none(run, step)
        if live is not None and _tells_as_much(live.log, judged):
            return live
    return _followed(source, step)


def _followed(path: Path, step: int | None) -> Followed:
    follower = logs.follow(path, judged_step=step)
    log = follower.read_on()
    if log is None:
        raise InputError(f"{path} holds no metrics yet.", "Press f again when the run began.")
    return Followed(follower, log)


def _followed_or_none(path: Path, step: int | None) -> Followed | None:
    try:
        return _followed(path, step)
    except InputError:
        return None


def _tells_as_much(live: TrainingLog, judged: TrainingLog | None) -> bool:
    if judged is None:
        return True
    if live.judged_step != judged.judged_step:
        return False
    return all(_last(live, key) >= _last(judged, key) for key in ("loss", "eval_loss"))


def _last(log: TrainingLog, key: str) -> float:
    points = log.series.get(key, ())
    return points[-1].step if points else -math.inf


@dataclass(frozen=True, slots=True)
class Other:
    """A log besides the judged one. ``name`` is cleaned."""

    key: str
    """What tells it from the others."""
    name: str
    source: Path
    step: int | None


def others(config: Config, candidate: str, cache: FileCache) -> list[Other]:
    """The logs of the other candidates, then those that lie beside the judged one, then
    one of every other run in the folder around."""
    from tui_eval.files.evidence import judged_step, log_path

    found: dict[Path, Other] = {}
    for name in config.candidates:
        source = log_path(config, name) if name != candidate else None
        if source is not None:
            key = f"candidate {name}"
            step = judged_step(config, name)
            found[source] = Other(key, clean(name, limit=60), source, step)
    log = cache.log(config, candidate)
    if log is not None:
        here = Path(log.source)
        found.pop(here, None)
        run = logs.run_of(here) or here.parent
        known = {run, *map(logs.run_of, found)}
        for path in logs.logs_beside(here):
            found.setdefault(path, _other(path, relative(path, run)))
        for path in nearby.logs(run, above=1):
            near = logs.run_of(path)
            if near is not None and near not in known:
                known.add(near)
                found.setdefault(path, _other(path, _name(path, near, run)))
    return list(found.values())


def _other(path: Path, name: str) -> Other:
    return Other(f"file {path}", clean(name, limit=60), path, None)


def _name(path: Path, run: Path, judged: Path) -> str:
    """A run's own name; of one around the judged run the log's."""
    return relative(path if run in judged.parents else run, judged.parent)
