"""Where the job stands that tells every token of a text, in words."""

from __future__ import annotations

from collections.abc import Mapping

from tui_eval.core.records import Job
from tui_eval.core.text import clean
from tui_eval.ui.scene import Scene
from tui_eval.ui.widgets import progress

VERB = "tokens"


def asked(scene: Scene, wants: Mapping[str, str]) -> Job | None:
    """The newest job that was asked for this text."""
    mine = [
        job
        for job in scene.jobs
        if job.verb == VERB
        and job.args.get("candidate") == scene.candidate
        and all(job.args.get(name) == value for name, value in wants.items())
    ]
    return max(mine, key=lambda job: job.requested_at, default=None)


def standing(scene: Scene, job: Job) -> tuple[str, str]:
    """One sentence and its role; empty for one that is done."""
    if job.state == "done":
        return "", "dim"
    if job.state in ("failed", "interrupted", "cancelled"):
        why = clean(" ".join(job.error.split())) if job.error else "it was stopped"
        return f"not computed: {why} (a tries again)", "bad"
    if scene.engine.state == "lost":
        return "the engine stopped in the middle of its work: a asks again", "bad"
    if job.state == "running":
        return clean(job.message, limit=60) or "looking at the tokens", "text"
    before = scene.active()
    if before is not None and before.id != job.id:
        words, _ = progress.engine_line(before, scene.engine, scene.host)
        return f"asked for: after {words}", "dim"
    return f"asked for: {progress.waiting_words(scene.engine)}", "dim"
