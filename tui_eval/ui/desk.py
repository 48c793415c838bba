"""From a step to its judging screen: who judges, what is opened, what comes after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.messages import say

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.core.session import AbSession, JudgingSession, ReviewSession
    from tui_eval.store.journal import JournalView
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.app import EvalApp
    from tui_eval.ui.screens.judging import JudgingScreen

Open = Callable[[str], "JudgingSession"]
"""Makes a judge's session; called off the UI's thread, for it reads files."""


class Desk:
    """One for the app. Remembers who judges until the app is left."""

    def __init__(self, app: EvalApp) -> None:
        self._app = app
        self.judge = app.start.judge
        self.drafts: dict[str, str] = {}
        """Notes of decisions that were not signed yet, by candidate."""
        self._opening = False

    def sit(self, opens: Open, names: Sequence[str] = (), token: str = "") -> None:
        """Open judging; asks for the judge's name where none was given yet. ``token`` is
        the item to begin at."""
        self.named(lambda: self._open(opens, token), names)

    def named(
        self, then: Callable[[], object], names: Sequence[str] = (), title: str = "Who judges?"
    ) -> None:
        """Go on once it is known whose judgements these are."""
        if self.judge:
            then()
            return
        from tui_eval.ui.screens.sheet import Choose
        from tui_eval.ui.widgets.rowlist import item

        def named(name: str | None) -> None:
            if name:
                self.judge = name
                then()

        items = [item((clean(name), "text"), key=name) for name in names]
        self._app.push_screen(Choose(title, items, typed="another name", lead="new: "), named)

    def forget(self) -> None:
        """The name that was typed can't be used: ask again."""
        self.judge = self._app.start.judge

    def _open(self, opens: Open, token: str) -> None:
        if not self._opening:
            self._opening = True
            self._app.run_worker(self._opened(opens, token), exit_on_error=False)

    async def _opened(self, opens: Open, token: str) -> None:
        try:
            session = await asyncio.to_thread(opens, self.judge)
        except TuiEvalError as error:
            say(self._app, f"{error.message} {error.remedy}", "bad")
            # Perhaps the name is taken by another window, or none.
            self.forget()
            return
        finally:
            self._opening = False
        screen = screen_of(session)
        await self._app.push_screen(screen)
        if token:
            screen.go_to(token)


def screen_of(session: JudgingSession) -> JudgingScreen:
    if hasattr(session, "vote"):
        from tui_eval.ui.screens.blind_ab import BlindAbScreen

        return BlindAbScreen(cast("AbSession", session))
    from tui_eval.ui.screens.review import ReviewScreen

    return ReviewScreen(cast("ReviewSession", session))


def opener(
    step: str, workspace: Workspace, config: Config, candidate: str, against: str | None = None
) -> Open:
    """What opens a step's session for a judge; ``against`` is another model than the base."""

    def opens(judge: str) -> JudgingSession:
        # Data sets and answers are read here: not before somebody judges.
        from tui_eval.files import judging

        if step == "review":
            return judging.open_review(workspace, config, candidate, judge=judge)
        return judging.open_ab(workspace, config, candidate, against=against, judge=judge)

    return opens


def known_judges(workspace: Workspace) -> list[str]:
    """Who judged or signed last as this login on this host first, then everybody else who has;
    the login itself last, unless nobody judged as it yet."""
    from tui_eval.store.journal import judges, login
    from tui_eval.store.layout import host

    me, views = login(), workspace.journals()

    def last(view: JournalView) -> str:
        return str(view.events[-1].get("at", ""))

    here = [
        view
        for view in views
        if judges([view]) and view.host == host() and view.events[0].get("login") == me
    ]
    here.sort(key=last, reverse=True)
    first = [view.judge for view in here] or [me]
    return list(dict.fromkeys([*first, *judges(views), me]))
