"""The app: opening, themes, keys of everywhere, and a clean end whatever happens."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.paths import config_home
from tui_eval.ui import keys, settings, terminal, themes
from tui_eval.ui.crash import record
from tui_eval.ui.desk import Desk, known_judges, opener
from tui_eval.ui.filters import NoColour, NoControl, ToAscii
from tui_eval.ui.messages import JudgeAsked, Said, SceneChanged, SignOffAsked, TokensAsked, say
from tui_eval.ui.screens.base import NothingHere, Plain, Watching
from tui_eval.ui.screens.main import MainScreen
from tui_eval.ui.start import Start
from tui_eval.ui.widgets import first_hint, progress

if TYPE_CHECKING:
    from textual.filter import LineFilter

    from tui_eval.config import Config
    from tui_eval.files.found import Found
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.looker import Looker
    from tui_eval.ui.reader import Reader
    from tui_eval.ui.screens.blind_ab import BlindAbScreen
    from tui_eval.ui.screens.found import FoundScreen
    from tui_eval.ui.screens.page import Page


TO_KEEP = 0.5
"""Seconds that leaving waits for the history to be written."""


class EvalApp(App[int], inherit_bindings=False):
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("everywhere")]

    def __init__(self, start: Start, reader: Callable[[], Reader] | None = None) -> None:
        """``reader`` answers in the place of a person's files, for tests."""
        self.palettes: dict[str, themes.Palette] = {}
        self._last_filters: list[LineFilter] = []
        super().__init__()
        self.start = start
        self._reader = reader
        self.looker: Looker | None = None
        self.desk = Desk(self)
        self.crash = ""
        self.farewell = ""
        self._last_filters = [NoControl(), *([NoColour()] if self.no_color else [])]
        if terminal.ascii_only():
            self._last_filters.append(ToAscii())
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
        self._begin_with(wish if wish in self.palettes else default)

    def _begin_with(self, theme: str) -> None:
        """The first theme, without the second parse of every style sheet that a change of
        theme costs (a tenth of the time to the first screen)."""
        self.set_reactive(App.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self._refresh_truecolor_filter(self.ansi_theme)
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)

    def _take_keys(self) -> None:
        self.keymap, problems = keys.remap(self.settings.keys, "settings.json")
        self.problems += map(clean, problems)
        self.set_keymap(keys.textual_keymap(self.keymap))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        # Themes that are not ours (Textual's own) have none of our roles.
        return {**themes.palette_of(self).theme().variables}

    def get_default_screen(self) -> Screen[Any]:
        start = self.start
        if start.direct is not None:
            from tui_eval.ui.screens.direct import DirectScreen

            return DirectScreen(start.direct, start.judge)
        if start.config is not None and start.workspace is not None:
            return self._main(start.workspace, start.config)
        if start.found is not None:
            from tui_eval.ui.screens.found import FoundScreen

            return FoundScreen(start.found, start.note)
        return NothingHere(start.folder)

    def _main(self, workspace: Workspace, config: Config) -> MainScreen:
        from tui_eval.ui.looker import Looker

        self.looker = Looker(
            self.start,
            workspace,
            config,
            tell=lambda scene: self.post_message(SceneChanged(scene)),
            say=lambda words, role: self.post_message(Said(words, role)),
            reader=self._reader,
        )
        if self.start.run:
            self.looker.run_all()
        return MainScreen(self.looker)

    async def on_found_screen_confirmed(self, event: FoundScreen.Confirmed) -> None:
        """Write eval.toml where it may be written, and go on to the checklist."""
        confirm = self.start.confirm or partial(confirmed, self.start)
        try:
            workspace, config = await asyncio.to_thread(confirm, event.found)
        except TuiEvalError as error:
            say(self, f"{error.message} {error.remedy}", "bad")
            return
        # "Start" also means the computing: nobody confirms only to be asked once more.
        self.start = replace(self.start, workspace=workspace, config=config, run=True)
        # Over this one: the first screen can't be switched, for it answers to nobody.
        await self.push_screen(self._main(workspace, config))

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._last_filters]

    def _fatal_error(self) -> None:
        # Textual's own prints a traceback with the values of variables: people's texts.
        self.crash = record(self._exception)
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """Textual's way out for errors that bring a picture of themselves."""
        self._return_code = 1
        self._fatal_error()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number, code in terminal.EXIT_BY_SIGNAL.items():
            loop.add_signal_handler(number, self._signalled, code)

    def on_ready(self) -> None:
        self.call_after_refresh(self._collect_from_now_on)

        if self.start.step:
            self.post_message(JudgeAsked(self.start.step))

    def _collect_from_now_on(self) -> None:
        """What stands now stays to the end: the collector need never look at it again,
        which spares a key the odd pause of a full collection."""
        gc.freeze()
        gc.enable()

    def _signalled(self, code: int) -> None:
        self.exit(code, return_code=code)

    def on_unmount(self) -> None:
        if self.looker is not None:
            self.looker.stop()

    def on_scene_changed(self, message: SceneChanged) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.show(message.scene)
            elif isinstance(screen, Watching):
                screen.scene_changed(message.scene)

    def on_said(self, message: Said) -> None:
        if isinstance(self.screen, Plain):
            self.screen.say(message.words, message.role)

    def on_judge_asked(self, message: JudgeAsked) -> None:
        start, looker = self.start, self.looker
        if start.workspace is None or looker is None:
            return
        candidate, against = message.pair or (looker.scene.candidate, None)
        opens = opener(message.step, start.workspace, looker.config, candidate, against)
        self.desk.sit(opens, known_judges(start.workspace), message.token)

    def on_sign_off_asked(self, _message: SignOffAsked) -> None:
        from tui_eval.ui.screens.sign_off import open_sign_off

        if self.start.workspace is not None and self.looker is not None:
            names = known_judges(self.start.workspace)
            open_sign_off(self, self.looker, self.desk, names)

    def on_tokens_asked(self, message: TokensAsked) -> None:
        from tui_eval.ui.screens.sample import SamplePage

        if self.looker is None:
            say(self, "tokens are looked at in the whole app: tui-eval FOLDER", "dim")
        else:
            self.push_screen(SamplePage(message.ref, self.looker, message.reference))

    async def on_blind_ab_screen_unblinded(self, _message: BlindAbScreen.Unblinded) -> None:
        """Show what the votes say; judging closes by itself. Of models that were compared side
        by side the table there shows it."""
        if isinstance(self.screen, Watching):
            return
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                await screen.go("blind_ab")

    # Keys of everywhere.

    def action_leave(self) -> None:
        self.farewell = self._farewell()
        self.exit(0, return_code=0)

    def _farewell(self) -> str:
        """What goes on after leaving, said where the shell's next line will be."""
        job = self.looker.scene.active() if self.looker is not None else None
        if job is None or self.looker is None:
            return ""
        engine, _ = progress.engine_line(job, self.looker.scene.engine, self.looker.scene.host)
        return f"The engine goes on: {engine}. Open tui-eval here again to see it."

    async def action_back(self) -> None:
        screen = self.screen
        if isinstance(screen, MainScreen):
            screen.home()
        elif isinstance(screen, Plain) and await screen.close_innermost():
            return
        elif len(self.screen_stack) > 1:
            self.pop_screen()

    def action_help(self) -> None:
        from tui_eval.ui.screens.help import HelpPage

        self._open(HelpPage(self.keymap, tuple(self.problems)))

    def action_engine_log(self) -> None:
        from tui_eval.ui.screens.log import LogPage

        if self.start.workspace is None:
            say(self, "there is no workspace yet, and no engine", "dim")
        else:
            self._open(LogPage(self.start.workspace.log_path))

    def action_theme(self) -> None:
        from tui_eval.ui.screens.theme import ThemeSheet

        def chosen(name: str | None) -> None:
            if name is not None:
                self.theme = name
                self._remember(replace(self.settings, theme=name))

        own = config_home() / "themes"
        self.push_screen(ThemeSheet(self.palettes, self.theme, self.problems, own), chosen)

    def action_commands(self) -> None:
        from tui_eval.ui.screens.commands import CommandSheet

        targets = (*self._targets(),)
        names = [
            action.id
            for action in keys.ACTIONS
            if action.words
            and action.id not in ("back", "commands")
            and _target(targets, action.id) is not None
        ]

        async def chosen(name: str | None) -> None:
            target = _target(targets, name) if name else None
            if target is not None:
                answer = getattr(target, f"action_{name}")()
                if isawaitable(answer):
                    await answer

        self.push_screen(CommandSheet(names, self.keymap), chosen)

    def _targets(self) -> list[DOMNode]:
        """Who can act now, the innermost first."""
        focused = self.screen.focused
        return [*([focused] if focused is not None else []), self.screen, self]

    def on_hint_closed(self) -> None:
        self._remember(first_hint.closed(self.settings))

    def _open(self, page: Page) -> None:
        """One page at a time: another takes the place of the one that is open."""
        if isinstance(self.screen, Plain) and self.screen.is_page:
            self.switch_screen(page)
        else:
            self.push_screen(page)

    def _remember(self, new: settings.Settings) -> None:
        self.settings = new
        problem = settings.save(new)
        if problem:
            say(self, f"not remembered: {problem}", "caution")


def confirmed(start: Start, found: Found) -> tuple[Workspace, Config]:
    """Write eval.toml beside the work, or into the state folder of a read-only one."""
    from tui_eval import config as configuration
    from tui_eval.store.workspace import Workspace

    workspace = start.workspace or Workspace.open(start.folder)
    folder = workspace.state_dir if workspace.read_only else start.folder
    return workspace, configuration.load(found.write(folder))


def _target(targets: Sequence[DOMNode], action: str) -> DOMNode | None:
    own = [t for t in targets if hasattr(type(t), f"action_{action}")]
    return own[0] if own else None


def run(start: Start) -> int:
    """Draw the app until it is left; its exit code."""
    # The looker's thread computes in Python: a key must not wait 5 ms for each of its turns.
    sys.setswitchinterval(0.001)
    app = EvalApp(start)
    app.run(mouse=False)
    if app.looker is not None:
        # It keeps what the steps say: a moment, unless it is in the middle of a reading.
        app.looker.stop(wait=TO_KEEP)
    if app.crash:
        print(app.crash, file=sys.stderr)
        return 1
    if app.farewell:
        print(app.farewell, file=sys.stderr)
    return app.return_code or 0


__all__ = ["EvalApp", "Start", "run"]
