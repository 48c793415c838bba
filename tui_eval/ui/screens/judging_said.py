"""What a judging screen says: where the judge stands, and on the line under the item what
was just done."""

from __future__ import annotations

from dataclasses import replace

from tui_eval.core.session import Standing
from tui_eval.core.text import cells, clean
from tui_eval.errors import StoreError
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.judging_look import Look, told
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.judge_line import TwoEnds, judge_words, standing_line
from tui_eval.ui.widgets.rows import plain, width_of

MARGINS = 5
"""Cells of the line under an item that its two ends leave free."""
PACED = 5
"""Judgements from which on a pace is told."""


class Saying(Plain):
    """``look`` is what is known of the session; lines are drawn from it alone."""

    kind = "judging"

    def __init__(self, judge: str) -> None:
        super().__init__()
        self.judge = judge
        self.look = Look()
        self.failed: StoreError | None = None
        """Why the last judgement is not on the disk; nothing else is judged before it is."""
        self._told: Line = []

    def right_end(self) -> Line:
        """At the right of the line under the item."""
        return []

    def show_standing(self) -> None:
        look = self.look
        before = look.place and self._judged_before()
        number = look.place + look.equal if before else look.counted + 1
        number = min(number, max(1, look.all))
        if look.token is None:
            number = look.counted
        line = standing_line(self.kind, number, look.all, self._timed(look), self.item_number())
        self.query_one("#standing", TwoEnds).show(line, judge_words(self.judge))

    def _timed(self, look: Look) -> Standing:
        """A pace from few judgements is chance: it is not told."""
        return look.standing if look.judged >= PACED else replace(look.standing, pace=None)

    def item_number(self) -> int:
        """The number of the item on the screen where it has one of its own; else 0."""
        return 0

    def _judged_before(self) -> bool:
        mark = self.look.mark
        return mark.side is not None or mark.scored

    def tell(self, words: str, role: str = "text", *, after: str = "", brief: str = "") -> None:
        """Say something on the line under the item; it stays until the next. ``brief`` says
        the same where there is not the room."""
        if brief and cells(words) > self.size.width - 2:
            words = brief
        self._told = [(clean(words), role)]
        if after:
            self._told.append((f" · {after}", "dim"))
        self._show_told()
        self._whole()

    def _whole(self) -> bool:
        """What has not the room on its line is read on the key line, until the next key;
        whether it is."""
        if width_of(self._told) <= self.size.width - 2:
            return False
        self.say(plain(self._told), self._told[0][1])
        return True

    def _show_told(self) -> None:
        right = self.right_end()
        # What was just said is read whole, before what stands there at other times.
        fits = width_of(self._told) + width_of(right) + MARGINS <= self.size.width
        self.query_one("#said", TwoEnds).show(self._told, right if fits else [])

    def _tell_failure(self) -> None:
        assert self.failed is not None
        many = self.look.not_saved
        self._told = [
            (f"not saved{f' ({many})' if many > 1 else ''}", "bad!"),
            (" · r tries again · ", "text"),
            (clean(told(self.failed)).removeprefix("Not saved. "), "dim"),
        ]
        if self._whole():
            self._told = [self._told[0], (" · r tries again", "text")]
        self._show_told()
