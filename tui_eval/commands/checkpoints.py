"""``run --checkpoints`` and ``show --checkpoints``: all checkpoints of a candidate's run."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from tui_eval import config as configuration
from tui_eval.commands import places
from tui_eval.config import Config
from tui_eval.core.reading import Reading
from tui_eval.core.records import Job
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import checkpoints
from tui_eval.files.evidence import FileCache
from tui_eval.files.exports import show, show_checkpoints
from tui_eval.store.workspace import Workspace


def run(options: Namespace) -> int:
    """Score them with the engine; 1 where a job fails or nothing can be told."""
    _no_steps(options)
    from tui_eval.commands.run import carried_out, listen

    config = configuration.load(places.required(options.workspace))
    candidates = places.chosen_candidates(config, options.candidate)
    listen()
    workspace = places.open_workspace(config.folder)
    try:
        jobs = request(workspace, config, candidates)
        code = carried_out(workspace, jobs)
        if code is not None:
            return code
        done = all((workspace.job(job.id) or job).state == "done" for job in jobs)
        found = readings(workspace, config, candidates)
    finally:
        workspace.close()
    for name, reading in found.items():
        print(f"{name:<12} {show.MARKS[reading.verdict]} {clean(reading.summary)}")
    return 0 if done and jobs else 1


def request(workspace: Workspace, config: Config, candidates: tuple[str, ...]) -> list[Job]:
    jobs: dict[str, Job] = {}
    for name in candidates:
        wanted = checkpoints.requests(config, name)
        if not wanted:
            print(f"{clean(name)}: there are no other checkpoints to score.", file=sys.stderr)
        for verb, args in wanted:
            job = workspace.request(verb, args)
            jobs[job.id] = job
    return list(jobs.values())


def print_all(options: Namespace) -> int:
    """As text or JSON. Computes nothing, starts no engine."""
    if options.schema:
        print(json.dumps(show_checkpoints.schema(), indent=1))
        return 0
    _no_steps(options)
    config = places.load_anywhere(places.required(options.workspace))
    candidates = places.chosen_candidates(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    try:
        found = readings(workspace, config, candidates)
    finally:
        workspace.close()
    if options.json:
        told = show_checkpoints.as_json(found)
        print(json.dumps(told, ensure_ascii=True, allow_nan=False, indent=1))
    else:
        unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        print(show_checkpoints.as_text(found, unicode=unicode), end="")
    return 0


def readings(
    workspace: Workspace, config: Config, candidates: tuple[str, ...]
) -> dict[str, Reading]:
    workspace.catch_up()
    cache = FileCache()
    return {name: checkpoints.along(workspace, config, name, cache) for name in candidates}


def _no_steps(options: Namespace) -> None:
    if options.step:
        raise InputError(
            "--checkpoints goes without steps: it scores the validation set alone.",
            f"tui-eval run {' '.join(options.step)}, or tui-eval run --checkpoints",
        )
