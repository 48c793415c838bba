"""BLEU by sacrebleu: the counts of each answer, which sum to the figure of the whole set."""

from __future__ import annotations

from tui_eval.core.stats.corpus import bleu
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.engine.metrics import sacre


def ruler(options: MetricOptions) -> Ruler:
    scorer = sacre.metrics().BLEU(tokenize=options.bleu_tokenizer, force=True)

    def measure(asked: Asked) -> Measured:
        counts = sacre.counts(scorer, asked)
        # One answer often shares no four words in a row: orders it can't have are left out.
        return Measured({"bleu": bleu(counts, effective_order=True)}, counts=counts)

    signature = sacre.signature(scorer, options.references)
    return Ruler(measure, f"BLEU of the whole set by sacrebleu: {signature}.")
