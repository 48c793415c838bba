"""What was answered, as formats of samples need it: one model, one task.

The answers to the validation prompts are a task too: their samples go by that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui_eval.config import Config, TaskConfig
from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps.task_metrics_blind import fault_words, kept_back
from tui_eval.core.task_records import MetricScores, Task, TaskItem
from tui_eval.errors import InputError

VALIDATION = "validation"
STILL_BLIND = (
    "A blind comparison asks about these answers, and nobody has unblinded it.",
    "Judge and unblind first (tui-eval ab): who reads which model wrote what can't judge blind."
    " tui-eval show 6 names it, and the way out where it can't be judged any more.",
)


@dataclass(frozen=True, slots=True)
class Answered:
    task: Task
    model: str
    answers: Mapping[str, Sequence[Completion]]
    """By sample id, those that were made, the first one first."""
    scores: Mapping[str, MetricScores] = field(default_factory=dict)
    """By measurement."""
    entry: TaskConfig | None = None
    """The task's section; None: the answers to the validation prompts."""

    open: str = ""
    """Why, where a journal can't be read."""
    kept_back: int = 0
    """Items left out, for a blind comparison of the answers to them is not unblinded."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who asks for them should know of what is in the file."""
        found = []
        unanswered = sum(1 for item in self.task.items if item.sample.id not in self.answers)
        if unanswered:
            of = f"{unanswered} of {len(self.task.items)} items"
            found.append(f"{self.task.name}: {of} have no answer of {self.model}: left out.")
        if self.kept_back:
            found.append(
                f"{self.task.name}: {self.kept_back} items left out: {STILL_BLIND[0]}{self.open}"
            )
        return tuple(found)


def gather(
    evidence: TaskEvidence, config: Config, candidate: str, model: str, name: str | None = None
) -> tuple[Answered, ...]:
    """``model``'s answers to each task, or to the one of this name; without tasks in eval.toml
    (and as ``validation``) those to the validation prompts. InputError where there are none."""
    known = tuple(dict.fromkeys((*config.tasks, VALIDATION)))
    if name is not None and name not in known:
        raise InputError(f"There is no task {name}.", f"Known: {', '.join(known)}")
    found: list[Answered] = []
    if config.tasks and (name != VALIDATION or VALIDATION in config.tasks):
        tasks = [one for one in evidence.tasks(candidate) if name in (None, one.name)]
        found += [_of_task(evidence, config, candidate, model, one) for one in tasks]
    else:
        found.append(_of_validation(evidence, candidate, model))
    kept = kept_back(evidence, candidate, evidence.base(candidate) if model == candidate else model)
    found = [_without(one, kept) for one in found]
    why = fault_words(evidence) if any(one.kept_back for one in found) else ""
    found = [replace(one, open=why) for one in found]
    answered = tuple(one for one in found if one.answers)
    if not answered:
        if any(one.kept_back for one in found):
            raise InputError(f"{STILL_BLIND[0]}{why}", STILL_BLIND[1])
        faults = [f"{one.task.name}: {one.task.fault}" for one in found if one.task.fault]
        told = f" {' '.join(faults)}" if faults else ""
        raise InputError(
            f"There are no answers of {model} to write yet.{told}",
            "Have the models answer first: tui-eval run",
        )
    return answered


def _of_task(
    evidence: TaskEvidence, config: Config, candidate: str, model: str, task: Task
) -> Answered:
    return Answered(
        task,
        model,
        _made(evidence.every_answer(candidate, model, task.name)),
        evidence.task_scores(candidate, model, task.name),
        config.tasks.get(task.name),
    )


def _of_validation(evidence: TaskEvidence, candidate: str, model: str) -> Answered:
    samples = evidence.answered(candidate, model)
    items = tuple(
        TaskItem(one, (one.reference,) if one.reference is not None else (), _row(one))
        for one in samples.values()
        if one.messages
    )
    answers = evidence.answers(candidate, model)
    task = Task(VALIDATION, items, ())
    return Answered(task, model, _made({id: (one,) for id, one in answers.items()}))


def _without(one: Answered, kept: Callable[[Task], frozenset[str]]) -> Answered:
    closed = kept(one.task)
    items = tuple(item for item in one.task.items if item.sample.id not in closed)
    ids = {item.sample.id for item in items}
    return replace(
        one,
        task=replace(one.task, items=items),
        answers={id: some for id, some in one.answers.items() if id in ids},
        kept_back=len(one.task.items) - len(items),
    )


def _made(answers: Mapping[str, Sequence[Completion]]) -> dict[str, Sequence[Completion]]:
    found = {id: tuple(one for one in some if not one.error) for id, some in answers.items()}
    return {id: some for id, some in found.items() if some}


def _row(sample: Sample) -> dict[str, object]:
    """The sample as a row of the kind ``messages``, from which the same sample is made."""
    row: dict[str, object] = {"messages": [turn.as_dict() for turn in sample.messages]}
    if sample.tools:
        row["tools"] = [dict(tool) for tool in sample.tools]
    if sample.category:
        row["category"] = sample.category
    return row
