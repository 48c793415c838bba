"""Code out of what a model wrote: fences, chat around it, bare completions.

Lines and nothing else decide: the text is never parsed or compiled here, takes time in
proportion to its length, and no text raises.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Literal

How = Literal["fence", "fences", "open fence", "whole", "chat", "none"]

STOPS = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\n@", "\n```", "\nassert ")
"""Where a base model that completes a function has gone on to something else."""

_FENCE = re.compile(r"^[ \t]{0,12}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$")
_PYTHON = {"python", "py", "python3", "py3", "ipython", ""}
_STARTS = re.compile(
    r"(?:def|class|async\s+def|import|from|@\w+|if|for|while|with|try|except|finally|else|elif|"
    r"return|raise|assert|pass|global|print\s*\()(?:\b|\s|:|\()|#|[\])}]|\"\"\"|'''|"
    r"[A-Za-z_][\w.\[\]'\", ]{0,80}[-+*/|&]?=(?!=)|[A-Za-z_][\w.]{0,60}\("
)
_BODY = re.compile(
    r"(?:return|yield|raise)\b(?! (?:the|a|an|to|from|it|this|that|your|my|on|in)\b)|"
    r"(?:if|for|while|with)\b[^\n]*:\s*(?:#.*|\S.*)?$|try\s*:|"
    r"[A-Za-z_][\w.\[\]'\", ]{0,80}[-+*/|&]?=(?!=)"
)
_NAME = re.compile(r"[^\W\d]\w*")
_DEFINED = re.compile(
    r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^([A-Z][A-Z0-9_]*)[ \t]*(?::[^=\n]*)?=[^=]",
    re.MULTILINE,
)
_IMPORTED = re.compile(r"^(?:from[ \t]+\S+[ \t]+)?import[ \t]+([^\n#;]+)", re.MULTILINE)
_OPENERS = re.compile(r"(?:def|class|async\s+def|import|from|@)\b|@\w")
_PROSE_FROM = re.compile(r"(?:from|import)\s+(?!\S+\s*(?:$|,|#|;|as\b|import\b))")


@dataclass(frozen=True, slots=True)
class Extracted:
    """``how`` says where it was found; "none": there is no code in the text."""

    code: str
    how: How


def extract(answer: str, entry_point: str = "") -> Extracted:
    """The code of a chat model's answer.

    Of several fenced blocks, the last that defines ``entry_point``, after those blocks in Python
    that import or define names which it uses and doesn't define; where none does, the first in
    Python. A fence
    that is never closed goes to the end. Without fences: the whole text where it looks like
    code from its first line, else the first stretch of lines that does.
    """
    blocks = _blocks(answer)
    if blocks:
        chosen = _choose(blocks, entry_point)
        used = _with_needed(blocks, chosen) if defines(chosen.code, entry_point) else [chosen]
        if len(used) > 1:
            return Extracted("\n".join(one.code for one in used), "fences")
        return Extracted(chosen.code, "fence" if chosen.closed else "open fence")
    lines = answer.expandtabs(4).splitlines() if "\t" in answer else answer.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first[:1].isspace():
        return Extracted(answer, "whole")
    start = next((at for at, line in enumerate(lines) if _opens(line)), None)
    if start is None:
        return Extracted(answer, "whole") if _is_body(lines) else Extracted("", "none")
    end = _end(lines, start)
    whole = not any(line.strip() for line in (*lines[:start], *lines[end:]))
    return Extracted("\n".join(lines[start:end]) + "\n", "whole" if whole else "chat")


def cut_completion(text: str) -> str:
    """A base model's completion up to where the function ends."""
    found = [at for stop in STOPS if (at := text.find(stop)) >= 0]
    return text[: min(found)] + "\n" if found else text


def defines(code: str, name: str) -> bool:
    """Whether a line at the left margin defines ``name``."""
    return bool(
        name
        and re.search(
            rf"^(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=[^=]",
            code,
            re.MULTILINE,
        )
    )


def program(prompt: str, code: str, entry_point: str) -> str:
    """A whole program of a prompt and extracted code: the code alone, after what stands
    above the function in the prompt, where it defines the function; else the prompt with
    the code as the function's body."""
    code = (
        textwrap.dedent(code)
        if _all_indented(code) and defines(textwrap.dedent(code), entry_point)
        else code
    )
    if defines(code, entry_point):
        head = _head(prompt, entry_point)
        # It may be the whole program already.
        return code if code.lstrip().startswith(head.strip()) else f"{head}\n{code}"
    return f"{prompt.rstrip(' ')}{'' if prompt.endswith(chr(10)) else chr(10)}{_body(code)}"


