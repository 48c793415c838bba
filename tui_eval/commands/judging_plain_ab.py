"""Blind A/B, line by line."""

from __future__ import annotations

from tui_eval.commands.judging_plain import (
    COMMON,
    Loop,
    Shows,
    Talk,
    block,
    prompt_lines,
    result_lines,
    whole_prompt_lines,
)
from tui_eval.core.judgements import Side
from tui_eval.core.session import AbSession
from tui_eval.store.journal import NotSaved

VOTES: dict[str, tuple[Side, str]] = {
    "a": ("left", "A is better"),
    "b": ("right", "B is better"),
    "t": ("tie", "tie"),
    "x": ("both_bad", "both bad"),
}
HELP = f"""\
 a b        A is better, B is better
 A B        the same, and it was clear
 t          tie
 x          both are bad
 !          the last vote was clear
{COMMON}
 r          what the data expects (it may point at one of the two)
 k          their thinking, after the vote on them
 F          finish: a few guesses, then your part is done
 reopen     go on after finishing
 close NAME end another judge's part; kept with your name
 unblind    show the result, after a question; then nobody can vote on these pairs"""


class AbLoop(Loop):
    thing = "pair"
    help = HELP

    def __init__(self, session: AbSession, talk: Talk, result: Shows | None) -> None:
        super().__init__(session, talk, result)
        self.ab = session
        self.last = ""
        self.ending = False

    @property
    def question(self) -> str:
        return "a b t x, ? lists more:" if self.token else "? lists the keys:"

    def read_out(self, token: str) -> None:
        pair = self.ab.pair(token)
        now = self.ab.standing
        lines = ["", f"pair, {now.done} of {now.planned} done", *prompt_lines(pair.prompt)]
        lines += ["A:", *block(pair.left), "B:", *block(pair.right)]
        self.talk.say_all(lines)

    def answer(self, word: str, rest: str) -> bool:
        if word == "F" and not self.ending and self.ab.following() is not None:
            self.ending = True
            self.talk.say(
                "Not all pairs are judged: finishing now ends your part early. F again does it."
            )
            return True
        self.ending = False
        if word in VOTES or word in ("A", "B"):
            self._vote(word)
        elif word == "!":
            self._strong(self.last)
        elif word in ("r", "k"):
            self._look(word)
        elif word in ("F", "finish"):
            self._finish()
        elif word == "reopen":
            self.ab.reopen()
            self.go_on()
        elif word == "close" and rest:
            self.ab.close_judge(rest)
            self.talk.say(f"{rest}'s part is closed; the votes that are there count.")
            self.at_the_end()
        elif word == "unblind":
            self._unblind()
        else:
            return False
        return True

    def go_on(self, after: str | None = None) -> None:
        """Nothing is asked that could not be voted on: whoever is done, was closed or came
        after the unblinding is told so."""
        self.ab.refresh()
        if self.ab.unblinded or self.ab.state.ended:
            self.token = None
            self.at_the_end()
            return
        super().go_on(after)

    def _vote(self, word: str) -> None:
        token = self.token
        if token is None:
            self.talk.say("There is no pair before you.")
            return
        side, said = VOTES[word.lower()]
        self.last = token
        try:
            self.ab.vote(token, side, ms=self.elapsed_ms(), shown={"plain": True})
            if word.isupper():
                self.ab.strong(token)
                said = f"{said}, clearly"
            self.talk.say(f"saved: {said}")
        except NotSaved as error:
            self.talk.say(str(error))
        self.go_on(token)

    def _strong(self, token: str) -> None:
        if not token:
            self.talk.say("There is no vote before this.")
            return
        self.ab.strong(token)
        self.talk.say("saved: it was clear")

    def _look(self, word: str) -> None:
        token = self.token if word == "r" else self.last
        if not token:
            self.talk.say("There is nothing to show yet.")
        elif word == "r":
            self.ab.view(token, "reference")
            self.talk.say("expected:")
            self.talk.say_all(block(self.ab.pair(token).reference or "", "(none)"))
        else:
            self.ab.view(token, "thinking")
            for name, text in zip("AB", self.ab.thinking(token), strict=True):
                self.talk.say(f"thinking of {name}, in the pair before:")
                self.talk.say_all(block(text, "(none)"))

    def whole_prompt(self) -> None:
        if self.token is not None:
            self.talk.say_all(whole_prompt_lines(self.ab.pair(self.token).prompt))

    def _finish(self) -> None:
        for token in self.ab.to_guess():
            if self.ab.mark(token).guess is None:
                self._guess(token)
        self.ab.finish()
        self.token = None
        self.talk.say("Your part is finished.")
        self.at_the_end()

    def _unblind(self) -> None:
        why = self.ab.may_unblind()
        if why:
            self.talk.say(why)
            return
        if not self.ab.unblinded:
            question = "After this nobody can vote on these pairs again. Unblind? yes or no:"
            if self.talk.ask(question).strip().lower() not in ("y", "yes"):
                self.talk.say("Not unblinded.")
                return
            self.ab.unblind()
        self._show_result()

    def _guess(self, token: str) -> None:
        self.read_out(token)
        question = "You tied these. Which is the candidate's? a, b, or nothing:"
        while word := self.talk.ask(question).strip().lower():
            if word in ("a", "b"):
                self.ab.guess(token, VOTES[word][0])
                return
            question = "a, b, or nothing where you can't tell:"

    def at_the_end(self) -> None:
        if self.ab.unblinded:
            self._show_result()
            return
        state = self.ab.state
        if not state.ended:
            self.talk.say("All pairs are judged. F finishes, u takes the last vote back.")
            return
        why = self.ab.may_unblind()
        if why:
            self.talk.say(f"The result opens when everybody has finished. {why}")
            self.talk.say("Wait for them, or: close NAME")
        else:
            self.talk.say("Everybody has finished. unblind shows the result; reopen goes on.")

    def _show_result(self) -> None:
        self.talk.say("These pairs are unblinded.")
        if self.result is not None:
            self.talk.say_all(result_lines(self.result()))
