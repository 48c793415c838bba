"""The findings of step 2, each a function of what was scored."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import Objective, Preflight
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.steps.comparison import Comparison, compare, improvement_of
from tui_eval.core.steps.leak import leak, named
from tui_eval.core.steps.log_reconcile import Reconciled
from tui_eval.core.steps.pairs import Scored, by_category
from tui_eval.core.steps.wording import Hit, count_text, share_text, threshold
from tui_eval.core.text import clean


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the tests look at."""

    evidence: Evidence
    candidate: str
    data: Scored
    found: Comparison
    objective: Objective
    reconciled: Reconciled | None

    def limit(self, name: str) -> float:
        return threshold(self.evidence, f"perplexity.{name}")

    @property
    def enough(self) -> bool:
        """Below this no estimate is read."""
        grouped = self.data.groups is not None
        return len(self.data.pairs) >= self.limit("enough_samples") and (
            not grouped or self.data.units >= self.limit("enough_groups")
        )

    @property
    def measure(self) -> str:
        return "perplexity" if self.data.same_units else "bits per byte"


def all_hits(case: Case) -> list[Hit]:
    preflight = case.evidence.preflight(case.candidate)
    hits = [_non_finite(case)]
    hits += [_no_effect(preflight)] if preflight is not None else []
    hits += _value(case) if case.enough else []
    hits += [_too_few(case), _no_base(case)]
    hits += _preflight(preflight) if preflight is not None else []
    if case.enough:
        hits += [_above_chance(case, preflight)]
        hits += [case.reconciled.hit if case.reconciled else None, _worse_category(case)]
    hits += [_leak(case), _other_tokenizer(case), _truncated(case), _skipped(case)]
    hits += [_duplicates(case), _examples(case)]
    return [hit for hit in hits if hit is not None]


def _non_finite(case: Case) -> Hit | None:
    broken = case.data.broken
    if not broken:
        return None
    names = [f"#{pair.sample.row}" for pair in broken]
    text = f"The loss is not a finite number on {count_text(len(broken), 'sample')}:"
    finding = Finding(
        "non_finite",
        "bad",
        f"{text} {named(names)}.",
        {"samples": [pair.sample.id for pair in broken[:100]]},
    )
    return Hit(finding, "losses that are not numbers", text[0].lower() + text[1:-1])


def _no_effect(preflight: Preflight) -> Hit | None:
    if preflight.max_logit_difference != 0.0 or not preflight.probes:
        return None
    text = (
        "The adapter has no effect: on all of"
        f" {count_text(preflight.probes, 'probe')} the outputs equal base's exactly."
    )
    finding = Finding("no_effect_adapter", "bad", text)
    return Hit(finding, "the adapter has no effect", "the adapter changes no output at all")


def _value(case: Case) -> list[Hit | None]:
    found = improvement_of(case.found.ratio)
    if found is None or found.low is None or found.high is None:
        return []
    # A run that optimised a preference or a reward may raise perplexity by design.
    informs = case.objective != "supervised"
    if found.high < 0:
        return [_worse(case, found, "note" if informs else "bad")]
    hits: list[Hit | None] = []
    severity: Severity = "note" if informs else "caution"
    if found.low <= 0:
        moved = f"{case.measure} is {percent_text(found)} than base's {span_text(found)}"
        text = f"No difference shown: {moved}, which may be none."
        hits.append(
            Hit(Finding("not_shown", severity, text), "no difference shown", "no difference shown")
        )
    if found.high < case.limit("small_effect"):
        hits.append(_small_effect(case, found, severity))
    return hits


def _small_effect(case: Case, found: Interval, severity: Severity) -> Hit:
    """Such an interval may still reach far to the worse side: then no more is said than
    that there is no fall worth the name."""
    limit = case.limit("small_effect")
    lead, verb = "Hardly moved", "moved by less than"
    if found.low is not None and found.low > 0:
        verb = "fell by less than"
    elif found.low is not None and found.low <= -limit:
        lead, verb = "Hardly improved", "did not fall by as much as"
    text = (
        f"{lead}: {case.measure} {verb} {share_text(limit)},"
        f" it is {percent_text(found)} {span_text(found)}."
    )
    return Hit(Finding("small_effect", severity, text), lead.lower(), lead.lower())


def _worse(case: Case, found: Interval, severity: Severity) -> Hit:
    prompted = case.evidence.untrained(case.candidate) == "prompt"
    who = "with this prompt base" if prompted else "the fine-tuned model"
    text = (
        f"Its {case.measure} is {percent_text(found)} than base's {span_text(found)}:"
        f" {who} is more confused by the validation set."
    )
    return Hit(Finding("worse", severity, text), "worse than base", "worse than base")


