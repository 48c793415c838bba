"""``c``: what is set, and which line of which file says so. Read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_eval.core.text import clean
from tui_eval.ui.screens.page import WrappedPage
from tui_eval.ui.widgets.rowlist import Item, item
from tui_eval.ui.widgets.rows import fit

if TYPE_CHECKING:
    from tui_eval.config import Config

SHOWN = (
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


class SettingsPage(WrappedPage):
    def __init__(self, config: Config) -> None:
        super().__init__("settings")
        self._config = config

    def made(self, width: int) -> list[Item]:
        return setting_items(self._config, width)


NAME, SOURCE, GAP = 28, 10, 2


def setting_items(config: Config, width: int) -> list[Item]:
    """Set ones with their line, the others as the default that holds. A value is cut where
    it would touch its line's number; copied it is whole."""
    room = max(12, min(60, width - NAME - SOURCE - 3 * GAP))
    lines = set_lines(config.path)
    items: list[Item] = []
    where = clean(str(config.path)) if config.path else "not written to a file yet"
    items += [item(("file            ", "dim"), (where, "text")), Item([])]
    for section in SHOWN:
        entries = [
            (name, value)
            for name, value in _flat(getattr(config, section), section)
            # A model has many keys that only some models need.
            if lines.get(name) or section not in ("models", "tasks") or value not in (None, ())
        ]
        if entries:
            items.append(Item([(f"[{section}]", "text!")]))
        for name, value in entries:
            line = lines.get(name)
            source = f"line {line}" if line else "default"
            short, written = name.removeprefix(section + "."), _written(value)
            role, gap = "text" if line else "dim", " " * GAP
            items.append(
                item(
                    (gap + fit(short, NAME) + gap, role),
                    (fit(written, room) + gap, role),
                    (source, "dim"),
                    plain=gap.join((short, written, source)),
                )
            )
    return items


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
        flat += _flat(inner, f"{prefix}.{clean(str(name), limit=60)}")
    return flat


def _written(value: object) -> str:
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return clean(", ".join(map(str, value)), limit=200)
    return clean(str(value), limit=200)


def set_lines(path: Path | None) -> dict[str, int]:
    """Dotted name to line for every key of an eval.toml, by a plain look at its text."""
    try:
        text = path.read_text(encoding="utf-8-sig") if path is not None else ""
    except (OSError, UnicodeDecodeError):
        return {}
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("[") and "]" in stripped and "=" not in stripped:
            section = stripped.strip("[]").split("]")[0].replace('"', "")
        elif "=" in stripped and not stripped.startswith("#"):
            name = stripped.split("=")[0].strip().strip("\"'")
            lines.setdefault(f"{section}.{name}" if section else name, number)
    return lines
