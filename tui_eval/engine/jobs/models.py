"""The models of one comparison: loaded once, kept warm, one copy of shared weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_eval.config import Config
from tui_eval.engine import adapters, load
from tui_eval.engine.backends import backend
from tui_eval.engine.backends.transformers_scorer import Loaded, TransformersScorer
from tui_eval.engine.memory import free_bytes, release
from tui_eval.errors import EngineError
from tui_eval.files import producers
from tui_eval.files.checkpoint import Checkpoint
from tui_eval.files.checkpoints import MARK
from tui_eval.files.fingerprint import tokenizer_fingerprint

_BARE = "bare base"
"""Where a base waits for the next adapter."""
TOGETHER = 0.7
"""Share of the free memory that a second model's weights may take: the rest computes."""


@dataclass(frozen=True)
class State:
    """One model as it is scored. Two states may share a scorer: the adapter on and off."""

    name: str
    scorer: TransformersScorer
    adapter: bool
    tokenizer: Any


class Models:
    """Loads what a comparison needs, as late as it needs it; ``warm`` keeps it for the
    next job."""

    def __init__(
        self, config: Config, candidate: str, warm: dict[str, Any], log: Callable[[str], None]
    ) -> None:
        self.config = config
        self.candidate = candidate
        self.base = producers.scored_base(config, candidate)
        self._warm = warm
        self._log = log
        self.choice = self._choose()

    def groups(self, names: Collection[str] | None = None) -> Iterator[list[State]]:
        """Base and candidate, those together that are scored in turns. A second group is
        loaded when the first is done with, because not both have room. ``names``: only
        these of the two are needed."""
        wanted = {self.candidate, self.base} if names is None else set(names)
        if self.base is None or self.base not in wanted:
            yield [self._tuned()]
        elif self.shares_weights():
            tuned = self._tuned()
            base = State(self.base, tuned.scorer, False, self.tokenizer(self.base))
            yield [base, tuned] if self.candidate in wanted else [base]
        elif self.candidate not in wanted:
            yield [self._base()]
        else:
            tuned = self._tuned()
            if self._room_for(self._weights(self.base)):
                yield [self._base(), tuned]
            else:
                yield [tuned]
                del tuned
                yield [self._base()]

    def shares_weights(self) -> bool:
        """Whether the base is the candidate with its adapter switched off."""
        checkpoint = _checkpoint(self.config, self.candidate)
        if self.base is None or checkpoint.kind != "adapter":
            return False
        shapes = adapters.shapes_of(checkpoint.path, self.config.scoring.allow_pickle)
        rows = _rows(self._weights(self.candidate))
        return not adapters.changes_base(checkpoint.path, shapes, rows)

    def tokenizer(self, model: str) -> Any:
        folder = producers.tokenizer_folder(self.config, model)
        if folder is None:
            raise _not_here(self.config, model)
        key = f"tokenizer {folder} {tokenizer_fingerprint(folder)}"
        if key not in self._warm:
            self._warm[key] = load.load_tokenizer(folder)
        return self._warm[key]

    def _tuned(self) -> State:
        checkpoint = _checkpoint(self.config, self.candidate)
        adapter = checkpoint.path if checkpoint.kind == "adapter" else None
        scorer = self._scorer(self.candidate, adapter)
        return State(self.candidate, scorer, True, self.tokenizer(self.candidate))

    def _base(self) -> State:
        assert self.base is not None
        checkpoint = _checkpoint(self.config, self.base)
        if checkpoint.kind == "adapter":
            raise EngineError(
                f"[models.base] path is an adapter ({checkpoint.path}), not a full model.",
                "Point it at the model that the adapter was trained on.",
            )
        scorer = self._scorer(self.base, None)
        return State(self.base, scorer, False, self.tokenizer(self.base))

    def _scorer(self, model: str, adapter: Path | None) -> TransformersScorer:
        folder = self._weights(model)
        want = producers.wanted(self.config, self.candidate, model, dtype=self.choice.dtype)
        key = f"scorer {folder} {adapter} {want.weights} {want.adapter} {self.choice}"
        if MARK in self.candidate and model == self.candidate:
            self._make_way(f"checkpoint {folder} {want.weights} {self.choice}", key, adapter)
        if key not in self._warm:
            if not self._room_for(folder):
                self.forget()
            doing = "putting another adapter on" if _BARE in self._warm else "loading"
            self._log(f"{doing} {folder} in {self.choice.dtype} on {self.choice.device}")
            self._warm[key] = backend("transformers")(self._loaded(model, folder, adapter))
        scorer: TransformersScorer = self._warm[key]
        return scorer

    def _make_way(self, place: str, key: str, adapter: Path | None) -> None:
        """The checkpoints of a run are looked at one after the other: only the last one is
        kept. Where nothing but an adapter changes, its base stays loaded."""
        last, clean = self._warm.get(place, ("", False))
        self._warm[place] = key, adapter is not None and self._leaves_clean(adapter)
        if last == key or last not in self._warm:
            return
        loaded = self._warm.pop(last).loaded
        if clean and adapter is not None and self.shares_weights():
            self._warm[_BARE] = adapters.detached(loaded)
        else:
            del loaded
            release(self.choice.device)

    def _leaves_clean(self, adapter: Path) -> bool:
        return self.shares_weights() and adapters.detachable(adapter)

    def _loaded(self, model: str, folder: Path, adapter: Path | None) -> Loaded:
        tokenizer = self.tokenizer(model)
        if adapter is None:
            return load.load_model(folder, model, self.choice, tokenizer)
        shapes = adapters.shapes_of(adapter, self.config.scoring.allow_pickle)
        entry = self.config.models.get(self.base or "")
        name = entry.path if entry is not None and entry.path else str(folder)
        bare: Loaded | None = self._warm.pop(_BARE, None)
        base = bare or load.load_model(folder, name, self.choice, tokenizer)
        return adapters.attach(base, adapter, model, tokenizer, shapes)

    def _choose(self) -> load.Choice:
        """A pair is compared at one precision: the candidate's."""
        scoring = self.config.scoring
        entry = self.config.models.get(self.candidate)
        wanted = (entry.dtype if entry is not None else None) or scoring.dtype
        device = load.device_of(scoring.device)
        return load.Choice(
            device, load.dtype_of(wanted, device), scoring.device_map, scoring.allow_pickle
        )

    def _weights(self, model: str) -> Path:
        folder = producers.weights_folder(self.config, model)
        if folder is None or not folder.is_dir():
            raise _not_here(self.config, model)
        return folder

    def _room_for(self, weights: Path) -> bool:
        """Whether these weights fit beside those that are loaded, with room to compute."""
        if not any(key.startswith("scorer") for key in self._warm):
            return True
        free = free_bytes(self.choice.device)
        return free is None or load.weights_size(weights, self.choice.dtype) <= TOGETHER * free

    def forget(self) -> None:
        """Let go of all weights, to make room for others."""
        for key in [key for key in self._warm if key.startswith("scorer")]:
            del self._warm[key]
        self._warm.pop(_BARE, None)
        release(self.choice.device)


