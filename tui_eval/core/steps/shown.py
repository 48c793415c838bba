"""What the steps have shown, told apart from what they only measured: a direction stands where
an interval or a test settles it, and nowhere else. Made from Readings alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.core.steps.wording import share_text
from tui_eval.core.text import clean

Direction = Literal[-1, 0, 1]
"""For the worse, not shown, for the better."""
Readings = Mapping[str, Reading]

_UNREAD = frozenset({"too_few_samples", "unreadable", "sandbox_refused", "kept_back", "no_base"})
"""Findings that say of a task: nothing was measured that counts."""


def settled(readings: Readings, step: str) -> Reading | None:
    """The step's Reading where its work is done and enough for an estimate."""
    reading = readings.get(step)
    done = reading is not None and reading.verdict not in ("waiting", "not_enough")
    return reading if done else None


def finding(reading: Reading | None, code: str, *, notes: bool = False) -> Finding | None:
    """The first finding of this code; a note, which moves no verdict, only with ``notes``."""
    for one in reading.findings if reading is not None else ():
        if one.code == code and (notes or one.severity != "note"):
            return one
    return None


def figure(reading: Reading | None, name: str) -> Number | None:
    """A number that has a value."""
    number = reading.numbers.get(name) if reading is not None else None
    return number if number is not None and number.value is not None else None


def value(reading: Reading | None, name: str) -> float | None:
    number = figure(reading, name)
    return number.value if number is not None else None


def side(number: Number | None) -> Direction | None:
    """On which side of 0 the whole interval lies; None without an interval."""
    if number is None or number.low is None or number.high is None:
        return None
    return 1 if number.low > 0 else -1 if number.high < 0 else 0


def perplexity(readings: Readings) -> Direction | None:
    return side(figure(settled(readings, "perplexity"), "improvement"))


def perplexity_text(readings: Readings) -> str:
    """``39% lower``, against base's."""
    moved = value(readings.get("perplexity"), "improvement") or 0.0
    return f"{share_text(abs(moved))} {'lower' if moved > 0 else 'higher'}"


def unblinded(reading: Reading | None) -> bool:
    return reading is not None and reading.verdict != "waiting" and _won(reading) is not None


def _won(reading: Reading) -> float | None:
    return value(reading, "wins")


def preference(readings: Readings) -> Direction | None:
    """Whom people prefer, once unblinded and with enough deciding pairs."""
    reading = readings.get("blind_ab")
    if reading is None or not unblinded(reading) or settled(readings, "blind_ab") is None:
        return None
    if finding(reading, "worse") is not None:
        return -1
    return 0 if finding(reading, "not_shown") is not None else 1


def preferred_text(readings: Readings) -> str:
    """``people prefer its answers (31-13)``, or base's."""
    reading = readings["blind_ab"]
    wins, losses = (int(value(reading, name) or 0) for name in ("wins", "losses"))
    if preference(readings) == -1:
        return f"people prefer {clean(reading.against, limit=24)}'s answers ({losses}-{wins})"
    return f"people prefer its answers ({wins}-{losses})"


def deciding(reading: Reading | None) -> int | None:
    """Pairs that decided for one answer; None before unblinding."""
    if reading is None or not unblinded(reading):
        return None
    return int((value(reading, "wins") or 0) + (value(reading, "losses") or 0))


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a task, by its first metric."""

    task: str
    metric: str
    direction: Direction
    difference: Number

    @property
    def text(self) -> str:
        """``labels +0.21``."""
        moved = self.difference.value or 0.0
        figure = f"{moved:+.1f}" if self.difference.unit == "points" else f"{moved:+.2f}"
        return f"{clean(self.task, limit=20)} {figure}"


def tasks(readings: Readings) -> tuple[Moved, ...]:
    """Tasks with enough items, in the order of ``eval.toml``."""
    reading = readings.get("task_metrics")
    if reading is None or reading.verdict == "waiting":
        return ()
    return tuple(_tasks(reading))


def _tasks(reading: Reading) -> Iterator[Moved]:
    said: dict[str, set[str]] = {}
    for one in reading.findings:
        if one.severity != "note" and one.at is not None and "task" in one.at:
            said.setdefault(str(one.at["task"]), set()).add(one.code)
    seen = set()
    for name, number in reading.numbers.items():
        task, _, rest = name.partition(".")
        metric, _, what = rest.rpartition(".")
        if what != "difference" or task in seen:
            continue
        # The first metric carries the task's verdict; the others only inform.
        seen.add(task)
        codes = said.get(task, set())
        if number.value is not None and not codes & _UNREAD:
            yield Moved(task, metric, _direction(codes), number)


def _direction(codes: set[str]) -> Direction:
    """The step's own test decides: a metric may be better where it is lower."""
    return -1 if "worse" in codes else 0 if "not_shown" in codes else 1


def tasks_moved(readings: Readings) -> Direction | None:
    """Where all tasks that moved went the same way; None without a task."""
    found = {one.direction for one in tasks(readings)}
    moved = found - {0}
    if not found:
        return None
    return moved.pop() if len(moved) == 1 else 0


def tasks_text(readings: Readings, direction: Direction) -> str:
    """``tasks are better (labels +0.21 and summarise +0.06)``: those that moved this way."""
    found = [one.text for one in tasks(readings) if one.direction == direction]
    told = " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))
    if len(found) > 3:
        told = f"{', '.join(found[:2])} and {len(found) - 2} more"
    return f"tasks are {'better' if direction == 1 else 'worse'} ({told})"


def review(readings: Readings) -> Direction | None:
    """Scored well (its verdict is good, or only the way of scoring is in doubt), unclear, or
    shown to be low."""
    reading = settled(readings, "review")
    if reading is None:
        return None
    if finding(reading, "low_score") is not None:
        return -1
    return 0 if finding(reading, "unclear_score") is not None else 1


def review_text(readings: Readings) -> str:
    """``accuracy 4.1 of 5``."""
    mean = value(readings.get("review"), "accuracy")
    return f"accuracy {mean:.1f} of 5" if mean is not None else "no accuracy"


def leaked(readings: Readings) -> Finding | None:
    """Validation rows that the model was trained on: a fact, whatever else is undone."""
    for step, code in (("perplexity", "validation_in_training"), ("overfitting", "leak")):
        found = finding(readings.get(step), code)
        if found is not None:
            return found
    return None


def peaked(readings: Readings) -> Finding | None:
    """An earlier checkpoint had the better validation loss."""
    curves, overfitting = settled(readings, "curves"), readings.get("overfitting")
    if overfitting is not None and overfitting.verdict == "waiting":
        overfitting = None
    return finding(curves, "eval_peaked") or finding(overfitting, "eval_rises")


def by_design(readings: Readings) -> bool:
    """Whether the run optimised a preference or a reward: perplexity then only informs."""
    worse = finding(readings.get("perplexity"), "worse", notes=True)
    told = finding(readings.get("curves"), "objective", notes=True) is not None
    return told or (worse is not None and worse.severity == "note")
