"""Tables and plots of step 2."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_eval.core.reading import Cell, Column, Number, Plot, Series, Table, finite
from tui_eval.core.records import TokenLoss
from tui_eval.core.steps.comparison import Comparison, compare
from tui_eval.core.steps.pairs import Scored, by_category
from tui_eval.core.text import clean

WORST_SHOWN = 50
BARS_SHOWN = 20
BINS = 40
PROMPT_START = 120


def tables(found: Comparison, data: Scored, numbers: dict[str, Number]) -> dict[str, Table]:
    shown = {"models": _models(found, data, numbers)}
    if any(pair.sample.category is not None for pair in data.pairs):
        shown["by_category"] = _categories(data)
    if data.base is not None:
        shown["worst"] = _worst(data)
    return shown


def _models(found: Comparison, data: Scored, numbers: dict[str, Number]) -> Table:
    def row(mark: str, name: str, bits: str, without: float | None) -> tuple[Cell, ...]:
        number = numbers[name]
        ends = (number.value, number.low, number.high)
        return (f"{mark} {name}", *ends, numbers[bits].value, finite(without))

    rows = []
    if data.base is not None:
        without = found.base_without_end
        value = None if without is None else without.value
        rows.append(row("○", "base", "base_bits_per_byte", value))
    without = found.tuned_without_end
    value = None if without is None else without.value
    rows.append(row("●", "tuned", "tuned_bits_per_byte", value))
    columns = (
        Column("model", ""),
        Column("perplexity", "perplexity", "number"),
        Column("low", "low", "number"),
        Column("high", "high", "number"),
        Column("bits_per_byte", "bits/byte", "number"),
        Column("without_end", "without end-of-turn", "number"),
    )
    return Table("perplexity", columns, tuple(rows))


def _categories(data: Scored) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, pairs in by_category(data.pairs).items():
        part = compare(pairs, same_units=data.same_units)
        rows.append(
            (
                clean(name, limit=40),
                len(pairs),
                finite(part.base.value) if part.base else None,
                finite(part.tuned.value) if part.tuned else None,
                *_change(part),
            )
        )
    columns = (
        Column("category", "category"),
        Column("n", "n", "count", 0),
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
        Column("change", "change", "percent", 0),
        Column("low", "low", "percent", 0),
        Column("high", "high", "percent", 0),
    )
    return Table("by category", columns, tuple(rows))


def _change(part: Comparison) -> tuple[float | None, float | None, float | None]:
    """Of perplexity (or bits per byte), negative is better."""
    if part.ratio is None:
        return None, None, None
    ends = [None if end is None else finite(end - 1) for end in (part.ratio.low, part.ratio.high)]
    return finite(part.ratio.value - 1), ends[0], ends[1]


def _per_unit(loss: TokenLoss, *, by_token: bool) -> float:
    return loss.nll / (loss.tokens if by_token else loss.bytes or math.nan)


def _worst(data: Scored) -> Table:
    """Samples that lost most, per token (per byte where the tokens differ)."""
    by_token = data.same_units
    lost = []
    for pair in data.pairs:
        if pair.base is None or not pair.finite:
            continue
        base = _per_unit(pair.base, by_token=by_token)
        tuned = _per_unit(pair.tuned, by_token=by_token)
        if tuned > base:
            lost.append((tuned - base, base, tuned, pair))
    lost.sort(key=lambda item: (-item[0], item[3].sample.row))
    shown = lost[:WORST_SHOWN]
    rows = tuple(
        (
            f"#{pair.sample.row}",
            clean(pair.sample.category or "", limit=40),
            clean(pair.sample.prompt.strip(), limit=PROMPT_START),
            base,
            tuned,
        )
        for _, base, tuned, pair in shown
    )
    unit = "nats/token" if by_token else "nats/byte"
    columns = (
        Column("sample", "sample"),
        Column("category", "category"),
        Column("prompt", "prompt"),
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
    )
    refs = tuple(item[3].sample.id for item in shown)
    return Table(f"worst regressions ({unit})", columns, rows, refs)


def plots(data: Scored) -> tuple[Plot, ...]:
    by_token = data.same_units
    unit = "nats/token" if by_token else "nats/byte"
    both = [
        (_per_unit(pair.base, by_token=by_token), _per_unit(pair.tuned, by_token=by_token))
        for pair in data.pairs
        if pair.base is not None and pair.finite
    ]
    both = [(base, tuned) for base, tuned in both if math.isfinite(base + tuned)]
    if not both:
        return ()
    shown = [_histogram([tuned - base for base, tuned in both], unit)]
    bars = _bars(data)
    if bars is not None:
        shown.append(bars)
    x, y = zip(*both, strict=True)
    scatter = Series("samples", "tuned", x, y)
    title = f"loss per sample ({unit}): below the diagonal is better"
    shown.append(Plot("scatter", title, "scatter", (scatter,), "○ base", "● tuned"))
    return tuple(shown)


def _histogram(changes: Sequence[float], unit: str) -> Plot:
    centres, counts = binned(changes)
    series = Series("samples", "tuned", centres, counts)
    title = f"change of loss per sample ({unit}): left of 0 is better"
    return Plot("change", title, "histogram", (series,), unit, "samples")


def binned(values: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Middles and counts of at most ``BINS`` + 1 bins with a round width and an edge at 0."""
    low, high = min(values), max(values)
    width = _round_up((high - low) / min(BINS, max(8, 2 * math.isqrt(len(values)))))
    first, last = math.floor(low / width), math.floor(high / width)
    counts = [0.0] * (last - first + 1)
    for value in values:
        counts[math.floor(value / width) - first] += 1
    return tuple((first + i + 0.5) * width for i in range(len(counts))), tuple(counts)


def _round_up(width: float) -> float:
    """To 1, 2 or 5 times a power of ten."""
    if width <= 1e-12:
        return 0.1
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9))


def _bars(data: Scored) -> Plot | None:
    bars: list[Series] = []
    for name, pairs in list(by_category(data.pairs).items())[:BARS_SHOWN]:
        change = _change(compare(pairs, same_units=data.same_units))[0]
        if change is not None:
            place = float(len(bars))
            bars.append(Series(clean(name, limit=24), "tuned", (place,), (change,)))
    if not bars:
        return None
    what = "perplexity" if data.same_units else "bits per byte"
    return Plot("by_category", f"change of {what} by category", "bars", tuple(bars), "", "change")