def _checkpoint(config: Config, model: str) -> Checkpoint:
    checkpoint = producers.checkpoint_of(config, model)
    if checkpoint is None:
        raise _not_here(config, model)
    return checkpoint


def _rows(folder: Path) -> int:
    """The vocabulary that a model's config.json names."""
    config = load.read_config(folder)
    text = config.get("text_config") or config
    return int(text.get("vocab_size") or 0)


def _not_here(config: Config, model: str) -> EngineError:
    """Why there are no weights for a model, and how to get them."""
    entry = config.models.get(model)
    if entry is not None and entry.url and not entry.path:
        return EngineError(
            f"{model} runs on a server ({entry.url}), which does not tell the losses of texts.",
            f"Set [models.{model}] path to the model's files on this machine.",
        )
    if entry is None or not entry.path:
        return EngineError(
            f"No model is named for {model}.", f"Set [models.{model}] path in eval.toml."
        )
    checkpoint = producers.checkpoint_of(config, model)
    if checkpoint is None:
        return EngineError(
            f"{model}: {entry.path} is neither a folder here nor in the local model cache.",
            f"Correct [models.{model}] path, or fetch it once: hf download {entry.path}",
        )
    if checkpoint.kind != "adapter":
        return EngineError(
            f"{model}: {checkpoint.path} holds no model.",
            f"Point [models.{model}] path at a folder with config.json and weights.",
        )
    named = config.models.get("base")
    base = named.path if named is not None and named.path else checkpoint.base
    return EngineError(
        f"{model} is an adapter, and its base {base or ''} is not on this machine.",
        f"Fetch it once: hf download {base}; or set [models.base] path to where it lies."
        if base
        else "Set [models.base] path to the model that it was trained on.",
    )
