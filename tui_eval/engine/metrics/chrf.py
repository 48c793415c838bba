"""chrF2 by sacrebleu: the counts of each answer, which sum to the figure of the whole set."""

from __future__ import annotations

from tui_eval.core.stats.corpus import chrf
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.engine.metrics import sacre


def ruler(options: MetricOptions) -> Ruler:
    scorer = sacre.metrics().CHRF()

    def measure(asked: Asked) -> Measured:
        counts = sacre.counts(scorer, asked)
        return Measured({"chrf": chrf(counts)}, counts=counts)

    signature = sacre.signature(scorer, options.references)
    return Ruler(measure, f"chrF2 of the whole set by sacrebleu: {signature}.")
