"""Step 5: do people who don't know which is which prefer the fine-tuned model's answers?

Until the comparison is unblinded nothing in the Reading depends on what was chosen: it is
made from ``Standing`` alone, and from one answer to "enough votes to decide?".
"""

from __future__ import annotations

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Finding,
    Reading,
    verdict_of,
)
from tui_eval.core.stats.rates import smallest_found
from tui_eval.core.stats.sequential import Enough
from tui_eval.core.steps import blind_ab_tests, blind_ab_views, judging
from tui_eval.core.steps.blind_ab_how import after_words, plan_words
from tui_eval.core.steps.blind_ab_result import Result, enough_so_far, mode_of, result
from tui_eval.core.steps.blind_ab_tests import Case, score_text, span_text
from tui_eval.core.steps.blind_ab_votes import Ballots, Standing, asked, ballots
from tui_eval.core.steps.task_metrics_blind import closed_prompts
from tui_eval.core.steps.wording import Hit, base_text, count_text, fitting, share_text, worst
from tui_eval.core.text import clean

STEP = "blind_ab"


def read(
    evidence: Evidence, candidate: str, against: str | None = None, *, listed: bool = True
) -> Reading:
    """``listed=False``: without the list of pairs, for whoever shows no more than the result."""
    base = against or evidence.base(candidate)
    if base is None:
        return _cannot(
            candidate,
            "no_base",
            "There is no other model to compare with: name one under [models.base] in eval.toml.",
            "no base to compare",
            base,
        )
    case = Case(
        evidence, asked(evidence, candidate, base), base_text(base, evidence.base(candidate))
    )
    if not case.asked.standing.planned:
        return _cannot(
            candidate, "no_validation", *judging.nothing_to_judge(evidence, candidate, STEP), base
        )
    return _unblinded(case, listed) if case.asked.standing.unblinded else _blind(case)


def _cannot(candidate: str, code: str, text: str, phrase: str, base: str | None) -> Reading:
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base or "base",
        verdict="not_enough",
        headline=phrase,
        summary=fitting((text[0].lower() + text[1:].partition(":")[0], phrase), SUMMARY_CELLS),
        findings=(Finding(code, "not_enough", text),),
        numbers=blind_ab_views.missing_numbers(phrase),
    )


def _blind(case: Case) -> Reading:
    standing = case.asked.standing
    hits = blind_ab_tests.early_hits(case)
    enough = None
    if standing.begun:
        enough = enough_so_far(case.asked, ballots(case.asked), case.limits)
    return Reading(
        step=STEP,
        candidate=case.asked.candidate,
        against=case.asked.base,
        verdict="waiting",
        headline=_waiting_headline(standing, enough),
        summary=_waiting_summary(standing, enough, case.limits.alpha),
        findings=tuple(hit.finding for hit in hits),
        numbers=blind_ab_views.early_numbers(standing, enough),
        tables=blind_ab_views.early_tables(standing),
        how=plan_words(case),
    )


def enough_text(standing: Standing, enough: Enough | None) -> str:
    """By the rule that was chosen before the first vote: to stop at whichever rule comes
    first would err more than once in twenty."""
    return "yes" if enough is not None and enough.by(mode_of(standing.mode)) else "not yet"


def _waiting_headline(standing: Standing, enough: Enough | None) -> str:
    planned = standing.planned
    pairs = count_text(planned, "pair")
    if not standing.begun:
        if not standing.ready:
            needs = f"needs {count_text(planned, 'prompt')} answered"
            return fitting((f"{needs}: press r", needs), HEADLINE_CELLS)
        ready = pairs if standing.ready >= planned else f"{standing.ready} of {pairs}"
        time = judging.minutes_text(planned, standing.pace)
        return fitting((f"{ready} ready, {time}", f"{ready} ready"), HEADLINE_CELLS)
    done = f"{standing.judged} of {planned} judged"
    if standing.round is not None and standing.round.all_ended:
        return fitting((f"{done}: can be unblinded", done), HEADLINE_CELLS)
    if standing.all_judged:
        return fitting((f"{done}: J, then F ends it", done), HEADLINE_CELLS)
    done = _headway(standing)
    if standing.held_up:
        return fitting((f"{done}: J, F ends or closes", f"{done}: press J", done), HEADLINE_CELLS)
    told = enough_text(standing, enough)
    return fitting(
        (
            f"{done}, enough votes to decide: {told}",
            f"{done}, enough to decide: {told}",
            f"{done}, enough: {told}",
            done,
        ),
        HEADLINE_CELLS,
    )


