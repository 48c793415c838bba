"""Folded words of a text, fast, and where each stands among the text's own characters.

The words are those of ``words(fold(text))``; a training set has millions of them, so the
common cases avoid the regular expressions that any script needs.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from functools import cache

from tui_eval.core.text import words

Span = tuple[int, int]
"""First character and the one after the last."""

_ASCII = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
_ASCII_FOLDED = {code: character.lower() for code, character in _ASCII.items()}
_LETTERS = re.compile(r"[^\W_]+")
_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def folded_words(text: str, *, code: bool = False) -> list[str]:
    """``words(fold(text, code=code))``, a few times as fast."""
    if text.isascii():
        return text.translate(_ASCII if code else _ASCII_FOLDED).split()
    folded = _folded(text, code)
    return words(folded) if _is_special(folded) else _LETTERS.findall(folded)


def word_spans(text: str, *, code: bool = False) -> list[Span]:
    """The characters of ``text`` itself behind each of its folded words."""
    folded = _folded(text, code)
    spans, end = [], 0
    for word in words(folded):
        # Between two words stands nothing that a word may begin with.
        start = folded.index(word, end)
        end = start + len(word)
        spans.append((start, end))
    # No character folds to none, so equal lengths mean: each in its place. Normalising may
    # join what another folding made longer, so it must have had nothing to do.
    plain = text if code else text.casefold()
    if len(plain) == len(text) and folded == plain and unicodedata.is_normalized("NFC", text):
        return spans
    return _unfolded(text, spans, code)


def _folded(text: str, code: bool) -> str:
    """``fold`` without its collapse of white space, which is part of no word."""
    folded = unicodedata.normalize("NFC", text)
    return folded if code else unicodedata.normalize("NFC", folded.casefold())


def _unfolded(text: str, spans: list[Span], code: bool) -> list[Span]:
    """Spans of the folded text as spans of ``text``, by clusters that fold on their own."""
    begins: list[int] = []
    folds: list[int] = []
    at = 0
    for match in _clusters().finditer(text):
        begins.append(match.start())
        folds.append(at)
        at += len(_folded(match.group(), code))
    begins.append(len(text))
    return [
        (begins[bisect_right(folds, start) - 1], begins[bisect_left(folds, end)])
        for start, end in spans
    ]


@cache
def _marks() -> str:
    """Every mark, for a regular expression's class. There are none beyond these planes."""
    codes = (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    return "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")


def _is_special(text: str) -> bool:
    """Whether there is what makes a word more, or less, than a run of letters and digits:
    ideographs and kana, marks, joiners.

    Characters beyond the first plane (emoji) are looked at alone: with any of them in it, a
    class of characters is searched range by range, at 20 times the cost.
    """
    plane, beyond = _special()
    if plane.search(text):
        return True
    return bool(beyond.search("".join(_BEYOND.findall(text))))


@cache
def _special() -> tuple[re.Pattern[str], re.Pattern[str]]:
    marks = _marks()
    plane = "".join(mark for mark in marks if mark <= "\uffff")
    beyond = "".join(mark for mark in marks if mark > "\uffff")
    return (
        re.compile(f"[\u3000-\u9fff\uf900-\ufaff\uff66-\uff9d{plane}\u200c\u200d]"),
        re.compile(f"[\U0001b000-\U0001b16f\U00020000-\U000323af{beyond}]"),
    )


@cache
def _clusters() -> re.Pattern[str]:
    """A character with all that normalisation may join to it: marks, and the vowels and
    final consonants of decomposed Hangul."""
    joining = f"[{_marks()}\u1160-\u11ff]"
    return re.compile(f"(?s:.){joining}*")
