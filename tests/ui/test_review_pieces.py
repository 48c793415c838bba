"""The parts of the review screen that need no app."""

from __future__ import annotations

from itertools import product

import pytest

from tui_eval.core.anchors import ANCHORS, QUESTIONS, WIDTH
from tui_eval.core.judgements import CRITERIA, Mark
from tui_eval.core.session import Answer, Item, Prompt, Turn
from tui_eval.core.text import cells
from tui_eval.ui.screens.review_layout import Laid, answer_lines, flag_words, heading
from tui_eval.ui.screens.review_list import of_kind, state_of
from tui_eval.ui.screens.review_scoring import Scoring
from tui_eval.ui.screens.review_text import ReviewText
from tui_eval.ui.widgets.fold import folded_words, last_lines, whole_lines
from tui_eval.ui.widgets.rows import plain, width_of
from tui_eval.ui.widgets.scorecard import COLUMN, Scorecard, anchor_lines, brief, mean

FULL = dict.fromkeys(CRITERIA, 4)


# Which criterion is next.


def test_four_digits_are_one_judgement() -> None:
    scoring = Scoring.of("a", {})
    given = [scoring.give(value) for value in (4, 5, 3, 2)]
    assert given == [
        ("accuracy", False),
        ("relevance", False),
        ("fluency", False),
        ("format", True),
    ]
    assert scoring.scores == {"accuracy": 4, "relevance": 5, "fluency": 3, "format": 2}


def test_a_half_scored_answer_goes_on_at_the_first_gap() -> None:
    scoring = Scoring.of("a", {"accuracy": 4, "fluency": 0})
    assert scoring.active == "relevance"
    assert scoring.give(3) == ("relevance", False)
    assert scoring.give(3) == ("format", True)


def test_another_look_at_a_scored_answer_goes_through_all_four() -> None:
    scoring = Scoring.of("a", FULL)
    assert [scoring.give(value) for value in (1, 2, 3, 4)][-1] == ("format", True)
    assert [scoring.active, scoring.scores["accuracy"]] == ["accuracy", 1]


def test_clearing_takes_the_last_and_stays() -> None:
    scoring = Scoring.of("a", {"accuracy": 4, "relevance": 5})
    assert [scoring.clear(), scoring.clear(), scoring.clear()] == ["relevance", "accuracy", None]
    assert scoring.active == "accuracy"


def test_clearing_a_scored_answer_makes_it_unfinished() -> None:
    scoring = Scoring.of("a", FULL)
    assert scoring.clear() == "format"
    assert scoring.active == "format"
    assert scoring.give(0) == ("format", True)


def test_no_way_through_the_digits_leaves_a_gap() -> None:
    """Whatever is cleared on the way, an answer is done with only when all four stand."""
    for keys in product(("give", "clear"), repeat=7):
        scoring = Scoring.of("a", {})
        for key in keys:
            if key == "clear":
                scoring.clear()
            elif scoring.give(3)[1]:
                assert set(scoring.scores) == set(CRITERIA)
                break


# The card.


def test_the_anchors_are_whole_and_fit_beside_their_criterion() -> None:
    assert set(ANCHORS) == set(QUESTIONS) == set(CRITERIA)
    for texts in ANCHORS.values():
        assert len(set(texts)) == 5
        assert all(text and cells(text) <= WIDTH for text in texts)


def card(scores: dict[str, int], active: str = "accuracy") -> Scorecard:
    made = Scorecard(ANCHORS)
    made.scores, made.active = scores, active
    return made


def test_a_level_keeps_its_place_whatever_was_chosen() -> None:
    none = [plain(row) for row in card({}).lines(80, 4)]
    some = [plain(row) for row in card({"accuracy": 1, "format": 5}).lines(80, 4)]
    for before, after in zip(none, some, strict=True):
        for level in "12345":
            assert before.index(f" {level} ") + 1 == after.index(level)


def test_a_row_says_what_its_level_means() -> None:
    rows = [plain(row) for row in card({"accuracy": 4, "relevance": 0}, "fluency").lines(80, 4)]
    assert "[4]" in rows[0]
    assert ANCHORS["accuracy"][3] in rows[0]
    assert "not applicable" in rows[1]
    assert rows[2].startswith(" ▸ fluency")
    assert QUESTIONS["fluency"] in rows[2]
    assert rows[3].rstrip().endswith("5")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    scored = {name: level for level, name in enumerate(CRITERIA, 2)}
    assert all(width_of(row) <= width for row in card(scored).lines(width, 4))


def test_the_column_has_the_levels_of_the_next_criterion() -> None:
    rows = card({"accuracy": 4}, "relevance").lines(COLUMN, 34)
    assert all(width_of(row) <= COLUMN for row in rows)
    text = "\n".join(map(plain, rows))
    assert "does it answer what was" in text
    for words in ANCHORS["relevance"]:
        assert words.split()[-1] in text
    assert len(card({"accuracy": 4}).lines(COLUMN, 8)) <= 8


