"""Attention of a batch whose rows begin and end when they like.

Every forward call is one row of packed tokens: one for each answer that is being written,
and the whole prompts of those that have just come. Keys and values of each answer lie in a
slot of its own; the writing ones stand in the first slots, so that no copy is needed to
attend over them. Nothing is padded but the attention over slots of different lengths.

Known to transformers under a name of its own, as ``segments`` is; what this function does
not understand it refuses, and the probe then chooses another path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional

from tui_eval.engine.backends.segments import Refused, causal, refuse_unknown

NAME = "tui_eval_slots"
_GROWTH = 64
"""Tokens that slots grow by at least: growing copies what is there."""
_BLOCK = 16
"""Slots attended over in one call: few enough to be of one length, many enough to pay."""


@dataclass
class Slots:
    """Keys and values of up to ``rows`` answers, by attention module."""

    rows: int
    length: int = 0
    _kept: dict[int, tuple[Any, Any]] = field(default_factory=dict)

    def of(self, module: Any, key: Any, value: Any) -> tuple[Any, Any]:
        """Both (rows, heads, length, size) of this module."""
        kept = self._kept.get(id(module))
        if kept is None or kept[0].shape[2] < self.length:
            kept = (self._wider(key, kept and kept[0]), self._wider(value, kept and kept[1]))
            self._kept[id(module)] = kept
        return kept

    def _wider(self, like: Any, old: Any | None) -> Any:
        _, heads, _, size = like.shape
        new = like.new_zeros(self.rows, heads, self.length, size)
        if old is not None:
            new[:, :, : old.shape[2]] = old
        return new

    def reserve(self, length: int) -> None:
        if length > self.length:
            self.length = max(length + _GROWTH, self.length + self.length // 2)

    def move(self, source: int, target: int, length: int) -> None:
        """One answer to another slot."""
        with torch.inference_mode():
            for pair in self._kept.values():
                for kept in pair:
                    kept[target, :, :length] = kept[source, :, :length]


@dataclass
class Step:
    """One forward call: the first ``lengths`` tokens continue the answers in the first
    slots, which hold so many tokens already; the rest are prompts for the slots after."""

    slots: Slots
    lengths: Sequence[int]
    prompts: Sequence[int]
    _masks: dict[tuple[int, int | None], Any] = field(default_factory=dict)
    _places: tuple[Any, Any] | None = None

    @property
    def writing(self) -> int:
        return len(self.lengths)

    @property
    def tokens(self) -> int:
        return self.writing + sum(self.prompts)

    def places(self, device: Any) -> tuple[Any, Any]:
        """Rows and positions that the new tokens of the writing answers go to."""
        if self._places is None:
            rows = torch.arange(self.writing, device=device)
            self._places = rows, torch.tensor(list(self.lengths), device=device)
        return self._places

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """First slot, slot after the last, and width of those attended over together. Slots
        of about the same length stand together where the longest prompts come first."""
        size = _BLOCK if self.writing >= 2 * _BLOCK else max(1, self.writing)
        for first in range(0, self.writing, size):
            last = min(first + size, self.writing)
            yield first, last, max(self.lengths[first:last]) + 1

    def mask(self, first: int, last: int, window: int | None, like: Any) -> Any:
        """(answers, 1, 1, width) of a block: minus infinity where an answer has nothing, or
        nothing near enough. None where all see all."""
        key = (first, window)
        if key not in self._masks:
            self._masks[key] = self._mask(first, last, window, like)
        return self._masks[key]

    def _mask(self, first: int, last: int, window: int | None, like: Any) -> Any:
        width = max(self.lengths[first:last]) + 1
        if min(self.lengths[first:last]) + 1 == width and (window is None or window >= width):
            return None
        place = torch.arange(width, device=like.device)
        own = self.places(like.device)[1][first:last, None]
        hidden = place[None, :] > own
        if window is not None:
            hidden |= place[None, :] <= own - window
        mask = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device)
        return mask.masked_fill_(hidden, float("-inf"))[:, None, None, :]


_step: ContextVar[Step | None] = ContextVar("slots_step", default=None)


@contextmanager
def stepping(step: Step) -> Iterator[None]:
    token = _step.set(step)
    try:
        yield
    finally:
        _step.reset(token)


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
    step = _step.get()
    if step is None:
        raise Refused("attention outside of a step")
    refuse_unknown(module, query, key, step.tokens, kwargs)
    keys, values = step.slots.of(module, key, value)
    output = query.new_empty(1, query.shape[2], query.shape[1], value.shape[3])
    count = step.writing
    if count:
        rows, places = step.places(key.device)
        keys[rows, :, places] = key[0, :, :count].transpose(0, 1)
        values[rows, :, places] = value[0, :, :count].transpose(0, 1)
        for first, last, width in step.blocks():
            output[0, first:last] = _continue(
                query[0, :, first:last].transpose(0, 1),
                keys[first:last, :, :width],
                values[first:last, :, :width],
                step.mask(first, last, sliding_window, query),
                scaling,
                softcap,
            )
    start = count
    for slot, length in enumerate(step.prompts, start=count):
        part = slice(start, start + length)
        keys[slot, :, :length] = key[0, :, part]
        values[slot, :, :length] = value[0, :, part]
        output[:, part] = causal(
            query[:, :, part], key[:, :, part], value[:, :, part], scaling, sliding_window, softcap
        ).transpose(1, 2)
        start += length
    return output, None


def _continue(
    query: Any, keys: Any, values: Any, mask: Any, scaling: float | None, cap: float | None
) -> Any:
    """One token of each answer over its slot. Heads that share keys stand as positions of
    one head, so that nothing is repeated."""
    count, heads, size = query.shape
    query = query.reshape(count, keys.shape[1], heads // keys.shape[1], size)
    if cap is None:
        found = functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, scale=scaling
        )
    else:
        scores = query @ keys.transpose(2, 3) * (size**-0.5 if scaling is None else scaling)
        scores = torch.tanh(scores / cap) * cap
        scores = scores if mask is None else scores + mask
        found = torch.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype) @ values
    return found.reshape(count, heads, values.shape[3])


def register() -> bool:
    """Make it known to transformers; False where that is too old to be told (before 4.50)."""
    try:
        from transformers import AttentionInterface
    except ImportError:
        return False
    AttentionInterface.register(NAME, attend)
    return True
