"""What a decision stands on, as fingerprints by what they are of: ``tuned.adapter``,
``data.validation``, ``prompt.template``. Compared later, they say what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from tui_eval.config import Config, DataConfig, GenerationConfig, ModelConfig, TaskConfig
from tui_eval.core.records import Split
from tui_eval.core.text import content_id
from tui_eval.errors import InputError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, data_path
from tui_eval.files.producers import NOT_HERE

_SPLITS: tuple[Split, ...] = get_args(Split)
_NOT_DECIDING = ("limit", "path")
"""Of ``[generation]``: how many prompts are answered and how, not what is answered."""


def standing(config: Config, candidate: str, cache: FileCache) -> Mapping[str, str]:
    """Fingerprints of the candidate, its base, the data and the prompt as they are now;
    ``NOT_HERE`` where the files are not on this machine. Read again only where a file was
    written."""
    found: dict[str, str] = {}
    base = producers.base_name(config, candidate)
    for model in (candidate, *([base] if base is not None else [])):
        found |= _model(config, candidate, model, cache)
    found |= _data(config, candidate, cache)
    found["prompt.template"] = _template(config, candidate)
    found["generation"] = _settings(config.generation, _NOT_DECIDING)
    return found


def _settings(section: GenerationConfig | DataConfig, without: tuple[str, ...]) -> str:
    """Of what is set otherwise than by default: a setting that a later version adds makes no
    decision out of date."""
    usual = asdict(type(section)())
    found = asdict(section)
    return content_id(
        {name: found[name] for name in found if name not in without and found[name] != usual[name]}
    )


def _model(config: Config, candidate: str, model: str, cache: FileCache) -> dict[str, str]:
    entry = config.models.get(model)
    if entry is None:
        return {}
    made = {
        f"{model}.system": content_id(producers.system_prompt(config, model)),
        f"{model}.few_shot": _examples(config, entry, cache) if entry.few_shot else "none",
    }
    if entry.answers:
        made[f"{model}.answers"] = _answers(config, candidate, model)
    if entry.url:
        made[f"{model}.server"] = content_id([entry.url, entry.served_model])
    if not entry.path:
        return made
    made |= _weights(config, candidate, model)
    return made


def _examples(config: Config, entry: ModelConfig, cache: FileCache) -> str:
    named = _named(config, entry.few_shot, cache)
    return named if not entry.shots or named == NOT_HERE else f"{named}:{entry.shots}"


def _answers(config: Config, candidate: str, model: str) -> str:
    try:
        return producers.generating(config, candidate, model).weights
    except (InputError, OSError):
        return NOT_HERE


def _weights(config: Config, candidate: str, model: str) -> dict[str, str]:
    try:
        parts = producers.wanted(config, candidate, model)
    except (InputError, OSError):
        return {f"{model}.weights": NOT_HERE}
    shared = model == candidate and _on_base(config, model)
    made = {} if shared else {f"{model}.weights": parts.weights}
    if parts.adapter is not None:
        made[f"{model}.adapter"] = parts.adapter
    return {**made, f"{model}.tokenizer": parts.tokenizer}


def _on_base(config: Config, model: str) -> bool:
    """Whether the weights are base's own, which are told of base."""
    mine, base = (producers.weights_folder(config, one) for one in (model, "base"))
    return mine is not None and mine == base


def _data(config: Config, candidate: str, cache: FileCache) -> dict[str, str]:
    made = {}
    for split in _SPLITS:
        named = getattr(config.data, split)
        path = data_path(config, candidate, split) if split != "off_task" or named else None
        if path is not None:
            made[f"data.{split}"] = _content(path, cache)
    for name, task in config.tasks.items():
        if task.data or task.few_shot:
            made[f"tasks.{name}"] = _task(config, task, cache)
    made["data.fields"] = _settings(config.data, (*_SPLITS, "lines"))
    return made


def _task(config: Config, task: TaskConfig, cache: FileCache) -> str:
    parts = [_named(config, one, cache) for one in (task.data, task.few_shot)]
    named = (task.data, task.few_shot)
    here = all(part for part, name in zip(parts, named, strict=True) if name)
    return content_id(parts) if here else NOT_HERE


def _named(config: Config, path: str | None, cache: FileCache) -> str:
    return _content(config.resolve(path), cache) if path else ""


def _content(path: Path, cache: FileCache) -> str:
    try:
        return cache.content(path)
    except (InputError, OSError):
        return NOT_HERE


def _template(config: Config, candidate: str) -> str:
    """Of the template's text. One that would come with a checkpoint which is not on this
    machine is not "plain": it can't be known here."""
    try:
        text, _ = producers.template_text(config, candidate)
        at_hand = text is not None or config.prompt.template == "plain"
        if not at_hand and producers.weights_folder(config, candidate) is None:
            return NOT_HERE
    except (InputError, OSError):
        return NOT_HERE
    return content_id(text)
