"""``enter`` on a sample: the whole of it as the models saw it, token by token."""

from __future__ import annotations

import math
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.text import cells, clean
from tui_eval.ui import keys
from tui_eval.ui.format import figure
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rows import beside, cropped, filled, fit, line, plain, signed
from tui_eval.ui.widgets.token_text import (
    Laid,
    SampleDetail,
    Token,
    laid_out,
    legend,
    painted,
    tokens_of,
)

SIDES = ("tuned", "base", "change")
NAMES = {"tuned": "● tuned", "base": "○ base", "change": "● tuned against ○ base"}
SURPRISE = 3.0
"""Nats from which ``n`` stops at a token."""
BOTH = 116
"""Cells from which base and tuned stand beside each other."""
COLUMN = 100
"""Cells that a column of text grows to."""
KEYS = (
    "next_view", "previous_view", "cursor_left", "cursor_right", "jump_left", "jump_right",
    "next_event", "previous_event", "down", "up", "page_down", "page_up", "first", "last", "copy",
)  # fmt: skip


class SampleText(Drawn, can_focus=True):
    """The text with a cursor on its scored tokens, and a readout of their probabilities."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in keys.bindings("step", "plot", "list") if binding.id in KEYS
    ]

    def __init__(self, detail: SampleDetail | None = None) -> None:
        super().__init__()
        self.cursor = 0
        self.top = 0
        self.side = SIDES[0]
        self._gone = False
        self._page = 10
        self._laid: tuple[int, Laid] = (-1, Laid())
        self.tokens: list[Token] = []
        self.detail: SampleDetail | None = None
        if detail is not None:
            self.show(detail)

    def show(self, detail: SampleDetail | None) -> None:
        """None: the sample was looked for and is gone."""
        self.detail = detail
        if detail is None:
            self._gone = True
            self.redraw()
            return
        self.tokens = tokens_of(detail)
        if detail.tuned is None and detail.base is not None:
            self.side = "base"
        self._laid = (-1, Laid())
        self.top = -1
        self.redraw()

    @property
    def footer(self) -> tuple[str, ...]:
        token = ("cursor_left", "next_event", "next_view") if self.tokens else ()
        return ("back", *token, "down", "page_down", "copy", "help")

    # Keys

    def _move(self, by: int) -> None:
        if self.tokens:
            self.cursor = min(len(self.tokens) - 1, max(0, self.cursor + by))
            self._reveal()
            self.redraw()

    def action_cursor_left(self) -> None:
        self._move(-1)

    def action_cursor_right(self) -> None:
        self._move(1)

    def action_jump_left(self) -> None:
        self._move(-10)

    def action_jump_right(self) -> None:
        self._move(10)

    def action_next_event(self) -> None:
        self._surprising(range(self.cursor + 1, len(self.tokens)))

    def action_previous_event(self) -> None:
        self._surprising(range(self.cursor - 1, -1, -1))

    def _surprising(self, places: range) -> None:
        """To the next token that one of the models did not expect."""
        for place in places:
            token = self.tokens[place]
            if max(token.base or 0.0, token.tuned or 0.0) >= SURPRISE:
                self._move(place - self.cursor)
                return

    def action_next_view(self) -> None:
        self._turn(1)

    def action_previous_view(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        self.side = SIDES[(SIDES.index(self.side) + by) % len(SIDES)]
        self.redraw()

    def action_down(self) -> None:
        self._scroll(1)

    def action_up(self) -> None:
        self._scroll(-1)

    def action_page_down(self) -> None:
        self._scroll(self._page - 1)

    def action_page_up(self) -> None:
        self._scroll(1 - self._page)

    def action_first(self) -> None:
        self._scroll(-len(self._laid[1].lines))

    def action_last(self) -> None:
        self._scroll(len(self._laid[1].lines))

    def _scroll(self, by: int) -> None:
        """Move the text; the cursor follows to a token that is seen."""
        laid = self._laid[1]
        self.top = min(max(0, self.top + by), max(0, len(laid.lines) - self._page))
        seen = [
            number
            for number, place in enumerate(laid.places)
            if self.top <= place < self.top + self._page
        ]
        if seen:
            self.cursor = min(max(self.cursor, seen[0]), seen[-1])
        self.redraw()

    def _reveal(self) -> None:
        places = self._laid[1].places
        if self.cursor < len(places):
            place = places[self.cursor]
            if place < self.top:
                self.top = max(0, place - self._page + 2)
            elif place >= self.top + self._page:
                self.top = place - 1

    def action_copy(self) -> None:
        if self.detail is not None:
            self.app.copy_to_clipboard(clean(self._text(), newlines=True))
            getattr(self.screen, "say", lambda words: None)("copied: the whole text")

    # The picture

    def _text(self) -> str:
        """As the models saw it; where it was never rendered, the row's own words."""
        assert self.detail is not None
        if self.detail.rendering is not None:
            return self.detail.rendering.text
        sample = self.detail.sample
        if sample.text is not None:
            return sample.text
        return "\n\n".join(f"{turn.role}: {turn.content}" for turn in sample.messages)

    def lines(self, width: int, height: int) -> list[Line]:
        detail = self.detail
        if detail is None:
            gone = " The data no longer hold this sample: they were changed since it was scored."
            return [line((gone if self._gone else " Looking for it.", "dim"))]
        inner = width - 2
        both = inner >= BOTH and detail.base is not None and detail.tuned is not None
        column = min(COLUMN, (inner - 3) // 2 if both else inner)
        laid = self._lay(column)
        self._page = max(1, height - 5)
        if self.top < 0:
            first = laid.places[0] if laid.places else 0
            self.top = max(0, first - self._page // 2)
        self.top = min(self.top, max(0, len(laid.lines) - self._page))
        body = self._body(laid, "tuned" if both else self.side)
        if both:
            body = beside(self._body(laid, "base"), body, column)
        head = self._head(inner, column, both)
        made = [*head, *filled(body, self._page), [], self._readout(inner)]
        return [[(" ", "text"), *runs] for runs in made]

    def _lay(self, width: int) -> Laid:
        if self._laid[0] != width:
            detail = self.detail
            assert detail is not None
            scored = detail.rendering.scored if detail.rendering is not None else ()
            tokens = self.tokens if detail.rendering is not None else []
            self._laid = width, laid_out(self._text(), scored, tokens, width)
        return self._laid[1]

    def _body(self, laid: Laid, side: str) -> list[Line]:
        shown = laid.lines[self.top : self.top + self._page]
        return [painted(pieces, self.tokens, side, self.cursor) for pieces in shown]

    def _head(self, width: int, column: int, both: bool) -> list[Line]:
        """Which sample, its losses, then what the shades mean."""
        assert self.detail is not None
        sample = self.detail.sample
        category = clean(sample.category or "", limit=40)
        name = line((f"#{sample.row}", "text!"), f"  {category}" if category else "")
        losses = signed(self._losses(), "text")
        total = len(self._laid[1].lines)
        seen = f"line {self.top + 1}-{min(total, self.top + self._page)}/{total}"
        top = [*name, ("   ", "text"), *losses]
        gap = width - sum(cells(text) for text, _ in top) - len(seen)
        first = [*top, (" " * gap, "text"), (seen, "dim")] if gap > 1 else cropped(top, width)
        if not self.tokens:
            words = (
                "not scored yet: r on the step fills this in"
                if self.detail.rendering
                else ("as the row has it: rendered and scored once r was pressed on the step")
            )
            return [first, line((words, "dim")), []]
        if both:
            names = signed(fit(NAMES["base"], column + 3) + NAMES["tuned"], "dim")
            return [first, legend("base"), names]
        view = [*signed(f"{NAMES[self.side]}   ", "dim"), *legend(self.side)]
        return [first, cropped(view, width), []]

    def _losses(self) -> str:
        """``○ 1.42 → ● 2.97 nats/token, 34 scored``."""
        assert self.detail is not None
        base, tuned = self.detail.base, self.detail.tuned
        known = [(mark, loss) for mark, loss in (("○", base), ("●", tuned)) if loss is not None]
        if not known:
            return ""
        failed = next((loss.error for _, loss in known if loss.error), "")
        if failed:
            return clean(failed, limit=60)
        means = spelled(" → ").join(f"{mark} {figure(loss.mean)}" for mark, loss in known)
        return f"{means} nats/token, {known[-1][1].tokens} scored"

    def _readout(self, width: int) -> Line:
        """The token under the cursor and how likely each model found it."""
        if not self.tokens or self.cursor >= len(self.tokens):
            return []
        token = self.tokens[self.cursor]
        text = clean(self._text()[token.start : token.end], limit=24) or "(no characters)"
        runs = line((fit(f"“{text}”", 16), "text!"))
        for name, nats in (("○ base", token.base), ("● tuned", token.tuned)):
            runs += [*signed(f"  {name} ", "dim"), (probability(nats), "text!")]
            runs += line((f" ({figure(nats, 2)} nats)" if nats is not None else "", "dim"))
        place = f"  {self.cursor + 1} of {len(self.tokens)}"
        if token.tokens > 1:
            place += f" ({token.tokens} tokens in one character)"
        return cropped([*runs, (place, "dim")], width)

    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(plain(made).rstrip() for made in self.lines(*self.size))


def probability(nats: float | None) -> str:
    """``exp(-nats)`` as a percentage of six cells."""
    if nats is None or not math.isfinite(nats):
        return f"{'-':>6}"
    share = 100 * math.exp(-nats)
    return f"{share:5.1f}%" if share >= 0.1 else "<0.1% "


class SamplePage(Plain):
    """``esc`` closes it. Opens at once; ``Found`` brings the sample when it has been read."""

    class Found(Message, bubble=False):
        """``detail`` is None where the data no longer hold the sample."""

        def __init__(self, detail: SampleDetail | None) -> None:
            super().__init__()
            self.detail = detail

    def __init__(self, detail: SampleDetail | None = None) -> None:
        super().__init__()
        self._detail = detail

    def content(self) -> ComposeResult:
        yield SampleText(self._detail)

    def on_mount(self) -> None:
        self.query_one(SampleText).focus()

    def on_sample_page_found(self, event: Found) -> None:
        self.query_one(SampleText).show(event.detail)
        self.show_keys()
