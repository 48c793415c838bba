"""Comparisons with the votes that a test asks for, read as step 5 reads them."""

from __future__ import annotations

from typing import Any

from tests.core.made_evidence import MadeEvidence
from tests.core.made_judging import compared, result
from tests.core.test_step_words import check
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.steps import blind_ab

BETTER = "t" * 16 + "b" * 4


def read(evidence: MadeEvidence, **fields: Any) -> Reading:
    reading = blind_ab.read(evidence, "tuned", **fields)
    check(reading)
    return reading


def opened(letters: str, plan: dict[str, Any] | None = None, **fields: Any) -> Reading:
    """One judge's votes, unblinded."""
    return read(compared(len(letters), *result(letters, **(plan or {})), **fields))


def codes(reading: Reading) -> dict[str, str]:
    """Without the note that says what so many votes can find, which a preference has."""
    return {f.code: f.severity for f in reading.findings if f.code != "power"}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def value(reading: Reading, name: str) -> float | None:
    return reading.numbers[name].value


def with_lengths(letters: str, longer: str) -> Reading:
    """``longer``: per pair which answer is the longer one, ``t``, ``b`` or ``=``."""
    tuned = {i: "word " * (9 if which == "t" else 5) for i, which in enumerate(longer)}
    base = {i: "wort " * (9 if which == "b" else 5) for i, which in enumerate(longer)}
    return opened(letters, tuned=tuned, base=base)
