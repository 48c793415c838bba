"""Manual review: one answer at a time, four criteria, one digit each.

Four keys are one judgement: the fourth digit goes on to the next answer. Every digit is an
event of its own, so that a line that drops in the middle of an answer costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize

from tui_eval.core.judgements import CRITERIA, Mark
from tui_eval.core.session import Answer, Item, Prompt, ReviewSession
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.ui import keys
from tui_eval.ui.messages import TokensAsked
from tui_eval.ui.screens.base import WIDE
from tui_eval.ui.screens.judging import JudgingScreen
from tui_eval.ui.screens.judging_look import Look, Undone, told
from tui_eval.ui.screens.review_opening import LevelsPage, Opening
from tui_eval.ui.screens.review_scoring import Scoring
from tui_eval.ui.screens.review_text import BESIDE, COLUMN, ReviewText, Text
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.judge_line import TwoEnds
from tui_eval.ui.widgets.note_field import NoteField
from tui_eval.ui.widgets.notice import Notice
from tui_eval.ui.widgets.rows import line
from tui_eval.ui.widgets.scorecard import COLUMN as CARD
from tui_eval.ui.widgets.scorecard import NAME, Scorecard, brief

VALUES = {0: "not applicable"}


class Upright(Drawn):
    """A line from top to bottom between the texts and the card."""

    DEFAULT_CSS = "Upright { width: 1; height: 1fr; display: none; }"

    def lines(self, width: int, height: int) -> list[Line]:
        return [[("┬" if row == 0 else "│", "rule")] for row in range(height)]


class ReviewScreen(JudgingScreen):
    """``session`` is touched on the writer's thread alone. What a digit did is drawn at
    once, from ``scoring``; the line under it says when it is on the disk."""

    kind = "review"
    help_places = ("review", "judging", "note", "before", "scroll", "review_list")
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("review"),
        *(binding for binding in keys.bindings("list") if binding.id == "copy"),
    ]
    DEFAULT_CSS = """
    ReviewScreen #desk { height: 1fr; width: 1fr; layout: vertical; }
    ReviewScreen.-wide #desk { layout: horizontal; }
    ReviewScreen.-wide Upright { display: block; }
    ReviewScreen.-wide Scorecard { width: 31; height: 1fr; }
    """
    # The texts' own lines name e, p and h, and the note's line names n.
    footer = (
        "score_1", "score_0", "clear", "undo", "flag", "skip", "items", "levels", "note",
        "expected", "prompt", "rendered", "tokens", "help",
    )  # fmt: skip

    def __init__(self, session: ReviewSession, **more: Any) -> None:
        super().__init__(session, **more)
        self._review = session
        self._anchors = dict(session.anchors)
        self._title = session.title
        self.scoring = Scoring("")
        self._count = 0
        self._missing: dict[str, str] = {}
        """Answers that could not be read, by token, with why."""

    # What is on the screen

    def content(self) -> ComposeResult:
        yield from super().content()
        yield Opening(self._anchors)

    def item_content(self) -> ComposeResult:
        with Container(id="desk"):
            yield ReviewText()
            yield Upright()
            yield Scorecard(self._anchors)
        yield TwoEnds(id="note-line")

    def on_mount(self) -> None:
        super().on_mount()
        self.move_child(self.query_one(Opening), before=self.query_one("#told"))

    def on_resize(self, event: Resize) -> None:
        beside = event.size.width - CARD - 2 >= BESIDE
        narrow = event.size.width < WIDE
        self.text.styles.max_width = None if beside or narrow else COLUMN + 2
        if self.look.token is not None:
            self._show_note()

    @property
    def text(self) -> ReviewText:
        return self.query_one(ReviewText)

    @property
    def card(self) -> Scorecard:
        return self.query_one(Scorecard)

    def fetch(self, token: str) -> Item:
        """What can't be read must not keep the judge from the others: it is shown as missing
        and can be skipped."""
        try:
            return self._review.item(token)
        except InputError as error:
            self._missing[token] = told(error)
            return Item(token, Prompt(()), Answer("", end="not here"))

    def show_item(self) -> None:
        item, mark = self.look.item, self.look.mark
        if self.text.item is None or self.text.item.token != item.token:
            self.text.show(item)
        self.scoring = Scoring.of(item.token, mark.scores)
        self.show_mark()
        if item.token in self._missing:
            self.tell(self._missing[item.token], "caution")
        elif self.scoring.complete:
            self.tell(spelled("scored before: digits change it, ↵ goes on"), "dim")

    def show_mark(self) -> None:
        """Not the scores: those that stand here are newer than the session's."""
        self._show_scores()
        self._show_note()

    def _show_note(self) -> None:
        """While a note is typed, only what was saved of it before."""
        mark, typing = self.look.mark, self.query_one(NoteField).is_open
        draft = "" if typing else self.drafts.get(self.look.token or "", "")
        words = line((clean(draft or mark.note, limit=400), "dim" if typing else "text"))
        if draft:
            words.append(("  not saved: n goes on", "caution"))
        elif not typing and not words:
            words = line(("n writes one", "dim"))
        # Under the criteria, in their columns; beside them, in the texts'.
        lead = "note  " if self.size.width >= WIDE else f"  {'note':<{NAME}}"
        shown = [(lead, "dim"), *words] if words else []
        self.query_one("#note-line", TwoEnds).show(shown, [])

    def action_note(self) -> None:
        super().action_note()
        self._show_note()

    def _close_note(self) -> None:
        super()._close_note()
        self._show_note()

    def _show_scores(self) -> None:
        self.card.show(self.scoring.scores, self.scoring.active)

    def item_number(self) -> int:
        look = self.look
        return look.item.number or look.place if look.token is not None else 0

    def right_end(self) -> Line:
        return [("flagged", "caution")] if self.look.token and self.look.mark.flagged else []

    def done_words(self) -> Sequence[str]:
        standing = self.look.standing
        others = [
            f"{name} has scored {done} of {standing.planned}{', and has finished' * ended}"
            for name, done, ended in standing.others
        ]
        flagged = f"{standing.flagged} flagged: / lists them." if standing.flagged else ""
        return [
            f"Every answer is scored: {standing.done} of {standing.planned}.",
            *([flagged] if flagged else []),
            "esc goes to the Reading: the distribution of each criterion, and the five worst.",
            "u takes back the last score; / opens any answer again.",
            *others,
        ]

    # Before the first

    def _lay(self, state: str) -> None:
        super()._lay(state)
        self.query_one(Opening).display = state == "before"
        if state == "before":
            self.query_one(Notice).display = False

    def _notice(self, state: str) -> None:
        if state != "before":
            super()._notice(state)
            return
        opening = self.query_one(Opening)
        opening.show((self._title, *self.look.before))
        self.set_focus(opening)
        self.show_keys()

    # Scores

    def action_score_0(self) -> None:
        self._score(0)

    def action_score_1(self) -> None:
        self._score(1)

    def action_score_2(self) -> None:
        self._score(2)

    def action_score_3(self) -> None:
        self._score(3)

    def action_score_4(self) -> None:
        self._score(4)

    def action_score_5(self) -> None:
        self._score(5)

    def _score(self, value: int) -> None:
        token = self.scoring.token
        if token in self._missing and self.at_item:
            self.tell("this answer is not here: s skips it", "caution")
            return
        if not self.judges():
            return
        name, done = self.scoring.give(value)
        self._show_scores()
        number = self.look.item.number or self.look.place
        words = f"saved #{number}"
        said = f"{words}  {brief(self.scoring.scores)}" if done else (
            f"{words}  {name} {VALUES.get(value, value)}"
        )  # fmt: skip
        self._write(token, name, value, advance=done, says=said)

    def _write(self, token: str, name: str, value: int | None, *, advance: bool, says: str) -> None:
        session, seen = self._review, self._seen()
        # Each has a name of its own, so that none is called saved before it is.
        self._count += 1
        self.record(
            f"score {self._count}",
            lambda: session.score(token, name, value, **seen),
            advance=advance,
            says=says,
        )

    def _seen(self) -> dict[str, Any]:
        """What the event tells besides the score: for how long and how much was looked at."""
        text = self.text
        return {
            "ms": round(1000 * (self.clock() - self.painted_at)),
            "seen": round(text.seen, 3),
            "shown": {
                "columns": self.size.width,
                "lines": self.size.height,
                "rendered": text.rendered,
                "expected": text.reference,
            },
        }

    def action_clear(self) -> None:
        if not self.at_item or self.unsaved():
            return
        token, name = self.scoring.token, self.scoring.clear()
        if name is None:
            self.tell("nothing of this answer is scored yet", "dim")
            return
        self._show_scores()
        self._write(token, name, None, advance=False, says=f"{name} cleared")

    def _undone(self, value: tuple[Undone | None, Look]) -> None:
        super()._undone(value)
        taken, look = value
        if taken is None or look.token is None:
            return
        now = look.mark.scores
        changed = [name for name in CRITERIA if taken.before.scores.get(name) != now.get(name)]
        active = changed[0] if changed and taken.token == look.token else ""
        self.scoring = Scoring.of(look.token, now, active)
        self._show_scores()

    def undone_words(self, taken: Undone) -> str:
        if taken.kind != "score" or self.look.token != taken.token:
            return super().undone_words(taken)
        before, now = taken.before.scores, self.look.mark.scores
        changed = [name for name in CRITERIA if before.get(name) != now.get(name)]
        if not changed:
            return super().undone_words(taken)
        name = changed[0]
        was, is_ = (VALUES.get(one[name], one[name]) if name in one else None
                    for one in (before, now))  # fmt: skip
        if was is None:
            return f"{name} is {is_} again"
        return f"{name} {was}" + (f", it is {is_} again" if is_ is not None else "")

    # Looking closer

    def _open(self, what: Text) -> None:
        if not self.at_item:
            return
        if what == "thinking" and not self.look.item.answer.thinking:
            self.tell("this answer has no thinking", "dim")
        elif what == "reference" and self.look.item.reference is None:
            self.tell("the data have no expected answer for this prompt", "dim")
        elif self.text.open(what):
            self.viewed(what)

    def action_prompt(self) -> None:
        self._open("prompt")

    def action_expected(self) -> None:
        self._open("reference")

    def action_thinking(self) -> None:
        self._open("thinking")

    def action_rendered(self) -> None:
        if self.at_item:
            self.rendered = self.text.render_markdown()
            self.tell("Markdown rendered" if self.rendered else "as it was written", "dim")
            if self.rendered:
                self.viewed("rendered")

    async def close_innermost(self) -> bool:
        if self.query_one("#item").display and self.text.body != "answer":
            self.text.open(self.text.body)
            return True
        return await super().close_innermost()

    def action_tokens(self) -> None:
        """The answer's token is its id: this screen knows no more, and no model's name."""
        if not self.at_item or self.look.item.token in self._missing:
            return
        if self._review.blind:
            # Base and fine-tuned are told apart there.
            self.tell("this review is blind: the tokens can be looked at after it", "dim")
            return
        self.viewed("tokens")
        self.post_message(TokensAsked(self.look.item.token, partial(self.viewed, "reference")))

    def action_levels(self) -> None:
        self.app.push_screen(LevelsPage(self._anchors))

    def action_copy(self) -> None:
        if self.at_item:
            self.app.copy_to_clipboard(clean(self.look.item.answer.text, newlines=True))
            self.tell("copied: the answer", "dim")

    def action_other_text(self) -> None:
        self.text.other()

    def action_down(self) -> None:
        self.text.scroll(1)

    def action_up(self) -> None:
        self.text.scroll(-1)

    def action_page_down(self) -> None:
        self.text.page(1)

    def action_page_up(self) -> None:
        self.text.page(-1)

    def action_first(self) -> None:
        self.text.to_end(last=False)

    def action_last(self) -> None:
        self.text.to_end(last=True)

    # To another answer

    def go_to(self, token: str) -> None:
        """Open an answer; it need not be the next one."""
        self.keep_notes(lambda: self.put("go", lambda: self.look_on(token), self._went))

    def _went(self, look: Look) -> None:
        if not self.saving:
            self.show_look(look, anew=True)

    def action_go_on(self) -> None:
        if self.at_item and not self.unsaved():
            session, token = self._review, self.scoring.token
            go = partial(self.put, "go", lambda: self.look_on(session.following(token)), self._went)
            self.keep_notes(go)

    def action_items(self) -> None:
        if self.saving:
            return
        session = self._review

        def work() -> tuple[list[Item], dict[str, Mark]]:
            tokens = list(session.order)
            return [self.fetch(one) for one in tokens], {one: session.mark(one) for one in tokens}

        self.put("items", work, self._list)

    def _list(self, found: tuple[list[Item], dict[str, Mark]]) -> None:
        from tui_eval.ui.screens.review_list import ReviewList

        if self.is_current:
            self.app.push_screen(ReviewList(*found, self.look.token, self.go_to))
