"""All candidates side by side: of each step the verdict and the one figure that matters.

Everything is taken from Readings, which keep to blindness; nothing here looks at facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tui_eval.core.figures import interval_text, value_text
from tui_eval.core.reading import Column, Number, Reading, Table, Verdict, finite
from tui_eval.core.sign_off_records import WORDS as DECISIONS
from tui_eval.core.sign_off_records import Decided
from tui_eval.core.steps.wording import count_text, share_text
from tui_eval.core.text import clean

STEPS: Mapping[str, str] = {
    "curves": "curves",
    "perplexity": "perplexity",
    "overfitting": "overfitting",
    "review": "review",
    "blind_ab": "blind A/B",
    "task_metrics": "tasks",
}
"""Columns: the checklist's steps in its order."""
NAME_CELLS = 60
TASK_CELLS = 30
WORDS: Mapping[str, str] = {
    "good": "good",
    "caution": "caution",
    "bad": "bad",
    "not_enough": "not enough",
    "waiting": "waiting",
}
OUT_OF_DATE = "out of date"


@dataclass(frozen=True, slots=True)
class Cell:
    """One step of one candidate. All texts are clean."""

    verdict: Verdict
    figure: str = ""
    """``72.2% lower``; empty where the step has none yet."""
    short: str = ""
    """The figure in at most seven cells: ``-72%``."""
    interval: str = ""
    """``[61.9, 79.7]``, 95%; empty where there is none."""
    n: int | None = None
    of: str = ""
    """What the figure is of, where the step has several: ``labels macro_f1``."""
    headline: str = ""

    @property
    def text(self) -> str:
        """``good: 72.2% lower [61.9, 79.7]``; what is missing where there is no figure."""
        told = " ".join(filter(None, (self.of, self.figure, self.interval))) or self.headline
        return f"{WORDS[self.verdict]}: {told}" if told else WORDS[self.verdict]


@dataclass(frozen=True, slots=True)
class _Figure:
    """What a step's figure is: the number, and how it is put."""

    number: Number
    figure: str
    short: str
    interval: str
    of: str = ""


def cell(reading: Reading) -> Cell:
    """What one step says, in the few cells of a table."""
    headline = clean(reading.headline)
    # What is half done is half of the samples, which another candidate's figure is not.
    waiting = reading.verdict == "waiting"
    found = None if waiting else _FIGURES.get(reading.step, _nothing)(reading)
    if found is None:
        return Cell(reading.verdict, headline=headline)
    return Cell(
        reading.verdict,
        figure=found.figure,
        short=found.short,
        interval=found.interval,
        n=found.number.n,
        of=found.of,
        headline=headline,
    )


def decision_text(decided: Decided | None) -> str:
    """``deploy``, ``hold, out of date``, ``undecided``."""
    if decided is None:
        return DECISIONS["none"]
    word = DECISIONS[decided.decision]
    return f"{word}, {OUT_OF_DATE}" if decided.stale and decided.decision != "none" else word


def overview(
    readings: Mapping[str, Mapping[str, Reading]], decided: Mapping[str, Decided]
) -> Table:
    """One row per candidate in the order of ``readings`` (that of ``eval.toml``), one column
    per step, then the decision. ``refs`` are the candidates' exact names.

    Rows are not ranked: the figures of two candidates are not compared with each other here,
    only each with its base.
    """
    columns = (
        Column("candidate", "candidate"),
        *(Column(key, title) for key, title in STEPS.items()),
        Column("decision", "decision"),
    )
    rows = tuple(
        (
            clean(name, limit=NAME_CELLS),
            *(_text(steps.get(key)) for key in STEPS),
            decision_text(decided.get(name)),
        )
        for name, steps in readings.items()
    )
    title = f"{count_text(len(rows), 'candidate')}, each against its base"
    return Table(title, columns, rows, tuple(readings), ("candidate",) * len(rows))


def _text(reading: Reading | None) -> str:
    return cell(reading).text if reading is not None else ""


# The figure that matters, by step.


def _nothing(reading: Reading) -> _Figure | None:
    return None


