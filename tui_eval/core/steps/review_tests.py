"""The findings of step 4, each a function of the scores."""

from __future__ import annotations

from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.steps import judging
from tui_eval.core.steps.review_scores import Figures, Reviewed, drift, straight
from tui_eval.core.steps.wording import Hit, count_text, share_text, threshold


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the tests look at."""

    evidence: Evidence
    candidate: str
    data: Reviewed
    figures: tuple[Figures, ...]

    def limit(self, name: str) -> float:
        return threshold(self.evidence, f"review.{name}")

    @property
    def good(self) -> float:
        return self.limit("good_score")

    @property
    def enough(self) -> bool:
        """Below this no estimate is read."""
        return len(self.data.reviewed) >= self.limit("enough_items")


def all_hits(case: Case) -> list[Hit]:
    hits = [_low(case), _unclear(case)] if case.enough else []
    hits += [_straight(case)]
    hits += [_drift(case)] if case.enough else []
    hits += [_too_few(case), _flagged(case), _unknown(case)]
    return [hit for hit in hits if hit is not None]


def mean_text(mean: Interval | None, *, ends: bool = True) -> str:
    """``4.1 [3.8, 4.4]``."""
    if mean is None:
        return "-"
    if not ends or mean.low is None or mean.high is None:
        return f"{mean.value:.1f}"
    return f"{mean.value:.1f} [{mean.low:.1f}, {mean.high:.1f}]"


def share_of(case: Case, figures: Figures) -> str:
    """``35 of 40 at 4 or more``."""
    share = figures.share
    if share is None:
        return "no score"
    return f"{round(share.value * share.n)} of {share.n} at {case.good:g} or more"


def _span(share: Interval) -> str:
    if share.low is None or share.high is None:
        return share_text(share.value)
    return f"{share_text(share.value)} [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def _low(case: Case) -> Hit | None:
    told, phrases = [], []
    accuracy = case.figures[0]
    share = accuracy.share
    if share is not None and share.high is not None and share.high < case.limit("low_share"):
        told.append(
            f"accuracy reaches {case.good:g} in only {round(share.value * share.n)} of {share.n}"
            f" answers, {_span(share)}"
        )
        phrases.append(f"accuracy low, {share_of(case, accuracy)}")
    for one in case.figures:
        high = one.mean.high if one.mean else None
        if high is not None and high < case.limit("low_mean"):
            told.append(f"{one.criterion} is {mean_text(one.mean)} of 5 on average")
            phrases.append(f"{one.criterion} low, {mean_text(one.mean)}")
    if not told:
        return None
    text = "; ".join(told)
    finding = Finding("low_score", "bad", f"{text[0].upper()}{text[1:]}.")
    return Hit(finding, phrases[0], phrases[0])


def _unclear(case: Case) -> Hit | None:
    if _low(case) is not None:
        return None
    told, phrases = [], []
    accuracy, half = case.figures[0], case.limit("low_share")
    share = accuracy.share
    if share is not None and (share.low or 0.0) <= half <= (share.high or 0.0):
        told.append(
            f"whether at least {share_text(half)} of its answers reach {case.good:g} in"
            f" accuracy is open: {_span(share)} do"
        )
        phrases.append(f"accuracy unclear, {share_of(case, accuracy)}")
    low = [f for f in case.figures if f.mean is not None and f.mean.value < case.limit("good_mean")]
    if low:
        names = ", ".join(f"{one.criterion} {mean_text(one.mean)}" for one in low)
        told.append(f"the average is below {case.limit('good_mean'):g}: {names}")
        phrases.append(f"{low[0].criterion} only {mean_text(low[0].mean)}")
    if not told:
        return None
    text = "; ".join(told)
    finding = Finding("unclear_score", "caution", f"{text[0].upper()}{text[1:]}.")
    return Hit(finding, phrases[0], phrases[0])


def _straight(case: Case) -> Hit | None:
    told, names = [], []
    for judge in case.data.begun:
        equal, n = straight(judge)
        if n >= case.limit("straight_lining_items") and equal >= case.limit("straight_lining") * n:
            told.append(f"{judging.judge_name(judge.judge)} on {equal} of {n}")
            names.append(judge.judge)
    if not told:
        return None
    text = f"All four scores are equal on most items: {', '.join(told)}. Were they read apart?"
    phrase = f"{judging.names_text(names, 2)} gave four equal scores"
    return Hit(Finding("straight_lining", "caution", text), phrase, phrase)


def _drift(case: Case) -> Hit | None:
    told = []
    for judge in case.data.begun:
        found = drift(judge)
        if found is not None and found.p < case.limit("drift_p"):
            way = "higher" if found.rho > 0 else "lower"
            told.append(f"{judging.judge_name(judge.judge)}'s became {way}")
    if not told:
        return None
    text = f"Scores moved with the order in which items were scored: {', '.join(told)}."
    return Hit(Finding("drift", "note", text), "", "")


def _too_few(case: Case) -> Hit | None:
    """Not while items are still to come."""
    if case.enough or case.data.waiting:
        return None
    have = count_text(len(case.data.reviewed), "reviewed answer")
    text = f"Only {have}: {int(case.limit('enough_items'))} are needed to say anything of them."
    return Hit(Finding("too_few_samples", "not_enough", text), f"only {have}", f"only {have}")


def _flagged(case: Case) -> Hit | None:
    flagged = [item for item in case.data.items if item.flagged]
    if not flagged:
        return None
    verb = "is" if len(flagged) == 1 else "are"
    text = f"{count_text(len(flagged), 'answer')} {verb} flagged; they count like the others."
    at = {"items": [item.id for item in flagged[:100]]}
    return Hit(Finding("flagged", "note", text, at), "", "")


def _unknown(case: Case) -> Hit | None:
    if not case.data.unknown:
        return None
    text = (
        f"{count_text(case.data.unknown, 'scored answer')} left out: not among the model's"
        " answers as they are now."
    )
    return Hit(Finding("unknown_answers", "note", text), "", "")
