"""What computing a step again costs, in the words of the question that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_eval.core.figures import count
from tui_eval.ui.widgets.progress import duration

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.core.records import Job


def begun(reading: Reading | None) -> bool:
    """Whether anything of the step was ever computed."""
    if reading is None:
        return False
    return reading.verdict != "waiting" or any(number.n for number in reading.numbers.values())


DONE_ANEW = {
    "score": "scored",
    "generate": "answered",
    "measure": "measured",
    "tokens": "looked at",
}
MODELS = "under 2 models, base and fine-tuned"


def cost_words(job: Job | None, reading: Reading | None) -> tuple[str, ...]:
    """What computing again costs, as far as the Reading and the last job tell."""
    kept = "What is there stays until the new figures are complete."
    samples = _samples(job, reading)
    many = f"{count(samples)} sample{'' if samples == 1 else 's'}" if samples else "All samples"
    done = DONE_ANEW[job.verb] if job is not None else "computed"
    verb = "is" if samples == 1 else "are"
    seconds = _seconds(job, reading) if job is not None else None
    words = (f"{many} {verb} {done} anew {MODELS}.", kept)
    if seconds is None:
        return words
    return (*words[:1], f"It takes about {duration(seconds)}, by the last time.", kept)


def _samples(job: Job | None, reading: Reading | None) -> float | None:
    number = reading.numbers.get("samples") if reading is not None else None
    if number is not None and number.value:
        return number.value
    counted = [number.n for number in reading.numbers.values() if number.n] if reading else []
    if counted:
        return max(counted)
    return job.total if job is not None and job.unit == "samples" and job.total else None


def _seconds(job: Job, reading: Reading | None) -> float | None:
    """How long all of it takes at the last job's speed, else what its clock says."""
    if job.total and job.speed:
        number = reading.numbers.get("tokens") if reading is not None else None
        scored = 2 * (number.value or 0.0) if number is not None and job.unit == "tokens" else 0.0
        # A job that only went on with another had less to do than both together.
        return max(job.total, scored) / job.speed
    return took(job) if job.state == "done" else None


def took(job: Job) -> float | None:
    """Seconds from start to finish of a finished job."""
    from datetime import datetime

    if not (job.started_at and job.finished_at):
        return None
    try:
        begun, ended = map(datetime.fromisoformat, (job.started_at, job.finished_at))
    except ValueError:
        return None
    return (ended - begun).total_seconds()
