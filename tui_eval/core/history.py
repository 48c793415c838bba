"""What was said of a candidate before it was trained again, beside what is said now.

Readings are functions of facts and are not stored, but logs and data are overwritten when a
model is trained again. So what the steps said is kept as a dated record, without the tables and
plots that it was drawn with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from tui_eval.core.reading import Number, Reading, Verdict, finite
from tui_eval.core.records import Sample, TokenLoss
from tui_eval.core.sign_off_records import SignOff
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.paired import log_ratio, perplexity_ratio
from tui_eval.core.steps.compare import cell
from tui_eval.core.steps.names import NUMBERS
from tui_eval.core.steps.stands import changed
from tui_eval.core.text import content_id

KEPT: Mapping[str, tuple[str, ...]] = {
    "curves": ("drop", "last", "eval_best", "eval_best_step", "eval_last"),
    "perplexity": (
        "improvement", "base", "tuned", "base_bits_per_byte", "tuned_bits_per_byte",
        "better_share",
    ),
    "overfitting": (
        "gap_used", "train_loss", "validation_loss", "copy_rate", "near_far", "distinct_2",
        "forgetting",
    ),
    "review": (
        "accuracy", "relevance", "fluency", "format", "accuracy_share4", "reviewed",
    ),
    "blind_ab": ("win_rate", "wins", "losses", "ties", "decisive_rate", "votes"),
}  # fmt: skip
_KEPT_PARTS = ("difference", "tuned", "base")
"""Of every metric of step 6."""
_DIGITS = 9
"""Significant ones that are kept: the same sums in another order give the same record."""
_TIMES = 2
"""From here on a rise is told as so many times, not in percent."""
_SAID: tuple[Verdict, ...] = ("good", "caution", "bad")


@dataclass(frozen=True, slots=True)
class Told:
    """What the steps said of a candidate at one time."""

    candidate: str
    at: str
    """ISO 8601."""
    standing: Mapping[str, str]
    readings: Mapping[str, Reading]
    """By step, without findings, tables and plots."""
    losses: str = ""
    """Key of the candidate's token losses; empty: none were recorded."""
    version: str = ""
    """Of tui-eval."""


@dataclass(frozen=True, slots=True)
class Paired:
    """New weights against old ones on the same samples."""

    ratio: Interval
    """Of perplexities, new to old: below 1 is better. Of bits per byte where the tokens
    differ."""
    what: str

    @property
    def words(self) -> str:
        """``perplexity 12.3% higher [8.1, 16.7] than then, on the same 253 samples``."""
        ratio = self.ratio
        change = ratio.value - 1
        if ratio.value > _TIMES:
            known = ratio.low is not None and ratio.high is not None
            ends = f" [{ratio.low:.2f}, {ratio.high:.2f}]" if known else ""
            told = f"{ratio.value:.2f}{ends} times what it was then"
        else:
            way = "higher" if change > 0 else "lower"
            ends = _percents(ratio.low, ratio.high, change)
            told = f"{abs(change) * 100:.1f}% {way}{ends} than then"
        unsure = ": could be chance" if self._holds_one() else ""
        return f"{self.what} {told}, on the same {ratio.n} samples{unsure}"

    def _holds_one(self) -> bool:
        low, high = self.ratio.low, self.ratio.high
        return low is None or high is None or low <= 1 <= high


