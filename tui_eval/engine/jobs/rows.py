"""The rows of a job and how they are prompted: the same for every verb that runs a model."""

from __future__ import annotations

from dataclasses import replace

from tui_eval.config import Config
from tui_eval.core.records import Dataset, Split
from tui_eval.engine.jobs.models import Models
from tui_eval.engine.prompts import Prompting
from tui_eval.engine.template_guard import check_template
from tui_eval.errors import EngineError
from tui_eval.files import examples, producers
from tui_eval.files.evidence import data_path, rows_of


def dataset_of(config: Config, candidate: str, split: Split) -> Dataset:
    """The rows of a split, as many as ``row_limit`` allows."""
    path = data_path(config, candidate, split)
    if path is None:
        raise EngineError(f"No {split} file is named.", f"Set [data] {split} in eval.toml.")
    dataset = rows_of(config, path, split)
    if not dataset.samples:
        raise EngineError(f"{path} holds no usable row.", "See its skipped rows for why.")
    return dataset


def prompting_of(config: Config, candidate: str, model: str) -> Prompting:
    """The candidate's template for every model, each with its own system prompt and examples."""
    template, source = producers.template_text(config, candidate)
    return Prompting(
        template,
        source,
        producers.system_prompt(config, model),
        config.scoring.answers,
        examples.of_model(config, model).each,
    )


def check(config: Config, candidate: str, models: Models, dataset: Dataset) -> None:
    """Try the candidate's template where it can do no harm."""
    prompting = prompting_of(config, candidate, candidate)
    if prompting.template is None:
        return
    tokens = models.tokenizer(candidate).special_tokens_map
    samples = [one for one in dataset.samples if one.messages]
    shown = [replace(one, messages=prompting.messages(one)) for one in samples]
    check_template(prompting.template, shown, tokens, None)
