"""The ``score`` verb: what base and candidate make of each row, as facts.

It joins files, engine and store; what is computed lies in ``engine.scoring``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config
from tui_eval.core.records import Dataset, Job, Preflight, Producer, Sample, Split
from tui_eval.engine import preflight, probes
from tui_eval.engine.backends.transformers_scorer import IN_WORDS, PATHS
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.jobs.score_facts import ScoreFacts
from tui_eval.engine.load import bad_weights
from tui_eval.engine.memory import Budget, budget_for, free_bytes, per_token_bytes
from tui_eval.engine.prompts import Prompting, Rendered, Renderer
from tui_eval.engine.reconcile import reconciles
from tui_eval.engine.scoring import SHARD, Task, run_tasks
from tui_eval.engine.template_guard import check_template
from tui_eval.engine.tokens import Encoded, Encoder, Limit, Piece, fit, limit_of
from tui_eval.errors import EngineError
from tui_eval.files import datasets, producers
from tui_eval.files.evidence import data_path

if TYPE_CHECKING:
    from tui_eval.engine.serve import JobContext


def run(job: Job, context: JobContext) -> None:
    candidate = str(job.args.get("candidate", "tuned"))
    split: Split = job.args.get("split", "validation")
    with context.workspace.facts(job.id) as facts:
        Comparison(context, candidate, split, ScoreFacts(facts, context.workspace)).run()


@dataclass
class Comparison:
    """One candidate and its base on one split."""

    context: JobContext
    candidate: str
    split: Split
    facts: ScoreFacts
    meter: Meter = field(init=False)
    _effects: dict[str, list[Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.config: Config = self.context.config
        self.meter = Meter(self.context.progress)

    def run(self) -> None:
        dataset = self._dataset()
        models = Models(self.config, self.candidate, self.context.warm, self.context.log)
        self._check_template(models, dataset)
        self.facts.dataset(dataset)
        self.meter.say(f"loading {self.candidate}")
        for group in models.groups():
            self._group(group, models, dataset)
            if self.context.cancelled():
                break

    def _dataset(self) -> Dataset:
        path = data_path(self.config, self.candidate, self.split)
        if path is None:
            raise EngineError(
                f"No {self.split} file is named.", f"Set [data] {self.split} in eval.toml."
            )
        scoring = self.config.scoring
        dataset = datasets.read(
            path, split=self.split, fields=self.config.data, limit=scoring.limit, seed=scoring.seed
        )
        if not dataset.samples:
            raise EngineError(f"{path} holds no usable row.", "See its skipped rows for why.")
        return dataset

    def _check_template(self, models: Models, dataset: Dataset) -> None:
        prompting = self._prompting(self.candidate)
        if prompting.template is None:
            return
        tokens = models.tokenizer(self.candidate).special_tokens_map
        check_template(prompting.template, dataset.samples, tokens, prompting.system)

    def _prompting(self, model: str) -> Prompting:
        """The candidate's template for both models, each with its own system prompt."""
        template, source = producers.template_text(self.config, self.candidate)
        return Prompting(
            template,
            source,
            producers.system_prompt(self.config, model),
            self.config.scoring.answers,
        )

    def _group(self, group: Sequence[State], models: Models, dataset: Dataset) -> None:
        benches = [self._bench(state, models) for state in group]
        for bench in benches:
            bench.done = self.facts.scored(bench.producer.key)
        samples = dataset.samples
        for start in range(0, len(samples), SHARD):
            shard = samples[start : start + SHARD]
            for bench in benches:
                bench.take(shard)
            if not start:
                self._first(benches, shard)
            self._score(benches, (len(samples) - start) / len(shard))
            if self.context.cancelled():
                return

    def _bench(self, state: State, models: Models) -> Bench:
        scoring = self.config.scoring
        loaded = state.scorer.loaded
        limit = limit_of(scoring.max_length, scoring.stride, loaded.positions)
        element = 4 if loaded.dtype == "float32" else 2
        budget = budget_for(
            loaded.device.partition(":")[0],
            free=free_bytes(loaded.device),
            bytes_per_token=per_token_bytes(state.scorer.config, element),
            wanted=scoring.batch_tokens,
        )
        producer = producers.wanted(self.config, self.candidate, state.name, dtype=loaded.dtype)
        renderer = Renderer(models.tokenizer(self.candidate), self._prompting(state.name))
        return Bench(state, Encoder(state.tokenizer), renderer, limit, budget, producer)

    def _first(self, benches: Sequence[Bench], shard: Sequence[Sample]) -> None:
        """The guards, the preflight, the producers and the reconciling parts."""
        self.meter.say("checking the scoring path")
        for bench in benches:
            with bench.state.scorer.as_model(adapter=bench.state.adapter):
                bench.prove()
            self._effects[bench.state.name] = probes.effect_logits(
                bench.state.scorer, bench.pieces(), adapter=bench.state.adapter
            )
        shared = {id(bench.state.scorer): bench.state.scorer for bench in benches}
        for scorer in shared.values():
            scorer.path = max(
                (bench.path for bench in benches if bench.state.scorer is scorer),
                key=PATHS.index,
            )
        self.facts.preflight(
            producers.pair_key(self.config, self.candidate), self._preflight(benches, shard)
        )
        for bench in benches:
            self.facts.producer(replace(bench.producer, detail=bench.detail()))
        tuned = next((bench for bench in benches if bench.state.name == self.candidate), None)
        if tuned is not None and self.split == "validation":
            self._reconcile(tuned)
        self.facts.commit()

    def _preflight(self, benches: Sequence[Bench], shard: Sequence[Sample]) -> Preflight:
        tuned = next((b for b in benches if b.state.name == self.candidate), benches[0])
        base = next((b for b in benches if b.state.name != self.candidate), None)
        looked = shard[: preflight.LOOKED_AT]
        prompts = [tuned.renderer.prompt(one) for one in looked if one.messages]
        facts = preflight.facts_of_prompt(
            shard,
            tuned.rendered,
            tuned.encoded,
            tuned.encoder,
            tuned.renderer.prompting,
            prompts,
            wanted_chat=self.config.prompt.template == "chat",
        )
        loaded = tuned.state.scorer.loaded
        facts = replace(
            facts,
            path=IN_WORDS[tuned.state.scorer.path],
            device=loaded.device,
            dtype=loaded.dtype,
            vocabulary=loaded.vocabulary,
        )
        if base is None:
            return facts
        same = preflight.same_tokenizer(
            tuned.encoder.tokenizer, base.encoder.tokenizer, (tuned.encoded, base.encoded)
        )
        ours, theirs = self._effects[self.candidate], self._effects[base.state.name]
        return replace(
            facts,
            same_tokenizer=same,
            prompt_differs=preflight.difference_words(tuned.rendered, base.rendered),
            probes=len(ours),
            max_logit_difference=probes.largest_difference(ours, theirs) if same else None,
        )

    def _reconcile(self, bench: Bench) -> None:
        if self.facts.reconciled(bench.producer.key):
            return
        scorer = bench.state.scorer
        with scorer.as_model(adapter=bench.state.adapter):
            for one in reconciles(
                scorer, bench.encoder, bench.rendered, bench.encoded, bench.limit
            ):
                self.facts.reconcile(bench.producer.key, one)

    def _score(self, benches: Sequence[Bench], shards: float) -> None:
        """Score the rows in hand; ``shards``: how many times as many are still to come."""
        tasks = [(bench.state.name, bench.task()) for bench in benches]
        keys = {bench.state.name: bench.producer.key for bench in benches}
        self.meter.start([task for _, task in tasks], shards)
        self._renderings(benches)
        for name, losses in run_tasks(tasks, self.context.cancelled):
            for loss in losses:
                self.facts.loss(keys[name], loss)
            self.facts.commit_now_and_then()
            self.meter.show(tasks)
        self.facts.commit()
        self._refuse_bad_weights(benches)

    def _renderings(self, benches: Sequence[Bench]) -> None:
        key = producers.prompt_key(self.config, self.candidate)
        for bench in benches:
            if bench.state.name == self.candidate:
                self.facts.renderings(
                    key,
                    [
                        preflight.rendering_of(row, one, bench.encoder.tokenizer)
                        for row, one in zip(bench.rendered, bench.encoded, strict=True)
                        if row.text
                    ],
                )

    def _refuse_bad_weights(self, benches: Sequence[Bench]) -> None:
        """Losses that are not finite are facts like others; weights that are not finite
        are the reason, and end the job in words."""
        for bench in benches:
            if not self.facts.not_finite.get(bench.producer.key):
                continue
            names = bad_weights(bench.state.scorer.loaded.model)
            if names:
                raise EngineError(
                    f"{bench.state.name}: {self.facts.not_finite[bench.producer.key]} rows have "
                    f"no finite loss, for the weights hold NaN or infinity ({names[0]}).",
                    "The training diverged or the file is damaged: judge an earlier checkpoint.",
                )


