"""Step 6's questions, answered from the tasks' files and the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config, TaskConfig
from tui_eval.core.metrics import metric_of
from tui_eval.core.metrics.facts import fact_key, from_plain, together
from tui_eval.core.records import VERBATIM, Completion, Dataset, Producer, Split
from tui_eval.core.task_records import Measured, MetricOptions, MetricScores, Task, TaskItem
from tui_eval.core.text import clean, content_id
from tui_eval.errors import InputError
from tui_eval.files import own_source, producers
from tui_eval.files.answer_files import expected, made_elsewhere
from tui_eval.files.answers_left import files_of, left_notes
from tui_eval.files.examples import stamps
from tui_eval.files.raw import stamp_of
from tui_eval.files.task_settings import answering, task_config
from tui_eval.files.tasks import ReadTask, read_task

if TYPE_CHECKING:
    from tui_eval.files.evidence import FileCache
    from tui_eval.store.workspace import Workspace

CallsFor = Callable[[Config, str, str], Producer]

METRIC, RULER, SANDBOX = "metric", "ruler", "sandbox"
"""Kinds of facts: a finding on an answer, how a measurement measures, and how model-written
code is confined."""
CODE, OWN = "code", "own_"
"""Measurements, the second by how their names begin."""
LEVELS = ("isolated", "confined", "restricted", "none")
"""Of the sandbox, the strongest first. A finding on code is recorded with the level that it
was made at."""


class TaskPart:
    """The part of ``WorkspaceEvidence`` that knows tasks."""

    _workspace: Workspace
    _config: Config
    _cache: FileCache
    _callers: dict[str, CallsFor]

    def _current(self, calls_for: CallsFor, candidate: str, model: str) -> Producer | None:
        raise NotImplementedError

    def tasks(self, candidate: str) -> Sequence[Task]:
        found = [
            self._confined(candidate, self.ready(name, candidate).task)
            for name in self._config.tasks
        ]
        notes = self._id_notes(candidate, found) if len(found) > 1 else {}
        left = self._left_notes(candidate, found)
        return [
            replace(
                one,
                notes=(*one.notes, *notes.get(one.name, ())),
                answer_notes=left.get(one.name, ()),
            )
            for one in found
        ]

    def _left_notes(self, candidate: str, tasks: Sequence[Task]) -> Mapping[str, tuple[str, ...]]:
        """What of the files of answers serves no item, at the first task of each file."""
        notes: dict[str, tuple[str, ...]] = {}
        for model in dict.fromkeys((candidate, producers.base_name(self._config, candidate))):
            entry = self._config.models.get(model) if model is not None else None
            if model is None or entry is None or not entry.answers:
                continue
            path = self._config.resolve(entry.answers)
            used, of_file = self._used_rows(candidate, model, tasks)
            for files, names in of_file.items():
                seen = (
                    "answers left",
                    f"{model} {names[0]}",
                    files,
                    frozenset(used[files]),
                    stamp_of(path),
                )
                some = self._cache.kept(
                    tuple, seen, partial(left_notes, path, names[0], used[files])
                )
                notes[names[0]] = (*notes.get(names[0], ()), *some)
        return notes

    def _used_rows(
        self, candidate: str, model: str, tasks: Sequence[Task]
    ) -> tuple[Mapping[tuple[Path, ...], set[int]], Mapping[tuple[Path, ...], list[str]]]:
        """By the files that are read for it: rows that serve a task or the review, and the
        tasks."""
        used: dict[tuple[Path, ...], set[int]] = defaultdict(set)
        of_file: dict[tuple[Path, ...], list[str]] = defaultdict(list)
        path = self._config.resolve(self._config.models[model].answers or "")
        for task in tasks:
            files = () if task.fault else files_of(path, task.name)
            if files:
                of_file[files].append(task.name)
                some = self.every_answer(candidate, model, task.name).values()
                used[files] |= {one.row for every in some for one in every if one.row}
        for files in used:
            if files == files_of(path, None):
                used[files] |= self._rows_of_validation(candidate, model)
        return used, of_file

    def _rows_of_validation(self, candidate: str, model: str) -> frozenset[int]:
        """Kept also where there are none: to find that out takes as long."""
        dataset = self.dataset(candidate, "validation")
        if dataset is None:
            return frozenset()
        path = self._config.resolve(self._config.models[model].answers or "")
        seen = ("rows of validation", model, dataset.key, stamp_of(path))
        return self._cache.kept(frozenset, seen, lambda: self._answering(candidate, model))

    def _answering(self, candidate: str, model: str) -> frozenset[int]:
        try:
            return frozenset(one.row for one in self.answers(candidate, model).values())
        except InputError:
            return frozenset()

    def dataset(self, candidate: str, split: Split) -> Dataset | None:
        raise NotImplementedError

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        raise NotImplementedError

    def _id_notes(self, candidate: str, tasks: Sequence[Task]) -> Mapping[str, Sequence[str]]:
        """By task: files whose ids alone make them answer it and other tasks too."""
        notes: dict[str, list[str]] = defaultdict(list)
        for model in filter(None, (candidate, producers.base_name(self._config, candidate))):
            entry = self._config.models.get(model)
            if entry is None or not entry.answers:
                continue
            path = self._config.resolve(entry.answers)
            items = content_id([[one.name, *(i.sample.id for i in one.items)] for one in tasks])
            seen = ("tasks by id", model, items, stamp_of(path))
            served = self._cache.kept(tuple, seen, partial(_served, path, tasks))
            for name in served if len(served) > 1 else ():
                others = clean(", ".join(one for one in served if one != name), limit=120)
                notes[name].append(
                    f"{clean(path.name)} has ids and no prompts, and those ids stand in {others}"
                    " too: whether its answers are to these items, nothing shows."
                )
        return notes

    def ready(self, name: str, candidate: str = "") -> ReadTask:
        """The task as it is for the candidate. Where the expected answers are its own, each
        item's first is held against the item's others, of which there may be none."""
        found = self._ready(name)
        pair = (candidate, producers.base_name(self._config, candidate)) if candidate else ()
        models = [self._config.models.get(one) for one in pair if one]
        if not any(one is not None and one.references for one in models):
            return found
        return ReadTask(without_first(found.task), found.options)

    def _ready(self, name: str) -> ReadTask:
        """The task with its data as it lies there now, read again only when a file changed."""
        config, entry = self._config, self._config.tasks[name]
        named = (entry.data or config.data.test or config.data.validation, entry.few_shot)
        paths = [config.resolve(one) for one in (*named, entry.schema) if one]
        paths += own_source.sources(config.resolve(entry.own)) if entry.own else ()
        written = tuple((str(path), stamp_of(path)) for path in paths)
        settings = (config.data, config.prompt.system, config.scoring.seed, stamps(config))
        key = ("task", name, entry, settings, written)
        return self._cache.kept(ReadTask, key, lambda: read_task(config, name))

    def _confined(self, candidate: str, task: Task) -> Task:
        """How the sandbox stands is known once it was tried under today's setting. That another
        machine refused matters while there is code to run."""
        if task.fault or CODE not in measures_of(task.metrics):
            return task
        told = self._workspace.light(SANDBOX, str(self._config.task_metrics["sandbox"]))
        if told and "refused" in told[-1][1] and not self._all_judged(candidate, task):
            body = told[-1][1]
            return replace(task, sandbox=str(body.get("level", "")), refused=str(body["refused"]))
        tried = [str(one.get("level", "")) for _, one in told if "refused" not in one]
        level = self._measured_at(candidate, task) or (tried[-1] if tried else "")
        return replace(task, sandbox=level)

    def _measured_at(self, candidate: str, task: Task) -> str:
        """The weakest level that a finding shown was made at; empty before the first."""
        options = self.ready(task.name, candidate).options
        if options is None:
            return ""
        bodies = self._bodies(fact_key(CODE, options), CODE)
        models = filter(None, (candidate, producers.base_name(self._config, candidate)))
        answers = [self.every_answer(candidate, model, task.name) for model in models]
        ranks = {
            _rank(bodies[name])
            for item in task.items
            for row in [row_id(item, CODE)]
            for some in answers
            for one in some.get(item.sample.id, ())
            if (name := place(one, row)) in bodies
        }
        return LEVELS[max(ranks)] if ranks else ""

    def _all_judged(self, candidate: str, task: Task) -> bool:
        for model in filter(None, (candidate, producers.base_name(self._config, candidate))):
            answers = self.every_answer(candidate, model, task.name)
            judged = self.task_scores(candidate, model, task.name)[CODE].items
            if len(answers) < len(task.items) or any(
                name not in judged and not some[0].error for name, some in answers.items()
            ):
                return False
        return True

    def task_producer(self, candidate: str, model: str, task: str) -> Producer | None:
        """What made ``model``'s answers to the task; None before the first."""
        entry, options = self._config.tasks[task], self.ready(task, candidate).options
        if options is None:
            return None
        if self._from_file(model):
            return answering(self._config, candidate, model, entry, options)
        # The same function each time: what it calls for is looked up once.
        name = content_id([task, list(options.labels)])
        if name not in self._callers:
            self._callers[name] = _caller(entry, options)
        return self._current(self._callers[name], candidate, model)

    def task_answers(self, candidate: str, model: str, task: str) -> Mapping[str, Completion]:
        found = self.every_answer(candidate, model, task)
        return {name: some[0] for name, some in found.items() if not some[0].index}

    def every_answer(
        self, candidate: str, model: str, task: str
    ) -> Mapping[str, Sequence[Completion]]:
        """All answers to each item that has any, by sample id, in the order of their index."""
        producer = self.task_producer(candidate, model, task)
        ready = self.ready(task, candidate).task
        if producer is None:
            return {}
        if self._from_file(model):
            return self._file_answers(model, producer.key, ready)
        made = self._cache.completions(self._workspace, producer.key).values()
        wanted = {item.sample.id for item in ready.items}
        most = self.samples(model, task)
        found: dict[str, list[Completion]] = defaultdict(list)
        for one in made:
            if one.sample in wanted and one.index < most:
                found[one.sample].append(one)
        return {name: sorted(some, key=lambda one: one.index) for name, some in found.items()}

    def samples(self, model: str, task: str) -> int:
        """Answers that each item is to have; a file may hold more."""
        if self._from_file(model):
            return 1
        return task_config(self._config, self._config.tasks[task]).generation.samples

    def _from_file(self, model: str) -> bool:
        entry = self._config.models.get(model)
        return entry is not None and entry.given

    def _file_answers(self, model: str, key: str, task: Task) -> Mapping[str, Sequence[Completion]]:
        """Answers made elsewhere. An item without one says so: none will come."""
        if self._config.models[model].references:
            return {item.sample.id: (_expected(key, item),) for item in task.items}
        path = self._config.resolve(self._config.models[model].answers or "")
        items = content_id([item.sample.id for item in task.items])
        seen = ("task answers", f"{model} {task.name}", key, items, stamp_of(path))
        return self._cache.kept(dict, seen, lambda: _matched(self._config, model, key, task))

    def task_scores(self, candidate: str, model: str, task: str) -> Mapping[str, MetricScores]:
        ready = self.ready(task, candidate)
        if ready.options is None:
            return {}
        answers = self.every_answer(candidate, model, task)
        found = {}
        for measure in measures_of(ready.task.metrics):
            key = fact_key(measure, ready.options)
            recorded = self.recorded(key, measure)
            if measure == CODE:
                items = self._of_code(ready.task, answers, recorded, self.samples(model, task))
            else:
                items = {
                    item.sample.id: recorded[place]
                    for item in ready.task.items
                    if (place := place_of(answers, item, measure)) in recorded
                }
            # What was measured at a level that doesn't do is not how it is measured.
            found[measure] = MetricScores(
                items, "" if measure == CODE and not items else self.how(key)
            )
        return found

    def recorded(self, key: str, measure: str) -> Mapping[str, Measured]:
        """What one measurement found, by ``place``; of code nothing that was found at a weaker
        level of the sandbox than is demanded now."""
        demanded = self._config.task_metrics["sandbox"] if measure == CODE else ""
        seen = ("measured", key, demanded, self._workspace.extent(METRIC, key))
        return self._cache.kept(
            dict,
            seen,
            lambda: {name: from_plain(body) for name, body in self._bodies(key, measure).items()},
        )

    def _bodies(self, key: str, measure: str) -> dict[str, Mapping[str, Any]]:
        weakest = LEVELS.index(str(self._config.task_metrics["sandbox"]))
        return {
            name: body
            for name, body in self._workspace.light(METRIC, key)
            if measure != CODE or _rank(body) <= weakest
        }

    def how(self, key: str) -> str:
        told = self._workspace.light(RULER, key)
        return str(told[-1][1].get("how", "")) if told else ""

    @staticmethod
    def _of_code(
        task: Task,
        answers: Mapping[str, Sequence[Completion]],
        recorded: Mapping[str, Measured],
        most: int,
    ) -> dict[str, Measured]:
        """Problems of which every sample was judged."""
        found = {}
        for item in task.items:
            some = answers.get(item.sample.id, ())
            judged = [one for one in some if not one.error]
            row = row_id(item, CODE) if some else ""
            places = [place(one, row) for one in judged]
            if judged and len(some) >= most and all(name in recorded for name in places):
                found[item.sample.id] = together([recorded[name] for name in places])
        return found


