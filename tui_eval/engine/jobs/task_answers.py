"""The ``generate`` verb for tasks: what both models answer to the items of every task.

A model is loaded once for all tasks. Labels chosen by likelihood are answers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui_eval.config import Config, TaskConfig
from tui_eval.core.records import Dataset, Producer, Sample
from tui_eval.core.task_records import MetricOptions, Task
from tui_eval.core.text import clean
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.jobs import rows
from tui_eval.engine.jobs.answer_facts import Place
from tui_eval.engine.jobs.generate import Answering
from tui_eval.engine.jobs.models import Models, State
from tui_eval.engine.jobs.task_labels import Choosing
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.generation import generation
from tui_eval.files.task_settings import answering, by_likelihood, task_config


@dataclass
class Sheet:
    """One task's questions. ``open`` are the places that each model has still to answer."""

    entry: TaskConfig
    task: Task
    options: MetricOptions
    places: Sequence[Place]
    open: Mapping[str, Sequence[Place]] = field(default_factory=dict)

    @property
    def samples(self) -> list[Sample]:
        return [item.sample for item in self.task.items]

    @property
    def left(self) -> int:
        return sum(map(len, self.open.values()))

    def dataset(self) -> Dataset:
        task = self.task
        key = f"task-{task.name}"
        return Dataset(key, "test", task.source, "task", tuple(self.samples), task.rows)


class TaskAnswering(Answering):
    """One candidate's tasks, answered by the models that are asked for."""

    def run(self) -> None:
        whole = self.config
        models = self._models(self.candidate)
        sheets = list(self._sheets())
        for sheet in sheets:
            self._lay(sheet, whole)
            sheet.open = {name: self._open(name, models, sheet.places) for name in self.names}
        self.config = whole
        self._total = sum(len(one.places) for one in sheets) * len(self.names)
        self._before = self._total - sum(one.left for one in sheets)
        sheets = [one for one in sheets if one.left]
        self._say("")
        if not sheets:
            return
        self._say("loading the model")
        names = [name for name in self.names if any(one.open[name] for one in sheets)]
        for group in self._groups(models, names):
            for sheet in sheets:
                self._lay(sheet, whole)
                self._take(sheet, group, models)
                if self.context.heard:
                    return
            self.config = whole
            # The next group is loaded where this one's weights were.
            group.clear()

    def _sheets(self) -> Iterator[Sheet]:
        """A task whose data can't be used is told by its step."""
        evidence = WorkspaceEvidence(self.context.workspace, self.config, FileCache())
        for name, entry in self.config.tasks.items():
            ready = evidence.ready(name)
            if ready.options is None:
                self.context.log(f"task {name} is left out: {clean(ready.task.fault)}")
                continue
            count = task_config(self.config, entry).generation.samples
            indexes = range(1 if by_likelihood(ready.options) else count)
            # First answers to all items, then the second ones.
            places = [(one.sample.id, at) for at in indexes for one in ready.task.items]
            yield Sheet(entry, ready.task, ready.options, places)

    def _lay(self, sheet: Sheet, whole: Config) -> None:
        """From here on the settings are this task's."""
        self._sheet, self._whole = sheet, whole
        self.config = task_config(whole, sheet.entry)
        folders = producers.generation_folders(whole, self.candidate)
        self.generation = generation(self.config.generation, *folders)

    def _producer(self, name: str, dtype: str) -> Producer:
        sheet = self._sheet
        return answering(self._whole, self.candidate, name, sheet.entry, sheet.options, dtype=dtype)

    def _take(self, sheet: Sheet, group: Sequence[State], models: Models) -> None:
        states = [state for state in group if sheet.open[state.name]]
        if not states:
            return
        dataset = sheet.dataset()
        rows.check(self.config, self.candidate, models, dataset)
        self.facts.dataset(dataset)
        if by_likelihood(sheet.options):
            self._choose(sheet, states, models)
        else:
            self._group(states, models, sheet.samples, sheet.places, sheet.open)

    def _choose(self, sheet: Sheet, states: Sequence[State], models: Models) -> None:
        for state in states:
            producer = self._producer(state.name, state.scorer.loaded.dtype)
            choosing = Choosing(self.config, self.candidate, state, models, producer, self.shrink)
            wanted = {name for name, _ in sheet.open[state.name]}
            items = [item for item in sheet.task.items if item.sample.id in wanted]

            def between_batches(name: str = state.name) -> bool:
                self.facts.commit_now_and_then()
                self._say(f"choosing labels as {name}")
                return self.context.cancelled()

            try:
                for one in choosing.answers(items, sheet.options, between_batches):
                    self.facts.completion(producer.key, one)
                self.facts.producer(replace(producer, detail=choosing.detail()))
            except Cancelled:
                self.context.log("answering was cancelled")
                return
            finally:
                self.facts.commit()
            self._say(f"choosing labels as {state.name}")
