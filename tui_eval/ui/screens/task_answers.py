"""How one item of a task is laid out: what is asked and expected above, the answers below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tui_eval.core.figures import figure
from tui_eval.core.steps.task_metrics_items import ItemDetail, Said
from tui_eval.core.task_records import Measured
from tui_eval.core.text import cells, clean
from tui_eval.ui.screens.answers import ENDS
from tui_eval.ui.screens.review_layout import Laid, text_rows
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.judge_line import ruled
from tui_eval.ui.widgets.rows import beside, cropped, filled, fit, line, padded, wrapped

BESIDE = 72
"""Cells from which the answers stand beside each other, and not one above the other."""
READ = 100
LONGEST = 20_000
"""Characters of a prompt or reference that are laid out."""
KEPT = (
    "An open blind A/B asks the same as this item: who has read here which model wrote what"
    " can't judge it blind. Its answers open with the unblinding; the finding of step 6 names the"
    " comparison, and the way out where nobody is going to judge it."
)
Column = Laid


def heads(detail: ItemDetail, place: str, width: int, height: int, *, whole: bool) -> list[Line]:
    """Which item, what its answers are worth, then prompt and references: two fifths of the
    height unless ``whole``."""
    made = [_title(detail, place, width), *_values(detail, width)]
    if detail.kept:
        rows = wrapped(KEPT, min(width - 2, READ))
        made += [[], *[line((f" {text}", "caution")) for text in rows], []]
    room = max(4, height * 2 // 5 - len(made))
    # Of each answer a line or two stays.
    whole_room = max(room, height - len(made) - 6)
    prompt = detail.item.sample.prompt
    expected = _expected(detail)
    if not expected:
        return [*made, *_section("prompt", prompt, width, whole_room if whole else room, whole)]
    above = whole_room * 3 // 5 if whole else max(2, room * 3 // 5)
    asked = _section("prompt", prompt, width, above, whole)
    left = (whole_room if whole else room) - len(asked)
    return [*made, *asked, *_section("expected", expected, width, max(2, left), whole)]


def _expected(detail: ItemDetail) -> str:
    references = detail.item.references
    if len(references) < 2:
        return references[0] if references else ""
    return "\n".join(f"{at}. {one}" for at, one in enumerate(references, 1))


def _title(detail: ItemDetail, place: str, width: int) -> Line:
    sample = detail.item.sample
    parts = [f"#{sample.row}", clean(sample.category or "", limit=40)]
    parts += [clean(detail.task.name, limit=40)]
    words = " · ".join(part for part in parts if part)
    return [*padded(line((f" {words}", "text!")), width - len(place) - 1), (place, "dim")]


def _values(detail: ItemDetail, width: int) -> list[Line]:
    """``rougeL  ○ 0.310  ● 0.371`` side by side, in at most two lines."""
    lines: list[Line] = [[]]
    used = 0
    for name, base, tuned in detail.values:
        runs = line((f" {clean(name, limit=30)} ", "dim"))
        if base is not None:
            runs += line(("○ ", "base"), (_value(base), "text!"), " ")
        if tuned is not None:
            runs += line(("● ", "tuned"), (_value(tuned), "text!"), "  ")
        size = sum(cells(text) for text, _ in runs)
        if used and used + size > width:
            lines.append([])
            used = 0
        lines[-1] += runs
        used += size
    return [cropped(made, width) for made in lines[:2] if made]


def _value(value: float) -> str:
    """Right is 1 and wrong 0; other figures have three decimals."""
    return figure(value, 0 if value.is_integer() else 3)


def _section(title: str, text: str, width: int, room: int, whole: bool) -> list[Line]:
    """A rule with its name, then as many lines as there is room for."""
    laid = Laid(text_rows(clean(text, newlines=True, limit=LONGEST), min(width, READ)))
    laid.upto(room + 1)
    cut = len(laid.lines) > room - 1
    told = "" if not cut else "cut to fit" if whole else "p all"
    rule = ruled(line((title, "dim")), told, width)
    return [rule, *laid.lines[: max(1, room - 1)]]


# The answers


def columns_of(detail: ItemDetail, width: int) -> list[Column]:
    size = (width - 1) // 2 if width >= BESIDE and len(detail.said) > 1 else width
    return [Laid(_lines(one, min(size, READ))) for one in detail.said]


def _lines(one: Said, width: int) -> Iterator[Line]:
    """What was found, then the answers, each with how it ended."""
    found = found_words(one)
    for text, role in found:
        for piece in wrapped(text, max(10, width - 2), 4):
            yield line((f" {piece}", role))
    many = len(one.answers) > 1
    # An answer that failed was not judged: it has no sample.
    samples = iter(next((m.samples for m in one.measured.values() if m.samples), ()))
    if not one.answers:
        yield line((" no answer yet", "dim"))
    for number, answer in enumerate(one.answers, 1):
        told = " · ".join([ENDS[answer.finish], *(clean(flag, limit=40) for flag in answer.flags)])
        verdict = next(samples, None) if many and not answer.error else None
        passed = f"{_verdict(verdict)}, " if verdict is not None else ""
        name = f"answer {number} of {len(one.answers)}: {passed}{told}" if many else told
        if found or number > 1:
            yield []
        yield from (line((f" {piece}", "dim")) for piece in wrapped(name, max(10, width - 2), 3))
        if verdict is not None and verdict.detail:
            told = clean(verdict.detail, limit=600)
            yield from (line((f" {t}", "caution")) for t in wrapped(told, max(10, width - 2), 6))
        if answer.error:
            yield from (line((f" {t}", "caution")) for t in wrapped(clean(answer.error), width - 2))
        else:
            yield from text_rows(answer.answer or "(empty)", width)
        if answer.thinking:
            yield line((" its thinking", "dim"))
            yield from text_rows(answer.thinking, width)


def _verdict(found: Measured) -> str:
    """Of one sample of a code problem."""
    if found.error:
        return f"not judged ({clean(found.error, limit=200)})"
    return clean(found.reason, limit=60) or "passed"


def found_words(one: Said) -> list[tuple[str, str]]:
    """The label read, why it is wrong, and what the metrics did to it; with their roles."""
    told: list[tuple[str, str]] = []
    for measure, found in one.measured.items():
        if found.label is not None:
            label = clean(found.label, limit=60)
            told.append((f"label read: {label}" if label else "no label could be read", "text"))
        if len(found.counts) == 2 and found.reasons:
            passed, n = int(found.counts[1]), int(found.counts[0])
            told.append((f"{passed} of {n} samples passed", "text"))
        reasons = ", ".join(f"{clean(k, limit=60)} {n}" for k, n in found.reasons.items())
        if reasons or found.reason:
            told.append((f"why not right: {reasons or clean(found.reason, limit=120)}", "caution"))
        if found.detail and not found.samples[1:]:
            told.append((clean(found.detail, newlines=True, limit=1000), "dim"))
        if found.note:
            told.append((clean(found.note, limit=400), "dim"))
        if found.error:
            name = clean(measure.removeprefix("own_"), limit=40)
            told.append((f"{name} failed on it: {clean(found.error, limit=400)}", "caution"))
    return told


def drawn(detail: ItemDetail, columns: Sequence[Column], width: int, height: int) -> list[Line]:
    """Both answers under their names, beside each other or one above the other."""
    names = [line((fit(one.heading, min(40, cells(one.heading))), one.side)) for one in detail.said]
    if len(columns) == 1:
        head = ruled(names[0], columns[0].position(), width)
        return [head, *columns[0].view(height - 1)]
    left, right = columns
    if width >= BESIDE:
        half = (width - 1) // 2
        views = left.view(height - 1), right.view(height - 1)
        head = [
            *ruled(names[0], left.position(), half),
            ("┬", "rule"),
            *ruled(names[1], right.position(), width - half - 1),
        ]
        return [head, *beside(filled(views[0], height - 1), views[1], half, rule="│")]
    above = max(2, (height - 2) // 2)
    below = max(2, height - 2 - above)
    views = left.view(above), right.view(below)
    return [
        ruled(names[0], left.position(), width),
        *filled(views[0], above),
        ruled(names[1], right.position(), width),
        *views[1],
    ]