@dataclass
class Bench:
    """One state with its tokenizer, prompt, limits and the rows in hand."""

    state: State
    encoder: Encoder
    renderer: Renderer
    limit: Limit
    budget: Budget
    producer: Producer
    done: frozenset[str] = frozenset()
    path: Any = "packed"
    rendered: list[Rendered] = field(default_factory=list)
    encoded: list[Encoded] = field(default_factory=list)

    def take(self, samples: Sequence[Sample]) -> None:
        self.rendered = [self.renderer.render(sample) for sample in samples]
        self.encoded = self.encoder.encode(self.rendered)

    def pieces(self) -> list[Piece]:
        cuts = (fit(at, row, self.limit) for at, row in enumerate(self.encoded))
        return [piece for cut in cuts for piece in cut.pieces]

    def prove(self) -> None:
        self.path = probes.allowed_path(
            self.state.scorer, self.pieces(), self.state.scorer.wanted_paths
        )

    def task(self) -> Task:
        return Task(
            self.state.scorer,
            self.encoded,
            self.limit,
            self.budget,
            self.state.adapter,
            self.done,
            self.state.scorer.overhead,
        )

    def detail(self) -> dict[str, Any]:
        """What ``how computed`` shows: versions, hardware, the plan's settings."""
        import torch
        import transformers

        loaded = self.state.scorer.loaded
        return {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": loaded.device,
            "path": IN_WORDS[self.state.scorer.path],
            "batch_tokens": self.budget.tokens,
            "overhead_tokens": self.state.scorer.overhead,
            "limit": self.limit.length,
            "window_stride": self.limit.stride,
        }


class Meter:
    """Progress in tokens, the unit that time goes by."""

    def __init__(self, progress: Callable[..., None]) -> None:
        self._progress = progress
        self._before = 0.0
        self._total = 0.0

    def say(self, message: str) -> None:
        self._progress(self._before, self._total, "tokens", message)

    def start(self, tasks: Sequence[Task], shards: float) -> None:
        """Rows that are not tokenised yet are reckoned to be like those in hand."""
        self._total = self._before + shards * sum(task.total for task in tasks)

    def show(self, tasks: Sequence[tuple[str, Task]]) -> None:
        fed = sum(task.fed for _, task in tasks)
        left = sum(len(task.queue) for _, task in tasks)
        self._progress(self._before + fed, self._total, "tokens", f"{left} batches left")
        if not left:
            self._before += fed
