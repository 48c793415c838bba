from __future__ import annotations

import random
import tracemalloc
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.overlap import CopyIndex, Overlap, copied_by_none
from tui_eval.core.overlap_words import word_spans
from tui_eval.core.text import fold, words

Rows = Sequence[tuple[str, str]]


def against(answers: Mapping[str, str], rows: Rows, **settings: int | bool) -> dict[str, Overlap]:
    index = CopyIndex(answers, **settings)  # type: ignore[arg-type]
    for row, text in rows:
        index.feed(row, text)
    return index.results()


def fresh(count: int, mark: str) -> str:
    """Words that no other text holds."""
    return " ".join(f"{mark}{at}" for at in range(count))


@pytest.mark.parametrize(("length", "copied"), [(49, False), (50, True), (51, True)])
@pytest.mark.parametrize("at", range(7))
def test_planted_runs_are_found_to_the_word(length: int, copied: bool, at: int) -> None:
    planted = fresh(length, "p")
    source = f"{fresh(at, 's')} {planted}, {fresh(30, 't')}"
    answer = f"{fresh(11, 'a')}: {planted.upper()}! {fresh(5, 'b')}"
    overlap = against({"it": answer}, [("other", fresh(90, "o")), ("source", source)])["it"]
    assert overlap.run is not None
    assert overlap.run.words == length
    assert overlap.run.row == "source"
    assert answer[slice(*overlap.run.span)] == planted.upper()
    assert source[slice(*overlap.run.row_span)] == planted
    assert overlap.covered == pytest.approx(length / (length + 16))
    assert overlap.copied is copied
    assert overlap.exact is None


@pytest.mark.parametrize("at", range(12))
def test_a_run_of_13_words_is_told_and_one_of_12_is_not(at: int) -> None:
    for length in (12, 13):
        planted = fresh(length, "p")
        rows = [("r", f"{fresh(at, 's')} {planted} {fresh(9, 't')}")]
        overlap = against({"it": f"x {planted} y"}, rows)["it"]
        assert (overlap.run is not None) is (length == 13)
        assert not overlap.copied


def test_equal_after_folding_is_a_copy_from_six_words_on() -> None:
    rows = [("first", "Please  RESTART the\nrouter, then wait."), ("second", "No. It is not")]
    answers = {
        "equal": "please restart the Router, then wait.",
        "punctuation": "please restart the router then wait",
        "short": "no. it is not",
    }
    found = against(answers, rows)
    assert found["equal"].exact == "first"
    assert found["equal"].copied
    assert found["punctuation"].exact is None
    assert found["short"].exact is None
    assert not found["short"].copied
    assert against(answers, rows, words=4)["short"].exact == "second"


def test_the_first_equal_row_is_named_for_every_equal_answer() -> None:
    text = fresh(7, "w")
    found = against({"a": text, "b": text.upper()}, [("x", "-"), ("y", text), ("z", text)])
    assert [found[name].exact for name in "ab"] == ["y", "y"]


def test_code_keeps_its_case() -> None:
    source = "def Run(Self): return Self.Value + Self.Other"
    answer = source.lower()
    assert against({"it": answer}, [("r", source)])["it"].exact == "r"
    assert against({"it": answer}, [("r", source)], code=True)["it"].exact is None
    assert against({"it": source}, [("r", source)], code=True)["it"].exact == "r"


def test_forms_of_the_same_characters_are_the_same() -> None:
    composed = "Café Zoë naïve Ångström " + fresh(12, "é")
    decomposed = "CAFE\u0301 ZOE\u0308 NAI\u0308VE A\u030aNGSTRO\u0308M " + fresh(12, "e\u0301")
    overlap = against({"it": f"Hm: {decomposed}"}, [("r", composed)])["it"]
    assert overlap.run is not None
    assert overlap.run.words == 16
    assert f"Hm: {decomposed}"[slice(*overlap.run.span)] == decomposed
    assert composed[slice(*overlap.run.row_span)] == composed


def test_an_ideograph_is_a_word() -> None:
    planted = "".join(chr(0x4E00 + 7 * at) for at in range(50))
    source, answer = f"前言。{planted}完", f"答：{planted}。"
    overlap = against({"it": answer}, [("r", source)])["it"]
    assert overlap.run is not None
    assert overlap.run.words == 50
    assert overlap.copied
    assert answer[slice(*overlap.run.span)] == planted == source[slice(*overlap.run.row_span)]


def test_what_base_or_the_reference_say_too_is_not_counted() -> None:
    """An instruction that every model echoes, and an answer that the reference copies."""
    echoed, learned, boilerplate = fresh(55, "e"), fresh(60, "l"), fresh(52, "b")
    rows = [("r1", echoed), ("r2", learned), ("r3", boilerplate)]
    tuned = against({"1": f"so {echoed}", "2": learned, "3": boilerplate, "4": "own"}, rows)
    base = against({"1": f"well {echoed}", "2": "no idea", "3": "?", "4": "own"}, rows)
    reference = against({"1": "x", "2": fresh(60, "r"), "3": boilerplate, "4": ""}, rows)
    assert [name for name, overlap in tuned.items() if overlap.copied] == ["1", "2", "3"]
    assert copied_by_none(tuned, base, reference) == ["2"]
    assert copied_by_none(tuned) == ["1", "2", "3"]


