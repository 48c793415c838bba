"""Labels chosen by likelihood: each is scored as the continuation of the question, and the
likeliest is what the model says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tui_eval.config import Config
from tui_eval.core.answers import Written, completion
from tui_eval.core.metrics.labels import likeliest
from tui_eval.core.records import Completion, Producer, TokenLoss
from tui_eval.core.task_records import MetricOptions, TaskItem
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.jobs import rows
from tui_eval.engine.jobs.bench import Bench
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.prompts import Renderer
from tui_eval.engine.scoring import budget_of, run_tasks
from tui_eval.engine.tokens import Encoder, limit_of
from tui_eval.files.tasks import label_samples

PORTION = 512
"""Labels that are scored at once: what is lost when the engine is killed."""


class Choosing:
    """One model that chooses. The batches are those of scoring, and proven as they are."""

    def __init__(
        self,
        config: Config,
        candidate: str,
        state: State,
        models: Models,
        producer: Producer,
        shrink: int = 0,
    ) -> None:
        scoring, scorer = config.scoring, state.scorer
        limit = limit_of(scoring.max_length, scoring.stride, scorer.loaded.positions)
        budget = budget_of(scorer, limit, scoring.batch_tokens)
        for _ in range(shrink):
            budget.halve(budget.tokens)
        prompting = replace(rows.prompting_of(config, candidate, state.name), answers="last")
        renderer = Renderer(models.tokenizer(candidate), prompting)
        self._bench = Bench(state, Encoder(state.tokenizer), renderer, limit, budget, producer)

    def detail(self) -> dict[str, Any]:
        return self._bench.detail()

    def answers(
        self, items: Sequence[TaskItem], options: MetricOptions, cancelled: Callable[[], bool]
    ) -> Iterator[Completion]:
        """In the order of the items. Raises Cancelled; what was yielded before is whole."""
        size = max(1, PORTION // max(1, len(options.labels)))
        for start in range(0, len(items), size):
            yield from self._portion(items[start : start + size], options, cancelled)

    def _portion(
        self, items: Sequence[TaskItem], options: MetricOptions, cancelled: Callable[[], bool]
    ) -> Iterator[Completion]:
        asked = [label_samples(item, options.labels) for item in items]
        bench = self._bench
        # Two items may ask the same: it is scored once.
        bench.take(list({one.id: one for some in asked for one in some.values()}.values()))
        if bench.unproven():
            bench.prove()
        losses: dict[str, TokenLoss] = {}
        stopped = False

        def stop() -> bool:
            nonlocal stopped
            stopped = stopped or cancelled()
            return stopped

        for _, some in run_tasks([("", bench.task())], stop):
            losses.update((one.sample, one) for one in some)
        if stopped:
            raise Cancelled
        for item, labels in zip(items, asked, strict=True):
            of_item = {label: losses[sample.id] for label, sample in labels.items()}
            yield self._said(item, of_item, options)

    def _said(
        self, item: TaskItem, losses: dict[str, TokenLoss], options: MetricOptions
    ) -> Completion:
        normalised = options.label_rule == "likelihood_normalised"
        label = likeliest(losses, normalised=normalised)
        error = next((loss.error for loss in losses.values() if loss.error), "")
        # A label that could not be scored might have been the likeliest.
        written = Written("" if error else label, error=error)
        return completion(self._bench.producer.key, item.sample.id, written)
