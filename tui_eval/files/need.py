"""How much memory the weights take, and how much is free, without loading anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Bits per value in the names of safetensors' types.
_BITS = {"F64": 64, "I64": 64, "F32": 32, "I32": 32, "F16": 16, "BF16": 16, "I16": 16}
_LONGEST_HEADER = 100 * 2**20


@dataclass(frozen=True, slots=True)
class Free:
    """Where the weights would go. ``bytes`` is None where nothing tells."""

    name: str
    bytes: int | None
    gpu: bool


def weight_bytes(weights: Iterable[Path], *, gpu: bool) -> int:
    """Bytes once loaded: two per value on a GPU (bfloat16), four on a CPU (float32)."""
    return sum(_loaded_bytes(path, 2 if gpu else 4) for path in weights)


def _loaded_bytes(path: Path, per_value: int) -> int:
    size = path.stat().st_size
    stored = _stored_bytes_per_value(path)
    # Values of one byte or less are quantised: they stay as they are.
    return size if stored is None or stored < 2 else int(size / stored * per_value)


def _stored_bytes_per_value(path: Path) -> float | None:
    """Of the type that most of the file holds; two for pickles, as they are mostly kept."""
    if path.suffix != ".safetensors":
        return 2.0
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _LONGEST_HEADER:
            return None
        head = file.read(length)
    import json

    try:
        tensors = [entry for name, entry in json.loads(head).items() if name != "__metadata__"]
        sizes: dict[str, int] = {}
        for entry in tensors:
            begin, end = entry["data_offsets"]
            sizes[entry["dtype"]] = sizes.get(entry["dtype"], 0) + end - begin
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    most = max(sizes, key=lambda name: sizes[name], default="")
    return _BITS[most] / 8 if most in _BITS else None


def free_memory() -> Free:
    """The visible GPU with most free memory, as nvidia-smi says, else the machine's."""
    return _free_gpu() or _free_ram()


def _free_gpu() -> Free | None:
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    query = [command, "--query-gpu=index,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = None if visible is None else {part.strip() for part in visible.split(",")}
    found = []
    for line in told.stdout.splitlines():
        index, _, free = line.partition(",")
        by_number = allowed is None or not all(part.isdigit() for part in allowed)
        if free.strip().isdigit() and (by_number or index.strip() in (allowed or ())):
            found.append((int(free) * 2**20, index.strip()))
    if not found or visible in ("", "-1"):
        return None
    free_bytes, index = max(found)
    return Free(f"GPU {index}", free_bytes, gpu=True)


def _free_ram() -> Free:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(line for line in lines if line.startswith("MemAvailable:"))
        return Free("the machine", int(available.split()[1]) * 1024, gpu=False)
    except (OSError, StopIteration, ValueError):
        return Free("the machine", None, gpu=False)


def gigabytes(count: int) -> str:
    """``15.9 GB``, in units of 10^9 as weights are named."""
    size = count / 1e9
    return f"{size:.1f} GB" if size >= 0.1 else f"{count / 1e6:.1f} MB"