def test_hostile_anchors_are_inert() -> None:
    made = Scorecard({"accuracy": ("\x1b]0;title\x07", "\u202ebad", "c", "d", "e")})
    made.scores = {"accuracy": 1}
    text = "\n".join(map(plain, made.lines(80, 4)))
    assert "\x1b" not in text
    assert "\x07" not in text
    listed = "\n".join(map(plain, anchor_lines({"accuracy": ("\x1b[2J", "", "", "", "")}, 60)))
    assert "\x1b" not in listed


def test_scores_in_brief() -> None:
    assert brief({"accuracy": 4, "relevance": 0}) == "4 - · ·"
    assert mean({"accuracy": 4, "relevance": 0, "format": 5}) == 4.5
    assert mean({"accuracy": 0}) is None


# The texts.


def test_the_end_and_the_flags_of_an_answer_are_said_in_words() -> None:
    answer = Answer("x", end="cut at the limit", words=1, flags=("truncated", "repetitive"))
    assert heading(answer) == "answer, 1 word, cut at the limit"
    assert flag_words(answer) == "repeats itself"
    unended = Answer("", thinking="so", flags=("unclosed_thinking",))
    assert flag_words(unended) == "no answer: its thinking never ended"
    assert "never ended" in plain(next(answer_lines(unended, 80)))
    assert "is empty" in plain(next(answer_lines(Answer(" \n"), 80)))


def test_a_tool_call_is_an_answer() -> None:
    made = [plain(row) for row in answer_lines(Answer("", calls=("weather(city: Ghent)",)), 80)]
    assert made == [" calls  weather(city: Ghent)"]


PROMPT = Prompt(
    (
        Turn("system", "Be brief."),
        Turn("user", "Hello"),
        Turn("assistant", "Hi", ("look_up(name: Ann)",)),
        Turn("user", "One\nTwo\nThree\nFour"),
    ),
    tools=("look_up",),
)


def test_earlier_turns_are_folded_and_counted() -> None:
    assert folded_words(PROMPT) == "system, 2 earlier turns, 1 tool"
    assert folded_words(Prompt((Turn("user", "Hello"),))) == ""
    assert [plain(row).strip() for row in last_lines(PROMPT, 80, 3)] == ["One", "Two", "Three…"]


@pytest.mark.parametrize(("width", "height"), [(80, 15), (120, 30), (200, 30)])
def test_the_prompt_has_the_rows_that_the_answer_leaves(width: int, height: int) -> None:
    long = Prompt((Turn("user", "\n".join(f"asked {n}" for n in range(7))),))
    text = ReviewText()

    def rows(words: str) -> list[str]:
        text.show(Item("a", long, Answer(words), "expected 0\nexpected 1"))
        return list(map(plain, text.lines(width, height)))

    short = rows("**Yes.**")
    assert [row.strip() for row in short[1:8]] == [f"asked {n}" for n in range(7)]
    assert "p shows" not in short[0]
    text.open("reference")
    opened = list(map(plain, text.lines(width, height)))
    assert opened[: 9 if width < 160 else 8] == short[: 9 if width < 160 else 8]
    assert "expected 1" in "\n".join(opened)
    assert "Yes." in "\n".join(opened)
    text.open("reference")
    text.render_markdown()
    assert [plain(row) for row in text.lines(width, height)][:8] == short[:8]
    text.render_markdown()
    full = rows("\n".join(f"answered {n}" for n in range(40)))
    most = 3 if height < 20 else 6
    assert full[0].endswith("p shows the rest ─")
    assert full[most].strip() == f"asked {most - 1}…"
    assert full[most + 1].startswith("─ answer")
    # On a wide terminal the expected answer stands beside.
    fits = next((place for place, row in enumerate(full) if row.startswith("─ expected")), height)
    assert sum("answered" in row for row in full) >= fits - most - 3, "no row of it is lost"


def test_the_whole_prompt_has_every_turn_and_call() -> None:
    text = "\n".join(map(plain, whole_lines(PROMPT, 80)))
    for words in ("system", "Be brief.", "assistant", "calls  look_up(name: Ann)", "Four", "tools"):
        assert words in text


def test_a_long_text_is_laid_out_only_as_far_as_it_is_seen() -> None:
    made = 0

    def rows() -> object:
        nonlocal made
        for made in range(1, 50_001):
            yield [(f"line {made}", "text")]

    laid = Laid(rows())  # type: ignore[arg-type]
    assert [plain(row) for row in laid.view(3)] == ["line 1", "line 2", "line 3"]
    assert made < 100
    assert laid.position() == "line 1-3/… ↓"
    laid.turn(1)
    assert plain(laid.view(3)[0]) == "line 3"
    laid.end()
    laid.view(3)
    assert laid.position() == "line 49998-50000/50000 ↑"


# The list.


def test_states_and_kinds() -> None:
    half, whole = Mark("a", {"accuracy": 3}, note="#x", flagged=True), Mark("b", dict(FULL))
    states = [state_of(mark) for mark in (half, whole, Mark("c", skipped=1), Mark("d"))]
    assert states == ["half scored", "scored", "skipped", "not scored"]
    assert [of_kind(half, kind) for kind in ("all", "not scored", "flagged", "with a note")] == [
        True, True, True, True,
    ]  # fmt: skip
    assert [of_kind(whole, kind) for kind in ("all", "not scored", "flagged", "with a note")] == [
        True, False, False, False,
    ]  # fmt: skip
