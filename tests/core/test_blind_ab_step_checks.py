"""What step 5 asks of the votes besides who won: sides, lengths, repeats, guesses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_comparison import BETTER, codes, finding, opened, read, value, with_lengths
from tests.core.made_judging import Judge, compared, heard, result
from tests.core.test_step_words import check
from tui_eval.core.reading import Reading
from tui_eval.core.steps import blind_ab


def sides(chosen: str, left: int) -> dict[str, Any]:
    """Where tuned must stand for so many votes on the left."""
    lefts = {i: (letter == "t") == (i < left) for i, letter in enumerate(chosen)}
    return {"lefts": lefts}


def test_position_bias() -> None:
    """15 of 20 by chance: p = 0.041; 14: 0.115."""
    assert codes(opened(BETTER, sides(BETTER, 14))) == {}
    reading = opened(BETTER, sides(BETTER, 15))
    assert codes(reading) == {"position_bias": "caution"}
    assert value(reading, "left_rate") == 0.75
    assert reading.verdict == "caution"
    assert reading.summary == "● preferred 16-4, 0 tied: 80.0% [59.8, 94.8]; left chosen 15 of 20"
    assert codes(opened(BETTER, sides(BETTER, 5))) == {"position_bias": "caution"}


def test_the_worked_example_of_sides() -> None:
    """14-3 with tuned left, 10-7 with tuned right: left chosen 21 of 34, .705882 adjusted."""
    letters = "t" * 24 + "b" * 10
    lefts = {i: i < 14 or 24 <= i < 27 for i in range(34)}
    reading = opened(letters, {"lefts": lefts})
    assert value(reading, "left_rate") == pytest.approx(21 / 34)
    assert codes(reading) == {}
    told = "left 14 of 17, on the right 10 of 17 deciding votes: 71% on average"
    assert any("p = 0.2295" in words and told in words for words in reading.how)
    side = reading.tables["checks"].rows[0]
    assert side == ("side", "left one chosen 21 of 34: could be chance")


def test_length_bias_is_a_note_where_tuned_is_ahead_with_its_shorter_answers() -> None:
    reading = with_lengths("t" * 18 + "b" * 2, "t" * 15 + "b" * 5)
    assert value(reading, "longer_rate") == pytest.approx(17 / 20)
    assert codes(reading) == {"length_bias": "note"}
    assert reading.verdict == "good"
    assert "won 3 and lost 2" in finding(reading, "length_bias").text


def test_length_bias_is_a_caution_where_it_is_not() -> None:
    even = with_lengths("t" * 17 + "b" * 3, "t" * 14 + "b" * 6)
    assert value(even, "longer_rate") == pytest.approx(17 / 20)
    assert codes(even) == {"length_bias": "caution"}
    assert even.verdict == "caution"
    never = with_lengths("t" * 20, "t" * 20)
    assert codes(never) == {"length_bias": "caution"}
    assert "never the shorter one" in finding(never, "length_bias").text


def test_ties_tell_nothing_of_length() -> None:
    reading = with_lengths("t" * 6 + "b" * 6 + "=" * 4 + "x" * 4, "t" * 12 + "t" * 8)
    longer = reading.numbers["longer_rate"]
    assert (longer.value, longer.n) == (0.5, 12)


def test_length_is_no_bias_by_chance_and_equal_lengths_tell_nothing() -> None:
    assert codes(with_lengths("t" * 16 + "b" * 4, "t" * 10 + "b" * 6 + "b" * 2 + "t" * 2)) == {}
    reading = with_lengths("t" * 16 + "b" * 4, "=" * 20)
    assert codes(reading) == {}
    assert value(reading, "longer_rate") is None


def test_where_the_shorter_answers_win_the_longer_ones_of_tuned_tell() -> None:
    reading = with_lengths("t" * 23 + "=", "b" * 24)
    assert value(reading, "longer_rate") == 0
    assert codes(reading) == {"length_bias": "caution"}
    text = finding(reading, "length_bias").text
    assert text.startswith("The shorter answer was chosen 23 of 23 times; tuned's answer was never")
    assert "length may explain the preference" in text
    ahead = with_lengths("t" * 18 + "b" * 2, "b" * 15 + "t" * 5)
    assert codes(ahead) == {"length_bias": "note"}
    assert "is the longer it won 3 and lost 2" in finding(ahead, "length_bias").text


def test_too_few_pairs_against_the_length_say_nothing() -> None:
    for longer, shorter in ("tb", "bt"):
        reading = with_lengths("t" * 20, longer * 16 + shorter * 4)
        assert codes(reading) == {"length_bias": "caution"}
        assert "won 4 and lost 0, too few pairs" in finding(reading, "length_bias").text


def test_where_base_is_preferred_its_own_answers_tell() -> None:
    """Base won 13 to 1, and of 14 the shorter answer won each: base's was the longer once."""
    reading = with_lengths("b" * 13 + "t" + "=" * 6, "t" * 13 + "b" + "=" * 6)
    told = finding(reading, "length_bias")
    assert told.severity == "caution"
    assert "where base's answer is the longer it won 0 and lost 1: length may" in told.text


