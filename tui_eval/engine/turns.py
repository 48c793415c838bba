"""Where an answer stands in a rendered conversation, and what ends its turn.

Templates strip, move and drop content, so a turn is found by several signs: the rendering
that leads up to it, the rendering that includes it, its content, the end-of-turn token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.records import Message

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Turn:
    answer: Span
    end: Span | None
    """The end-of-turn token or tokens directly after the answer."""
    stop: int
    """Where the search for the next turn goes on."""


def find_turn(
    whole: str,
    message: Message | None,
    *,
    start: int,
    exact: bool,
    stop: int | None,
    end_tokens: Sequence[str],
) -> Turn | None:
    """The turn that begins at ``start`` (``exact``: the answer itself does, else a header
    may stand before it) and reaches to ``stop``, where that is known."""
    content = "" if message is None or _more_than_text(message) else message.content
    if content:
        found = _locate(whole, content, start, stop, end_tokens)
        if found is not None:
            return _closed(whole, found, stop, end_tokens)
    if not exact:
        return None
    if message is not None and not message.content.strip() and not _more_than_text(message):
        end = _run_of_ends(whole, _skip_space(whole, start), stop, end_tokens)
        if end is not None:
            return Turn((start, start), end, end[1])
    limit = stop if stop is not None else _first_end(whole, start, end_tokens)
    body = _before_ends(whole, start, limit, end_tokens)
    begin = _skip_space(whole, start)
    if body <= begin:
        return None
    return _closed(whole, (begin, body), limit if stop is not None else None, end_tokens)


def split_end(whole: str, span: Span, end_tokens: Sequence[str]) -> Turn:
    """A stretch that is known to be the assistant's, its end-of-turn tokens apart."""
    start, stop = span
    after = start + len(whole[start:stop].rstrip())
    first = after
    while token := next((one for one in end_tokens if whole.endswith(one, start, first)), ""):
        first -= len(token)
    if first == after:
        return Turn(span, None, stop)
    return Turn((start, first), (first, after), stop)


def _more_than_text(message: Message) -> bool:
    """Tool calls and reasoning are rendered in a form that only the template knows."""
    extra = message.extra
    return any(extra.get(key) for key in ("tool_calls", "reasoning_content", "thinking"))


def _locate(
    whole: str, content: str, start: int, stop: int | None, end_tokens: Sequence[str]
) -> Span | None:
    """The content's characters: right at the start, else the last place in the turn, else
    the first place that an end-of-turn token follows."""
    for text in dict.fromkeys((content, content.strip())):
        if not text:
            continue
        for begin in dict.fromkeys((start, _skip_space(whole, start))):
            if whole.startswith(text, begin) and (stop is None or begin + len(text) <= stop):
                return begin, begin + len(text)
        if stop is not None:
            at = whole.rfind(text, start, stop)
            if at >= 0:
                return at, at + len(text)
            continue
        at = whole.find(text, start)
        while at >= 0:
            after = at + len(text)
            if after == len(whole) or _ends_at(whole, _skip_space(whole, after), end_tokens):
                return at, after
            at = whole.find(text, at + 1)
    return None


def _closed(whole: str, answer: Span, stop: int | None, end_tokens: Sequence[str]) -> Turn:
    end = _run_of_ends(whole, answer[1], stop, end_tokens)
    if end is None:
        # Some templates write a space or a line break before the token.
        end = _run_of_ends(whole, _skip_space(whole, answer[1]), stop, end_tokens)
    return Turn(answer, end, answer[1] if end is None else end[1])


def _run_of_ends(whole: str, at: int, stop: int | None, end_tokens: Sequence[str]) -> Span | None:
    """The end-of-turn tokens at ``at``; one alone where the turn's stop is not known, for
    the next may begin another turn."""
    first = at
    while token := _ends_at(whole, at, end_tokens):
        if stop is not None and at + len(token) > stop:
            break
        at += len(token)
        if stop is None:
            break
    return (first, at) if at > first else None


def _ends_at(whole: str, at: int, end_tokens: Sequence[str]) -> str:
    return next((token for token in end_tokens if whole.startswith(token, at)), "")


def _first_end(whole: str, start: int, end_tokens: Sequence[str]) -> int:
    places = [at for token in end_tokens if (at := whole.find(token, start)) >= 0]
    return min(places, default=len(whole))


def _before_ends(whole: str, start: int, stop: int, end_tokens: Sequence[str]) -> int:
    """``stop`` moved back over white space and end-of-turn tokens."""
    while True:
        trimmed = len(whole[start:stop].rstrip()) + start
        token = next((token for token in end_tokens if whole.endswith(token, start, trimmed)), "")
        if not token:
            return trimmed
        stop = trimmed - len(token)


def _skip_space(whole: str, at: int) -> int:
    while at < len(whole) and whole[at].isspace():
        at += 1
    return at
