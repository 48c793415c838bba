"""What decides a loss or an answer, gathered from the configuration and the files it names.

The engine writes facts under these keys and the readings look for the same ones, so a
retrained checkpoint, another template or another limit can never show old numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from tui_eval.config import Config
from tui_eval.core.evidence import Untrained
from tui_eval.core.records import FROM_FILE, REFERENCES, Producer
from tui_eval.core.text import content_id
from tui_eval.errors import InputError
from tui_eval.files import examples
from tui_eval.files.checkpoint import Checkpoint, look, resolve_model, template_of
from tui_eval.files.fingerprint import (
    adapter_fingerprint,
    tokenizer_fingerprint,
    weights_fingerprint,
)
from tui_eval.files.generation import same_settings, settings_key
from tui_eval.files.raw import is_file, is_folder

SCORER = "score-1"
"""Goes up whenever the same inputs would give another loss."""

GENERATOR = "generate-1"
"""The same for answers."""

NOT_HERE = ""
"""A fingerprint that could not be taken: the weights are not on this machine."""


def base_name(config: Config, candidate: str) -> str | None:
    """What a candidate is held against: ``base``, unless it is the base itself."""
    return "base" if "base" in config.models and candidate != "base" else None


def scorable(config: Config, model: str) -> bool:
    """Whether the model itself is named, not its answers or its log alone."""
    entry = config.models.get(model)
    return entry is not None and bool(entry.path or entry.url)


def scored_base(config: Config, candidate: str) -> str | None:
    """The base whose losses a candidate's are compared with."""
    base = base_name(config, candidate)
    return base if base is not None and scorable(config, base) else None


def untrained(config: Config, model: str) -> Untrained:
    """Whether there is no training to look at, and why. Weights equal to base's are a slip
    where nothing else differs; with a prompt of their own they are a candidate."""
    entry = config.models.get(model)
    if entry is None or entry.log or model == "base":
        return ""
    if entry.references:
        return "references"
    if not scorable(config, model):
        return "answers" if entry.answers else ""
    own_prompt = bool(entry.few_shot) or entry.system is not None
    return "prompt" if own_prompt and same_weights(config, model, "base") else ""


def same_weights(config: Config, one: str, other: str) -> bool:
    """Whether two models are the same but for their prompts."""
    first, second = (checkpoint_of(config, name) for name in (one, other))
    if first is None or second is None or "adapter" in (first.kind, second.kind):
        return False
    if first.path.resolve() == second.path.resolve():
        return True
    prints = [_stamped(weights_fingerprint, found.path) for found in (first, second)]
    return prints[0] == prints[1] != NOT_HERE


def checkpoint_of(config: Config, model: str) -> Checkpoint | None:
    """What lies where ``[models.NAME] path`` points; None for a server or a missing path."""
    entry = config.models.get(model)
    if entry is None or not entry.path:
        return None
    folder = resolve_model(entry.path, config.folder)
    return look(folder) if folder is not None else None


def prompter(config: Config, candidate: str) -> str:
    """Whose template and settings of answering serve the models of a comparison: the
    candidate's; base's where the candidate is answers alone."""
    base = scored_base(config, candidate)
    alone = base is not None and not scorable(config, candidate)
    return base if base is not None and alone else candidate


def weights_folder(config: Config, model: str) -> Path | None:
    """The folder with the full weights: an adapter's base, or the model itself."""
    checkpoint = checkpoint_of(config, model)
    if checkpoint is None:
        return None
    if checkpoint.kind != "adapter":
        return checkpoint.path
    base = checkpoint_of(config, "base")
    if base is not None and model != "base":
        return base.path
    return checkpoint.base_path


def tokenizer_folder(config: Config, model: str) -> Path | None:
    """Where the model's tokenizer lies: the checkpoint, else the weights it sits on."""
    checkpoint = checkpoint_of(config, model)
    if checkpoint is not None and checkpoint.has_tokenizer:
        return checkpoint.path
    return weights_folder(config, model)