def _headway(standing: Standing) -> str:
    """How far judging is, of each where there are two: what all have done hides who is ahead."""
    counts = sorted((len(one.voted) for one in standing.begun), reverse=True)
    planned = standing.planned
    if len(counts) < 2:
        return f"{standing.judged} of {planned} judged"
    several = f"{len(counts)} judges {counts[-1]} to {counts[0]} of {planned}"
    if len(counts) > 2:
        return several
    both = (f"{clean(one.judge, limit=8)} {len(one.voted)}" for one in standing.begun)
    return fitting((f"{', '.join(both)} of {planned}", several), HEADLINE_CELLS - 4)


def _waiting_summary(standing: Standing, enough: Enough | None, alpha: float) -> str:
    planned = standing.planned
    if not standing.begun:
        if not standing.ready:
            words = f"both models have to answer {count_text(planned, 'prompt')} first"
            return fitting((f"{words}: press r", words), SUMMARY_CELLS)
        pairs = f"{count_text(planned, 'pair')} to be judged"
        return fitting((f"{pairs}; {can_show(planned, alpha)}", pairs), SUMMARY_CELLS)
    judges = [f"{judging.judge_name(one.judge)} {len(one.voted)}" for one in standing.begun]
    done = f"{', '.join(judges)} of {planned}"
    short = f"{standing.judged} of {planned} judged by {count_text(len(judges), 'judge')}"
    if standing.round is not None and standing.round.all_ended:
        tail = "; every judge is done: unblind to read the result"
        return fitting((done + tail, short + tail, short), SUMMARY_CELLS)
    pace = f", {standing.pace:.0f} s each" if standing.pace is not None else ""
    if standing.all_judged:
        tail = "; all judged: J, then F ends it"
        return fitting((done + pace + tail, done + tail, short + tail, short), SUMMARY_CELLS)
    if standing.held_up:
        left = judging.names_text([one.judge for one in standing.held_up], 2)
        tails = (f"; {left} must finish or be closed: J, then F", "; J, then F ends or closes")
        return fitting((*(done + tail for tail in tails), short + tails[-1]), SUMMARY_CELLS)
    tail = f"; enough votes to decide? {enough_text(standing, enough)}"
    variants = (done + pace + tail, done + tail, short + pace + tail, short + tail)
    return fitting(variants, SUMMARY_CELLS)


def can_show(pairs: int, alpha: float = 0.05) -> str:
    """What so many pairs can show, before anybody has judged one."""
    least = smallest_found(pairs, alpha=alpha)
    if least is None:
        return "so few can show nothing"
    return f"they find a preference of {share_text(least)} or more"


def _unblinded(case: Case, listed: bool) -> Reading:
    found = ballots(case.asked)
    read = result(case.asked, found, case.limits)
    closed = kept_pairs(case, found) if listed else frozenset()
    hits = blind_ab_tests.all_hits(case, found, read, len(closed))
    findings = tuple(hit.finding for hit in hits)
    gravest = worst(hits)
    standing = case.asked.standing
    return Reading(
        step=STEP,
        candidate=case.asked.candidate,
        against=case.asked.base,
        verdict=verdict_of(findings),
        headline=_headline(case, read, gravest),
        summary=_summary(case, read, gravest),
        findings=findings,
        numbers=blind_ab_views.numbers(standing, found, read),
        tables=blind_ab_views.tables(
            case.asked, found, read, case.limits, closed if listed else None
        ),
        plots=blind_ab_views.plots(case.asked, found, read, case.limits, case.base),
        how=(*plan_words(case), *after_words(case, found, read)),
    )


