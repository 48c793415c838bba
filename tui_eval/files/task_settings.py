"""What decides a model's answers to a task's items: ``[tasks.NAME]`` over the rest of
``eval.toml``, and the keys that the answers are recorded under."""

from __future__ import annotations

from dataclasses import replace

from tui_eval.config import Config, GenerationConfig, TaskConfig
from tui_eval.core.metrics import metric_of
from tui_eval.core.records import Producer
from tui_eval.core.task_records import MetricOptions
from tui_eval.core.text import content_id
from tui_eval.files import producers

CHOOSER = "choose-1"
"""What chooses labels by their likelihood; goes up whenever it would choose otherwise."""
TEMPERATURE = 0.8
"""Of several answers to one item where none is set: equal answers would tell nothing more.
As HumanEval's authors took for many samples."""
BY_LIKELIHOOD = ("likelihood", "likelihood_normalised")


def task_config(config: Config, entry: TaskConfig) -> Config:
    """The settings as they are for this task. The system prompt stands in its items already,
    so that only a model's own takes its place. So do the task's own examples, which are of its
    kind: before them a model's, of another kind, would stand in the way."""
    models = config.models
    if entry.few_shot:
        models = {name: replace(one, few_shot=None, shots=None) for name, one in models.items()}
    return replace(
        config,
        models=models,
        generation=_generation(config.generation, entry),
        prompt=replace(config.prompt, system=None),
        # Few-shot answers are part of the question.
        scoring=replace(config.scoring, answers="last"),
    )


def _generation(settings: GenerationConfig, entry: TaskConfig) -> GenerationConfig:
    named = (entry.temperature, entry.top_p, entry.top_k)
    greedy = settings.greedy if entry.greedy is None else entry.greedy
    if entry.greedy is None and (entry.samples > 1 or any(one is not None for one in named)):
        greedy = False
    temperature = settings.temperature if entry.temperature is None else entry.temperature
    if entry.samples > 1 and not greedy and not temperature and entry.temperature is None:
        temperature = TEMPERATURE
    return replace(
        settings,
        greedy=greedy,
        temperature=temperature,
        top_p=settings.top_p if entry.top_p is None else entry.top_p,
        top_k=settings.top_k if entry.top_k is None else entry.top_k,
        max_new_tokens=entry.max_new_tokens or settings.max_new_tokens,
        stop=entry.stop or settings.stop,
        # Greedy answers are all the same.
        samples=1 if greedy or temperature == 0 else entry.samples,
    )


def by_likelihood(options: MetricOptions) -> bool:
    """Whether a label is chosen by its likelihood and no answer is written."""
    return options.label_rule in BY_LIKELIHOOD and any(
        metric_of(name).measure == "labels" for name in options.metrics
    )


def answering(
    config: Config,
    candidate: str,
    model: str,
    entry: TaskConfig,
    options: MetricOptions,
    *,
    dtype: str | None = None,
) -> Producer:
    """What today's files and settings call for to answer the task, as ``producers.generating``
    is for the validation prompts. Tasks with the same settings share their answers."""
    settings = task_config(config, entry)
    model_entry = config.models.get(model)
    if not by_likelihood(options) or (model_entry is not None and model_entry.given):
        return producers.generating(settings, candidate, model, dtype=dtype)
    chosen = replace(
        producers.wanted(settings, candidate, model, dtype=dtype),
        scorer=CHOOSER,
        settings=content_id([options.label_rule, list(options.labels)]),
    )
    return replace(chosen, key=producers.key_of(chosen))
