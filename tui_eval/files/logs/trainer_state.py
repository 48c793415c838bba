"""``trainer_state.json`` of the Hugging Face Trainer, from every checkpoint of a run.

The Trainer writes the file at each save with all rows so far, so checkpoints of one run
repeat one another; a resumed run may hold other rows for the same steps. Rows are merged
by step and key, and the file written last wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_eval.core.records import LogPoint, TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.numbers import number, positive, step_of, whole
from tui_eval.files.logs.parts.pieces import read_rows
from tui_eval.files.logs.parts.reader import checkpoints, own_step
from tui_eval.files.raw import is_file, relative

NAME = "trainer_state.json"
_NOT_SERIES = ("step", "epoch")
# Older Trainers wrote epochs with two digits.
_ROUNDED = 0.00501


@dataclass(frozen=True, slots=True)
class _State:
    path: Path
    raw: Mapping[str, Any]
    rows: tuple[dict[str, Any], ...]
    odd: int
    """Rows without a usable step."""


def read(path: Path, judged_step: int | None) -> TrainingLog:
    # By its name: a run that keeps few checkpoints clears away the one that was named.
    folder = path.parent.parent if own_step(path) is not None else path.parent
    states, notes = _states(path, folder)
    chosen = next((state for state in states if state.path == path), states[-1])
    series, disagreeing = _merged(states)
    if disagreeing:
        notes.append(
            f"{disagreeing} values differ between the checkpoints' logs (a resumed or repeated "
            "run); those of the file written last are used"
        )
    odd = sum(state.odd for state in states)
    if odd:
        notes.append(f"{odd} rows of the log hold no usable step and are left out")
    own = whole(chosen.raw.get("global_step"))
    last = max(states, key=lambda state: whole(state.raw.get("global_step")) or 0).raw
    return TrainingLog(
        source=str(path),
        format="trainer_state",
        series=series,
        judged_step=own if judged_step is None else judged_step,
        global_step=whole(last.get("global_step")),
        max_steps=positive(last.get("max_steps")),
        epochs=number(last.get("num_train_epochs")),
        logging_steps=positive(last.get("logging_steps")),
        batch_size=positive(last.get("train_batch_size")),
        checkpoints={step: place.name for step, place in checkpoints(folder).items()},
        notes=tuple(notes),
    )


def _states(path: Path, folder: Path) -> tuple[list[_State], list[str]]:
    """Every readable state of the run, the one written last at the end."""
    places = [folder, *checkpoints(folder).values()]
    paths = [place / NAME for place in places if is_file(place / NAME)]
    if path not in paths and (path.name != NAME or not paths):
        # A log of another name stands for itself.
        paths = [path]
    states, notes = [], []
    faults: dict[Path, InputError] = {}
    for each in paths:
        try:
            states.append(_state(each))
        except InputError as error:
            faults[each] = error
            notes.append(f"{relative(each, folder)} is left out: {error.message}")
    if not states:
        fault = faults.get(path) or next(iter(faults.values()))
        raise InputError(fault.message, fault.remedy or "Name another checkpoint's log.")
    return sorted(states, key=_age), notes


def _age(state: _State) -> tuple[int, int]:
    return state.path.stat().st_mtime_ns, whole(state.raw.get("global_step")) or 0


def _state(path: Path) -> _State:
    raw = read_rows(path, "log_history")
    history = raw.get("log_history") if isinstance(raw, dict) else None
    if not isinstance(history, list):
        raise InputError(f"{path} is not a Trainer's state: it has no list log_history.")
    rows = tuple(row for row in history if isinstance(row, dict) and _step(row) is not None)
    return _State(path, raw, rows, len(history) - len(rows))


def _merged(states: list[_State]) -> tuple[dict[str, tuple[LogPoint, ...]], int]:
    """Series by key, and how many values another file had otherwise."""
    merged: dict[str, dict[float, LogPoint]] = {}
    disagreeing = 0
    for state in states:
        rate = _epochs_per_step(state)
        fresh: dict[str, dict[float, LogPoint]] = {}
        for row in state.rows:
            step = _step(row)
            assert step is not None
            epoch = rate * step if rate is not None else number(row.get("epoch"))
            for key, value in row.items():
                told = None if key in _NOT_SERIES else number(value)
                if told is not None:
                    fresh.setdefault(key, {})[step] = LogPoint(step, told, epoch)
        for key, points in fresh.items():
            before = merged.setdefault(key, {})
            if before:
                both = before.keys() & points.keys()
                disagreeing += sum(not _same(before[at].value, points[at].value) for at in both)
            before.update(points)
    return {
        key: tuple(points[step] for step in sorted(points)) for key, points in merged.items()
    }, disagreeing


def _epochs_per_step(state: _State) -> float | None:
    """The exact rate where the rows' epochs are roundings of it, else None."""
    epoch, step = number(state.raw.get("epoch")), number(state.raw.get("global_step"))
    if not epoch or not step or not math.isfinite(epoch / step):
        return None
    rate = epoch / step
    for row in state.rows:
        told, at = number(row.get("epoch")), _step(row)
        if told is None or at is None or abs(told - rate * at) > _ROUNDED:
            return None
    return rate


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _step(row: Mapping[str, Any]) -> float | None:
    return step_of(row.get("step"))
