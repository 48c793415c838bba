"""Jobs that did not end well, by what they were for."""

from __future__ import annotations

from collections.abc import Iterable

from tui_eval.checklist import CHECKLIST
from tui_eval.core.records import Job


def last_tries(jobs: Iterable[Job]) -> dict[tuple[str, str], Job]:
    """The last job by candidate and step, of those that did not end well."""
    last: dict[tuple[str, str], Job] = {}
    for job in jobs:
        for entry in CHECKLIST:
            if (job.verb, job.args.get("split")) in entry.needs:
                last[str(job.args.get("candidate")), entry.key] = job
    bad = ("failed", "cancelled", "interrupted")
    return {place: job for place, job in last.items() if job.state in bad}
