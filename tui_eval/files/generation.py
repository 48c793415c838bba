"""What decides an answer besides weights and prompt: ``[generation]`` over the checkpoint's
``generation_config.json``. Read without transformers, and nothing in it is trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui_eval.config import GenerationConfig
from tui_eval.core.text import content_id
from tui_eval.files.raw import is_folder, read_json_or_empty

FILE_NAME = "generation_config.json"
UNKNOWN = "?"
"""In place of a file's hash where the model that it belongs to is not on this machine."""

DEFAULT_TOP_K = 50
"""What ``generate`` takes where a checkpoint samples and doesn't say."""
_MOST_IDS = 10_000


@dataclass(frozen=True, slots=True)
class Generation:
    """How the next token is chosen, and what ends an answer. Greedy is ``sample`` False;
    the repetition rules then still hold, as they do in ``generate``."""

    sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    """0: all."""
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    suppress: tuple[int, ...] = ()
    """Tokens that are never written."""
    end_ids: tuple[int, ...] = ()
    """Tokens that end an answer, as the checkpoint names them."""
    stop: tuple[str, ...] = ()
    """Texts that end an answer; they are not part of it."""
    seed: int = 0
    notes: tuple[str, ...] = ()
    """What the checkpoint asks for and is not done, in words."""

    @property
    def in_words(self) -> str:
        if not self.sample:
            return "greedy"
        parts = [f"temperature {self.temperature:g}"]
        parts += [f"top_p {self.top_p:g}"] if self.top_p < 1 else []
        parts += [f"top_k {self.top_k}"] if self.top_k else []
        parts += [f"min_p {self.min_p:g}"] if self.min_p else []
        return f"sampled, {', '.join(parts)}, seed {self.seed}"


def generation(settings: GenerationConfig, *folders: Path | None) -> Generation:
    """The settings over the first of ``folders`` that has a generation_config.json; the
    end tokens of that folder's config.json where it names none."""
    asked = checkpoint_settings(*folders)
    found = _from_checkpoint(asked)
    ends = _ids(asked.get("eos_token_id")) or _ends_of_model(*folders)
    found = replace(
        found, end_ids=ends, stop=_texts(asked.get("stop_strings")), notes=_not_done(asked)
    )
    return _over(settings, found)


def settings_key(settings: GenerationConfig, *folders: Path | None) -> str:
    """``SET-FILE``: hashes of ``[generation]`` and of the checkpoint's file, apart, so that
    a machine without the checkpoint can still compare the first.

    Only what decides an answer's text counts: not how many answers, nor by which path.
    """
    decides = {
        "greedy": settings.greedy,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "seed": settings.seed,
        "max_new_tokens": settings.max_new_tokens,
        "thinking_tokens": settings.thinking_tokens,
        "thinking": settings.thinking,
        "stop": settings.stop,
    }
    return f"{content_id(decides)}-{_file_key(*folders)}"


def same_settings(recorded: str, wanted: str) -> bool:
    """Whether two ``settings_key`` agree as far as both are known."""
    (ours, _, our_file), (theirs, _, their_file) = wanted.partition("-"), recorded.partition("-")
    return ours == theirs and (our_file == their_file or UNKNOWN in (our_file, their_file))


def checkpoint_settings(*folders: Path | None) -> Mapping[str, Any]:
    """The first generation_config.json of these folders; empty where there is none."""
    for folder in folders:
        if folder is not None and (found := read_json_or_empty(folder / FILE_NAME)):
            return found
    return {}


def _file_key(*folders: Path | None) -> str:
    found = checkpoint_settings(*folders)
    if not found and not all(folder is not None and is_folder(folder) for folder in folders):
        return UNKNOWN
    # The version that wrote the file decides nothing.
    told = {key: value for key, value in found.items() if key != "transformers_version"}
    return content_id(told)


def _from_checkpoint(asked: Mapping[str, Any]) -> Generation:
    temperature = _number(asked.get("temperature"), 1.0, least=0.0)
    return Generation(
        sample=asked.get("do_sample") is True and temperature > 0,
        temperature=temperature,
        top_k=_whole(asked.get("top_k"), DEFAULT_TOP_K),
        top_p=min(1.0, _number(asked.get("top_p"), 1.0, least=0.0)),
        min_p=min(1.0, _number(asked.get("min_p"), 0.0, least=0.0)),
        repetition_penalty=_number(asked.get("repetition_penalty"), 1.0, least=0.01),
        no_repeat_ngram=_whole(asked.get("no_repeat_ngram_size"), 0),
        suppress=_ids(asked.get("suppress_tokens")),
    )


def _over(settings: GenerationConfig, found: Generation) -> Generation:
    """A setting of the person's wins. Naming any of the three rules of sampling asks for
    sampling, temperature 0 and ``greedy`` against it."""
    named = (settings.temperature, settings.top_p, settings.top_k)
    sample = found.sample or any(value is not None for value in named)
    if settings.greedy or settings.temperature == 0:
        sample = False
    temperature = settings.temperature or found.temperature
    return replace(
        found,
        sample=sample,
        temperature=temperature if temperature > 0 else 1.0,
        top_k=found.top_k if settings.top_k is None else settings.top_k,
        top_p=found.top_p if settings.top_p is None else min(1.0, settings.top_p),
        stop=tuple(dict.fromkeys((*settings.stop, *found.stop))),
        seed=settings.seed,
    )


def _not_done(asked: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if _whole(asked.get("num_beams"), 1) > 1:
        notes.append("the checkpoint asks for beam search; one answer at a time is written")
    plain = {"typical_p": 1.0, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "guidance_scale": 1.0}
    notes += [
        f"the checkpoint's {name} is not applied"
        for name, without in plain.items()
        if asked.get(name) not in (None, without)
    ]
    return tuple(notes)


def _ends_of_model(*folders: Path | None) -> tuple[int, ...]:
    for folder in folders:
        config = read_json_or_empty(folder / "config.json") if folder is not None else {}
        text = config.get("text_config")
        for place in (config, text if isinstance(text, dict) else {}):
            if ids := _ids(place.get("eos_token_id")):
                return ids
    return ()


def _ids(value: Any) -> tuple[int, ...]:
    some = value if isinstance(value, list) else [value]
    return tuple(
        dict.fromkeys(
            one
            for one in some[:_MOST_IDS]
            if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 2**31
        )
    )


def _texts(value: Any) -> tuple[str, ...]:
    some = value if isinstance(value, list) else [value]
    return tuple(one for one in some[:_MOST_IDS] if isinstance(one, str) and one)


def _number(value: Any, default: float, *, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return default
    try:
        number = float(value)
    except OverflowError:
        return default
    return number if math.isfinite(number) and number >= least else default


def _whole(value: Any, default: int) -> int:
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    return value if usable else default