ITSELF = (
    "the expected answers are this candidate's, and its metrics hold answers against them: that"
    " tells something only where an item has several, of which one is held against the others."
)


def without_first(task: Task) -> Task:
    """Each item's first expected answer taken out of what answers are held against, base's too:
    with one more to be right by, base would be ahead. Items that have no other go."""
    if task.fault or measures_of(task.metrics) == [CODE]:
        # Tests judge code, expected or not.
        return task
    items = [
        replace(item, references=item.references[1:])
        for item in task.items
        if len(item.references) > 1
    ]
    if not items:
        return replace(task, items=(), fault=ITSELF, itself=True)
    left = len(task.items) - len(items)
    note = "The first expected answer of each item is the candidate's, held against the others"
    note += f"; {left} items have no other and are left out." if left else "."
    return replace(task, items=tuple(items), notes=(*task.notes, note))


def _expected(key: str, item: TaskItem) -> Completion:
    """The item's first expected answer. HumanEval's solution is what follows the prompt."""
    one = expected(key, [item.sample])[item.sample.id]
    solution = item.fields.get("canonical_solution")
    follows = isinstance(solution, str) and solution == one.text and "def " not in solution
    return made_elsewhere(key, one.sample, one.text, verbatim=VERBATIM[0]) if follows else one


