"""Scores texts with a transformers model: trunk, gathered positions, chunked head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import torch

from tui_eval.engine.backends import segments
from tui_eval.engine.backends.crew import Crew
from tui_eval.engine.backends.head import Head, best, finish_of, positions_for
from tui_eval.engine.memory import GPU_TOKENS
from tui_eval.engine.plan import CPU_OVERHEAD
from tui_eval.engine.tokens import Losses, Piece

Path = Literal["packed", "padded", "masked", "single", "full"]
PATHS: tuple[Path, ...] = ("packed", "padded", "masked", "single", "full")
"""Fastest first; each is used only where the guards prove that it gives what the model
gives for one text alone."""

IN_WORDS: dict[Path, str] = {
    "packed": "packed texts without padding, chunked head",
    "padded": "sorted padded batches, chunked head",
    "masked": "sorted padded batches with a mask, chunked head",
    "single": "one text at a time, chunked head",
    "full": "one text at a time, the model's own logits",
}


MOST_WORKERS = 8
PART = 128
"""Positions of the model's own logits that are looked at together."""


def _workers(loaded: Loaded, config: Any) -> int:
    """Batches that are computed at the same time. On a CPU the threads of one matrix
    product wait for each other more than they compute, the more so on a busy machine; one
    batch per thread costs a third to a half of the CPU time."""
    text = getattr(config, "text_config", None) or config
    rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    # These rewrite their frequencies while they compute, which no second call may see.
    moving = isinstance(rope, dict) and rope.get("rope_type") in ("dynamic", "longrope")
    if loaded.device != "cpu" or moving:
        return 1
    return max(1, min(MOST_WORKERS, int(torch.get_num_threads())))


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to score. ``model`` is what a person would call: the PEFT
    model with an adapter, else the model itself."""

    name: str
    model: Any
    tokenizer: Any
    device: str
    dtype: str
    has_adapter: bool = False
    positions: int | None = None
    vocabulary: int = 0


class TransformersScorer:
    """One set of weights; with an adapter it serves the tuned model and, with the
    adapter off, the base."""

    def __init__(self, loaded: Loaded, path: Path = "packed") -> None:
        self.loaded = loaded
        self.path: Path = path
        self.inner = loaded.model.get_base_model() if loaded.has_adapter else loaded.model
        self.config = self.inner.config
        self.decoder = self.inner.base_model
        self.head = Head(
            self.inner.get_output_embeddings(),
            positions_for(loaded.device.partition(":")[0], loaded.vocabulary),
            finish_of(self.config),
        )
        self._packs = segments.register() and loaded.device == "cpu"
        self._switch = segments.Switch(self.config)
        self.crew = Crew(_workers(loaded, self.config))

    @property
    def wanted_paths(self) -> tuple[Path, ...]:
        """Packing pays on a CPU, where padding costs its full share of arithmetic. On a GPU
        one attention call per text would cost more than the planner's few pad tokens."""
        return PATHS if self._packs else PATHS[1:]

    @cached_property
    def overhead(self) -> int:
        """Tokens that a forward call costs besides its rows. On a GPU a call takes about
        25 ms to launch, in which it could compute 1e13 operations of arithmetic."""
        if self.loaded.device == "cpu":
            return CPU_OVERHEAD
        size = sum(parameter.numel() for parameter in self.inner.parameters())
        return max(CPU_OVERHEAD, min(GPU_TOKENS, int(1e13 / (2 * max(1, size)))))

    @contextmanager
    def as_model(self, *, adapter: bool) -> Iterator[None]:
        """Within it, the weights speak as the tuned model or as the base."""
        off = self.loaded.has_adapter and not adapter
        with self.loaded.model.disable_adapter() if off else nullcontext():
            yield

    def nll(self, pieces: Sequence[Piece], path: Path | None = None) -> list[Losses]:
        """The losses of each piece's targets; all pieces go through the model together
        unless the path is one at a time."""
        path = path or self.path
        with torch.inference_mode():
            if path == "full":
                return [self._full(piece) for piece in pieces]
            if path == "single":
                hidden = torch.cat([self._padded([piece], mask=False) for piece in pieces])
            elif path == "packed":
                hidden = self._packed(pieces)
            else:
                hidden = self._padded(pieces, mask=path == "masked")
            targets = torch.from_numpy(np.concatenate([piece.targets for piece in pieces]))
            losses = self.head.nll(hidden, targets.long()).numpy()
        cuts = np.cumsum([len(piece.targets) for piece in pieces])[:-1]
        return np.split(losses, cuts)

    def nll_each(
        self, batches: Sequence[Sequence[Piece]], path: Path | None = None
    ) -> list[list[Losses] | Exception]:
        """Several batches, on a CPU at the same time: the losses of each, or what it ended
        with."""
        return self.crew.run([partial(self._attempt, batch, path) for batch in batches])

    def _attempt(self, batch: Sequence[Piece], path: Path | None) -> list[Losses] | Exception:
        try:
            return self.nll(batch, path)
        except (RuntimeError, MemoryError) as error:
            # Without its traceback, which would keep the tensors of the call alive.
            return error.with_traceback(None)

    def likeliest(self, piece: Piece, count: int) -> tuple[Losses, Losses, Any]:
        """The losses of a piece's targets and, for each of them, the ``count`` likeliest
        tokens: their losses and ids (n, count). By the path that the guards allowed, one
        text alone."""
        targets = torch.from_numpy(piece.targets).long()
        with torch.inference_mode():
            if self.path == "full":
                logits = self.full_logits(piece)
                at = torch.from_numpy(piece.at).long().to(logits.device)
                # A part at a time: in float32 all of them could take gigabytes.
                parts = [
                    best(logits[some], wanted, count)
                    for some, wanted in zip(at.split(PART), targets.split(PART), strict=True)
                ]
                nll, top, ids = (
                    torch.cat([one[which] for one in parts]).cpu() for which in range(3)
                )
            else:
                hidden = self._padded([piece], mask=self.path == "masked")
                nll, top, ids = self.head.likeliest(hidden, targets, count)
        return nll.numpy(), top.numpy(), ids.numpy()

    def full_logits(self, piece: Piece) -> Any:
        """What the model itself says (positions, vocabulary), for guards and fallback."""
        ids = torch.from_numpy(piece.ids).long()[None].to(self._device())
        with torch.inference_mode():
            output = self.loaded.model(
                input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False
            )
        return output.logits[0][-len(piece.ids) :]

    def head_logits(self, piece: Piece) -> Any:
        """The same by trunk and head."""
        with torch.inference_mode():
            every = Piece(
                piece.row,
                piece.ids,
                np.arange(piece.length, dtype=np.int32),
                piece.targets,
                piece.first,
            )
            return self.head.logits(self._padded([every], mask=False))

    def _full(self, piece: Piece) -> Losses:
        logits = self.full_logits(piece)
        at = torch.from_numpy(piece.at).long().to(logits.device)
        targets = torch.from_numpy(piece.targets).long().to(logits.device)
        losses = torch.nn.functional.cross_entropy(logits[at].float(), targets, reduction="none")
        return np.asarray(losses.cpu().numpy(), dtype=np.float32)

    def _packed(self, pieces: Sequence[Piece]) -> Any:
        lengths = [piece.length for piece in pieces]
        ids = torch.from_numpy(np.concatenate([piece.ids for piece in pieces])).long()[None]
        places = np.concatenate([np.arange(length) for length in lengths])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        at = np.concatenate([piece.at + start for piece, start in zip(pieces, starts, strict=True)])
        device = self._device()
        with self._switch.segments(lengths):
            output = self.decoder(
                input_ids=ids.to(device),
                position_ids=torch.from_numpy(places)[None].to(device),
                use_cache=False,
            )
        hidden = output[0][0]
        return hidden[torch.from_numpy(at).to(hidden.device)]

    def _padded(self, pieces: Sequence[Piece], *, mask: bool) -> Any:
        """Padding stands on the right: a causal model's real tokens never see it."""
        width = max(piece.length for piece in pieces)
        ids = np.zeros((len(pieces), width), dtype=np.int64)
        real = np.zeros((len(pieces), width), dtype=np.int64)
        for row, piece in enumerate(pieces):
            ids[row, : piece.length] = piece.ids
            real[row, : piece.length] = 1
        device = self._device()
        kwargs = {"attention_mask": torch.from_numpy(real).to(device)} if mask else {}
        output = self.decoder(input_ids=torch.from_numpy(ids).to(device), use_cache=False, **kwargs)
        hidden = output[0]
        rows = np.repeat(np.arange(len(pieces)), [len(piece.at) for piece in pieces])
        at = np.concatenate([piece.at for piece in pieces]).astype(np.int64)
        place = hidden.device
        return hidden[torch.from_numpy(rows).to(place), torch.from_numpy(at).to(place)]

    def _device(self) -> Any:
        return self.inner.get_input_embeddings().weight.device
