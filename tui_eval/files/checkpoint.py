"""What lies in a checkpoint's folder. Nothing is loaded, downloaded or run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tui_eval.errors import InputError
from tui_eval.files import hub_cache
from tui_eval.files.logs import checkpoints, find_log
from tui_eval.files.raw import (
    entries,
    is_file,
    is_folder,
    is_lfs_pointer,
    read_json,
    read_json_or_empty,
)

Kind = Literal["adapter", "full", "log_only", "empty"]

TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
_STEP = re.compile(r"checkpoint-(\d{1,12})\Z")
_ANCESTORS = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``path`` is the folder that is judged, which for an output folder is one of its
    checkpoints; ``siblings`` are the run's checkpoints to choose from, oldest first."""

    path: Path
    kind: Kind
    base: str | None = None
    """The base model as the checkpoint names it."""
    base_path: Path | None = None
    """Where that is on this machine."""
    base_source: str = ""
    """The file that names it."""
    rank: int | None = None
    alpha: float | None = None
    dropout: float | None = None
    target_modules: tuple[str, ...] = ()
    trainer_state: Path | None = None
    global_step: int | None = None
    epochs: float | None = None
    chat_template: str | None = None
    has_tokenizer: bool = False
    weights: tuple[Path, ...] = ()
    pickle_only: bool = False
    """Only weights that may run code when they are read."""
    remote_code: bool = False
    """Its configuration asks for code that comes with the model; that is never run."""
    card: Mapping[str, Any] = field(default_factory=dict)
    siblings: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def look(folder: Path) -> Checkpoint:
    """What a folder holds. An output folder without weights of its own stands for its
    newest usable checkpoint. Raises InputError where there is no folder."""
    if not is_folder(folder):
        raise InputError(f"There is no folder {folder}.", "Name the checkpoint's folder.")
    folder = hub_cache.newest_snapshot(folder) or folder
    kind = _kind(folder)
    steps = checkpoints(folder)
    if kind is None and steps:
        usable = [path for path in steps.values() if _kind(path)]
        if usable:
            return _noted(look(usable[-1]), steps, usable[-1])
    siblings = tuple((steps or _run_of(folder)).values())
    found = Checkpoint(
        path=folder,
        kind=kind or ("log_only" if find_log(folder, above=False) else "empty"),
        siblings=siblings,
        card=_card(folder),
        chat_template=template_of(folder),
        has_tokenizer=any(is_file(folder / name) for name in TOKENIZERS),
    )
    return _with_log(_with_model(found) if kind else found)


def _noted(found: Checkpoint, steps: Mapping[int, Path], chosen: Path) -> Checkpoint:
    notes = [f"{chosen.name} of {len(steps)} checkpoints"] if len(steps) > 1 else []
    torn = [path.name for path in steps.values() if not _kind(path)]
    if torn:
        notes.append(f"without weights: {', '.join(torn[-3:])}")
    return replace(found, siblings=tuple(steps.values()), notes=(*notes, *found.notes))


def _run_of(folder: Path) -> Mapping[int, Path]:
    return checkpoints(folder.absolute().parent) if _STEP.match(folder.name) else {}


def _kind(folder: Path) -> Kind | None:
    if is_file(folder / "adapter_config.json"):
        return "adapter"
    weights, _ = _weights(folder, "full")
    return "full" if is_file(folder / "config.json") and weights else None


def _with_model(found: Checkpoint) -> Checkpoint:
    folder = found.path
    weights, notes = _weights(folder, found.kind)
    config = read_json_or_empty(folder / "config.json")
    adapter = read_json_or_empty(folder / "adapter_config.json")
    if found.kind == "adapter" and not adapter:
        # Read again to say what is wrong with it.
        read_json(folder / "adapter_config.json")
        raise InputError(f"{folder / 'adapter_config.json'} holds no settings.")
    base, source = _base(found, config, adapter)
    if source == "adapter_config.json":
        base_path = _find_base(base or "", folder, str(adapter.get("revision") or "main"))
    else:
        base_path = _find_base(base, folder, "main") if base else None
    targets = adapter.get("target_modules")
    return replace(
        found,
        weights=weights,
        pickle_only=bool(weights) and not any(p.suffix == ".safetensors" for p in weights),
        remote_code=_remote_code(folder, config, adapter),
        base=base,
        base_path=base_path,
        base_source=source,
        rank=_whole(adapter.get("r")),
        alpha=_number(adapter.get("lora_alpha")),
        dropout=_number(adapter.get("lora_dropout")),
        target_modules=(targets,)
        if isinstance(targets, str)
        else tuple(str(name) for name in targets)
        if isinstance(targets, list)
        else (),
        notes=tuple(notes),
    )


def weight_files(folder: Path, kind: Kind) -> tuple[Path, ...]:
    """The files that hold the weights of a full model or an adapter."""
    return _weights(folder, kind)[0]


def _weights(folder: Path, kind: Kind) -> tuple[tuple[Path, ...], list[str]]:
    """Weight files, safetensors before pickles, and what is wrong with them."""
    stem = "adapter_model" if kind == "adapter" else "model"
    found = _indexed(folder, f"{stem}.safetensors") or _named(folder, stem, ".safetensors")
    if not found:
        stem = "adapter_model" if kind == "adapter" else "pytorch_model"
        found = _indexed(folder, f"{stem}.bin") or _named(folder, stem, ".bin")
    notes = []
    missing = [path.name for path in found if not is_file(path)]
    if missing:
        notes.append(f"weights are missing: {', '.join(missing[:3])}")
    if any(is_lfs_pointer(path) for path in found):
        notes.append("the weights are Git LFS pointers, not the files: git lfs pull")
    if not found:
        notes.append("there are no weights in the folder")
    return tuple(path for path in found if is_file(path)), notes


