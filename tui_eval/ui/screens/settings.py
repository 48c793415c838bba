"""``c``: what is set, and which line of which file says so. Read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_eval.core.text import clean
from tui_eval.files.settings import SECTIONS, in_force, lines_of
from tui_eval.ui.screens.page import WrappedPage
from tui_eval.ui.widgets.rowlist import Item, item
from tui_eval.ui.widgets.rows import fit

if TYPE_CHECKING:
    from tui_eval.config import Config


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
    lines = lines_of(config.path)
    items: list[Item] = []
    where = clean(str(config.path)) if config.path else "not written to a file yet"
    items += [item(("file            ", "dim"), (where, "text")), Item([])]
    for section in SECTIONS:
        entries = [
            (name, value)
            for name, value in in_force(config, section)
            # A model has many keys that only some models need.
            if lines.get(name) or section not in ("models", "tasks") or value not in (None, ())
        ]
        if entries:
            items.append(Item([(f"[{section}]", "text!")]))
        for name, value in entries:
            line = lines.get(name)
            source = f"line {line}" if line else "default"
            short = clean(name.removeprefix(section + "."), limit=120)
            written = _written(value)
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


def _written(value: object) -> str:
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return clean(", ".join(map(str, value)), limit=200)
    return clean(str(value), limit=200)
