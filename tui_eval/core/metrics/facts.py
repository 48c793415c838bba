"""Measurements as facts: what keys them, and their plain form in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tui_eval.core.metrics import metric_of
from tui_eval.core.task_records import Measured, MetricOptions
from tui_eval.core.text import content_id

METRICS_VERSION = "metrics-1"
"""Goes up whenever the same answer would be measured otherwise."""

MATTERS: dict[str, tuple[str, ...]] = {
    "rouge": ("stemmer", "tokenizer", "most_words"),
    "bleu": ("bleu_tokenizer",),
    "chrf": (),
    "labels": ("labels", "label_rule", "pattern", "json_field"),
    "squad": (),
    "numeric": (),
    "pattern": ("pattern",),
    "json_answers": (),
    "json_schema": ("schema",),
    "tool_calls": (),
    "code": ("tests", "entry_point", "code_seconds"),
}
"""The options that each measurement looks at. Those of a person's own look at their file."""
_VERSIONS = {"code": "code-2", "numeric": "numeric-2", "tool_calls": "tool_calls-2"}
"""Goes up whenever this measurement alone would measure the same answer otherwise."""
_OWN = ("own", "own_digest", "lower_is_better")
_BY_NAME = ("rouge",)
"""Measurements that leave out what was not asked for."""


def fact_key(measure: str, options: MetricOptions) -> str:
    """Under which the findings of one measurement are recorded; an item's answer and references
    come in by the ids of its completion and sample. Another metric added to the task leaves
    the keys of the rest as they are."""
    own = measure.startswith("own_")
    looked_at = _OWN if own else MATTERS.get(measure, tuple(asdict(options)))
    settings: dict[str, Any] = {name: getattr(options, name) for name in looked_at}
    names = [name for name in options.metrics if metric_of(name).measure == measure]
    asked = sorted({name.partition("_")[0] for name in names}) if measure in _BY_NAME else []
    version = _VERSIONS.get(measure, METRICS_VERSION)
    return content_id([version, measure, settings, asked])


def to_plain(found: Measured) -> dict[str, Any]:
    """Without what is empty: a line is written for each answer. An empty label says something:
    the answer is unparsed."""
    plain = {key: value for key, value in asdict(found).items() if value}
    return plain if found.label is None else plain | {"label": found.label}


def from_plain(plain: Mapping[str, Any]) -> Measured:
    """Fields that a later version may have added are left out."""
    label = plain.get("label")
    return Measured(
        values={str(key): float(value) for key, value in plain.get("values", {}).items()},
        label=None if label is None else str(label),
        counts=tuple(map(float, plain.get("counts", ()))),
        reason=str(plain.get("reason", "")),
        detail=str(plain.get("detail", "")),
        reasons={str(key): int(value) for key, value in plain.get("reasons", {}).items()},
        note=str(plain.get("note", "")),
        error=str(plain.get("error", "")),
    )


def together(samples: Sequence[Measured]) -> Measured:
    """The verdicts on one problem's samples as the problem's finding: how many there are, how
    many passed, and why the others did not. What couldn't be judged counts as no sample."""
    judged = [one for one in samples if not one.error]
    if not judged:
        return samples[0]
    passed = sum(bool(one.values.get("passed")) for one in judged)
    failed = [one for one in judged if one.reason]
    return Measured(
        counts=(len(judged), passed),
        reason=failed[0].reason if failed else "",
        detail=failed[0].detail if failed else "",
        reasons=dict(Counter(one.reason for one in failed)),
        samples=tuple(samples),
    )
