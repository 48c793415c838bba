"""Short names for what weights, adapters and tokenizers are, made of content alone.

A file below 64 MiB is hashed whole. Of a larger one the header, the beginning and the
middle of every tensor (safetensors) and evenly spaced blocks are: 15 GB take well under a
second, and a training run changes every tensor that it trains. Never of times, so a copied
folder keeps its name. An empty text means that the files are not here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from tui_eval.files.checkpoint import TOKENIZERS, Kind, weight_files
from tui_eval.files.raw import is_file, is_lfs_pointer, read_json_or_empty

WHOLE_BELOW = 64 * 2**20
BLOCK = 64 * 2**10
BLOCKS = 32
_TENSOR_BLOCK = 4 * 2**10
_TENSORS = 4_000
_LONGEST_HEADER = 100 * 2**20

_TOKENIZER_FILES = (
    *TOKENIZERS,
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
)
# These say where something came from, not what it computes.
_IDLE = ("_name_or_path", "transformers_version", "base_model_name_or_path", "name_or_path")


def weights_fingerprint(folder: Path) -> str:
    """Of a full model: its weight files and its configuration."""
    return _fingerprint(folder, "full", "config.json")


def adapter_fingerprint(folder: Path) -> str:
    return _fingerprint(folder, "adapter", "adapter_config.json")


def tokenizer_fingerprint(folder: Path) -> str:
    """Of the files that turn text into ids. The chat template is named apart."""
    found = [folder / name for name in _TOKENIZER_FILES if is_file(folder / name)]
    if not any(path.name in TOKENIZERS for path in found):
        return ""
    return _digest(found, folder / "tokenizer_config.json", (*_IDLE, "chat_template"))


def reads_in_part(files: Iterable[Path]) -> bool:
    """Whether any of these is too large to be read whole for its fingerprint."""
    return any(is_file(path) and path.stat().st_size >= WHOLE_BELOW for path in files)


def _fingerprint(folder: Path, kind: Kind, settings: str) -> str:
    files = weight_files(folder, kind)
    if not files or any(is_lfs_pointer(path) for path in files):
        return ""
    return _digest(files, folder / settings, _IDLE)


def _digest(files: Iterable[Path], settings: Path, idle: tuple[str, ...]) -> str:
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.name}:{path.stat().st_size}:".encode("utf-8", "surrogatepass"))
        whole.update(_content(path))
    kept = {k: v for k, v in read_json_or_empty(settings).items() if k not in idle}
    whole.update(json.dumps(kept, sort_keys=True).encode())
    return whole.hexdigest()[:16]


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < WHOLE_BELOW:
            return hashlib.file_digest(file, "sha256").digest()
        sampled = hashlib.sha256()
        for start, length in _blocks(file, path.suffix, size):
            file.seek(start)
            sampled.update(file.read(length))
        return sampled.digest()


def _blocks(file: IO[bytes], suffix: str, size: int) -> list[tuple[int, int]]:
    step = (size - BLOCK) // (BLOCKS - 1)
    blocks = [(number * step, BLOCK) for number in range(BLOCKS - 1)]
    blocks.append((size - BLOCK, BLOCK))
    if suffix == ".safetensors":
        blocks += _tensor_blocks(file, size)
    return blocks


def _tensor_blocks(file: IO[bytes], size: int) -> list[tuple[int, int]]:
    """The header, and two short blocks of each tensor. A header that makes no sense leaves
    the evenly spaced blocks alone."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > min(size - 8, _LONGEST_HEADER):
        return []
    try:
        header: Any = json.loads(file.read(length))
        tensors = [entry["data_offsets"] for name, entry in header.items() if name[:2] != "__"]
        places = sorted((int(begin), int(end)) for begin, end in tensors)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    every = max(1, len(places) // _TENSORS)
    blocks = [(0, 8 + length)]
    for begin, end in places[::every]:
        if 0 <= begin <= end <= size:
            blocks.append((8 + length + begin, min(_TENSOR_BLOCK, end - begin)))
            blocks.append((8 + length + (begin + end) // 2, min(_TENSOR_BLOCK, end - begin)))
    return blocks
