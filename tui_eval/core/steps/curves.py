"""Step 1: has the loss decreased properly? From the training log alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Column,
    Event,
    Finding,
    Number,
    Plot,
    Reading,
    Series,
    Table,
    finite,
    verdict_of,
)
from tui_eval.core.records import LogPoint
from tui_eval.core.steps import curve_facts, curve_rows, curve_tests, untrained
from tui_eval.core.steps.run import (
    PREFERENCE_SIGNS,
    REINFORCEMENT_SIGNS,
    Run,
    eval_name,
    look,
)
from tui_eval.core.steps.wording import (
    Hit,
    count_text,
    decimals_for,
    ends_text,
    fitting,
    loss_text,
    share_text,
    step_text,
    threshold,
    worst,
)
from tui_eval.core.text import clean

STEP = "curves"
EVENTS_SHOWN = 100
"""Spikes, and ends of epochs, at most."""
LINES = (*PREFERENCE_SIGNS, *REINFORCEMENT_SIGNS, "learning_rate", "lr", "grad_norm")
"""What is drawn besides the losses, each in a plot of its own."""


def read(evidence: Evidence, candidate: str, *, against: str | None = None) -> Reading:
    run = look(evidence, candidate)
    if run is None:
        kind = evidence.untrained(candidate)
        base = against or evidence.base(candidate) or "base"
        return (
            untrained.reading(STEP, candidate, base, kind, _none()) if kind else _no_log(candidate)
        )
    hits = _hits(run, evidence, candidate)
    findings = tuple(hit.finding for hit in hits)
    gravest = worst(hits)
    reading = Reading(
        step=STEP,
        candidate=candidate,
        against=against or evidence.base(candidate) or "base",
        verdict=verdict_of(findings),
        headline=_headline(run, gravest),
        summary=_summary(run, gravest),
        findings=findings,
        numbers=_numbers(run),
        tables=_tables(run),
        plots=_plots(run, _events(run, evidence)),
        how=_how(run, evidence),
    )
    return curve_rows.told(reading, run.log)


def _no_log(candidate: str) -> Reading:
    text = (
        "No training log was found beside the checkpoint. Name one (a trainer_state.json or"
        f" a folder that holds one) as log under [models.{clean(candidate)}] in eval.toml."
    )
    return Reading(
        step=STEP,
        candidate=candidate,
        verdict="not_enough",
        headline="no training log found",
        summary="no training log was found: nothing to see the loss in",
        findings=(Finding("no_log", "not_enough", text),),
        numbers=_none(),
    )


def _none() -> dict[str, Number]:
    why = Number(None, why="no training log")
    names = ("first", "last", "drop", "eval_best", "eval_best_step", "eval_last")
    return dict.fromkeys(names, why) | {"points": Number(0), "eval_points": Number(0)}


def _hits(run: Run, evidence: Evidence, candidate: str) -> list[Hit]:
    """The objective first, then every test in its order."""

    def setting(name: str) -> float:
        return threshold(evidence, f"{STEP}.{name}")

    few = curve_facts.too_few_points(run, setting)
    hits = [
        curve_facts.objective(run, setting),
        few,
        curve_facts.non_finite(run, setting),
        curve_facts.masked_nan(run, setting),
    ]
    if few is None and run.objective != "supervised":
        hits.append(curve_tests.not_improved(run, setting))
    elif few is None:
        preflight = evidence.preflight(candidate)
        vocabulary = preflight.vocabulary if preflight is not None else None
        chance = math.log(vocabulary) if vocabulary else setting("above_chance")
        hits.append(curve_tests.above_chance(run, setting, chance, bool(vocabulary)))
        hits += [test(run, setting) for test in curve_tests.ESTIMATES]
    hits += [
        curve_facts.no_eval(run, setting),
        curve_facts.unfinished_run(run, setting),
        curve_facts.later_rows(run, setting),
    ]
    return [hit for hit in hits if hit is not None]


def _moved(run: Run, *, ends: bool) -> str:
    """What happened to the loss, or to the run's own sign, in a few words."""
    if run.objective != "supervised":
        return _sign_moved(run)
    drop = run.drop
    if drop is None or math.isnan(drop):
        return ""
    share = share_text(abs(drop))
    word = f"{'fell' if drop >= 0 else 'rose'} {share}" if share != "0.0%" else "hardly moved"
    figures = f" ({ends_text(run.first, run.last)})" if ends else ""
    return f"loss {word}{figures}"


