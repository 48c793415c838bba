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
_SECRET = re.compile(r"(?<=//)[^\s/\"'@]+(?=@)")
HIDDEN = "…"


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
    """A name and password in an address (``https://me:secret@host``) stay at home."""
    return _SECRET.sub(HIDDEN, text)
