"""The findings of step 3, each a function of what was scored, answered and measured."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import Dataset
from tui_eval.core.stats.intervals import Estimate
from tui_eval.core.steps.leak import leak, named
from tui_eval.core.steps.overfitting_case import Case
from tui_eval.core.steps.overfitting_gap import Gaps
from tui_eval.core.steps.overfitting_signs import Copies, Copy, Rise
from tui_eval.core.steps.task_metrics_blind import closed_prompts
from tui_eval.core.steps.wording import (
    Hit,
    count_text,
    loss_text,
    share_text,
    step_text,
    threshold,
    worst,
)
from tui_eval.core.text import clean


def all_hits(case: Case) -> list[Hit]:
    hits = [_no_model(case), _non_finite(case), _unlike(case)]
    hits += _gap(case) if case.enough else [_too_few(case)]
    hits += [_no_train(case), _no_validation(case)]
    hits += [_eval_rises(case)]
    # Each by its own rows: none of them needs a gap.
    hits += [_copies(case), _near_far(case), _forgetting(case)]
    hits += [_low_diversity(case), _leak(case), _no_base(case), _other_tokenizer(case)]
    hits += [_no_answers(case), _not_measured(case), _no_off_task(case), _log(case)]
    return [hit for hit in hits if hit is not None]


def _no_model(case: Case) -> Hit | None:
    if case.scorable:
        return None
    name = clean(case.candidate, limit=40)
    text = (
        f"{name} is answers alone: there is no model to score, so no gap. Name it as path under"
        f" [models.{name}] in eval.toml."
    )
    return Hit(Finding("no_model", "not_enough", text), "no model to score", "no model to score")


def _unlike(case: Case) -> Hit | None:
    if case.unlike is None or case.train is None:
        return None
    source = clean(case.train.dataset.source, limit=60)
    reasons = "; ".join(case.unlike.reasons)
    text = (
        f"It looks as if the model has not seen these training rows: is {source} the file that"
        f" it was trained on, and of the validation rows' kind? {reasons[0].upper()}{reasons[1:]}."
        " If it is another, name that one as train under [data] (or"
        f" [models.{clean(case.candidate, limit=40)}]) in eval.toml: gap, copies and leaks are"
        " told of the file that is named."
    )
    phrase = "the model has not seen these training rows: is this the right file?"
    return Hit(Finding("train_unlike_trained", "caution", text), "wrong training file?", phrase)


def _non_finite(case: Case) -> Hit | None:
    broken = [pair for side in case.sides for pair in side.broken]
    if not broken:
        return None
    rows = named([f"{clean(p.sample.split)} #{p.sample.row}" for p in broken])
    text = f"The loss is not a finite number on {count_text(len(broken), 'row')}: {rows}."
    finding = Finding("non_finite", "bad", text, {"samples": [p.sample.id for p in broken[:100]]})
    return Hit(finding, "losses that are not numbers", text[0].lower() + text[1:-1])


def gap_text(gap: Estimate) -> str:
    """``0.31 [0.22, 0.40]``."""
    if gap.low is None or gap.high is None:
        return f"{gap.value + 0.0:.2f}"
    # Adding 0.0 makes a minus zero plain.
    value, low, high = (round(one, 2) + 0.0 for one in (gap.value, gap.low, gap.high))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _gap(case: Case) -> list[Hit | None]:
    assert case.gaps is not None
    used = case.gaps.used
    assert used is not None
    assert used.low is not None
    assert used.high is not None
    some, high = case.limit("gap_some"), case.limit("gap_high")
    held = [limit for limit in (some, high) if used.low <= limit <= used.high]
    if (held or used.value > some) and case.gaps.of_base(some):
        return [_same_as_base(case.gaps), _harder(case)]
    hits: list[Hit | None] = []
    if len(held) == 2:
        hits.append(_unsure(case, used))
    elif used.value > high:
        hits.append(_sized(case, used, "gap_high", "bad", "high probability of overfitting"))
    elif used.value > some:
        hits.append(_sized(case, used, "gap_some", "caution", "some overfitting, acceptable"))
    if len(held) == 1:
        hits.append(_between(used, held[0], high))
    return [*hits, _harder(case)]


def _same_as_base(gaps: Gaps) -> Hit:
    assert gaps.excess is not None
    text = (
        f"Base shows this gap on the same rows: beyond it are {gap_text(gaps.excess)} nats per"
        " token, so it is not of the training."
    )
    return Hit(Finding("gap_of_base", "note", text), "", "")


def _sized(case: Case, used: Estimate, code: str, severity: Severity, words: str) -> Hit:
    gap = case.gaps
    beyond = " beyond base's own" if gap is not None and gap.harder else ""
    text = (
        f"Validation loss is {gap_text(used)} nats per token above training loss{beyond}: {words}."
    )
    finding = Finding(code, severity, text, {"suggestions": list(case.advice)})
    short = "probably overfitted" if code == "gap_high" else "some overfitting"
    return Hit(finding, short, words)


def _unsure(case: Case, used: Estimate) -> Hit:
    train, validation = case.counts
    text = (
        f"The gap is {gap_text(used)}, so it may be none or high: {train} training and"
        f" {validation} validation rows are too few to tell."
    )
    phrase = "too few rows to tell"
    return Hit(Finding("too_few_samples", "not_enough", text), phrase, phrase)


def _between(used: Estimate, limit: float, high: float) -> Hit:
    ends = "some and high" if limit == high else "none and some"
    text = f"The gap's interval {gap_text(used)} holds {limit:g}: between {ends}."
    return Hit(Finding("gap_between", "note", text), "", "")


def _harder(case: Case) -> Hit | None:
    base = case.gaps.base_gap if case.gaps is not None else None
    if base is None or base.low is None or base.low <= case.limit("gap_some"):
        return None
    text = (
        f"The validation set is harder: base's own gap is {gap_text(base)}, which is not"
        " memorised and is taken off."
    )
    return Hit(Finding("harder_validation", "note", text), "", "")


def _too_few(case: Case) -> Hit | None:
    """Not while rows are still to come, nor where a side has no file at all."""
    if case.scoring or case.train is None or case.validation is None:
        return None
    if any(side.broken for side in case.sides):
        return None
    train, validation = case.counts
    needed = int(case.limit("enough_samples"))
    have = f"{train} training and {validation} validation rows"
    why = f"the gap needs {needed} of each to say how sure it is"
    if min(train, validation) >= needed:
        why = "all rows of a side are of one group, which says nothing of spread"
    finding = Finding("too_few_samples", "not_enough", f"Only {have}: {why}.")
    return Hit(finding, f"only {train} + {validation} rows", f"only {have}")


def _no_train(case: Case) -> Hit | None:
    if case.train is not None or case.evidence.dataset(case.candidate, "train") is not None:
        return None
    text = "There is no training file: name it as train under [data] in eval.toml."
    return Hit(Finding("no_train", "not_enough", text), "no training file", "no training file")


def _no_validation(case: Case) -> Hit | None:
    if case.validation is not None or _validation(case) is not None:
        return None
    text = "There is no validation data: name a file as validation under [data] in eval.toml."
    return Hit(
        Finding("no_validation", "not_enough", text), "no validation data", "no validation data"
    )


def _validation(case: Case) -> Dataset | None:
    return case.evidence.dataset(case.candidate, "validation")


def _eval_rises(case: Case) -> Hit | None:
    return worst(hit for rise in case.rises if (hit := _rise(case, rise)))


def rises_for(case: Case, rise: Rise) -> Severity | None:
    """As a peaked eval of step 1, and the training loss went on falling meanwhile."""
    grave = rise.rise >= threshold(case.evidence, "curves.eval_peaked_bad")
    often = rise.since >= threshold(case.evidence, "curves.eval_peaked_evals")
    some = rise.rise >= threshold(case.evidence, "curves.eval_peaked") and often
    if not rise.falls or not (grave or some):
        return None
    return "bad" if grave else "caution"


def _rise(case: Case, rise: Rise) -> Hit | None:
    severity = rises_for(case, rise)
    if severity is None:
        return None
    name = f" ({clean(rise.name, limit=40)})" if rise.name else ""
    step = step_text(rise.best.step)
    text = (
        f"Since step {step} the validation loss{name} rose {share_text(rise.rise)}"
        f" (from {loss_text(rise.best.value)} to {loss_text(rise.last.value)}) while the"
        " training loss went on falling."
    )
    finding = Finding("eval_rises", severity, text, {"step": rise.best.step})
    return Hit(finding, f"validation rises from {step}", f"validation rises since step {step}")


def _copies(case: Case) -> Hit | None:
    found = case.copies
    if found is None or not found.alone:
        return None
    count = len(found.alone)
    others = "neither base nor the reference does" if "base" in found.rates else "it is no echo"
    # Who knows which answer is a training row knows whose it is.
    closed = closed_prompts(case.evidence, case.candidate)
    told = [one for one in found.alone if not closed(one.sample)]
    text = (
        f"{count} of {count_text(found.n, 'answer')} repeat{'s' if count == 1 else ''} training"
        f" text where {others}{_example(told)}."
    )
    severity = _copies_severity(case, found)
    text += "" if severity != "note" else " So few may be chance."
    finding = Finding("copies", severity, text, {"samples": [o.sample.id for o in told]})
    if severity == "note":
        brief = count_text(count, "copy", "copies")
        return Hit(finding, brief, f"{brief}, maybe chance")
    phrase = f"{count_text(count, 'copied answer')}"
    return Hit(finding, phrase, f"{phrase} of training text")


def _example(told: Sequence[Copy]) -> str:
    if not told:
        return "; which ones is told when the blind A/B that asks about them is unblinded"
    first = told[0]
    place = f"row {first.match.row} of {clean(first.match.source, limit=60)}"
    words = f"{first.words} words"
    how = f"the whole answer ({words})" if first.match.exact else f"{words} in a row"
    return f": {how} from {place} (answer #{first.sample.row})"


def _copies_severity(case: Case, found: Copies) -> Severity:
    if not found.above and found.longest < case.limit("copy_run"):
        return "note"
    high = case.enough and any(hit and hit.finding.code == "gap_high" for hit in _gap(case))
    return "bad" if high else "caution"


def _near_far(case: Case) -> Hit | None:
    found = case.near_far
    if found is None or found.excess is None or not found.worse_far:
        return None
    excess = found.excess
    text = (
        "Good near the training prompts, poor far from them: beyond what holds for base, the"
        f" loss rises by {gap_text(excess)} nats per token from the nearest third to the farthest."
    )
    phrase = "worse far from training"
    return Hit(Finding("near_far", "caution", text), phrase, "poor far from the training prompts")


def _low_diversity(case: Case) -> Hit | None:
    found = case.diversity
    if found is None or found.n < case.limit("diversity_answers"):
        return None
    share = found.distinct.share
    low = share is not None and share < case.limit("low_diversity")
    one = found.one_answer
    same = one is not None and one.count > 1 and one.share > case.limit("one_answer")
    if not low and not same:
        return None
    told = []
    if low and share is not None:
        told.append(f"word pairs are {share_text(share)} as varied as the references'")
    if same and one is not None:
        quoted = clean(one.text.strip() or "(empty)", limit=60)
        told.append(f"{one.count} of {one.of} different prompts got one answer (“{quoted}”)")
    grave = share is not None and share < case.limit("low_diversity_bad")
    text = f"Answers are of low diversity: {'; '.join(told)}."
    severity: Severity = "bad" if grave else "caution"
    phrase = "answers of low diversity"
    return Hit(Finding("low_diversity", severity, text), phrase, phrase)


def _forgetting(case: Case) -> Hit | None:
    found = case.forgetting
    if found is None or found.low is None or not case.off_task_enough:
        return None
    if found.low <= case.limit("forgetting"):
        return None
    text = (
        f"On text that has nothing to do with the task the loss rose by {gap_text(found)} nats"
        " per token: it forgot what base could do."
    )
    return Hit(Finding("forgetting", "caution", text), "it forgot", "off-task text is forgotten")


def _leak(case: Case) -> Hit | None:
    dataset = _validation(case)
    if dataset is None:
        return None
    limit = case.limit("leak_bad")
    return leak(case.evidence, case.candidate, dataset, "leak", limit, seen=case.unlike is None)


def _no_base(case: Case) -> Hit | None:
    if case.base is not None or not case.scorable:
        return None
    return _note(
        "no_base",
        "There is no base model, so the gap is raw: whether the validation set is harder by"
        " itself, and what was forgotten, is not known.",
    )


def _other_tokenizer(case: Case) -> Hit | None:
    if all(side.same_units for side in case.sides):
        return None
    return _note(
        "different_tokenizer",
        "Base and tuned split text into different tokens: base's losses are per token of tuned.",
    )


def _no_answers(case: Case) -> Hit | None:
    if case.evidence.answers(case.candidate, case.candidate):
        return None
    return _note("no_answers", "There are no answers yet: copies and diversity are not looked at.")


def _not_measured(case: Case) -> Hit | None:
    """Answers or prompts that the training file was not searched for."""
    if not case.to_measure:
        return None
    missing = " and ".join(case.to_measure)
    return _note("not_measured", f"Not compared with the training file yet: {missing} (r does it).")


def _no_off_task(case: Case) -> Hit | None:
    if case.off_task is not None:
        return None
    return _note(
        "no_off_task",
        "There is no off-task text (off_task under [data]): forgetting not looked at.",
    )


def _log(case: Case) -> Hit | None:
    return None if case.reconciled is None else _note("log_compared", case.reconciled.line)


def _note(code: str, text: str) -> Hit:
    return Hit(Finding(code, "note", text), "", "")
