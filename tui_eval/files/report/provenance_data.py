"""The data files: what they hold by content, how many rows, and which could not be used."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from tui_eval.config import Config
from tui_eval.core.records import Dataset, SkippedRow, Split
from tui_eval.errors import TuiEvalError
from tui_eval.files.evidence import (
    OFF_TASK,
    FileCache,
    WorkspaceEvidence,
    data_path,
    row_limit,
)
from tui_eval.files.raw import is_file, is_folder, stamp_of

READ: tuple[Split, ...] = ("validation", "train", "off_task")
"""Splits whose rows are scored; the test file is read by the tasks that name it."""
LISTED = 1_000


def sha256_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def data(
    evidence: WorkspaceEvidence, config: Config, names: Sequence[str], cache: FileCache
) -> list[dict[str, Any]]:
    """Every file that any of these candidates was scored, asked or measured with, once."""
    made: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for split in get_args(Split):
        for candidate in names:
            path = data_path(config, candidate, split)
            if path is None or (split, str(path)) in seen:
                continue
            seen.add((split, str(path)))
            own = split == "train" and bool(config.models[candidate].train)
            name = f"{split} of {candidate}" if own else split
            made.append(_split(config, candidate, split, name, path, cache))
    for task in config.tasks.values():
        named = {
            "": task.data,
            " few-shot": task.few_shot,
            " schema": task.schema,
            " own": task.own,
        }
        for what, file in named.items():
            if file:
                one = _file(f"task {task.name}{what}", file, config.resolve(file), cache)
                made.append(one if what else {**one, **_task_rows(evidence, task.name)})
    for model in config.models.values():
        for what, file in (("few-shot", model.few_shot), ("answers", model.answers)):
            if file:
                made.append(_file(f"{model.name} {what}", file, config.resolve(file), cache))
    return made


def _split(
    config: Config, candidate: str, split: Split, name: str, path: Path, cache: FileCache
) -> dict[str, Any]:
    ours = path == OFF_TASK
    named = "comes with tui-eval" if ours else _named(config, path)
    made = _file(name, named, path, cache)
    if split not in READ:
        return made
    try:
        dataset = cache.dataset(config, candidate, split)
    except (TuiEvalError, OSError) as error:
        return {**made, "fault": str(error)}
    if dataset is None:
        return made
    return {**made, **_rows(dataset, row_limit(config, split))}


def _rows(dataset: Dataset, limit: int) -> dict[str, Any]:
    return {
        "key": dataset.key,
        "shape": dataset.shape,
        "rows": dataset.rows,
        "used": len(dataset.samples),
        "limit": limit or None,
        "skipped": dataset.left_out,
        "duplicates": dataset.duplicates,
        "reasons": dict(Counter(one.reason for one in dataset.skipped).most_common()),
        "skipped_rows": [_skipped(one) for one in dataset.skipped[:LISTED]],
        "notes": list(dataset.notes),
    }


def _task_rows(evidence: WorkspaceEvidence, name: str) -> dict[str, Any]:
    try:
        task = evidence.ready(name).task
    except (TuiEvalError, OSError) as error:
        return {"fault": str(error)}
    return {
        "rows": task.rows,
        "used": len(task.items),
        "skipped": task.left_out,
        "notes": [*task.faults, *task.notes],
    }


def _skipped(one: SkippedRow) -> dict[str, Any]:
    return {"source": one.source, "row": one.row, "reason": one.reason}


def _named(config: Config, path: Path) -> str:
    try:
        return str(path.relative_to(config.folder))
    except ValueError:
        return str(path)


def _file(name: str, named: str, path: Path, cache: FileCache) -> dict[str, Any]:
    seen = ("sha256", path, stamp_of(path))
    try:
        content, size = cache.kept(tuple, seen, lambda: _content(path))
    except OSError as error:
        return {"name": name, "path": named, "sha256": None, "bytes": None, "fault": str(error)}
    return {"name": name, "path": named, "sha256": content or None, "bytes": size}


def _content(path: Path) -> tuple[str, int | None]:
    """Of a folder the hash of its files' names and hashes, as ``sha256sum`` lists them."""
    if is_file(path):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    if not is_folder(path):
        return "", None
    lines, size = [], 0
    for one in _below(path):
        found, many = _content(one)
        lines.append(f"{found}  {one.relative_to(path)}\n")
        size += many or 0
    return sha256_text("".join(lines)), size


def _below(folder: Path) -> Iterable[Path]:
    return sorted(one for one in folder.rglob("*") if is_file(one))
