"""What a Reading says in words and figures: verdict, summary, reasons, numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tui_eval.core.figures import count, interval_text, is_rate, on_the_point, value_text
from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.core.text import clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, fit, line, width_of, wrapped

VERDICT_WORDS: Mapping[str, str] = {
    "good": "✓ good",
    "caution": "! caution",
    "bad": "✗ bad",
    "not_enough": "? not enough",
    "waiting": "… waiting",
    "running": "▸ running",
    "not_started": "· not started",
}
"""Mark and word of every state; never a colour alone."""

SEVERITY_MARKS: Mapping[str, str] = {"bad": "✗", "not_enough": "?", "caution": "!", "note": "·"}

_WORST_FIRST = ("bad", "not_enough", "caution", "note")


def verdict_role(state: str) -> str:
    """The palette's role of a verdict or severity."""
    return state if state in ("good", "caution", "bad", "not_enough") else "dim"


def verdict_row(state: str, summary: str, width: int) -> Line:
    """The first line of every step: the verdict word, then the Reading's summary."""
    word = VERDICT_WORDS[state]
    text = clean(summary, limit=4 * width + 8)
    gap = "  " if len(word) + 2 + len(text) <= width else " "
    return cropped(line((word, f"{verdict_role(state)}!"), gap, (text, "text!")), width)


def headline_rows(state: str, summary: str, width: int, most: int = 2) -> list[Line]:
    """Verdict and summary, on up to ``most`` lines where they don't fit one."""
    word = VERDICT_WORDS[state]
    text = clean(summary, limit=(most + 2) * width + 8)
    indent = len(word) + 2
    if indent + len(text) <= width:
        return [verdict_row(state, summary, width)]
    lines = wrapped(text, width - indent, most)
    head = line((word + "  ", f"{verdict_role(state)}!"), (lines[0], "text!"))
    return [head, *[line(" " * indent, (more, "text!")) for more in lines[1:]]]


MANY = 4
"""Numbers without a value, for one and the same reason, that don't take a row each."""


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """By severity, otherwise in the order of the step's tests."""
    return sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))


def reason_rows(findings: Sequence[Finding], width: int, lines: int) -> list[Line]:
    """The reasons in at most ``lines`` rows, worst first; the last row counts what is left.

    The gravest may take two rows: its end is what it is about. The others take one each, or
    two where there is room, so that as many as possible are seen.
    """
    if lines <= 0 or not findings:
        return []
    ordered = worst_first(findings)
    if len(ordered) == 1:
        return _reason(ordered[0], width, min(2, lines))
    gravest = _reason(ordered[0], width, 2 if lines > 2 else 1)
    if len(ordered) - 1 <= lines - len(gravest):
        return [*gravest, *_roomy(ordered[1:], width, lines - len(gravest))]
    shown = ordered[1 : max(1, lines - len(gravest))]
    rest = len(ordered) - 1 - len(shown)
    more = f"{rest} more reason{'s' if rest > 1 else ''}: V shows them"
    rows = [made for finding in shown for made in _reason(finding, width, 1)]
    return [*gravest, *rows, line(("  " + more, "dim"))][:lines]


def _roomy(findings: Sequence[Finding], width: int, lines: int) -> list[Line]:
    """Each reason in one row, the long ones in two as far as there is room."""
    spare = lines - len(findings)
    rows: list[Line] = []
    for finding in findings:
        made = _reason(finding, width, 1 + min(1, spare))
        spare -= len(made) - 1
        rows += made
    return rows


def _reason(finding: Finding, width: int, lines: int | None) -> list[Line]:
    role = verdict_role(finding.severity)
    text = clean(finding.text, limit=None if lines is None else (lines + 1) * width)
    made = wrapped(text, max(8, width - 2), lines)
    first = line((SEVERITY_MARKS[finding.severity] + " ", f"{role}!"), made[0])
    return [first, *[line("  ", more) for more in made[1:]]]


def all_reason_rows(findings: Sequence[Finding], width: int) -> list[Line]:
    """Every reason in full."""
    return [made for finding in worst_first(findings) for made in _reason(finding, width, None)]


def number_rows(numbers: Mapping[str, Number], width: int) -> list[Line]:
    """Every number with its interval and n, on the decimal point; long notes wrap. Many that
    are missing for one reason, such as those of a blind comparison, are told in one row."""
    told, common = _told(numbers)
    return [*_number_rows(told, width), *([line((common, "dim"))] if common else [])]


def _told(numbers: Mapping[str, Number]) -> tuple[Mapping[str, Number], str]:
    """Those that have a row of their own, and the words for the others."""
    reasons = Counter(one.why for one in numbers.values() if one.value is None and one.why)
    why, many = next(iter(reasons.most_common(1)), ("", 0))
    if many < MANY:
        return numbers, ""
    told = {name: one for name, one in numbers.items() if one.value is not None or one.why != why}
    return told, f"{many} more: {clean(why, limit=200)}"


def _number_rows(numbers: Mapping[str, Number], width: int) -> list[Line]:
    if not numbers:
        return []
    names = [clean(name, limit=60).replace("_", " ") for name in numbers]
    values = on_the_point([value_text(number) for number in numbers.values()])
    intervals = [interval_text(number) for number in numbers.values()]
    wide = min(max(map(len, names)), max(12, width // 3))
    column = max(map(len, intervals), default=0)
    made = []
    for name, value, interval, number in zip(
        names, values, intervals, numbers.values(), strict=True
    ):
        first = line(
            (fit(name, wide), "dim"),
            "  ",
            (value, "text!"),
            (f"  {interval:<{column}}" if column else "", "text"),
        )
        made += _annotated(first, _notes(number), width)
    return made


def _annotated(first: Line, notes: str, width: int) -> list[Line]:
    """A number's row with its notes, which go on below where the row ends."""
    indent = width_of(first) + 2
    if not notes:
        return [cropped(first, width)]
    if width - indent < 16:
        lines = wrapped(notes, max(8, width - 4))
        return [cropped(first, width), *[line(("    " + text, "dim")) for text in lines]]
    top, *more = wrapped(notes, width - indent)
    return [[*first, (f"  {top}", "dim")], *[line((" " * indent + m, "dim")) for m in more]]


def _notes(number: Number) -> str:
    if number.value is None:
        return clean(number.why, limit=200)
    parts = [clean(number.unit, limit=40)] if number.unit and not is_rate(number) else []
    if number.n is not None:
        parts.append(f"n = {count(number.n)}")
    return "  ".join(parts)


def plain_text(reading: Reading) -> str:
    """Verdict, summary, reasons and numbers for the clipboard; clean, one per line."""
    lines = [f"{VERDICT_WORDS[reading.verdict]}  {clean(reading.summary)}"]
    lines += [
        f"{SEVERITY_MARKS[finding.severity]} {clean(finding.text)}"
        for finding in worst_first(reading.findings)
    ]
    if reading.advice:
        lines.append(f"try {', '.join(map(clean, reading.advice))}")
    for name, number in reading.numbers.items():
        parts = [clean(name), value_text(number), interval_text(number), _notes(number)]
        lines.append("  ".join(part for part in parts if part))
    return "\n".join(lines)
