"""Two standings against each other, in words, and what is not on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tui_eval.core.steps.stands import changed, thing, unseen, unsure

THEN = {
    "tuned.kind": "adapter",
    "tuned.named": "n",
    "tuned.system": "s",
    "tuned.adapter": "1",
    "tuned.tokenizer": "t",
    "base.kind": "full",
    "base.named": "m",
    "base.weights": "2",
    "data.validation": "3",
    "tasks.labels": "4",
    "task_rules.labels": "5",
    "scoring": "6",
}
OLD = {
    name: text for name, text in THEN.items() if name.rpartition(".")[2] not in ("kind", "named")
}


def without(*parts: str, of: Mapping[str, str] = THEN) -> dict[str, str]:
    return {name: text for name, text in of.items() if not name.startswith(parts)}


FULL = without("tuned.adapter") | {"tuned.kind": "full", "tuned.weights": "9"}


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        (THEN, THEN, ()),
        # Another kind is told once, not by each part.
        (THEN, FULL, ("tuned was an adapter and is a full model now",)),
        (FULL, THEN, ("tuned was a full model and is an adapter now",)),
        (THEN, without("base."), ("base was taken out",)),
        (without("base."), THEN, ("base was added",)),
        (THEN, THEN | {"tuned.server": "x"}, ("the server of tuned was added",)),
        (THEN | {"tuned.answers": "x"}, THEN, ("the answers of tuned were taken out",)),
        (THEN, without("tasks.", "task_rules."), ("task labels was taken out",)),
        (THEN, THEN | {"task_rules.labels": "9"}, ("the prompt or rules of task labels changed",)),
        (THEN, THEN | {"scoring": "9"}, ("the scoring settings changed",)),
        # Where the files lie doesn't matter while they can be seen.
        (THEN, THEN | {"tuned.named": "elsewhere"}, ()),
        # What isn't here says nothing by itself.
        (THEN, without("tuned.adapter") | {"tuned.kind": "", "tuned.weights": ""}, ()),
        # Of what an earlier version signed, a part that vanished is a change; what that version
        # did not look at is none.
        (OLD, THEN, ()),
        (OLD, FULL, ("the adapter of tuned was taken out",)),
        (without("task_rules.", "scoring", of=OLD), THEN, ()),
        # Nor what a later version looks at.
        (THEN, THEN | {"weather": "fine", "tuned.mood": "good"}, ()),
    ],
)
def test_what_is_another_one_now(
    then: Mapping[str, str], now: Mapping[str, str], words: tuple[str, ...]
) -> None:
    assert changed(then, now) == words


NOWHERE = without("tuned.adapter") | {"tuned.kind": "", "tuned.weights": ""}
ABSENT = ("tuned.kind", "tuned.weights", "tuned.tokenizer")


@pytest.mark.parametrize(
    ("now", "absent", "doubts", "told"),
    [
        (THEN, (), (), ()),
        (NOWHERE, ABSENT, ("tuned is neither on this machine nor on record here",), ()),
        (THEN, ABSENT, (), ("tuned (taken from the record)",)),
        (THEN | {"base.weights": ""}, ("base.weights",),
         ("the weights of base are neither on this machine nor on record here",), ()),
        (THEN | {"tuned.named": "x"}, ABSENT,
         ("tuned names other files, which are not on this machine",),
         ("tuned (taken from the record)",)),
        (THEN | {"tasks.labels": ""}, ("tasks.labels",), (), ("the data of task labels",)),
        (THEN | {"data.test": ""}, ("data.test",), (), ()),
    ],
)  # fmt: skip
def test_what_is_not_here_is_told_apart(
    now: Mapping[str, str], absent: tuple[str, ...], doubts: tuple[str, ...], told: tuple[str, ...]
) -> None:
    assert (unsure(THEN, now, absent), unseen(THEN, now, absent)) == (doubts, told)


def test_whoever_had_not_seen_a_model_has_not_signed_for_it() -> None:
    assert unsure(NOWHERE, THEN, ()) == ("tuned had not been seen where it was signed",)
    assert changed(NOWHERE, THEN) == ()


def test_hostile_names_are_inert() -> None:
    assert "\x1b" not in thing("a\x1b[31m.adapter") + thing("tasks.\x1b]0;x\x07")
