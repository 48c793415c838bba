"""What a decision stands on, as fingerprints by what they are of: ``tuned.adapter``,
``data.validation``, ``prompt.template``. Compared later, they say what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

from tui_eval.config import Config, ModelConfig, TaskConfig
from tui_eval.core.records import Split
from tui_eval.core.text import content_id
from tui_eval.errors import InputError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, data_path
from tui_eval.files.generation import UNKNOWN, settings_key
from tui_eval.files.producers import NOT_HERE
from tui_eval.files.raw import is_lfs_pointer

_SPLITS: tuple[Split, ...] = get_args(Split)
_NOT_DECIDING = ("limit", "path")
"""Of ``[generation]``: how many prompts are answered and how, not what is answered."""
_NOT_SCORING = ("device", "device_map", "batch_tokens", "allow_pickle")
"""Of ``[scoring]``: where and how fast it is done."""


def standing(config: Config, candidate: str, cache: FileCache) -> Mapping[str, str]:
    """Fingerprints of the candidate, its base, the data, the prompt and the rules of evaluation
    as they are now.

    What eval.toml names and is not on this machine is ``NOT_HERE``; what it does not name has no
    fingerprint. The two must not be mixed up: the first may be the same as ever, the second is
    another model or other data. Read again only where a file was written.
    """
    found: dict[str, str] = {}
    base = producers.base_name(config, candidate)
    models = (candidate, *([base] if base is not None else []))
    for model in models:
        found |= _model(config, candidate, model, cache)
    # A task's name never takes the place of a model's part: ``tasks.adapter`` may be either.
    found = found | _data(config, candidate, cache) | found
    found["prompt.template"] = _template(config, candidate)
    found["generation"] = _settings(config.generation, _NOT_DECIDING)
    found |= _generation_file(config, candidate)
    own = {name: config.models[name].dtype for name in models if name in config.models}
    own = {name: dtype for name, dtype in own.items() if dtype is not None}
    scoring = _settings(config.scoring, _NOT_SCORING)
    found["scoring"] = content_id([scoring, own]) if own else scoring
    return found


def kind_of(entry: ModelConfig, at_path: str) -> str:
    """What kind of model eval.toml names; ``at_path``: what lies there, ``adapter`` or
    ``full``, or ``NOT_HERE`` where that can't be known, as then the whole can't."""
    if entry.path and at_path == NOT_HERE:
        return NOT_HERE
    named = {
        "references": entry.references,
        "answers": entry.answers,
        "url": entry.url,
        at_path: entry.path,
    }
    return "+".join(name for name, value in named.items() if value) or "none"


def shares_weights(config: Config, model: str) -> bool:
    """Whether an adapter's weights are base's own, which are told of base."""
    base = config.models.get("base")
    return model != "base" and base is not None and bool(base.path)


def _settings(section: Any, without: tuple[str, ...]) -> str:
    """Of what is set otherwise than by default: a setting that a later version adds makes no
    decision out of date."""
    return content_id(_set(section, without))


def _set(section: Any, without: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for one in fields(section):
        usual = one.default if one.default_factory is MISSING else one.default_factory()
        value = getattr(section, one.name)
        if one.name not in without and value != usual:
            found[one.name] = value
    return found


def _model(config: Config, candidate: str, model: str, cache: FileCache) -> dict[str, str]:
    entry = config.models.get(model)
    if entry is None:
        return {}
    at_path = _at_path(config, model)
    made = {
        f"{model}.kind": kind_of(entry, at_path),
        f"{model}.named": content_id([entry.path, entry.answers]),
        f"{model}.system": content_id(producers.system_prompt(config, model)),
        f"{model}.few_shot": _examples(config, entry, cache) if entry.few_shot else "none",
    }
    if entry.answers:
        made[f"{model}.answers"] = _answers(config, candidate, model)
    if entry.references:
        made[f"{model}.references"] = content_id(True)
    if entry.url:
        made[f"{model}.server"] = content_id([entry.url, entry.served_model])
    return made | (_weights(config, model, at_path) if entry.path else {})


def _at_path(config: Config, model: str) -> str:
    """``adapter`` or ``full``; a folder without a model is as good as none. ``unreadable``: what
    is there is broken, and so not what was evaluated."""
    try:
        checkpoint = producers.checkpoint_of(config, model)
    except InputError:
        return "unreadable"
    except OSError:
        return NOT_HERE
    usable = checkpoint is not None and checkpoint.kind in ("adapter", "full")
    return checkpoint.kind if checkpoint is not None and usable else NOT_HERE


def _examples(config: Config, entry: ModelConfig, cache: FileCache) -> str:
    named = _named(config, entry.few_shot, cache)
    return named if not entry.shots or named == NOT_HERE else f"{named}:{entry.shots}"


def _answers(config: Config, candidate: str, model: str) -> str:
    try:
        return producers.generating(config, candidate, model).weights
    except (InputError, OSError):
        return NOT_HERE


def _weights(config: Config, model: str, at_path: str) -> dict[str, str]:
    adapter = at_path == "adapter"
    names = ["adapter"] if adapter else []
    names += [] if adapter and shares_weights(config, model) else ["weights"]
    try:
        # Not by the prompt: examples that can't be read hide no weights.
        weights, own, tokenizer = producers.fingerprints(config, model)
    except (InputError, OSError):
        return {f"{model}.{name}": NOT_HERE for name in (*names, "tokenizer")}
    made = {"weights": weights, "adapter": own or NOT_HERE, "tokenizer": tokenizer}
    found = {f"{model}.{name}": made[name] for name in (*names, "tokenizer")}
    pointers = _pointers(config, model)
    for name in (f"{model}.{name}" for name in names):
        # A Git LFS pointer in the weights' place is a file, and not the one that was evaluated.
        if pointers and found[name] == NOT_HERE:
            found[name] = pointers
    return found


def _pointers(config: Config, model: str) -> str:
    checkpoint = producers.checkpoint_of(config, model)
    paths = checkpoint.weights if checkpoint is not None else ()
    try:
        texts = [path.read_text("ascii") for path in paths if is_lfs_pointer(path)]
    except (OSError, UnicodeDecodeError):
        return NOT_HERE
    return f"pointer-{content_id(texts)}" if texts else NOT_HERE


def _generation_file(config: Config, candidate: str) -> dict[str, str]:
    """Of the checkpoint's generation_config.json, where answers are made by a checkpoint."""
    entry = config.models.get(producers.prompter(config, candidate))
    if entry is None or not entry.path:
        return {}
    try:
        folders = producers.generation_folders(config, candidate)
    except (InputError, OSError):
        return {"generation.file": NOT_HERE}
    told = settings_key(config.generation, *folders).rpartition("-")[2]
    return {"generation.file": NOT_HERE if told == UNKNOWN else told}


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
        made[f"task_rules.{name}"] = _rules(config, task, cache)
    made["data.fields"] = _settings(config.data, (*_SPLITS, "lines"))
    return made


def _task(config: Config, task: TaskConfig, cache: FileCache) -> str:
    parts = [_named(config, one, cache) for one in (task.data, task.few_shot)]
    named = (task.data, task.few_shot)
    here = all(part for part, name in zip(parts, named, strict=True) if name)
    return content_id(parts) if here else NOT_HERE


def _rules(config: Config, task: TaskConfig, cache: FileCache) -> str:
    """Of how its questions are put and its answers scored, without its data."""
    told = _set(task, ("name", "data", "few_shot", "lines", "schema", "own"))
    files = {
        name: _named(config, path, cache)
        for name, path in (("schema", task.schema), ("own", task.own))
        if path
    }
    return NOT_HERE if NOT_HERE in files.values() else content_id({**told, **files})


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
