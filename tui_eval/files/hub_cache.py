"""Models that a hub's client has downloaded before. Never the network."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui_eval.files.raw import entries, is_file, is_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?\Z")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\Z")


def cache_folder() -> Path:
    """Where the hub's client keeps models, by its own environment variables."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    if os.environ.get("HF_HOME"):
        return Path(os.environ["HF_HOME"]).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def is_name(name: str) -> bool:
    """Whether this can be a model's name on a hub: ``name`` or ``org/name``."""
    return bool(_NAME.match(name)) and ".." not in name


def snapshot(name: str, revision: str = "main") -> Path | None:
    """The folder of a downloaded model, or None."""
    if not is_name(name):
        return None
    return newest_snapshot(cache_folder() / f"models--{name.replace('/', '--')}", revision)


def newest_snapshot(folder: Path, revision: str = "main") -> Path | None:
    """The snapshot that a ``models--org--name`` folder's revision points to; without that
    reference the one snapshot there is, or the one made last."""
    if not _REVISION.match(revision) or ".." in revision:
        return None
    reference = folder / "refs" / revision
    if is_file(reference):
        commit = reference.read_text(encoding="utf-8", errors="replace").strip()
        if _REVISION.match(commit) and is_folder(folder / "snapshots" / commit):
            return _whole(folder / "snapshots" / commit)
    if is_folder(folder / "snapshots" / revision):
        return _whole(folder / "snapshots" / revision)
    if revision != "main":
        return None
    found = [path for path in entries(folder / "snapshots") if is_folder(path)]
    found.sort(key=lambda path: path.stat().st_mtime)
    return next((path for path in reversed(found) if _whole(path)), None)


def _whole(path: Path) -> Path | None:
    """A snapshot may hold a tokenizer alone: then the model was never downloaded."""
    models = ("config.json", "adapter_config.json")
    return path if any(is_file(path / name) for name in models) else None


def names() -> tuple[str, ...]:
    """The models in the cache, to choose from."""
    found = []
    for path in entries(cache_folder()):
        if path.name.startswith("models--") and newest_snapshot(path) is not None:
            found.append(path.name.removeprefix("models--").replace("--", "/", 1))
    return tuple(found)
