"""Step 2: is the fine-tuned model less confused than its base on the validation set?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import (
    HEADLINE_CELLS,
    SUMMARY_CELLS,
    Finding,
    Number,
    Reading,
    verdict_of,
)
from tui_eval.core.records import Objective, Producer
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.steps import perplexity_views
from tui_eval.core.steps.comparison import Comparison, compare, improvement_of, numbers
from tui_eval.core.steps.log_reconcile import Reconciled, reconcile
from tui_eval.core.steps.pairs import Scored, scored
from tui_eval.core.steps.perplexity_tests import Case, all_hits, percent_text, span_text
from tui_eval.core.steps.run import objective_of
from tui_eval.core.steps.wording import Hit, count_text, ends_text, fitting, loss_text, worst
from tui_eval.core.text import clean

STEP = "perplexity"


def read(evidence: Evidence, candidate: str, *, against: str | None = None) -> Reading:
    base = against or evidence.base(candidate)
    if not evidence.scorable(candidate):
        return _no_model(candidate, base)
    if base is not None and not evidence.scorable(base):
        base = None
    data = scored(evidence, candidate, base)
    if data is None:
        return _no_validation(candidate, base)
    found = compare(data.pairs, same_units=data.same_units)
    reconciled = reconcile(evidence, candidate, data)
    case = Case(evidence, candidate, data, found, _objective(evidence, candidate), reconciled)
    hits = all_hits(case)
    findings = tuple(hit.finding for hit in hits)
    figures = numbers(found, data)
    gravest = worst(hits)
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base or "base",
        verdict=verdict_of(findings, data.waiting),
        headline=_waiting_headline(data, found) if data.waiting else _headline(found, gravest),
        summary=_waiting_summary(data, found) if data.waiting else _summary(data, found, gravest),
        findings=findings,
        numbers=figures,
        tables=perplexity_views.tables(found, data, figures),
        plots=perplexity_views.plots(data),
        how=_how(case, reconciled),
    )


def _objective(evidence: Evidence, candidate: str) -> Objective:
    told, log = evidence.objective(candidate), evidence.log(candidate)
    if told is not None or log is None:
        return told or "supervised"
    return objective_of(log)


def _no_validation(candidate: str, base: str | None) -> Reading:
    text = "There is no validation data: name a file as validation under [data] in eval.toml."
    finding = Finding("no_validation", "not_enough", text)
    return _nothing(candidate, base, finding, "no validation data", "there is no validation data")


def _no_model(candidate: str, base: str | None) -> Reading:
    name = clean(candidate, limit=40)
    text = (
        f"{name} is answers alone: there is no model to score. Name it as path under"
        f" [models.{name}] in eval.toml."
    )
    finding = Finding("no_model", "not_enough", text)
    return _nothing(candidate, base, finding, "no model to score", "there is no model to score")


def _nothing(
    candidate: str, base: str | None, finding: Finding, headline: str, why: str
) -> Reading:
    names = (
        "base tuned improvement ratio improvement_without_end base_bits_per_byte"
        " tuned_bits_per_byte better_share"
    )
    counts = dict.fromkeys(("samples", "tokens", "truncated"), Number(0))
    ends = {"no_validation": " to measure on", "no_model": ", only answers"}
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base or "base",
        verdict="not_enough",
        headline=headline,
        summary=f"{why}{ends[finding.code]}",
        findings=(finding,),
        numbers=dict.fromkeys(names.split(), Number(None, why=why)) | counts,
    )


def _waiting_headline(data: Scored, found: Comparison) -> str:
    if not data.done:
        needs = f"needs {count_text(data.planned, 'sample')} scored"
        return fitting((f"{needs}: press r", needs), HEADLINE_CELLS)
    progress = f"{data.done} of {count_text(data.planned, 'sample')}"
    return fitting((f"{progress}, so far {_so_far(found)}", progress), HEADLINE_CELLS)


def _waiting_summary(data: Scored, found: Comparison) -> str:
    if not data.done:
        words = f"{count_text(data.planned, 'validation sample')} to be scored under"
        models = "the model" if data.base is None else "both models"
        return fitting((f"{words} {models}",), SUMMARY_CELLS)
    progress = f"{data.done} of {count_text(data.planned, 'sample')} scored"
    return fitting((f"{progress}, so far {_so_far(found)}", progress), SUMMARY_CELLS)


def _so_far(found: Comparison) -> str:
    """One decimal: the second would change with every batch."""
    if found.base is not None and found.tuned is not None:
        return f"{_brief(found.base.value)} → {_brief(found.tuned.value)}"
    if found.base_bits is not None and found.tuned_bits is not None:
        ends = ends_text(found.base_bits.value, found.tuned_bits.value)
        return f"{ends} bits/byte"
    return _brief(found.tuned.value) if found.tuned is not None else "no figure"


def _brief(value: float) -> str:
    return f"{value:.1f}" if value < 1e4 else f"{value:.1e}"


def _headline(found: Comparison, gravest: Hit | None) -> str:
    moved = _percent(improvement_of(found.ratio))
    if gravest is None:
        ends = _ends(found)
        return fitting((f"{ends}, {moved}", moved or ends), HEADLINE_CELLS)
    if gravest.finding.code == "worse":
        return fitting((f"{_ends(found)}, {moved}", moved), HEADLINE_CELLS)
    return fitting(
        (f"{moved}; {gravest.short}", gravest.short) if moved else (gravest.short,),
        HEADLINE_CELLS,
    )


def _summary(data: Scored, found: Comparison, gravest: Hit | None) -> str:
    improvement = improvement_of(found.ratio)
    if improvement is None:
        alone = f"perplexity {loss_text(found.tuned.value)}" if found.tuned else ""
        variants = [f"{alone}; {gravest.long}" if alone else gravest.long] if gravest else [alone]
        return fitting((*variants, gravest.long if gravest else alone), SUMMARY_CELLS)
    moved = f"{_ends(found)}, {_percent(improvement)}"
    span = f" {span_text(improvement)}" if improvement.low is not None else ""
    n = f", n = {len(data.pairs)}"
    if gravest is not None and gravest.finding.code != "worse":
        tails = (f"{span}{n}; ", f"{span}; ", "; ")
        variants = [f"{moved}{tail}{gravest.long}" for tail in tails]
        return fitting((*variants, gravest.long), SUMMARY_CELLS)
    tokens = _tokens_text(sum(pair.tuned.tokens for pair in data.pairs))
    full = f"{moved}{span}{n} samples"
    return fitting((f"{full}, {tokens}", full, f"{moved}{span}", moved), SUMMARY_CELLS)


def _ends(found: Comparison) -> str:
    if found.base is not None and found.tuned is not None:
        return ends_text(found.base.value, found.tuned.value)
    if found.base_bits is not None and found.tuned_bits is not None:
        return f"{ends_text(found.base_bits.value, found.tuned_bits.value)} bits/byte"
    return ""


def _percent(improvement: Interval | None) -> str:
    """``39.4% lower`` of the perplexity."""
    return "" if improvement is None else percent_text(improvement)


def _tokens_text(count: int) -> str:
    return f"{count / 1000:.0f}k tokens" if count >= 10_000 else count_text(count, "token")


def _how(case: Case, reconciled: Reconciled | None) -> tuple[str, ...]:
    data = case.data
    formula = (
        "Perplexity is exp(sum of losses / scored tokens) over the whole set, losses in nats"
        " from a float32 log-softmax, summed in float64; improvement is 1 - tuned/base."
    )
    if not data.same_units and data.base is not None:
        formula += " The tokenizers differ, so the ratio is that of bits per byte."
    paragraphs = [formula, _scored_words(case), _interval_words(data)]
    if reconciled is not None:
        paragraphs.append(reconciled.line)
    preflight = case.evidence.preflight(case.candidate)
    if preflight is not None:
        parts = (preflight.template, preflight.path, preflight.device, preflight.dtype)
        paragraphs.append(clean("; ".join(part for part in parts if part), limit=400) + ".")
    for model in (data.base, case.candidate):
        producer = case.evidence.producer(case.candidate, model) if model else None
        if producer is not None:
            paragraphs.append(_producer_words(producer))
    return tuple(paragraphs)


def _scored_words(case: Case) -> str:
    data = case.data
    plain = sum(pair.sample.text is not None for pair in data.pairs)
    answers = str(case.evidence.setting("scoring.answers"))
    chat = "every answer" if answers == "all" else "the last answer"
    what = f"{chat} with its end-of-turn token; the prompt is context"
    if plain:
        what = "the whole text" if plain == len(data.pairs) else f"{what}; plain texts whole"
    source = clean(data.dataset.source, limit=200)
    used = f"{count_text(len(data.pairs), 'sample')} of {data.dataset.rows:,} rows of {source}"
    dataset = data.dataset
    read_rows = len(dataset.samples) + dataset.duplicates + dataset.left_out + dataset.shown
    subset = " (a seeded subset; scoring.limit = 0 takes all)" if read_rows < dataset.rows else ""
    return f"Scored is {what}. Used: {used}{subset}."


def _interval_words(data: Scored) -> str:
    words = (
        "Intervals are 95%: one influence value per sample, Student's t on units minus one, on"
        " the log scale for perplexities, bits per byte and their ratios; base and tuned are"
        " compared on the same samples. The share that got better has a Wilson interval."
    )
    if data.groups is not None:
        words += f" Samples of one group count together: {data.units} units."
    return words


def _producer_words(producer: Producer) -> str:
    settings = [
        f"dtype {producer.dtype}" if producer.dtype else "",
        f"at most {producer.max_length} tokens",
        f"stride {producer.stride or producer.max_length // 2} where a text is longer",
        f"scorer {producer.scorer}",
        f"scored {producer.at}" if producer.at else "",
    ]
    detail = [f"{key} {_plain(value)}" for key, value in producer.detail.items()]
    told = "; ".join(part for part in (*settings, *detail) if part)
    return clean(f"{producer.model}: {told}.", limit=600)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return str(value)
