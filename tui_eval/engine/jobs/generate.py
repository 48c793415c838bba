"""The ``generate`` verb: what models answer to a candidate's prompts, as facts.

Answers come in the order in which people will judge them, in small portions first, one
model after the other within a portion, so that whole pairs are there early.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_eval.checklist import TASK
from tui_eval.config import Config
from tui_eval.core.blinding import allot, generation_order
from tui_eval.core.records import Dataset, Job, Producer, Sample, Split
from tui_eval.engine.answering import Answerer
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.jobs import rows
from tui_eval.engine.jobs.answer_facts import AnswerFacts, Place
from tui_eval.engine.jobs.desk import Desk
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.prompts import Renderer
from tui_eval.errors import EngineError
from tui_eval.files import producers
from tui_eval.files.generation import generation

if TYPE_CHECKING:
    from tui_eval.engine.context import JobContext

FIRST_PORTION = 8
"""Answers of each model in the first portion; the next ones are twice as large each, up to
twice what is written at once: people begin early, and the machine is used well later."""


def run(job: Job, context: JobContext) -> None:
    with context.workspace.facts(job.id) as facts:
        again = bool(job.args.get("again"))
        work = Answering if job.args.get("split") != TASK else _of_tasks()
        work(context, job, AnswerFacts(facts, context.workspace, again=again)).run()


def _of_tasks() -> type[Answering]:
    from tui_eval.engine.jobs.task_answers import TaskAnswering

    return TaskAnswering


class Answering:
    """One candidate's prompts, answered by the models that are asked for."""

    def __init__(self, context: JobContext, job: Job, facts: AnswerFacts) -> None:
        self.context = context
        self.config: Config = context.config
        self.candidate = str(job.args.get("candidate", "tuned"))
        self.split: Split = job.args.get("split", "validation")
        self.facts = facts
        self.names = self._names(job.args.get("models"))
        # A candidate of answers alone has no template of its own: from here on it is base's.
        self.candidate = producers.prompter(self.config, self.candidate)
        self.shrink = facts.killed_for_memory(job)
        folders = producers.generation_folders(self.config, self.candidate)
        self.generation = generation(self.config.generation, *folders)
        self._before = self._total = 0

    def run(self) -> None:
        dataset = rows.dataset_of(self.config, self.candidate, self.split)
        samples = self._chosen(dataset)
        models = self._models(self.candidate)
        places = self._places(samples)
        open_places = {name: self._open(name, models, places) for name in self.names}
        left = sum(map(len, open_places.values()))
        self._total = len(places) * len(self.names)
        self._before = self._total - left
        self._say("")
        if not left:
            return
        rows.check(self.config, self.candidate, models, dataset)
        self.facts.dataset(dataset)
        self._say("loading the model")
        for group in self._groups(models, [name for name in self.names if open_places[name]]):
            self._group(group, models, samples, places, open_places)
            # The next group is loaded where this one's weights were.
            group.clear()
            if self.context.heard:
                return

    def _names(self, asked: object) -> list[str]:
        """The models whose answers are wanted and not read from a file."""
        base = producers.base_name(self.config, self.candidate)
        pair = [self.candidate] if base is None else [base, self.candidate]
        some = map(str, asked) if isinstance(asked, (list, tuple)) else pair
        names = list(dict.fromkeys(some))
        for name in names:
            entry = self.config.models.get(name)
            if entry is None:
                raise EngineError(
                    f"No model is named {name}.", f"Add [models.{name}] to eval.toml."
                )
            if entry.url and not entry.path and not entry.given:
                raise EngineError(
                    f"{name} runs on a server ({entry.url}); only models on this machine answer.",
                    f"Set [models.{name}] path to its files, or answers to a file with its own.",
                )
        names = [name for name in names if not self.config.models[name].given]
        if not names:
            raise EngineError(
                "The answers of these models are read from files; there is none to make.",
                "Judge them as they are, or take [models.NAME] answers out of eval.toml.",
            )
        return names

    def _chosen(self, dataset: Dataset) -> list[Sample]:
        """The prompts in the order in which they will be judged."""
        review, pairs = self.config.review, self.config.blind_ab
        allotment = allot(
            dataset.samples,
            seed=int(review["seed"]),
            review=int(review["samples"]),
            pairs=int(pairs["pairs"]),
        )
        by_id = {sample.id: sample for sample in dataset.samples}
        order = generation_order(allotment, self.config.generation.limit)
        if not order:
            raise EngineError(
                f"{dataset.source} holds no prompts: texts are scored, not answered.",
                "Name a file of questions or conversations in [data] validation.",
            )
        return [by_id[name] for name in order]

    def _places(self, samples: Sequence[Sample]) -> list[Place]:
        """First answers to all prompts, then the second ones. Greedy has but one."""
        count = self.config.generation.samples if self.generation.sample else 1
        return [(sample.id, index) for index in range(count) for sample in samples]

    def _open(self, name: str, models: Models, places: Sequence[Place]) -> list[Place]:
        done = self.facts.answered(self._producer(name, models.choice.dtype).key)
        return [place for place in places if place not in done]

    def _producer(self, name: str, dtype: str) -> Producer:
        return producers.generating(self.config, self.candidate, name, dtype=dtype)

    def _models(self, candidate: str) -> Models:
        return Models(self.config, candidate, self.context.warm, self.context.log)

    def _groups(self, models: Models, names: Sequence[str]) -> Iterator[list[State]]:
        """Base and candidate together where they can be, then any others, at the
        candidate's precision."""
        pair = [name for name in names if name in (models.base, models.candidate)]
        if pair:
            yield from models.groups(pair)
        for name in names:
            if name not in pair:
                other = self._models(name)
                other.choice = models.choice
                yield from other.groups([name])

    def _group(
        self,
        group: Sequence[State],
        models: Models,
        samples: Sequence[Sample],
        places: Sequence[Place],
        open_places: Mapping[str, Sequence[Place]],
    ) -> None:
        desks = []
        for state in group:
            self._say(f"trying ways to answer as {state.name}")
            desk = self._desk(state, models)
            desk.take(samples, open_places[state.name])
            desk.prove()
            self.facts.producer(replace(desk.producer, detail=desk.detail()))
            desks.append(desk)
        self.facts.commit()
        wanted = {place for desk in desks for place in (*desk.asked, *desk.problems)}
        rest = [place for place in places if place in wanted]
        size = FIRST_PORTION
        largest = 2 * max(FIRST_PORTION, *(desk.answerer.batch for desk in desks))
        try:
            while rest:
                portion, rest = rest[:size], rest[size:]
                for desk in desks:
                    self._answer(desk, portion)
                size = min(2 * size, largest)
        except Cancelled:
            self.context.log("answering was cancelled")
        self.facts.commit()

    def _desk(self, state: State, models: Models) -> Desk:
        prompting = rows.prompting_of(self.config, self.candidate, state.name)
        return Desk(
            state,
            Renderer(models.tokenizer(self.candidate), prompting),
            self._producer(state.name, state.scorer.loaded.dtype),
            self.config.generation,
            self.generation,
            Answerer(
                state.scorer,
                adapter=state.adapter,
                wanted=self.config.generation.path,
                shrink=self.shrink,
                log=self.context.log,
            ),
        )

    def _answer(self, desk: Desk, portion: Sequence[Place]) -> None:
        def between_steps() -> bool:
            # The next answer may be long in coming: this one must not wait for it.
            self.facts.commit_now_and_then()
            self._say(f"answering as {desk.name}")
            return self.context.cancelled()

        with closing(desk.answers(portion, between_steps)) as answers:
            for one in answers:
                self.facts.completion(desk.producer.key, one)
                self.facts.commit_now_and_then()
        self.facts.commit()
        self._say(f"answering as {desk.name}")
        if self.context.cancelled():
            raise Cancelled

    def _say(self, message: str) -> None:
        """An answer counts once it is on the disk."""
        done = self._before + self.facts.stored
        self.context.progress(done, self._total, "answers", message)
