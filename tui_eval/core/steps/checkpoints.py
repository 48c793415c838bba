"""All checkpoints of one run on the validation set: which one should be judged?

Not a step of the checklist: what is asked is which checkpoint to take through it. Every other
checkpoint is held against the judged one on the same rows. Several looks find a difference by
chance more often than one, so each interval is Bonferroni's: with k compared, its confidence
is 1 - 0.05/k, and all of them hold together at least 95 times in 100. What an interval shows
is then also what may be said of the best one, although it was picked for its loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Column,
    Finding,
    Number,
    Plot,
    Reading,
    Series,
    Severity,
    Table,
    finite,
    verdict_of,
)
from tui_eval.core.records import Dataset, Objective, Sample, TokenLoss
from tui_eval.core.stats.intervals import Estimate, Interval, ratio_of_sums
from tui_eval.core.stats.paired import loss_difference
from tui_eval.core.stats.student import t_quantile
from tui_eval.core.steps.comparison import compare, improvement_of
from tui_eval.core.steps.pairs import Pair, groups_of, nll, of_tuned, tokens
from tui_eval.core.steps.run import eval_keys, objective_of
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
ALPHA = 0.05
COLUMNS = (
    Column("checkpoint", "checkpoint"),
    Column("step", "step", "count", 0),
    Column("epoch", "epoch", "number", 2, spare=True),
    Column("loss", "validation loss", "number", 3),
    Column("low", "low", "number", 3),
    Column("high", "high", "number", 3),
    Column("perplexity", "perplexity", "number", 2),
    Column("improvement", "vs base", "percent", 1),
    Column("difference", "minus judged", "number", 3),
    Column("difference_low", "low", "number", 3),
    Column("difference_high", "high", "number", 3),
    Column("log_loss", "log's", "number", 3, spare=True),
)


@dataclass(frozen=True, slots=True)
class Saved:
    """One checkpoint of the run."""

    model: str
    """What evidence knows it by: the candidate itself where it is the judged one."""
    name: str
    """Its folder's name."""
    step: int | None
    epoch: float | None = None
    judged: bool = False


@dataclass(frozen=True, slots=True)
class _Point:
    """A checkpoint that is scored to the end, on the rows that all of them have."""

    saved: Saved
    loss: Estimate
    improvement: Interval | None
    difference: Estimate | None
    """Its loss minus the judged one's; None of the judged one itself."""
    share: float
    """Confidence of the difference's interval."""
    logged: float | None

    @property
    def span(self) -> tuple[float, float] | None:
        """The difference's interval, corrected for how many were compared."""
        found = self.difference
        if found is None or found.df < 1 or not math.isfinite(found.se):
            return None
        half = t_quantile((1 + self.share) / 2, found.df) * found.se if found.se else 0.0
        return found.value - half, found.value + half

    @property
    def shown_better(self) -> bool:
        return self.span is not None and self.span[1] < 0

    @property
    def row(self) -> tuple[str | int | float | None, ...]:
        low, high = self.span or (None, None)
        gained = None if self.improvement is None else finite(self.improvement.value)
        return (
            f"{clean(self.saved.name, limit=40)}{' (judged)' if self.saved.judged else ''}",
            self.saved.step,
            self.saved.epoch,
            finite(self.loss.value),
            finite(self.loss.low),
            finite(self.loss.high),
            finite(_exp(self.loss.value)),
            gained,
            None if self.difference is None else finite(self.difference.value),
            finite(low),
            finite(high),
            finite(self.logged),
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """What there is to look at."""

    saved: Sequence[Saved]
    points: Sequence[_Point]
    samples: int
    planned: int
    """Rows to be scored under each."""
    waiting: Sequence[Saved]
    broken: Sequence[Saved]
    """Those with a loss that is not a finite number."""

    @property
    def judged(self) -> _Point | None:
        return next((one for one in self.points if one.saved.judged), None)

    @property
    def best(self) -> _Point | None:
        return min(self.points, key=lambda one: one.loss.value, default=None)

    @property
    def others(self) -> list[_Point]:
        return [one for one in self.points if not one.saved.judged]


def along(
    evidence: Evidence, candidate: str, saved: Sequence[Saved], notes: Sequence[str] = ()
) -> Reading:
    """``saved``: oldest first, one of them the judged one. ``evidence`` knows the losses of
    each under its model's name."""
    dataset = evidence.dataset(candidate, "validation")
    run = _run(evidence, candidate, saved, dataset)
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
        numbers=_numbers(run),
        tables={"along": _table(run)} if saved else {},
        plots=_plots(evidence, candidate, run),
        how=_how(run, dataset),
    )


