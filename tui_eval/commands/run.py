"""``tui-eval run``: have the engine compute what is missing, with progress on stderr."""

from __future__ import annotations

import signal
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from types import FrameType

from tui_eval import config as configuration
from tui_eval.checklist import CHECKLIST, TASK
from tui_eval.commands import places
from tui_eval.config import Config
from tui_eval.core.reading import Reading
from tui_eval.core.records import Job
from tui_eval.core.text import clean
from tui_eval.engine import launch
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, data_path, readings
from tui_eval.files.exports.show import MARKS
from tui_eval.files.history import remember
from tui_eval.files.wants import idle
from tui_eval.store.workspace import Workspace

JUDGED = tuple(entry.key for entry in CHECKLIST if entry.judged)
_LEFT_OUT = {"generate": "nothing is generated", "score": "nothing is scored"}
"""By verb: what else the step needs is computed all the same."""
FINAL = ("done", "failed", "cancelled", "interrupted")


class Stopped(BaseException):
    """A signal asked us to leave."""

    def __init__(self, number: int) -> None:
        self.number = number


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def command(options: Namespace) -> int:
    if options.checkpoints:
        from tui_eval.commands import checkpoints

        return checkpoints.run(options)
    if options.against:
        return _answer_against(options)
    return _compute(options.workspace, options.step, options.candidate)


def run_all(folder: Path) -> int:
    """Compute what any step of any candidate of a workspace lacks."""
    return _compute(folder, [], None)


def _compute(folder: Path | None, names: list[str], wanted: list[str] | None) -> int:
    config = configuration.load(places.required(folder))
    steps = places.chosen_steps(names)
    candidates = places.chosen_candidates(config, wanted)
    listen()
    workspace = places.open_workspace(config.folder)
    try:
        return _run(workspace, config, steps, candidates)
    finally:
        workspace.close()


def _answer_against(options: Namespace) -> int:
    """Both models' answers to the candidate's prompts: what a blind A/B of the two needs."""
    config = configuration.load(places.required(options.workspace))
    if options.step:
        raise InputError("--against goes without steps.", "tui-eval run --against NAME")
    models = tuple(config.models)
    if options.against not in models:
        raise InputError(
            f"There is no model {clean(options.against, limit=80)} in eval.toml.",
            configuration.nearest(options.against, models),
        )
    names = [
        name
        for name in places.chosen_candidates(config, options.candidate)
        if name != options.against
    ]
    listen()
    workspace = places.open_workspace(config.folder)
    try:
        jobs: dict[str, Job] = {}
        for name in names:
            pair = [name, options.against]
            if all(config.models[one].given for one in pair):
                print(f"{name}: the answers of both are read from files.", file=sys.stderr)
                continue
            args = {"candidate": name, "split": "validation", "models": pair}
            jobs[name] = workspace.request("generate", args)
        code = carried_out(workspace, list(jobs.values()))
        if code is not None:
            return code
        done = {name: (workspace.job(job.id) or job).state == "done" for name, job in jobs.items()}
    finally:
        workspace.close()
    for name in names:
        if done.get(name, True):
            print(f"ready: tui-eval ab --candidate {name} --against {options.against}")
    return 0 if all(done.values()) else 1


