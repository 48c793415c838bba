"""Files that probably belong to a checkpoint: by common names, nearest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

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


def places(checkpoint: Path) -> list[Path]:
    """Folders to look in: the checkpoint's, those above it, and their data folders.

    Not above a home folder and not in the root: what lies there belongs to nothing.
    """
    checkpoint = checkpoint.absolute()
    found: list[Path] = []
    for folder in (checkpoint, *checkpoint.parents[:_ABOVE]):
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


def logs(checkpoint: Path) -> list[Path]:
    """Training logs near a checkpoint."""
    found = []
    for place in places(checkpoint):
        found += [
            path / "trainer_state.json"
            for path in (place, *entries(place))
            if is_file(path / "trainer_state.json")
        ]
    return list(dict.fromkeys(found))
