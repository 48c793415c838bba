"""When a judge has finished: wait for others, close their judging, judge on, or unblind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui_eval.core.session import Standing, shut_out
from tui_eval.core.text import cells, clean
from tui_eval.ui import keys
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.sheet import Ask
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rowlist import Item, RowList, item
from tui_eval.ui.widgets.rows import fit, wrapped


@dataclass(frozen=True, slots=True)
class Choice:
    """``act``: wait, close, judge_on or unblind; ``why`` says what keeps it shut."""

    act: str
    name: str
    consequence: str
    judge: str = ""
    why: str = ""
    asks: str = ""
    told: str = ""
    """Under the question; empty: the consequence."""


def choices(standing: Standing, why: str) -> list[Choice]:
    """``why``: empty if unblinding is open."""
    busy = [
        (name, done)
        for name, done, ended in standing.others
        if done and not ended and name not in standing.opened
    ]
    names = " and ".join(clean(name, limit=24) for name, _ in busy)
    made = [
        Choice("wait", f"wait for {names}", "the result opens when every judge has finished")
        if busy
        else Choice("wait", "not now", "the result stays closed until somebody unblinds")
    ]
    for judge, done in busy:
        name = clean(judge, limit=24)
        votes = f"{name}'s {done} vote{'s' * (done != 1)} count{'s' * (done == 1)}"
        consequence = f"{votes}; kept as an event with your name"
        asks = f"Close {name}'s judging at {done} of {standing.planned}?"
        made.append(Choice("close", f"close {name}'s judging", consequence, judge, "", asks))
    made.append(Choice("judge_on", "judge on", "your judging is open again, votes can be changed"))
    asks = "Unblind these pairs?"
    consequence = "after this nobody can vote on these pairs again"
    more = f"{consequence[:1].upper()}{consequence[1:]}. {shut_out(standing)}"
    idle = [clean(name, limit=24) for name in standing.opened]
    if idle:
        have = "has" if len(idle) == 1 else "have"
        consequence = f"{' and '.join(idle)} {have} opened them and not voted yet"
    made.append(Choice("unblind", "unblind", consequence, "", why, asks, more))
    return made


def headline(standing: Standing, judge: str) -> list[str]:
    """Who judged how much."""
    own = clean(judge, limit=24)
    done, planned = standing.done, standing.planned
    first = f"all {planned} pairs judged by {own}" if done >= planned else (
        f"{done} of {planned} pairs judged by {own}"
    )  # fmt: skip
    others = []
    for name, count, ended in standing.others:
        at = "has not voted yet" if name in standing.opened else f"is at {count} of {planned}"
        others.append(f"{clean(name, limit=24)} {'has finished' if ended else at}")
    return [first, *others]


class Heading(Drawn):
    DEFAULT_CSS = "Heading { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []

    def show(self, parts: Sequence[str]) -> None:
        self._parts = list(parts)
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        text = " · ".join(self._parts)
        first = wrapped(text, max(10, width - 8), 1)[0]
        return [[(" A/B  ", "text!"), (first, "text")]]


class UnblindScreen(Plain):
    """``act`` does what was chosen (its name, and the judge whose part it closes)."""

    is_page = False
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in keys.bindings("dialog") if binding.id == "choose"
    ]
    help_places = ("dialog", "scroll")
    footer = ("choose", "down", "back", "help", "leave")

    def __init__(
        self,
        judge: str,
        standing: Standing,
        why: str,
        act: Callable[[str, str], None],
        look: Callable[[], None],
    ) -> None:
        super().__init__()
        self._judge, self._act, self._look = judge, act, look
        self._choices = choices(standing, why)
        self._standing = standing

    def content(self) -> ComposeResult:
        yield Heading()
        yield RowList()

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.focus()
        self.show(self._standing, self._choices[-1].why)
        self.set_interval(1.0, self._look)

    def show(self, standing: Standing, why: str) -> None:
        """Who has finished may change while this is open; the cursor stays on its line."""
        rows = self.query_one(RowList)
        at = rows.current.key if rows.current is not None else None
        self._choices = choices(standing, why)
        self.query_one(Heading).show(headline(standing, self._judge))
        made = self._rows()
        keep = at if at in [entry.key for entry in made] else made[0].key
        rows.fill(made, at=keep)

    def _rows(self) -> list[Item]:
        wide = max(cells(choice.name) for choice in self._choices) + 3
        return [
            item(
                (fit(choice.name, wide), "dim" if choice.why else "text!"),
                (f"not yet: {choice.why}" if choice.why else choice.consequence, "dim"),
                key=f"{choice.act} {choice.judge}",
            )
            for choice in self._choices
        ]

    def action_choose(self) -> None:
        current = self.query_one(RowList).current
        if current is None:
            return
        found = [c for c in self._choices if f"{c.act} {c.judge}" == current.key]
        for choice in found:
            if choice.why:
                self.say(f"not yet: {choice.why}", "caution")
            elif choice.asks:
                self._ask(choice)
            else:
                self._act(choice.act, choice.judge)

    def _ask(self, choice: Choice) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._act(choice.act, choice.judge)

        words = choice.told or choice.consequence[:1].upper() + choice.consequence[1:] + "."
        told = wrapped(clean(words.strip()), max(20, self.size.width - 2))
        self.app.push_screen(Ask(choice.asks, told), answered)