def _percents(low: float | None, high: float | None, change: float) -> str:
    if low is None or high is None:
        return ""
    ends = [100 * (low - 1), 100 * (high - 1)]
    if change <= 0:
        ends = [-ends[1], -ends[0]]
    return f" [{ends[0]:.1f}, {ends[1]:.1f}]"


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step then and now. Texts are clean."""

    step: str
    then: Reading | None
    now: Reading | None
    words: str
    """What is different, in one phrase; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last record of one earlier standing, held against now."""

    told: Told
    changed: tuple[str, ...]
    """What of models, data and prompt is another one now, in words."""
    steps: Mapping[str, StepChange]
    paired: Paired | None = None
    decision: SignOff | None = None
    """The last decision that was signed on that standing."""

    @property
    def different(self) -> tuple[StepChange, ...]:
        return tuple(one for one in self.steps.values() if one.words)


def small(reading: Reading) -> Reading:
    """The reading as it is kept."""
    numbers = {
        name: Number(
            _rounded(number.value), _rounded(number.low), _rounded(number.high), number.n,
            number.unit,
        )
        for name, number in reading.numbers.items()
        if finite(number.value) is not None and _is_kept(reading.step, name)
    }  # fmt: skip
    return Reading(
        step=reading.step,
        candidate=reading.candidate,
        verdict=reading.verdict,
        headline=reading.headline,
        summary=reading.summary,
        against=reading.against,
        numbers=numbers,
    )


def _is_kept(step: str, name: str) -> bool:
    if step in KEPT:
        return name in KEPT[step]
    return name.rpartition(".")[2] in _KEPT_PARTS


def _rounded(value: float | None) -> float | None:
    value = finite(value)
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def says_something(readings: Mapping[str, Reading]) -> bool:
    """Whether there is an evaluation to remember: the curves alone are one only where no other
    step can come."""
    told = {step for step, one in readings.items() if one.verdict in _SAID}
    if told - {"curves"}:
        return True
    return bool(told) and all(one.verdict != "waiting" for one in readings.values())


def body_of(told: Told) -> dict[str, Any]:
    """The record as a fact's body; ``at`` is the fact's own."""
    return {
        "standing": dict(told.standing),
        "steps": {step: _step(reading) for step, reading in told.readings.items()},
        "losses": told.losses,
        "version": told.version,
        "at": told.at,
    }


def _step(reading: Reading) -> dict[str, Any]:
    return {
        "verdict": reading.verdict,
        "headline": reading.headline,
        "summary": reading.summary,
        "against": reading.against,
        "numbers": {
            name: [one.value, one.low, one.high, one.n, one.unit]
            for name, one in reading.numbers.items()
        },
    }


def told_of(candidate: str, body: Mapping[str, Any]) -> Told:
    """From a fact's body; what another version wrote and we don't know is left out."""
    steps = body.get("steps")
    return Told(
        candidate=candidate,
        at=_text(body.get("at")),
        standing=_texts(body.get("standing")),
        readings={
            step: _reading(step, candidate, steps[step])
            for step in NUMBERS
            if isinstance(steps, Mapping) and isinstance(steps.get(step), Mapping)
        },
        losses=_text(body.get("losses")),
        version=_text(body.get("version")),
    )


def _reading(step: str, candidate: str, body: Mapping[str, Any]) -> Reading:
    verdict = body.get("verdict")
    numbers = body.get("numbers")
    return Reading(
        step=step,
        candidate=candidate,
        verdict=cast("Verdict", verdict) if verdict in get_args(Verdict) else "not_enough",
        headline=_text(body.get("headline")),
        summary=_text(body.get("summary")),
        against=_text(body.get("against")) or "base",
        numbers={
            str(name): _number(parts)
            for name, parts in (numbers if isinstance(numbers, Mapping) else {}).items()
        },
    )


def _number(parts: Any) -> Number:
    values = list(parts) if isinstance(parts, Sequence) and not isinstance(parts, str) else []
    value, low, high, n, unit = (*values, *[None] * 5)[:5]
    counted = n if isinstance(n, int) else None
    return Number(_figure(value), _figure(low), _figure(high), counted, _text(unit))


def _figure(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return finite(float(value)) if known else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> dict[str, str]:
    given = value if isinstance(value, Mapping) else {}
    return {str(name): text for name, text in given.items() if isinstance(text, str)}


def same(one: Told, other: Told) -> bool:
    """Whether both say the same, whenever they were said."""
    return _digest(one) == _digest(other)


def _digest(told: Told) -> str:
    body = body_of(told)
    return content_id({name: body[name] for name in ("steps", "losses")})


def same_standing(then: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """A fingerprint that one of them lacks tells nothing."""
    return not changed(then, now)


def lasts(told: Iterable[Told], now: Mapping[str, str]) -> tuple[Told, ...]:
    """The last record of each earlier standing, newest first."""
    kept: list[Told] = []
    for one in sorted(told, key=lambda one: one.at, reverse=True):
        if same_standing(one.standing, now):
            continue
        if not any(same_standing(one.standing, later.standing) for later in kept):
            kept.append(one)
    return tuple(kept)


def steps_of(then: Mapping[str, Reading], now: Mapping[str, Reading]) -> Mapping[str, StepChange]:
    """In the checklist's order, every step that either knows."""
    found = {}
    for step in NUMBERS:
        before, after = then.get(step), now.get(step)
        if before is not None or after is not None:
            found[step] = StepChange(step, before, after, _words(before, after))
    return found


def _words(then: Reading | None, now: Reading | None) -> str:
    if then is None or now is None:
        return ""
    before, after = (cell(one).text.removesuffix(": press r") for one in (then, now))
    return "" if before == after else f"{after}; was {before}"


@dataclass(frozen=True, slots=True)
class Losses:
    """Token losses of old and new weights by sample id, with the samples of now."""

    samples: Sequence[Sample]
    then: Mapping[str, TokenLoss] = field(default_factory=dict)
    now: Mapping[str, TokenLoss] = field(default_factory=dict)


LEAST_SAMPLES = 20
"""As for a perplexity's verdict: fewer say too little."""


def paired(losses: Losses) -> Paired | None:
    """New against old on the samples that both scored; None where those are too few, or a loss
    is not finite."""
    both = [
        (losses.then[sample.id], losses.now[sample.id], sample.group)
        for sample in losses.samples
        if sample.id in losses.then and sample.id in losses.now
    ]
    sound = [one for one in both if not (one[0].error or one[1].error)]
    if len(sound) < LEAST_SAMPLES:
        return None
    then, now = [one[0] for one in sound], [one[1] for one in sound]
    if not all(math.isfinite(one.nll) for one in (*then, *now)):
        return None
    groups = [one[2] for one in sound] if any(one[2] for one in sound) else None
    sums = [one.nll for one in now], [one.nll for one in then]
    if [one.tokens for one in then] == [one.tokens for one in now]:
        tokens = [float(one.tokens) for one in now]
        ratio, what = perplexity_ratio(*sums, tokens, tokens, groups), "perplexity"
    else:
        ratio, what = log_ratio(*sums, groups), "bits per byte"
    if ratio is None or finite(ratio.value) is None:
        return None
    return Paired(ratio, what)