def _indexed(folder: Path, name: str) -> list[Path]:
    """The shards that an index names."""
    shards = read_json_or_empty(folder / f"{name}.index.json").get("weight_map")
    if not isinstance(shards, dict):
        return []
    names = {str(shard) for shard in shards.values()}
    # An index may not point out of its folder.
    return [folder / shard for shard in sorted(names) if Path(shard).name == shard]


def _named(folder: Path, stem: str, suffix: str) -> list[Path]:
    pattern = re.compile(rf"{stem}(-\d+-of-\d+)?{re.escape(suffix)}\Z")
    return [path for path in entries(folder) if pattern.match(path.name) and is_file(path)]


def _base(
    found: Checkpoint, config: Mapping[str, Any], adapter: Mapping[str, Any]
) -> tuple[str | None, str]:
    named = adapter.get("base_model_name_or_path")
    if isinstance(named, str) and named:
        return named, "adapter_config.json"
    card = found.card.get("base_model")
    card = card[0] if isinstance(card, list) and card else card
    if isinstance(card, str) and card:
        return card, "README.md"
    written = config.get("_name_or_path")
    # A model saved under its own path names itself.
    itself = ("", ".", str(found.path), str(found.path.absolute()))
    if found.kind == "full" and isinstance(written, str) and written not in itself:
        return written, "config.json"
    return None, ""


def _find_base(name: str, folder: Path, revision: str) -> Path | None:
    """As written from the checkpoint's folder, from here, from the folders above the
    checkpoint (where training was started), else in the hub's cache."""
    if not name:
        return None
    folder = folder.absolute()
    for start in (folder, Path.cwd(), *folder.parents[:_ANCESTORS]):
        place = start / expanded(name)
        if is_folder(place) and place.resolve() != folder.resolve():
            place = hub_cache.newest_snapshot(place) or place
            if is_file(place / "config.json") or is_file(place / "adapter_config.json"):
                return place.resolve() if ".." in place.parts else place
    return hub_cache.snapshot(name, revision) or hub_cache.snapshot(name)


def resolve_model(name_or_path: str, relative_to: Path) -> Path | None:
    """A local folder, else the hub cache's snapshot of that name, else None."""
    place = relative_to / expanded(name_or_path)
    if is_folder(place):
        return hub_cache.newest_snapshot(place) or place
    return hub_cache.snapshot(name_or_path)


def expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        # ~nobody: a home that does not exist.
        return Path(name)


def _remote_code(folder: Path, config: Mapping[str, Any], adapter: Mapping[str, Any]) -> bool:
    tokenizer = read_json_or_empty(folder / "tokenizer_config.json")
    mapping = adapter.get("auto_mapping")
    library = str(mapping.get("parent_library", "")) if isinstance(mapping, dict) else ""
    maps = (config.get("auto_map"), adapter.get("auto_map"), tokenizer.get("auto_map"))
    return any(maps) or library.startswith("transformers_modules")


def template_of(folder: Path) -> str | None:
    """The text of the chat template that comes with a tokenizer, as transformers finds it:
    its own file before the tokenizer's configuration; of several the default."""
    for name in ("chat_template.jinja", "chat_template.json"):
        path = folder / name
        if not is_file(path):
            continue
        if path.suffix == ".json":
            text = read_json_or_empty(path).get("chat_template")
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
        if isinstance(text, str) and text:
            return text
    setting = read_json_or_empty(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(setting, list):
        named = {t.get("name"): t.get("template") for t in setting if isinstance(t, dict)}
        setting = named.get("default") or next(iter(named.values()), None)
    return setting if isinstance(setting, str) and setting else None


def _with_log(found: Checkpoint) -> Checkpoint:
    """Step and epochs of this checkpoint: its own state's, its name's, else the log's."""
    log = find_log(found.path)
    step, epochs = _progress(log) if log is not None else (None, None)
    named = _STEP.match(found.path.name)
    own = log is not None and log.parent == found.path.absolute()
    if named and not own and int(named[1]) != step:
        step, epochs = int(named[1]), None
    return replace(found, trainer_state=log, global_step=step, epochs=epochs)


def _progress(state: Path) -> tuple[int | None, float | None]:
    if state.name != "trainer_state.json":
        # Another stack's log: it tells no step of the checkpoint, and may be large.
        return None, None
    stat = state.stat()
    return _progress_of(state, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _progress_of(state: Path, written: int, size: int) -> tuple[int | None, float | None]:
    raw = read_json_or_empty(state)
    return _whole(raw.get("global_step")), _number(raw.get("epoch"))


def _card(folder: Path) -> dict[str, Any]:
    """A model card's front matter: plain ``key: value`` lines and lists of plain values."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:100_000]
    except OSError:
        return {}
    parts = re.split(r"^---\s*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) < 3 or parts[0].strip("\ufeff \n"):
        return {}
    card: dict[str, Any] = {}
    key = ""
    for line in parts[1].splitlines():
        pair = re.match(r"([A-Za-z_][\w-]*):\s*(.*)\Z", line)
        item = re.match(r"\s*-\s+(.*)\Z", line)
        if pair:
            key = pair[1]
            card[key] = _scalar(pair[2]) if pair[2] else []
        elif item and isinstance(card.get(key), list) and ": " not in item[1]:
            card[key].append(_scalar(item[1]))
    return card


def _scalar(text: str) -> str:
    return text.strip().strip("'\"")


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
