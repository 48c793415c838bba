"""Sides, order and repeats: balanced, the same for the same seed, silent about models."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from random import Random
from secrets import SystemRandom
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.blinding import (
    Answered,
    Repeats,
    allot,
    answered,
    comparison,
    generation_order,
    pair_token,
    plan_items,
    plan_pairs,
    review_round,
    shown,
    shown_length,
)
from tui_eval.core.judgements import PlannedPair
from tui_eval.core.records import Message, Sample

ROUND = comparison("tuned-key", "base-key")
SIDES = Random("sides of the tests")


def made(lengths: list[tuple[int, int]]) -> list[Answered]:
    return [
        Answered(f"s{number}", f"t{number}", f"b{number}", tuned, other)
        for number, (tuned, other) in enumerate(lengths)
    ]


def mixed(count: int) -> list[Answered]:
    return made([(5 + number % 3, 6) for number in range(count)])


def tuned_left(pairs: tuple[PlannedPair, ...], repeats: bool = False) -> int:
    return sum(pair.left.startswith("t") for pair in pairs if bool(pair.repeat_of) == repeats)


def plan(
    answers: list[Answered], judge: str = "ana", sides: int = 0, **more: Any
) -> tuple[PlannedPair, ...]:
    return plan_pairs(
        ROUND, judge, answers, seed=0, sides=Random(sides), planned=len(answers), **more
    )


def plain(pairs: tuple[PlannedPair, ...]) -> list[PlannedPair]:
    return [pair for pair in pairs if not pair.repeat_of]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60),
    st.text(max_size=5),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_sides_are_balanced_whatever_the_lengths(
    lengths: list[tuple[int, int]], judge: str, sides: int
) -> None:
    answers = made(lengths)
    pairs = plan(answers, judge, sides)
    left, total = tuned_left(pairs), len(answers)
    assert abs(2 * left - total) == total % 2
    by_left = {pair.left for pair in plain(pairs)}
    for stratum in (-1, 0, 1):
        inside = [one for one in answers if one.stratum == stratum]
        on_left = sum(one.tuned in by_left for one in inside)
        assert abs(2 * on_left - len(inside)) == len(inside) % 2


def test_every_pair_holds_both_answers_of_its_prompt_once() -> None:
    pairs = plain(plan(mixed(50)))
    assert Counter(pair.pair for pair in pairs) == Counter(
        pair_token(ROUND, f"s{number}") for number in range(50)
    )
    assert all(pair.left[1:] == pair.right[1:] and pair.left != pair.right for pair in pairs)


def test_the_next_judge_sees_each_pair_from_the_other_side() -> None:
    first = plan(mixed(51))
    second = plan(mixed(51), "bo", partner=first)
    sides = {pair.pair: pair.left for pair in plain(first)}
    assert all(sides[pair.pair] == pair.right for pair in plain(second))
    assert tuned_left(first) + tuned_left(second) == 51


def test_judges_have_orders_of_their_own_and_always_the_same() -> None:
    assert plan(mixed(50)) == plan(mixed(50)[::-1][::-1])
    orders = {tuple(pair.pair for pair in plan(mixed(50), judge)) for judge in ("ana", "bo", "cy")}
    assert len(orders) == 3
    items = [f"c{number}" for number in range(40)]
    assert plan_items(ROUND, "ana", items, seed=0) == plan_items(ROUND, "ana", items, seed=0)
    assert plan_items(ROUND, "ana", items, seed=0) != plan_items(ROUND, "bo", items, seed=0)
    assert plan_items(ROUND, "ana", items, seed=0) != plan_items(ROUND, "ana", items, seed=1)
    assert sorted(plan_items(ROUND, "ana", items, seed=0)) == sorted(items)


def test_sides_follow_from_nothing_that_a_judge_can_read() -> None:
    answers = mixed(50)
    one, two = (
        plan_pairs(ROUND, "ana", answers, seed=0, sides=SystemRandom(), planned=50)
        for _ in range(2)
    )
    assert [(p.pair, p.repeat_of) for p in one] == [(p.pair, p.repeat_of) for p in two]
    assert [p.left for p in one] != [p.left for p in two]
    assert tuned_left(one) == tuned_left(two) == 25


def test_any_side_is_as_likely_as_the_other_at_every_place() -> None:
    answers = mixed(12)
    seen = Counter(
        (place, pair.left.startswith("t"))
        for draw in range(400)
        for place, pair in enumerate(plan(answers, sides=draw, repeats=Repeats(0.0, 0)))
    )
    # 400 fair tosses leave 140 to 260 but once in a thousand million.
    assert len(seen) == 24
    assert all(140 < often < 260 for often in seen.values())


def test_pairs_that_are_added_are_not_on_sides_that_the_first_ones_tell() -> None:
    answers = made([(7, 6)] * 11)
    before = plan(answers[:1])
    added = {
        tuple(pair.left.startswith("t") for pair in plan(answers, sides=draw, before=before)[:10])
        for draw in range(200)
    }
    assert len(added) > 50


def test_a_plan_is_the_same_in_a_process_with_other_hashes() -> None:
    program = (
        "from tests.core.test_blinding import mixed, plan\n"
        "print([(p.pair, p.left, p.repeat_of) for p in plan(mixed(30))])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {f"{[(p.pair, p.left, p.repeat_of) for p in plan(mixed(30))]}\n"}


@pytest.mark.parametrize(("count", "expected"), [(50, 5), (100, 10), (20, 5), (12, 2), (10, 0)])
def test_repeats_come_swapped_and_far_behind_their_pairs(count: int, expected: int) -> None:
    pairs = plan(mixed(count))
    place = {pair.pair: number for number, pair in enumerate(pairs)}
    repeats = [pair for pair in pairs if pair.repeat_of]
    assert len(repeats) == expected
    for repeat in repeats:
        first = pairs[place[repeat.repeat_of]]
        assert (repeat.left, repeat.right) == (first.right, first.left)
        assert place[repeat.pair] - place[first.pair] > 10
    assert len({repeat.repeat_of for repeat in repeats}) == expected


def test_identical_answers_are_planned_and_take_no_part() -> None:
    answers = mixed(40) + [answered(f"i{n}", f"t9{n}", f"b9{n}", "same", "same") for n in range(5)]
    pairs = plan(answers)
    same = [pair for pair in pairs if pair.identical]
    assert len(same) == 5
    assert not {pair.repeat_of for pair in pairs} & {pair.pair for pair in same}
    assert sum(pair.left.startswith("t") for pair in plain(pairs) if not pair.identical) == 20


def test_pairs_that_come_while_answers_are_made_keep_the_balance() -> None:
    answers = mixed(60)
    pairs: tuple[PlannedPair, ...] = ()
    for upto in (1, 2, 3, 5, 8, 9, 20, 33, 34, 60):
        grown = plan_pairs(
            ROUND, "ana", answers[:upto], seed=0, sides=SIDES, planned=60, before=pairs
        )
        pairs += grown
        by_left = {pair.left for pair in plain(pairs)}
        for stratum in (-1, 0, 1):
            inside = [one for one in answers[:upto] if one.stratum == stratum]
            assert abs(2 * sum(one.tuned in by_left for one in inside) - len(inside)) <= 1
    assert len(plain(pairs)) == 60
    assert abs(tuned_left(pairs) - 30) <= 1
    repeats = [pair for pair in pairs if pair.repeat_of]
    place = {pair.pair: number for number, pair in enumerate(pairs)}
    assert len(repeats) == 6
    assert all(place[pair.pair] - place[pair.repeat_of] > 10 for pair in repeats)
    assert not plan_pairs(ROUND, "ana", answers, seed=0, sides=SIDES, planned=60, before=pairs)


def test_a_judge_who_grows_beside_another_stays_the_complement() -> None:
    answers = mixed(40)
    first = plan_pairs(ROUND, "ana", answers[:10], seed=0, sides=SIDES, planned=40)
    second = plan_pairs(ROUND, "bo", answers[:25], seed=0, sides=SIDES, planned=40, partner=first)
    first += plan_pairs(
        ROUND, "ana", answers, seed=0, sides=SIDES, planned=40, before=first, partner=second
    )
    second += plan_pairs(
        ROUND, "bo", answers, seed=0, sides=SIDES, planned=40, before=second, partner=first
    )
    sides = {pair.pair: pair.left for pair in plain(first)}
    assert all(sides[pair.pair] == pair.right for pair in plain(second))


def test_tokens_say_nothing_of_sides_or_models() -> None:
    # Which generator is which changes no side's share of any token's digits: the token is
    # made of the round and the prompt alone.
    assert pair_token(ROUND, "s1") == pair_token(ROUND, "s1")
    assert pair_token(ROUND, "s1") != pair_token(ROUND, "s1", repeat=True)
    assert pair_token(ROUND, "s1") != pair_token(ROUND, "s2")
    swapped = [
        Answered(a.sample, a.other, a.tuned, a.other_length, a.tuned_length)
        for a in made([(1, 2)] * 30)
    ]
    assert {p.pair for p in plan(swapped)} >= {p.pair for p in plain(plan(made([(1, 2)] * 30)))}
    assert comparison("a", "b") != comparison("b", "a")
    assert review_round("a") != comparison("a", "a")


def test_no_repeats_where_none_are_wanted() -> None:
    assert len(plan(mixed(50), repeats=Repeats(share=0.0, least=0))) == 50


def test_a_text_is_shown_without_what_a_template_left_in_it() -> None:
    assert shown("\n\nYes.  \nNo.\t\r\n<|im_end|>\n") == "Yes.\nNo."
    assert shown("<|start_header_id|>assistant<|end_header_id|>\n\nYes</s>") == "assistant\n\nYes"
    assert shown("  indented\n  code") == "  indented\n  code"
    assert shown("a < b and <div>x</div> <s>") == "a < b and <div>x</div>"
    assert shown_length("ok<|im_end|>  ") == 2
    assert shown(" " * 300_000 + "x" + "\t" * 300_000 + "<|" * 300_000)[-3:] == "|<|"
    assert answered("s", "t", "b", "Yes.", "Yes. <|im_end|>").identical


def sample(name: str, category: str | None = None, **more: object) -> Sample:
    turns = (Message("user", f"question {name}"), Message("assistant", "answer"))
    return Sample(name, name, name, turns, category=category, **more)  # type: ignore[arg-type]


def test_prompts_are_allotted_apart_while_there_are_enough() -> None:
    samples = [sample(f"s{number}") for number in range(120)]
    found = allot(samples, seed=0, review=40, pairs=50)
    assert (len(found.review), len(found.pairs), len(found.rest)) == (40, 50, 30)
    assert not found.shared
    assert len({*found.review, *found.pairs, *found.rest}) == 120
    assert found == allot(samples[::-1], seed=0, review=40, pairs=50)
    assert found != allot(samples, seed=1, review=40, pairs=50)


def test_too_few_prompts_are_shared_and_counted() -> None:
    found = allot([sample(f"s{number}") for number in range(60)], seed=0, review=40, pairs=50)
    assert (len(found.review), len(found.pairs), found.rest) == (40, 50, ())
    assert found.shared == len(set(found.review) & set(found.pairs)) == 30
    assert len(set(found.pairs)) == 50
    few = allot([sample(f"s{number}") for number in range(5)], seed=0, review=40, pairs=50)
    assert (len(few.review), len(few.pairs), few.shared) == (5, 5, 5)
    none = allot([], seed=0, review=40, pairs=50)
    assert (none.review, none.pairs, none.rest, none.shared) == ((), (), (), 0)


def test_categories_are_reviewed_in_their_shares() -> None:
    samples = [sample(f"s{n}", "abc"[0 if n < 50 else 1 if n < 80 else 2]) for n in range(90)]
    found = allot(samples, seed=0, review=20, pairs=0)
    by_id = {one.id: one.category for one in samples}
    # 11.11, 6.67 and 2.22 of 20.
    assert Counter(by_id[id] for id in found.review) == {"a": 11, "b": 7, "c": 2}


def test_what_has_no_prompt_is_left_out_and_equal_prompts_count_once() -> None:
    twice = [sample("s1"), sample("s2", None)]
    twice.append(Sample("s3", "f", "s1", (Message("user", "Question s1"),)))
    twice.append(Sample("s4", "f", "p4", text="plain"))
    twice.append(Sample("s5", "f", "p5", (Message("user", " "), Message("assistant", "x"))))
    found = allot(twice, seed=0, review=9, pairs=9)
    assert set(found.review) == {"s1", "s2"}


def test_what_is_judged_first_is_answered_first() -> None:
    found = allot([sample(f"s{number}") for number in range(20)], seed=0, review=4, pairs=3)
    order = generation_order(found, 0)
    assert len(order) == 20
    review, pairs = found.review, found.pairs
    assert order[:7] == (review[0], pairs[0], review[1], pairs[1], review[2], pairs[2], review[3])
    assert generation_order(found, 5) == order[:5]
    shared = allot([sample(f"s{number}") for number in range(4)], seed=0, review=4, pairs=4)
    assert sorted(generation_order(shared, 0)) == ["s0", "s1", "s2", "s3"]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=50),
    st.lists(st.integers(0, 50), max_size=6),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=60)
def test_growth_keeps_strata_balanced_and_repeats_apart(
    rows: list[tuple[int, int, bool]], stops: list[int], draw: Random
) -> None:
    answers = [
        Answered(f"s{n}", f"t{n}", f"b{n}", tuned, other, identical=same)
        for n, (tuned, other, same) in enumerate(rows)
    ]
    pairs: tuple[PlannedPair, ...] = ()
    for upto in (*sorted(stops), len(answers)):
        pairs += plan_pairs(
            ROUND,
            "ana",
            answers[:upto],
            seed=3,
            sides=draw,
            planned=len(answers),
            before=pairs,
        )
    assert len(plain(pairs)) == len(answers)
    seen = [pair for pair in pairs if not pair.identical]
    place = {pair.pair: number for number, pair in enumerate(seen)}
    assert len(place) == len(seen)
    by_left = {pair.left for pair in plain(pairs)}
    for stratum in (-1, 0, 1):
        inside = [one for one in answers if one.stratum == stratum and not one.identical]
        assert abs(2 * sum(one.tuned in by_left for one in inside) - len(inside)) <= 1
    repeats = [pair for pair in seen if pair.repeat_of]
    assert len(repeats) <= 5
    assert all(place[pair.pair] - place[pair.repeat_of] > 10 for pair in repeats)
