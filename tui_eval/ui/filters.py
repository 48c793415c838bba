"""What every drawn line passes last, whichever widget drew it."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui_eval.ui.terminal import to_ascii

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class NoControl(LineFilter):
    """The second lock: text is cleaned where it comes in, and should a widget forget that,
    no control character leaves here for the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_safe(segment) for segment in segments]


def _safe(segment: Segment) -> Segment:
    text, style, control = segment
    if control or not _CONTROL.search(text):
        return segment
    return Segment(_CONTROL.sub("\ufffd", text), style)


class NoColour(LineFilter):
    """No colour at all, where ``NO_COLOR`` asks for none: greys are colours too. What is
    bold, underlined or reversed stays so."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, _plain(style), control) for text, style, control in segments]


@lru_cache(1024)
def _plain(style: Style | None) -> Style | None:
    if style is None or (style.color is None and style.bgcolor is None):
        return style
    plain = style.without_color
    return plain + Style.from_meta(style.meta) if style.meta else plain


class ToAscii(LineFilter):
    """The same cells in plain ASCII, where the locale isn't UTF-8."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style)
            for segment in segments
        ]
