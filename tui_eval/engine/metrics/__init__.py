"""Metrics that import heavy libraries, and the loop that measures answers with any of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from tui_eval.core.records import Completion
from tui_eval.core.task_records import Asked, Measured, Ruler, Task

NO_REFERENCE = "the item has no reference"


def measure_task(
    task: Task,
    answers: Mapping[str, Completion],
    rulers: Mapping[str, Ruler],
    known: Collection[tuple[str, str]] = (),
) -> Iterator[tuple[str, str, Measured]]:
    """``(sample id, measure, finding)`` of a model's answers to a task's items, in their order.
    ``known``: pairs of sample id and measure that are recorded already. An answer that could not
    be made is left out; one whose thinking never ended is empty, and measured as that."""
    for item in task.items:
        answer = answers.get(item.sample.id)
        if answer is None or answer.error:
            continue
        asked = Asked(
            item.sample.prompt, item.references, answer.answer, item.fields, answer.verbatim
        )
        for measure, ruler in rulers.items():
            if (item.sample.id, measure) not in known:
                yield item.sample.id, measure, measured_one(ruler, asked)


def measured(
    rulers: Mapping[str, Ruler], asked: Iterable[tuple[str, Asked]]
) -> Iterator[tuple[str, str, Measured]]:
    """``(sample id, measure, finding)`` of each answer and ruler, as they are made. A metric
    that fails on an answer says so in the finding, and the rest goes on."""
    for sample, one in asked:
        for measure, ruler in rulers.items():
            yield sample, measure, measured_one(ruler, one)


def measured_one(ruler: Ruler, asked: Asked) -> Measured:
    if ruler.needs_reference and not asked.references:
        return Measured(error=NO_REFERENCE)
    try:
        return ruler.measure(asked)
    except (Exception, SystemExit) as error:  # A person's own metric may raise anything.
        return Measured(error=told(error))


def told(error: BaseException) -> str:
    """``ValueError: no such unit, metrics.py line 12``: where it was raised, for the person
    who wrote the metric."""
    message = str(error).strip()[:300]
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = ""
    if last is not None:
        name = last.tb_frame.f_code.co_filename.rpartition("/")[2]
        place = f", {name} line {last.tb_lineno}"
    return f"{type(error).__name__}{f': {message}' if message else ''}{place}"