def _above_chance(case: Case, preflight: Preflight | None) -> Hit | None:
    """Perplexity is the number of tokens that an even guess chooses from: above the size of the
    vocabulary a model is worse than one that knows nothing. Where the size is not recorded, the
    limit is above every common tokenizer's (``curves.above_chance``, in nats)."""
    vocabulary = preflight.vocabulary if preflight is not None else None
    most = float(vocabulary or exp(threshold(case.evidence, "curves.above_chance")))
    found = {"base": case.found.base, "tuned": case.found.tuned}
    above = {name: one.value for name, one in found.items() if one is not None and one.value > most}
    if not above:
        return None
    figures = {
        name: f"{value:,.0f}" if value < 1e9 else "over 10⁹" for name, value in above.items()
    }
    told = " and ".join(f"{name}'s perplexity ({figure})" for name, figure in figures.items())
    size = f"its {vocabulary:,} tokens" if vocabulary else f"even {most:,.0f} tokens"
    text = (
        f"Worse than guessing: {told} is above that of an even guess over {size}. Prompt,"
        " tokenizer or weights are not what the model was trained with."
    )
    phrase = f"{' and '.join(above)} worse than guessing"
    finding = Finding("above_chance", "caution", text, {"models": [*above]})
    return Hit(finding, phrase, phrase)


def percent_text(improvement: Interval) -> str:
    """``39.4% lower``: how far the measure is from base's, in the direction it went."""
    word = "lower" if improvement.value >= 0 else "higher"
    if abs(improvement.value) > 100:
        return f"over 10,000% {word}"
    return f"{100 * abs(improvement.value):.1f}% {word}"


def span_text(improvement: Interval) -> str:
    """``[37.7, 41.0]``: percentages with the sign of ``percent_text``'s word, so of what is
    higher where it is higher."""
    if improvement.low is None or improvement.high is None:
        return ""
    ends = (improvement.low, improvement.high)
    if improvement.value < 0:
        ends = (-improvement.high, -improvement.low)
    # Adding 0.0 makes a minus zero plain.
    low, high = (round(100 * end, 1) + 0.0 for end in ends)
    return f"[{low:.1f}, {high:.1f}]"


def _too_few(case: Case) -> Hit | None:
    """Not while samples are still to come."""
    if case.enough or case.data.waiting:
        return None
    n, needed = len(case.data.pairs), int(case.limit("enough_samples"))
    have, wanted = count_text(n, "sample"), str(needed)
    if n >= needed:
        wanted = f"{int(case.limit('enough_groups'))} groups"
        have = f"{have} of {count_text(case.data.units, 'group')}"
    text = f"Only {have}: a comparison needs {wanted} to say how sure it is."
    return Hit(Finding("too_few_samples", "not_enough", text), f"only {have}", f"only {have}")


def _no_base(case: Case) -> Hit | None:
    if case.data.base is not None:
        return None
    text = "There is no base model to compare with: name one under [models.base] in eval.toml."
    if case.evidence.base(case.candidate) is not None:
        text = "The base is answers alone: name its model as path under [models.base] in eval.toml."
    return Hit(Finding("no_base", "not_enough", text), "no base to compare", "no base model")


def _preflight(preflight: Preflight) -> list[Hit | None]:
    token = clean(preflight.bos_token, limit=24) or "BOS"
    hits: list[Hit | None] = []
    if preflight.bos_expected and preflight.bos_emitted == 0:
        text = (
            f"Prompts begin without {token}, which this tokenizer puts before plain text:"
            " both models read them as they were not trained to."
        )
        hits.append(_caution("bos_missing", text, "prompts lack the BOS token"))
    if preflight.bos_emitted > 1:
        times = {2: "twice", 3: "three times"}.get(
            preflight.bos_emitted, f"{preflight.bos_emitted} times"
        )
        text = f"Prompts begin with {token} {times}: template and tokenizer both add it."
        hits.append(_caution("bos_doubled", text, "the BOS token is doubled"))
    for code, said, lead, phrase in (
        (
            "template_mismatch",
            preflight.template_mismatch,
            "The chat template does not fit the data",
            "the template doesn't fit",
        ),
        (
            "thinking_mismatch",
            preflight.thinking,
            "Thinking does not match",
            "thinking doesn't match",
        ),
        (
            "prompt_differs",
            "" if preflight.prompt_design else preflight.prompt_differs,
            "Base and tuned are prompted differently",
            "the prompts differ",
        ),
    ):
        if said:
            hits.append(_caution(code, f"{lead}: {clean(said, limit=300)}.", phrase))
    if preflight.prompt_design:
        # What a person set is no fault of the files.
        text = (
            "The prompts differ by design, as eval.toml has it:"
            f" {clean(preflight.prompt_design, limit=300)}. Weights and prompt are judged together."
        )
        hits.append(Hit(Finding("prompt_differs", "note", text), "", ""))
    if preflight.template_missing:
        text = "There is no chat template: prompt and answer were joined plainly."
        hits.append(Hit(Finding("template_missing", "note", text), "", ""))
    return hits