def test_nothing_in_common_is_nothing_found() -> None:
    found = against({"a": fresh(80, "a"), "empty": "", "signs": "?! …"}, [("r", fresh(80, "r"))])
    assert all(
        overlap.run is None and overlap.exact is None and not overlap.copied
        for overlap in found.values()
    )
    assert found["a"].covered == 0.0
    assert found["empty"].covered is None
    assert found["signs"].words == 0
    assert against({}, [("r", "any text")]) == {}


def test_coverage_joins_runs_of_several_rows() -> None:
    one, two = fresh(20, "p"), fresh(20, "q")
    answer = f"{one} {fresh(40, 'own')} {two}"
    rows = [("a", one + " tail"), ("b", f"head {two}"), ("c", " ".join(two.split()[:15]))]
    overlap = against({"it": answer}, rows)["it"]
    assert overlap.covered == 0.5
    assert overlap.run is not None
    assert (overlap.run.words, overlap.run.row) == (20, "a")


def test_one_word_without_end_takes_time_in_proportion() -> None:
    """10,000 times one word against a million times: compared pair by pair, 10 billion."""
    overlap = against({"it": "na " * 10_000}, [("r", "na " * 1_000_000), ("s", "na " * 40)])["it"]
    assert overlap.run is not None
    assert overlap.run.words == 10_000
    assert overlap.run.row_span == (0, 29_999)
    assert overlap.covered == 1.0


def test_a_phrase_of_all_answers_and_all_rows_is_no_burden() -> None:
    """2,000 answers and 3,000 rows that share 30 words: compared in pairs, 6 million."""
    phrase = fresh(30, "p")
    answers = {str(at): f"{phrase} {fresh(5, f'a{at}x')}" for at in range(2_000)}
    rows = [(f"r{at}", f"{phrase} {fresh(9, f'r{at}x')}") for at in range(3_000)]
    found = against(answers, rows)
    for overlap in found.values():
        assert overlap.run is not None
        assert (overlap.run.words, overlap.run.row) == (30, "r0")


def test_memory_stays_flat_as_rows_pass() -> None:
    """Rows without copies, with seeds, and with the same copy again leave nothing behind."""
    answers = {str(at): fresh(60, f"a{at}x") for at in range(20)}
    index = CopyIndex(answers)
    rows = [*answers.values(), fresh(40, "q"), *(f"{fresh(9, f'a{at}x')} z" for at in range(20))]
    for row, text in enumerate(rows):
        index.feed(row, text)
    tracemalloc.start()
    try:
        for row in range(3_000):
            index.feed(100 + row, rows[row % len(rows)] + f" r{row}")
        assert tracemalloc.get_traced_memory()[0] < 50_000
    finally:
        tracemalloc.stop()
    assert all(overlap.exact == int(name) for name, overlap in index.results().items())


def test_a_run_shown_cannot_be_shorter_than_its_seed() -> None:
    with pytest.raises(ValueError, match="8 words"):
        CopyIndex({}, near=7)


LETTERS = st.lists(st.sampled_from(["a", "b", "B", "é", "世"]), max_size=30).map(" ".join)


@given(
    st.lists(LETTERS, min_size=1, max_size=4),
    st.lists(LETTERS, max_size=4),
    st.sampled_from([8, 9, 13]),
    st.randoms(use_true_random=False),
)
def test_every_run_is_that_of_comparing_everything(
    rows: list[str], answers: list[str], near: int, rng: random.Random
) -> None:
    asked = {
        str(at): f"{answer} {cutting(rng.choice(rows), rng)}" for at, answer in enumerate(answers)
    }
    named = [(f"r{at}", text) for at, text in enumerate(rows)]
    for name, overlap in against(asked, named, near=near, words=2).items():
        best, covered = compared(asked[name], named, near)
        assert overlap.covered == covered
        folded = fold(asked[name])
        equal = [row for row, text in named if fold(text) == folded and len(words(folded)) > 1]
        assert overlap.exact == (equal[0] if equal else None)
        found = overlap.run and (
            overlap.run.words,
            overlap.run.row,
            overlap.run.span,
            overlap.run.row_span,
        )
        assert found == best


def cutting(text: str, rng: random.Random) -> str:
    parts = text.split()
    start = rng.randint(0, len(parts))
    return " ".join(parts[start : start + rng.randint(0, 25)])


def compared(
    answer: str, rows: Rows, near: int
) -> tuple[tuple[int, str, tuple[int, int], tuple[int, int]] | None, float | None]:
    """Every place of the answer against every place of every row."""
    ours, best = words(fold(answer)), (near - 1, 0, 0, 0)
    covered: set[int] = set()
    for at, (_, text) in enumerate(rows):
        theirs = words(fold(text))
        for i in range(len(ours)):
            for j in range(len(theirs)):
                run = 0
                while i + run < len(ours) and ours[i : i + run + 1] == theirs[j : j + run + 1]:
                    run += 1
                if run >= near:
                    covered.update(range(i, i + run))
                if run > best[0]:
                    best = (run, at, i, j)
    share = len(covered) / len(ours) if ours else None
    run, at, i, j = best
    if run < near:
        return None, share
    spans, theirs_spans = word_spans(answer), word_spans(rows[at][1])
    return (
        run,
        rows[at][0],
        (spans[i][0], spans[i + run - 1][1]),
        (theirs_spans[j][0], theirs_spans[j + run - 1][1]),
    ), share
