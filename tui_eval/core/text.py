"""Text from data sets, models, logs and file names: made safe to show, folded, measured.

``clean`` is the one sanitiser. Everything foreign passes it before it reaches a terminal,
a log line or a report; what is stored stays exact.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

TAB = "    "
NEWLINE_MARK = "⏎"
ELLIPSIS = "…"
REPLACEMENT = "\ufffd"
MARKS_KEPT = 6
"""Zero-width characters kept in a row. Pointed and cantillated Hebrew and Tibetan stacks
need four or five; a tower of hundreds hides the lines above it."""

_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Deprecated format characters, interlinear annotation, and the tag block, which can hide
# a whole ASCII sentence from the reader.
_HIDDEN = (*range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC), 0x180E, *range(0xE0000, 0xE0080))
_DROPPED = (0x200B, 0x2060, *range(0x2061, 0x2065), 0xFEFF)
_LINE_ENDS = (0x85, 0x2028, 0x2029)


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    table |= dict.fromkeys(range(0x80, 0xA0), REPLACEMENT)
    table |= {code: f"‹U+{code:04X}›" for code in (*_BIDI, *_HIDDEN)}
    table |= dict.fromkeys(_DROPPED)
    table |= dict.fromkeys(_LINE_ENDS, "\n")
    table |= {0x7F: "\u2421", ord("\t"): TAB, ord("\n"): "\n"}
    return table


_TABLE = _table()
_SURROGATES = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SUSPECT = re.compile("[" + "".join(re.escape(chr(c)) for c in _TABLE if c != 0x0A) + "]")
# More characters in a row than are kept, none of them of a block without marks (Latin, Greek,
# Cyrillic, signs, kana, ideographs, Hangul): only then is it worth looking for a tower.
_PERHAPS_TOWER = re.compile(
    "[^\x00-\u02ff\u0370-\u0482\u048a-\u058f\u2010-\u20cf\u2100-\u2cee\u309b-\u9fff\uac00-\ud7a3]"
    f"{{{MARKS_KEPT + 1}}}"
)


def clean(text: str, *, newlines: bool = False, limit: int | None = None) -> str:
    """``text`` with nothing in it that a terminal obeys or a reader cannot see.

    Control characters become pictures (``␛``), C1 and lone surrogates ``U+FFFD``, every
    line end a newline (``⏎`` unless ``newlines``), tabs four spaces; bidi overrides and
    other hidden formatting are spelled out (``‹U+202E›``), zero-width spaces dropped,
    towers of combining marks capped. Joiners and the plain direction marks that Persian,
    Arabic, Hebrew and Indic scripts need pass. At most ``limit`` characters, the last of
    which is then ``…``. Cleaning twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return _limited(text, limit, cut=False)
    head = text if limit is None else text[: 4 * limit + 64]
    cleaned = head.replace("\r\n", "\n")
    if _SUSPECT.search(cleaned):
        cleaned = cleaned.translate(_TABLE)
    if not cleaned.isascii():
        cleaned = _SURROGATES.sub(REPLACEMENT, cleaned)
        if _PERHAPS_TOWER.search(cleaned):
            cleaned = _towers().sub(r"\1", cleaned)
    if not newlines:
        cleaned = cleaned.replace("\n", NEWLINE_MARK)
    return _limited(cleaned, limit, cut=len(head) < len(text))


def _limited(text: str, limit: int | None, *, cut: bool) -> str:
    if limit is None or (len(text) <= limit and not cut):
        return text
    return text[: max(0, limit - 1)] + ELLIPSIS if limit > 0 else ""


@cache
def _marks(categories: tuple[str, ...]) -> str:
    """A regular expression's class of all characters of these Unicode categories.

    Made at the first text that needs it: the scan costs a few milliseconds.
    """
    ranges: list[list[int]] = []
    blocks = (range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xF900, 0x1F000))
    for block in (*blocks, range(0xE0100, 0xE01F0)):
        for code in block:
            if unicodedata.category(chr(code)) in categories:
                if ranges and ranges[-1][1] == code - 1:
                    ranges[-1][1] = code
                else:
                    ranges.append([code, code])
    return "".join(f"{chr(a)}-{chr(b)}" if a < b else chr(a) for a, b in ranges)


@cache
def _towers() -> re.Pattern[str]:
    zero_width = _marks(("Mn", "Me")) + "\u200c-\u200f\u061c"
    return re.compile(f"([{zero_width}]{{{MARKS_KEPT}}})[{zero_width}]+")


def fold(text: str, *, code: bool = False) -> str:
    """For leaks, copies and near-duplicates: NFC, case-folded (code keeps its case), white
    space collapsed to single spaces."""
    folded = unicodedata.normalize("NFC", text)
    if not code:
        folded = unicodedata.normalize("NFC", folded.casefold())
    return " ".join(folded.split())


# Ideographs and kana are written without spaces; Hangul is not.
_CJK = (
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d"
    "\U0001b000-\U0001b16f\U00020000-\U000323af"
)
_ASCII_WORDS = re.compile("[0-9A-Za-z]+")


def words(text: str) -> list[str]:
    """Runs of letters and digits (with the marks that sit on them); a CJK character is one
    word. Case is kept: fold first where it should not count."""
    return (_ASCII_WORDS if text.isascii() else _any_words()).findall(text)


@cache
def _any_words() -> re.Pattern[str]:
    letter = rf"(?:(?![{_CJK}])[^\W_])"
    marks = _marks(("Mn", "Mc", "Me")) + "\u200c\u200d"
    return re.compile(f"[{_CJK}]|{letter}(?:{letter}|[{marks}])*")


def cells(text: str) -> int:
    """Terminal cells that cleaned text takes: 2 for wide characters, 0 for marks."""
    if text.isascii():
        return len(text)
    return sum(map(_cell, text))


def cut(text: str, cells: int) -> str:
    """``text`` if it fits, else its beginning and ``…``, at most ``cells`` wide."""
    if _fits(text, cells):
        return text
    used, kept = 0, []
    for character in text:
        used += _cell(character)
        if used > cells - 1:
            break
        kept.append(character)
    return "".join(kept) + ELLIPSIS if cells > 0 else ""


def _fits(text: str, width: int) -> bool:
    return cells(text) <= width if len(text) <= 4 * max(width, 64) else False


def _cell(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def digest(text: str) -> str:
    """16 hexadecimal digits that name ``text`` exactly, whatever it holds."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def content_id(obj: Any) -> str:
    """16 hexadecimal digits that name plain data: equal content, equal id, in any key
    order."""
    return digest(
        json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not plain data")
