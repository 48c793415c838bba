"""The final number of an answer, as GSM8K's answers are compared.

GSM8K ends its answers in ``#### 72``. An answer's number is looked for there, in ``\\boxed{}``,
after "answer is", and else the last one of the text; a reference's likewise. The first ``####``
counts, as GSM8K's own ``extract_answer`` and the harness's strict match have it, for a model that
runs on goes on to other questions; of boxes and of "answer is" the last, for a model may correct
itself.

Numbers are equal as values: ``$1,080.00`` is 1080, ``3/7`` a fraction, ``3.5e-4`` and
``3.5 × 10^-4`` the same; decimals that stand for a fraction need 6 digits (0.333333 for 1/3). A
comma before other than three digits is a decimal comma. ``50%`` is 50 as well as 0.5, for data
sets write it either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from tui_eval.core.metrics.pattern import last_match
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler

_LONGEST = 100
"""Characters of a number: more is a loop, not a figure."""
_GREATEST = 400
"""An exponent beyond it is none, and would cost memory."""
_NEAR = Fraction(1, 1_000_000)
"""How far two values may be from each other, in proportion."""

_MINUS = "-−–"
_SIGN = rf"[{_MINUS}+]?\s?[$€£¥]?\s?"
_GROUPED = (
    r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d{1,3}(?:[\u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?"
)
_GERMAN = r"\d{1,3}(?:\.\d{3})+,\d+(?!\d)"
_COMMA = r"\d+,(?:\d{1,2}|\d{4,12})(?![\d,])"
_PLAIN = rf"(?:{_GROUPED}|{_GERMAN}|{_COMMA}|\d+(?:\.\d+)?|\.\d+)"
_POWER = (
    rf"(?:[eE][{_MINUS}+]?\d{{1,4}}(?!\w)"
    rf"|\s?(?:[×x*·]|\\times|\\cdot)\s?10\s?(?:\^|\*\*)\s?\{{?[{_MINUS}+]?\d{{1,4}}\}}?)?"
)
_OVER = rf"(?:\s?/\s?{_PLAIN}(?![\d/]))?"
_LATEX = r"\\[dt]?frac\s?\{\s?\d{1,30}\s?\}\s?\{\s?\d{1,30}\s?\}"
_NUMBER = (
    rf"(?P<sign>{_SIGN})(?:(?:(?P<whole>\d{{1,6}})\s?)?(?P<latex>{_LATEX})"
    rf"|(?P<mixed>\d{{1,6}})\s(?P<part>\d{{1,6}}/\d{{1,6}})(?![\d/])"
    rf"|(?P<plain>{_PLAIN})(?P<power>{_POWER})(?P<over>{_OVER}))(?P<percent>\s?\\?%)?"
)
_ANY = re.compile(_NUMBER)
_FIRST = re.compile(r"####\s?\$?")
_BOX = re.compile(r"\\boxed\{([^{}]{0,80}(?:\{[^{}]{0,40}\}[^{}]{0,40}){0,4})\}")
# White space is counted, for a text of spaces alone would take quadratic time.
_SAID = re.compile(r"answer\s{0,3}(?:is|:|=)\s?:?\s?\*{0,2}\s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """A number as a text has it."""

    value: Fraction
    percent: bool = False

    def equals(self, other: Written) -> bool:
        return any(_near(one, two) for one in self._values() for two in other._values())

    def _values(self) -> tuple[Fraction, ...]:
        return (self.value, self.value / 100) if self.percent else (self.value,)


def _near(one: Fraction, two: Fraction) -> bool:
    return abs(one - two) <= _NEAR * max(abs(one), abs(two))


def ruler(options: MetricOptions) -> Ruler:
    how = (
        "The number compared is the one after the first ####, else in the last \\boxed{}, else"
        " after the last 'answer is', else the last of the answer; equal as values, so $1,080.00"
        " is 1080, 3/7 a fraction, and 50% both 50 and 0.5."
    )
    return Ruler(measure, how)


def measure(asked: Asked) -> Measured:
    wanted = [number for one in asked.references if (number := final_number(one)) is not None]
    if not wanted:
        return Measured(error="the reference holds no number")
    found = final_number(asked.answer)
    if found is None:
        return Measured({"numeric": 0.0}, reason="no number")
    right = any(found.equals(one) for one in wanted)
    return Measured({"numeric": float(right)}, reason="" if right else "another number")


def final_number(text: str) -> Written | None:
    """None where the text holds none."""
    for found in _marked(text):
        return _written(found)
    last = last_match(_ANY, text)
    return None if last is None else _written(last)


def _marked(text: str) -> Iterator[re.Match[str]]:
    """The number that the text marks as its answer, if any."""
    for mark in _FIRST.finditer(text):
        if found := _ANY.match(text, mark.end()):
            yield found
            break
    boxes = (_ANY.search(one) for one in reversed(_BOX.findall(text)))
    yield from filter(None, boxes)
    yield from _last(_ANY.match(text, mark.end()) for mark in _SAID.finditer(text))


def _last(found: Iterable[re.Match[str] | None]) -> Iterator[re.Match[str]]:
    known = None
    for one in found:
        known = one or known
    if known is not None:
        yield known


def _written(found: re.Match[str]) -> Written | None:
    if len(found.group()) > _LONGEST:
        return None
    parts = found.groupdict()
    before = found.string[found.start() - 1 : found.start()]
    if before == "/" and parts["over"]:
        # In "3/7/2020" nothing is divided.
        parts["plain"], parts["over"] = parts["over"].strip(" /"), ""
    try:
        value = _value(parts)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    # In "12-5" and "pages 3–5" the stroke is no sign of the number.
    if parts["sign"] and parts["sign"][0] in _MINUS and not before.isalnum():
        value = -value
    return Written(value, bool(parts["percent"]))


def _value(parts: dict[str, str | None]) -> Fraction:
    """Raises ValueError or ZeroDivisionError for what only looks like a number."""
    if parts["latex"]:
        above, below = re.findall(r"\d+", parts["latex"])
        return Fraction(int(above), int(below)) + int(parts["whole"] or 0)
    if parts["mixed"]:
        return int(parts["mixed"]) + Fraction(parts["part"] or "")
    value = _plain(parts["plain"] or "") * _power(parts["power"] or "")
    over = (parts["over"] or "").strip().removeprefix("/").strip()
    return value / _plain(over) if over else value


def _plain(text: str) -> Fraction:
    text = re.sub(r"[\s\u00a0\u202f]", "", text)
    if re.fullmatch(_GERMAN, text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(_COMMA, text):
        text = text.replace(",", ".")
    return Fraction(text.replace(",", ""))


def _power(text: str) -> Fraction:
    if not text:
        return Fraction(1)
    # Of "×10^-4" the digits after the ten.
    digits = re.search(rf"([{_MINUS}+]?)(\d+)\}}?\Z", text)
    exponent = int(digits.group(2)) if digits else 0
    if exponent > _GREATEST:
        raise ValueError("no figure")
    negative = digits is not None and digits.group(1) in tuple(_MINUS)
    return Fraction(10) ** (-exponent if negative else exponent)
