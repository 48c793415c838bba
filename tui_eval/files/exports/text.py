"""JSON and CSV text that other programs read: exact where it can be, harmless to print."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tui_eval.core.text import REPLACEMENT, clean

_SURROGATES = re.compile("[\ud800-\udfff]")
# What a terminal obeys, hides or turns round, and JSON need not escape: written as escapes
# the text stays exact and a file can be looked at with ``cat``.
_ESCAPED = re.compile(
    "[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
_FORMULA = "=+-@\t\r\n＝＋－＠"


def dump(value: Any, *, indent: int | None = None) -> str:
    """Readable JSON. Halves of a surrogate pair, which no UTF-8 file can hold, become
    U+FFFD; all else comes back as it was."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _ESCAPED.sub(_escape, whole(text))


def whole(text: str) -> str:
    """``text`` as UTF-8 can hold it."""
    return _SURROGATES.sub(REPLACEMENT, text)


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def lines(rows: Iterable[Any]) -> str:
    """JSONL."""
    return "".join(dump(row) + "\n" for row in rows)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV as RFC 4180 has it, line ends within quotes. Text is cleaned, for a spreadsheet
    is read by a person, and can't become a formula; what a row lacks is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(clean(value, newlines=True))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def guarded(text: str) -> str:
    """With a quote before what a spreadsheet would take for a formula."""
    start = text.lstrip(" \u00a0")[:1]
    return "'" + text if (start and start in _FORMULA) or text[:1] in ("\t", "\r", "\n") else text