SWAPPED = str.maketrans("tb", "bt")


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 9)] * 7))
def test_mirrored_lengths_and_mirrored_models_are_judged_alike(counts: tuple[int, ...]) -> None:
    """``counts``: pairs of each kind, a vote and which answer is the longer."""
    kinds = ("tt", "tb", "bt", "bb", "t=", "b=", "=t")
    pairs = "".join(kind * n for kind, n in zip(kinds, (counts[0] + 6, *counts[1:]), strict=True))
    letters, longer = pairs[::2], pairs[1::2]
    reading = with_lengths(letters, longer)
    told = codes(reading).get("length_bias")
    mirrored = with_lengths(letters, longer.translate(SWAPPED))
    assert codes(mirrored).get("length_bias") == told
    ahead = (value(reading, "wins") or 0) - (value(reading, "losses") or 0)
    if not ahead:
        return
    turned = with_lengths(letters.translate(SWAPPED), longer.translate(SWAPPED))
    assert codes(turned).get("length_bias") == told
    if told == "note":
        # Never of votes that went by length wherever the leader's answer was not favoured.
        led, behind = "tb" if ahead > 0 else "bt"
        against = behind if (value(reading, "longer_rate") or 0) > 0.5 else led
        there = [vote for vote, long in zip(letters, longer, strict=True) if long == against]
        assert there.count(led) > there.count(behind)
        assert there.count(led) + there.count(behind) >= 5


def renamed(candidate: str, against: str, letters: str, longer: str) -> Reading:
    """The same votes, between two models of other names; both have a base of their own."""
    tuned = {i: "word " * (9 if which == "t" else 5) for i, which in enumerate(longer)}
    base = {i: "wort " * (9 if which == "b" else 5) for i, which in enumerate(longer)}
    evidence = compared(len(letters), *result(letters), tuned=tuned, base=base)
    names = {"tuned": candidate, "base": against}
    evidence.completions = {names[model]: made for model, made in evidence.completions.items()}
    evidence.generators = {names[model]: made for model, made in evidence.generators.items()}
    reading = blind_ab.read(evidence, candidate, against=against)
    check(reading)
    return reading


def words(reading: Reading) -> str:
    told = [reading.headline, reading.summary, *reading.how]
    told += [finding.text for finding in reading.findings]
    told += [str(cell) for table in reading.tables.values() for row in table.rows for cell in row]
    return " ".join(told + [one.name for plot in reading.plots for one in plot.series])


@pytest.mark.parametrize("letters", ["t" * 14 + "b" * 9, "b" * 20 + "t" * 3, "t" * 20 + "b" * 3])
def test_models_are_called_by_their_names(letters: str) -> None:
    reading = renamed("prompted", "vendor", letters, "t" * 16 + "b" * 7)
    said = words(reading)
    assert not re.search(r"\b(tuned|base)\b", said, re.IGNORECASE)
    assert "prompted" in said
    plain = words(renamed("tuned", "base", letters, "t" * 16 + "b" * 7))
    assert re.search(r"\btuned\b", plain)


def test_a_hostile_name_is_shown_clean() -> None:
    said = words(renamed("a\x1b[31mb" + "c" * 80, "vendor", "t" * 20 + "b" * 3, "t" * 16 + "b" * 7))
    assert "\x1b" not in said
    assert "c" * 30 not in said