def template_text(config: Config, candidate: str) -> tuple[str | None, str]:
    """The chat template that both models are prompted with, and where it is from.

    None means plain: the prompt followed directly by the answer.
    """
    choice = config.prompt.template
    if choice == "plain":
        return None, "plain, as set in eval.toml"
    if choice != "chat":
        path = config.resolve(choice)
        try:
            return path.read_text(encoding="utf-8"), f"chat: {choice}"
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The prompt template {choice} can't be read: {error}",
                "Set [prompt] template to chat, plain or a Jinja file.",
            ) from error
    candidate = prompter(config, candidate)
    for folder, owner in (
        (tokenizer_folder(config, candidate), "the checkpoint's"),
        (weights_folder(config, candidate), "the base model's"),
    ):
        text = template_of(folder) if folder is not None else None
        if text is not None:
            return text, f"chat: {owner} chat template"
    return None, "plain: the checkpoint has no chat template"


def system_prompt(config: Config, model: str) -> str | None:
    entry = config.models.get(model)
    if entry is not None and entry.system is not None:
        return entry.system
    return config.prompt.system


def prompt_design(config: Config, candidate: str, base: str) -> str:
    """How the prompts of two models differ by what eval.toml sets, in words; empty where it
    sets nothing apart."""
    other_system = system_prompt(config, candidate) != system_prompt(config, base)
    told = []
    for model in (candidate, base):
        shown = len(examples.of_model(config, model).each)
        own = [f"{shown} example{'s' if shown > 1 else ''} before each prompt"] if shown else []
        if other_system and config.models[model].system is not None:
            own.append("a system prompt of its own")
        told += [f"{model} has {' and '.join(own)}"] if own else []
    return "; ".join(told)


def prompt_key(config: Config, candidate: str, model: str | None = None) -> str:
    """Names everything that decides the rendered text for ``model`` (default: the
    candidate) and which part of it is scored."""
    template, _ = template_text(config, candidate)
    parts = {
        "template": template,
        "system": system_prompt(config, model or candidate),
        "answers": config.scoring.answers,
    }
    shown = examples.of_model(config, model or candidate).turns
    # Their content: a file of examples that was corrected makes another prompt.
    more = {"examples": [turn.as_dict() for turn in shown]} if shown else {}
    return content_id({**parts, **more})


def pair_key(config: Config, candidate: str) -> str:
    """Names a candidate and its base as they are now, for the preflight."""
    base = scored_base(config, candidate)
    keys = [wanted(config, candidate, candidate).key]
    if base is not None:
        keys.append(wanted(config, candidate, base).key)
    return content_id(keys)


def fingerprints(config: Config, model: str) -> tuple[str, str | None, str]:
    """Of weights, adapter (None where it is none) and tokenizer, whatever the prompt is."""
    checkpoint = checkpoint_of(config, model)
    adapter = None
    if checkpoint is not None and checkpoint.kind == "adapter":
        adapter = _stamped(adapter_fingerprint, checkpoint.path)
    weights = _stamped(weights_fingerprint, weights_folder(config, model))
    return weights, adapter, _stamped(tokenizer_fingerprint, tokenizer_folder(config, model))


def wanted(config: Config, candidate: str, model: str, *, dtype: str | None = None) -> Producer:
    """The producer that today's files and settings call for.

    ``dtype`` None stands for whatever the device chooses: ``matches`` then leaves it open.
    A fingerprint is ``NOT_HERE`` where the files are not on this machine.
    """
    weights, adapter, tokenizer = fingerprints(config, model)
    producer = Producer(
        key="",
        model=model,
        weights=weights,
        adapter=adapter,
        tokenizer=tokenizer,
        prompt=prompt_key(config, candidate, model),
        dtype=dtype or "",
        max_length=config.scoring.max_length,
        stride=config.scoring.stride or 0,
        scorer=SCORER,
    )
    return replace(producer, key=key_of(producer))


def generating(config: Config, candidate: str, model: str, *, dtype: str | None = None) -> Producer:
    """The producer of ``model``'s answers to the candidate's prompts, as ``wanted`` is of
    its losses. The candidate's template and generation_config.json serve both models."""
    entry = config.models.get(model)
    if entry is not None and entry.references:
        return _references(config, model)
    if entry is not None and entry.answers:
        return _from_file(config.resolve(entry.answers), model)
    producer = replace(
        wanted(config, candidate, model, dtype=dtype),
        max_length=0,
        stride=0,
        scorer=GENERATOR,
        settings=settings_key(config.generation, *generation_folders(config, candidate)),
    )
    return replace(producer, key=key_of(producer))


