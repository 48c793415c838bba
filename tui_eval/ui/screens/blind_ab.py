"""Blind A/B: two answers, one key. Neither a model's name nor a side's is known here.

What is recorded says left or right; only the facts know which model wrote which, and this
screen never holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.judgements import Side
from tui_eval.core.session import AbSession, Pair, Seen
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.screens.judging import JudgingScreen
from tui_eval.ui.screens.judging_look import Undone
from tui_eval.ui.screens.sheet import Choose
from tui_eval.ui.widgets.answer_pane import AnswerPane
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.guard import TOO_FAST, Guard
from tui_eval.ui.widgets.pair_view import PairView
from tui_eval.ui.widgets.rowlist import item
from tui_eval.ui.widgets.worddiff import differing, marks

SAID: dict[str, str] = {"left": "A", "right": "B", "tie": "tie", "both_bad": "both bad"}


class BlindAbScreen(JudgingScreen):
    kind = "A/B"
    help_places = ("ab", "judging", "note", "before", "scroll", "guess")
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("ab")]
    footer = (
        "vote_a", "vote_tie", "vote_bad", "undo", "skip", "note", "zoom", "diff", "finish", "help",
    )  # fmt: skip

    class Unblinded(Message):
        """The comparison was unblinded here: its Reading may be shown."""

    def __init__(self, session: AbSession, **more: Any) -> None:
        super().__init__(session, **more)
        self._ab = session
        self.confirm_guard = Guard(self.clock, arm=0.25)
        """A held key must not answer the question it has just raised."""
        self._asked = ""
        self._last_vote = ""
        self._visiting = ""
        """A pair that is looked at after judging has ended."""
        self.diff = False

    # What is on the screen.

    def item_content(self) -> ComposeResult:
        yield PairView()

    @property
    def view(self) -> PairView:
        return self.query_one(PairView)

    def panes(self) -> list[AnswerPane]:
        return self.view.panes

    def fetch(self, token: str) -> Pair:
        pair = self._ab.pair(token)
        # Clean from here on, so that places in a text are the same everywhere.
        left, right = (clean(text, newlines=True) for text in (pair.left, pair.right))
        return replace(pair, left=left, right=right)

    def show_item(self) -> None:
        self._asked = ""
        self.view.show(self.look.item, self.size)
        self.view.each(lambda pane: pane.render_markdown(self.rendered))
        if self.diff:
            self.view.say_below("")
            self._compare()

    def right_end(self) -> Line:
        if self.look.token is None or not self._started:
            return []
        mark = self.look.mark
        words: Line = []
        if mark.side is not None:
            clear = ", clear" if mark.strong else ""
            words.append((f"your vote: {SAID[mark.side]}{clear}  ", "text"))
        if mark.flagged:
            words.append(("flagged  ", "caution"))
        if mark.note or self.look.token in self.drafts:
            words.append(("note  ", "dim"))
        enough = self.look.standing.enough
        if enough is not None:
            words.append(("enough votes to decide? ", "dim"))
            words.append(("yes", "text!") if enough else ("not yet", "text"))
        return words

    def after_words(self) -> str:
        return "u undo · ! it was clear" if self._last_vote else "u undo"

    def reading(self, what: str) -> tuple[str, str] | str:
        pair: Pair = self.look.item
        if what == "prompt":
            return "prompt", prompt_text(pair)
        if pair.reference is None:
            return "there is no expected answer to this prompt"
        return "expected", pair.reference

    def action_thinking(self) -> None:
        if not self.at_item or self.look.mark.side is None:
            self.tell("thinking opens after the vote: u, or / and the pair, then h", "dim")
            return
        token, session = self.look.token or "", self._ab

        def came(thoughts: tuple[str, str]) -> None:
            if not any(thoughts):
                self.tell("neither answer was thought about first", "dim")
                return
            text = "\n\n".join(
                f"{name}\n{thought or '(none)'}"
                for name, thought in zip("AB", thoughts, strict=True)
            )
            self.open_reader("thinking", "thinking", text)

        self.put("thinking", lambda: session.thinking(token), came)

    # Votes.

    def action_vote_a(self) -> None:
        self._vote("left")

    def action_vote_b(self) -> None:
        self._vote("right")

    def action_vote_tie(self) -> None:
        self._vote("tie")

    def action_vote_bad(self) -> None:
        self._vote("both_bad")

    def _vote(self, side: Side) -> None:
        if not self.judges() or not self._sure(side):
            return
        if self.look.finished:
            self.tell("you have finished: F, then judge on, to change a vote", "caution")
            return
        token, session, seen = self.look.token or "", self._ab, self._seen()
        self._last_vote = token
        self.record("vote", lambda: session.vote(token, side, **asdict(seen)), advance=True)

    def _sure(self, side: Side) -> bool:
        """A vote before both answers were on the screen is asked to be pressed again."""
        unseen = self.view.unseen
        if not unseen:
            return True
        if self._asked == side:
            if self.confirm_guard.press(self.pressed_at):
                return True
            self.tell(TOO_FAST, "caution")
            return False
        self._asked = side
        self.confirm_guard.close()
        self.confirm_guard.painted()
        key = {"left": "a", "right": "b", "tie": "t", "both_bad": "x"}[side]
        words = f"{unseen} was not on the screen yet: tab shows it, {key} again votes all the same"
        self.tell(words, "caution", brief=f"{unseen} not seen yet: tab shows it, {key} again votes")
        return False

    def _seen(self) -> Seen:
        left, right = self.view.both
        return Seen(
            ms=round(1000 * (self.clock() - self.painted_at)),
            left=left.fraction_seen,
            right=right.fraction_seen,
            shown={
                "width": self.size.width,
                "height": self.size.height,
                "zoom": self.view.zoomed,
                "diff": self.diff,
                "rendered": self.rendered,
            },
        )

    def action_strong(self) -> None:
        """Of the vote just made; on a pair that was voted on before, of that one."""
        if self.saving or self.unsaved():
            return
        token = self._last_vote
        if not token and self.look.token is not None and self.look.mark.side is not None:
            token = self.look.token
        if not token:
            self.tell("! goes after a vote: that it was clear", "dim")
            return
        session = self._ab
        self.record("strong", lambda: session.strong(token), says="saved: it was clear")

    def undone_words(self, taken: Undone) -> str:
        if taken.kind == "vote":
            self._last_vote = ""
            side = SAID.get(taken.before.side or "", "")
            return f"the vote, which was {side}" if side else "the vote"
        return super().undone_words(taken)

    # Looking.

    def action_zoom(self) -> None:
        if self.at_item:
            self.view.toggle_zoom()

    def action_other_pane(self) -> None:
        if self.at_item:
            self.view.turn()

    def action_pane_down(self) -> None:
        if self.at_item:
            self.view.both[self.view.front].scroll(1)

    def action_pane_up(self) -> None:
        if self.at_item:
            self.view.both[self.view.front].scroll(-1)

    def action_rendered(self) -> None:
        if self.diff:
            self._no_diff()
        super().action_rendered()
        self.view.each(lambda pane: pane.render_markdown(self.rendered))
        self.view.show_heads()

    def action_diff(self) -> None:
        if not self.at_item:
            return
        if self.diff:
            self._no_diff()
            self.tell("differences no longer stressed", "dim")
            return
        self.diff = True
        if self.rendered:
            super().action_rendered()
            self.view.each(lambda pane: pane.render_markdown(False))
        self._compare()
        self.tell("differing words stressed; d again: as it was", "dim")
        self.viewed("diff")

    def _no_diff(self) -> None:
        self.diff = False
        self.view.each(lambda pane: pane.mark(None))
        self.view.say_below("")

    def _compare(self) -> None:
        pair: Pair = self.look.item

        def came(found: Any) -> None:
            if not self.diff or self.look.token != pair.token:
                return
            if found is None:
                self.view.say_below("too long to compare")
                return
            for pane, stretches in zip(self.view.both, found, strict=True):
                pane.mark(marks(stretches))
            self.view.say_below("words that differ are bold")

        self.put("diff", lambda: differing(pair.left, pair.right), came)

    def action_items(self) -> None:
        """Every pair that has its answers, with this judge's own vote."""
        if self.saving or self.unsaved():
            return
        session = self._ab
        # What is typed to look for a pair must not vote on this one, however slow the disk.
        self.saving = True

        def work() -> list[tuple[str, str, str, str]]:
            rows = []
            for number, token in enumerate(session.order, 1):
                mark = session.mark(token)
                state = SAID[mark.side] if mark.side else "skipped" if mark.skipped else ""
                notes = " ".join(["flagged"] * mark.flagged + [mark.note])
                rows.append(
                    (token, f"{number:>4}  {state:<9}", notes, session.pair(token).prompt.last)
                )
            return rows

        self.put("items", work, self._list)

    def _list(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        self.saving = False
        made = []
        for token, head, notes, prompt in rows:
            note = clean(notes, limit=30)
            words = f"{note}  " if note else ""
            made.append(
                item(
                    (head, "dim"), (words, "caution"), (clean(prompt, limit=200), "text"), key=token
                )
            )

        def chosen(token: str | None) -> None:
            if token:
                self.go_to(token)

        sheet = Choose(
            "pairs", made, at=self.look.token or "", typed="words to look for", narrows=True
        )
        self.app.push_screen(sheet, chosen)

    # The end.

    def _state(self) -> str:
        look = self.look
        ended = look.finished or look.closed_by or look.unblinded
        return "done" if ended and look.token != self._visiting else super()._state()

    def go_to(self, token: str) -> None:
        self._visiting = token
        super().go_to(token)

    def open_again(self) -> None:
        """Judging goes on after it was finished."""
        self._visiting = ""
        self.put("open", lambda: self.look_on(self._ab.following()), self._opened)

    done_footer = ("finish", "items", "undo", "back", "help", "leave")

    def done_words(self) -> Sequence[str]:
        look = self.look
        if look.unblinded:
            return ("These pairs are unblinded: nobody can vote on them again.", "esc goes back.")
        if look.closed_by:
            return (f"{look.closed_by} closed your judging; your votes count.", "esc goes back.")
        others = tuple(
            f"{name} has finished." if ended else f"{name} is at {done} of {look.standing.planned}."
            for name, done, ended in look.standing.others
        )
        if look.finished:
            return ("You have finished.", *others, "F: wait, unblind, or judge on.")
        planned = look.standing.planned
        if look.equal >= planned and not look.judged:
            first = f"{planned} pairs: {look.equal} equal, nothing to judge."
        else:
            equal = f", {look.equal} of them equal and not shown" if look.equal else ""
            twice = f"; {look.twice} were shown twice" if look.twice else ""
            first = f"All {planned} pairs are judged{equal}{twice}."
        return (first, "F finishes; until then u takes back and / opens any pair again.", *others)

    def action_finish(self) -> None:
        from tui_eval.ui.screens.finishing import Finishing

        if self.saving or self.unsaved() or self.look.unblinded:
            return
        self.keep_notes(lambda: Finishing(self, self._ab).start())


def prompt_text(pair: Pair) -> str:
    """The prompt with all of its turns."""
    parts = []
    for turn in pair.prompt.turns:
        calls = "".join(f"\n{call}" for call in turn.calls)
        parts.append(f"{turn.role}\n{turn.text}{calls}")
    if pair.prompt.tools:
        parts.append("tools\n" + "\n".join(pair.prompt.tools))
    return "\n\n".join(parts) or "(no prompt)"
