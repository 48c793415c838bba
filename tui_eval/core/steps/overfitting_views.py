"""Tables and plots of step 3."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tui_eval.core.reading import Cell, Column, Plot, Series, Table
from tui_eval.core.steps.overfitting_numbers import NATS
from tui_eval.core.steps.overfitting_signs import Copy, NearFar, Third
from tui_eval.core.steps.overfitting_tests import Case, rises_for
from tui_eval.core.steps.pairs import Pair, nll, of_base, of_tuned, tokens
from tui_eval.core.steps.wording import ends_text, share_text, step_text
from tui_eval.core.text import clean

SHOWN = 50
"""Rows of a table of worst or copied items."""
TEXT = 400
PROMPT_START = 120
NOT_LOOKED_AT = "· not looked at"


def tables(case: Case, grave: Mapping[str, str]) -> dict[str, Table]:
    """``grave``: severities of the findings above a note, which are the signs' verdicts."""
    shown = {"signs": _signs(case, grave)}
    if case.copies is not None and case.copies.found:
        shown["copies"] = _copies(case.copies.found)
    if case.near_far is not None and case.near_far.thirds:
        shown["near_far"] = _near_far(case.near_far)
    if case.off_task is not None and case.base is not None and case.off_task.pairs:
        shown["off_task"] = _off_task(case.off_task.pairs)
    return shown


def _signs(case: Case, grave: Mapping[str, str]) -> Table:
    rows = [
        (_rise_sign(case, grave), ""),
        (_copy_sign(case, grave), _first([o.sample.id for o in _found(case)])),
        (_near_far_sign(case, grave), _far_ref(case)),
        (_diversity_sign(case, grave), ""),
        (_forgetting_sign(case, grave), _first([p.sample.id for p in _forgotten(case)])),
        (_member_sign(case), ""),
    ]
    columns = (
        Column("sign", "sign"),
        Column("verdict", "verdict"),
        Column("base", "○ base"),
        Column("tuned", "● tuned"),
        Column("reference", "reference"),
    )
    cells, refs = zip(*rows, strict=True)
    opens = tuple("copy" if ref and row == 1 else "" for row, ref in enumerate(refs))
    return Table("signs", columns, cells, refs, opens)


def _first(ids: Sequence[str]) -> str:
    return ids[0] if ids else ""


def _found(case: Case) -> Sequence[Copy]:
    return case.copies.found if case.copies is not None else ()


MARKS = {"bad": "✗", "caution": "!"}


def _verdict(code: str, grave: Mapping[str, str]) -> str:
    return f"{MARKS[grave[code]]} yes" if code in grave else "✓ no"


def _rise_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title = "validation rises, training falls"
    if not case.rises:
        return title, "· no eval logged", "", "", ""
    shown = next((rise for rise in case.rises if rises_for(case, rise)), case.rises[0])
    best = f"best at {step_text(shown.best.step)}"
    return title, _verdict("eval_rises", grave), "", f"last +{share_text(shown.rise)}", best


def _copy_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "copies of training answers", case.copies
    if found is None or not found.n:
        return title, NOT_LOOKED_AT, "", "", ""
    counts = [found.counts.get(who) for who in ("base", "tuned", "reference")]
    told = f"{len(found.alone)} of {found.n}"
    if not found.alone:
        # Three times 1/n: what a rate of which nothing was seen can be at most.
        told = f"0 of {found.n}, at most {share_text(min(1.0, 3 / found.n))}"
    mark = MARKS.get(grave.get("copies", ""), "·" if found.alone else "✓")
    return (title, f"{mark} {told}", *("" if one is None else str(one) for one in counts))


def _near_far_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "good near, poor far from training", case.near_far
    if found is None:
        return title, NOT_LOOKED_AT, "", "", ""
    if found.excess is None:
        few = "· too few rows" if not found.thirds else "· no base"
        return title, few, "", "", ""
    base, tuned = (f"{value:+.2f}" if value is not None else "" for value in _both(case))
    return title, _verdict("near_far", grave), base, tuned, ""


