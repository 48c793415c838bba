"""Every metric by name: what measures an answer, what it yields, which way is better.

Names that are imported only when used, for rouge-score, sacrebleu and jsonschema are heavy.
Metrics of one ``measure`` are found in one go and stored as one fact per answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from tui_eval.core.task_records import MetricOptions, Ruler

Kind = Literal["right_wrong", "number", "labels", "corpus", "problems", "own"]
"""``right_wrong``: a mean of 0 and 1 that McNemar's test fits. ``number``: a mean.
``labels``: from the truth and the answers' labels together. ``corpus``: from counts summed
over the set. ``problems``: a mean over problems with several answers each. ``own``: right or
wrong where every value is 0 or 1, else a number."""


@dataclass(frozen=True, slots=True)
class Metric:
    ruler: str
    """Import string of a function of MetricOptions that returns a Ruler."""
    kind: Kind
    what: str
    higher: bool = True
    unit: Literal["rate", "points"] = "rate"
    """``points``: 0 to 100, as sacrebleu gives them."""

    own: str = ""
    """The name of a metric of a person's own."""

    @property
    def measure(self) -> str:
        """Names the facts of this measurement: its module's last part. Each metric of a
        person's own is measured by itself, so that one that fails takes none along."""
        if self.own:
            return f"own_{self.own}"
        return self.ruler.partition(":")[0].rpartition(".")[2]


_ROUGE = "tui_eval.engine.metrics.rouge:ruler"
_LABELS = "tui_eval.core.metrics.labels:ruler"
_SQUAD = "tui_eval.core.metrics.squad:ruler"
_JSON = "tui_eval.core.metrics.json_answers:ruler"
_CALLS = "tui_eval.core.metrics.tool_calls:ruler"

METRICS: dict[str, Metric] = {
    "rouge1": Metric(_ROUGE, "number", "F1 of words shared with the reference"),
    "rouge2": Metric(_ROUGE, "number", "F1 of word pairs shared with the reference"),
    "rougeL": Metric(_ROUGE, "number", "F1 of the longest common subsequence of words"),
    "rougeLsum": Metric(_ROUGE, "number", "the same, sentence by sentence"),
    "rouge1_precision": Metric(_ROUGE, "number", "share of the answer's words"),
    "rouge2_precision": Metric(_ROUGE, "number", "share of the answer's word pairs"),
    "rougeL_precision": Metric(_ROUGE, "number", "common subsequence over the answer's words"),
    "rougeLsum_precision": Metric(_ROUGE, "number", "the same, sentence by sentence"),
    "rouge1_recall": Metric(_ROUGE, "number", "share of the reference's words"),
    "rouge2_recall": Metric(_ROUGE, "number", "share of the reference's word pairs"),
    "rougeL_recall": Metric(_ROUGE, "number", "common subsequence over the reference's words"),
    "rougeLsum_recall": Metric(_ROUGE, "number", "the same, sentence by sentence"),
    "bleu": Metric(
        "tui_eval.engine.metrics.bleu:ruler", "corpus", "BLEU of the set", unit="points"
    ),
    "chrf": Metric(
        "tui_eval.engine.metrics.chrf:ruler", "corpus", "chrF of the set", unit="points"
    ),
    "accuracy": Metric(_LABELS, "right_wrong", "share of right labels"),
    "macro_f1": Metric(_LABELS, "labels", "F1, every label counting the same"),
    "micro_f1": Metric(_LABELS, "labels", "F1 over all decisions"),
    "weighted_f1": Metric(_LABELS, "labels", "F1, labels by how often they occur"),
    "macro_precision": Metric(_LABELS, "labels", "precision, every label counting the same"),
    "micro_precision": Metric(_LABELS, "labels", "precision over all decisions"),
    "weighted_precision": Metric(_LABELS, "labels", "precision, labels by how often they occur"),
    "macro_recall": Metric(_LABELS, "labels", "recall, every label counting the same"),
    "micro_recall": Metric(_LABELS, "labels", "recall over all decisions"),
    "weighted_recall": Metric(_LABELS, "labels", "recall, labels by how often they occur"),
    "kappa": Metric(_LABELS, "labels", "Cohen's kappa: agreement beyond chance"),
    "mcc": Metric(_LABELS, "labels", "Matthews correlation of truth and answer"),
    "unparsed": Metric(_LABELS, "right_wrong", "share of answers with no label", higher=False),
    "exact_match": Metric(_SQUAD, "right_wrong", "equals a reference (SQuAD normalisation)"),
    "token_f1": Metric(_SQUAD, "number", "F1 of shared words (SQuAD normalisation)"),
    "numeric": Metric(
        "tui_eval.core.metrics.numeric:ruler", "right_wrong", "the final number is the reference's"
    ),
    "regex": Metric(
        "tui_eval.core.metrics.pattern:ruler", "right_wrong", "the regular expression matches"
    ),
    "json_valid": Metric(_JSON, "right_wrong", "the whole answer is JSON"),
    "json_equal": Metric(_JSON, "right_wrong", "the JSON equals the reference's, as values"),
    "json_schema": Metric(
        "tui_eval.engine.metrics.json_schema:ruler", "right_wrong", "the JSON keeps to the schema"
    ),
    "tool_calls": Metric(_CALLS, "right_wrong", "the same calls, arguments as JSON values"),
    "tool_names": Metric(_CALLS, "right_wrong", "calls of the same tools"),
    "tool_abstention": Metric(_CALLS, "right_wrong", "calls a tool exactly when one is needed"),
}

_PASS_AT = re.compile(r"pass_at_([1-9]\d{0,3})\Z")
OWN_RULER = "tui_eval.engine.metrics.own:ruler"
ENTRY_POINTS = "tui_eval.metrics"
"""Group under which an installed package offers metrics."""


def passes_at(name: str) -> int | None:
    """The k of ``pass_at_k``."""
    found = _PASS_AT.match(name)
    return int(found[1]) if found else None


def metric_of(name: str, lower_is_better: Sequence[str] = ()) -> Metric:
    """The row of a name; one that is not ours is a metric of a person's own."""
    if name in METRICS:
        return METRICS[name]
    k = passes_at(name)
    if k is not None:
        what = f"chance that one of {k} solves the problem" if k > 1 else "share of solved problems"
        return Metric("tui_eval.engine.metrics.code:ruler", "problems", what)
    lower = any(name == one or name.startswith(f"{one}_") for one in lower_is_better)
    return Metric(OWN_RULER, "own", "metric of your own", higher=not lower, own=name)


def rulers(options: MetricOptions) -> dict[str, Ruler]:
    """What measures the metrics asked for, made ready, by ``Metric.measure``. Imports what
    they need. Raises InputError where a setting doesn't do."""
    found: dict[str, Ruler] = {}
    for name in options.metrics:
        metric = metric_of(name)
        if metric.measure not in found:
            module, _, function = metric.ruler.partition(":")
            make = getattr(import_module(module), function)
            found[metric.measure] = make(options, name) if metric.own else make(options)
    return found


def packages_of(names: Sequence[str]) -> tuple[str, ...]:
    """``name package 1.2`` of each metric that an installed package offers: another version
    may measure otherwise."""
    if not any(metric_of(name).own for name in names):
        return ()
    from importlib.metadata import entry_points

    return tuple(
        f"{point.name} {point.dist.name} {point.dist.version}"
        for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: one.name)
        if point.name in names and point.dist is not None
    )
