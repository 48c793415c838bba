"""How much may be asked of the device, and what to do when it was too much."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CPU_TOKENS = (512, 1024)
"""Least and most tokens per forward call on a CPU: fewer cost calls, more are not faster."""
CPU_ACTIVATIONS = 16 * 2**20
"""Bytes of activations that a call on a CPU may fill between the two."""
GPU_TOKENS = 16384
SHARE = 0.8
"""Of the free memory: the allocator fragments, and others use the device too."""

_CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


@dataclass
class Budget:
    """Tokens per forward call; halved for good when memory runs out."""

    tokens: int
    least: int = 1

    def halve(self, attempted: int) -> None:
        """``attempted``: the tokens of the call that failed, which may be below budget."""
        self.tokens = max(self.least, min(self.tokens, attempted) // 2)


def budget_for(
    device: str, *, free: int | None, bytes_per_token: float, wanted: int | None, calls: int = 1
) -> Budget:
    """``wanted`` is the person's own figure, which only the free memory bounds; ``calls``
    are made at the same time."""
    least, most = CPU_TOKENS if device == "cpu" else (GPU_TOKENS, GPU_TOKENS)
    if bytes_per_token > 0:
        most = max(least, min(most, int(CPU_ACTIVATIONS / bytes_per_token)))
    most = wanted or most
    if free is None or bytes_per_token <= 0:
        return Budget(most)
    return Budget(max(1, min(most, int(SHARE * free / bytes_per_token / calls))))


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA raises its own type; a CPU's allocator only words in a RuntimeError."""
    import torch

    kind = getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)
    if isinstance(error, (kind, MemoryError)):
        return True
    words = str(error)
    return isinstance(error, RuntimeError) and any(
        sign in words
        for sign in ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "out of memory")
    )


def release(device: str) -> None:
    """Give back what a failed call left behind."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def free_bytes(device: str) -> int | None:
    """Free memory of the device; of a CPU what the kernel and the control group leave."""
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free) + int(unused)
    return _free_ram() if device == "cpu" else None


def _free_ram() -> int | None:
    known = [free for free in (_available(), *map(_group_room, _CGROUPS)) if free is not None]
    return min(known, default=None)


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kilobytes[0]) * 1024 if kilobytes else None


def _group_room(files: tuple[Path, Path]) -> int | None:
    try:
        limit, used = (path.read_text(encoding="ascii").strip() for path in files)
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def per_token_bytes(config: Any, element: int, longest: int = 0) -> float:
    """A bound on the activations of one token, from the widest of its layers: what is
    alive at once is the residual stream, the projections and the gated product; with
    attention in its plain form also its scores against ``longest`` tokens.

    Worked out, not measured: a CPU's allocator does not count, and where a device raises
    when memory runs out, the back-off finds the rest.
    """
    text = getattr(config, "text_config", None) or config
    hidden = int(getattr(text, "hidden_size", 1024))
    inner = int(getattr(text, "intermediate_size", None) or 4 * hidden)
    heads = int(getattr(text, "num_attention_heads", 16))
    attention = 4 * max(hidden, heads * int(getattr(text, "head_dim", None) or hidden // heads))
    plain = getattr(text, "_attn_implementation", "") == "eager"
    scores = heads * longest * (element + 8) if plain else 0
    return float(element * (6 * hidden + max(3 * inner, attention)) + scores)