def listen() -> None:
    """From now on a signal raises Stopped."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)


def carried_out(workspace: Workspace, jobs: list[Job]) -> int | None:
    """Wait for the jobs and tell those that failed; an exit code where a signal came."""
    line = ProgressLine()
    try:
        finished = _wait(workspace, jobs, line)
    except Stopped as stopped:
        line.end()
        return _leave(workspace, jobs, stopped.number)
    line.end()
    for job in finished:
        if job.state != "done":
            told = clean(f"{job.state}. {job.error}", newlines=True)
            print(f"{_label(job)}: {told}", file=sys.stderr)
    return None


def _run(
    workspace: Workspace, config: Config, steps: tuple[str, ...], candidates: tuple[str, ...]
) -> int:
    jobs = request(workspace, config, steps, candidates)
    code = carried_out(workspace, jobs)
    if code is not None:
        return code
    finished = [workspace.job(job.id) or job for job in jobs]
    cache = FileCache()
    answered = [
        _print(workspace, config, candidate, steps, finished, cache) for candidate in candidates
    ]
    return 0 if all(answered) and all(job.state == "done" for job in finished) else 1


UNNAMED = frozenset(
    {"no_log", "no_train", "no_validation", "no_base", "no_model", "no_tasks"}
    | {"not_trained", "against_itself"}
)
"""Findings that say what is not named in eval.toml, and so was not asked for, or what a
candidate has not by nature."""
FOR_PEOPLE = frozenset({"kept_back"})
"""Findings that say what waits for people."""


def answers(reading: Reading, *, named: bool, computed: bool) -> bool:
    """Whether a step has its answer, as far as computing can give one: what waits for people
    is no failure, and neither is a step whose files are not named, unless it was asked for
    by name. A bad verdict is an answer."""
    judged = reading.step in JUDGED
    if reading.verdict == "waiting":
        return judged or not (computed or named)
    if reading.verdict != "not_enough":
        return True
    lacks = {one.code for one in reading.findings if one.severity == "not_enough"}
    if lacks and lacks <= FOR_PEOPLE:
        return True
    return not named and (judged or lacks <= UNNAMED | FOR_PEOPLE)


def _print(
    workspace: Workspace,
    config: Config,
    candidate: str,
    steps: tuple[str, ...],
    finished: Sequence[Job],
    cache: FileCache,
) -> bool:
    """The summaries of one candidate; False where a step that was asked for, or computed, is
    left unanswered."""
    answered = True
    computed = any(job.args.get("candidate") == candidate for job in finished)
    found = readings(workspace, config, candidate, cache=cache)
    remember(workspace, config, candidate, found, cache)
    for key, reading in found.items():
        if steps and key not in steps:
            continue
        print(f"{candidate:<12} {key:<12} {MARKS[reading.verdict]} {clean(reading.summary)}")
        answered &= answers(reading, named=key in steps, computed=computed)
    return answered


def request(
    workspace: Workspace, config: Config, steps: Sequence[str], candidates: Sequence[str]
) -> list[Job]:
    """One job for every need of the chosen (default: all) steps and candidates. What
    can't be computed because no file is named is said, and is no failure."""
    jobs: dict[str, Job] = {}
    told: list[str] = []
    for entry in CHECKLIST:
        if steps and entry.key not in steps:
            continue
        for (verb, split), candidate in product(entry.needs, candidates):
            why = idle(config, candidate, verb, split)
            if split != TASK and data_path(config, candidate, split) is None:
                why = f"no {split} file is named: set [data] {split} in eval.toml"
            if why:
                left = _LEFT_OUT.get(verb, "not computed")
                told.append(f"{clean(candidate)} {entry.key}: {left}, {why}.")
                continue
            job = workspace.request(verb, {"candidate": candidate, "split": split})
            jobs[job.id] = job
    for words in dict.fromkeys(told):
        print(words, file=sys.stderr)
    return list(jobs.values())


def _wait(workspace: Workspace, jobs: list[Job], line: ProgressLine) -> list[Job]:
    if jobs:
        launch.start(workspace.folder, workspace.state_dir)
    token = f"run-{time.monotonic_ns()}"
    while True:
        workspace.ui_seen(token)
        current = [workspace.job(job.id) or job for job in jobs]
        for job in current:
            if job.state == "running":
                line.show(f"{_label(job)}  {progress_text(job)}")
        if all(job.state in FINAL for job in current):
            return current
        time.sleep(0.25)


def _leave(workspace: Workspace, jobs: list[Job], number: int) -> int:
    if number == signal.SIGHUP:
        # The line dropped: the engine goes on, and the next run finds its results.
        return 129
    for job in jobs:
        workspace.cancel(job.id)
    print("stopping after the batch in flight; what is done stays", file=sys.stderr)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if all((workspace.job(job.id) or job).state in FINAL for job in jobs):
            break
        time.sleep(0.1)
    return 130 if number == signal.SIGINT else 143


def _label(job: Job) -> str:
    return clean(f"{job.verb} {job.args.get('candidate', '')} {job.args.get('split', '')}")


def progress_text(job: Job) -> str:
    """``[######....] 61%  1,204/1,960 tokens  840/s  14 s left``."""
    if not job.total:
        return clean(job.message or "starting")
    share = min(1.0, job.done / job.total)
    bar = "#" * round(share * 20)
    parts = [f"[{bar:.<20}] {share:4.0%}", f"{job.done:,.0f}/{job.total:,.0f} {job.unit}"]
    if job.speed:
        parts.append(f"{job.speed:,.0f}/s")
    if job.eta is not None:
        parts.append(f"{job.eta:.0f} s left")
    if job.message:
        parts.append(clean(job.message))
    return "  ".join(parts)


class ProgressLine:
    """One line on stderr: rewritten on a terminal, every ten seconds in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._at = float("-inf")

    def show(self, text: str) -> None:
        pause = 1.0 if self._terminal else 10.0
        if text == self._last or time.monotonic() - self._at < pause:
            return
        self._last, self._at = text, time.monotonic()
        print(f"\r\x1b[K{text[:200]}" if self._terminal else text,
              end="" if self._terminal else "\n", file=sys.stderr, flush=True)  # fmt: skip

    def end(self) -> None:
        if self._terminal and self._last:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
