"""When the files that Readings are made from were last written."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from tui_eval.config import Config
from tui_eval.core.records import Split
from tui_eval.errors import TuiEvalError
from tui_eval.files import own_source, producers
from tui_eval.files.evidence import data_path
from tui_eval.files.raw import stamp_of

Stamps = tuple[object, object]
"""Of eval.toml, and of the data and answers that it names."""


def stamps(config: Config, candidate: str) -> Stamps:
    """Changes whenever one of them was written, came or went, and when a model is trained again
    in its place; a look at each, none of them is read through. Logs are not among them: a
    growing one is followed where somebody asks for it."""
    splits: tuple[Split, ...] = get_args(Split)
    paths = [data_path(config, candidate, split) for split in splits]
    for model in config.models.values():
        paths += [config.resolve(one) for one in (model.answers, model.few_shot) if one]
    for task in config.tasks.values():
        named = (task.data, task.few_shot, task.schema)
        paths += [config.resolve(one) for one in named if one]
        paths += own_source.sources(config.resolve(task.own)) if task.own else ()
    paths += [_checkpoint(config, model) for model in (candidate, "base")]
    data = tuple((path, stamp_of(path)) for path in paths if path is not None)
    return (stamp_of(config.path) if config.path is not None else ()), data


def _checkpoint(config: Config, model: str) -> Path | None:
    try:
        found = producers.checkpoint_of(config, model)
    except TuiEvalError:
        # Said by the steps that need it.
        return None
    return found.path if found is not None else None