def kept_pairs(case: Case, found: Ballots) -> frozenset[str]:
    """Prompts of counted pairs that another comparison asks, which is open: whoever reads here
    how they differ by model can't judge them blind."""
    closed = closed_prompts(case.evidence, case.asked.candidate)
    known = case.asked.samples
    return frozenset(
        one.sample for one in found.counting if one.sample in known and closed(known[one.sample])
    )


def _winner(case: Case, read: Result) -> str:
    """``● preferred 31-13``: the winner's pairs first."""
    wins, losses = read.tally.wins, read.tally.losses
    if read.decided == "better":
        return f"● preferred {wins}-{losses}"
    return f"{case.base} preferred {losses}-{wins}"


def _brief(read: Result) -> str:
    rate = read.tally.rate
    if rate is None:
        return ""
    if rate.low is None or rate.high is None:
        return f"{100 * rate.value:.0f}%"
    return f"{100 * rate.value:.0f}% [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def _headline(case: Case, read: Result, gravest: Hit | None) -> str:
    code = gravest.finding.code if gravest else ""
    tally = read.tally
    score = f"{tally.wins}-{tally.losses}"
    if gravest is not None and code == "too_few_votes":
        variants = (f"{gravest.short}: {score}, {tally.ties} tied", gravest.short)
        return fitting(variants, HEADLINE_CELLS)
    if gravest is not None and code == "not_shown":
        variants = (f"{gravest.short}: {score}, {tally.ties} tied", gravest.short)
        return fitting(variants, HEADLINE_CELLS)
    won = _winner(case, read)
    if gravest is not None and code != "worse":
        return fitting((f"{won}; {gravest.short}", f"{won}: {_brief(read)}", won), HEADLINE_CELLS)
    full = f"{won}, {tally.ties} tied: {_brief(read)}"
    return fitting((full, f"{won}: {_brief(read)}", won), HEADLINE_CELLS)


def _summary(case: Case, read: Result, gravest: Hit | None) -> str:
    code = gravest.finding.code if gravest else ""
    tally = read.tally
    variants: tuple[str, ...]
    if gravest is not None and code == "too_few_votes":
        return fitting((f"{gravest.long}: {score_text(read)}", gravest.long), SUMMARY_CELLS)
    if gravest is not None and code == "not_shown":
        return _not_shown_summary(read, gravest)
    won, ties = _winner(case, read), f"{tally.ties} tied of {tally.n}"
    of = "" if read.decided == "better" else "● "
    rate = f"{of}{span_text(tally.rate)}"
    if gravest is not None and code != "worse":
        variants = (
            f"{won}, {tally.ties} tied: {rate}; {gravest.long}",
            f"{won}: {rate}; {gravest.long}",
            f"{won}; {gravest.long}",
            gravest.long,
        )
        return fitting(variants, SUMMARY_CELLS)
    bad = f", both bad {read.both_bad.hits}" if read.both_bad.hits else ""
    early = f"ended early, {won}, {ties}: {rate}"
    variants = (
        *((early,) if read.early else ()),
        f"{won}, {ties}: {rate}{bad}",
        f"{won}, {ties}: {rate}",
        f"{won}: {rate}",
        won,
    )
    return fitting(variants, SUMMARY_CELLS)


def _not_shown_summary(read: Result, gravest: Hit) -> str:
    tally = read.tally
    lead = f"{gravest.long}, {tally.wins}-{tally.losses}"
    if read.detectable is None:
        return fitting((f"{lead}, {tally.ties} tied of {tally.n}",), SUMMARY_CELLS)
    could = share_text(read.detectable)
    variants = (
        f"{lead}, {tally.ties} tied; {tally.deciding} deciding pairs find {could} or more",
        f"{lead}; {tally.deciding} deciding pairs find {could} or more",
        f"{lead}; {tally.deciding} find {could} or more",
    )
    return fitting(variants, SUMMARY_CELLS)