def _curves(reading: Reading) -> _Figure | None:
    """How far the training loss came down."""
    number = reading.numbers.get("drop")
    value = finite(number.value) if number is not None else None
    if number is None or value is None:
        return None
    figure = f"loss {'fell' if value >= 0 else 'rose'} {share_text(abs(value))}"
    return _Figure(number, figure, _signed_share(-value), interval_text(number))


def _perplexity(reading: Reading) -> _Figure | None:
    number = reading.numbers.get("improvement")
    value = finite(number.value) if number is not None else None
    if number is None or value is None:
        return None
    figure = f"{value_text(_turned(number))} {'lower' if value >= 0 else 'higher'}"
    return _Figure(number, figure, _signed_share(-value), interval_text(_turned(number)))


def _overfitting(reading: Reading) -> _Figure | None:
    return _named(reading, "gap_used", "gap")


def _review(reading: Reading) -> _Figure | None:
    return _named(reading, "accuracy", "accuracy")


def _named(reading: Reading, name: str, word: str) -> _Figure | None:
    """A number as it is, with a word before it where there is room."""
    number = reading.numbers.get(name)
    if number is None or finite(number.value) is None:
        return None
    text = value_text(number)
    return _Figure(number, f"{word} {text}", text, interval_text(number))


def _blind_ab(reading: Reading) -> _Figure | None:
    """The win rate against base: a value only after unblinding."""
    number = reading.numbers.get("win_rate")
    value = finite(number.value) if number is not None else None
    if number is None or value is None:
        return None
    rate = Number(number.value, number.low, number.high, number.n, "rate")
    return _Figure(
        rate, f"{value_text(rate)} preferred", f"{100 * value:.0f}%", interval_text(rate)
    )


def _task_metrics(reading: Reading) -> _Figure | None:
    """The first metric of the task that carries the verdict, so that a bad one does not stand
    beside another task's gain. None where that task has no figure."""
    task = _gravest_task(reading)
    numbers = {
        name: number
        for name, number in reading.numbers.items()
        if task is None or name.startswith(f"{task}.")
    }
    for name, number in numbers.items():
        value = finite(number.value)
        if name.endswith(".difference") and value is not None:
            # As step 6 writes it: a difference of shares is not a share.
            plain = replace(number, unit="")
            text = _plus(value, value_text(plain))
            return _Figure(number, text, text, interval_text(plain), _of(name))
    for name, number in numbers.items():
        # Without a base there is nothing to differ from.
        if name.endswith(".tuned") and finite(number.value) is not None:
            text = value_text(replace(number, unit=""))
            return _Figure(number, text, text, interval_text(replace(number, unit="")), _of(name))
    return None


def _gravest_task(reading: Reading) -> str | None:
    """Of the first finding that is as grave as the verdict; None where none is."""
    for finding in reading.findings:
        if finding.severity == reading.verdict and finding.at and "task" in finding.at:
            return str(finding.at["task"])
    return None


def _of(name: str) -> str:
    """``labels macro_f1`` of ``labels.macro_f1.difference``."""
    return clean(name.rpartition(".")[0].replace(".", " "), limit=TASK_CELLS)


_FIGURES: Mapping[str, Callable[[Reading], _Figure | None]] = {
    "curves": _curves,
    "perplexity": _perplexity,
    "overfitting": _overfitting,
    "review": _review,
    "blind_ab": _blind_ab,
    "task_metrics": _task_metrics,
}


def _turned(number: Number) -> Number:
    """A fall below zero told as a rise: value and ends change sign, and the ends places."""
    value = finite(number.value)
    if value is None or value >= 0:
        return number
    low, high = finite(number.low), finite(number.high)
    if low is None or high is None:
        low = high = None
    else:
        low, high = -high, -low
    return Number(-value, low, high, number.n, number.unit)


def _signed_share(change: float) -> str:
    """``-72%``; a change that rounds to nothing has no direction."""
    percent = 100 * change
    text = f"{abs(percent):.0f}%" if abs(percent) >= 1 else f"{abs(percent):.1f}%"
    if abs(percent) >= 1000:
        return f"{'+' if percent > 0 else '-'}{abs(percent) / 100:.0f}x"
    return text if not text.strip("0.%") else f"{'+' if percent > 0 else '-'}{text}"


def _plus(value: float, text: str) -> str:
    return f"+{text}" if value > 0 and text.strip("0.,-") else text
