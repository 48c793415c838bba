"""The keys that review and blind A/B share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual.binding import BindingType

from tui_eval.core.text import clean
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.ui import keys
from tui_eval.ui.messages import say
from tui_eval.ui.screens import editor
from tui_eval.ui.screens.judging_desk import Judging
from tui_eval.ui.screens.judging_look import Look, Recorded, Undone, told, undo
from tui_eval.ui.screens.sheet import Ask
from tui_eval.ui.widgets.answer_pane import AnswerPane
from tui_eval.ui.widgets.guard import TOO_FAST
from tui_eval.ui.widgets.note_field import NoteField
from tui_eval.ui.widgets.notice import Reader

UNDONE = {
    "vote": "the vote",
    "strong": "that it was clear",
    "score": "the score",
    "note": "the note",
    "flag": "the flag",
    "skip": "the skip",
    "guess": "the guess",
}
NOTE_KEPT = "the note that you had begun is saved"
RETURNS = ("vote", "score", "skip")
"""What brings its item back to the screen when it is undone."""


class JudgingScreen(Judging):
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("judging", "scroll"),
        *(binding for binding in keys.bindings("everywhere") if binding.id == "leave"),
    ]

    @property
    def at_item(self) -> bool:
        """Whether an item is on the screen, and nothing of it is under way."""
        return self.query_one("#item").display and not self.saving

    def judges(self) -> bool:
        """Whether a press may judge the item now; says why not."""
        if not self.query_one("#item").display or self.unsaved():
            return False
        if not self.guard.press(self.pressed_at):
            self.tell(TOO_FAST, "caution")
            return False
        return not self.saving

    # What is recorded.

    def action_skip(self) -> None:
        if self.judges():
            token = self.look.token or ""
            session = self._session
            says = "skipped: it comes again at the end"
            self.record("skip", lambda: session.skip(token), advance=True, says=says)

    def action_flag(self) -> None:
        if not self.at_item or self.unsaved():
            return
        token, on, session = self.look.token or "", not self.look.mark.flagged, self._session
        says = "flagged" if on else "no longer flagged"
        self.record("flag", lambda: session.flag(token, on), says=says)

    def action_undo(self) -> None:
        if self.saving or self.unsaved():
            return
        if not self.undo_guard.press(self.pressed_at):
            self.tell("too fast, not undone", "caution")
            return
        self.undo_guard.close()
        session, token = self._session, self.look.token

        def work() -> tuple[Undone | None, Look]:
            taken = undo(session)
            back = taken is not None and taken.kind in RETURNS
            return taken, self.look_on(taken.token if taken is not None and back else token)

        self.saving = True
        self.put("undo", work, self._undone)

    def _undone(self, value: tuple[Undone | None, Look]) -> None:
        taken, look = value
        self.saving = False
        self.show_look(look, anew=look.token != self.look.token)
        self.call_after_refresh(self.undo_guard.painted)
        if taken is None:
            self.tell("nothing to undo", "dim")
        else:
            self.tell(f"undone: {self.undone_words(taken)}")

    def undone_words(self, taken: Undone) -> str:
        return UNDONE.get(taken.kind, taken.kind)

    # Notes.

    def action_note(self) -> None:
        if not self.at_item or self.unsaved():
            return
        token = self.look.token or ""
        text = self.drafts.get(token, self.look.mark.note)
        self.query_one("#said").add_class("-noting")
        self.query_one(NoteField).open(text, self.look.tags)
        self.show_keys()

    def on_note_field_saved(self, event: NoteField.Saved) -> None:
        self._close_note()
        self._save_note(event.text)

    def on_note_field_kept(self, event: NoteField.Kept) -> None:
        token = self.look.token or ""
        if event.draft.strip() and event.draft.strip() != self.look.mark.note:
            self.drafts[token] = event.draft
            self.tell("a draft: n goes on with it; saved as you go on or leave", "dim")
        else:
            self.drafts.pop(token, None)
        self._close_note()

    def _close_note(self) -> None:
        self.query_one(NoteField).close()
        self.query_one("#said").remove_class("-noting")
        self.set_focus(None)
        self.show_keys()

    def _save_note(self, text: str) -> None:
        token, session = self.look.token or "", self._session
        self.drafts.pop(token, None)
        if text == self.look.mark.note:
            return
        says = "note saved" if text else "note removed"
        self.record("note", lambda: session.note(token, text), says=says)

    def keep_notes(self, then: Callable[[], None]) -> None:
        """Record every note that was begun, then go on to ``then``. What can't be recorded
        stays a draft, and the judge is asked."""
        refused: list[TuiEvalError] = []
        begun = self.begun_notes()
        if not begun or self.unsaved():
            if not begun:
                then()
            return

        def write(token: str, text: str) -> None:
            try:
                self._session.note(token, text)
            except InputError as error:
                refused.append(error)

        def went(_made: Recorded) -> None:
            if refused:
                self.drafts |= begun
                question = "Go on without the note that you have begun?"
                words = [clean(told(refused[0])), *(clean(text) for text in begun.values())]
                self.app.push_screen(Ask(question, words), left)
            else:
                then()

        def left(yes: bool | None) -> None:
            if yes:
                self.drafts.clear()
                then()

        self._close_note()
        self.drafts.clear()
        last = list(begun)[-1]
        for token, text in begun.items():
            after = went if token == last else None
            self.record("note", partial(write, token, text), then=after)

    def action_note_editor(self) -> None:
        if not self.at_item or self.unsaved():
            return
        token = self.look.token or ""
        try:
            text = editor.edited(self.app, self.drafts.get(token, self.look.mark.note))
        except TuiEvalError as error:
            self.tell(told(error), "caution")
        else:
            self._save_note(text)

    # Looking closer.

    def action_prompt(self) -> None:
        self.toggle_reading("prompt")

    def action_expected(self) -> None:
        self.toggle_reading("reference")

    def action_thinking(self) -> None:
        self.toggle_reading("thinking")

    def action_rendered(self) -> None:
        """Both kinds of screen say it of their own panes."""
        on = not self.rendered
        self.rendered = on
        for pane in self.panes():
            pane.render_markdown(on)
        self.tell("Markdown rendered" if on else "as it was written", "dim")
        if on:
            self.viewed("rendered")

    rendered = False

    def toggle_reading(self, what: str) -> None:
        reader = self.query_one(Reader)
        if reader.display and reader.what == what:
            self.close_reader()
            return
        if not self.at_item and not reader.display:
            return
        found = self.reading(what)
        if isinstance(found, str):
            self.tell(found, "dim")
        else:
            self.open_reader(what, *found)

    def open_reader(self, what: str, title: str, text: str) -> None:
        reader = self.query_one(Reader)
        self.lay("reader")
        reader.show(what, title, text)
        self.viewed(what)

    def close_reader(self) -> None:
        self.lay("item")

    def viewed(self, what: str) -> None:
        """Log a look, once for each item."""
        token, session = self.look.token, self._session
        if token is not None and what not in self.look.mark.views:
            self.record("view", lambda: session.view(token, what))

    def scrolled(self) -> list[AnswerPane]:
        reader = self.query_one(Reader)
        return [reader.pane] if reader.display else self.panes()

    def action_down(self) -> None:
        for pane in self.scrolled():
            pane.scroll(1)

    def action_up(self) -> None:
        for pane in self.scrolled():
            pane.scroll(-1)

    def action_page_down(self) -> None:
        for pane in self.scrolled():
            pane.page(1)

    def action_page_up(self) -> None:
        for pane in self.scrolled():
            pane.page(-1)

    def action_first(self) -> None:
        for pane in self.scrolled():
            pane.ends(False)

    def action_last(self) -> None:
        for pane in self.scrolled():
            pane.ends(True)

    # Going about.

    def go_to(self, token: str) -> None:
        """Put an item on the screen, judged or not."""
        session = self._session

        def work() -> Look:
            return self.look_on(token if token in session.order else session.following())

        def went(look: Look) -> None:
            if not self.saving:
                self.show_look(look, anew=True)

        if not self.saving and not self.unsaved():
            self.keep_notes(lambda: self.put("go_to", work, went))

    def action_items(self) -> None:
        """The list of all of them; a subclass has its own."""

    async def close_innermost(self) -> bool:
        if self.query_one(Reader).display:
            self.close_reader()
            return True
        if self.failed is not None:
            self._ask_to_leave(self.app.pop_screen)
            return True
        if self.begun_notes():
            self.keep_notes(self._back)
            return True
        return False

    def _back(self) -> None:
        """As ``esc`` does where nothing is open any more; says what was done before."""
        app = self.app
        if app.screen is self and len(app.screen_stack) > 1:
            app.pop_screen()
            say(app, NOTE_KEPT, "dim")

    def action_leave(self) -> None:
        if self.failed is not None:
            self._ask_to_leave(self._leave)
        elif self.begun_notes():
            self.keep_notes(self._leave_telling)
        else:
            self._leave()

    def _leave(self) -> None:
        leave = getattr(self.app, "action_leave", None)
        if leave is not None:
            leave()
        else:
            self.app.exit()

    def _leave_telling(self) -> None:
        self._leave()
        farewell = getattr(self.app, "farewell", None)
        if farewell is not None:
            self.app.farewell = f"{NOTE_KEPT.capitalize()}. {farewell}".strip()  # type: ignore[attr-defined]

    def _ask_to_leave(self, leave: Any) -> None:
        assert self.failed is not None
        many = max(1, self.look.not_saved)
        what = "1 judgement that is" if many == 1 else f"{many} judgements that are"
        question = f"Leave with {what} not saved?"

        def answered(yes: bool | None) -> None:
            if yes:
                leave()

        self.app.push_screen(Ask(question, [clean(told(self.failed))]), answered)
