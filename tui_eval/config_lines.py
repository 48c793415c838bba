"""Where each key of a TOML text stands, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Key = tuple[str, ...]

_TOKEN = re.compile(
    r'''(?P<long>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})'''
    r"""|(?P<quoted>"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<bare>[A-Za-z0-9_-]+)"
    r"|(?P<sign>[\[\]{}=])"
    r"|(?P<other>.)",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Key, int]:
    """The 1-based line of every table and key of a valid TOML text. Keys of an inline table
    stand on its line; ask for them through ``line_of``."""
    lines: dict[Key, int] = {}
    table: Key = ()
    statement: list[str] = []
    line, depth = 1, 0
    in_value = in_header = False
    for token in _TOKEN.finditer(text):
        kind, word = str(token.lastgroup), token.group()
        if kind == "newline":
            if depth == 0:
                statement, in_value, in_header = [], False, False
        elif in_value:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(word, 0) if kind == "sign" else 0
        elif kind == "sign" and word == "[":
            in_header = True
        elif kind == "sign" and word == "]":
            table = tuple(statement)
            lines.setdefault(table, line)
        elif kind == "sign" and word == "=":
            key = (*table, *statement)
            for end in range(len(table) + 1, len(key) + 1):
                lines.setdefault(key[:end], line)
            in_value = not in_header
        elif kind in ("bare", "quoted"):
            statement.append(_unquoted(word) if kind == "quoted" else word)
        line += word.count("\n")
    return lines


def line_of(lines: Mapping[Key, int], key: Key) -> int | None:
    """The line of ``key``, or of the nearest table around it."""
    for end in range(len(key), 0, -1):
        if key[:end] in lines:
            return lines[key[:end]]
    return None


def _unquoted(word: str) -> str:
    return str(tomllib.loads(f"k = {word}")["k"])
