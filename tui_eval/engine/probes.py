"""What is tried before the numbers: which path is exact, and whether the adapter speaks.

A fast path is used only where it gives, on rows of this very run, what the model itself
gives for one text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tui_eval.engine.backends.transformers_scorer import PATHS, Path, TransformersScorer
from tui_eval.engine.memory import is_out_of_memory, release
from tui_eval.engine.tokens import Losses, Piece

PROBE_LENGTHS = (192, 96, 48, 12)
"""Tokens of the probes: of different lengths, so that padding and borders matter."""
SCALES = (1, 2, 4, 8)
EFFECT_PROBES = 4
EFFECT_TOKENS = 48
EFFECT_POSITIONS = 32
_TOLERANCE = {"float32": 1e-4}
_HALF_TOLERANCE = 5e-2
"""Half precision rounds differently in another batch shape; a wrong mask or a missing
soft cap is off by far more."""

# Lengths from which on a model treats a text differently, under the names that
# configurations give them.
_THRESHOLDS = (
    "sliding_window",
    "attention_chunk_size",
    "window_size",
    "original_max_position_embeddings",
)


def thresholds(config: Any) -> list[int]:
    """Window and scaling lengths of the model."""
    text = getattr(config, "text_config", None) or config
    places: list[Any] = [text.to_dict()]
    places += [places[0][key] for key in ("rope_scaling", "rope_parameters") if places[0].get(key)]
    found = {
        value
        for place in places
        if isinstance(place, dict)
        for key in _THRESHOLDS
        if isinstance(value := place.get(key), int) and value > 0
    }
    return sorted(found)


def probe_pieces(pieces: Sequence[Piece], config: Any, scale: int = 1) -> list[Piece]:
    """Rows of the run cut to the probe lengths, one of them longer than any window that a
    row of the run is longer than."""
    order = sorted(pieces, key=lambda piece: (-piece.length, piece.row))
    if not order:
        return []
    longest = order[0].length
    passed = [limit for limit in thresholds(config) if limit < longest]
    first = max([PROBE_LENGTHS[0] // scale, *(limit + 32 for limit in passed)])
    sizes = (first, *(length // scale for length in PROBE_LENGTHS[1:]))
    places = np.linspace(0, len(order) - 1, len(sizes)).astype(int)
    chosen = [_cut(order[at], size) for at, size in zip(places, sizes, strict=True)]
    return [piece for piece in chosen if len(piece.targets)]


def _cut(piece: Piece, length: int) -> Piece:
    """The last ``length`` tokens of a piece: that is where its targets are. Every position
    is asked for, so that a short probe compares enough of them."""
    ids = piece.ids[-length:]
    at = np.arange(len(ids) - 1, dtype=np.int32)
    return Piece(piece.row, ids, at, ids[1:], 0)


def allowed_path(
    scorer: TransformersScorer, pieces: Sequence[Piece], wanted: Sequence[Path] = PATHS
) -> Path:
    """The first of ``wanted`` that is proven on the pieces; with shorter probes where
    there is no room for them."""
    for scale in SCALES:
        try:
            return _allowed(scorer, probe_pieces(pieces, scorer.config, scale), wanted)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        release(scorer.loaded.device)
    return "single"


def _allowed(scorer: TransformersScorer, probes: Sequence[Piece], wanted: Sequence[Path]) -> Path:
    if not probes:
        return "padded"
    if not head_is_exact(scorer, probes):
        return "full"
    reference = [scorer.nll([piece], "single")[0] for piece in probes]
    if not all(np.isfinite(losses).all() for losses in reference):
        # Nothing can be proven with numbers that are not; nothing will be read from them.
        return "padded"
    for path in wanted:
        if path == "single":
            break
        if _equal(_tried(scorer, probes, path), reference, scorer.loaded.dtype):
            return path
    return "single"


def head_is_exact(scorer: TransformersScorer, probes: Sequence[Piece]) -> bool:
    """Whether trunk, head and what we know of soft caps and scales give the model's own
    logits. Where the configuration misleads, the head without them is tried too."""
    hinted = scorer.head.finish
    for finish in dict.fromkeys((hinted, None)):
        scorer.head.finish = finish
        if all(_same_logits(scorer, piece) for piece in probes[1:] or probes):
            return True
    scorer.head.finish = hinted
    return False


def _same_logits(scorer: TransformersScorer, piece: Piece) -> bool:
    full = scorer.full_logits(piece).float()
    try:
        ours = scorer.head_logits(piece).float()
    except Exception as error:
        if is_out_of_memory(error):
            raise  # any failure means: not this way
        return False
    if ours.shape != full.shape:
        return False
    if not bool(full.isfinite().all()):
        return True
    scale = max(1.0, float(full.abs().max()))
    return float((ours.to(full.device) - full).abs().max()) <= scale * tolerance(
        scorer.loaded.dtype
    )


def _tried(scorer: TransformersScorer, probes: Sequence[Piece], path: Path) -> list[Losses] | None:
    """A path's losses, the probes in another order than by length, and in as many calls
    at the same time as there will be; None where it fails."""
    order = [*range(1, len(probes)), 0]
    half = len(order) // 2 if scorer.crew.workers > 1 else 0
    batches = [part for part in (order[:half], order[half:]) if part]
    try:
        losses = scorer.nll_each([[probes[at] for at in part] for part in batches], path)
    except Exception:
        return None
    placed: dict[int, Losses] = {}
    for part, some in zip(batches, losses, strict=True):
        if isinstance(some, Exception):
            if is_out_of_memory(some):
                raise some
            return None
        placed.update(zip(part, some, strict=True))
    return [placed[at] for at in range(len(probes))]


def _equal(losses: list[Losses] | None, reference: list[Losses], dtype: str) -> bool:
    if losses is None:
        return False
    return all(
        float(np.max(np.abs(ours - theirs) / (1 + np.abs(theirs)), initial=0.0)) <= tolerance(dtype)
        for ours, theirs in zip(losses, reference, strict=True)
    )


def tolerance(dtype: str) -> float:
    return _TOLERANCE.get(dtype, _HALF_TOLERANCE)


def effect_logits(
    scorer: TransformersScorer, pieces: Sequence[Piece], *, adapter: bool
) -> list[Any]:
    """The model's own logits on a few rows, on the CPU, to hold against another model's;
    none where there is no room for them."""
    order = sorted(pieces, key=lambda piece: (-len(piece.targets), piece.row))
    with scorer.as_model(adapter=adapter):
        try:
            return [
                scorer.full_logits(_cut(piece, EFFECT_TOKENS))[-EFFECT_POSITIONS:].float().cpu()
                for piece in order[:EFFECT_PROBES]
            ]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
    release(scorer.loaded.device)
    return []


def largest_difference(ours: Sequence[Any], theirs: Sequence[Any]) -> float | None:
    """Largest |difference| of logits; None where there is nothing finite to compare."""
    if len(ours) != len(theirs) or not ours:
        return None
    largest = 0.0
    for one, other in zip(ours, theirs, strict=True):
        size = min(one.shape[-1], other.shape[-1])
        if one.shape[0] != other.shape[0] or not size:
            return None
        gap = (one[:, :size] - other[:, :size]).abs().max()
        if not bool(gap.isfinite()):
            return None
        largest = max(largest, float(gap))
    return largest
