"""sacrebleu, which not every machine has."""

from __future__ import annotations

from typing import Any

from tui_eval.core.task_records import Asked
from tui_eval.errors import InputError


def metrics() -> Any:
    """Its module of metrics. Raises InputError where it is not installed."""
    try:
        from sacrebleu import metrics as found
    except ImportError as error:
        raise InputError(
            "BLEU and chrF need sacrebleu, which is not installed here.",
            "Install it with: pip install sacrebleu",
        ) from error
    return found


def counts(scorer: Any, asked: Asked) -> tuple[float, ...]:
    """What sacrebleu sums over the answers; the same call its significance tests make."""
    references = [[one] for one in asked.references]
    return tuple(map(float, scorer._extract_corpus_statistics([asked.answer], references)[0]))


def signature(scorer: Any, references: int) -> str:
    """Names every setting, for others to repeat the figure."""
    scorer.num_refs = references or -1
    return str(scorer.get_signature())