def _sign_moved(run: Run) -> str:
    names = {"rewards/margins": "margin", "rewards/accuracies": "accuracy", "reward": "reward"}
    for key in (*PREFERENCE_SIGNS, *REINFORCEMENT_SIGNS):
        points = run.sign(key)
        if points:
            return f"{names[key]} {ends_text(points[0].value, points[-1].value)}"
    return ""


def _headline(run: Run, gravest: Hit | None) -> str:
    moved = _moved(run, ends=False)
    if gravest is not None:
        return fitting(_joined([moved], "; ", gravest.short), HEADLINE_CELLS)
    main = _main_eval(run)
    if main and moved:
        both = f"{moved}; validation {ends_text(main[0].value, main[-1].value)}"
        return fitting((both, moved), HEADLINE_CELLS)
    return fitting((f"{moved}; no validation loss", moved), HEADLINE_CELLS)


def _summary(run: Run, gravest: Hit | None) -> str:
    moved = [_moved(run, ends=True), _moved(run, ends=False)]
    if gravest is not None:
        fell = run.objective == "supervised" and (run.drop or 0) > 0
        return fitting(_joined(moved, ", but " if fell else "; ", gravest.long), SUMMARY_CELLS)
    main = _main_eval(run)
    if main:
        best = curve_tests.best_of(main)
        where = f"best validation {loss_text(best.value)} at step {step_text(best.step)}"
        return fitting(_joined(moved, "; ", where), SUMMARY_CELLS)
    return fitting(_joined(moved, "; ", "the log has no validation loss"), SUMMARY_CELLS)


def _joined(variants: Sequence[str], sign: str, other: str) -> tuple[str, ...]:
    return (*(f"{one}{sign}{other}" for one in variants if one), other)


def _main_eval(run: Run) -> tuple[LogPoint, ...]:
    return next(iter(run.finite_evals().values()), ())


def _numbers(run: Run) -> dict[str, Number]:
    n = len(run.finite)
    none = "no training loss that is a number" if run.train else "no training loss in the log"
    numbers = {
        "first": Number(finite(run.first), n=n, unit="loss", why="" if run.k else none),
        "last": Number(finite(run.last), n=n, unit="loss", why="" if run.k else none),
    }
    drop = finite(run.drop)
    no_drop = none if not run.k else "the first loss is not above 0" if drop is None else ""
    numbers["drop"] = Number(drop, n=n, unit="rate", why=no_drop)
    main = _main_eval(run)
    if main:
        best = curve_tests.best_of(main)
        found = {
            "eval_best": Number(best.value, n=len(main), unit="loss"),
            "eval_best_step": Number(best.step, n=len(main), unit="step"),
            "eval_last": Number(main[-1].value, n=len(main), unit="loss"),
        }
    else:
        why = "no validation loss in the log"
        if run.evals:
            why = "no validation loss that is a number"
        found = dict.fromkeys(("eval_best", "eval_best_step", "eval_last"), Number(None, why=why))
    counted = len(next(iter(run.evals.values()), ()))
    return (
        numbers
        | found
        | {
            "points": Number(len(run.train), unit="points"),
            "eval_points": Number(counted, unit="points"),
        }
    )


def _tables(run: Run) -> dict[str, Table]:
    if not run.evals:
        return {}
    several = len(run.evals) > 1
    rows: list[tuple[Any, ...]] = []
    for key, points in run.evals.items():
        name = (clean(eval_name(key), limit=24) or "validation",) if several else ()
        for point in points:
            beside = run.beside(point)
            values = (point.step, finite(point.epoch), finite(point.value), beside)
            rows.append((*name, *values))
    columns = (
        *((Column("set", "eval set"),) if several else ()),
        Column("step", "step", "count", 0),
        Column("epoch", "epoch", "number", 2),
        Column("eval_loss", "validation", "number", decimals_for(row[-2] for row in rows)),
        Column("train_loss", "train beside", "number", decimals_for(row[-1] for row in rows)),
    )
    return {"evals": Table("validation losses", columns, tuple(rows))}


