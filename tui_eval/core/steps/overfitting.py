"""Step 3: did it learn, or memorise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Reading, verdict_of
from tui_eval.core.stats.auc import DRAWS, SEED
from tui_eval.core.stats.intervals import Estimate
from tui_eval.core.steps import overfitting_views, untrained
from tui_eval.core.steps.log_reconcile import reconcile
from tui_eval.core.steps.overfitting_case import Case
from tui_eval.core.steps.overfitting_gap import gaps
from tui_eval.core.steps.overfitting_numbers import numbers
from tui_eval.core.steps.overfitting_signs import (
    copies,
    diversity,
    forgotten,
    near_far,
    rises,
)
from tui_eval.core.steps.overfitting_tests import all_hits, gap_text
from tui_eval.core.steps.overfitting_unlike import Unlike, unlike
from tui_eval.core.steps.pairs import Scored, scored
from tui_eval.core.steps.run import look
from tui_eval.core.steps.wording import Hit, count_text, fitting, worst
from tui_eval.core.text import clean

STEP = "overfitting"


def read(evidence: Evidence, candidate: str, *, against: str | None = None) -> Reading:
    base = against or evidence.base(candidate)
    kind = evidence.untrained(candidate)
    if kind in ("prompt", "references"):
        none = numbers(_nothing(evidence, candidate))
        return untrained.reading(STEP, candidate, base or "base", kind, none)
    case = _case(evidence, candidate, base)
    hits = all_hits(case)
    findings = tuple(hit.finding for hit in hits)
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base or "base",
        verdict=verdict_of(findings, case.waiting),
        headline=_waiting(case, HEADLINE_CELLS) if case.waiting else _headline(case, hits),
        summary=_waiting(case, SUMMARY_CELLS) if case.waiting else _summary(case, hits),
        findings=findings,
        numbers=numbers(case),
        tables=overfitting_views.tables(case, _grave(hits)),
        plots=overfitting_views.plots(case),
        how=_how(case),
        advice=case.advice if _to_mend(hits) else (),
    )


def _to_mend(hits: Sequence[Hit]) -> bool:
    """Whether it memorised, so that another training would help."""
    return bool(_grave(hits).keys() & {"gap_high", "gap_some", "eval_rises"})


def _grave(hits: Sequence[Hit]) -> dict[str, str]:
    found = {hit.finding.code: hit.finding.severity for hit in hits}
    return {code: severity for code, severity in found.items() if severity in ("bad", "caution")}


def _case(evidence: Evidence, candidate: str, base: str | None) -> Case:
    scorable = evidence.scorable(candidate)
    # A base of answers alone is compared by them, not by losses.
    scored_base = base if base is not None and evidence.scorable(base) else None
    sides = [
        scored(evidence, candidate, scored_base, split) if scorable else None
        for split in ("train", "validation", "off_task")
    ]
    train, validation, off_task = sides
    run = look(evidence, candidate)
    supervised = run is not None and run.objective == "supervised"
    case = Case(
        evidence=evidence,
        candidate=candidate,
        base=scored_base,
        train=train,
        validation=validation,
        off_task=off_task,
        gaps=gaps(train, validation) if train is not None and validation is not None else None,
        forgetting=_forgetting(off_task),
        copies=copies(evidence, candidate, base),
        near_far=near_far(evidence, candidate, validation) if validation is not None else None,
        diversity=diversity(evidence, candidate, base),
        run=run,
        rises=rises(evidence, run) if run is not None and supervised else (),
        reconciled=reconcile(evidence, candidate, validation) if validation is not None else None,
        scorable=scorable,
        unmeasured=_unmeasured(evidence, candidate),
    )
    return replace(case, unlike=_unlike(case))


def _nothing(evidence: Evidence, candidate: str) -> Case:
    """A case of which nothing is known, for the names of its numbers."""
    return Case(
        evidence=evidence,
        candidate=candidate,
        base=None,
        train=None,
        validation=None,
        off_task=None,
        gaps=None,
        forgetting=None,
        copies=None,
        near_far=None,
        diversity=None,
        run=None,
        rises=(),
        reconciled=None,
    )


def _unlike(case: Case) -> Unlike | None:
    """Only of supervised runs: preference training may raise the loss of its own rows."""
    told = case.evidence.objective(case.candidate)
    objective = told or (case.run.objective if case.run is not None else "supervised")
    if case.gaps is None or not case.enough or objective != "supervised":
        return None
    assert case.train is not None
    assert case.validation is not None
    return unlike(
        case.train,
        case.validation,
        case.gaps,
        case.run,
        case.reconciled,
        least=case.limit("unlike_trained"),
        clear=case.limit("gap_some"),
    )


def _unmeasured(evidence: Evidence, candidate: str) -> int:
    """Validation prompts that were not compared with the training file, if one is named."""
    nearest, dataset = evidence.nearest(candidate), evidence.dataset(candidate, "validation")
    if nearest is None or dataset is None:
        return 0
    return sum(sample.id not in nearest for sample in dataset.samples)


def _forgetting(side: Scored | None) -> Estimate | None:
    if side is None or side.base is None or not side.pairs or side.broken:
        return None
    return forgotten(side.pairs, side.same_units)


def _waiting(case: Case, width: int) -> str:
    used = _gap_told(case)
    so_far = f", gap so far {used.value + 0.0:.1f}" if used is not None else ""
    if not case.scoring:
        left = " and ".join(case.to_measure)
        asked = f"{left} to be compared with the training file"
        brief = f"{left} to compare"
        return fitting((f"{asked}: press r", asked, f"{brief}: press r", brief), width)
    sides = [*case.sides, *([case.off_task] if case.off_task is not None else [])]
    done, planned = sum(side.done for side in sides), sum(side.planned for side in sides)
    if not done:
        needs = f"needs {count_text(planned, 'row')} scored"
        return fitting((f"{needs}: press r", needs), width)
    progress = f"{done} of {count_text(planned, 'row')} scored"
    return fitting((f"{progress}{so_far}", progress), width)


def _headline(case: Case, hits: Sequence[Hit]) -> str:
    gravest, used = worst(hits), _gap_told(case)
    if used is None:
        return fitting((gravest.short if gravest else "nothing to compare",), HEADLINE_CELLS)
    gap, brief = f"gap {gap_text(used)}", f"gap {used.value + 0.0:.2f}"
    words = gravest.short if gravest is not None else _no_grave(hits, used)[1]
    return fitting((f"{gap}, {words}", f"{brief}, {words}", words), HEADLINE_CELLS)


def _summary(case: Case, hits: Sequence[Hit]) -> str:
    gravest, used = worst(hits), _gap_told(case)
    few = _few_copies(hits)
    if used is None:
        words = gravest.long if gravest else "nothing to compare"
        # Signs that need no losses may tell something all the same.
        told = worst(hit for hit in hits if hit.finding.severity != "not_enough")
        if told is None or told is gravest:
            return fitting((*(f"{words}{one}" for one in few), words), SUMMARY_CELLS)
        return fitting((f"{words}; {told.long}", words), SUMMARY_CELLS)
    train, validation = case.counts
    n = f", n = {train} + {validation}"
    words, short = (gravest.long, gravest.short) if gravest else _no_grave(hits, used)
    gap = f"gap {gap_text(used)}"
    beyond = " beyond base's" if case.gaps is not None and case.gaps.harder else ""
    more = [f"{gap}{beyond}: {words}{one}" for one in few]
    more = [*(f"{one}{n}" for one in more[:1]), *more]
    more += [f"{gap}: {one}{few[-1]}" for one in (words, short) if few]
    return fitting(
        (*more, f"{gap}{beyond}: {words}{n}", f"{gap}{beyond}: {words}", f"{gap}: {words}", words),
        SUMMARY_CELLS,
    )


def _no_grave(hits: Sequence[Hit], used: Estimate) -> tuple[str, str]:
    """Long and short, where nothing is a caution: an interval that reaches above what counts
    as some is no sign of none."""
    between = any(hit.finding.code == "gap_between" for hit in hits)
    if between and used.high is not None:
        upto = f"{used.high:.2f}"
        told = f"no overfitting shown, up to {upto} can't be ruled out"
        return told, f"none shown, up to {upto} possible"
    return "no sign of overfitting", "no overfitting"


def _few_copies(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The end of a summary, the longer first, where copies are only noted."""
    found = (h for h in hits if h.finding.code == "copies" and h.finding.severity == "note")
    noted = next(found, None)
    return () if noted is None else (f"; {noted.long}", f"; {noted.short}")


