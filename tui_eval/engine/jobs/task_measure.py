"""The ``measure`` verb for tasks: what each metric finds on each answer, as facts.

Only what is not recorded yet is measured. What may hang runs in a process of its own, model-written
code in the sandbox on all free cores.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config
from tui_eval.core.metrics import metric_of, rulers
from tui_eval.core.metrics.facts import fact_key, to_plain
from tui_eval.core.records import Completion, Job
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Task, TaskItem
from tui_eval.core.text import clean
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.metrics import measured_one
from tui_eval.engine.metrics.apart import Apart, may_hang
from tui_eval.errors import InputError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.task_evidence import CODE, METRIC, OWN, RULER, measures_of, place, row_id

if TYPE_CHECKING:
    from tui_eval.engine.context import JobContext

COMMIT_SECONDS = 0.25


@dataclass(frozen=True)
class Open:
    """One answer that one measurement has still to look at."""

    place: str
    item: TaskItem
    answer: Completion

    @property
    def asked(self) -> Asked:
        item, answer = self.item, self.answer
        return Asked(
            item.sample.prompt, item.references, answer.answer, item.fields, answer.verbatim
        )


@dataclass(frozen=True)
class Pile:
    """All open answers of one task to one measurement, whichever model gave them."""

    task: Task
    options: MetricOptions
    measure: str
    open: Sequence[Open]

    @property
    def key(self) -> str:
        return fact_key(self.measure, self.options)

    @property
    def words(self) -> str:
        """What is done with it, for the line of progress."""
        name = clean(self.task.name, limit=40)
        what = self.measure.removeprefix(OWN).replace("_", " ")
        return f"{name}: running the code" if self.measure == CODE else f"{name}: {what}"

    @property
    def only(self) -> MetricOptions:
        """The options with this measurement's metrics alone."""
        names = [one for one in self.options.metrics if metric_of(one).measure == self.measure]
        return replace(self.options, metrics=tuple(names))


def run(job: Job, context: JobContext) -> None:
    with context.workspace.facts(job.id) as facts:
        try:
            TaskMeasuring(context, job, facts).run()
        except Cancelled:
            context.log("measuring was cancelled")


class TaskMeasuring:
    """One candidate's and its base's answers to all tasks."""

    def __init__(self, context: JobContext, job: Job, facts: Any) -> None:
        self.context, self.facts = context, facts
        self.config: Config = context.config
        self.candidate = str(job.args.get("candidate", "tuned"))
        self.again = bool(job.args.get("again"))
        self._done = self._total = 0
        self._due = 0.0

    def run(self) -> None:
        piles = list(self._piles())
        self._total = sum(len(pile.open) for pile in piles)
        self.say("")
        fault: InputError | None = None
        for pile in piles:
            try:
                self._measure(pile)
            except InputError as error:
                # The other tasks go on, and the job says what was wrong at its end.
                fault = fault or InputError(
                    f"{clean(pile.task.name)}: {error.message}", error.remedy
                )
            self._commit()
        self.say("")
        if fault is not None:
            raise fault

    def _piles(self) -> Iterator[Pile]:
        evidence = WorkspaceEvidence(self.context.workspace, self.config, FileCache())
        base = producers.base_name(self.config, self.candidate)
        models = [self.candidate] if base is None else [base, self.candidate]
        for name in self.config.tasks:
            ready = evidence.ready(name, self.candidate)
            if ready.options is None:
                self.context.log(f"task {name} is left out: {clean(ready.task.fault)}")
                continue
            answers = [evidence.every_answer(self.candidate, model, name) for model in models]
            for measure in measures_of(ready.task.metrics):
                key = fact_key(measure, ready.options)
                known = {} if self.again else evidence.recorded(key, measure)
                found = self._open(ready.task, measure, answers, known)
                if found:
                    yield Pile(ready.task, ready.options, measure, found)

    def _open(
        self,
        task: Task,
        measure: str,
        answers: Sequence[Mapping[str, Sequence[Completion]]],
        known: Mapping[str, Measured],
    ) -> list[Open]:
        """Each model's answers, item by item, so that pairs are whole early. What the sandbox
        could not judge is tried again."""
        found = {}
        for item in task.items:
            row = row_id(item, measure)
            for of_model in answers:
                some = of_model.get(item.sample.id, ())
                for one in some if measure == CODE else some[:1]:
                    name = "" if one.error else place(one, row)
                    tried = known.get(name)
                    if name and (tried is None or (measure == CODE and tried.error)):
                        found[name] = Open(name, item, one)
        return list(found.values())

    def _measure(self, pile: Pile) -> None:
        self.say(pile.words)
        if pile.measure == CODE:
            from tui_eval.engine.jobs.task_code import judge

            judge(self, pile)
        elif may_hang(pile.measure, pile.options):
            self._apart(pile)
        else:
            (ruler,) = rulers(pile.only).values()
            self.how(pile, ruler.how)
            for one in pile.open:
                self.found(pile, one, measured_one(ruler, one.asked))

    def _apart(self, pile: Pile) -> None:
        seconds = float(self.config.task_metrics["own_seconds"])
        with Apart(pile.only, seconds, self.context.cancelled) as metric:
            told = ""
            for one in pile.open:
                found = metric.measure(one.asked)
                if metric.how != told:
                    told = metric.how
                    self.how(pile, told)
                self.found(pile, one, found)

    def how(self, pile: Pile, words: str) -> None:
        """How a measurement measures, where that is not what was said last."""
        told = self.context.workspace.light(RULER, pile.key)
        if words and (not told or told[-1][1].get("how") != words):
            self.facts.append(RULER, pile.key, None, {"how": words})
            self._commit()

    def found(self, pile: Pile, one: Open, measured: Measured, level: str = "") -> None:
        """Record a finding, on code with the sandbox's level. Raises Cancelled."""
        body = to_plain(measured)
        self.facts.append(METRIC, pile.key, one.place, body | {"level": level} if level else body)
        self._done += 1
        if time.monotonic() >= self._due:
            self._commit()
            self.say(pile.words)
            if self.context.cancelled():
                raise Cancelled

    def _commit(self) -> None:
        self.facts.commit()
        self._due = time.monotonic() + COMMIT_SECONDS

    def say(self, message: str) -> None:
        self.context.progress(self._done, self._total, "answers", message)