def test_the_rate_at_equal_lengths_needs_forty_deciding_pairs() -> None:
    letters, longer = "t" * 26 + "b" * 14, "tttb" * 5 + "=" * 6 + "bbbt" * 3 + "bt"
    reading = with_lengths(letters, longer)
    adjusted = reading.numbers["length_adjusted"]
    assert adjusted.value is not None
    assert adjusted.low is not None
    assert adjusted.low < adjusted.value < (adjusted.high or 0)
    assert any("logistic" in paragraph for paragraph in reading.how)
    assert value(with_lengths(letters[1:], longer[1:]), "length_adjusted") is None


def test_a_rate_at_equal_lengths_is_no_guess() -> None:
    letters = "ttb" * 14
    texts = {
        sign: {i: "word " * (i % 5 + more) for i in range(42)}
        for sign, more in (("t", 4), ("b", 1))
    }
    varied = {i: text + "word " * (i % 4) for i, text in texts["t"].items()}
    always = opened(letters, tuned=varied, base=texts["b"])
    assert value(always, "length_adjusted") is None
    texts["b"][3] += "word " * 12
    assert value(opened(letters, tuned=varied, base=texts["b"]), "length_adjusted") is not None


def repeated(same: int, n: int) -> Reading:
    """``n`` repeats, ``same`` of them judged as before."""
    again = "t" * same + "b" * (n - same)
    judge = Judge().pairs(20, repeats=range(n)).votes(BETTER).again(range(n), again)
    return read(compared(20, *heard(judge.finish().unblind())))


def test_repeats_measure_the_judge_and_never_the_models() -> None:
    reading = repeated(4, 5)
    assert codes(reading) == {}
    assert value(reading, "self_consistency") == 0.8
    assert (value(reading, "wins"), value(reading, "votes"), value(reading, "judged")) == (
        16,
        20,
        20,
    )
    assert value(reading, "win_rate") == value(opened(BETTER), "win_rate")
    # A repeat stands the other way round: same choice, other side.
    assert value(reading, "left_rate") == value(opened(BETTER), "left_rate")


def test_inconsistent_repeats() -> None:
    assert codes(repeated(3, 6)) == {}
    assert codes(repeated(2, 5)) == {"inconsistent_repeats": "caution"}
    assert codes(repeated(0, 4)) == {}
    assert "only 2 of 5 pairs" in finding(repeated(2, 5), "inconsistent_repeats").text


def test_a_repeat_whose_pair_has_no_vote_says_nothing() -> None:
    judge = Judge().pairs(20, repeats=[0]).votes("." + BETTER[1:]).again([0], "t")
    reading = read(compared(20, *heard(judge.finish().unblind())))
    assert value(reading, "self_consistency") is None
    assert (value(reading, "wins"), value(reading, "judged")) == (15, 19)


def guessed(right: int, n: int) -> Reading:
    letters = BETTER + "=" * 10
    judge = Judge().pairs(30).votes(letters).guesses(range(20, 20 + n), right)
    return read(compared(30, *heard(judge.finish().unblind())))


@pytest.mark.parametrize(
    ("right", "n", "broken"),
    [(9, 10, True), (8, 10, False), (6, 10, False), (5, 5, True), (4, 5, False), (4, 4, False)],
)
def test_guesses_test_the_blinding(right: int, n: int, broken: bool) -> None:
    """One-sided: 9 of 10 has p = 0.011, 8 of 10 0.055, 5 of 5 0.031; 4 are too few."""
    reading = guessed(right, n)
    assert codes(reading) == ({"blinding_broken": "caution"} if broken else {})
    told = reading.tables["checks"].rows[-1][1]
    assert isinstance(told, str)
    assert ("better than chance" in told) == broken
    assert ("not tested" in told) == (n < 5)
    assert (value(reading, "guesses"), value(reading, "guesses_right")) == (n, right)


def test_a_guess_counts_while_its_pair_is_tied() -> None:
    judge = Judge().pairs(30).votes(BETTER + "=" * 10).guesses(range(20, 30), 10)
    judge.vote(20, "t")
    reading = read(compared(30, *heard(judge.finish().unblind())))
    assert value(reading, "guesses") == 9