def _head(prompt: str, entry_point: str) -> str:
    """Imports and helpers above the function to be written."""
    found = re.search(rf"^(?:async\s+)?def\s+{re.escape(entry_point)}\b", prompt, re.MULTILINE)
    return prompt[: found.start()] if found else ""


def _body(code: str) -> str:
    """Lines indented as a function's body: chat models drop the first line's indent, or all
    of it."""
    lines = code.splitlines()
    filled = [line for line in lines if line.strip()]
    if not filled or filled[0][:1].isspace():
        return code
    if len(filled) > 1 and all(line[:1].isspace() for line in filled[1:]):
        # A body's other lines stand at its own depth or deeper; those of a block that the
        # first line opens stand deeper than it.
        opens = filled[0].rstrip().endswith((":", "(", "[", "{", ",", "\\"))
        if not opens:
            at = lines.index(filled[0])
            indent = re.match(r"\s*", filled[1])
            lines[at] = (indent[0] if indent else "    ") + lines[at]
            return "\n".join(lines) + "\n"
    return textwrap.indent(code, "    ")


def _all_indented(code: str) -> bool:
    return all(line[:1].isspace() for line in code.splitlines() if line.strip())


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    code: str
    closed: bool


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    opened = ""
    language = ""
    lines: list[str] = []
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if not opened and fence:
            opened, language, lines = fence[1], fence[2].lower(), []
        elif opened and fence and not fence[2] and fence[1].startswith(opened):
            blocks.append(_Block(language, _joined(lines), True))
            opened = ""
        elif opened:
            lines.append(line)
    if opened and lines:
        blocks.append(_Block(language, _joined(lines), False))
    return blocks


def _joined(lines: list[str]) -> str:
    """Fences within a list are indented, and their code with them."""
    return (
        textwrap.dedent("\n".join(lines)) + "\n"
        if _indented_def(lines)
        else ("\n".join(lines) + "\n")
    )


def _indented_def(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return first[:1].isspace() and bool(_OPENERS.match(first.strip()))


def _choose(blocks: list[_Block], entry_point: str) -> _Block:
    defining = [one for one in blocks if defines(one.code, entry_point)]
    if defining:
        return defining[-1]
    python = [one for one in blocks if one.language in _PYTHON]
    return (python or blocks)[0]


def _with_needed(blocks: list[_Block], chosen: _Block) -> list[_Block]:
    """The block and the others in Python that it needs, and those that they need, in their
    order; drafts of its own names and lines that only show its use stay out."""
    homes: dict[str, int] = {}
    for at, one in enumerate(blocks):
        if one is not chosen and one.language in _PYTHON:
            homes.update((name, at) for name in _defined(one.code))
    for name in _defined(chosen.code):
        homes.pop(name, None)
    wanted: set[int] = set()
    open_ = [chosen]
    while open_:
        names = set(_NAME.findall(open_.pop().code))
        for at in sorted({homes[name] for name in names if name in homes} - wanted):
            wanted.add(at)
            open_.append(blocks[at])
    return [one for at, one in enumerate(blocks) if one is chosen or at in wanted]


def _defined(code: str) -> set[str]:
    """Functions, classes, imports and constants at the left margin. Other variables stand in
    examples of use, and share their names with arguments."""
    found = {one for pair in _DEFINED.findall(code) for one in pair if one}
    for names in _IMPORTED.findall(code):
        found.update(re.split(r"\s+as\s+", one.strip(" ()"))[-1] for one in names.split(","))
    return found


def _is_body(lines: list[str]) -> bool:
    """Whether a text is a function's body and nothing else, with its indent lost."""
    flush = [line for line in lines if line.strip() and not line[0].isspace()]
    return bool(flush and _BODY.match(flush[0])) and all(map(_STARTS.match, flush))


def _opens(line: str) -> bool:
    """A line that prose doesn't begin with: "from here on" isn't an import."""
    return bool(_OPENERS.match(line)) and not _PROSE_FROM.match(line) and _is_statement(line)


def _is_statement(line: str) -> bool:
    if re.match(r"(?:async\s+)?def\b|class\b", line):
        return bool(re.match(r"(?:(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[(:])", line))
    return True


def _end(lines: list[str], start: int) -> int:
    """After the last line of the stretch: blank, indented, or as code begins."""
    last = start
    for at in range(start, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        if not line[0].isspace() and not (_STARTS.match(line) and not _PROSE_FROM.match(line)):
            break
        last = at
    return last + 1