def _gap_told(case: Case) -> Estimate | None:
    """The gap that counts, where there are rows enough to tell it."""
    return case.gaps.used if case.gaps is not None and case.enough else None


def _how(case: Case) -> tuple[str, ...]:
    paragraphs = [
        "The gap is validation loss minus training loss of the fine-tuned model, in nats per"
        " token, both computed here by one function: answers with their end-of-turn token, sums"
        " over sums. Where base's own gap lies wholly above 0, it is taken off: then the"
        f" validation set is harder by itself. {_which(case)}",
        "Its interval is 95%: one influence value per row, summed within groups, Student's t;"
        " training and validation rows vary separately, base and tuned are compared on the same"
        " rows. The ratio's interval is made on the log scale. Off-task texts are few: forgetting"
        " has a jackknife's interval, its degrees of freedom by how the influences spread.",
        "Could training rows be told from new ones: the area under the ROC curve (member_auc) of"
        " base's minus tuned's loss, ties one half, 0.5 is chance; interval by bootstrap of rows,"
        f" {DRAWS:,} draws, seed {SEED}. It is evidence, and no verdict rests on it.",
        _copy_words(case),
        "Near and far: thirds of the validation rows by the TF-IDF cosine of their prompt to the"
        " nearest training prompt, near-duplicates apart; far minus near of tuned, minus the same"
        " of base, and a sign only where tuned by itself is worse far too. Diversity: each answer"
        " and its reference cut to the shorter of the two;"
        " distinct-2 (different word pairs of all) has no interval, for drawing texts again"
        " repeats them; compression and self-repetition are higher where answers are alike.",
    ]
    for side, name in ((case.train, "Training"), (case.off_task, "Off-task")):
        if side is not None:
            source = clean(side.dataset.source, limit=200)
            used = f"{count_text(len(side.pairs), 'row')} of {side.dataset.rows:,} of {source}"
            bad = side.dataset.left_out
            skipped = f"; {count_text(bad, 'row')} could not be used" if bad else ""
            paragraphs.append(f"{name} rows: {used}{skipped}.")
    if case.reconciled is not None:
        paragraphs.append(case.reconciled.line)
    return tuple(paragraphs)


def _which(case: Case) -> str:
    if case.gaps is None or case.gaps.used is None:
        return "It can't be computed here."
    if case.gaps.harder:
        return "So it is here: gap_used is gap - base_gap."
    return "Here it does not: gap_used is the gap as it is."


def _copy_words(case: Case) -> str:
    words, run = int(case.limit("copy_words")), int(case.limit("copy_run"))
    return (
        f"A copy is an answer of at least {words} words that equals a training answer after"
        f" folding case and white space, or one that holds {run} words or more of one in a row."
        " Base's answers and the references to the same prompts are held to the same rule, and"
        " what they repeat too is an echo; where that is so of most prompts, nothing is told."
        " Rates have Wilson intervals."
    )
