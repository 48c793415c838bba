"""A sample's text with a cursor on its tokens, and what the models made of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.screens.sample_words import ends, losses_words, unknown
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rows import (
    beside,
    filled,
    fit,
    line,
    plain,
    signed,
    wrapped,
)  # fmt: skip
from tui_eval.ui.widgets.token_data import Passage, SampleDetail, Token, passages, tokens_of
from tui_eval.ui.widgets.token_paint import legend, painted, signs, stops, without_colour
from tui_eval.ui.widgets.token_readout import readout
from tui_eval.ui.widgets.token_text import Laid, laid_out

SIDES = ("tuned", "base", "change")
NAMES = {"tuned": "● tuned", "base": "○ base", "change": "● against ○"}
BOTH = 116
"""Cells from which base and tuned stand beside each other."""
COLUMN = 100
"""Cells that a column of text grows to."""
AROUND = 6
"""Lines that are not the text: three above, a blank one and the readout below."""
KEYS = (
    "next_view", "previous_view", "cursor_left", "cursor_right", "jump_left", "jump_right",
    "next_event", "previous_event", "down", "up", "page_down", "page_up", "first", "last", "copy",
    "alternatives", "other_answer", "signs",
)  # fmt: skip
OTHERWISE = "its tokens are cut otherwise here"
HINT = ("a: the three likeliest here,", "and the prompt's tokens too")


class SampleText(Drawn, can_focus=True):
    """The text with a cursor on its scored tokens, and a readout of their probabilities."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in keys.bindings("step", "plot", "list", "tokens") if binding.id in KEYS
    ]

    class Asked(Message):
        """Every token is to be told of the text that the job arguments ``wants`` name."""

        def __init__(self, wants: Mapping[str, str]) -> None:
            super().__init__()
            self.wants = wants

    def __init__(self, detail: SampleDetail | None = None) -> None:
        super().__init__()
        self.cursor = 0
        self.top = 0
        self.side = SIDES[0]
        self.signs = without_colour()
        self.status = ("", "dim")
        self._gone = False
        self._page = 10
        self._laid: tuple[int, Laid] = (-1, Laid())
        self._passages: list[Passage] = []
        self._number = 0
        self.tokens: list[Token] = []
        self._stops: tuple[str, list[int]] = ("", [])
        self._losses = ""
        self.detail: SampleDetail | None = None
        if detail is not None:
            self.show(detail)

    def show(self, detail: SampleDetail | None) -> None:
        """None: the sample was looked for and is gone."""
        before, at = self.detail, self._place
        self.detail = detail
        if detail is None:
            self._gone = True
            self.redraw()
            return
        self._passages = passages(detail)
        if before is None:
            self._number = len(self._passages) - 1 if detail.answer_first else 0
            if detail.tuned is None and detail.base is not None:
                self.side = "base"
        self._read()
        if before is not None and at is not None:
            # More is known now: the cursor stays where it stood in the text.
            self._go_to_place(at)
        self.redraw()

    @property
    def passage(self) -> Passage | None:
        return self._passages[self._number] if self._passages else None

    @property
    def _place(self) -> int | None:
        """Where in the text the cursor stands."""
        return self.tokens[self.cursor].start if self.cursor < len(self.tokens) else None

    def _read(self) -> None:
        """Take in the passage that is shown from now on, the cursor on its answer."""
        assert self.passage is not None
        self.tokens = tokens_of(self.passage)
        scored = (number for number, token in enumerate(self.tokens) if token.scored)
        self.cursor = next(scored, 0)
        self._stops = ("", [])
        self._losses = losses_words(self.passage, self.tokens)
        self._laid = (-1, Laid())
        self.top = -1

    def _go_to_place(self, at: int) -> None:
        places = [number for number, token in enumerate(self.tokens) if token.start <= at]
        self.cursor = places[-1] if places else 0

    def tell(self, words: str, role: str = "dim") -> None:
        """Where the job stands, in the place of what it will tell."""
        if self.status != (words, role):
            self.status = words, role
            self.redraw()

    @property
    def footer(self) -> tuple[str, ...]:
        token = ("cursor_left", "next_event", "next_view", "signs") if self.tokens else ()
        passage = self.passage
        more = ("alternatives",) if passage is not None and not passage.complete else ()
        other = ("other_answer",) if len(self._passages) > 1 else ()
        return ("back", *more, *token, *other, "down", "page_down", "copy", "help")

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
        self._stop(1)

    def action_previous_event(self) -> None:
        self._stop(-1)

    @property
    def stops(self) -> list[int]:
        if self._stops[0] != self.side:
            self._stops = self.side, stops(self.tokens, self.side)
        return self._stops[1]

    def _stop(self, by: int) -> None:
        """To the next token that one of the models did not expect; of a change, to the one
        that became worse next to the one under the cursor."""
        found = self.stops
        if self.side == "change":
            now = found.index(self.cursor) if self.cursor in found else -1 if by > 0 else len(found)
            following = found[max(0, now + by) : now + by + 1]
        elif by > 0:
            following = [place for place in found if place > self.cursor][:1]
        else:
            following = [place for place in found if place < self.cursor][-1:]
        if following:
            self._move(following[0] - self.cursor)

    def action_next_view(self) -> None:
        self._turn(1)

    def action_previous_view(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        """Where both stand beside each other there are two views: that, and the change."""
        sides = ("tuned", "change") if self._both(self.size.width - 2, "tuned") else SIDES
        at = sides.index(self.side) if self.side in sides else 0
        self.side = sides[(at + by) % len(sides)]
        self.redraw()

    def action_signs(self) -> None:
        self.signs = not self.signs
        self.top = -1
        self.redraw()

    def action_other_answer(self) -> None:
        if len(self._passages) < 2:
            return
        self._number = (self._number + 1) % len(self._passages)
        self._read()
        self.redraw()
        self.post_message(self.Turned())

    class Turned(Message):
        """Another text of the sample is shown."""

    def action_alternatives(self) -> None:
        if self.passage is not None:
            self.post_message(self.Asked(self.passage.wants))

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
        if self.passage is not None:
            self.app.copy_to_clipboard(clean(self.passage.text, newlines=True))
            getattr(self.screen, "say", lambda words: None)("copied: the whole text")

    # The picture

    def lines(self, width: int, height: int) -> list[Line]:
        passage = self.passage
        if passage is None or self.detail is None:
            gone = " The data no longer hold this sample: they were changed since it was scored."
            return [line((gone if self._gone else " Looking for it.", "dim"))]
        inner = width - 2
        both = self._both(inner, self.side)
        column = min(COLUMN, (inner - 3) // 2 if both else inner)
        laid = self._lay(passage, column)
        room = max(1, height - AROUND)
        signed_lines = self.signs and bool(self.tokens)
        self._page = max(1, room // 2) if signed_lines else room
        if self.top < 0:
            at = laid.places[self.cursor] if self.cursor < len(laid.places) else 0
            self.top = max(0, at - self._page // 2)
        self.top = min(self.top, max(0, len(laid.lines) - self._page))
        body = self._body(laid, "tuned" if both else self.side)
        if both:
            body = beside(self._body(laid, "base"), body, column)
        made = [
            *self._head(passage, inner, column, both), *filled(body, room), [],
            *self._readout(passage, inner),
        ]  # fmt: skip
        return [[(" ", "text"), *runs] for runs in made]

    def _both(self, inner: int, side: str) -> bool:
        """Whether base and tuned stand beside each other."""
        known = any(token.base is not None for token in self.tokens) and any(
            token.tuned is not None for token in self.tokens
        )
        return side != "change" and inner >= BOTH and known

    def _lay(self, passage: Passage, width: int) -> Laid:
        if self._laid[0] != width:
            self._laid = width, laid_out(passage.text, passage.scored, self.tokens, width)
        return self._laid[1]

    def _body(self, laid: Laid, side: str) -> list[Line]:
        made = []
        before: int | None = None
        for pieces in laid.lines[self.top : self.top + self._page]:
            made.append(painted(pieces, self.tokens, side, self.cursor))
            if self.signs and self.tokens:
                made.append(signs(pieces, self.tokens, side, self.cursor, before))
                before = pieces[-1].token if pieces else None
        return made

    def _head(self, passage: Passage, width: int, column: int, both: bool) -> list[Line]:
        """Which sample, its losses, then what the shades mean."""
        assert self.detail is not None
        sample = self.detail.sample
        category = clean(sample.category or "", limit=40)
        name = line((f"#{sample.row}", "text!"), f"  {category}" if category else "")
        if len(self._passages) > 1:
            name += line((f"  {passage.name}", "accent"))
        total = len(self._laid[1].lines)
        seen = f"line {self.top + 1}-{min(total, self.top + self._page)}/{total}"
        losses = signed(self._losses, "text")
        first = ends([*name, ("   ", "text"), *losses], seen, width)
        if not self.tokens:
            return [first, line((unknown(passage), "dim")), []]
        if both:
            names = signed(fit(NAMES["base"], column + 3) + NAMES["tuned"], "dim")
            return [first, ends(legend("base", self.signs), self._where(), width), names]
        view = [*signed(f"{NAMES[self.side]}   ", "dim"), *legend(self.side, self.signs)]
        return [first, ends(view, self._where(), width), []]

    def _where(self) -> str:
        """Which token the cursor is on; of a change, which of those that became worse."""
        if self.side == "change" and self.cursor in self.stops:
            return f"worst {self.stops.index(self.cursor) + 1} of {len(self.stops)}"
        return f"token {self.cursor + 1} of {len(self.tokens)}"

    def _readout(self, passage: Passage, width: int) -> list[Line]:
        words, role = self.status
        hints = [[], []] if passage.complete else [line((hint, "dim")) for hint in HINT]
        if words and not passage.complete:
            # Wrapped into what is left of the two lines.
            hints = [line((part, role)) for part in wrapped(words, max(20, width - 42), 2)]
        if not self.tokens:
            return [*hints, [], []][:2] if words else [[], []]
        token = self.tokens[self.cursor]
        if passage.complete and token.base is None and not passage.alone:
            hints = [line((OTHERWISE, "dim")), []]
        return readout(token, passage.text[token.start : token.end], width, hints)

    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(plain(made).rstrip() for made in self.lines(*self.size))