def _run(
    evidence: Evidence, candidate: str, saved: Sequence[Saved], dataset: Dataset | None
) -> _Run:
    samples = dataset.samples if dataset is not None else ()
    found = {one.model: evidence.losses(one.model, one.model, "validation") for one in saved}
    whole = [one for one in saved if samples and all(s.id in found[one.model] for s in samples)]
    broken = [one for one in whole if not _all_finite(found[one.model], samples)]
    sound = [one for one in whole if one not in broken]
    base = evidence.base(candidate)
    of_base = evidence.losses(candidate, base, "validation") if base is not None else {}
    rows = [s for s in samples if all(_usable(found[one.model][s.id]) for one in sound)]
    judged = next((one for one in sound if one.judged), None)
    of_judged = found[judged.model] if judged is not None else {}
    compared = sum(not one.judged for one in sound) if judged is not None else 0
    logged = _logged(evidence, candidate)
    points = [
        point
        for one in sound
        if (
            point := _point(
                one,
                [Pair(s, found[one.model][s.id], of_base.get(s.id)) for s in rows],
                None if one.judged else of_judged,
                1 - ALPHA / max(1, compared),
                logged.get(one.step),
            )
        )
    ]
    left = [one for one in saved if one not in whole]
    return _Run(saved, points, len(rows), len(samples), left, broken)


def _usable(loss: TokenLoss) -> bool:
    return not loss.error and loss.tokens > 0


def _all_finite(losses: Mapping[str, TokenLoss], samples: Sequence[Sample]) -> bool:
    return all(math.isfinite(losses[s.id].nll) for s in samples)


def _point(
    saved: Saved,
    pairs: Sequence[Pair],
    judged: Mapping[str, TokenLoss] | None,
    share: float,
    logged: float | None,
) -> _Point | None:
    groups = groups_of(pairs)
    own, own_tokens = of_tuned(pairs, nll), of_tuned(pairs, tokens)
    loss = ratio_of_sums(own, own_tokens, groups)
    if loss is None:
        return None
    difference = None
    if judged:
        theirs = [judged[pair.sample.id] for pair in pairs]
        difference = loss_difference(
            own, list(map(nll, theirs)), own_tokens, list(map(tokens, theirs)), groups
        )
    return _Point(saved, loss, _improvement(pairs), difference, share, logged)


def _improvement(pairs: Sequence[Pair]) -> Interval | None:
    """Of the perplexity over base's, once base is scored on all of these rows."""
    if not all(pair.base is not None and _usable(pair.base) for pair in pairs):
        return None
    same = all(pair.base is not None and pair.base.tokens == pair.tuned.tokens for pair in pairs)
    return improvement_of(compare(pairs, same_units=same).ratio)


def _logged(evidence: Evidence, candidate: str) -> Mapping[int | None, float]:
    """The log's own validation losses, by step."""
    log = evidence.log(candidate)
    if log is None:
        return {}
    key = next(iter(eval_keys(log, str(evidence.setting("curves.eval")))), None)
    points = log.series.get(key, ()) if key else ()
    return {int(point.step): point.value for point in points if point.step == int(point.step)}


def _hits(evidence: Evidence, candidate: str, run: _Run, dataset: Dataset | None) -> list[Hit]:
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


def _broken(run: _Run) -> Hit | None:
    others = [clean(one.name, limit=40) for one in run.broken if not one.judged]
    if not others:
        return None
    text = f"The loss is not a finite number under {', '.join(others[:5])}: left out."
    return Hit(Finding("non_finite", "note", text), "", "")


def _judged_broken(run: _Run) -> Hit | None:
    if not any(one.judged for one in run.broken):
        return None
    phrase = "the judged one's loss is not a number"
    text = "The loss of the judged checkpoint is not a finite number: judge another."
    return Hit(Finding("non_finite_judged", "bad", text), phrase, phrase)


def _too_few(run: _Run) -> Hit:
    phrase = f"only {count_text(run.samples, 'sample')}"
    text = f"O{phrase[1:]} scored under all of them: too few to tell checkpoints apart."
    return Hit(Finding("too_few_samples", "not_enough", text), phrase, phrase)


def _best(run: _Run, candidate: str, informs: bool) -> Hit | None:
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
            f" validation loss is {gap} lower {span}, all {looks} taken into account. To judge it"
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


def _span_text(point: _Point) -> str:
    """Of how much lower."""
    if point.span is None:
        return ""
    low, high = -point.span[1], -point.span[0]
    digits = decimals_for((low, high))
    return f"[{low + 0.0:.{digits}f}, {high + 0.0:.{digits}f}]"


