"""After the votes: does the judge know which model wrote what? Asked on tied pairs.

Blinding has held where guesses are no better than chance; that is tested from these.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key

from tui_eval.core.session import Pair
from tui_eval.core.text import cells, clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui import keys
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.judging_look import told
from tui_eval.ui.screens.judging_said import MARGINS
from tui_eval.ui.widgets.guard import TOO_FAST, Guard
from tui_eval.ui.widgets.judge_line import TwoEnds, judge_words
from tui_eval.ui.widgets.pair_view import PairView
from tui_eval.ui.widgets.rows import width_of

Answered = Callable[[TuiEvalError | None], None]
Record = Callable[[str, str, Answered], None]
"""Token, ``left`` or ``right``, and who hears that it is on the disk, or why not."""
LOOKING = ("zoom", "other_pane", "pane_down", "pane_up")


class GuessScreen(Plain):
    """``done`` is called after the last pair; leaving before keeps what was guessed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("guess", "scroll"),
        *(binding for binding in keys.bindings("ab") if binding.id in LOOKING),
    ]
    help_places = ("guess", "ab", "scroll")
    footer = ("guess_a", "guess_skip", "other_pane", "zoom", "down", "back", "help", "leave")

    def __init__(
        self,
        pairs: Sequence[Pair],
        record: Record,
        done: Callable[[], None],
        *,
        judge: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._pairs, self._record, self._done = list(pairs), record, done
        self._judge = judge
        self.guard = Guard(clock)
        self.at = 0
        self._saving = False
        self._clock = clock
        self._pressed_at = clock()

    def on_key(self, event: Key) -> None:
        self._pressed_at = event.time if self._clock is time.monotonic else self._clock()

    def content(self) -> ComposeResult:
        yield TwoEnds(id="standing")
        yield PairView(("press a for this one", "press b for this one"))
        yield TwoEnds(id="told")

    def on_mount(self) -> None:
        self.set_focus(None)
        self.call_after_refresh(self._show)

    @property
    def view(self) -> PairView:
        return self.query_one(PairView)

    def _show(self) -> None:
        self.guard.close()
        left = [(f"guess {self.at + 1}/{len(self._pairs)}", "text!"),
                ("  which answer is the candidate's?", "text")]  # fmt: skip
        judge = judge_words(self._judge)
        room = self.size.width - width_of(left) - MARGINS
        self.query_one("#standing", TwoEnds).show(left, judge if width_of(judge) <= room else [])
        self.view.show(self._pairs[self.at], self.size)
        hint = "a hunch is enough, s where there is none"
        more = "; nothing is told before the unblinding"
        self._tell(hint + more * (cells(hint + more) < self.size.width - 2), "dim")
        self.call_after_refresh(self.guard.painted)

    def _tell(self, words: str, role: str) -> None:
        self.query_one("#told", TwoEnds).show([(clean(words), role)], [])

    def action_guess_a(self) -> None:
        self._guess("left")

    def action_guess_b(self) -> None:
        self._guess("right")

    def action_guess_skip(self) -> None:
        if self._counts():
            self._next()

    def _counts(self) -> bool:
        if self._saving or not self.guard.press(self._pressed_at):
            self._tell(TOO_FAST, "caution")
            return False
        return True

    def _guess(self, side: str) -> None:
        if self._counts():
            self._saving = True
            self._record(self._pairs[self.at].token, side, self._saved)

    def _saved(self, error: TuiEvalError | None) -> None:
        self._saving = False
        if error is not None:
            self._tell(f"not saved: {told(error)} The same key tries again.", "bad")
            return
        self._next()

    def _next(self) -> None:
        self.at += 1
        if self.at < len(self._pairs):
            self._show()
        else:
            self._done()

    # Looking.

    def action_zoom(self) -> None:
        self.view.toggle_zoom()

    def action_other_pane(self) -> None:
        self.view.turn()

    def action_pane_down(self) -> None:
        self.view.both[self.view.front].scroll(1)

    def action_pane_up(self) -> None:
        self.view.both[self.view.front].scroll(-1)

    def action_down(self) -> None:
        self._each(lambda pane: pane.scroll(1))

    def action_up(self) -> None:
        self._each(lambda pane: pane.scroll(-1))

    def action_page_down(self) -> None:
        self._each(lambda pane: pane.page(1))

    def action_page_up(self) -> None:
        self._each(lambda pane: pane.page(-1))

    def action_first(self) -> None:
        self._each(lambda pane: pane.ends(False))

    def action_last(self) -> None:
        self._each(lambda pane: pane.ends(True))

    def _each(self, act: Callable[..., None]) -> None:
        for pane in self.view.panes:
            act(pane)
