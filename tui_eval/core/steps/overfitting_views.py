"""Tables and plots of step 3."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from tui_eval.core.reading import Cell, Column, Event, Plot, Series, Table
from tui_eval.core.records import Sample
from tui_eval.core.stats.intervals import Estimate
from tui_eval.core.steps.overfitting_case import Case
from tui_eval.core.steps.overfitting_gap import Gaps
from tui_eval.core.steps.overfitting_numbers import NATS
from tui_eval.core.steps.overfitting_sign_rows import signs
from tui_eval.core.steps.overfitting_signs import Copy, Diversity, NearFar, Third
from tui_eval.core.steps.pairs import Pair, nll, of_base, of_tuned, tokens
from tui_eval.core.steps.task_metrics_blind import closed_prompts
from tui_eval.core.text import clean

SHOWN = 50
"""Rows of a table of worst or copied items."""
TEXT = 400
PROMPT_START = 120
CLOSED = "told when the blind A/B is unblinded"


def tables(case: Case, grave: Mapping[str, str]) -> dict[str, Table]:
    """``grave``: severities of the findings above a note, which are the signs' verdicts."""
    shown = {"signs": signs(case, grave)}
    if case.copies is not None and case.copies.found:
        closed = closed_prompts(case.evidence, case.candidate)
        shown["copies"] = _copies(case.copies.found, closed)
    if case.near_far is not None and case.near_far.thirds:
        shown["near_far"] = _near_far(case.near_far)
    if case.diversity is not None:
        shown["diversity"] = _diversity(case.diversity)
    if case.off_task is not None and case.base is not None and case.off_task.pairs:
        shown["off_task"] = _off_task(case.off_task.pairs)
    return shown


def _first(ids: Sequence[str]) -> str:
    return ids[0] if ids else ""


def _worst_first(pairs: Sequence[Pair]) -> list[Pair]:
    sound = [pair for pair in pairs if pair.base is not None and pair.finite]
    return sorted(sound, key=lambda pair: (-_change(pair), pair.sample.row))


def _change(pair: Pair) -> float:
    return pair.tuned.mean - (pair.base.mean if pair.base is not None else math.nan)


def _copies(found: Sequence[Copy], closed: Callable[[Sample], bool]) -> Table:
    """The matched stretch of the answer, and the same in the training row. Its number comes
    first, for a narrow column is cut at the end. Answers that an open blind A/B asks about are
    left out: the training row alone would tell which answer this model's is."""
    shown = [one for one in found if not closed(one.sample)][:SHOWN]
    several = len({one.match.source for one in shown}) > 1
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"#{one.sample.row}",
            one.words,
            "whole" if one.match.exact else "run",
            "yes" if one.echoed else "",
            clean(one.answer[slice(*one.match.span)].strip(), limit=TEXT),
            f"#{one.match.row}" + (f" of {clean(one.match.source, limit=60)}" if several else ""),
            clean(one.match.matched.strip(), limit=TEXT),
        )
        for one in shown
    )
    columns = (
        Column("sample", "sample"),
        Column("words", "words", "count", 0),
        Column("kind", "kind"),
        Column("echoed", "echo"),
        Column("answer", "● answer"),
        Column("source", "training row"),
        Column("training", "training text"),
    )
    left = len(found) - sum(not closed(one.sample) for one in found)
    title = "copies of training text" + (f", {left} {CLOSED}" if left else "")
    refs = tuple(one.sample.id for one in shown)
    return Table(title, columns, rows, refs, ("copy",) * len(refs))


def _near_far(found: NearFar) -> Table:
    rows: list[tuple[Cell, ...]] = []
    refs = []
    for third in found.thirds:
        pairs = third.pairs
        refs.append(_first([pair.sample.id for pair in _worst_first(pairs)]))
        sound = all(pair.finite for pair in pairs)
        tuned = sum(of_tuned(pairs, nll)) / sum(of_tuned(pairs, tokens)) if sound else None
        base = None
        if sound and all(pair.base is not None for pair in pairs):
            base = sum(of_base(pairs, nll)) / sum(of_base(pairs, tokens))
        change = tuned - base if tuned is not None and base is not None else None
        ends = min(third.similarities), max(third.similarities)
        score = (_score(third, found.scores),) if found.scores else ()
        rows.append((third.name, len(pairs), *ends, base, tuned, change, *score))
    judged = (Column("score", "review score", "number"),) if found.scores else ()
    columns = (
        Column("third", "nearness"),
        Column("n", "n", "count", 0),
        Column("least", "from", "number"),
        Column("most", "to", "number"),
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
        Column("change", "change", "number"),
        *judged,
    )
    title = "loss by nearness to training prompts"
    return Table(title, columns, tuple(rows), tuple(refs), ("nearest",) * len(refs))


def _score(third: Third, scores: Mapping[str, float]) -> float | None:
    """Mean of what people gave the answers of a third."""
    given = [scores[pair.sample.id] for pair in third.pairs if pair.sample.id in scores]
    return sum(given) / len(given) if given else None


