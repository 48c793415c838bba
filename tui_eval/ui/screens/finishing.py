"""``F``: the way from the last vote to the unblinding, one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from tui_eval.core.session import AbSession, Pair, Standing
from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.judging_look import Look, told
from tui_eval.ui.screens.sheet import Ask

if TYPE_CHECKING:
    from tui_eval.ui.screens.blind_ab import BlindAbScreen
    from tui_eval.ui.screens.guess import Answered, GuessScreen
    from tui_eval.ui.screens.unblind import UnblindScreen


class Finishing:
    """All that it does to the session goes through the judging screen's writer."""

    def __init__(self, desk: BlindAbScreen, session: AbSession) -> None:
        self._desk, self._session = desk, session
        self._page: UnblindScreen | None = None

    def start(self) -> None:
        look = self._desk.look
        if look.finished or look.closed_by:
            self._choose()
            return
        left = look.standing.planned - look.standing.done
        if left <= 0:
            self._guesses()
            return
        done = look.standing.done
        question = f"Finish after {done} of {look.standing.planned} pairs?"
        words = ["Ending before the planned number is kept as an act of its own; the result",
                 "is then told more carefully. F, judge on opens your judging again."]  # fmt: skip

        def answered(yes: bool | None) -> None:
            if yes:
                self._guesses()

        self._desk.app.push_screen(Ask(question, words), answered)

    def _do(
        self, work: Callable[[], Any], then: Callable[[Any, TuiEvalError | None], None]
    ) -> None:
        """Work on the writer's thread; what failed is told where the judge looks."""

        def safely() -> tuple[Any, TuiEvalError | None]:
            try:
                return work(), None
            except TuiEvalError as error:
                return None, error

        self._desk.put("finishing", safely, lambda came: then(*came))

    def _say(self, error: TuiEvalError) -> None:
        screen = self._desk.app.screen
        if isinstance(screen, Plain) and screen is not self._desk:
            screen.say(told(error), "bad")
        else:
            self._desk.tell(told(error), "bad")

    # Guesses.

    def _guesses(self) -> None:
        session, fetch = self._session, self._desk.fetch
        self._desk.saving = True

        def work() -> list[Pair]:
            open_ = [token for token in session.to_guess() if session.mark(token).guess is None]
            return [fetch(token) for token in open_]

        def came(pairs: list[Pair] | None, error: TuiEvalError | None) -> None:
            self._desk.saving = False
            if error is not None:
                self._say(error)
            elif pairs:
                self._ask_guesses(pairs)
            else:
                self._finish()

        self._do(work, came)

    def _ask_guesses(self, pairs: list[Pair]) -> None:
        from tui_eval.ui.screens.guess import GuessScreen

        session = self._session

        def record(token: str, side: str, answered: Answered) -> None:
            self._do(lambda: session.guess(token, side), lambda _, error: answered(error))

        def done() -> None:
            self._drop(screen)
            self._finish()

        desk = self._desk
        screen: GuessScreen = GuessScreen(pairs, record, done, judge=desk.judge, clock=desk.clock)
        desk.app.push_screen(screen)

    def _finish(self) -> None:
        def came(_: Any, error: TuiEvalError | None) -> None:
            if error is not None:
                self._say(error)
            else:
                self._choose()

        self._do(self._session.finish, came)

    # Wait, close, judge on, unblind.

    def _known(self) -> tuple[Look, str]:
        session = self._session
        session.refresh()
        return self._desk.look_on(session.following()), session.may_unblind()

    def _choose(self) -> None:
        def came(known: tuple[Look, str] | None, error: TuiEvalError | None) -> None:
            if known is None:
                if error is not None:
                    self._say(error)
                return
            self._desk.show_look(known[0], anew=True)
            self._open(known[0].standing, known[1])

        self._do(self._known, came)

    def _open(self, standing: Standing, why: str) -> None:
        from tui_eval.ui.screens.unblind import UnblindScreen

        self._page = UnblindScreen(self._desk.judge, standing, why, self._act, self._look)
        self._desk.app.push_screen(self._page)

    def _look(self) -> None:
        def came(known: tuple[Look, str] | None, error: TuiEvalError | None) -> None:
            if known is not None and self._page is not None and self._page.is_current:
                self._page.show(known[0].standing, known[1])

        self._do(self._known, came)

    def _act(self, act: str, judge: str) -> None:
        session = self._session
        if act == "wait":
            self._away()
        elif act == "close":
            self._do(lambda: session.close_judge(judge), self._closed(judge))
        elif act == "judge_on":
            self._do(session.reopen, self._judged_on)
        elif act == "unblind":
            self._do(session.unblind, self._unblinded)

    def _closed(self, judge: str) -> Callable[[Any, TuiEvalError | None], None]:
        def came(_: Any, error: TuiEvalError | None) -> None:
            if error is not None:
                self._say(error)
            elif self._page is not None:
                self._page.say(f"{clean(judge, limit=24)}'s judging is closed")
                self._look()

        return came

    def _judged_on(self, _: Any, error: TuiEvalError | None) -> None:
        if error is not None:
            self._say(error)
        elif self._page is not None:
            self._drop(self._page)
            self._desk.open_again()

    def _unblinded(self, _: Any, error: TuiEvalError | None) -> None:
        if error is not None:
            self._say(error)
            return
        self._away()
        self._desk.app.post_message(self._desk.Unblinded())

    def _away(self) -> None:
        """Back to where judging was opened from."""
        if self._page is not None:
            self._drop(self._page)
        self._drop(self._desk)

    def _drop(self, screen: Screen[Any]) -> None:
        """Close a screen that is on top; one that alone is there stays."""
        app = self._desk.app
        if app.screen is screen and len(app.screen_stack) > 1:
            app.pop_screen()
