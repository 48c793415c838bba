"""``:``: every action by name, with its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_eval.ui import keys
from tui_eval.ui.screens.sheet import Choose
from tui_eval.ui.spelling import spelled_keys
from tui_eval.ui.widgets.rowlist import Item, item


class CommandSheet(Choose):
    """Answers with the action's id."""

    def __init__(self, actions: Sequence[str], keymap: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(
            "commands", command_items(actions, keymap), typed="type to find one", narrows=True
        )


def command_items(actions: Sequence[str], keymap: Mapping[str, tuple[str, ...]]) -> list[Item]:
    return [
        item(
            (f"{action.words:<22}", "text"),
            (f"{action.help:<48}  ", "dim"),
            (spelled_keys(keys.shown(action, keymap)), "accent"),
            key=action.id,
            plain=f"{action.words} {action.help}",
        )
        for action in map(keys.BY_ID.__getitem__, actions)
    ]
