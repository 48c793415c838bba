"""All checkpoints of one run on the validation set: which one should be judged?

Not a step of the checklist: what is asked is which checkpoint to take through it. Every other
checkpoint is held against the judged one on the same rows. Several looks find a difference by
chance more often than one, so each interval is Bonferroni's: with k compared, its confidence
is 1 - 0.05/k, and all of them hold together at least 95 times in 100. What an interval shows
is then also what may be said of the best one, although it was picked for its loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Finding,
    Reading,
    Severity,
    verdict_of,
)
from tui_eval.core.records import Dataset, Objective
from tui_eval.core.steps import checkpoints_views as views
from tui_eval.core.steps.checkpoints_run import Point, Run, Saved, gather
from tui_eval.core.steps.run import objective_of
from tui_eval.core.steps.wording import (
    Hit,
    count_text,
    decimals_for,
    decimals_text,
    fitting,
    loss_text,
    threshold,
    worst,
)
from tui_eval.core.text import clean

STEP = "checkpoints"


def along(
    evidence: Evidence, candidate: str, saved: Sequence[Saved], notes: Sequence[str] = ()
) -> Reading:
    """``saved``: oldest first, one of them the judged one. ``evidence`` knows the losses of
    each under its model's name."""
    dataset = evidence.dataset(candidate, "validation")
    run = gather(evidence, candidate, saved, dataset)
    hits = _hits(evidence, candidate, run, dataset)
    findings = tuple(hit.finding for hit in hits)
    findings += tuple(Finding("left_out", "note", clean(note, limit=300)) for note in notes)
    waiting = bool(run.waiting) and dataset is not None and len(saved) > 1
    return Reading(
        step=STEP,
        candidate=candidate,
        against=next((clean(one.name, limit=60) for one in saved if one.judged), candidate),
        verdict=verdict_of(findings, waiting),
        headline=_words(run, hits, HEADLINE_CELLS, waiting),
        summary=_words(run, hits, SUMMARY_CELLS, waiting),
        findings=findings,
        numbers=views.numbers(run),
        tables={"along": views.table(run)} if saved else {},
        plots=views.plots(evidence, candidate, run),
        how=views.how(run, dataset),
    )


def _hits(evidence: Evidence, candidate: str, run: Run, dataset: Dataset | None) -> list[Hit]:
    if dataset is None or not dataset.samples:
        text = "There is no validation data: name a file as validation under [data] in eval.toml."
        phrase = "there is no validation data"
        return [Hit(Finding("no_validation", "not_enough", text), phrase, phrase)]
    if len(run.saved) < 2:
        phrase = "this run has one checkpoint" if run.saved else "no checkpoint to score here"
        text = (
            f"{phrase[0].upper()}{phrase[1:]}: there is nothing to compare along the run."
            " Several lie beside each other as checkpoint-N folders where the trainer keeps them"
            " (save_strategy, save_total_limit)."
        )
        return [Hit(Finding("one_checkpoint", "not_enough", text), phrase, phrase)]
    hits = [_broken(run), _judged_broken(run)]
    enough = run.samples >= threshold(evidence, "perplexity.enough_samples")
    if not run.waiting:
        informs = _objective(evidence, candidate) != "supervised"
        told = [_best(run, candidate, informs), _chosen_here(run), _informs(informs)]
        hits += told if enough else [_too_few(run)]
    return [hit for hit in hits if hit is not None]


def _objective(evidence: Evidence, candidate: str) -> Objective:
    told, log = evidence.objective(candidate), evidence.log(candidate)
    return (told or "supervised") if told is not None or log is None else objective_of(log)


def _informs(informs: bool) -> Hit | None:
    if not informs:
        return None
    text = (
        "This run optimised a preference or a reward: the loss of the expected answers may rise"
        " by design, and the lowest need not be the best."
    )
    return Hit(Finding("objective", "note", text), "", "")


def _broken(run: Run) -> Hit | None:
    others = [clean(one.name, limit=40) for one in run.broken if not one.judged]
    if not others:
        return None
    text = f"The loss is not a finite number under {', '.join(others[:5])}: left out."
    return Hit(Finding("non_finite", "note", text), "", "")


def _judged_broken(run: Run) -> Hit | None:
    if not any(one.judged for one in run.broken):
        return None
    phrase = "the judged one's loss is not a number"
    text = "The loss of the judged checkpoint is not a finite number: judge another."
    return Hit(Finding("non_finite_judged", "bad", text), phrase, phrase)


def _too_few(run: Run) -> Hit:
    phrase = f"only {count_text(run.samples, 'sample')}"
    text = f"O{phrase[1:]} scored under all of them: too few to tell checkpoints apart."
    return Hit(Finding("too_few_samples", "not_enough", text), phrase, phrase)


def _best(run: Run, candidate: str, informs: bool) -> Hit | None:
    best, judged = run.best, run.judged
    if best is None or judged is None:
        return None
    name, lost = clean(best.saved.name, limit=40), loss_text(best.loss.value)
    looks = f"{count_text(len(run.others), 'other')} compared"
    if best.saved.judged:
        text = f"The judged {name} has the lowest validation loss, {lost} ({looks})."
        phrase = "the judged one is the best"
        return Hit(Finding("judged_is_best", "note", text), phrase, f"{phrase}, {looks}")
    assert best.difference is not None
    gap = decimals_text(-best.difference.value)
    span = _span_text(best)
    if best.shown_better:
        text = (
            f"{name} is better than the judged {clean(judged.saved.name, limit=40)}: its"
            f" validation loss is {gap} lower {span}, with {looks} taken into account. To judge it"
            f" instead, name it as path under [models.{clean(candidate, limit=40)}] in eval.toml,"
            " and confirm it on rows that did not choose it."
        )
        severity: Severity = "note" if informs else "caution"
        return Hit(
            Finding("better_checkpoint", severity, text, {"checkpoint": best.saved.name}),
            f"{name} is better",
            f"{name} is better by {gap} {span}",
        )
    text = (
        f"{name} has the lowest validation loss, {gap} below the judged one's {span}: with"
        f" {looks}, that may be chance."
    )
    phrase = f"{name} lowest, could be chance"
    return Hit(Finding("better_not_shown", "note", text), phrase, f"{phrase}, {looks}")


def _span_text(point: Point) -> str:
    """Of how much lower."""
    if point.span is None:
        return ""
    low, high = -point.span[1], -point.span[0]
    digits = decimals_for((low, high))
    return f"[{low + 0.0:.{digits}f}, {high + 0.0:.{digits}f}]"


def _chosen_here(run: Run) -> Hit | None:
    best = run.best
    if best is None or best.saved.judged:
        return None
    text = (
        "A checkpoint that is chosen by the validation rows looks better on them than it is:"
        " test data, review and blind A/B tell."
    )
    return Hit(Finding("chosen_here", "note", text), "", "")


PRESS = ": press r"
"""On the page; a shell is told what does the same there."""


def _words(run: Run, hits: Sequence[Hit], width: int, waiting: bool) -> str:
    if waiting:
        done = len(run.saved) - len(run.waiting)
        progress = f"{done} of {count_text(len(run.saved), 'checkpoint')} scored"
        return fitting((f"{progress}{PRESS}", progress), width)
    gravest = worst(hits) or next((hit for hit in hits if hit.short), None)
    if gravest is None:
        return fitting(("nothing to compare",), width)
    wide = width > HEADLINE_CELLS
    n = f", n = {run.samples}" if run.points else ""
    variants = (f"{gravest.long}{n}", gravest.long, gravest.short) if wide else (gravest.short,)
    return fitting(variants, width)