def _rank(body: Mapping[str, Any]) -> int:
    """Among LEVELS. One that tells no level could have been made at any."""
    level = body.get("level")
    return LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1


def measures_of(metrics: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(metric_of(name).measure for name in metrics))


def place(answer: Completion, row: str) -> str:
    """Where a finding on an answer stands among the facts of its measurement; ``row`` is the
    ``row_id`` of the item."""
    return f"{answer.id}-{row}"


def row_id(item: TaskItem, measure: str) -> str:
    """Names what a measurement looks at in an item besides the answer. The answer's id tells
    the prompt and the first reference; the rest comes in here, so that corrected data is
    measured anew."""
    whole = measure == CODE or measure.startswith(OWN)
    return content_id([list(item.references), dict(item.fields) if whole else {}])


def place_of(answers: Mapping[str, Sequence[Completion]], item: TaskItem, measure: str) -> str:
    """The same of the first answer; empty where there is none."""
    some = answers.get(item.sample.id, ())
    return place(some[0], row_id(item, measure)) if some and not some[0].error else ""


def _served(path: Path, tasks: Sequence[Task]) -> tuple[str, ...]:
    from tui_eval.files.answer_files import tasks_by_id
    from tui_eval.files.answer_reading import read_answers

    try:
        # A folder has a file for each task.
        return () if path.is_dir() else tasks_by_id(read_answers(path), tasks)
    except InputError:
        return ()


def _caller(entry: TaskConfig, options: MetricOptions) -> CallsFor:
    def calls_for(config: Config, candidate: str, model: str) -> Producer:
        return answering(config, candidate, model, entry, options)

    return calls_for


def _matched(config: Config, model: str, key: str, task: Task) -> dict[str, tuple[Completion, ...]]:
    from tui_eval.core.answers import Written, completion
    from tui_eval.files.answer_files import match_task
    from tui_eval.files.answer_reading import read_answers

    path = config.resolve(config.models[model].answers or "")
    found: dict[str, tuple[Completion, ...]] = {}
    # Of the reader's reasons the commonest: which line was to be this item's, nobody knows.
    why = f"{clean(path.name)} has no answer to it"
    try:
        file = read_answers(path, task.name)
        found = match_task(file, key, task).every
        # Perhaps its row is one of these.
        why += f"; {file.counted}" if file.bad else ""
    except InputError as error:
        why = clean(error.message, limit=500)
    none = Written("", error=why)
    missing = (item.sample.id for item in task.items if item.sample.id not in found)
    return {**found, **{name: (completion(key, name, none),) for name in missing}}