def _chosen_here(run: _Run) -> Hit | None:
    best = run.best
    if best is None or best.saved.judged:
        return None
    text = (
        "A checkpoint that is chosen by the validation rows looks better on them than it is:"
        " test data, review and blind A/B tell."
    )
    return Hit(Finding("chosen_here", "note", text), "", "")


def _words(run: _Run, hits: Sequence[Hit], width: int, waiting: bool) -> str:
    if waiting:
        done = len(run.saved) - len(run.waiting)
        progress = f"{done} of {count_text(len(run.saved), 'checkpoint')} scored"
        lead = "to score them all: tui-eval run --checkpoints"
        return fitting((f"{progress}; {lead}", progress), width)
    gravest = worst(hits) or next((hit for hit in hits if hit.short), None)
    if gravest is None:
        return fitting(("nothing to compare",), width)
    wide = width > HEADLINE_CELLS
    n = f", n = {run.samples}" if run.points else ""
    variants = (f"{gravest.long}{n}", gravest.long, gravest.short) if wide else (gravest.short,)
    return fitting(variants, width)


def _numbers(run: _Run) -> dict[str, Number]:
    best, judged = run.best, run.judged
    why = "not all of them are scored yet" if run.waiting else "there is nothing to compare"
    none = Number(None, why=why)
    found = {
        "checkpoints": Number(len(run.saved), unit="checkpoints"),
        "compared": Number(len(run.points), unit="checkpoints"),
        "samples": Number(run.samples, unit="samples"),
        "best_step": _step(best, none),
        "best_loss": _loss(best, none),
        "judged_step": _step(judged, none),
        "judged_loss": _loss(judged, none),
    }
    if best is None or best.difference is None or best.span is None:
        same = best is not None and best.saved.judged
        why = "the judged one is the best" if same else why
        return {**found, "best_difference": Number(None, why=why)}
    low, high = best.span
    shown = Number(best.difference.value, low, high, run.samples, "nats/token")
    return {**found, "best_difference": shown}


def _step(point: _Point | None, none: Number) -> Number:
    if point is None:
        return none
    step = point.saved.step
    return Number(step, unit="steps") if step is not None else Number(None, why="no step is told")


def _loss(point: _Point | None, none: Number) -> Number:
    if point is None or finite(point.loss.value) is None:
        return none
    found = point.loss
    return Number(found.value, finite(found.low), finite(found.high), found.n, "nats/token")


def _table(run: _Run) -> Table:
    done = {one.saved.model: one.row for one in run.points}
    rows = []
    for one in run.saved:
        name = f"{clean(one.name, limit=40)}{' (judged)' if one.judged else ''}"
        empty = (name, one.step, one.epoch, *[None] * (len(COLUMNS) - 3))
        rows.append(done.get(one.model, empty))
    return Table("checkpoints of the run", COLUMNS, tuple(rows))


def _plots(evidence: Evidence, candidate: str, run: _Run) -> tuple[Plot, ...]:
    points = [one for one in run.points if one.saved.step is not None]
    if len(points) < 2:
        return ()
    steps = tuple(float(one.saved.step or 0) for one in points)
    epochs = tuple(math.nan if one.saved.epoch is None else one.saved.epoch for one in points)
    measured = Series(
        "measured", "tuned", steps, tuple(one.loss.value for one in points), {"epoch": epochs}
    )
    logged = sorted(
        (float(step), value)
        for step, value in _logged(evidence, candidate).items()
        if step is not None and math.isfinite(value)
    )
    series = [measured]
    if logged:
        xs, ys = zip(*logged, strict=True)
        series.append(Series("the log's", "eval", xs, ys))
    plot = Plot("along", "validation loss along the run", "curve", tuple(series), "step", "loss")
    return (plot,)


def _how(run: _Run, dataset: Dataset | None) -> tuple[str, ...]:
    looks = len(run.others)
    level = 100 * (1 - ALPHA / max(1, looks))
    source = clean(dataset.source, limit=200) if dataset is not None else "no file"
    return (
        f"Each checkpoint is scored on the same {count_text(run.samples, 'row')} of {source}, with"
        " the same prompt, precision and limits: summed losses over scored tokens, 95% interval"
        " by one influence value per row.",
        "A difference is the checkpoint's loss minus the judged one's on the same rows, nats per"
        f" token, negative is better. {count_text(looks, 'checkpoint')} compared, so each interval"
        f" is one of {level:.4g}% (Bonferroni): all of them hold together at least 95 times in"
        " 100, whichever is picked afterwards.",
        "Beside it stands what the training log says at that step, which may be averaged or cut"
        " in another way.",
    )


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
