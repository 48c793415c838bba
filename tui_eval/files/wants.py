"""Which jobs have something to do: what is asked for without it only fails, or ends at once."""

from __future__ import annotations

from typing import Literal

from tui_eval.checklist import TASK
from tui_eval.config import Config
from tui_eval.core.records import Split
from tui_eval.core.text import clean
from tui_eval.files import producers
from tui_eval.files.evidence import data_path


def idle(config: Config, candidate: str, verb: str, split: Split | Literal["task"]) -> str:
    """Why a job has nothing to work on, in words; empty where it has. That no validation file
    is named is the job's to say: without it no step has anything."""
    if split == TASK:
        if not config.tasks:
            return "no task is named: add a section [tasks.NAME] to eval.toml"
        if not any(_answers(config, name) for name in _pair(config, candidate)):
            return "there is no model to answer: set [models.NAME] path in eval.toml"
        made = verb != "generate" or _answering(config, candidate)
        return "" if made else "the answers are read from files"
    if split in ("train", "off_task") or verb == "measure":
        kind = producers.untrained(config, candidate)
        if kind in ("prompt", "references"):
            return "nothing was trained"
    needs_train = split == "train" or verb == "measure"
    if needs_train and data_path(config, candidate, "train") is None:
        return "no train file is named: set [data] train in eval.toml"
    name = clean(candidate, limit=60)
    if verb == "score" and producers.untrained(config, candidate) == "references":
        return "there is no model behind the data's own answers"
    if verb == "score" and not producers.scorable(config, candidate):
        return f"there is no model to score: set [models.{name}] path in eval.toml"
    if verb == "generate" and not _answering(config, candidate):
        return "the answers are read from files"
    return ""


def _answering(config: Config, candidate: str) -> bool:
    """Whether candidate or base makes its answers itself."""
    entries = [config.models[name] for name in _pair(config, candidate) if name in config.models]
    return any(not entry.given for entry in entries)


def _pair(config: Config, candidate: str) -> list[str]:
    base = producers.base_name(config, candidate)
    return [candidate] if base is None else [base, candidate]


def _answers(config: Config, model: str) -> bool:
    entry = config.models.get(model)
    return entry is not None and bool(entry.path or entry.url or entry.given)
