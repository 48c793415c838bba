"""Files that probably belong to a checkpoint: by common names, nearest first."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISDIR

from tui_eval.files.raw import entries, is_file, is_folder

DATA_SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow")
WORDS = {
    "validation": ("validation", "valid", "val", "dev", "eval", "evaluation", "heldout", "holdout"),
    "training": ("train", "training"),
    "test": ("test",),
    "off_task": ("off_task", "offtask"),
}
# Files that trainers write about a run; never rows.
_NOT_DATA = re.compile(
    r"(results?|metrics|state|config|log|logs|args|index|params|vocab|merges|tokens?|tokens_map"
    r"|template|tokenizer|arguments|info)\Z"
)
_FOLDERS = ("data", "dataset", "datasets")
_ABOVE = 3
MOST_LOGS = 60
MOST_FOLDERS = 200
"""Of one place."""
MOST_ENTRIES = 10_000


def places(checkpoint: Path, above: int = _ABOVE) -> list[Path]:
    """Folders to look in: the checkpoint's, those above it, and their data folders.

    Not above a home folder and not in the root: what lies there belongs to nothing.
    """
    checkpoint = checkpoint.absolute()
    found: list[Path] = []
    for folder in (checkpoint, *checkpoint.parents[:above]):
        if folder != checkpoint and (folder == Path.home() or folder.parent == folder):
            break
        found += [folder, *(folder / name for name in _FOLDERS if is_folder(folder / name))]
    return found


def data_files(checkpoint: Path) -> list[Path]:
    """Every file and folder of rows near a checkpoint, nearest first, by name's look."""
    return [path for place in places(checkpoint) for path in entries(place) if is_data(path)]


def is_data(path: Path) -> bool:
    if is_folder(path):
        return is_file(path / "dataset_dict.json") or is_file(path / "dataset_info.json")
    return path.name.lower().endswith(
        (*DATA_SUFFIXES, *(f"{s}.gz" for s in DATA_SUFFIXES))
    ) and not (_NOT_DATA.search(stem(path)))


def stem(path: Path) -> str:
    """``support-val`` of ``Support-Val.jsonl.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return name if is_folder(path) else Path(name).stem


def named(files: list[Path], purpose: str) -> Iterator[Path]:
    """Those whose name says that they are for ``purpose``: the plain names before names
    that merely hold the word, the nearer before the farther."""
    words = WORDS[purpose]
    exact = [path for path in files if stem(path) in words]
    parts = [path for path in files if set(re.split(r"[^a-z0-9]+", stem(path))) & set(words)]
    yield from dict.fromkeys([*exact, *parts])


def model_folders(checkpoint: Path) -> list[Path]:
    """Folders that hold a full model, near a checkpoint."""
    return [
        path
        for place in places(checkpoint)
        for path in entries(place)
        if is_folder(path) and is_file(path / "config.json") and path != checkpoint.absolute()
    ]


def logs(checkpoint: Path, above: int = _ABOVE) -> list[Path]:
    """Training logs near a checkpoint: every one of its own run, best first, then the best
    of each other run, the nearer places first and in each the runs written last.

    At most ``MOST_LOGS``, and no more than ``MOST_ENTRIES`` files and folders are listed
    for the others: this runs beside a screen.
    """
    from tui_eval.files.logs import find_log, find_logs
    from tui_eval.files.logs.parts.reader import own_step

    checkpoint = checkpoint.absolute()
    own = checkpoint.parent if own_step(checkpoint / "any") is not None else checkpoint
    found = dict.fromkeys(find_logs(own))
    left = MOST_ENTRIES
    for place in places(own, above):
        inner = [] if place == own else [place]
        for folder in (*inner, *_newest_folders(place, besides=(own, checkpoint))):
            listed = _count(folder)
            if len(found) >= MOST_LOGS or own_step(folder / "any") is not None:
                continue
            if 0 < listed <= left:
                left -= listed
                log = find_log(folder, above=False)
                # A place above the run finds the run's own log again where it lies in it.
                if log is not None:
                    found.setdefault(log)
    return list(found)[:MOST_LOGS]


def captured_beside(checkpoint: Path) -> Path | None:
    """What a run printed, captured beside its folder, where one file alone can be it: where
    other runs lie there too, one that is called after this run."""
    from tui_eval.files.logs.parts.found import captures
    from tui_eval.files.logs.parts.reader import own_step

    checkpoint = checkpoint.absolute()
    run = checkpoint.parent if own_step(checkpoint / "any") is not None else checkpoint
    if run.parent in (Path.home(), run):
        return None
    found = [path for path in captures(run.parent) if path.suffix in (".log", ".out")]
    if any(_is_run(path) for path in entries(run.parent)[:MOST_ENTRIES] if path != run):
        found = [path for path in found if run.name.lower() in path.stem.lower()]
    return found[0] if len(found) == 1 else None


def _is_run(path: Path) -> bool:
    from tui_eval.files.logs.parts.reader import checkpoints

    signs = ("trainer_state.json", "adapter_config.json")
    return is_folder(path) and (
        any(is_file(path / one) for one in signs) or bool(checkpoints(path))
    )


def _newest_folders(place: Path, besides: tuple[Path, ...]) -> list[Path]:
    times = {}
    for path in entries(place)[:MOST_ENTRIES]:
        try:
            status = path.stat()
        except OSError:
            continue
        if S_ISDIR(status.st_mode) and path not in besides:
            times[path] = status.st_mtime_ns
    return sorted(times, key=lambda path: -times[path])[:MOST_FOLDERS]


def _count(folder: Path) -> int:
    """What lies in a folder, counted no further than it matters."""
    try:
        with os.scandir(folder) as listed:
            return sum(1 for _ in islice(listed, MOST_ENTRIES + 1))
    except OSError:
        return 0
