"""Hold rows out for validation: a form, what it would give before anything is written, then
the files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.text import cells, clean, cut
from tui_eval.errors import TuiEvalError
from tui_eval.files import splitting_ask
from tui_eval.files.splitting_write import VALIDATION, check_place, there
from tui_eval.ui import keys
from tui_eval.ui.aside import Aside
from tui_eval.ui.screens.base import WIDE, Plain
from tui_eval.ui.screens.review_layout import Laid
from tui_eval.ui.screens.split_form import (
    KEYS,
    Form,
    Row,
    changed,
    choices,
    form_rows,
    in_the_form,
)
from tui_eval.ui.screens.split_preview import Preview
from tui_eval.ui.screens.split_preview import drawn as preview_lines
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.judge_line import ruled
from tui_eval.ui.widgets.rows import beside, filled, fit, line, padded

if TYPE_CHECKING:
    from tui_eval.core.splits import Plan
    from tui_eval.files.splitting import Scanned
    from tui_eval.files.splitting_near import Leakage
    from tui_eval.files.splitting_write import Made

TO_CLEAN = 5.0
"""Seconds that leaving waits for half-written files to be removed."""
COLUMN = 100
NAME = 11
VALUE = 25
"""Cells of a row's value where a remark stands beside it."""
FORM = 66
"""Cells of the form where the preview stands beside it."""


