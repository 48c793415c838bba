"""Foreign text in Markdown: it reads as it is, and does nothing.

GitHub's Markdown is the one that is meant: pipes, HTML, links, images, bare addresses,
mentions, issue numbers and mathematics are switched off. What can't be escaped there (an
address, a mention) is broken by a word joiner, which takes no room and no reader sees.
"""

from __future__ import annotations

import re

from tui_eval.core.text import clean

JOINER = "\u2060"
_ESCAPED = re.compile(r"[\\`*|~^]|\](?=[(\[])|\[(?=\^)")
"""A bracket is one only before what would make a link or note of it: intervals stay readable.
No text of ours ever defines what ``[name]`` could refer to."""
_PAIR = re.compile(r"(?<!\\)\[([^\[\]\\]*)\\\]")
"""A bracket that was left beside its escaped one: both or neither read as a pair."""
_AROUND = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""An underscore within a word is none of Markdown's business."""
_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]+;)")
_ADDRESS = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):")
_MENTION = re.compile(r"@(?=\w)")
_NUMBER = re.compile(r"#(?=\d)|(?i:(?<=\bGH)-(?=\d))")
_START = re.compile(r"^(\s*)([#>+=:\[-]|\d+(?=[.)](?:\s|$)))")
_OPENED = re.compile(r"^\[([^\[\]\\]*)\]")
_SAMPLE = re.compile(r"#\d+")


def inline(text: str, *, limit: int | None = None) -> str:
    """One line of text, inert wherever it stands in a line or a table's cell."""
    made = clean(text, limit=limit)
    if _SAMPLE.fullmatch(made):
        return f"`{made}`"
    made = _PAIR.sub(r"\\[\1\\]", _ESCAPED.sub(r"\\\g<0>", made))
    made = _AROUND.sub(r"\\_", made)
    made = _ENTITY.sub("&amp;", made).replace("<", "&lt;").replace(">", "&gt;")
    made = made.replace("$", "&#36;")
    made = _ADDRESS.sub(lambda match: match[0] + JOINER, made)
    return _NUMBER.sub(lambda match: match[0] + JOINER, _MENTION.sub("@" + JOINER, made))


def start(text: str, *, limit: int | None = None) -> str:
    """The same where a line begins with it."""
    made = inline(text, limit=limit).lstrip()
    found = _START.match(made)
    if found is None:
        return made
    sign = found[2]
    if sign == "[":
        made = _OPENED.sub(r"[\1\\]", made, count=1)
    return f"{sign}\\{made[len(sign) :]}" if sign.isdigit() else "\\" + made


def fenced(text: str) -> str:
    """To the letter, between fences longer than any in it."""
    shown = clean(text, newlines=True).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"
