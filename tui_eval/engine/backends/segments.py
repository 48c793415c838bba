"""Attention for texts laid end to end in one row: each sees itself alone.

No padding and no mask are made; every text gets its own causal attention call. Known to
transformers under a name of its own; its mask table doesn't know that name, so it makes
no mask either. What this function does not understand it refuses, and the guards at
load then choose another path.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch.nn import functional

NAME = "tui_eval_segments"

_lengths: ContextVar[tuple[int, ...]] = ContextVar("segment_lengths", default=())


class Refused(RuntimeError):
    """The model's attention has a part that this function does not know."""


def attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[Any, None]:
    """Query (1, heads, tokens, size) to output (1, tokens, heads, size)."""
    refuse_unknown(module, query, key, sum(_lengths.get()), kwargs)
    output = query.new_empty(1, query.shape[2], query.shape[1], value.shape[3])
    start = 0
    for length in _lengths.get():
        stop = start + length
        part = causal(
            query[:, :, start:stop],
            key[:, :, start:stop],
            value[:, :, start:stop],
            scaling,
            sliding_window,
            softcap,
        )
        output[:, start:stop] = part.transpose(1, 2)
        start = stop
    return output, None


def refuse_unknown(module: Any, query: Any, key: Any, tokens: int, kwargs: dict[str, Any]) -> None:
    """Raise Refused unless this is causal attention over one row of ``tokens`` tokens."""
    unknown = [name for name in ("s_aux", "position_bias", "cache") if kwargs.get(name) is not None]
    if kwargs.get("is_causal") is False or not getattr(module, "is_causal", True):
        unknown.append("is_causal")
    if unknown or query.shape[0] != 1 or tokens != query.shape[2]:
        raise Refused(f"attention with {unknown or query.shape}")
    if key.shape[2] != query.shape[2]:
        raise Refused("attention over keys of another length")


def causal(
    query: Any, key: Any, value: Any, scaling: float | None, window: int | None, cap: float | None
) -> Any:
    """Causal attention within one text."""
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key = key.repeat_interleave(groups, dim=1)
        value = value.repeat_interleave(groups, dim=1)
    length = query.shape[2]
    near = window if window is not None and window < length else None
    if cap is None:
        return functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=_visible(length, near, query.device) if near else None,
            is_causal=near is None,
            scale=scaling,
        )
    scores = query @ key.transpose(2, 3) * (query.shape[3] ** -0.5 if scaling is None else scaling)
    scores = torch.tanh(scores / cap) * cap
    scores = scores.masked_fill(~_visible(length, near, query.device), float("-inf"))
    return torch.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype) @ value


def _visible(length: int, window: int | None, device: Any) -> Any:
    """Which keys a query may see: itself, those before it, within the window."""
    place = torch.arange(length, device=device)
    distance = place[:, None] - place[None, :]
    visible = distance >= 0
    return visible & (distance < window) if window is not None else visible


def register() -> bool:
    """Make it known to transformers; False where that is too old to be told (before 4.50)."""
    try:
        from transformers import AttentionInterface
    except ImportError:
        return False
    AttentionInterface.register(NAME, attend)
    return True


class Switch:
    """Sets a model's attention to ours while anybody needs it: workers share the model."""

    def __init__(self, config: Any, name: str = NAME) -> None:
        self._config = config
        self._name = name
        self._lock = threading.Lock()
        self._users = 0
        self._before: Any = None

    @contextmanager
    def segments(self, lengths: Sequence[int]) -> Iterator[None]:
        """Within it, this thread's calls attend by segments of these lengths."""
        token = _lengths.set(tuple(lengths))
        try:
            with self.on():
                yield
        finally:
            _lengths.reset(token)

    @contextmanager
    def on(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if not self._users:
                self._before = self._config._attn_implementation
                self._config._attn_implementation = self._name
            self._users += 1

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._config._attn_implementation = self._before
