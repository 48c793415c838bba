"""The numbers of step 3, by the names that ``gate`` and ``show --json`` know."""

from __future__ import annotations

from tui_eval.core.diversity import Compared, Frequent
from tui_eval.core.reading import Number, finite
from tui_eval.core.stats.intervals import Estimate, Interval
from tui_eval.core.steps.overfitting_case import Case

NATS = "nats/token"


def numbers(case: Case) -> dict[str, Number]:
    train, validation = case.counts
    return {
        **_gap_numbers(case),
        **_copy_numbers(case),
        **_other_numbers(case),
        "train_samples": Number(train, unit="samples"),
        "validation_samples": Number(validation, unit="samples"),
    }


def _gap_numbers(case: Case) -> dict[str, Number]:
    gaps, why = case.gaps, _why_no_gap(case)
    no_base = "there is no base model" if case.base is None and not why else why
    return {
        "gap_used": _number(gaps.used if gaps else None, NATS, why),
        "gap": _number(gaps.gap if gaps else None, NATS, why),
        "base_gap": _number(gaps.base_gap if gaps else None, NATS, no_base),
        "ratio": _number(gaps.ratio if gaps else None, "ratio", why or "a loss is 0"),
        "member_auc": _number(gaps.member if gaps else None, "rate", no_base),
        "train_loss": _number(gaps.train if gaps else None, NATS, why),
        "validation_loss": _number(gaps.validation if gaps else None, NATS, why),
        "base_train_loss": _number(gaps.base_train if gaps else None, NATS, no_base),
        "base_validation_loss": _number(gaps.base_validation if gaps else None, NATS, no_base),
    }


NO_MODEL = "there is no model to score"


def _why_no_gap(case: Case) -> str:
    if not case.scorable:
        return NO_MODEL
    for side, name in ((case.train, "training"), (case.validation, "validation")):
        if side is None:
            return f"there is no {name} data"
        if side.broken:
            return "a loss is not finite"
        if not side.pairs:
            return f"no {name} row is scored yet" if side.waiting else f"no {name} row is scored"
    return ""


def _copy_numbers(case: Case) -> dict[str, Number]:
    found = case.copies
    none = found is None or not found.n
    why = "no answer was compared with the training file" if none else ""
    rates = found.rates if found is not None else {}
    return {
        "copies": Number(None, unit="answers", why=why)
        if found is None or none
        else Number(len(found.alone), n=found.n, unit="answers"),
        "copy_rate": _number(rates.get("tuned"), "rate", why),
        "base_copy_rate": _number(rates.get("base"), "rate", why or "base has no answers"),
        "reference_copy_rate": _number(rates.get("reference"), "rate", why or "no references"),
        "longest_copied_run": Number(None, unit="words", why=why)
        if found is None or none
        else Number(found.longest, n=found.n, unit="words"),
    }


def _other_numbers(case: Case) -> dict[str, Number]:
    near, found = case.near_far, case.diversity
    none = "" if found is not None else "there are no answers with references"
    return {
        "near_far": _number(near.excess if near else None, NATS, _why_no_thirds(case)),
        "distinct_2": _share(found.distinct if found else None, none),
        "reference_distinct_2": _share(found.distinct if found else None, none, theirs=True),
        "compression": _share(found.compression if found else None, none, "ratio"),
        "reference_compression": _share(
            found.compression if found else None, none, "ratio", theirs=True
        ),
        "self_repetition": _share(found.repetition if found else None, none),
        "reference_self_repetition": _share(found.repetition if found else None, none, theirs=True),
        "same_opening": _frequent(found.opening if found else None, none),
        "reference_same_opening": _frequent(found.reference_opening if found else None, none),
        "same_answer": _frequent(
            found.one_answer if found else None, none or "no reference is one prompt's alone"
        ),
        "forgetting": _number(case.forgetting, NATS, _why_no_forgetting(case)),
    }


def _why_no_thirds(case: Case) -> str:
    if not case.scorable:
        return NO_MODEL
    if case.near_far is None:
        return "the nearest training prompts were not looked for"
    if not case.near_far.thirds:
        return f"{case.near_far.left} rows are left that are no near-duplicates"
    return "there is no base model" if case.base is None else "a loss is not finite"


def _why_no_forgetting(case: Case) -> str:
    if not case.scorable:
        return NO_MODEL
    if case.off_task is None:
        return "there is no off-task text"
    if case.base is None:
        return "there is no base model"
    return "no off-task text is scored" if not case.off_task.pairs else "a loss is not finite"


def _number(found: Estimate | Interval | None, unit: str, why: str) -> Number:
    if found is None or finite(found.value) is None:
        return Number(None, unit=unit, why=why or "it can't be computed")
    low, high = finite(found.low), finite(found.high)
    if low is None or high is None:
        low = high = None
    return Number(found.value, low, high, found.n, unit)


def _share(found: Compared | None, why: str, unit: str = "rate", *, theirs: bool = False) -> Number:
    value = None if found is None else found.reference if theirs else found.value
    if found is None or value is None:
        return Number(None, unit=unit, why=why or "the answers have no two words")
    return Number(value, n=found.of, unit=unit)


def _frequent(found: Frequent | None, why: str) -> Number:
    if found is None:
        return Number(None, unit="rate", why=why or "the answers have no words")
    return Number(found.share, n=found.of, unit="rate")
