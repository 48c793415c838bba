"""Everything that another person needs to repeat an evaluation, as plain JSON."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from tui_eval import __version__
from tui_eval.config import FILE_NAME, Config
from tui_eval.core.reading import Reading
from tui_eval.core.text import clean, digest
from tui_eval.errors import TuiEvalError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.report import provenance_data, provenance_judging, provenance_models
from tui_eval.files.settings import (
    HIDDEN,
    SECTIONS,
    bare_addresses,
    in_force,
    lines_of,
    secret_name,
    text_of,
    without_secrets,
)
from tui_eval.store.workspace import Workspace

PACKAGES = (
    "torch", "transformers", "peft", "accelerate", "safetensors", "tokenizers", "numpy", "scipy",
    "polars", "scikit-learn", "rouge-score", "sacrebleu", "jsonschema", "jinja2",
)  # fmt: skip
"""What decides a number."""
LEFT_OUT = ("truncated", "skipped_rows", "kept_back", "no_answers", "cut_prompt", "duplicates")
"""Findings that tell what did not count."""
Readings = Mapping[str, Mapping[str, Reading]]


def provenance(
    workspace: Workspace, config: Config, readings: Readings, cache: FileCache
) -> dict[str, Any]:
    """Of the candidates that ``readings`` holds, and what they are held against."""
    names = tuple(readings)
    evidence = WorkspaceEvidence(workspace, config, cache)
    runs = provenance_models.runs(evidence, config, names)
    data = provenance_data.data(evidence, config, names, cache)
    return {
        "software": {
            "tui_eval": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": _packages(),
        },
        "machines": provenance_models.machines(runs),
        "models": provenance_models.models(evidence, config, names, runs),
        "runs": runs,
        "data": data,
        "prompts": {name: _prompt(config, name) for name in names},
        "settings": _settings(config),
        "eval_toml": _eval_toml(config),
        "judges": provenance_judging.judges(workspace),
        "rounds": provenance_judging.rounds_of(workspace),
        "seeds": _seeds(config),
        "exclusions": _exclusions(data, readings),
        "sandbox": _sandbox(evidence, config, names),
        "commands": _commands(config, names, workspace),
        "faults": list(workspace.faults()),
    }


def _packages() -> dict[str, str | None]:
    """As they are installed where the report is written; nothing is imported."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _prompt(config: Config, candidate: str) -> dict[str, Any]:
    try:
        text, source = producers.template_text(config, candidate)
    except (TuiEvalError, OSError) as error:
        text, source = None, f"can't be read: {error}"
    base = producers.base_name(config, candidate)
    return {
        "source": source,
        "template": text,
        "sha256": None if text is None else provenance_data.sha256_text(text),
        "fingerprint": None if text is None else digest(text),
        "system": {
            model: producers.system_prompt(config, model)
            for model in (candidate, *([base] if base is not None else []))
        },
    }


def _settings(config: Config) -> list[dict[str, Any]]:
    lines = lines_of(config.path)
    made = []
    for section in SECTIONS:
        for name, value in in_force(config, section):
            line = lines.get(name)
            # A model or task has many keys that only some need.
            if line or section not in ("models", "tasks") or value not in (None, ()):
                told = HIDDEN if value and _secret(name) else plain(value)
                made.append({"name": name, "value": told, "line": line})
    return made


def _secret(name: str) -> bool:
    return secret_name(name.rpartition(".")[2])


def plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return bare_addresses(value)
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def _eval_toml(config: Config) -> dict[str, Any]:
    text = text_of(config.path)
    return {
        "path": str(config.path) if config.path is not None else None,
        "settings_hash": config.hash,
        "sha256": provenance_data.sha256_text(text) if text else None,
        "text": without_secrets(text),
    }


def _seeds(config: Config) -> dict[str, int]:
    steps = {"review": config.review, "blind_ab": config.blind_ab}
    return {
        "scoring.seed": config.scoring.seed,
        "generation.seed": config.generation.seed,
        **{f"{name}.seed": int(one["seed"]) for name, one in steps.items() if "seed" in one},
        "bootstrap": 0,
    }


def _exclusions(data: Sequence[Mapping[str, Any]], readings: Readings) -> list[dict[str, Any]]:
    """Rows that could not be used, and what the steps say they left out."""
    made: list[dict[str, Any]] = []
    for one in data:
        for reason, count in one.get("reasons", {}).items():
            made.append({"of": one["name"], "count": count, "why": reason})
        if one.get("duplicates"):
            made.append(
                {"of": one["name"], "count": one["duplicates"], "why": "duplicates, counted once"}
            )
    for candidate, steps in readings.items():
        for step, reading in steps.items():
            made += [
                {"of": f"{candidate}, {step}", "count": None, "why": finding.text}
                for finding in reading.findings
                if finding.code in LEFT_OUT
            ]
    return made


def _sandbox(evidence: WorkspaceEvidence, config: Config, names: Sequence[str]) -> dict[str, Any]:
    """The level that was demanded, and by candidate and task the one that code ran at."""
    ran: dict[str, dict[str, str]] = {}
    for name in names:
        try:
            tasks = evidence.tasks(name)
        except (TuiEvalError, OSError):
            continue
        levels = {one.name: one.sandbox for one in tasks if one.sandbox}
        if levels:
            ran[name] = levels
    return {"demanded": str(config.task_metrics["sandbox"]), "ran_at": ran}


def _commands(config: Config, names: Sequence[str], workspace: Workspace) -> list[str]:
    """What repeats it, in a folder that holds this eval.toml and the files it names. What was
    judged is copied: journals name no model, which the facts of the judging do."""
    chosen = " ".join(f"--candidate {name}" for name in names)
    some = f" {chosen}" if len(names) < len(config.candidates) else ""
    journals = [clean(f"judgements/{one.path.name}") for one in workspace.journals()]
    facts = [clean(f".tui-eval/facts/{name}") for name in _judged_facts(workspace)]
    copied = [
        *(["# what people judged and signed, copied here:"] if journals else []),
        *(f"#   {path}" for path in journals),
        *(["# whose answers they were, copied here:"] if facts else []),
        *(f"#   {path}" for path in facts),
    ]
    return [
        f"python{sys.version_info.major}.{sys.version_info.minor} -m venv .venv"
        " && . .venv/bin/activate",
        f"# with tui-eval {__version__} and the packages named here, beside {FILE_NAME}:",
        *copied,
        "tui-eval doctor",
        f"tui-eval run{some}",
        f"tui-eval show --json{some}",
        f"tui-eval report{some} --out report.html",
    ]


def _judged_facts(workspace: Workspace) -> list[str]:
    folders = workspace.layout.facts_dirs
    return sorted({path.name for folder in folders for path in folder.glob("*-judged-*.jsonl")})
