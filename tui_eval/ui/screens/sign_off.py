"""Signing: what speaks for and against, what is open, and the decision of a named person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.moments import day
from tui_eval.core.sign_off_records import WORDS, Decision, SignOff
from tui_eval.core.steps.sign_off import needs_text, open_text, weigh
from tui_eval.core.text import clean, cut
from tui_eval.errors import TuiEvalError
from tui_eval.files.signing import Signed
from tui_eval.store.journal import login
from tui_eval.store.layout import host
from tui_eval.ui import keys
from tui_eval.ui.decision_words import lacking, signer, told
from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.page import MARGINS, READ, Title
from tui_eval.ui.screens.sheet import Ask
from tui_eval.ui.widgets.note_field import NoteField
from tui_eval.ui.widgets.rowlist import Item, RowList, item
from tui_eval.ui.widgets.rows import fit, joined, signed, wrapped

if TYPE_CHECKING:
    from textual.app import App

    from tui_eval.ui.desk import Desk
    from tui_eval.ui.looker import Looker
    from tui_eval.ui.scene import Scene

LABEL = 9
"""Cells of the names at the left."""
SAID, TALL = 2, 34
"""Contradictions in words, on a screen of fewer lines than that."""
_READING = "not yet: what the steps say is still being read"
OFFERED: tuple[Decision, ...] = ("deploy", "hold", "more_work")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be signed."""

    judge: str
    note: str = ""
    saving: bool = False


def open_sign_off(app: App[int], looker: Looker, desk: Desk, names: Sequence[str]) -> None:
    """Open the screen, once it is known who signs."""
    if not looker.scene.candidate:
        app.screen.say("no candidate is named in eval.toml", "dim")  # type: ignore[attr-defined]
        return
    desk.named(lambda: app.push_screen(SignOffScreen(looker, desk)), names, "Who signs?")


