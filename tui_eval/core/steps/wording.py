"""How steps put figures and sentences, so that they all read alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding
from tui_eval.core.text import cells, clean, cut


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding with the phrases that a headline (``short``) and a summary (``long``) take
    from it."""

    finding: Finding
    short: str
    long: str


NAME_CELLS = 24


def model_text(name: str) -> str:
    """A model in words: several may be judged, so that none is *the* tuned one."""
    return clean(name, limit=NAME_CELLS) or "(no name)"


def base_text(name: str, own: str | None) -> str:
    """What a candidate is held against: ``base`` where it is the candidate's ``own`` base."""
    return "base" if name == own else model_text(name)


def threshold(evidence: Evidence, name: str) -> float:
    """A numeric setting by dotted name."""
    return float(evidence.setting(name))


def loss_text(value: float) -> str:
    """A loss or perplexity with about three digits; powers of ten only from a million, and
    for what is nearly nothing: a loss of 0.00001 is not shown as 0.000."""
    return _with_digits(value, _digits(value))


def decimals_text(value: float, decimals: int = 3) -> str:
    """With so many decimals, to be compared with others; more where all would be 0."""
    small = abs(value) < 10.0 ** (1 - decimals)
    return _with_digits(value, _digits(value) if small else decimals)


def decimals_for(values: Iterable[float | None], least: int = 3) -> int:
    """How many decimals a column needs for two digits of its smallest number."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    return min(8, max(least, _digits(min(sizes, default=1.0))))


def ends_text(one: float, other: float) -> str:
    """``2.31 → 1.12``, with the digits of the larger unless the smaller would vanish."""
    larger = _digits(max(abs(one), abs(other)))
    if abs(other) < 10.0 ** (1 - larger) or abs(one) < 10.0 ** (1 - larger):
        return f"{loss_text(one)} → {loss_text(other)}"
    return f"{_with_digits(one, larger)} → {_with_digits(other, larger)}"


def _digits(value: float) -> int:
    size = abs(value)
    if 0 < size < 0.01:
        return 1 - math.floor(math.log10(size))
    return 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3


def _with_digits(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    if 0 < abs(value) < 1e-4:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.2e}" if abs(value) >= 1e6 else f"{value:.{digits}f}"


def share_text(share: float) -> str:
    """A share as a percentage: one decimal where a whole number would hide it."""
    percent = 100 * share
    size = abs(percent)
    return f"{percent:.1f}%" if size < 10 or 99 <= size < 100 else f"{percent:.0f}%"


def step_text(step: float) -> str:
    return str(int(step)) if step == int(step) else f"{step:g}"


def count_text(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def fitting(variants: Iterable[str], width: int) -> str:
    """The first variant that fits; the last one, cut, where none does."""
    last = ""
    for last in variants:
        if cells(last) <= width:
            return last
    return cut(last, width)


_ORDER = {"bad": 0, "not_enough": 1, "caution": 2, "note": 3}


def worst(hits: Iterable[Hit]) -> Hit | None:
    """The hit that carries the verdict, the first of its severity; None below a caution."""
    grave = [hit for hit in hits if hit.finding.severity != "note"]
    return min(grave, key=lambda hit: _ORDER[hit.finding.severity], default=None)


ALIKE = 12
"""Characters that a common beginning has at least to be left out."""


def without_common_start(texts: Sequence[str]) -> list[str]:
    """Texts that all begin alike, as a template makes them, from where they differ on."""
    # Character by character is what is wanted here.
    start = commonprefix(list(texts))  # noqa: RUF071
    start = start[: start.rfind(" ") + 1]
    if len(set(texts)) < 2 or len(start) < ALIKE:
        return list(texts)
    return [f"… {text[len(start) :]}" for text in texts]
