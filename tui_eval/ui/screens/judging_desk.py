"""The base of both judging screens: one item at a time, one key, one thing on the disk.

The session is touched on the writer's thread alone; what is drawn is the last ``Look``.
An item leaves the screen only by the judge's own key.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.reactive import var
from textual.widget import Widget

from tui_eval.core.session import JudgingSession
from tui_eval.errors import TuiEvalError
from tui_eval.store.journal import NotSaved
from tui_eval.ui.screens.judging_look import Look, Recorded, look_at, recorded, told
from tui_eval.ui.screens.judging_said import Saying
from tui_eval.ui.widgets.answer_pane import AnswerPane
from tui_eval.ui.widgets.guard import Guard
from tui_eval.ui.widgets.judge_line import TwoEnds
from tui_eval.ui.widgets.note_field import NoteField
from tui_eval.ui.widgets.notice import Notice, Reader
from tui_eval.ui.widgets.writer import CLOSE, Done, Writer

REFRESH = 1.0
"""Seconds between looks at what came in: answers, other judges."""


class WorkDone(Message, bubble=False):
    """The writer's thread to the screen."""

    def __init__(self, done: Done) -> None:
        super().__init__()
        self.done = done


class Judging(Saying):
    """Subclasses give ``kind``, ``item_content``, ``fetch``, ``show_item``, ``panes`` and
    the words of their own; they record with ``record``."""

    focused = var[Widget | None](None)
    """As Textual's own, but a change of it does not draw the whole screen anew."""
    AUTO_FOCUS = ""
    """Back from another screen nothing is focused that is not shown: its keys would be named."""
    DEFAULT_CSS = """
    Judging #item { height: 1fr; display: none; }
    Judging #item.-open, Judging #notice.-open, Judging #reader.-open { display: block; }
    Judging #told { height: 1; }
    Judging #said.-noting { display: none; }
    """

    def __init__(
        self, session: JudgingSession, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(session.judge)
        self.clock = clock
        self.guard = Guard(clock)
        """Before the first judgement of an item."""
        self.undo_guard = Guard(clock, arm=0.25)
        """A held ``u`` takes back one, too."""
        self.footer = ()
        """No keys are named before there is something to press them for."""
        self.drafts: dict[str, str] = {}
        """Notes begun and not saved, by token."""
        self.saving = False
        """A judgement is under way that the next item waits for."""
        self.painted_at = clock()
        self.pressed_at: float | None = None
        """When the key arrived that is at work: it may have waited for a busy screen. None:
        it came another way (the list of commands)."""
        self._session = session
        self._writer: Writer | None = None
        self._then: deque[Callable[[Any], None]] = deque()
        """What to do with the value of each piece of work, in the writer's order."""
        self._started = False
        self._refreshing = False
        self._retry: tuple[Callable[[], object], bool] = (session.retry, False)
        """What tries again to save, and whether the next item comes after it."""
        self._note_field = NoteField()

    # What a subclass gives.

    def item_content(self) -> ComposeResult:
        """The widgets that show an item."""
        yield from ()

    def fetch(self, token: str) -> Any:
        """The item, on the writer's thread."""
        raise NotImplementedError

    def show_item(self) -> None:
        """Draw ``look.item``, a new one."""
        raise NotImplementedError

    def show_mark(self) -> None:
        """Draw what changed of ``look.mark``: the item is the same."""

    def panes(self) -> list[AnswerPane]:
        """What scrolling keys move, together."""
        return []

    def reading(self, what: str) -> tuple[str, str] | str:
        """Title and text of ``prompt``, ``reference`` or ``thinking``; or why not."""
        return f"there is no {what} here"

    def after_words(self) -> str:
        """Which keys there are after a judgement was saved."""
        return "u undo"

    def done_words(self) -> Sequence[str]:
        return (f"All {self.look.standing.planned} are judged.", "esc goes back.")

    # The frame.

    def content(self) -> ComposeResult:
        yield TwoEnds(id="standing")
        yield Notice()
        with Vertical(id="item"):
            yield from self.item_content()
        yield Reader()
        # In one box: what changes its place in the layout has its parent drawn anew.
        with Vertical(id="told"):
            yield TwoEnds(id="said")
            yield self._note_field

    def on_mount(self) -> None:
        self._writer = Writer(lambda done: self.post_message(WorkDone(done)))
        self.undo_guard.painted()
        self.put("open", lambda: self.look_on(self._session.following()), self._opened)
        self.set_interval(REFRESH, self._refresh)

    async def on_unmount(self) -> None:
        """Whatever is queued gets onto the disk before the screen is gone, and a note that
        was begun: a line that drops must not take it along."""
        if self._writer is not None:
            for token, text in self.begun_notes().items():
                self._writer.put("note", partial(self._session.note, token, text))
            await asyncio.to_thread(self._writer.close, self._session.close)

    def on_key(self, event: Key) -> None:
        # Textual's messages carry time.monotonic's reading.
        self.pressed_at = event.time if self.clock is time.monotonic else self.clock()

    def on_screen_resume(self) -> None:
        self.pressed_at = None

    # Notes that were begun.

    def begun_notes(self) -> dict[str, str]:
        """What was typed and is not saved, by token; also what is being typed now."""
        token, typed = self.look.token or "", self._note_field.typed.strip()
        begun = {key: text.strip() for key, text in self.drafts.items()}
        if token and typed and typed != self.look.mark.note:
            begun[token] = typed
        return begun

    # The writer.

    def put(self, what: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do ``work`` on the writer's thread, ``then`` something with its value here."""
        if self._writer is not None and self._writer.put(what, work):
            self._then.append(then)

    def on_work_done(self, message: WorkDone) -> None:
        done = message.done
        if done.what == CLOSE:
            return
        then = self._then.popleft()
        if done.error is None:
            then(done.value)
        elif isinstance(done.error, TuiEvalError):
            if self.saving:
                self.guard.painted()
            self._refreshing = self.saving = False
            self.tell(told(done.error), "bad")
        else:
            raise done.error

    def record(
        self,
        what: str,
        work: Callable[[], object],
        *,
        advance: bool = False,
        says: str = "",
        then: Callable[[Recorded], None] | None = None,
    ) -> None:
        """Record something of the item on the screen. With ``advance`` the next one is
        painted when it is on the disk, and no other judgement is taken until then.
        ``says``: what to say in place of ``saved #n``."""
        look, session = self.look, self._session
        known = (look.token or "", look.item)
        noted = False
        if advance:
            self.saving = True
            self.guard.close()
            noted = self._note_with_it(look)

        def job() -> Recorded:
            return recorded(session, work, look.token, self.fetch, known, advance=advance)

        def came(made: Recorded) -> None:
            self._recorded(made, work, advance, says, noted)
            if then is not None and made.failure is None:
                then(made)

        self.put(what, job, came)

    def _note_with_it(self, look: Look) -> bool:
        """The note that was begun on the item goes onto the disk before its judgement, so
        that the first undo takes back the judgement. Whether there was one."""
        text = self.drafts.pop(look.token or "", "").strip()
        if not text or look.token is None:
            return False
        session, token = self._session, look.token
        known = (token, look.item)
        work = partial(session.note, token, text)

        def came(made: Recorded) -> None:
            if made.failure is not None:
                self._recorded(made, work, False, "", False)

        self.put(
            "note", lambda: recorded(session, work, token, self.fetch, known, advance=False), came
        )
        return True

    def _recorded(
        self, made: Recorded, work: Callable[[], object], advance: bool, says: str, noted: bool
    ) -> None:
        if advance:
            self.saving = False
        if made.failure is not None:
            self.failed = made.failure
            kept = isinstance(made.failure, NotSaved)
            self._retry = (self._session.retry if kept else work, advance or self._retry[1])
            self.show_look(made.look)
            self._tell_failure()
            return
        self.show_look(made.look, anew=advance)
        if advance:
            with_it = "its note too · " if noted else ""
            self.tell(says or f"saved #{made.look.counted}", after=with_it + self.after_words())
        elif says:
            self.tell(says)

    def action_retry(self) -> None:
        if not self.look.not_saved and self.failed is None:
            self.tell("everything is saved", "dim")
            return

        def again(_made: Recorded) -> None:
            self.failed, self._retry = None, (self._session.retry, False)

        work, advance = self._retry
        says = "" if advance else "saved now"
        self.record("retry", work, advance=advance, says=says, then=again)

    def unsaved(self) -> bool:
        """Whether something waits to be saved; says so. Nothing else is judged before."""
        if self.failed is None:
            return False
        self._tell_failure()
        return True

    # Looking.

    def look_on(self, token: str | None) -> Look:
        return look_at(
            self._session, token, self.fetch, known=(self.look.token or "", self.look.item)
        )

    def _opened(self, look: Look) -> None:
        self.footer = type(self).footer
        self.look = look
        self._started = look.begun or not look.before
        self.show_look(look, anew=True)
        if look.not_saved:
            self.tell(f"{look.not_saved} not saved earlier · r tries again", "bad")

    def on_notice_read(self) -> None:
        if not self._started:
            self._started = True
            self.show_look(self.look, anew=True)
        elif self.look.token is None:
            self.notice_chosen()

    def notice_chosen(self) -> None:
        """Enter on a notice that is not the first one."""

    def _refresh(self) -> None:
        if self._refreshing or self.saving or not self.is_current:
            return
        self._refreshing = True
        session, token = self._session, self.look.token

        def work() -> Look | None:
            if not session.refresh():
                return None
            return self.look_on(token if token is not None else session.following())

        self.put("refresh", work, self._refreshed)

    def _refreshed(self, look: Look | None) -> None:
        self._refreshing = False
        if look is None or self.saving:
            return
        if self.look.token is None:
            self.show_look(look, anew=True)
        elif look.token == self.look.token:
            self.show_look(look)

    def show_look(self, look: Look, *, anew: bool = False) -> None:
        """Take in a look. A new item is drawn from its beginning; the guard arms when it
        is on the screen."""
        self.look = look
        self.show_standing()
        state = self._state()
        if anew:
            self._lay(state)
            if state == "item":
                self.guard.close()
                self.show_item()
                self.call_after_refresh(self._painted)
        elif state == "item":
            self.show_mark()
        if state != "item":
            self._notice(state)
        self._show_told()

    def _painted(self) -> None:
        self.painted_at = self.clock()
        self.guard.painted()

    def _state(self) -> str:
        if not self._started:
            return "before"
        if self.look.token is not None:
            return "item"
        return "waiting" if self.look.standing.waiting else "done"

    def lay(self, what: str) -> None:
        """Show ``item``, ``notice`` or ``reader``. By classes: where the screen is too
        small for any of them, the app's sheet hides them all. Not by classes of the
        screen: that would draw everything on it anew."""
        for name in ("item", "notice", "reader"):
            self.query_one(f"#{name}").set_class(name == what, "-open")

    def _lay(self, state: str) -> None:
        self.query_one(Notice).styles.clear_rule("display")
        self.lay("item" if state == "item" else "notice")
        if state == "item":
            self.set_focus(None)
            self.show_keys()

    def _notice(self, state: str) -> None:
        notice = self.query_one(Notice)
        if state == "before":
            notice.show(self.look.before, ("begin", "help", "leave"))
        elif state == "waiting":
            standing = self.look.standing
            words = f"waiting for answers: {self.look.here} here, {standing.waiting} to come"
            notice.show((words, "They are shown as they come. esc goes back; nothing is lost."),
                        ("back", "items", "undo", "help", "leave"))  # fmt: skip
        else:
            notice.show(self.done_words(), self.done_footer)
        # At once, not when the loop comes to it: the next key is perhaps already there.
        self.set_focus(notice)
        self.show_keys()

    done_footer: tuple[str, ...] = ("back", "items", "undo", "help", "leave")
