"""``/``: every answer of the review with what was said of it; enter goes to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui_eval.core.judgements import Mark
from tui_eval.core.session import Item as ReviewItem
from tui_eval.core.text import cells, clean
from tui_eval.ui import keys
from tui_eval.ui.screens.page import Page, Title
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rowlist import Item, RowList
from tui_eval.ui.widgets.rows import cropped, fit, line
from tui_eval.ui.widgets.scorecard import brief, mean

if TYPE_CHECKING:
    from textual.widgets import Input

KINDS = ("all", "not scored", "flagged", "with a note")
STATES = ("not scored", "half scored", "skipped", "scored")
STATE = max(map(len, STATES))
CATEGORY = 16
"""Cells that categories grow to."""


def state_of(mark: Mark) -> str:
    if mark.scored:
        return "scored"
    if mark.skipped:
        return "skipped"
    return "half scored" if mark.scores else "not scored"


def of_kind(mark: Mark, kind: str) -> bool:
    if kind == "not scored":
        return not mark.scored
    if kind == "flagged":
        return mark.flagged
    return bool(mark.note) if kind == "with a note" else True


class Heads(Drawn):
    DEFAULT_CSS = "Heads { height: 1; }"

    def __init__(self, category: int) -> None:
        super().__init__()
        self._category = category

    def lines(self, width: int, height: int) -> list[Line]:
        group = f"{fit('category', self._category)}  " if self._category else ""
        heads = f"     #  {fit('state', STATE)}  a r f f  mean  flag  {group}note, prompt"
        return [cropped([(heads, "dim")], width)]


class ReviewList(Page):
    """``chosen`` is called with the token of the answer to go to, after the list closed."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("review_list")]
    help_places = ("review_list", "scroll", "list", "review", "judging")
    footer = ("go_there", "next_kind", "filter", "page_down", "first", "back", "help")

    def __init__(
        self,
        items: Sequence[ReviewItem],
        marks: Mapping[str, Mark],
        at: str | None,
        chosen: Callable[[str], None],
    ) -> None:
        super().__init__("answers")
        self._found, self._marks, self._at, self._chosen = items, marks, at or "", chosen
        self.kind = KINDS[0]
        longest = max((cells(_category(item)) for item in items), default=0)
        self._category = min(CATEGORY, max(longest, len("category"))) if longest else 0

    def _mark(self, token: str) -> Mark:
        return self._marks.get(token) or Mark(token)

    def content(self) -> ComposeResult:
        yield Title(self._title)
        yield Heads(self._category)
        yield RowList()

    def on_mount(self) -> None:
        self._fill(self._at)
        super().on_mount()

    def _fill(self, at: str | None = None) -> None:
        rows = self.query_one(RowList)
        rows.fill(self._rows(), at=at)
        for entry in self.query("LineInput"):
            rows.narrow(getattr(entry, "value", ""))
        self._tell()

    def _rows(self) -> list[Item]:
        made = []
        for item in self._found:
            mark = self._mark(item.token)
            if of_kind(mark, self.kind):
                made.append(_row(item, mark, self._category))
        return made or [Item([(f"No answer is {self.kind}.", "dim")])]

    def _tell(self) -> None:
        marks = [self._mark(item.token) for item in self._found]
        shown = sum(of_kind(mark, self.kind) for mark in marks)
        words = self.kind if self.kind == "all" else f"{self.kind}: {shown}"
        self._title = f"answers, {words}"
        self.query_one(Title).show(self._title, self._scored())

    def _scored(self) -> str:
        scored = sum(self._mark(item.token).scored for item in self._found)
        return f"{scored} of {len(self._found)} scored"

    def on_input_changed(self, event: Input.Changed) -> None:
        # The page's own words are for lines of text.
        event.prevent_default()
        found = self.query_one(RowList).narrow(event.value)
        words = f"{found} hold{'s' * (found == 1)} these words"
        self.query_one(Title).show(self._title, words if event.value else self._scored())

    async def close_innermost(self) -> bool:
        closed = await super().close_innermost()
        if closed:
            self._tell()
        return closed

    # Keys

    def action_go_there(self) -> None:
        current = self.query_one(RowList).current
        if current is not None and current.key:
            self.app.pop_screen()
            self._chosen(current.key)

    def action_next_kind(self) -> None:
        self._turn(1)

    def action_previous_kind(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        current = self.query_one(RowList).current
        self.kind = KINDS[(KINDS.index(self.kind) + by) % len(KINDS)]
        self._fill(current.key if current is not None else None)


def _category(item: ReviewItem) -> str:
    return clean(item.prompt.category, limit=CATEGORY * 2)


def _row(item: ReviewItem, mark: Mark, category: int) -> Item:
    """The words that a filter looks for are those of the row, in full: state, category,
    note and prompt."""
    average = mean(mark.scores)
    note = clean(mark.note, limit=200)
    prompt = clean(item.prompt.last, limit=200)
    state = state_of(mark)
    group = f"{fit(_category(item), category)}  " if category else ""
    runs: Line = line(
        (f"{item.number:>3}  ", "dim"),
        (fit(state, STATE), "text" if mark.scored else "dim"),
        (f"  {brief(mark.scores)}  ", "text"),
        (f"{average:4.1f}  " if average is not None else "      ", "text"),
        ("flag  " if mark.flagged else "      ", "caution"),
        (group, "dim"),
        (f"{note}  " if note else "", "text"),
        (prompt, "dim"),
    )
    words: Sequence[str] = (
        str(item.number), state, "flagged" if mark.flagged else "", _category(item), note, prompt,
    )  # fmt: skip
    return Item(runs, item.token, " ".join(word for word in words if word))
