"""The app: opening, themes, keys of everywhere, and a clean end whatever happens."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen

from tui_eval.core.text import clean
from tui_eval.ui import keys, settings, terminal, themes
from tui_eval.ui.messages import Said, SceneChanged
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.main import MainScreen
from tui_eval.ui.start import Start

if TYPE_CHECKING:
    from tui_eval.ui.looker import Looker, Reader


class EvalApp(App[int], inherit_bindings=False):
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("everywhere")]

    def __init__(self, start: Start, reader: Callable[[], Reader] | None = None) -> None:
        """``reader`` answers in the place of a person's files, for tests."""
        self.palettes: dict[str, themes.Palette] = {}
        super().__init__()
        self.start = start
        self._reader = reader
        self.looker: Looker | None = None
        self.crash = ""
        self.keymap: dict[str, tuple[str, ...]] = {}
        self.settings, problem = settings.load()
        self.problems = [clean(problem)] if problem else []
        self._take_themes()
        self._take_keys()

    def _take_themes(self) -> None:
        loaded = themes.load()
        self.palettes = dict(loaded.palettes)
        self.problems += loaded.problems
        for palette in self.palettes.values():
            self.register_theme(palette.theme())
        wish = self.settings.theme
        few = terminal.colors() == 16 and themes.SIXTEEN in self.palettes
        default = themes.SIXTEEN if few else themes.DEFAULT
        self.theme = wish if wish in self.palettes else default

    def _take_keys(self) -> None:
        self.keymap, problems = keys.remap(self.settings.keys, "settings.json")
        self.problems += map(clean, problems)
        self.set_keymap(keys.textual_keymap(self.keymap))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        # Themes that are not ours (Textual's own) have none of our roles.
        return {**themes.palette_of(self).theme().variables}

    def get_default_screen(self) -> Screen[Any]:
        if self.start.config is not None and self.start.workspace is not None:
            return self._main(self.start)
        return Plain()

    def _main(self, start: Start) -> MainScreen:
        from tui_eval.ui.looker import Looker

        assert start.workspace is not None and start.config is not None
        self.looker = Looker(
            start,
            start.workspace,
            start.config,
            tell=lambda scene: self.post_message(SceneChanged(scene)),
            say=lambda words, role: self.post_message(Said(words, role)),
            reader=self._reader,
        )
        return MainScreen(self.looker)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number, code in terminal.EXIT_BY_SIGNAL.items():
            loop.add_signal_handler(number, self._signalled, code)

    def _signalled(self, code: int) -> None:
        self.exit(code, return_code=code)

    def on_unmount(self) -> None:
        if self.looker is not None:
            self.looker.stop()

    def on_scene_changed(self, message: SceneChanged) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.show(message.scene)

    def on_said(self, message: Said) -> None:
        if isinstance(self.screen, Plain):
            self.screen.say(message.words, message.role)

    def action_leave(self) -> None:
        self.exit(0)

    def action_back(self) -> None:
        if isinstance(self.screen, MainScreen):
            self.screen.home()
        elif len(self.screen_stack) > 1:
            self.pop_screen()


def run(start: Start) -> int:
    """Draw the app until it is left; its exit code."""
    app = EvalApp(start)
    app.run(mouse=False)
    if app.crash:
        print(app.crash, file=sys.stderr)
    return app.return_code or 0


__all__ = ["EvalApp", "Start", "run"]
