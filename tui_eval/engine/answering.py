"""The way of answering that is quickest and right: probed, bounded by memory, backed off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch

from tui_eval.engine import probes
from tui_eval.engine.backends.batched import Batched, prompt_tokens
from tui_eval.engine.backends.continuous import Continuous
from tui_eval.engine.backends.padded import Padded
from tui_eval.engine.backends.single import Single
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.generation import Asked, Backend, Reply, Rules
from tui_eval.engine.memory import SHARE, free_bytes, is_out_of_memory, per_token_bytes, release
from tui_eval.engine.tokens import Piece
from tui_eval.files.generation import Generation

Path = Literal["batched", "continuous", "padded", "one"]
PATHS: tuple[Path, ...] = ("batched", "continuous", "padded", "one")
"""Quickest first, as measured on a CPU: the first needs half the time of the second."""
_WANTED: dict[str, tuple[Path, ...]] = {
    "auto": PATHS,
    "batched": ("batched", "padded", "one"),
    "continuous": ("continuous", "one"),
}
IN_WORDS: dict[Path, str] = {
    "batched": "packed steps, an answer that ends leaves its place to the next prompt",
    "continuous": "transformers' continuous batching, no blocks shared",
    "padded": "sorted batches padded from the left, answers that end are dropped",
    "one": "one answer at a time",
}
DOES_NOT_FIT = "The prompt and its answer do not fit into the memory of the device."
CPU_BATCH, GPU_BATCH = 64, 256
PROBES = 3
PROBE_TOKENS = 96
PROBE_ANSWER = 8
HEAD_TOKENS = 12


class Answerer:
    """One model's state, answering. ``wanted`` is the person's choice of a path."""

    def __init__(
        self,
        scorer: TransformersScorer,
        *,
        adapter: bool,
        wanted: str = "auto",
        shrink: int = 0,
        log: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.path: Path = "one"
        self.batch = self._most = 1
        self._scorer = scorer
        self._adapter = adapter
        self._wanted = wanted
        self._shrink = shrink
        self._log = log

    @property
    def in_words(self) -> str:
        return IN_WORDS[self.path]

    def prove(self, asked: Sequence[Asked], rules: Rules) -> None:
        """Choose the path by what it makes of a few prompts of this run."""
        self.batch = self._most = max(1, self._room(asked) >> self._shrink)
        candidates = _WANTED.get(self._wanted, ("one",))
        with self._scorer.as_model(adapter=self._adapter):
            self.path = allowed_path(self._scorer, asked, rules, candidates, self._log)

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        """Replies in the order in which they end. Where memory runs out, half as many are
        written at once; where a path fails, the rest goes one at a time."""
        left = {(one.sample, one.index): one for one in asked}
        self.batch = min(self._most, 2 * self.batch)
        with self._scorer.as_model(adapter=self._adapter):
            while left:
                try:
                    for reply in self._backend().answer(list(left.values()), rules):
                        if reply.error:
                            raise RuntimeError(reply.error)
                        del left[reply.asked.sample, reply.asked.index]
                        yield reply
                except (RuntimeError, MemoryError) as error:
                    too_much = is_out_of_memory(error)
                    self._log(f"{self.in_words}, {self.batch} at once: {error}")
                    if not too_much and self.path == "one":
                        raise
                    # Its frames keep the tensors of the failed call alive.
                    error.__traceback__ = None
                else:
                    continue
                release(self._scorer.loaded.device)
                if not too_much:
                    self.path = "one"
                elif self.batch > 1:
                    self.batch //= 2
                else:
                    largest = max(left.values(), key=lambda one: one.room)
                    yield self._alone(left.pop((largest.sample, largest.index)), rules)
                    self.batch = self._most

    def _alone(self, asked: Asked, rules: Rules) -> Reply:
        """The leanest way there is; where even that is too much, the reply says so."""
        try:
            return next(iter(Single(self._scorer).answer([asked], rules)))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        release(self._scorer.loaded.device)
        return Reply(asked, (), "error", asked.seed, error=DOES_NOT_FIT)

    def _backend(self) -> Backend:
        return backend_of(self._scorer, self.path, self.batch)

    def _room(self, asked: Sequence[Asked]) -> int:
        """How many answers may be written at once. Worked out and not tried, for on a CPU
        nothing is raised when memory runs out: the process is gone."""
        device = self._scorer.loaded.device
        most = CPU_BATCH if device == "cpu" else GPU_BATCH
        free = free_bytes(device)
        if free is None or not asked:
            return most
        element = self._scorer.inner.get_input_embeddings().weight.element_size()
        longest = max(len(one.ids) for one in asked)
        taken_in = max(prompt_tokens(device), longest)
        fixed = taken_in * per_token_bytes(self._scorer.config, element, longest)
        # Growing slots are there twice while they are copied; logits a few times.
        each = 2 * max(one.room for one in asked) * cache_bytes(self._scorer.config, element)
        each += 16 * self._scorer.loaded.vocabulary
        return max(1, min(most, int((SHARE * free - fixed) / max(1.0, each))))


def backend_of(scorer: TransformersScorer, path: Path, batch: int) -> Backend:
    if path == "one":
        return Single(scorer)
    if path == "batched":
        return Batched(scorer, batch)
    return Padded(scorer, batch) if path == "padded" else Continuous(scorer, batch)


def cache_bytes(config: Any, element: int) -> float:
    """Keys and values of one token in all layers."""
    text = getattr(config, "text_config", None) or config
    heads = int(getattr(text, "num_attention_heads", None) or 16)
    kept = int(getattr(text, "num_key_value_heads", None) or heads)
    hidden = int(getattr(text, "hidden_size", None) or 1024)
    size = int(getattr(text, "head_dim", None) or hidden // heads)
    return 2.0 * int(getattr(text, "num_hidden_layers", None) or 32) * kept * size * element


def allowed_path(
    scorer: TransformersScorer,
    asked: Sequence[Asked],
    rules: Rules,
    candidates: Sequence[Path] = PATHS,
    log: Callable[[str], None] = lambda text: None,
) -> Path:
    """The first path that writes, on a few prompts of the run, the tokens of plain
    ``generate`` one at a time."""
    some = probe_prompts(asked, scorer.config, scorer.loaded.positions)
    # Always the likeliest token, and no end: every one of the probe's is compared.
    plain = replace(
        rules, generation=replace(Generation(), suppress=rules.generation.suppress), end_ids=_NONE
    )
    reference: dict[str, tuple[int, ...]] | None = None
    for path in candidates:
        if path == "one" or not some:
            break
        if path == "continuous" and not Continuous.knows(rules.generation):
            continue
        if path == "batched" and not _head_is_exact(scorer, some):
            continue
        if reference is None:
            reference = _tokens(Single(scorer), some, plain)
        try:
            found = _tokens(backend_of(scorer, path, 2), some, plain)
        except Exception as error:
            if is_out_of_memory(error):
                release(scorer.loaded.device)
            log(f"not {IN_WORDS[path]}: {type(error).__name__}: {error}")
            continue
        if all(_same(scorer, one, reference[one.sample], found.get(one.sample)) for one in some):
            return path
        log(f"not {IN_WORDS[path]}: it writes other tokens than one answer at a time")
    return "one"


_NONE: frozenset[int] = frozenset()


def probe_prompts(asked: Sequence[Asked], config: Any, positions: int | None = None) -> list[Asked]:
    """A long, a short and a middling prompt of the run, cut to a probe's length; the first
    passes any length from which on the model attends in another way, where the run does."""
    order = sorted((one for one in asked if len(one.ids)), key=lambda one: -len(one.ids))
    if not order:
        return []
    longest = max(one.room for one in order)
    passed = [limit for limit in probes.thresholds(config) if limit < longest]
    places = np.linspace(0, len(order) - 1, PROBES).astype(int)
    sizes = (max([PROBE_TOKENS, *(limit + 8 for limit in passed)]), PROBE_TOKENS // 8, 0)
    room = max(1, (positions or longest + sizes[0]) - PROBE_ANSWER)
    return [
        Asked(f"probe {at}", 0, _sized(order[place].ids, size)[-room:], PROBE_ANSWER)
        for at, (place, size) in enumerate(zip(places, sizes, strict=True))
    ]


def _sized(ids: Any, size: int) -> Any:
    """The last ``size`` tokens; a prompt that has to be longer is said again."""
    size = size or min(len(ids), PROBE_TOKENS // 3)
    if len(ids) < size and size > PROBE_TOKENS:
        ids = np.tile(ids, -(-size // len(ids)))
    return ids[-size:]


def _tokens(backend: Backend, asked: Sequence[Asked], rules: Rules) -> dict[str, tuple[int, ...]]:
    replies = list(backend.answer(asked, rules))
    if any(reply.error for reply in replies):
        raise RuntimeError(next(reply.error for reply in replies if reply.error))
    return {reply.asked.sample: reply.ids for reply in replies}


def _same(
    scorer: TransformersScorer,
    asked: Asked,
    plain: tuple[int, ...],
    found: tuple[int, ...] | None,
) -> bool:
    """Equal tokens, or, where they part, two tokens so near that rounding decides."""
    if found == plain:
        return True
    if found is None or len(found) != len(plain):
        return False
    at = next(at for at, (one, other) in enumerate(zip(plain, found, strict=True)) if one != other)
    ids = np.concatenate([asked.ids, np.asarray(plain[:at], dtype=np.int32)])
    logits = scorer.full_logits(_piece(ids))[-1].float()
    gap = float(logits[plain[at]] - logits[found[at]])
    return gap <= probes.tolerance(scorer.loaded.dtype) * max(1.0, float(logits.abs().max()))


def _head_is_exact(scorer: TransformersScorer, asked: Sequence[Asked]) -> bool:
    """Equal tokens don't show a wrong scale of the logits, which sampling would feel."""
    try:
        with torch.inference_mode():
            return probes.head_is_exact(scorer, [_piece(one.ids[-HEAD_TOKENS:]) for one in asked])
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False


def _piece(ids: Any) -> Piece:
    at = np.arange(len(ids), dtype=np.int32)
    return Piece(0, np.asarray(ids, dtype=np.int32), at, np.asarray(ids, dtype=np.int32), 0)
