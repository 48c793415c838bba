from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.diversity import (
    Item,
    compression,
    distinct,
    matched,
    one_answer,
    opening,
    self_repetition,
)

WORDS = st.lists(st.sampled_from("abcde"), max_size=12).map(" ".join)
ITEMS = st.lists(st.builds(Item, prompt=WORDS, answer=WORDS, reference=WORDS), max_size=12)


def told(*pairs: tuple[str, str]) -> list[Item]:
    return [Item(f"prompt {at}", *pair) for at, pair in enumerate(pairs)]


def test_distinct_counts_different_word_pairs() -> None:
    # a b, b a, a b / c d, d e, e f: 2 of 3 and 3 of 3.
    found = distinct(matched(told(("A b a B!", "c d e f"))))
    assert found.value == pytest.approx(2 / 3)
    assert found.reference == 1.0
    assert found.share == pytest.approx(2 / 3)
    assert distinct(matched(told(("a b a b", "c d e f"))), 1).value == 0.5


def test_both_are_cut_to_the_shorter() -> None:
    pairs = matched(told(("one two three four five", "six seven"), ("we", "are alone here")))
    assert pairs.answers == (("one", "two"),)
    assert pairs.references == (("six", "seven"),)
    assert pairs.dropped == 1
    assert distinct(pairs).of == 1


def test_a_long_answer_is_not_worse_for_its_length() -> None:
    """Longer texts repeat more: cut to the reference's length, equal texts are equal."""
    text = " ".join(f"w{at % 40}" for at in range(400))
    short = " ".join(text.split()[:40])
    found = distinct(matched(told((text, short))))
    assert found.value == found.reference == 1.0


def test_one_answer_to_everything_is_the_least_varied() -> None:
    same = "I am sorry but I cannot help you with that"
    items = told(*((same, f"t{at}a t{at}b t{at}c t{at}d t{at}e t{at}f") for at in range(50)))
    pairs = matched(items)
    found = distinct(pairs)
    assert found.value == pytest.approx(5 / 250)
    assert found.reference == 1.0
    repetition = self_repetition(pairs)
    assert (repetition.value, repetition.reference) == (1.0, 0.0)
    ratio = compression(pairs)
    assert ratio.value is not None
    assert ratio.reference is not None
    assert ratio.value > 3 * ratio.reference
    begun = opening(item.answer for item in items)
    assert begun is not None
    assert (begun.text, begun.share) == ("i am sorry but", 1.0)
    given_ = one_answer(items)
    assert given_ is not None
    assert (given_.count, given_.of) == (50, 50)


def test_identical_and_unlike_answers_lie_between() -> None:
    """n equal and n unlike: half of the prompts got one answer, half its n-grams repeat."""
    n = 20
    own = [f"x{at} y{at} z{at} u{at} v{at}" for at in range(2 * n)]
    items = told(*(("a b c d e", text) for text in own[:n]), *((text, text) for text in own[n:]))
    repeated = self_repetition(matched(items))
    assert repeated.value == 0.5
    assert repeated.reference == 0.0
    found = one_answer(items)
    assert found is not None
    assert (found.text, found.share) == ("a b c d e", 0.5)
    assert distinct(matched(items)).value == (4 + 4 * n) / (8 * n)


def test_the_answers_of_the_data_are_as_varied_as_themselves() -> None:
    items = told(("a b c a b", "a b c a b"), ("d e f g h i", "d e f g h i"))
    pairs = matched(items)
    for found in (distinct(pairs), compression(pairs), self_repetition(pairs)):
        assert found.value == found.reference


def test_labels_that_many_prompts_share_are_no_sign() -> None:
    labels = ["positive", "negative"] * 30
    items = [Item(f"review {at}", "positive", label) for at, label in enumerate(labels)]
    assert one_answer(items) is None
    mixed = [*items, Item("q1", "same", "own one"), Item("q2", "same", "own two")]
    found = one_answer(mixed)
    assert found is not None
    assert (found.text, found.count, found.of) == ("same", 2, 2)


def test_a_prompt_asked_twice_counts_once() -> None:
    items = [Item("Q 1", "a", "r1"), Item("q  1", "a", "r2"), Item("q 2", "b", "r3")]
    found = one_answer(items)
    assert found is not None
    assert (found.text, found.count, found.of) == ("a", 1, 2)


def test_openings_of_short_and_foreign_answers() -> None:
    begun = opening(["今天天气很好", "今天天气很差", "Yes.", "", "…"])
    assert begun is not None
    assert (begun.text, begun.count, begun.of) == ("今 天 天 气", 2, 3)
    assert opening(["", "?!"]) is None


def test_code_keeps_its_case() -> None:
    items = told(("Foo foo Foo foo", "a b c d"))
    assert distinct(matched(items, code=True)).value == pytest.approx(2 / 3)
    assert distinct(matched(items)).value == pytest.approx(1 / 3)


def test_nothing_to_divide_by_is_none() -> None:
    for pairs in (matched([]), matched(told(("a", "b c d")))):
        for found in (distinct(pairs), compression(pairs), self_repetition(pairs)):
            assert (found.value, found.reference, found.share, found.of) == (None, None, None, 0)
    short = matched(told(("a b c", "d e f")))
    assert self_repetition(short).value is None
    assert distinct(short, 4).value is None
    assert one_answer([]) is None


@given(ITEMS)
def test_every_figure_stays_in_its_range(items: list[Item]) -> None:
    pairs = matched(items)
    assert len(pairs.answers) == len(pairs.references) == len(items) - pairs.dropped
    for ours, theirs in zip(pairs.answers, pairs.references, strict=True):
        assert len(ours) == len(theirs) >= 2
    for found in (distinct(pairs), distinct(pairs, 1), self_repetition(pairs, 2)):
        for value in (found.value, found.reference):
            assert value is None or 0 <= value <= 1
    common = one_answer(items)
    assert common is None or 1 <= common.count <= common.of
