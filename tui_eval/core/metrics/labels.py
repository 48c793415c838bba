"""Labels read from answers by a stated rule.

An answer of which no label can be read is a class of its own, "unparsed": it is never right,
and its rate is shown beside the accuracy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tui_eval.core.metrics.json_answers import NoJson, within
from tui_eval.core.metrics.pattern import compiled, last_group
from tui_eval.core.records import TokenLoss
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.core.text import fold
from tui_eval.errors import InputError

UNPARSED = ""
UNKNOWN = "an unknown label"
"""The reason of answers that give a label which is none of the known ones."""
Read = Callable[[str], tuple[str, str]]
"""``(label, why there is none)`` of an answer."""

_STRIPPED = " \t\n\"'`*.,;:!()[]{}<>“”‘’«»。！，：「」"

RULES = {
    "exact": "the whole answer is a label, quotes and final punctuation aside",
    "first": "the label that the answer names first, as a word of its own; a negation before"
    " it is not understood",
    "regex": "what the pattern's first group (else the whole) last matches",
    "json": "the field {json_field} of the answer's JSON",
    "likelihood": "the label that the model finds likeliest as continuation of the prompt; of"
    " answers that come from a file the whole answer",
    "likelihood_normalised": "the label likeliest per token as continuation of the prompt; of"
    " answers that come from a file the whole answer",
}


def ruler(options: MetricOptions) -> Ruler:
    known = by_folded(options.labels)
    read = _reader(options, known)
    rule = RULES[options.label_rule].format(json_field=options.json_field)
    how = (
        f"A label is {rule}. Case, white space, _ and - don't count. An answer without one is"
        " unparsed: a class of its own, never right."
    )

    def measure(asked: Asked) -> Measured:
        true = truth(asked.references, known)
        if not true:
            return Measured(error="the item's label is empty")
        return compared(true, *read(asked.answer))

    return Ruler(measure, how)


def compared(true: str, label: str, why: str = "") -> Measured:
    values = {"accuracy": float(label != UNPARSED and label == true)}
    values["unparsed"] = float(label == UNPARSED)
    return Measured(values, label=label, reason=why)


def folded(label: str) -> str:
    return fold(label.replace("_", " ").replace("-", " "))


def by_folded(labels: Sequence[str]) -> dict[str, str]:
    """Labels by how they are compared. InputError where two would be taken for each other, or
    one for an unparsed answer."""
    if not labels:
        raise InputError(
            "The task has no labels, and its data names none.",
            "Set labels = [...] in the task's section of eval.toml.",
        )
    known: dict[str, str] = {}
    for label in labels:
        key = folded(label)
        if not key:
            raise InputError("A label is empty.", "Give it a name, such as none.")
        if known.setdefault(key, label) != label:
            raise InputError(
                f"The labels {known[key]!r} and {label!r} can't be told apart in an answer.",
                "Labels have to differ in more than case, white space, _ and -.",
            )
    return known


def truth(references: Sequence[str], known: Mapping[str, str]) -> str:
    """The item's label as the list of labels spells it, or as the data does."""
    said = references[0].strip()
    return known.get(folded(said), said)


def _reader(options: MetricOptions, known: Mapping[str, str]) -> Read:
    if options.label_rule == "first":
        return _first(known)
    if options.label_rule == "regex":
        pattern = compiled(options.pattern)
        return lambda answer: _named(last_group(pattern, answer), known, "no match")
    if options.label_rule == "json":
        if not options.json_field:
            raise InputError(
                "Labels are to be read from JSON, but no field is named.",
                "Set json_field = '...' in the task's section of eval.toml.",
            )
        return lambda answer: _from_json(answer, options.json_field, known)
    # Labels chosen by likelihood come as their own names.
    return lambda answer: _named(answer, known, "empty")


def _named(said: str | None, known: Mapping[str, str], nothing: str) -> tuple[str, str]:
    if said is None or not said.strip():
        return UNPARSED, nothing
    label = known.get(folded(said.strip(_STRIPPED))) or known.get(folded(said))
    return (label, "") if label else (UNPARSED, UNKNOWN)


def _first(known: Mapping[str, str]) -> Read:
    # Of labels that begin at one place the longest is meant: "card payment", not "card".
    parts = sorted(known, key=len, reverse=True)
    pattern = re.compile("|".join(_as_word(part) for part in parts))

    def read(answer: str) -> tuple[str, str]:
        found = pattern.search(folded(answer))
        if found is None:
            return UNPARSED, "names no label" if answer.strip() else "empty"
        return known[found.group()], ""

    return read


def _as_word(part: str) -> str:
    """Ideographs stand in a row without spaces: they have no word's edge."""
    before = r"(?<!\w)" if _has_edge(part[0]) else ""
    after = r"(?!\w)" if _has_edge(part[-1]) else ""
    return f"{before}{re.escape(part)}{after}"


def _has_edge(character: str) -> bool:
    return character.isalnum() and character < "\u2e80"


def _from_json(answer: str, field: str, known: Mapping[str, str]) -> tuple[str, str]:
    try:
        value: Any = within(answer)
    except NoJson as error:
        return UNPARSED, str(error)
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, (list, Mapping)):
        return UNPARSED, "several values in the field"
    return _named(None if value is None else str(value), known, "no such field")


def likeliest(losses: Mapping[str, TokenLoss], *, normalised: bool = False) -> str:
    """The label with the lowest loss as continuation: summed, or per token where longer labels
    should not lose by their length. The end-of-turn token is no part of a label. Of equals the
    first; unparsed without a finite loss."""
    best, lowest = UNPARSED, float("inf")
    for label, loss in losses.items():
        tokens = loss.tokens - loss.end_tokens
        size = tokens if normalised else 1
        if not loss.error and tokens > 0 and (loss.nll - loss.end_nll) / size < lowest:
            best, lowest = label, (loss.nll - loss.end_nll) / size
    return best
