"""Findings about a training log that need no estimate: they fire on any number of points."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import LogPoint
from tui_eval.core.steps.run import PREFERENCE_SIGNS, REINFORCEMENT_SIGNS, Run
from tui_eval.core.steps.wording import Hit, count_text, ends_text, loss_text, step_text

Setting = Callable[[str], float]
"""A threshold of ``[curves]`` by name."""


def objective(run: Run, setting: Setting) -> Hit | None:
    if run.objective == "supervised":
        return None
    kind, sign, keys = {
        "preference": ("A preference run", "margin or accuracy", PREFERENCE_SIGNS),
        "reinforcement": ("A reinforcement run", "reward", REINFORCEMENT_SIGNS),
    }[run.objective]
    moved = [f"{key} {_ends(run.sign(key))}" for key in keys if run.sign(key)]
    text = f"{kind}: judged by its {sign}, not by its loss"
    return _note("objective", text + (f" ({', '.join(moved)})." if moved else "."))


def too_few_points(run: Run, setting: Setting) -> Hit | None:
    needed = int(setting("enough_points"))
    n, logged = len(run.finite), len(run.train)
    if n >= needed:
        return None
    if not logged:
        text = f"The log holds no training loss, and a trend needs {needed}."
        phrase = "no training loss logged"
        return Hit(Finding("too_few_points", "not_enough", text), phrase, phrase)
    have = count_text(n, "training loss", "training losses")
    text = f"{have} logged, and a trend needs {needed}: {_why_so_few(run, n, logged)}"
    every, steps = run.log.logging_steps, run.end or run.log.max_steps
    long = f"only {have} logged: too few to see a trend"
    if every and steps and every * needed > steps:
        long = f"only {have} logged: one every {every} steps, in {steps}"
    return Hit(Finding("too_few_points", "not_enough", text), f"only {have} logged", long)


def _why_so_few(run: Run, n: int, logged: int) -> str:
    every, steps = run.log.logging_steps, run.end or run.log.max_steps
    if logged > n:
        return f"of {logged} logged, the others are not numbers."
    if every and steps and every * 5 > steps:
        finer = max(1, steps // 20)
        return (
            f"the run logged every {every} steps and has {steps}. "
            f"Set logging_steps to {finer} in the next run."
        )
    if steps:
        return f"the run has {count_text(steps, 'step')}."
    return "the log holds no more."


def non_finite(run: Run, setting: Setting) -> Hit | None:
    faults = [("training loss", p) for p in _broken(run.train)]
    for points in run.evals.values():
        faults += [("validation loss", p) for p in _broken(points)]
    if faults:
        what, point = min(faults, key=lambda fault: fault[1].step)
        text = (
            f"The {what} is {loss_text(point.value)} at step {step_text(point.step)}"
            f" ({count_text(len(faults), 'such value')} in all): the run failed there."
        )
        where = step_text(point.step)
        finding = Finding("non_finite", "bad", text, {"step": point.step})
        return Hit(finding, f"not a number at {where}", f"{what} is not a number at step {where}")
    return _gradient(run)


def _gradient(run: Run) -> Hit | None:
    """A gradient that overflowed once is survived, as the losses after it show."""
    broken = _broken(run.grad_norm)
    if not broken:
        return None
    last = broken[-1]
    after = [p for p in run.finite if p.step > last.step]
    after += [p for points in run.evals.values() for p in points if p.step >= last.step]
    times, where = count_text(len(broken), "time"), step_text(last.step)
    if after:
        text = f"The gradient was not a number {times}, last at step {where}; losses went on."
        return Hit(Finding("non_finite", "note", text, {"step": last.step}), "", "")
    text = f"The gradient is not a number at step {where}, and no loss after it is logged."
    finding = Finding("non_finite", "bad", text, {"step": last.step})
    return Hit(finding, f"bad gradient at {where}", f"the gradient is not a number at step {where}")


def masked_nan(run: Run, setting: Setting) -> Hit | None:
    """Trainer's logging filter turns a NaN loss into 0.0, which reads as perfect."""
    if run.objective != "supervised":
        return None
    at = _masked_at(run, setting("masked_nan"))
    if at is None:
        return None
    where = step_text(at)
    text = (
        f"The training loss is exactly 0.0 from step {where}: a trainer writes that in place"
        " of NaN. The run failed there."
    )
    finding = Finding("masked_nan", "bad", text, {"step": at})
    return Hit(finding, f"hidden NaN from {where}", f"it is exactly 0.0 from step {where}: a NaN")


def _masked_at(run: Run, floor: float) -> float | None:
    broken = [*_broken(run.grad_norm), *(p for ps in run.evals.values() for p in _broken(ps))]
    if run.finite and all(point.value == 0.0 for point in run.finite):
        return run.finite[0].step
    for place, point in enumerate(run.finite):
        if point.value != 0.0:
            continue
        before = run.finite[place - 1] if place else None
        since = before.step if before else -math.inf
        if (before and before.value > floor) or any(p.step >= since for p in broken):
            return point.step
    return None


def no_eval(run: Run, setting: Setting) -> Hit | None:
    if run.evals:
        return None
    return _note(
        "no_eval",
        "The log has no validation loss: whether the run overfitted can't be read from it.",
    )


def unfinished_run(run: Run, setting: Setting) -> Hit | None:
    if not run.unfinished:
        return None
    ended = "is from" if run.later else "ends at"
    return _note(
        "unfinished_run",
        f"The {'checkpoint' if run.later else 'run'} {ended} step {run.end} of"
        f" {run.log.max_steps} planned.",
        run.end,
    )


def later_rows(run: Run, setting: Setting) -> Hit | None:
    if not run.later:
        return None
    step = run.log.judged_step
    return _note(
        "later_rows",
        f"The log goes on for {count_text(run.later, 'more row')} after step {step}, the judged"
        " checkpoint's: drawn, not counted.",
        step,
    )


def _broken(points: Sequence[LogPoint]) -> list[LogPoint]:
    return [point for point in points if not math.isfinite(point.value)]


def _ends(points: Sequence[LogPoint]) -> str:
    return ends_text(points[0].value, points[-1].value)


def _note(code: str, text: str, step: float | None = None) -> Hit:
    severity: Severity = "note"
    return Hit(Finding(code, severity, text, None if step is None else {"step": step}), "", "")
