"""The final number of an answer, as GSM8K's answers are compared.

GSM8K ends its answers in ``#### 72``. An answer's number is looked for there, in ``\\boxed{}``,
after "answer is", and else the last one of the text; a reference's likewise. Numbers are equal
as values: ``$1,080.00`` is 1080.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from tui_eval.core.metrics.pattern import last_match
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler

_LONGEST = 100
"""Characters of a number: more is a loop, not a figure."""
_NUMBER = r"[-−–]?\s?[$€£¥]?\s?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|[-−–]?\.\d+"
_ANY = re.compile(_NUMBER)
_MARKED = (
    re.compile(rf"####\s?({_NUMBER})"),
    re.compile(rf"\\boxed\{{\s?\\?\$?({_NUMBER})[^{{}}]{{0,40}}\}}"),
    # White space is counted, for a text of spaces alone would take quadratic time.
    re.compile(rf"answer\s{{0,3}}(?:is|:|=)\s?:?\s?\*{{0,2}}\s?({_NUMBER})", re.IGNORECASE),
)


def ruler(options: MetricOptions) -> Ruler:
    how = (
        "The number compared is the one after ####, else in \\boxed{}, else after 'answer is',"
        " else the last of the answer; equal as values, so $1,080.00 is 1080."
    )
    return Ruler(measure, how)


def measure(asked: Asked) -> Measured:
    wanted = [number for one in asked.references if (number := final_number(one)) is not None]
    if not wanted:
        return Measured(error="the reference holds no number")
    found = final_number(asked.answer)
    if found is None:
        return Measured({"numeric": 0.0}, reason="no number")
    right = found in wanted
    return Measured({"numeric": float(right)}, reason="" if right else "another number")


def final_number(text: str) -> Decimal | None:
    """None where the text holds none. Where a mark stands several times, its last counts."""
    for mark in _MARKED:
        found = mark.findall(text)
        if found:
            return _value(found[-1])
    last = last_match(_ANY, text)
    if last is None:
        return None
    written = last.group()
    # In "12-5" and "pages 3–5" the stroke is no sign of the number.
    if written[0] in "-−–" and last.start() and text[last.start() - 1].isalnum():
        written = written[1:]
    return _value(written)


def _value(written: str) -> Decimal | None:
    plain = re.sub(r"[\s$€£¥,]", "", written).replace("−", "-").replace("–", "-")
    if len(plain) > _LONGEST:
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None
