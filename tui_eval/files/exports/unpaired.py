"""TRL's unpaired format: single answers that are good or not.

Scores say it in themselves: every criterion 4 or better is true, one of 2 or worse false.
Of pairs, both answers of one that is both bad are false, and a preferred answer is true
where the other is false, as TRL itself parts pairs. Where both say something of an answer,
its scores count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tui_eval.files.exports.results import Asked, Results
from tui_eval.files.exports.text import lines
from tui_eval.files.exports.trl import messages, texts

Row = dict[str, Any]


def standard(results: Results) -> str:
    return _export(results, texts)


def conversational(results: Results) -> str:
    return _export(results, messages)


def _export(results: Results, form: Callable[..., Row]) -> str:
    found: dict[tuple[str, str], Row] = {}
    for asked, answer, label, by in (*_scored(results), *_voted(results)):
        row = form(asked, completion=answer) | {"label": label, "by": by, "id": asked.sample}
        found.setdefault((asked.sample, answer), row)
    if not found and results.blind:
        raise results.nothing_scored("No answer was scored as good or poor.")
    return lines(found.values())


_Labelled = Iterator[tuple[Asked, str, bool, str]]


def _scored(results: Results) -> _Labelled:
    for item in results.items:
        if item.label is not None:
            yield item.asked, item.answer, item.label, "scores"


def _voted(results: Results) -> _Labelled:
    for pair in results.pairs:
        if pair.both_bad:
            yield pair.asked, pair.tuned, False, "both bad"
            yield pair.asked, pair.other, False, "both bad"
        elif pair.preferred and pair.tuned != pair.other:
            yield pair.asked, pair.tuned, pair.preferred == "tuned", "preference"
            yield pair.asked, pair.other, pair.preferred == "other", "preference"
