"""The rows of "who was compared with whom", and what is said of several."""

from __future__ import annotations

import pytest

from tui_eval.core.judgements import JudgeRound, Mark, PlannedPair, Round
from tui_eval.core.reading import Number, Reading
from tui_eval.core.steps.compared import Comparison, between, said, state_text, table

RESULT = {
    "wins": Number(31),
    "losses": Number(13),
    "ties": Number(6),
    "win_rate": Number(0.68, 0.554, 0.792, 50),
}


def judged(name: str, votes: int, planned: int = 50, ended: bool = False) -> JudgeRound:
    pairs = tuple(PlannedPair(f"p{n}", "l", "r") for n in range(planned))
    marks = {f"p{n}": Mark(f"p{n}", side="left") for n in range(votes)}
    return JudgeRound(name, "plan", "round", "blind_ab", planned=planned, pairs=pairs, marks=marks,
                      finished=ended)  # fmt: skip


def compared(
    *judges: JudgeRound,
    opened: bool = False,
    one: str = "tuned",
    other: str = "base",
    current: bool = True,
) -> Comparison:
    standing = Round(f"{one}-{other}", "blind_ab", judges, "2026-01-05T09:00:00Z" if opened else "")
    reading = Reading("blind_ab", one, "good" if opened else "waiting", "h", "s", other,
                      numbers=RESULT)  # fmt: skip
    return Comparison(standing.id, one, other, standing, reading, current)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (compared(judged("ana", 12)), "ana 12 of 50"),
        (compared(judged("ana", 12), judged("bo", 3)), "ana 12 of 50, bo 3 of 50"),
        (compared(*(judged(name, 5) for name in "abc")), "3 judges, 15 votes"),
        (compared(judged("ana", 0)), "opened, no vote yet"),
        (compared(), "opened, no vote yet"),
        (compared(judged("ana", 50, ended=True)), "can be unblinded: ana 50"),
        (compared(judged("ana", 50, ended=True), opened=True), "unblinded; ana 50"),
        (compared(judged("ana", 9), current=False), "earlier answers, ana 9 of 50"),
        (compared(opened=True), "unblinded"),
    ],
)
def test_where_judging_stands(made: Comparison, words: str) -> None:
    assert state_text(made) == words


def test_a_blind_row_gives_no_direction_whatever_its_reading_holds() -> None:
    (row,) = table([compared(judged("ana", 50, ended=True))]).rows
    assert row[2] == ""
    assert row[3:6] == row[7:] == (None,) * 3


def test_an_open_row_has_its_figures() -> None:
    (row,) = table([compared(judged("ana", 50, ended=True), opened=True)]).rows
    assert row == (
        "tuned", "base", "✓ good", 0.68, 0.554, 0.792, "unblinded; ana 50", 31, 13, 6,
    )  # fmt: skip


def test_rows_open_their_round() -> None:
    found = table([compared(one="a"), compared(one="b")])
    assert found.refs == ("a-base", "b-base")
    assert found.title == "● against ○"


def test_names_are_clean() -> None:
    (row,) = table([compared(one="a\x1b[2J", other="b\u202e")]).rows
    assert "\x1b" not in str(row[0])
    assert "\u202e" not in str(row[1])


def test_several_looks_are_told() -> None:
    opened = [compared(opened=True, one=name) for name in "abc"]
    assert said(opened[:1], 0.05) == ()
    words = " ".join(said([*opened, compared(one="d")], 0.05))
    assert "3 comparisons were unblinded" in words
    assert "in up to 15% " in words
    assert "no ranking" in words
    assert "up to 100% " in said(opened * 10, 0.05)[0]


def test_a_pair_keeps_the_order_in_which_it_is_compared() -> None:
    order = ("base", "tuned", "other", "third")
    assert between([], "third", "other", order) == ("other", "third")
    assert between([], "other", "third", order) == ("other", "third")
    assert between([], "base", "third", order) == ("third", "base")
    known = [compared(one="third", other="other")]
    assert between(known, "other", "third", order) == ("third", "other")
    earlier = [compared(one="third", other="other", current=False)]
    assert between(earlier, "other", "third", order) == ("other", "third")
