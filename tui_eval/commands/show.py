"""``tui-eval show``: the readings as text or JSON. Computes nothing, starts no engine."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable

from tui_eval.checklist import CHECKLIST
from tui_eval.commands import places
from tui_eval.core.records import Job
from tui_eval.files.evidence import FileCache, readings
from tui_eval.files.exports import show


def command(options: Namespace) -> int:
    if options.checkpoints:
        from tui_eval.commands import checkpoints

        return checkpoints.print_all(options)
    if options.schema:
        print(json.dumps(show.schema(), indent=1))
        return 0
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    steps = places.chosen_steps(options.step)
    candidates = places.chosen_candidates(config, options.candidate)
    workspace = places.open_workspace(config.folder)
    cache = FileCache()
    try:
        found = {
            name: readings(workspace, config, name, cache=cache, steps=steps) for name in candidates
        }
        tries = last_tries(workspace.jobs())
    finally:
        workspace.close()
    if options.json:
        print(json.dumps(show.as_json(found, tries), ensure_ascii=True, allow_nan=False, indent=1))
    else:
        print(show.as_text(found, unicode=_unicode(), steps=steps, tries=tries), end="")
    return 0


def last_tries(jobs: Iterable[Job]) -> dict[tuple[str, str], Job]:
    """The last job by candidate and step, of those that did not end well."""
    last: dict[tuple[str, str], Job] = {}
    for job in jobs:
        for entry in CHECKLIST:
            if (job.verb, job.args.get("split")) in entry.needs:
                last[str(job.args.get("candidate")), entry.key] = job
    bad = ("failed", "cancelled", "interrupted")
    return {place: job for place, job in last.items() if job.state in bad}


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