class SignOffScreen(Watching):
    """Nothing is signed before the question that ``↵`` asks is answered with yes."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("sign_off")]
    help_places = ("sign_off", "scroll")
    footer = ("sign", "sign_note", "down", "back", "help", "leave")

    class Answered(Message, bubble=False):
        """It is on the disk, or why it is not."""

        def __init__(self, answer: SignOff | TuiEvalError) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, looker: Looker, desk: Desk) -> None:
        super().__init__()
        self._looker, self._desk = looker, desk
        self._scene = looker.scene
        self._draft = Draft(desk.judge, desk.drafts.get(looker.scene.candidate, ""))

    def content(self) -> ComposeResult:
        yield Title("sign-off")
        yield RowList()
        yield NoteField()

    def on_mount(self) -> None:
        self.query_one(Title).show("sign-off", f"judge {clean(self._draft.judge)}")
        rows = self.query_one(RowList)
        rows.focus()
        # On what is always open: nobody deploys by keeping enter down.
        rows.fill(self._items(), at="hold")

    def on_resize(self) -> None:
        self._refill()

    def scene_changed(self, scene: Scene) -> None:
        if scene.candidate == self._scene.candidate:
            self._scene = scene
            self._refill()

    def _refill(self) -> None:
        rows = self.query_one(RowList)
        made = self._items()
        at = rows.current.key if rows.current is not None else ""
        rows.fill(made, at=at if at in [one.key for one in made] else "hold")

    def _items(self) -> list[Item]:
        width = max(40, min(self.size.width - MARGINS, READ))
        few = self.size.height < TALL
        return list(lines(self._scene, self._draft, width, most=SAID if few else None))

    # What a person does.

    def action_sign(self) -> None:
        current = self.query_one(RowList).current
        decision = next((one for one in (*OFFERED, "none") if current and current.key == one), None)
        if current is not None and current.key == "note":
            self.action_sign_note()
        if decision is None or self._draft.saving:
            return
        if not self._scene.known:
            self.say(_READING, "caution")
            return
        missing = self._scene.decided.missing
        if decision == "deploy" and missing:
            self.say(f"not yet: deploy needs {needs_text(missing)}", "caution")
            return
        self._ask(decision)

    def _ask(self, decision: Decision) -> None:
        judge = clean(self._draft.judge)
        what = "Withdraw the decision" if decision == "none" else f"Sign “{WORDS[decision]}”"
        words = ["It is kept for ever; a later decision, of anybody, takes its place."]
        if decision != "none" and self._scene.contradictions:
            words.insert(0, "Some steps don't agree with each other.")

        # What was before their eyes when they were asked, whatever is read meanwhile.
        scene = self._scene

        def answered(yes: bool | None) -> None:
            if yes:
                self._sign(decision, scene)

        self.app.push_screen(Ask(f"{what} as {judge}?", words), answered)

    def _sign(self, decision: Decision, scene: Scene) -> None:
        if scene.standing is None:
            self.say(_READING, "caution")
            return
        self._draft = replace(self._draft, saving=True)
        judge, note = self._draft.judge, self._draft.note
        asked = Signed(scene.candidate, judge, decision, note, scene.readings, scene.standing)
        self.say("saving …", "dim")
        self._looker.sign(asked, lambda answer: self.post_message(self.Answered(answer)))

    def on_sign_off_screen_answered(self, message: Answered) -> None:
        self._draft = replace(self._draft, saving=False)
        answer = message.answer
        if isinstance(answer, TuiEvalError):
            self.say(clean(f"{answer.message} {answer.remedy}".strip()), "bad")
            # Perhaps the name is taken by another window, or is none.
            self._desk.forget()
            return
        self._desk.drafts.pop(answer.candidate, None)
        done = "withdrawn" if answer.decision == "none" else WORDS[answer.decision]
        self.dismiss()
        from tui_eval.ui.messages import say

        say(self.app, f"saved: {done}, signed by {clean(answer.by)}", "good")

    # The note.

    def action_sign_note(self) -> None:
        self.query_one(NoteField).open(self._draft.note, {})
        self.show_keys()

    def on_note_field_saved(self, event: NoteField.Saved) -> None:
        self._noted(event.text)

    def on_note_field_kept(self, event: NoteField.Kept) -> None:
        self._noted(event.draft.strip())

    def _noted(self, text: str) -> None:
        self._desk.drafts[self._scene.candidate] = text
        self._draft = replace(self._draft, note=text)
        self.query_one(NoteField).close()
        self.query_one(RowList).focus()
        self._refill()
        self.show_keys()

    async def close_innermost(self) -> bool:
        field = self.query_one(NoteField)
        if not field.is_open:
            return False
        self._noted(field.typed.strip())
        return True


def lines(scene: Scene, draft: Draft, width: int, most: int | None = None) -> Iterator[Item]:
    """The whole screen: the cursor stands on decisions, and on what a small screen has to be
    scrolled to. ``most``: so many
    contradictions in words."""
    found = weigh(scene.readings)
    for name, phrases in (
        ("for", found.speaks_for), ("against", found.against), ("open", found.open),
    ):  # fmt: skip
        yield from _phrases(name, phrases, width)
    told = scene.contradictions[:most]
    for number, one in enumerate(told):
        yield from _paragraph("" if number else "but", clean(one.text), width, "caution")
    if left := len(scene.contradictions) - len(told):
        yield from _paragraph("", f"and {left} more: the checklist lists them", width, "dim")
    yield Item([])
    yield from _choices(scene)
    yield Item([])
    note = clean(draft.note) if draft.note else "none; n writes one"
    yield from _paragraph("note", note, width, "text" if draft.note else "dim", key="note")
    who = f"{clean(draft.judge)} ({clean(login())}@{clean(host())})"
    yield from _paragraph(
        "signs", f"{who}, for ● {about(scene)} as they are now", width, "dim", key="signs"
    )
    yield from _earlier(scene, width)


def about(scene: Scene) -> str:
    return f"{scene.about.tuned or clean(scene.candidate)} and the data"


def _choices(scene: Scene) -> Iterator[Item]:
    decided = scene.decided
    for decision in OFFERED:
        closed = decision == "deploy" and (decided.missing or not scene.known)
        words = ""
        if decision == "deploy":
            have = open_text(scene.readings)
            words = lacking(decided.missing, "") if closed else f"open: {have}"
            words = words if scene.known else "looking …"
        role = "dim" if closed else "text!"
        yield item((fit(WORDS[decision], 13), role), (words, "dim"), key=decision)
    if decided.last is not None:
        last = decided.last
        old = " (out of date)" if decided.stale else ""
        words = f"{WORDS[last.decision]}, {signer(last)}, {day(last.at)}{old}: no longer counts"
        yield item((fit("withdraw", 13), "text!"), (words, "dim"), key="none")


def _earlier(scene: Scene, width: int) -> Iterator[Item]:
    """The decision that counts, then those before it, the newest first."""
    decided = scene.decided
    for fault in decided.faults:
        yield from _paragraph(
            "damaged", f"a newer decision may be hidden: {clean(fault)}", width, "caution"
        )
    entries = [("counts", decided.last)] if decided.last is not None else []
    entries += [("" if n else "earlier", one) for n, one in enumerate(decided.earlier)]
    for number, (name, one) in enumerate(entries):
        if not number:
            yield Item([])
        text = told(one)
        if one is decided.last and decided.changed:
            text += f"; out of date: {', '.join(decided.changed)}"
        if one is decided.last and decided.unseen:
            text += f"; not on this machine: {', '.join(decided.unseen)}"
        yield from _paragraph(name, text, width, "text", key=f"earlier {number}")
        if one.note:
            note = f"“{cut(clean(one.note), 4 * width)}”"
            yield from _paragraph("", note, width, "dim")


def _phrases(name: str, phrases: Sequence[str], width: int) -> Iterator[Item]:
    """Joined by dots, broken between them only."""
    found = joined(phrases or ("nothing",), width - LABEL)
    for number, text in enumerate(found):
        role = "text" if phrases else "dim"
        yield Item([(fit("" if number else name, LABEL), "dim"), *signed(text, role)])


def _paragraph(name: str, text: str, width: int, role: str, key: str = "") -> Iterator[Item]:
    for number, piece in enumerate(wrapped(text, width - LABEL)):
        head = fit("" if number else name, LABEL)
        runs = [(head, "dim"), *signed(piece, role)]
        yield Item(runs, "" if number else key, f"{name} {text}".strip())
