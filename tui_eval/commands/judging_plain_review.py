"""Manual review, line by line."""

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
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.session import ReviewSession
from tui_eval.store.journal import NotSaved

NOT_APPLICABLE = 0
HELP = f"""\
 1 2 3 4 5  score for the criterion that is asked for; 0 does not apply
 4553       all four at once: {", ".join(CRITERIA)}
 -          clear the last score of this answer
 levels     what 1 to 5 mean
{COMMON}
 e          what the data expects
 k          the thinking before the answer
 go N       answer number N; list shows them all"""


class ReviewLoop(Loop):
    thing = "answer"
    help = HELP

    def __init__(self, session: ReviewSession, talk: Talk, result: Shows | None) -> None:
        super().__init__(session, talk, result)
        self.review = session

    @property
    def question(self) -> str:
        criterion = self._active()
        return f"{criterion} 1-5, ? lists more:" if criterion else "? lists the keys:"

    def _active(self) -> str | None:
        """The first criterion that has no score."""
        if self.token is None:
            return None
        scores = self.review.mark(self.token).scores
        return next((name for name in CRITERIA if name not in scores), None)

    def read_out(self, token: str) -> None:
        item = self.review.item(token)
        now = self.review.standing
        lines = ["", f"answer {item.number} of {now.planned}, {now.done} done"]
        lines += [f"category: {item.prompt.category}"] if item.prompt.category else []
        ended = f", {item.answer.end}" if item.answer.end else ""
        lines += [*prompt_lines(item.prompt), f"answer, {item.answer.words} words{ended}:"]
        lines += block(item.answer.text)
        lines += [f"  calls {call}" for call in item.answer.calls]
        mark = self.review.mark(token)
        if mark.scores:
            told = ", ".join(f"{name} {_level(value)}" for name, value in mark.scores.items())
            lines.append(f"scored: {told}")
        self.talk.say_all(lines)

    def answer(self, word: str, rest: str) -> bool:
        digits = (word + rest).replace(" ", "")
        if digits.isdecimal() and digits.isascii():
            self._score(digits)
        elif word == "-":
            self._clear()
        elif word == "levels":
            self._levels()
        elif word in ("e", "k"):
            self._look(word)
        elif word == "list":
            self._list()
        elif word == "go":
            self._go(rest)
        else:
            return False
        return True

    def _score(self, digits: str) -> None:
        token = self.token
        if token is None:
            self.talk.say("There is no answer before you.")
            return
        if any(digit > "5" for digit in digits) or len(digits) not in (1, len(CRITERIA)):
            self.talk.say("One score of 0 to 5, or four at once.")
            return
        whole = len(digits) == len(CRITERIA)
        names = CRITERIA if whole else (self._active() or CRITERIA[-1],)
        waits = 0
        for name, digit in zip(names, digits, strict=True):
            try:
                self.review.score(token, name, int(digit), ms=self.elapsed_ms())
            except NotSaved as error:
                waits += 1
                self.talk.say(str(error))
        if not waits:
            told = ", ".join(f"{n} {_level(int(d))}" for n, d in zip(names, digits, strict=True))
            self.talk.say(f"saved: {told}")
        if self.review.mark(token).scored:
            self.go_on(token)

    def _clear(self) -> None:
        scores = self.review.mark(self.token or "").scores
        last = next((name for name in reversed(CRITERIA) if name in scores), None)
        if self.token is None or last is None:
            self.talk.say("There is no score to clear.")
            return
        self.review.score(self.token, last, None)
        self.talk.say(f"cleared: {last}")

    def _levels(self) -> None:
        for name, levels in self.review.anchors.items():
            self.talk.say(f"{name}:")
            for level, text in enumerate(levels, 1):
                self.talk.say(f"  {level} {text}")

    def _look(self, word: str) -> None:
        if self.token is None:
            self.talk.say("There is no answer before you.")
            return
        item = self.review.item(self.token)
        self.review.view(self.token, "reference" if word == "e" else "thinking")
        self.talk.say("expected:" if word == "e" else "thinking:")
        self.talk.say_all(
            block((item.reference if word == "e" else item.answer.thinking) or "", "(none)")
        )

    def whole_prompt(self) -> None:
        if self.token is not None:
            self.talk.say_all(whole_prompt_lines(self.review.item(self.token).prompt))

    def _list(self) -> None:
        for number, token in enumerate(self.review.order, 1):
            mark = self.review.mark(token)
            scores = " ".join(_level(mark.scores.get(name)) for name in CRITERIA)
            flag = " flagged" if mark.flagged else ""
            self.talk.say(f"{number}: {scores}{flag}{' ' + mark.note if mark.note else ''}")

    def _go(self, number: str) -> None:
        order = self.review.order
        if not number.isdecimal() or not 1 <= int(number) <= len(order):
            self.talk.say(f"There are answers 1 to {len(order)}.")
            return
        self.turn_to(order[int(number) - 1])

    def at_the_end(self) -> None:
        self.talk.say("All answers are scored. go N turns back to one, q leaves.")
        if self.result is not None:
            self.talk.say_all(result_lines(self.result()))


def _level(value: int | None) -> str:
    return "." if value is None else "n/a" if value == NOT_APPLICABLE else str(value)