def _events(run: Run, evidence: Evidence) -> tuple[Event, ...]:
    def setting(name: str) -> float:
        return threshold(evidence, f"{STEP}.{name}")

    events = []
    if run.objective == "supervised":
        # The highest of very many, and never at the cost of the epochs.
        found = sorted(curve_tests.spikes(run, setting), key=lambda point: -point.value)
        events += [Event(p.step, f"spike {loss_text(p.value)}") for p in found[:EVENTS_SHOWN]]
    ends = curve_tests.epoch_ends(run.train)
    if 2 * len(ends) <= len(run.train):
        ended = ((run.train[place].step, epoch) for epoch, place in ends[:EVENTS_SHOWN])
        events += [Event(step, f"epoch {epoch} ended") for step, epoch in ended]
    main = _main_eval(run)
    if main:
        best = curve_tests.best_of(main)
        events.append(Event(best.step, f"best validation {loss_text(best.value)}"))
    if run.log.judged_step is not None:
        events.append(Event(float(run.log.judged_step), "judged checkpoint"))
    return tuple(sorted(events, key=lambda event: event.x))


def _plots(run: Run, events: tuple[Event, ...]) -> tuple[Plot, ...]:
    """Everything the log holds, later rows too."""
    series = run.log.series
    losses = [line_of("train", "train", series.get("loss", ()))]
    for key in run.evals:
        name = f"validation {eval_name(key)}".rstrip()
        losses.append(line_of(clean(name, limit=32), "eval", series[key]))
    plots = [Plot("loss", "loss", "curve", tuple(losses), "step", "loss", events)]
    for key in LINES:
        if series.get(key):
            name = plot_key(key)
            line = line_of(name.replace("_", " "), "train", series[key])
            plots.append(Plot(name, line.name, "curve", (line,), "step", line.name, events))
    if run.objective != "supervised":
        # Its own sign first: the loss of such a run says little.
        signs = (*PREFERENCE_SIGNS, *REINFORCEMENT_SIGNS)
        plots.sort(key=lambda plot: plot.key not in signs)
    return tuple(plot for plot in plots if any(line.x for line in plot.series))


def plot_key(key: str) -> str:
    return "learning_rate" if key == "lr" else key


def line_of(name: str, role: str, points: Sequence[LogPoint]) -> Series:
    """A quantity of the log as a line (``train``) or as points (``eval``), on every axis
    that the log tells."""
    alternatives = {}
    if any(point.epoch is not None for point in points):
        alternatives["epoch"] = tuple(_or_nan(point.epoch) for point in points)
    if any(point.time is not None for point in points):
        alternatives["time"] = tuple(_or_nan(point.time) for point in points)
    return Series(
        name,
        "eval" if role == "eval" else "train",
        tuple(point.step for point in points),
        tuple(point.value for point in points),
        alternatives,
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _how(run: Run, evidence: Evidence) -> tuple[str, ...]:
    log = run.log
    source = f"Read from {clean(log.source, limit=200)} ({clean(log.format, limit=40)})."
    if log.judged_step is not None:
        source += f" What counts ends at step {log.judged_step}, the judged checkpoint's."
    counted = (
        f"{count_text(len(run.train), 'training loss', 'training losses')}, each the mean over"
        f" the steps since the one before. First and last are the medians of {run.k} points at"
        " each end; beside an eval stands the median of as many points before it."
    )
    tests = (
        "The decrease is tested by rank (Kendall's tau, one-sided, p below"
        f" {threshold(evidence, f'{STEP}.not_decreased_p'):g}) and by size; a plateau by the"
        " median slope (Theil-Sen) of the last third; spikes and steps at epochs against the"
        " scaled median absolute deviation. Runs of more than 300 points enter the rank tests"
        " as 300 block medians. Thresholds are settings under [curves]."
    )
    sets = [eval_name(key) or "validation" for key in run.evals]
    paragraphs = [source, counted, tests]
    if len(sets) > 1:
        names = clean(", ".join(sets), limit=200)
        paragraphs.append(
            f"{len(sets)} eval sets ({names}): the first counts as the validation"
            " loss, each is tested, and the worst answer counts."
        )
    wanted = str(evidence.setting(f"{STEP}.eval"))
    if wanted and sets and wanted not in (sets[0], next(iter(run.evals))):
        paragraphs.append(f"No eval set named {clean(wanted, limit=60)} is in the log.")
    paragraphs += [clean(note, limit=400) for note in log.notes]
    return tuple(paragraphs)
