"""Options that follow from a task's data, settled once for all of its items and both models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tui_eval.core.metrics import metric_of
from tui_eval.core.metrics.labels import folded
from tui_eval.core.metrics.tool_calls import wanted
from tui_eval.core.task_records import MetricOptions, TaskItem, Tokenizer
from tui_eval.errors import InputError

DEFAULT_KEEPS = 0.95
"""Share of the references' letters that rouge-score's own tokenizer has to keep to be chosen:
it drops all but a to z and digits, so identical Chinese or Russian texts score 0."""
MANY_LABELS = 500
"""More different references than this are answers, not labels."""


def settled(options: MetricOptions, items: Sequence[TaskItem]) -> MetricOptions:
    """Options with nothing left open. Raises InputError where label metrics can't be taken."""
    found = options
    if any(metric_of(name).measure == "labels" for name in options.metrics):
        refuse_several_labels(items)
        found = replace(found, labels=options.labels or data_labels(items))
        if len(found.labels) > MANY_LABELS:
            raise InputError(
                f"The data holds {len(found.labels):,} different references: they are no labels.",
                "Name the right field as reference, or set labels = [...].",
            )
    texts = [one for item in items for one in item.references]
    counts = {len(item.references) for item in items}
    return replace(
        found,
        tokenizer=tokenizer_for(texts) if options.tokenizer == "auto" else options.tokenizer,
        bleu_tokenizer="zh" if _unspaced(texts) else options.bleu_tokenizer,
        references=counts.pop() if len(counts) == 1 else 0,
    )


def doubts(metrics: Sequence[str], items: Sequence[TaskItem]) -> tuple[str, ...]:
    """What a person should know of data that can be measured and hardly says anything."""
    if not any(metric_of(name).measure == "tool_calls" for name in metrics):
        return ()
    if any(any(one) for item in items for one in wanted(item.fields, item.references) or ()):
        return ()
    return ("No reference calls a tool: an answer is right here if it calls none.",)


def data_labels(items: Iterable[TaskItem]) -> tuple[str, ...]:
    """The references as labels, in the order of their names; of spellings that are compared
    alike the first."""
    found: dict[str, str] = {}
    for item in items:
        for said in item.references[:1]:
            if key := folded(said):
                found.setdefault(key, said.strip())
    return tuple(sorted(found.values()))


def refuse_several_labels(items: Iterable[TaskItem]) -> None:
    """Several labels to one item are several right answers to one question, which none of the
    figures here (one confusion matrix, one kappa) is made for."""
    several = [item for item in items if len({folded(one) for one in item.references}) > 1]
    if several:
        first = several[0]
        shown = ", ".join(map(repr, first.references[:4]))
        count = f"{len(several):,} item{'s' if len(several) > 1 else ''}"
        raise InputError(
            f"{count} {'have' if len(several) > 1 else 'has'} several labels (line"
            f" {first.sample.row}: {shown}): multi-label data can't be measured as one label"
            " per item.",
            "Make one row per label, asked as yes or no, or use a metric of your own.",
        )


def tokenizer_for(texts: Sequence[str]) -> Tokenizer:
    """One tokenizer for a whole task: rouge-score's own where it keeps nearly all letters, so
    that figures equal published ones."""
    letters = sum(sum(map(str.isalnum, text)) for text in texts)
    kept = sum(sum(one.isascii() and one.isalnum() for one in text) for text in texts)
    return "default" if kept >= DEFAULT_KEEPS * letters else "unicode"


def _unspaced(texts: Sequence[str]) -> bool:
    """Mostly ideographs and kana: sacrebleu's own choice for Chinese cuts those."""
    letters = sum(sum(map(str.isalnum, text)) for text in texts)
    ideographs = sum(sum("\u3040" <= one <= "\u9fff" for one in text) for text in texts)
    return 2 * ideographs > letters
