"""Evaluations before models, data or prompt were others, below what is said now.

A row each, a column per step, the newest above; ``enter`` shows one whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_eval.checklist import CHECKLIST
from tui_eval.core.figures import interval_text, value_text
from tui_eval.core.history import Earlier, StepChange
from tui_eval.core.moments import day, local, minute
from tui_eval.core.reading import Number, Reading, finite
from tui_eval.core.sign_off_records import WORDS, Decided
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.scene import MARKS, Row, Scene, rows
from tui_eval.ui.screens.page import READ, WrappedPage, wrapped_items
from tui_eval.ui.widgets import side_by_side as table
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rowlist import Item, RowList
from tui_eval.ui.widgets.rows import fit, wrapped
from tui_eval.ui.widgets.rows import plain as text_of

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker

NOW = "now"
NONE = (
    "Nothing earlier is kept.",
    "When models, data or prompt change, what the steps said before stays here, with its date.",
)
_MARK = 3
"""Cells of the list's own cursor, in which the table has its."""
_INDENT = 2
_WORD = 14
"""Cells of a verdict with its mark."""


class HistoryPage(WrappedPage):
    """``enter`` opens the evaluation under the cursor; on ``now`` it closes the page."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("history")]
    footer = ("back", "open_earlier", "page_down", "filter", "copy", "help", "leave")

    class Found(Message, bubble=False):
        def __init__(self, earlier: Sequence[Earlier]) -> None:
            super().__init__()
            self.earlier = tuple(earlier)

    def __init__(self, scene: Scene, looker: Looker) -> None:
        super().__init__(f"what changed since: ● {clean(scene.candidate, limit=40)}")
        self._scene, self._looker = scene, looker
        self._earlier: tuple[Earlier, ...] | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self._looker.earlier(lambda found: self.post_message(self.Found(found)))

    def on_history_page_found(self, event: Found) -> None:
        self._earlier = event.earlier
        self.refill()

    def made(self, width: int) -> list[Item]:
        if self._earlier is None:
            return [Item([("looking …", "dim")])]
        if not self._earlier:
            return [one for text in NONE for one in wrapped_items(text, min(width, READ))]
        return items(self._scene, self._earlier, width)

    def action_open_earlier(self) -> None:
        current = self.query_one(RowList).current
        if current is None or not self._earlier:
            return
        if current.key == NOW:
            self.app.pop_screen()
        elif current.key.isdigit():
            self.app.push_screen(EarlierPage(self._earlier[int(current.key)]))


def items(scene: Scene, earlier: Sequence[Earlier], width: int) -> list[Item]:
    """The table, with what changed below each earlier row."""
    wide = width + _MARK >= table.WIDE
    names = [NOW, *((minute if wide else day)(one.told.at) for one in earlier)]
    layout = table.Layout.of(width + _MARK, names)
    heads = table.heads(layout, -1)
    heads[1] = (fit("when", layout.name), "dim")
    made = [Item(_without_mark(heads))]
    now = table.Candidate(
        name=NOW,
        label=NOW,
        steps=rows(scene),
        readings=[scene.readings.get(entry.key) for entry in CHECKLIST],
        decided=scene.decided,
        current=True,
    )
    made += _row(now, layout, NOW, [], width)
    for place, (one, name) in enumerate(zip(earlier, names[1:], strict=True)):
        made.append(Item([]))
        made += _row(_candidate(one, name), layout, str(place), _below(one, wide), width)
    return made


def _candidate(one: Earlier, name: str) -> table.Candidate:
    then = one.told.readings
    steps = [
        Row(entry.key, number, entry.title, _state(then.get(entry.key)), _headline(then, entry.key))
        for number, entry in enumerate(CHECKLIST, 1)
    ]
    decision = one.decision
    decided = Decided(decision.decision, decision) if decision is not None else Decided()
    return table.Candidate(
        name=name,
        label=name,
        steps=steps,
        readings=[then.get(entry.key) for entry in CHECKLIST],
        decided=decided,
    )


def _state(reading: Reading | None) -> str:
    return "not_started" if reading is None else reading.verdict


def _headline(then: Mapping[str, Reading], step: str) -> str:
    return clean(then[step].headline) if step in then else ""


def _row(
    one: table.Candidate, layout: table.Layout, key: str, below: Sequence[str], width: int
) -> list[Item]:
    first, *more = (_without_mark(line) for line in table.candidate_lines(one, layout, False))
    made = [Item(first, key, " ".join((text_of(first), *below)))]
    made += [Item(line) for line in more if text_of(line).strip()]
    lines = [line for text in below for line in wrapped(text, min(width, READ) - _INDENT)]
    return made + [Item([(" " * _INDENT, "text"), (text, "dim")]) for text in lines]


def _without_mark(line: Line) -> Line:
    """Without the cells of a cursor at its beginning: the list draws its own."""
    first, *rest = line
    left = first[0][_MARK:]
    return [(left, first[1]), *rest] if left else rest


def _below(one: Earlier, wide: bool) -> list[str]:
    moment = local(one.told.at)
    at = f"{moment:%H:%M} · " if moment is not None and not wide else ""
    since = f"{at}since then {', '.join(map(clean, one.changed))}"
    return [since, *([one.paired.words] if one.paired is not None else [])]


class EarlierPage(WrappedPage):
    """One evaluation as it was, each step beside what it says now."""

    def __init__(self, one: Earlier) -> None:
        super().__init__(f"as it was {minute(one.told.at)}")
        self._one = one

    def made(self, width: int) -> list[Item]:
        one, room = self._one, min(width, READ)
        made = []
        for text in (f"Since then {', '.join(map(clean, one.changed))}.", *_said(one)):
            made += wrapped_items(text, room)
        for change in one.steps.values():
            made += [Item([]), *_step(change, width)]
        version = f"Kept by tui-eval {clean(one.told.version, limit=20)}."
        return [*made, Item([]), Item([(version, "dim")])]


def _said(one: Earlier) -> list[str]:
    made = []
    if one.paired is not None:
        made.append(f"Now {one.paired.words}.")
    if one.decision is not None:
        word, by = WORDS[one.decision.decision], clean(one.decision.by, limit=40)
        note = f": {clean(one.decision.note, limit=300)}" if one.decision.note else ""
        made.append(f"{by} signed {word} of it, {minute(one.decision.at)}{note}")
    return made


def _step(change: StepChange, width: int) -> list[Item]:
    number = next(n for n, entry in enumerate(CHECKLIST, 1) if entry.key == change.step)
    made = [Item([(f"{number} ", "dim"), (CHECKLIST[number - 1].title, "text!")])]
    for when, reading in (("then", change.then), ("now ", change.now)):
        if reading is not None:
            made += _verdict(when, reading, width)
    return made + _numbers(change, width)


def _verdict(when: str, reading: Reading, width: int) -> list[Item]:
    mark, word = MARKS[reading.verdict]
    known = reading.verdict in ("good", "caution", "bad", "not_enough")
    head: Line = [
        (f"  {when}  ", "dim"),
        (fit(f"{mark} {word}", _WORD), f"{reading.verdict}!" if known else "dim"),
    ]
    indent = sum(len(text) for text, _ in head)
    first, *more = wrapped(clean(reading.summary), max(20, min(width, READ) - indent)) or [""]
    whole = f"{when.strip()} {word}: {clean(reading.summary)}"
    made = [Item([*head, (first, "text")], "-", whole)]
    return made + [Item([(" " * indent, "text"), (text, "text")]) for text in more]


def _numbers(change: StepChange, width: int) -> list[Item]:
    """Those that are others now, of what was kept."""
    if change.then is None or change.now is None or _waits(change.now):
        return []
    pairs = [
        (name, number, change.now.numbers.get(name)) for name, number in change.then.numbers.items()
    ]
    told = [(name, _figure(then), _figure(now)) for name, then, now in pairs]
    return [
        Item(
            [
                (f"        {fit(clean(name), 26)}", "dim"),
                (f"{fit(then, 24)}", "text"),
                (now, "text"),
            ]
        )
        for name, then, now in told
        if then != now
    ]


def _waits(reading: Reading) -> bool:
    """Figures of half of the work are not held against those of all of it."""
    return reading.verdict == "waiting"


def _figure(number: Number | None) -> str:
    if number is None or finite(number.value) is None:
        return "none"
    return f"{value_text(number)} {interval_text(number)}".strip()
