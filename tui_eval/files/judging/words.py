"""What is said before the first judgement: what so many can show, and what to know of the
answers. Nothing here tells which side or which model it is about."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.blinding import shown
from tui_eval.core.records import Completion
from tui_eval.core.stats.intervals import wilson
from tui_eval.core.stats.rates import smallest_found
from tui_eval.files.judging.texts import gives_away, names_in


def can_show(planned: int, mode: str) -> tuple[str, ...]:
    """The planned number, and the smallest preference that it would find."""
    if mode == "open":
        return (
            f"Up to {count(planned, 'pair')}, open-ended: judge until the votes are clear, "
            "however often they are looked at.",
        )
    rate = smallest_found(planned)
    if rate is None:
        return (f"{count(planned, 'pair')} can show no preference, however the votes fall.",)
    return (
        f"{count(planned, 'pair')}: without ties they find a true preference of "
        f"{rate:.0%} or more, 4 times in 5. A smaller one needs more pairs.",
    )


def review_can_show(planned: int) -> tuple[str, ...]:
    interval = wilson(planned // 2, planned)
    if interval is None or interval.low is None or interval.high is None:
        return ()
    points = round(50 * (interval.high - interval.low))
    return (
        f"{count(planned, 'answer')}: the share of good ones will be known to about "
        f"±{points} points.",
    )


def shared(number: int) -> tuple[str, ...]:
    if not number:
        return ()
    return (
        f"Too few prompts to keep the two steps apart: {number} of these stand in the manual "
        "review too. Whoever has reviewed may know an answer again.",
    )


def elsewhere(number: int) -> tuple[str, ...]:
    if not number:
        return ()
    have = "has an answer that was" if number == 1 else "have an answer that was"
    return (
        f"{number} of these prompts {have} judged in another"
        " comparison already. Whoever knows that result may know the answer again.",
    )


def at_answers(answers: Sequence[Completion], failed: int) -> tuple[str, ...]:
    """Of one model, for review."""
    cut = sum(answer.truncated for answer in answers)
    said = [f"{cut} of {count(len(answers), 'answer')} were cut at the length limit."] * bool(cut)
    return (*said, *_failed(failed))


class Looks:
    """Looks over the answers of both models before anybody judges them."""

    def __init__(self, names: Sequence[str], truncated: float) -> None:
        self._names, self._truncated = names_in(names), truncated
        self._looked: dict[str, bool] = {}

    def at_pairs(
        self, pairs: Sequence[tuple[Completion, Completion]], failed: int
    ) -> tuple[str, ...]:
        return (*_equal(pairs), *self._cut(pairs), *self._given_away(pairs), *_failed(failed))

    def _cut(self, pairs: Sequence[tuple[Completion, Completion]]) -> list[str]:
        sides = [[answer.truncated for answer in side] for side in zip(*pairs, strict=True)]
        if not any(sum(side) > self._truncated * len(side) for side in sides):
            return []
        return [
            f"More than {self._truncated:.0%} of the answers of at least one side were cut at "
            "the length limit: a higher [generation] max_new_tokens would show them whole."
        ]

    def _given_away(self, pairs: Sequence[tuple[Completion, Completion]]) -> list[str]:
        telling = sum(any(self._tells(answer) for answer in pair) for pair in pairs)
        if not telling:
            return []
        return [
            f"{count(telling, 'pair')} may give a side away: a model's name, or what a chat "
            "template wraps turns in (which is not shown), stands in an answer."
        ]

    def _tells(self, answer: Completion) -> bool:
        if answer.id not in self._looked:
            self._looked[answer.id] = gives_away(answer.answer, self._names)
        return self._looked[answer.id]


def _equal(pairs: Sequence[tuple[Completion, Completion]]) -> list[str]:
    same = sum(shown(one.answer) == shown(other.answer) for one, other in pairs)
    if not same:
        return []
    if same == len(pairs):
        return [f"The answers are equal in all of {count(same, 'pair')}: nothing to judge."]
    told = "counts as a tie and is" if same == 1 else "count as ties and are"
    return [f"{count(same, 'pair')} of equal answers {told} not shown."]


def _failed(failed: int) -> list[str]:
    if not failed:
        return []
    return [f"{count(failed, 'prompt')} {'has' if failed == 1 else 'have'} no answer: left out."]


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
