"""Words for work under way: where it stands, how fast, how long still.

Widths are fixed where a number moves, so that nothing jumps about.
"""

from __future__ import annotations

from tui_eval.core.records import EngineStatus, Job
from tui_eval.core.text import clean

VERBS = {
    "score": "scoring",
    "generate": "answering",
    "measure": "measuring",
    "tokens": "looking at tokens",
}


def amount(job: Job) -> str:
    """``412 of 600 samples``; nothing before the total is known."""
    if not job.total:
        return ""
    total = f"{job.total:,.0f}"
    return f"{f'{job.done:,.0f}':>{len(total)}} of {total} {clean(job.unit)}"


def duration(seconds: float) -> str:
    """Rounded as people say it: ``12 s``, ``4 min``, ``2 h 10 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(round(minutes, -1), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def speed(job: Job) -> str:
    """``38 samples/s``, or per minute where it is slower than one a second."""
    if not job.speed:
        return ""
    rate, per = (job.speed, "s") if job.speed >= 1 else (job.speed * 60, "min")
    return f"{rate:,.0f} {clean(job.unit)}/{per}"


def engine_line(job: Job | None, engine: EngineStatus, host: str) -> tuple[str, str]:
    """What the engine is doing, for line 1, and the role that colours it."""
    if engine.state == "lost":
        return "engine stopped", "bad"
    if job is None:
        return "idle", "dim"
    if job.state == "queued":
        return waiting_words(engine), "dim"
    verb = VERBS[job.verb]
    if job.cancel:
        return f"{verb}: stopping after this batch", "caution"
    if job.host and host and job.host != host:
        return f"{verb} on {clean(job.host, limit=20)}", "dim"
    if not job.total:
        return clean(job.message, limit=40) or f"{verb}: getting ready", "text"
    total = f"{job.total:.0f}"
    line = f"{verb} {job.done:>{len(total)}.0f}/{total}"
    return (f"{line} · {duration(job.eta)}" if job.eta is not None else line), "text"


def waiting_words(engine: EngineStatus) -> str:
    if engine.state == "starting":
        return "engine starting"
    if engine.state == "absent":
        return "waiting for an engine"
    return "queued"
