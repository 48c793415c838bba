"""Near duplicates across a split: planted ones are found, templates are none."""

from __future__ import annotations

from random import Random

import pytest

from tui_eval.core.splits.leaks import NearRow, NearScan

WORDS = [f"word{number}" for number in range(4000)]


def prompt(random: Random, count: int = 30) -> str:
    return " ".join(random.choices(WORDS, k=count))


def scanned(validation: dict[int, str], training: dict[int, str]) -> list[NearRow]:
    scan = NearScan(validation)
    for row, text in training.items():
        scan.feed(row, text)
    return scan.found()


def test_planted_duplicates_are_found_and_none_invented() -> None:
    random = Random(0)
    training = {row: prompt(random) for row in range(2000)}
    validation = {}
    for row in range(2000, 2050):
        words = training[row - 2000].split()
        words[15] = "changed"
        validation[row] = " ".join(words)
    for row in range(2050, 2200):
        validation[row] = prompt(random)
    found = scanned(validation, training)
    assert {entry.validation: entry.training for entry in found} == {
        row: row - 2000 for row in range(2000, 2050)
    }
    # 15 words before the change and 14 after it are covered.
    assert {entry.covered for entry in found} == {29 / 30}


@pytest.mark.parametrize(("shared", "near"), [(14, False), (15, True), (30, True)])
def test_half_of_the_words(shared: int, near: bool) -> None:
    text = " ".join(WORDS[:30])
    found = scanned({1: text}, {7: " ".join([*WORDS[:shared], *WORDS[100:130]])})
    assert bool(found) is near
    if near:
        assert found == [NearRow(1, 7, shared / 30)]


def test_words_of_two_training_rows_do_not_add_up() -> None:
    text = " ".join(WORDS[:30])
    assert not scanned({1: text}, {1: " ".join(WORDS[:12]), 2: " ".join(WORDS[12:24])})


def test_a_short_prompt_is_compared_as_a_whole() -> None:
    found = scanned({1: "What is the capital of France?"}, {5: "what is the CAPITAL of  France"})
    assert found == [NearRow(1, 5, 1.0)]
    assert not scanned({1: "What is the capital of France?"}, {5: "What is the capital of Spain?"})


def test_a_template_covers_nothing() -> None:
    template = "Read the text below and say in one word whether its mood is good or bad: "
    random = Random(1)
    validation = {row: template + prompt(random, 10) for row in range(100)}
    training = {row: template + prompt(random, 10) for row in range(100, 400)}
    assert not scanned(validation, training)
    planted = {400: validation[3] + " indeed", 401: template + "a b"}
    assert scanned(validation, training | planted) == [NearRow(3, 400, 1.0)]


def test_a_template_with_little_of_its_own_is_compared_as_a_whole() -> None:
    template = "Translate the following sentence into French and keep its tone as it is: "
    validation = {row: f"{template}{WORDS[row]} sat" for row in range(50)}
    training = {row: f"{template}{WORDS[row]} ran" for row in range(50)}
    assert not scanned(validation, training)
    assert scanned(validation, {9: f"{template}{WORDS[4]}, sat!"}) == [NearRow(4, 9, 1.0)]


def test_a_few_equal_validation_prompts_are_no_template() -> None:
    text = " ".join(WORDS[:20])
    validation = {row: f"{text} {row}" for row in range(4)}
    assert len(scanned(validation, {9: text})) == 4


def test_the_best_row_is_told_and_of_equal_ones_the_first() -> None:
    text = " ".join(WORDS[:20])
    training = {3: " ".join(WORDS[:16]), 4: text, 5: text}
    assert scanned({1: text}, training) == [NearRow(1, 4, 1.0)]


def test_ideographs_are_words() -> None:
    text = "请用一句话总结下面的文章内容"
    assert scanned({1: text}, {2: text + "吧"})[0].covered == 1.0


def test_a_word_said_a_million_times() -> None:
    long = "very " * 100_000
    training = dict.fromkeys(range(50), f"{long}bad")
    found = scanned({1: f"{long}good", 2: f"{long}bad"}, training)
    assert [(entry.validation, entry.covered) for entry in found] == [(2, 1.0)]


def test_texts_without_words() -> None:
    assert not scanned({1: "", 2: "?!", 3: " "}, {1: "", 2: "?!"})
    assert not scanned({}, {1: "a b c"})