def _caution(code: str, text: str, phrase: str) -> Hit:
    return Hit(Finding(code, "caution", text), phrase, phrase)


def _worse_category(case: Case) -> Hit | None:
    worse = []
    for name, pairs in by_category(case.data.pairs).items():
        if len(pairs) < case.limit("worse_category"):
            continue
        ratio = compare(pairs, same_units=case.data.same_units).ratio
        if ratio is not None and ratio.low is not None and ratio.low > 1:
            worse.append((clean(name, limit=40), ratio, len(pairs)))
    if not worse:
        return None
    worse.sort(key=lambda item: -item[1].value)
    told = [f"{name} ({share_text(r.value - 1)} higher, n = {n})" for name, r, n in worse]
    severity: Severity = "caution" if case.objective == "supervised" else "note"
    text = f"Worse than base in {count_text(len(worse), 'category', 'categories')}: {named(told)}."
    finding = Finding("worse_category", severity, text, {"categories": [w[0] for w in worse]})
    return Hit(finding, f"worse on {worse[0][0]}", f"worse on {worse[0][0]}")


def _leak(case: Case) -> Hit | None:
    limit = case.limit("validation_in_training_bad")
    return leak(case.evidence, case.candidate, case.data.dataset, "validation_in_training", limit)


def _other_tokenizer(case: Case) -> Hit | None:
    if case.data.same_units or case.data.base is None:
        return None
    text = (
        "Base and tuned split text into different tokens, so perplexities don't compare: the"
        " improvement is that of bits per byte."
    )
    return Hit(Finding("different_tokenizer", "note", text), "", "")


def _truncated(case: Case) -> Hit | None:
    n, cut = len(case.data.pairs), [pair for pair in case.data.pairs if pair.cut]
    if not cut:
        return None
    share = len(cut) / n
    tokens = max(max(loss.cut_tokens for loss in pair.both) for pair in cut)
    windows = sum(any(loss.windows > 1 for loss in pair.both) for pair in cut)
    text = f"{count_text(len(cut), 'sample')} of {n} did not fit whole ({share_text(share)})"
    text += f": up to {tokens:,} prompt tokens cut from the left" if tokens else ""
    text += f"; {count_text(windows, 'answer')} scored in windows" if windows else ""
    severity: Severity = "caution" if share >= case.limit("truncated_caution") else "note"
    phrase = f"{count_text(len(cut), 'sample')} cut"
    return Hit(Finding("truncated", severity, f"{text}."), phrase, phrase)


def _skipped(case: Case) -> Hit | None:
    """Rows that could not be read, and samples that could not be scored."""
    data = case.data
    rows, unscored = data.dataset.left_out, len(data.unscored)
    if not rows and not unscored:
        return None
    share = (rows + unscored) / max(data.dataset.rows, rows + unscored)
    told = []
    if rows:
        first = data.dataset.skipped[0]
        told.append(
            f"{count_text(rows, 'row')} skipped on reading (first: line {first.row},"
            f" {clean(first.reason, limit=80)})"
        )
    if unscored:
        told.append(
            f"{count_text(unscored, 'sample')} not scored (first: #{data.unscored[0][0].row},"
            f" {clean(data.unscored[0][1], limit=80)})"
        )
    text = f"{'; '.join(told)}: {share_text(share)} of {data.dataset.rows}."
    severity: Severity = "caution" if share >= case.limit("skipped_rows_caution") else "note"
    phrase = f"{count_text(rows + unscored, 'row')} left out"
    return Hit(Finding("skipped_rows", severity, text), phrase, phrase)


def _duplicates(case: Case) -> Hit | None:
    repeats = case.data.dataset.duplicates
    if not repeats:
        return None
    verb = "repeats" if repeats == 1 else "repeat"
    text = f"{count_text(repeats, 'row')} {verb} an earlier one exactly: scored once."
    return Hit(Finding("duplicates", "note", text), "", "")


def _examples(case: Case) -> Hit | None:
    shown = case.data.dataset.shown
    if not shown:
        return None
    text = (
        f"{count_text(shown, 'row')} left out for every model: a prompt of eval.toml shows them"
        " as examples."
    )
    return Hit(Finding("examples_left_out", "note", text), "", "")
