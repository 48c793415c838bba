"""Step 4: what do the fine-tuned model's answers read like to a person?"""

from __future__ import annotations

from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Finding,
    Reading,
    verdict_of,
)
from tui_eval.core.steps import judging, review_views
from tui_eval.core.steps.review_scores import Figures, Reviewed, figures, reviewed
from tui_eval.core.steps.review_tests import Case, all_hits, mean_text, share_of
from tui_eval.core.steps.wording import Hit, count_text, fitting, threshold, worst

STEP = "review"


def read(evidence: Evidence, candidate: str, *, against: str | None = None) -> Reading:
    """``against`` names no one here: only the candidate's own answers are reviewed."""
    base = against or evidence.base(candidate) or "base"
    data = reviewed(evidence, candidate)
    good = threshold(evidence, "review.good_score")
    found = tuple(figures(data.scored, name, good) for name in CRITERIA)
    if not data.planned:
        told = judging.nothing_to_judge(evidence, candidate, STEP)
        return _no_prompts(candidate, base, data, found, *told)
    case = Case(evidence, candidate, data, found)
    hits = all_hits(case)
    findings = tuple(hit.finding for hit in hits)
    gravest = worst(hits)
    waiting = data.waiting
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base,
        verdict=verdict_of(findings, waiting),
        headline=_waiting_headline(data, found) if waiting else _headline(case, gravest),
        summary=_waiting_summary(data, found) if waiting else _summary(case, gravest),
        findings=findings,
        numbers=review_views.numbers(data, found),
        tables=review_views.tables(data, found, good),
        plots=review_views.plots(found),
        how=_how(case),
    )


def _no_prompts(
    candidate: str, base: str, data: Reviewed, found: tuple[Figures, ...], text: str, phrase: str
) -> Reading:
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base,
        verdict="not_enough",
        headline=phrase,
        summary=fitting((text[0].lower() + text[1:].partition(":")[0], phrase), SUMMARY_CELLS),
        findings=(Finding("no_validation", "not_enough", text),),
        numbers=review_views.numbers(data, found),
    )


def _waiting_headline(data: Reviewed, found: tuple[Figures, ...]) -> str:
    answers = count_text(data.planned, "answer")
    if not data.begun:
        if not data.ready:
            needs = f"needs {count_text(data.planned, 'prompt')} answered"
            return fitting((f"{needs}: press r", needs), HEADLINE_CELLS)
        ready = answers if data.ready >= data.planned else f"{data.ready} of {answers}"
        time = judging.minutes_text(data.planned, data.pace)
        return fitting((f"{ready} ready, {time}", f"{ready} ready"), HEADLINE_CELLS)
    done = f"{len(data.reviewed)} of {data.planned}"
    return fitting(_with_means(f"{done}, ", found) or (done,), HEADLINE_CELLS)


def _with_means(lead: str, found: tuple[Figures, ...], *, ends: bool = False) -> tuple[str, ...]:
    """Fewer and fewer criteria, so that the most that fit are told."""
    told = [f"{one.criterion} {mean_text(one.mean, ends=ends)}" for one in found if one.mean]
    return tuple(lead + ", ".join(told[:count]) for count in range(len(told), 0, -1))


def _waiting_summary(data: Reviewed, found: tuple[Figures, ...]) -> str:
    if not data.begun:
        if not data.ready:
            words = f"the model has to answer {count_text(data.planned, 'prompt')} first"
            return fitting((f"{words}: press r", words), SUMMARY_CELLS)
        answers = f"{count_text(data.planned, 'answer')} to be read and scored by a person"
        ready = f"{answers}, {data.ready} ready" if data.ready < data.planned else answers
        return fitting((ready, answers), SUMMARY_CELLS)
    done = f"{len(data.reviewed)} of {data.planned} reviewed"
    judges = [f"{judging.judge_name(one.judge)} {len(one.reviewed)}" for one in data.begun]
    if len(judges) > 1:
        by_judge = f"{', '.join(judges)} of {data.planned}"
        variants = (*_with_means(f"{by_judge}; so far ", found), by_judge)
        return fitting((*variants, *_with_means(f"{done}; so far ", found), done), SUMMARY_CELLS)
    return fitting((*_with_means(f"{done}; so far ", found), done), SUMMARY_CELLS)


def _headline(case: Case, gravest: Hit | None) -> str:
    if gravest is not None:
        return fitting((gravest.short,), HEADLINE_CELLS)
    accuracy = case.figures[0]
    lead = f"accuracy {mean_text(accuracy.mean, ends=False)}, {share_of(case, accuracy)}"
    return fitting((lead, *_with_means("", case.figures)), HEADLINE_CELLS)


def _summary(case: Case, gravest: Hit | None) -> str:
    figures = case.figures
    n = f", n = {len(case.data.reviewed)}"
    if gravest is not None:
        rest = _with_means(f"{gravest.long}; ", figures)
        if gravest.finding.code in ("low_score", "unclear_score"):
            others = tuple(one for one in figures if one.criterion not in gravest.long)
            rest = _with_means(f"{gravest.long}; ", others)
        return fitting((*rest, gravest.long), SUMMARY_CELLS)
    accuracy = figures[0]
    lead = f"accuracy {mean_text(accuracy.mean)}, {share_of(case, accuracy)}"
    return fitting(
        (*_with_means(f"{lead}; ", figures[1:]), f"{lead}{n}", lead),
        SUMMARY_CELLS,
    )


def _how(case: Case) -> tuple[str, ...]:
    data = case.data
    chosen = (
        f"Read are {count_text(data.planned, 'answer')} of the fine-tuned model, to prompts that"
        " the seed chose from the validation set, each category in its share. Four criteria,"
        " 1 to 5; 0 is not applicable and left out."
    )
    intervals = (
        "An item's score is the mean over its judges. Means have the 95% interval of a"
        " Dirichlet posterior over the five levels with 0.2 added to each; the share at"
        f" {case.good:g} or more is that of items, with Wilson's interval."
    )
    blind = sum(judge.blind for judge in data.begun)
    seen = sum(item.viewed("reference") for item in data.items)
    judges = (
        f"Judges so far: {len(data.begun)}; the goal of {int(case.limit('judges'))} is only a"
        f" goal, one suffices. {blind} of them scored blind. The expected answer was looked at"
        f" on {count_text(seen, 'item')}."
    )
    order = (
        "Scores that move with the order of scoring are found by Spearman's rank correlation"
        " per judge; agreement is Krippendorff's alpha at the ordinal level, and Cohen's kappa"
        " with quadratic weights for two judges."
    )
    return (chosen, intervals, judges, order)
