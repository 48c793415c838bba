"""Markdown, lightly rendered: one line of the source at a time, so that long answers stay
cheap, and nothing is left out that the text says.

Headings and emphasis are bold, lists get round ticks and hang, code a bar at its left;
a link is its words with the address behind them, never something to follow. The text is
clean before it comes here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_eval.ui.terminal import ascii_only
from tui_eval.ui.widgets.wrapping import Span

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*$")
_BULLET = re.compile(r"^(\s*)[-*+]\s+(?=\S)")
_NUMBER = re.compile(r"^(\s*)(\d{1,9}[.)])\s+(?=\S)")
_QUOTE = re.compile(r"^ {0,3}((?:>\s?)+)")
_RULE = re.compile(r"^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
_INLINE = re.compile(
    r"(?P<code>(?P<ticks>`+)(?P<inner>.+?)(?P=ticks)(?!`))"
    r"|(?P<strong>(?P<stars>\*\*|__)(?=\S)(?P<bold>.+?\S|\S)(?P=stars))"
    r"|(?P<em>(?<![\w*])\*(?=[^\s*])(?P<star>[^*]+?)(?<=[^\s*])\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<under>[^_]+?)(?<=[^\s_])_(?![\w_]))"
    r"|(?P<link>!?\[(?P<words>[^\[\]]*)\]\((?P<url>[^()\s]*)\))"
)
LONGEST = 4000
"""Characters of a line that are looked through for emphasis; a longer one stays raw."""


@dataclass(frozen=True, slots=True)
class Part:
    """A source line as it is shown: ``text`` with roles, ``first`` before its first line
    and ``rest`` before the others (both equally wide)."""

    text: str
    spans: tuple[Span, ...] = ()
    first: str = ""
    rest: str = ""
    role: str = "text"
    rule: bool = False
    """A line across."""


@dataclass(slots=True)
class Renderer:
    """Takes the lines of one text in their order; knows whether code goes on."""

    fence: str = ""

    def take(self, line: str) -> Part:
        fence = _FENCE.match(line)
        if self.fence:
            if fence and fence[1].startswith(self.fence) and not fence[2]:
                self.fence = ""
                return Part("")
            return Part(line, first="▏ ", rest="▏ ")
        if fence:
            self.fence = fence[1]
            return Part(fence[2], role="dim", first="▏ ", rest="▏ ")
        return _block(line)


def _block(line: str) -> Part:
    if _RULE.match(line):
        return Part("", rule=True)
    heading = _HEADING.match(line)
    if heading:
        text, _ = _inline(heading[2])
        return Part(text, ((0, len(text), "text!"),) if text else ())
    quote = _QUOTE.match(line)
    if quote:
        text, spans = _inline(line[quote.end() :])
        bar = "▏ " * quote[1].count(">")
        return Part(text, spans, bar, bar)
    bullet = _BULLET.match(line)
    number = _NUMBER.match(line) if bullet is None else None
    found = bullet or number
    if found is not None:
        text, spans = _inline(line[found.end() :])
        tick = ("-" if ascii_only() else "•") if bullet else number[2] if number else ""
        first = f"{found[1][:16]}{tick} "
        return Part(text, spans, first, " " * len(first))
    indent = len(line) - len(line.lstrip(" "))
    text, spans = _inline(line[indent:])
    return Part(text, spans, " " * min(indent, 16), " " * min(indent, 16))


def _inline(text: str) -> tuple[str, tuple[Span, ...]]:
    """Without the signs of emphasis, and where it was."""
    if len(text) > LONGEST:
        return text, ()
    made: list[str] = []
    spans: list[Span] = []
    at = size = 0
    for found in _INLINE.finditer(text):
        before = text[at : found.start()]
        made.append(before)
        size += len(before)
        for words, role in _shown(found):
            made.append(words)
            if role != "text" and words:
                spans.append((size, size + len(words), role))
            size += len(words)
        at = found.end()
    made.append(text[at:])
    return "".join(made), tuple(spans)


def _shown(found: re.Match[str]) -> list[tuple[str, str]]:
    if found["code"]:
        return [("`", "dim"), (found["inner"], "text"), ("`", "dim")]
    if found["strong"]:
        return [(found["bold"], "text!")]
    if found["em"]:
        return [(found["star"] or found["under"], "text!")]
    url = found["url"]
    return [(found["words"], "text"), (f" ({url})" if url else "", "dim")]
