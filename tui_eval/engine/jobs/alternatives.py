"""The ``tokens`` verb: what base and candidate expected at every place of one text, as facts.

The text is a row as it is scored (``sample``), or an answer of the candidate as it was made
(``answer``). Asked for by a person who looks at it, never with a whole step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config
from tui_eval.core.records import Completion, Dataset, Job, Producer, Sample, Split, TokenTable
from tui_eval.engine import probes
from tui_eval.engine.alternatives import answered, table_of
from tui_eval.engine.jobs import rows
from tui_eval.engine.jobs.bench import Bench
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.memory import is_out_of_memory, release
from tui_eval.engine.prompts import Rendered, Renderer
from tui_eval.engine.scoring import budget_of
from tui_eval.engine.tokens import Encoder, limit_of
from tui_eval.errors import EngineError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, data_path
from tui_eval.store import codec

if TYPE_CHECKING:
    from tui_eval.engine.context import JobContext

SPLITS: tuple[Split, ...] = ("validation", "off_task")
"""Where a row is looked for: those whose texts are shown."""


def run(job: Job, context: JobContext) -> None:
    with context.workspace.facts(job.id) as facts:
        Looking(context, job, facts).run()


@dataclass(frozen=True)
class Wanted:
    """The text that is looked at. ``name`` is what its facts are recorded under."""

    name: str
    dataset: Dataset
    sample: Sample
    answer: Completion | None = None


class Looking:
    """One text under a candidate and its base."""

    def __init__(self, context: JobContext, job: Job, facts: Any) -> None:
        self.context, self.job, self.facts = context, job, facts
        self.config: Config = context.config
        self.candidate = str(job.args.get("candidate", "tuned"))
        self._evidence = WorkspaceEvidence(context.workspace, self.config, FileCache())
        self._done = 0

    def run(self) -> None:
        wanted = self._wanted()
        models = Models(self.config, self.candidate, self.context.warm, self.context.log)
        names = [name for name in self._names() if not self._known(name, models, wanted.name)]
        if not names:
            return
        one = replace(wanted.dataset, samples=(wanted.sample,))
        rows.check(self.config, self.candidate, models, one)
        self._say(f"loading {self.candidate}", names)
        for group in models.groups(names):
            for state in group:
                self._say(f"looking as {state.name}", names)
                self._record(state, models, wanted)
                self._done += 1
                if self.context.cancelled():
                    return
            group.clear()
        self._say("", names)

    def _say(self, message: str, names: list[str]) -> None:
        self.context.progress(self._done, len(names), "models", message)

    def _names(self) -> list[str]:
        base = producers.base_name(self.config, self.candidate)
        return [self.candidate] if base is None else [base, self.candidate]

    def _producer(self, name: str, dtype: str) -> Producer:
        return producers.wanted(self.config, self.candidate, name, dtype=dtype)

    def _known(self, name: str, models: Models, text: str) -> bool:
        key = self._producer(name, models.choice.dtype).key
        return text in self.context.workspace.have("tokens", key)

    def _wanted(self) -> Wanted:
        answer = self.job.args.get("answer")
        if answer is None:
            name = str(self.job.args.get("sample", ""))
            return Wanted(name, *self._row(name))
        answers = self._evidence.answers(self.candidate, self.candidate)
        found = next((one for one in answers.values() if one.id == answer), None)
        if found is None:
            raise EngineError(
                "This answer is not here any more.", "Other answers were made since: open one."
            )
        return Wanted(found.id, *self._row(found.sample), found)

    def _row(self, name: str) -> tuple[Dataset, Sample]:
        for dataset in self._datasets():
            for sample in dataset.samples:
                if sample.id == name:
                    return dataset, sample
        raise EngineError(
            "The data no longer hold this row: they were changed since it was scored.",
            "Open the row again from its step.",
        )

    def _datasets(self) -> Iterator[Dataset]:
        for split in SPLITS:
            if data_path(self.config, self.candidate, split) is not None:
                yield rows.dataset_of(self.config, self.candidate, split)

    def _record(self, state: State, models: Models, wanted: Wanted) -> None:
        try:
            key, table = self._looked(state, models, wanted)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            release(state.scorer.loaded.device)
            raise EngineError(
                f"The text does not fit into memory beside {state.name}.",
                "Lower [scoring] max_length in eval.toml.",
            ) from error
        self._compare(key, table, state)
        self.facts.append("tokens", key, wanted.name, codec.encode(table))
        self.facts.commit()

    def _looked(self, state: State, models: Models, wanted: Wanted) -> tuple[str, TokenTable]:
        scoring, scorer = self.config.scoring, state.scorer
        prompting = rows.prompting_of(self.config, self.candidate, state.name)
        renderer = Renderer(models.tokenizer(self.candidate), prompting)
        limit = limit_of(scoring.max_length, scoring.stride, scorer.loaded.positions)
        budget = budget_of(scorer, limit, scoring.batch_tokens)
        producer = self._producer(state.name, scorer.loaded.dtype)
        bench = Bench(state, Encoder(state.tokenizer), renderer, limit, budget, producer)
        if wanted.answer is None:
            bench.take([wanted.sample])
        else:
            bench.rendered = [_rendered(renderer, wanted)]
            bench.encoded = bench.encoder.encode(bench.rendered)
        if not bench.encoded[0].problem:
            bench.prove()
        with scorer.as_model(adapter=state.adapter):
            table = table_of(scorer, bench.encoder, bench.rendered[0], bench.encoded[0], limit)
        return producer.key, table

    def _compare(self, key: str, table: TokenTable, state: State) -> None:
        """Say so in the log where a scored token's loss is not the one that was recorded."""
        loss = self.context.workspace.loss(key, table.sample)
        if loss is None or not loss.spans or table.error:
            return
        ours = _by_span(table.spans, table.token_nll)
        pairs = [
            pair
            for span, values in _by_span(loss.spans, loss.token_nll).items()
            for pair in zip(ours.get(span, ()), values, strict=False)
        ]
        apart = [abs(one - other) / (1 + abs(other)) for one, other in pairs]
        allowed = probes.tolerance(state.scorer.loaded.dtype)
        far = sum(one > allowed for one in apart)
        missing = loss.tokens - len(pairs)
        if far or missing:
            self.context.log(
                f"{state.name}, row {table.sample}: of {loss.tokens} tokens {far} differ from "
                f"what was recorded when it was scored, by {max(apart, default=0.0):.3g} of "
                f"their loss at most, and {missing} are cut otherwise"
            )


def _by_span(
    spans: Sequence[tuple[int, int]], nll: Sequence[float]
) -> dict[tuple[int, int], list[float]]:
    """Several tokens may be parts of one character."""
    found: dict[tuple[int, int], list[float]] = defaultdict(list)
    for span, value in zip(spans, nll, strict=False):
        found[span].append(value)
    return found


def _rendered(renderer: Renderer, wanted: Wanted) -> Rendered:
    answer = wanted.answer
    if answer is None:
        return renderer.render(wanted.sample)
    try:
        prompt = renderer.prompt(wanted.sample)
    except Exception as error:  # a template may raise anything
        words = f"the chat template refuses the prompt: {error}"
        return Rendered(answer.id, "", problem=words)
    return answered(renderer, prompt, answer.id, answer.text, ended=answer.finish == "stop")
