"""All of eval.toml as it is in force: by dotted name, with the line that says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from tui_eval.config import Config

SECTIONS = (
    "models",
    "data",
    "prompt",
    "scoring",
    "engine",
    "curves",
    "perplexity",
    "overfitting",
    "review",
    "blind_ab",
    "task_metrics",
    "generation",
    "tasks",
    "gate",
)
HIDDEN = "…"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:(?:\\?/){2}"
_ADDRESS = re.compile(
    rf"""(?x) (?<=") {_SCHEME} (?:[^"\\\n]|\\.)* | (?<=') {_SCHEME} [^'\n]*
    | {_SCHEME} (?:[^\s"'<>`\\]|\\.)*"""
)
"""A string that is one, whole; in running text up to a space or quote."""
_WHO = re.compile(r"(?<=//)(?:[^/?#]*|[^/?#:@]+:(?!\d+(?:[/?#]|$)).*)@", re.DOTALL)
"""A password may hold what no address should; behind a port comes no password."""
_ASKED = re.compile(r"[?#].*", re.DOTALL)
_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|/)")
"""As TOML and JSON write a sign by its number."""
_SECRETS = frozenset(
    ("key", "apikey", "token", "secret", "secrets", "password", "passwd", "passphrase", "pwd",
     "credential", "credentials", "authorization", "auth", "bearer", "cookie")
)  # fmt: skip
"""Words of a name whose value stays at home. ``tokens`` and ``tokenizer`` are none."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAMED = re.compile(
    r"""(?mx) (?P<name> "[^"\n]+" | '[^'\n]+' | [A-Za-z][\w.-]* )
    (?P<sign> [ \t]* [=:] [ \t]* )
    (?P<value> \"{3}(?s:.*?)\"{3} | '{3}(?s:.*?)'{3} | "(?:[^"\\\n]|\\.)*"? | '[^'\n]*'?
             | \[[^\]]*\]? | [^\s,;}\]#"']+ )"""
)


def in_force(config: Config, section: str) -> list[tuple[str, Any]]:
    """``(dotted name, value)`` of a section, set ones and defaults."""
    found = _flat(getattr(config, section), section)
    return found + _flat(config.anchors, "review.anchors") if section == "review" else found


def _flat(value: Any, prefix: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif is_dataclass(value):
        hidden = ("name", "lines")
        pairs = [(f.name, getattr(value, f.name)) for f in fields(value) if f.name not in hidden]
    else:
        return [(prefix, value)]
    flat: list[tuple[str, Any]] = []
    for name, inner in pairs:
        flat += _flat(inner, f"{prefix}.{name}")
    return flat


def text_of(path: Path | None) -> str:
    """The file's text; empty where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8-sig") if path is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""


def lines_of(path: Path | None) -> dict[str, int]:
    """Dotted name to line for every key of an eval.toml, by a plain look at its text."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("[") and "]" in stripped and "=" not in stripped:
            section = stripped.strip("[]").split("]")[0].replace('"', "")
        elif "=" in stripped and not stripped.startswith("#"):
            name = stripped.split("=")[0].strip().strip("\"'")
            lines.setdefault(f"{section}.{name}" if section else name, number)
    return lines


def without_secrets(text: str) -> str:
    """Of a text of settings: addresses as below, and the value of whatever is named like a key
    or password stays at home."""
    return bare_addresses(_NAMED.sub(_named, text))


def bare_addresses(text: str) -> str:
    """Addresses without name and password, without what is asked for behind ``?`` and what
    follows ``#``: any of it may sign somebody in."""
    return _ADDRESS.sub(lambda found: _address(found[0]), text)


def secret_name(name: str) -> bool:
    """Whether what is called so is one: ``api_key``, ``apiKey``, ``HF_TOKEN``."""
    return any(word.lower() in _SECRETS for word in _WORDS.findall(name))


def _named(found: re.Match[str]) -> str:
    if not secret_name(found["name"]):
        return found[0]
    value = found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found['name']}{found['sign']}{quote}{HIDDEN}{quote}"


def _address(text: str) -> str:
    plain = _ESCAPES.sub(_sign, text)
    made = _ASKED.sub(lambda rest: rest[0][0] + HIDDEN, _WHO.sub(f"{HIDDEN}@", plain))
    return made if made != plain else text


def _sign(found: re.Match[str]) -> str:
    number = int(found[1] or found[2] or "2f", 16)
    return chr(number) if number < 0x110000 else HIDDEN
