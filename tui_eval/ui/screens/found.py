"""The opening screen of a checkpoint without eval.toml: what was found, to be corrected."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.text import cells, clean, cut
from tui_eval.errors import TuiEvalError
from tui_eval.ui import keys
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rowlist import Item, item

if TYPE_CHECKING:
    from tui_eval.core.records import Sample
    from tui_eval.files.found import Found, FoundRow
    from tui_eval.ui.screens.split_form import Form

KEY, MARK, SOURCE, GAP = 12, 2, 20, 2
SIGNS = {"tuned": ("● ", "tuned"), "base": ("○ ", "base")}
ASKED = ("tuned", "base", "log", "validation", "training")
"""Rows whose file can be named; ``prompt`` can be too, ``memory`` is only told."""
NARROW, TALLEST = 100, 18


class FoundRows(Drawn, can_focus=True):
    """The rows with a cursor, then one example of the data."""

    DEFAULT_CSS = "FoundRows { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("found"),
        *(b for b in keys.bindings("list") if b.id in ("down", "up", "first", "last")),
        *(b for b in keys.bindings("main") if b.id == "hold_out"),
    ]
    footer = ("accept", "edit", "example", "hold_out", "help", "leave")

    class Edit(Message):
        def __init__(self, row: FoundRow) -> None:
            super().__init__()
            self.row = row

    class Accept(Message):
        """It is right."""

    class HoldOut(Message):
        """Rows should be held out for validation."""

    def __init__(self, found: Found, note: str) -> None:
        super().__init__(id="found")
        self._found, self._note = found, note
        self._at = 0
        self._example = 0
        self._cursor: int | None = None

    def show(self, found: Found) -> None:
        self._found = found
        self._example = 0
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        shown = head(self._found, self._note)
        for index, row in enumerate(self._found.rows):
            if index == self._at:
                self._cursor = len(shown)
            shown += row_lines(row, min(width, NARROW), here=index == self._at)
        room = min(height - len(shown) - 2, TALLEST)
        examples = self._found.examples
        if examples and room >= 4:
            sample = examples[self._example % len(examples)]
            shown += [[], *example_lines(sample, min(width, NARROW), room)]
        return shown

    def cursor_line(self) -> int | None:
        return self._cursor

    def _move(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), len(self._found.rows) - 1)
        self.redraw()

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_first(self) -> None:
        self._move(-len(self._found.rows))

    def action_last(self) -> None:
        self._move(len(self._found.rows))

    def action_example(self) -> None:
        self._example += 1
        self.redraw()

    def action_edit(self) -> None:
        self.post_message(self.Edit(self._found.rows[self._at]))

    def action_hold_out(self) -> None:
        self.post_message(self.HoldOut())

    def action_accept(self) -> None:
        self.post_message(self.Accept())


def head(found: Found, note: str) -> list[Line]:
    path = clean(str(found.checkpoint.path))
    lines: list[Line] = [[(" tui-eval  ", "text!"), (path, "text")], []]
    if found.checkpoint.kind == "empty":
        lines += [
            [(" There is no checkpoint, no model and no training log in this folder.", "caution!")],
            [(" Give one:  tui-eval path/to/checkpoint   or look at:  tui-eval demo", "text")],
        ]
    else:
        lines.append([(" This is what I found. Is it right?", "text!")])
    if note:
        lines.append([(f" {clean(note)}", "caution")])
    return [*lines, []]


def row_lines(row: FoundRow, width: int, *, here: bool) -> list[Line]:
    """Name, value, where from; what is wrong on a line of its own unless there is no value."""
    room = width - 3 - KEY - MARK - SOURCE - GAP
    sign, role = SIGNS.get(row.key, ("  ", "text")) if row.value else ("  ", "text")
    value, problem = clean(row.value), clean(row.problem)
    source = clean(row.source)
    colour = "text"
    if not value:
        value, problem, colour = problem or "not found", "", "caution" if row.missing else "dim"
        source = spelled("↵ choose") if can_change(row) else source
        if row.key == "validation":
            source = spelled("↵ choose, H split")
    if not source:
        room += SOURCE
    lines = wrap(value, room) or [""]
    first: Line = [
        (" ▸ " if here else "   ", "accent"),
        (f"{row.key:<{KEY}}", "dim"),
        (sign, role),
        (lines[0] + " " * (room - cells(lines[0]) + GAP), colour),
        (cut(source, SOURCE), "dim"),
    ]
    indent = " " * (3 + KEY + MARK)
    more: list[Line] = [[(indent, "text"), (text, colour)] for text in lines[1:3]]
    for text in wrap(problem, width - cells(indent) - 3)[:2] if problem else ():
        more.append([(indent, "text"), ("! " if not more else "  ", "caution"), (text, "caution")])
    return [first, *more]


def can_change(row: FoundRow) -> bool:
    return bool(row.choices) or row.key in ASKED


def example_lines(sample: Sample, width: int, room: int) -> list[Line]:
    """One row of the data under a rule, the answer marked where scoring begins."""
    where = clean(f"{sample.source} line {sample.row}" if sample.row else sample.source)
    title: Line = [(" ─ ", "rule"), (f"a validation row, {where}", "dim"), (" ", "text")]
    title.append(("─" * max(0, width - 1 - sum(cells(text) for text, _ in title)), "rule"))
    body = sample_lines(sample, width - 2)
    if len(body) > room - 1:
        body = [*body[: room - 2], [(" …", "dim")]]
    return [title, *body]


def sample_lines(sample: Sample, width: int) -> list[Line]:
    if sample.text is not None:
        return _wrapped(sample.text, width)
    lines: list[Line] = []
    last = len(sample.messages) - 1
    for index, turn in enumerate(sample.messages):
        head: Line = [(f" {clean(turn.role, limit=30)}", "dim")]
        if index == last and turn.role == "assistant":
            head.append((spelled("  ← scored from here"), "dim"))
        lines += [head, *_wrapped(turn.content, width)]
    return lines


def _wrapped(text: str, width: int) -> list[Line]:
    shown = clean(text, newlines=True, limit=4000)
    return [
        [(f" {line}", "text")] for part in shown.split("\n") for line in wrap(part, width) or [""]
    ]


class FoundScreen(Plain):
    """``confirm`` is the app's: it writes eval.toml and opens the checklist."""

    class Confirmed(Message):
        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    def __init__(self, found: Found, note: str = "") -> None:
        super().__init__()
        self._found, self._note = found, note

    def content(self) -> ComposeResult:
        yield FoundRows(self._found, self._note)

    def on_mount(self) -> None:
        self.query_one(FoundRows).focus()

    def on_found_rows_edit(self, event: FoundRows.Edit) -> None:
        row = event.row
        if not can_change(row):
            self.say("this follows from the rows above", "dim")
            return
        from tui_eval.ui.screens.sheet import Choose

        async def chosen(value: str | None) -> None:
            if value is not None:
                await self._correct({row.key: value})

        self.app.push_screen(Choose(row.key, choice_items(row), typed=HINTS.get(row.key)), chosen)

    def on_found_rows_hold_out(self) -> None:
        from tui_eval.ui.screens.split import SplitScreen

        async def take(files: dict[str, str]) -> None:
            await self._correct(files)

        self.app.push_screen(SplitScreen(to_split(self._found), take))

    async def _correct(self, chosen: Mapping[str, str]) -> None:
        """Take what was chosen for some rows."""
        self.say("looking …", "dim")
        try:
            for key, value in chosen.items():
                # Reads the named file: not on the thread that draws.
                self._found = await asyncio.to_thread(self._found.with_choice, key, value)
        except TuiEvalError as error:
            self.say(f"{error.message} {error.remedy}", "bad")
            return
        self.key_line.silence()
        self.query_one(FoundRows).show(self._found)

    def on_found_rows_accept(self) -> None:
        if self._found.checkpoint.kind == "empty":
            self.say("there is nothing to judge here: choose a checkpoint in the first row", "bad")
        else:
            self.post_message(self.Confirmed(self._found))


def to_split(found: Found) -> Form:
    """The training file is what rows are held out of, else what else there is."""
    from tui_eval.ui.screens.split_form import begun

    named = [one for one in (found.train, found.validation, found.test) if one is not None]
    offered = [
        Path.cwd() / choice
        for row in found.rows
        if row.key in ("training", "validation")
        for choice in row.choices
    ]
    return begun(found.train, found.train, [*named, *offered])


HINTS = {
    "tuned": "or type the path of a checkpoint",
    "base": "or type a folder or a hub name",
    "log": "or type the path of a training log",
    "validation": "or type a path",
    "training": "or type a path",
    "prompt": "or type the path of a Jinja file",
}


def choice_items(row: FoundRow) -> Sequence[Item]:
    return [item((clean(choice), "text"), key=choice) for choice in row.choices]
