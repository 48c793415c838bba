"""The ``score`` verb: what base and candidate make of each row, as facts.

It joins files, engine and store; what is computed lies in ``engine.scoring``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config
from tui_eval.core.records import Dataset, Job, Preflight, Producer, Sample, Split
from tui_eval.engine import preflight, probes
from tui_eval.engine.backends.transformers_scorer import IN_WORDS
from tui_eval.engine.jobs import rows
from tui_eval.engine.jobs.bench import Bench, Meter
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.jobs.score_facts import ScoreFacts
from tui_eval.engine.load import bad_weights
from tui_eval.engine.prompts import Prompting, Rendered, Renderer
from tui_eval.engine.reconcile import reconciles
from tui_eval.engine.scoring import SHARD, budget_of, run_tasks
from tui_eval.engine.tokens import Encoded, Encoder, Piece, limit_of
from tui_eval.errors import EngineError
from tui_eval.files import producers

if TYPE_CHECKING:
    from tui_eval.engine.context import JobContext


def run(job: Job, context: JobContext) -> None:
    with context.workspace.facts(job.id) as facts:
        again = bool(job.args.get("again"))
        Comparison(context, job, ScoreFacts(facts, context.workspace, again=again)).run()


@dataclass(frozen=True)
class Look:
    """What the preflight needs of a model, and nothing that keeps its weights alive."""

    encoder: Encoder
    rendered: Sequence[Rendered]
    encoded: Sequence[Encoded]
    logits: Sequence[Any]
    path: str
    device: str
    dtype: str
    vocabulary: int


class Comparison:
    """One candidate and its base on one split."""

    def __init__(self, context: JobContext, job: Job, facts: ScoreFacts) -> None:
        self.context = context
        self.config: Config = context.config
        self.candidate = str(job.args.get("candidate", "tuned"))
        self.split: Split = job.args.get("split", "validation")
        self.facts = facts
        self.meter = Meter(context.progress)
        self.shrink = facts.killed_for_memory(job)
        self._looks: dict[str, Look] = {}
        self._faults: list[EngineError] = []
        self._pieces: Sequence[Piece] = ()
        base = producers.scored_base(self.config, self.candidate)
        named = (self.config, self.candidate, base or self.candidate)
        self._design = producers.prompt_design(*named) if base is not None else ""
        self._same_weights = bool(self._design) and producers.same_weights(*named)

    def run(self) -> None:
        dataset = rows.dataset_of(self.config, self.candidate, self.split)
        models = Models(self.config, self.candidate, self.context.warm, self.context.log)
        if self._nothing_to_do(models, dataset):
            return
        rows.check(self.config, self.candidate, models, dataset)
        self.facts.dataset(dataset)
        self.meter.say(f"loading {self.candidate}")
        for group in models.groups():
            self._group(group, models, dataset)
            # The next group is loaded where this one's weights were.
            group.clear()
            if self.context.cancelled():
                return
        if self._faults:
            raise self._faults[0]

    def _names(self) -> list[str]:
        base = producers.scored_base(self.config, self.candidate)
        return [self.candidate] if base is None else [base, self.candidate]

    def _nothing_to_do(self, models: Models, dataset: Dataset) -> bool:
        """Asked before anything is loaded: everything is there, nothing has changed."""
        samples = {sample.id for sample in dataset.samples}
        wanted = (self._producer(name, models.choice.dtype) for name in self._names())
        return self.facts.checked(producers.pair_key(self.config, self.candidate)) and all(
            samples <= self.facts.scored(producer.key) for producer in wanted
        )

    def _producer(self, model: str, dtype: str) -> Producer:
        return producers.wanted(self.config, self.candidate, model, dtype=dtype)

    def _prompting(self, model: str) -> Prompting:
        return rows.prompting_of(self.config, self.candidate, model)

    def _group(self, group: Sequence[State], models: Models, dataset: Dataset) -> None:
        benches = [self._bench(state, models) for state in group]
        samples = dataset.samples
        for start in range(0, len(samples), SHARD):
            shard = samples[start : start + SHARD]
            for bench in benches:
                bench.take(shard)
            if any(bench.unproven() for bench in benches):
                self.meter.say("checking the scoring path")
                for bench in benches:
                    bench.prove()
            if not start:
                self._first(benches, shard)
            self._score(benches, (len(samples) - start) / len(shard))
            if self.context.cancelled():
                return
        self._look_at_weights(benches)

    def _bench(self, state: State, models: Models) -> Bench:
        scoring = self.config.scoring
        scorer, loaded = state.scorer, state.scorer.loaded
        limit = limit_of(scoring.max_length, scoring.stride, loaded.positions)
        budget = budget_of(scorer, limit, scoring.batch_tokens)
        for _ in range(self.shrink):
            budget.halve(budget.tokens)
        producer = self._producer(state.name, loaded.dtype)
        renderer = Renderer(models.tokenizer(self.candidate), self._prompting(state.name))
        done = self.facts.scored(producer.key)
        return Bench(state, Encoder(state.tokenizer), renderer, limit, budget, producer, done)

    def _first(self, benches: Sequence[Bench], shard: Sequence[Sample]) -> None:
        """The preflight, the producers and the parts to reconcile with the log."""
        # The candidate first: on its rows base is looked at too, where the prompts differ.
        for bench in sorted(benches, key=lambda one: one.name != self.candidate):
            self._looks[bench.name] = self._look(bench)
        key = producers.pair_key(self.config, self.candidate)
        # Of the rows that the perplexity is made of, where they are scored too.
        if self.split == "validation" or not self.facts.checked(key):
            self.facts.preflight(key, self._preflight(shard))
        for bench in benches:
            self.facts.producer(replace(bench.producer, detail=bench.detail()))
            if bench.name == self.candidate and self.split == "validation":
                self._reconcile(bench)
        self.facts.commit()

    def _look(self, bench: Bench) -> Look:
        scorer, loaded = bench.state.scorer, bench.state.scorer.loaded
        pieces: Sequence[Piece] = bench.pieces()
        if bench.name == self.candidate:
            self._pieces = pieces
        elif self._design and _fits(self._pieces, loaded.vocabulary):
            pieces = self._pieces
        return Look(
            bench.encoder,
            bench.rendered,
            bench.encoded,
            probes.effect_logits(scorer, pieces, adapter=bench.state.adapter),
            IN_WORDS[scorer.path],
            loaded.device,
            loaded.dtype,
            loaded.vocabulary,
        )

    def _preflight(self, shard: Sequence[Sample]) -> Preflight:
        """What is known so far; said again when the base has been looked at too."""
        tuned = self._looks[self.candidate]
        prompting = self._prompting(self.candidate)
        renderer = Renderer(tuned.encoder.tokenizer, prompting)
        looked_at = [one for one in shard[: preflight.LOOKED_AT] if one.messages]
        facts = replace(
            preflight.facts_of_prompt(
                shard,
                tuned.rendered,
                tuned.encoded,
                tuned.encoder,
                prompting,
                [renderer.prompt(one) for one in looked_at],
                wanted_chat=self.config.prompt.template == "chat",
            ),
            path=tuned.path,
            device=tuned.device,
            dtype=tuned.dtype,
            vocabulary=tuned.vocabulary,
        )
        base = next((look for name, look in self._looks.items() if name != self.candidate), None)
        if base is None:
            return facts
        # The same texts: base's own may be prompted in another way.
        theirs = base.encoder.encode(tuned.rendered) if self._design else base.encoded
        same = preflight.same_tokenizer(
            tuned.encoder.tokenizer, base.encoder.tokenizer, (tuned.encoded, theirs)
        )
        differs = preflight.difference_words(tuned.rendered, base.rendered)
        return replace(
            facts,
            same_tokenizer=same,
            prompt_differs=differs,
            prompt_design=self._design if differs else "",
            # Equal weights are meant where the prompt is what differs.
            probes=0 if self._same_weights else len(tuned.logits),
            max_logit_difference=(
                probes.largest_difference(tuned.logits, base.logits)
                if same and not self._same_weights
                else None
            ),
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
        tasks = [(bench.name, bench.task()) for bench in benches]
        keys = {bench.name: bench.producer.key for bench in benches}
        later = len(set(self._names()) - self._looks.keys())
        self.meter.start([task for _, task in tasks], shards, later)
        self._renderings(benches)
        for name, losses in run_tasks(tasks, self.context.cancelled):
            for loss in losses:
                self.facts.loss(keys[name], loss)
            self.facts.commit_now_and_then()
            self.meter.show(tasks)
        self.facts.commit()

    def _renderings(self, benches: Sequence[Bench]) -> None:
        key = producers.prompt_key(self.config, self.candidate)
        for bench in benches:
            if bench.name == self.candidate and self.split != "train":
                self.facts.renderings(
                    key,
                    [
                        preflight.rendering_of(row, one, bench.encoder.tokenizer)
                        for row, one in zip(bench.rendered, bench.encoded, strict=True)
                        if row.text
                    ],
                )

    def _look_at_weights(self, benches: Sequence[Bench]) -> None:
        """Losses that are not finite are facts like others; where the weights are the
        reason, the job ends saying so."""
        for bench in benches:
            rows = self.facts.not_finite.get(bench.producer.key)
            names = bad_weights(bench.state.scorer.loaded.model) if rows else ()
            if names:
                self._faults.append(
                    EngineError(
                        f"{bench.name}: {rows} rows have no finite loss, for the weights hold "
                        f"NaN or infinity ({names[0]}).",
                        "The training diverged or the file is damaged: judge an earlier "
                        "checkpoint.",
                    )
                )


def _fits(pieces: Sequence[Piece], vocabulary: int) -> bool:
    """Whether a model knows every token of these; ids of another tokenizer may be beyond it."""
    return bool(pieces) and max(int(piece.ids.max()) for piece in pieces) < vocabulary
