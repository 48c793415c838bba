"""``?``: every key, from the one table, and what the marks mean."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from tui_eval.ui import keys
from tui_eval.ui.scene import MARKS, ROLE
from tui_eval.ui.screens.page import Page
from tui_eval.ui.spelling import spelled_keys
from tui_eval.ui.widgets.rowlist import Item, item


class HelpPage(Page):
    def __init__(self, keymap: Mapping[str, tuple[str, ...]], problems: tuple[str, ...]) -> None:
        super().__init__("help")
        self._keymap, self._problems = keymap, problems

    def content(self) -> ComposeResult:
        # What lies below is the screen that was asked about.
        below = self.app.screen_stack[-2:-1]
        here: tuple[str, ...] = getattr(below[0], "help_places", ()) if below else ()
        self._items = help_items(self._keymap, self._problems, here)
        yield from super().content()


def help_items(
    keymap: Mapping[str, tuple[str, ...]],
    problems: tuple[str, ...] = (),
    here: tuple[str, ...] = (),
) -> list[Item]:
    """``here``: the places whose keys come first."""
    items: list[Item] = []
    heading = ""
    places = (*here, *(place for place in keys.PLACES if place not in here))
    for place, written, words in keys.help_lines(keymap, places):
        if place != heading:
            items += [Item([]), Item([(place, "text!")])] if items else [Item([(place, "text!")])]
            heading = place
        written = spelled_keys(written)
        items.append(item((f"  {written:<17}", "accent"), (words, "text")))
    items += [Item([]), Item([("marks", "text!")])]
    for state, (mark, word) in MARKS.items():
        if state in ROLE or state in ("waiting", "not_started"):
            items.append(
                item((f"  {mark} {word:<15}", ROLE.get(state, "dim")), (MEANT[state], "text"))
            )
    items.append(
        item(("  ○ base           ", "base"), ("what the fine-tune is held against", "text"))
    )
    items.append(item(("  ● tuned          ", "tuned"), ("the fine-tuned candidate", "text")))
    if problems:
        items += [Item([]), Item([("set aside", "text!")])]
        items += [item((f"  {problem}", "caution")) for problem in problems]
    return items


MEANT = {
    "good": "nothing speaks against it",
    "caution": "look at the reason before you decide",
    "bad": "this speaks against the fine-tune",
    "not_enough": "too little evidence to tell",
    "waiting": "planned work of this step is not done yet",
    "running": "the engine is at it",
    "failed": "the job could not be done; L shows why",
    "interrupted": "stopped on the way; r goes on from there",
    "not_started": "r starts it",
}
