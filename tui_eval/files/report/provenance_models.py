"""The models, and what computed their losses and answers, as the facts have recorded it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tui_eval.config import Config, ModelConfig
from tui_eval.core.records import Producer
from tui_eval.errors import TuiEvalError
from tui_eval.files import producers
from tui_eval.files.checkpoint import Checkpoint, Kind, weight_files
from tui_eval.files.evidence import WorkspaceEvidence
from tui_eval.files.fingerprint import reads_in_part
from tui_eval.files.report.provenance_data import sha256_text
from tui_eval.files.settings import bare_addresses

HARDWARE = (
    "host", "device", "device_name", "devices", "memory", "cpu", "python", "torch",
    "transformers", "peft", "cuda", "tui_eval",
)  # fmt: skip
"""Parts of a recorded ``detail`` that tell a machine and its software."""


def runs(evidence: WorkspaceEvidence, config: Config, names: Sequence[str]) -> list[dict[str, Any]]:
    """What was computed by whom under which settings, each producer once."""
    made: dict[str, dict[str, Any]] = {}
    for what, model, producer in _recorded(evidence, config, names):
        entry = made.setdefault(producer.key, {**_run(producer), "model": model, "what": []})
        if what not in entry["what"]:
            entry["what"].append(what)
    return list(made.values())


def _recorded(
    evidence: WorkspaceEvidence, config: Config, names: Sequence[str]
) -> Iterator[tuple[str, str, Producer]]:
    for candidate in names:
        base = producers.base_name(config, candidate)
        for model in filter(None, (base, candidate)):
            asked: dict[str, Callable[[], Producer | None]] = {
                "losses": partial(evidence.producer, candidate, model),
                "answers": partial(evidence.generator, candidate, model),
            }
            for task in config.tasks:
                asked[f"answers to {task}"] = partial(
                    evidence.task_producer, candidate, model, task
                )
            for what, find in asked.items():
                try:
                    found = find()
                except (TuiEvalError, OSError):
                    continue
                if found is not None:
                    yield what, model, found


def _run(producer: Producer) -> dict[str, Any]:
    return {
        "key": producer.key,
        "weights": producer.weights,
        "adapter": producer.adapter,
        "tokenizer": producer.tokenizer,
        "prompt": producer.prompt,
        "dtype": producer.dtype,
        "max_length": producer.max_length or None,
        "stride": producer.stride or None,
        "scorer": producer.scorer,
        "settings": producer.settings or None,
        "at": producer.at,
        "detail": _plain(producer.detail),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def machines(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The machines and software that computed, each once."""
    made: list[dict[str, Any]] = []
    for run in found:
        one = {name: run["detail"][name] for name in HARDWARE if name in run["detail"]}
        one["dtype"] = run["dtype"]
        if len(one) > 1 and one not in made:
            made.append(one)
    return made


def models(
    evidence: WorkspaceEvidence,
    config: Config,
    names: Sequence[str],
    found: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """The candidates, and what each is held against."""
    bases = [producers.base_name(config, name) for name in names]
    chosen = dict.fromkeys((*(one for one in bases if one is not None), *names))
    made = {}
    for name in chosen:
        own = [run for run in found if run["model"] == name]
        made[name] = {
            "role": "candidate" if name in names else "base",
            **_named(config, name),
            **_checkpoint(config, name),
            **_fingerprints(config, name, own),
        }
    return made


def _named(config: Config, name: str) -> dict[str, Any]:
    entry = config.models[name]
    system = producers.system_prompt(config, name)
    return {
        "path": bare_addresses(entry.path) if entry.path else None,
        "url": bare_addresses(entry.url) if entry.url else None,
        "served_model": entry.served_model,
        "answers": entry.answers,
        "references": entry.references,
        "few_shot": entry.few_shot,
        "own_system": entry.system is not None,
        "shots": entry.shots,
        "system_sha256": sha256_text(system) if system else None,
    }


def _checkpoint(config: Config, name: str) -> dict[str, Any]:
    """What lies there; a model that is not on this machine has its name alone."""
    try:
        looked = producers.checkpoint_of(config, name)
    except (TuiEvalError, OSError):
        looked = None
    if looked is None:
        return {"kind": _other_kind(config.models[name])}
    return {
        "kind": looked.kind,
        "folder": str(looked.path),
        "base": looked.base,
        "rank": looked.rank,
        "alpha": looked.alpha,
        "dropout": looked.dropout,
        "target_modules": list(looked.target_modules),
        "step": looked.global_step,
        "epochs": looked.epochs,
        "files": _files(looked),
        "notes": list(looked.notes),
    }


def _other_kind(entry: ModelConfig) -> str:
    if entry.references:
        return "the references"
    if entry.url:
        return "server"
    return "answers" if entry.answers else "not on this machine"


def _files(looked: Checkpoint) -> list[dict[str, Any]]:
    made = []
    for path in looked.weights:
        try:
            made.append({"name": path.name, "bytes": path.stat().st_size})
        except OSError:
            made.append({"name": path.name, "bytes": None})
    return made


def _fingerprints(config: Config, name: str, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the files as they are now; where they are not here, as they were last recorded."""
    try:
        now = producers.wanted(config, name, name)
        parts: dict[str, Any] = {
            "weights": now.weights, "adapter": now.adapter, "tokenizer": now.tokenizer,
        }  # fmt: skip
    except (TuiEvalError, OSError):
        parts = {"weights": "", "adapter": None, "tokenizer": ""}
    recorded = not parts["weights"] and bool(own)
    if recorded:
        last = max(own, key=lambda run: str(run["at"]))
        parts = {key: last[key] for key in parts}
        recorded = bool(parts["weights"])
    here = not recorded and bool(parts["weights"])
    sampled = _sampled(config, name) if here else None
    return {"fingerprints": {**parts, "as_recorded": recorded, "sampled": sampled}}


def _sampled(config: Config, name: str) -> list[str] | None:
    """Fingerprints that large files were not read whole for; None where that can't be seen."""
    try:
        return _in_part(config, name)
    except (TuiEvalError, OSError):
        return None


def _in_part(config: Config, name: str) -> list[str]:
    folders: dict[str, tuple[Path | None, Kind]] = {
        "weights": (producers.weights_folder(config, name), "full")
    }
    looked = producers.checkpoint_of(config, name)
    if looked is not None and looked.kind == "adapter":
        folders["adapter"] = (looked.path, "adapter")
    return [
        part
        for part, (folder, kind) in folders.items()
        if folder is not None and reads_in_part(weight_files(folder, kind))
    ]