class SplitText(Drawn, can_focus=True):
    """Form and preview. ``show`` is the only way in; ``Change`` and ``Write`` lead out."""

    DEFAULT_CSS = "SplitText { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("split", "scroll")]
    footer = ("write_split", "change", "down", "page_down", "back", "help")

    class Change(Message):
        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Write(Message):
        """The files are wanted."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form, self._preview = form, Preview()
        self._at = 0
        self._working = ""
        self._stale = False
        self._laid: tuple[int, Laid] = (-1, Laid())

    def show(self, form: Form, preview: Preview, working: str, *, stale: bool) -> None:
        """``working``: what is being done now. ``stale``: the preview is of the form before."""
        same = preview is self._preview and stale == self._stale
        # Another plan is read from its first line.
        kept = preview.plan is self._preview.plan and preview.made is self._preview.made
        self._form, self._preview = form, preview
        self._working, self._stale = working, stale
        if not same:
            top = self._laid[1].top
            self._laid = -1, Laid()
            self._laid[1].top = top if kept else 0
        self.redraw()

    # Keys

    def _move(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), len(KEYS) - 1)
        self.redraw()

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_first(self) -> None:
        self._move(-len(KEYS))

    def action_last(self) -> None:
        self._move(len(KEYS))

    def action_page_down(self) -> None:
        if self._laid[1].turn(1):
            self.redraw()

    def action_page_up(self) -> None:
        if self._laid[1].turn(-1):
            self.redraw()

    def action_change(self) -> None:
        self.post_message(self.Change(KEYS[self._at]))

    def action_write_split(self) -> None:
        self.post_message(self.Write())

    # The picture

    def cursor_line(self) -> int | None:
        # Beside the form the cursor's ground would reach over the preview.
        return 1 + self._at if self.size.width < WIDE else None

    def lines(self, width: int, height: int) -> list[Line]:
        title: Line = [(" split", "text!"), ("   rows held out for validation", "dim")]
        known = self._preview
        rows = form_rows(self._form, known.found, known.plan, looking=bool(self._working))
        if width >= WIDE:
            left = [self._row(n, row, FORM) for n, row in enumerate(rows)]
            right = self._below(width - FORM - 1, height - 1)
            return [title, *beside(filled(left, height - 1), right, FORM, rule="│")]
        made = [title, *(self._row(n, row, width) for n, row in enumerate(rows))]
        return [*made, *self._below(width, height - len(made))]

    def _row(self, number: int, row: Row, width: int) -> Line:
        value = "dim" if row.idle else "text"
        remark = spelled(row.remark)
        room = width - 3 - NAME - 1
        size = min(VALUE, room) if remark and cells(row.value) <= VALUE else room
        if remark and size == room:
            size = max(VALUE, room - cells(remark) - 2)
        shown = line(
            (" ▸ " if number == self._at else "   ", "accent"),
            (f"{row.key:<{NAME}}", "dim"),
            (fit(row.value, size), value),
            ("  " + cut(remark, max(0, room - size - 2)) if remark else "", "dim"),
        )
        return padded(shown, width)

    def _below(self, width: int, height: int) -> list[Line]:
        if self._laid[0] != width:
            top = self._laid[1].top
            made = preview_lines(self._preview, min(width, COLUMN), stale=self._stale)
            self._laid = width, Laid(made)
            self._laid[1].upto(None)
            self._laid[1].top = top
        laid = self._laid[1]
        shown = laid.view(height - 1)
        name = "written" if self._preview.made is not None else "preview"
        right = self._working or ("" if laid.fits else f"{laid.position()}  space pages")
        if not shown and not self._working:
            shown = [line((" What the split would give is shown here, before it is written.",
                           "dim"))]  # fmt: skip
        return [ruled(line((name, "dim")), right, width), *shown]


class SplitScreen(Plain):
    """``take`` is given what to name in eval.toml, once the files are there. No page: help
    lies over it, and the form is as it was."""

    footer = ("back", "help", "leave")

    def __init__(
        self, form: Form, take: Callable[[dict[str, str]], Awaitable[None]] | None = None
    ) -> None:
        super().__init__()
        self._form, self._take = form, take
        self._preview = Preview()
        self._read: tuple[object, ...] = ()
        """What the file was read by."""
        self._stale = False
        self._working = ""
        self._aside = Aside(self)

    def content(self) -> ComposeResult:
        yield SplitText(self._form)

    def on_mount(self) -> None:
        self.query_one(SplitText).focus()
        self._anew()

    def on_unmount(self) -> None:
        # Leaving while files are written: what is half written goes first.
        self._aside.stop(wait=TO_CLEAN if self._aside.kind == "write" else 0.0)

    async def close_innermost(self) -> bool:
        if self._aside.kind != "write":
            return False
        self._aside.cancel()
        self.say("stopping", "dim")
        return True

    def on_aside_ended(self, event: Aside.Ended) -> None:
        if not event.stale:
            self._show()
            self.say("stopped: nothing was written", "caution")

    # The form

    def on_split_text_change(self, event: SplitText.Change) -> None:
        if self._aside.kind == "write":
            self.say("it is being written: esc stops that", "dim")
            return
        if self._form.wishes is None and event.key != "file":
            self.say("choose a file first, in the first row", "dim")
            return
        from tui_eval.ui.screens.sheet import Choose
        from tui_eval.ui.widgets.rowlist import item

        found = choices(self._form, self._preview.found, event.key)
        items = [item((words, "text"), key=name) for name, words in found.offered]

        def chosen(value: str | None) -> None:
            if value is not None:
                self._set(event.key, value)

        sheet = Choose(found.title, items, at=found.at, typed=found.hint, narrows=found.narrows)
        self.app.push_screen(sheet, chosen)

    def _set(self, key: str, value: str) -> None:
        try:
            self._form = changed(self._form, key, value)
        except TuiEvalError as error:
            self.say(clean(in_the_form(f"{error.message} {error.remedy}")), "bad")
            return
        if key == "to":
            self._preview = replace(self._preview, made=None)
            self._show(self._working)
        else:
            self._anew()

    # The preview

    def _anew(self) -> None:
        """Look at the file again as far as the change asks for it."""
        wishes = self._form.wishes
        if wishes is None:
            self._show()
            return
        self._stale = True
        if self._read == wishes.of_file() and self._preview.found is not None:
            self._plan(self._preview.found)
            return
        self._aside.begin("scan", lambda progress: splitting_ask.scanned(wishes, progress))
        self._show("reading")

    def _plan(self, found: Scanned) -> None:
        wishes = self._form.wishes
        assert wishes is not None
        self._aside.begin("plan", lambda progress: splitting_ask.planned(found, wishes, progress))
        self._show("deciding")

    def on_aside_progressed(self, event: Aside.Progressed) -> None:
        if not event.stale:
            self._show(f"{event.stage} {event.rows:,}")

    def on_aside_done(self, event: Aside.Done) -> None:
        if event.stale:
            return
        if event.kind == "scan":
            found = cast("Scanned", event.result)
            wishes = self._form.wishes
            self._read = wishes.of_file() if wishes is not None else ()
            self._preview, self._stale = Preview(found), False
            self._plan(found)
        elif event.kind == "plan":
            self._look(cast("Plan", event.result))
        elif event.kind == "leaks":
            leaks = cast("Leakage", event.result)
            self._preview = Preview(self._preview.found, self._preview.plan, leaks)
            self._show()
        elif event.kind == "write":
            self._written(cast("Made", event.result))

    def _look(self, plan: Plan) -> None:
        found = self._preview.found
        assert found is not None
        self._preview, self._stale = Preview(found, plan), False
        self._aside.begin("leaks", lambda progress: splitting_ask.leakage(found, plan, progress))
        self._show("looking for near duplicates")

    def on_aside_failed(self, event: Aside.Failed) -> None:
        if event.stale:
            return
        if event.kind == "write":
            self.say(in_the_form(event.words), "bad")
            # The file may be another by now.
            self._read = ()
            self._anew()
            return
        self._stale = False
        found = self._preview.found if event.kind != "scan" else None
        self._read = self._read if event.kind != "scan" else ()
        self._preview = Preview(found, error=event.words)
        self._show()

    def _show(self, working: str = "") -> None:
        self._working = working
        self.query_one(SplitText).show(self._form, self._preview, working, stale=self._stale)

    # The files

    async def on_split_text_write(self) -> None:
        wishes, out = self._form.wishes, self._form.out
        if wishes is None or out is None:
            self.say("choose a file first, in the first row", "dim")
        elif self._preview.made is not None:
            self.say("it is written already; change something for another", "dim")
        elif self._preview.error:
            self.say("there is no such split: change what the preview names", "bad")
        elif not self._preview.ready or self._stale or self._aside.kind:
            self.say("not before the leaks are on the screen: they are being looked for", "dim")
        else:
            await self._ask(wishes.file, out)

    async def _ask(self, file: Path, out: Path) -> None:
        """Nothing is replaced without asking."""
        try:
            await asyncio.to_thread(check_place, file, out, overwrite=True)
            present = await asyncio.to_thread(there, out)
        except TuiEvalError as error:
            self.say(clean(in_the_form(f"{error.message} {error.remedy}")), "bad")
            return
        if not present:
            self._write(out, overwrite=False)
            return
        from tui_eval.ui.screens.sheet import Ask

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(out, overwrite=True)

        words = (f"{out} holds {', '.join(present)}. What is there is gone then.",)
        self.app.push_screen(Ask("Replace the split that is there?", words), answered)

    def _write(self, out: Path, *, overwrite: bool) -> None:
        wishes, preview = self._form.wishes, self._preview
        found, plan, leaks = preview.found, preview.plan, preview.leaks
        if wishes is None or found is None or plan is None or leaks is None:
            return
        self._aside.begin(
            "write",
            lambda progress: splitting_ask.written(
                found, plan, wishes, out, overwrite=overwrite, leaks=leaks, progress=progress
            ),
        )
        self._show("writing")

    def _written(self, made: Made) -> None:
        now = self._preview
        self._preview = Preview(now.found, now.plan, now.leaks, made=made)
        self._show()
        if self._take is None:
            self.say(f'name it in eval.toml: [data] validation = "{made.folder / VALIDATION}"')
        else:
            self._offer(made)

    def _offer(self, made: Made) -> None:
        """What stands in eval.toml as training file decides whether the steps see that a model
        has met validation rows: it must be what it was trained with, not what is newest."""
        from tui_eval.ui.screens.sheet import Choose
        from tui_eval.ui.screens.split_taken import taken, taken_choices
        from tui_eval.ui.widgets.rowlist import item

        assert self._form.wishes is not None
        wishes = self._form.wishes
        items = [item((words, "text"), key=name) for name, words in taken_choices(wishes)]

        async def chosen(value: str | None) -> None:
            if value is not None and self._take is not None:
                self.dismiss()
                await self._take(taken(value, wishes, made))

        self.app.push_screen(Choose("what was the model trained with?", items), chosen)