def generation_folders(config: Config, candidate: str) -> tuple[Path | None, Path | None]:
    """Where a generation_config.json is looked for: the checkpoint, then the weights that
    an adapter sits on."""
    candidate = prompter(config, candidate)
    checkpoint = checkpoint_of(config, candidate)
    own = checkpoint.path if checkpoint is not None else None
    return own, weights_folder(config, candidate)


def _from_file(path: Path, model: str) -> Producer:
    producer = Producer(
        key="",
        model=model,
        weights=_answers_hash(path),
        adapter=None,
        tokenizer="",
        prompt="",
        dtype="",
        max_length=0,
        stride=0,
        scorer=FROM_FILE,
    )
    return replace(producer, key=key_of(producer))


def _references(config: Config, model: str) -> Producer:
    """Its key stays when rows are added to the data: an answer's id is made of its row's, which
    names the row's whole content. What the data were is told beside it."""
    named = config.data.validation
    path = config.resolve(named) if named else None
    detail = {"data": named, "hash": _answers_hash(path)} if path is not None else {}
    nothing = Producer("", model, "", None, "", "", "", 0, 0, REFERENCES)
    return replace(nothing, key=key_of(nothing), detail=detail)


def _answers_hash(path: Path) -> str:
    """Of a folder that stands for several files, theirs together."""
    if is_file(path):
        return _file_hash(path)
    if not is_folder(path):
        return NOT_HERE
    # Only where a folder is named: the app's start need not pay for it.
    from tui_eval.files.answer_reading import samples_in

    return content_id([[one.name, _file_hash(one)] for one in samples_in(path)])


def _file_hash(path: Path) -> str:
    stat = path.stat()
    stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return _cached(_hash_bytes, path, stamp)


def _hash_bytes(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def key_of(producer: Producer) -> str:
    parts = {
        "weights": producer.weights,
        "adapter": producer.adapter,
        "tokenizer": producer.tokenizer,
        "prompt": producer.prompt,
        "dtype": producer.dtype,
        "max_length": producer.max_length,
        "stride": producer.stride,
        "scorer": producer.scorer,
    }
    return content_id({**parts, "settings": producer.settings} if producer.settings else parts)


def matches(recorded: Producer, want: Producer, dtype: str) -> bool:
    """Whether a recorded producer is the wanted one, as far as this machine can tell."""
    if want.weights == NOT_HERE and recorded.model != want.model:
        return False
    same = (want.prompt, want.max_length, want.stride, want.scorer) == (
        recorded.prompt,
        recorded.max_length,
        recorded.stride,
        recorded.scorer,
    )
    return (
        same
        and same_settings(recorded.settings, want.settings)
        and want.weights in (NOT_HERE, recorded.weights)
        and (want.adapter == recorded.adapter or want.weights == NOT_HERE)
        and want.tokenizer in (NOT_HERE, recorded.tokenizer)
        and (dtype in ("auto", recorded.dtype) or want.given)
    )


def _stamped(fingerprint: Callable[[Path], str], folder: Path | None) -> str:
    if folder is None or not folder.is_dir():
        return NOT_HERE
    return _cached(fingerprint, folder, _stamp(folder))


@lru_cache(maxsize=256)
def _cached(fingerprint: Callable[[Path], str], folder: Path, stamp: tuple[object, ...]) -> str:
    # Times are part of this process's memory only, never of the fingerprint.
    return fingerprint(folder)


def _stamp(folder: Path) -> tuple[object, ...]:
    entries = []
    for path in sorted(folder.iterdir()):
        if path.is_file():
            stat = path.stat()
            # The change time too: a copy may carry its old modification time along.
            times = (stat.st_mtime_ns, stat.st_ctime_ns)
            entries.append((path.name, stat.st_size, *times, stat.st_ino))
    return tuple(entries)
