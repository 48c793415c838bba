"""Model-written code of one task, judged in the sandbox on the cores that are free."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tui_eval.core.task_records import Measured
from tui_eval.engine.generation import Cancelled
from tui_eval.engine.metrics.code import finding, how, limits_of, program
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.runner import Sandbox, free_cores, judge_all
from tui_eval.engine.sandbox.verdict import Limits, Program
from tui_eval.errors import EngineError, InputError
from tui_eval.files.task_evidence import SANDBOX

if TYPE_CHECKING:
    from tui_eval.engine.jobs.task_measure import Open, Pile, TaskMeasuring

LISTEN_SECONDS = 0.25


def judge(job: TaskMeasuring, pile: Pile) -> None:
    """Where the machine can't confine code as asked for, that is recorded, and nothing runs."""
    box = _box(job, limits_of(pile.options))
    if box is None:
        job.context.log("model-written code is not run here: see tui-eval doctor")
        return
    job.how(pile, how(box.level, box.limits))
    made: list[tuple[Open, Program]] = []
    for one in pile.open:
        try:
            made.append((one, program(pile.options, one.asked)))
        except InputError as error:
            job.found(pile, one, Measured(error=error.message), box.level.value)
    _run(job, pile, box, made)


def _run(job: TaskMeasuring, pile: Pile, box: Sandbox, made: list[tuple[Open, Program]]) -> None:
    """A program may take its time: who asks to stop is listened to meanwhile."""
    stop, ended = threading.Event(), threading.Event()

    def listen() -> None:
        while not ended.wait(LISTEN_SECONDS):
            if job.context.cancelled():
                stop.set()
                return

    listener = threading.Thread(target=listen, name="cancel", daemon=True)
    listener.start()
    programs = [one for _, one in made]
    workers = job.config.engine.threads or free_cores()
    try:
        for at, verdict in judge_all(box, programs, workers=workers, stop=stop):
            job.found(pile, made[at][0], finding(verdict), box.level.value)
    finally:
        stop.set()
        ended.set()
        listener.join()
    if job.context.heard:
        raise Cancelled


def _box(job: TaskMeasuring, limits: Limits) -> Sandbox | None:
    """The sandbox, and how it stands as a fact: the screen and the report say it."""
    setting = str(job.config.task_metrics["sandbox"])
    job.say("trying the sandbox")
    standing = selftest.best()
    body: dict[str, Any] = {"level": standing.level.value, "lines": standing.lines()}
    box = None
    try:
        box = selftest.sandbox(limits, opt_in=Level(setting))
    except EngineError as error:
        body["refused"] = f"{error.message} {error.remedy}"
    told = job.context.workspace.light(SANDBOX, setting)
    if not told or told[-1][1] != body:
        job.facts.append(SANDBOX, setting, None, body)
        job.facts.commit()
    return box
