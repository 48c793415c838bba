"""What is said before the first vote."""

from __future__ import annotations

from tui_eval.core.records import Completion
from tui_eval.files.judging.words import Looks


def said(*answers: tuple[str, str]) -> list[str]:
    pairs = [
        (completion(f"t{number}", one), completion(f"b{number}", other))
        for number, (one, other) in enumerate(answers)
    ]
    return [words for words in Looks((), 0.1).at_pairs(pairs, 0) if "equal" in words]


def completion(id: str, answer: str) -> Completion:
    return Completion(id=id, sample="s", index=0, text=answer, answer=answer)


def test_equal_pairs_are_told_as_ties_that_are_not_shown() -> None:
    assert said(("a", "b")) == []
    assert said(("a", "b"), ("a", "a ")) == [
        "1 pair of equal answers counts as a tie and is not shown."
    ]
    assert said(("a", "b"), ("a", "a"), ("c", "c")) == [
        "2 pairs of equal answers count as ties and are not shown."
    ]
    assert said(("a", "a"), ("c", "c")) == [
        "The answers are equal in all of 2 pairs: nothing to judge."
    ]
