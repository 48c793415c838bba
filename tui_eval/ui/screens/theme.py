"""``T``: the themes, shown as one goes along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.ui.screens.sheet import Choose
from tui_eval.ui.themes import Palette
from tui_eval.ui.widgets.rowlist import Item, RowList, item


class ThemeSheet(Choose):
    """Answers with the theme's name; ``esc`` goes back to the one before."""

    def __init__(
        self,
        palettes: Mapping[str, Palette],
        current: str,
        problems: Sequence[str],
        folder: Path,
    ) -> None:
        items = theme_items(palettes, problems, folder)
        super().__init__("theme", items, at=current)
        self._before = current

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        self.app.theme = event.key

    def action_close(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)


def theme_items(
    palettes: Mapping[str, Palette], problems: Sequence[str], folder: Path
) -> list[Item]:
    items = [
        item((f"{palette.name:<22}", "text"), (_kind(palette), "dim"), key=palette.name)
        for palette in palettes.values()
    ]
    own = clean(str(folder), limit=200)
    items.append(Item([(f"your own: a TOML file in {own}", "dim")]))
    items += [Item([(f"! {problem}", "caution")]) for problem in problems]
    return items


def _kind(palette: Palette) -> str:
    if palette.ansi:
        return "the terminal's own 16 colours"
    return "dark" if palette.dark else "light"