def _both(case: Case) -> tuple[float | None, float | None]:
    found = case.near_far
    return (None, None) if found is None else (found.base, found.tuned)


def _diversity_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, found = "low diversity of answers", case.diversity
    if found is None:
        return title, NOT_LOOKED_AT, "", "", ""
    few = found.n < case.limit("diversity_answers")
    base = found.base.value if found.base is not None else None
    figures = (base, found.distinct.value, found.distinct.reference)
    cells = ("" if one is None else f"{one:.2f}" for one in figures)
    return title, "· too few answers" if few else _verdict("low_diversity", grave), *cells


def _forgetting_sign(case: Case, grave: Mapping[str, str]) -> tuple[Cell, ...]:
    title, side = "forgetting, off-task text", case.off_task
    if side is None or case.forgetting is None or not side.pairs:
        return title, NOT_LOOKED_AT, "", "", ""
    base = sum(of_base(side.pairs, nll)) / sum(of_base(side.pairs, tokens))
    tuned = sum(of_tuned(side.pairs, nll)) / sum(of_tuned(side.pairs, tokens))
    one, other = ends_text(base, tuned).split(" → ")
    return title, _verdict("forgetting", grave), one, other, ""


def _member_sign(case: Case) -> tuple[Cell, ...]:
    """Evidence, never a verdict: it is very keen on small models."""
    title = "training rows told from new by loss"
    member = case.gaps.member if case.gaps is not None else None
    if member is None:
        return title, NOT_LOOKED_AT, "", "", ""
    return title, f"· {100 * member.value:.0f} in 100", "", "", "50 = no"


def _far_ref(case: Case) -> str:
    """The far row on which tuned lost most against base."""
    thirds = case.near_far.thirds if case.near_far is not None else ()
    far = next((third.pairs for third in thirds if third.name == "far"), ())
    return _first([pair.sample.id for pair in _worst_first(far)])


def _worst_first(pairs: Sequence[Pair]) -> list[Pair]:
    sound = [pair for pair in pairs if pair.base is not None and pair.finite]
    return sorted(sound, key=lambda pair: (-_change(pair), pair.sample.row))


def _change(pair: Pair) -> float:
    return pair.tuned.mean - (pair.base.mean if pair.base is not None else math.nan)


def _forgotten(case: Case) -> list[Pair]:
    return _worst_first(case.off_task.pairs) if case.off_task is not None else []


def _copies(found: Sequence[Copy]) -> Table:
    """The matched stretch of the answer, and the same in the training row."""
    shown = found[:SHOWN]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"#{one.sample.row}",
            one.match.run or one.match.words,
            "whole" if one.match.exact else "run",
            "yes" if one.echoed else "",
            clean(one.answer[slice(*one.match.span)].strip(), limit=TEXT),
            f"{clean(one.match.source, limit=60)} {one.match.row}",
            clean(one.match.matched.strip(), limit=TEXT),
        )
        for one in shown
    )
    columns = (
        Column("sample", "sample"),
        Column("words", "words", "count", 0),
        Column("kind", "kind"),
        Column("echoed", "base or reference too"),
        Column("answer", "● answer"),
        Column("source", "training row"),
        Column("training", "training text"),
    )
    title = "copies of training text"
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
    """The gap between the rule's two marks, as bars on one scale."""
    gaps = case.gaps
    if gaps is None or gaps.gap is None or gaps.used is None:
        return None
    bars: list[tuple[str, float]] = []
    if gaps.base_gap is not None:
        bars.append(("○ base's own gap", gaps.base_gap.value))
    bars.append(("● gap", gaps.gap.value))
    if gaps.harder:
        bars.append(("● beyond base's", gaps.used.value))
    bars += [("some from", case.limit("gap_some")), ("high from", case.limit("gap_high"))]
    series = tuple(
        Series(name, "base" if "○" in name else "tuned" if "●" in name else "other", (at,), (y,))
        for at, (name, y) in enumerate(bars)
    )
    return Plot("gap", f"gap, validation minus training ({NATS})", "bars", series, "", NATS)


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