def _diversity(found: Diversity) -> Table:
    """By the names of the numbers; the text is what the most frequent one is."""
    base = found.base.value if found.base is not None else None
    compared = (
        ("distinct-2", found.distinct, base),
        ("compression", found.compression, None),
        ("self-repetition", found.repetition, None),
    )
    rows: list[tuple[Cell, ...]] = [
        (name, theirs, one.value, one.reference, "") for name, one, theirs in compared
    ]
    frequent = (
        ("same opening", found.opening, found.reference_opening),
        ("same answer", found.one_answer, None),
    )
    for name, one, other in frequent:
        text = clean(one.text.strip() or "(empty)", limit=PROMPT_START) if one is not None else ""
        share, expected = (each.share if each is not None else None for each in (one, other))
        rows.append((name, None, share, expected, text))
    columns = (
        Column("measure", "diversity"),
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
        Column("reference", "reference", "number"),
        Column("text", "text"),
    )
    return Table("diversity of answers", columns, tuple(rows))


def _off_task(pairs: Sequence[Pair]) -> Table:
    shown = _worst_first(pairs)[:SHOWN]
    rows = tuple(
        (
            f"#{pair.sample.row}",
            clean(pair.sample.prompt.strip(), limit=PROMPT_START),
            pair.base.mean if pair.base is not None else None,
            pair.tuned.mean,
        )
        for pair in shown
    )
    columns = (
        Column("sample", "sample"),
        Column("text", "text"),
        Column("base", "○ base", "number"),
        Column("tuned", "● tuned", "number"),
    )
    title = f"most forgotten off-task text ({NATS})"
    return Table(title, columns, rows, tuple(pair.sample.id for pair in shown))


# Plots


def plots(case: Case) -> tuple[Plot, ...]:
    made = (_scale(case), _losses(case), _near_plot(case))
    return tuple(plot for plot in made if plot is not None)


def _scale(case: Case) -> Plot | None:
    """The gap between the rule's marks; base's own and the raw one beside it."""
    gaps = case.gaps
    if gaps is None or gaps.gap is None or gaps.used is None:
        return None
    found = [("● gap beyond base" if gaps.harder else "● gap", "tuned", gaps.used)]
    if gaps.harder:
        found.append(("● gap as it is", "tuned", gaps.gap))
    if gaps.base_gap is not None:
        found.append(("○ base's own gap", "base", gaps.base_gap))
    series = tuple(
        Series(name, "base" if role == "base" else "tuned", ends, (0.0,) * len(ends))
        for name, role, one in found
        for ends in [_on_scale(one)]
    )
    marks = (
        Event(0.0, "none"),
        Event(case.limit("gap_some"), "some"),
        Event(case.limit("gap_high"), "high"),
    )
    title = f"gap, validation minus training ({NATS})"
    return Plot("gap", title, "scale", series, NATS, "", marks, tuple(_notes(case, gaps)))


def _on_scale(one: Estimate) -> tuple[float, ...]:
    """The value alone where fewer than two units say nothing of spread."""
    return (one.value,) if one.low is None or one.high is None else (one.low, one.value, one.high)


def _notes(case: Case, gaps: Gaps) -> Iterator[str]:
    if gaps.base_gap is not None and gaps.gap is not None and gaps.used is not None:
        yield f"base's own gap is {round(gaps.base_gap.value, 2) + 0.0:.2f}{_own_gap(gaps)}"
    elif case.base is None:
        yield "no base model: whether validation is harder by itself is not known"
    if gaps.member is not None:
        told = f"{100 * gaps.member.value:.0f} in 100 (50 = no)"
        yield f"could a stranger tell training rows from new ones by loss? {told}"


def _own_gap(gaps: Gaps) -> str:
    assert gaps.base_gap is not None
    assert gaps.gap is not None
    assert gaps.used is not None
    if gaps.harder and gaps.used.value > 0:
        return f", so {gaps.used.value:.2f} of {gaps.gap.value:.2f} came from training"
    if gaps.harder:
        return ": validation is harder, which is taken off"
    if gaps.base_gap.high is not None and gaps.base_gap.high < 0:
        return ": validation is easier, which is not taken off"
    return ", which may be none: it is not taken off"


def _losses(case: Case) -> Plot | None:
    train, validation = case.train, case.validation
    if train is None or validation is None or case.base is None:
        return None
    series = []
    # Both as eval sets: the role train is a line, and these are points.
    for side, name in ((validation, "validation"), (train, "training")):
        both = [
            (pair.base.mean, pair.tuned.mean)
            for pair in side.pairs
            if pair.base is not None and pair.finite
        ]
        if not both:
            return None
        x, y = zip(*both, strict=True)
        series.append(Series(name, "eval", x, y))
    title = f"loss per row ({NATS}): training rows far below the others are memorised"
    return Plot("losses", title, "scatter", tuple(series), "○ base", "● tuned")


def _near_plot(case: Case) -> Plot | None:
    thirds = case.near_far.thirds if case.near_far is not None else ()
    points = [
        (similarity, _change(pair))
        for third in thirds
        for pair, similarity in zip(third.pairs, third.similarities, strict=True)
        if pair.base is not None and pair.finite
    ]
    if not points:
        return None
    x, y = zip(*points, strict=True)
    title = f"change of loss by nearness to training ({NATS}): below 0 is better"
    label = "similarity of the nearest training prompt"
    return Plot("near_far", title, "scatter", (Series("rows", "tuned", x, y),), label, "change")
