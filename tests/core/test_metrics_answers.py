"""Metrics that need no library: what they find right, and in what they agree with the field's
definitions."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_evidence import made_sample
from tests.shared import SHARED, needs_shared
from tui_eval.core.metrics import METRICS, json_answers, numeric, pattern, squad, tool_calls
from tui_eval.core.metrics.settle import doubts
from tui_eval.core.task_records import Asked, MetricOptions, TaskItem
from tui_eval.errors import InputError


def asked(answer: str, *references: str, **item: object) -> Asked:
    return Asked("", references, answer, item)


# SQuAD


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "f1"),
    [
        ("The Eiffel Tower.", "eiffel tower", 1.0, 1.0),
        ("in the year 1066", "1066", 0.0, 0.5),
        ("a cat sat", "the cat sat down", 0.0, 0.8),
        ("", "", 1.0, 1.0),
        ("The", "", 1.0, 1.0),
        ("dog", "", 0.0, 0.0),
        ("dog", "cat", 0.0, 0.0),
        ("北京市", "北京", 0.0, 0.8),
    ],
)
def test_exact_match_and_token_f1(answer: str, reference: str, exact: float, f1: float) -> None:
    found = squad.measure(asked(answer, reference)).values
    assert found["exact_match"] == exact
    assert found["token_f1"] == pytest.approx(f1)


def test_the_best_of_several_references_counts() -> None:
    found = squad.measure(asked("red car", "blue car", "a red car")).values
    assert found == {"exact_match": 1.0, "token_f1": 1.0}


@given(st.text(alphabet="aAntheTHE xyz.,'-1", max_size=30), st.text("athexy z.1", max_size=30))
@settings(max_examples=200, deadline=None)
def test_token_f1_is_the_official_formula(answer: str, reference: str) -> None:
    def tokens(text: str) -> list[str]:
        plain = re.sub(r"[^\w\s]", "", text.lower())
        return [word for word in plain.split() if word not in ("a", "an", "the")]

    ours, theirs = tokens(answer), tokens(reference)
    common = sum((Counter(ours) & Counter(theirs)).values())
    if not ours or not theirs:
        expected = float(ours == theirs)
    elif not common:
        expected = 0.0
    else:
        precision, recall = common / len(ours), common / len(theirs)
        expected = 2 * precision * recall / (precision + recall)
    assert squad.token_f1(answer, reference) == pytest.approx(expected)


# Numbers


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("so 3 + 4 = 7\n#### 7", "7"),
        ("She pays $1,080.00 in total.", "1080"),
        (r"thus \boxed{42}, after 100 tries", "42"),
        ("The answer is: **12** apples, of 30", "12"),
        ("it fell by -3.5 degrees", "-3.5"),
        ("12-5", "5"),
        ("−8", "-8"),
        ("half, that is .5", "0.5"),
        ("First 3.\n#### 5\nNo:\n#### 6", "5"),
        ("18.", "18"),
        ("to answer 3 questions takes 9 minutes", "9"),
    ],
)
def test_the_final_number(answer: str, number: str) -> None:
    found = numeric.final_number(answer)
    assert found is not None
    assert found.value == Decimal(number)
    assert numeric.measure(asked(answer, f"#### {number}")).values == {"numeric": 1.0}


EQUAL = [
    ("1/2", "0.5"), ("1/2", "The answer is 1/2."), ("\\frac{3}{4}", "0.75"),
    ("3/7", "The answer is 3/7."), ("3/7", "0.4285714"), ("1 1/2", "1.5"), ("-1/3", "−1/3"),
    ("1e3", "1000"), ("1e3", "The answer is 1e3"), ("3.5e-4", "answer: 3.5e-4"),
    ("3.5e-4", "It is 3.5 \\times 10^{-4}"), ("1,5", "1.5"), ("1.234,56", "1234.56"),
    ("1\u00a0000", "1,000"), ("50%", "50"), ("50%", "0.5"), ("0.5", "50 %"), ("12", "12\\%"),
    ("\\boxed{2\\frac{1}{2}}", "2.5"), ("7", "\\boxed{x = 7}"), ("2", "3 + 4/2 = 5, so 4/2"),
    ("42", "#### 42\n\nQuestion: another\nAnswer: 3 + 4 = 7\n#### 7"),
    ("6", "The answer is 5. No, the answer is 6."), ("$1,080.00", "1080"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "answer"), EQUAL)
def test_numbers_are_equal_as_values(reference: str, answer: str) -> None:
    assert numeric.measure(asked(answer, reference)).values == {"numeric": 1.0}


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("3/7", "The answer is 7."), ("1/2", "The answer is 1."), ("1/2", "2"), ("3/7", "0.43"),
        ("1e3", "3"), ("1,000", "1.5"), ("\\frac{3}{4}", "4"), ("50%", "5"), ("1 1/2", "0.5"),
    ],
)  # fmt: skip
def test_parts_of_a_number_are_other_numbers(reference: str, answer: str) -> None:
    assert numeric.measure(asked(answer, reference)).values == {"numeric": 0.0}


@pytest.mark.parametrize("text", ["1/0", "#### 1e9999", "\\frac{1}{0}", "none"])
def test_what_only_looks_like_a_number_is_a_fault_of_the_reference(text: str) -> None:
    assert numeric.measure(asked("1", text)).error == "the reference holds no number"


def test_a_date_is_no_fraction() -> None:
    found = numeric.final_number("on 3/7/2020")
    assert found is not None
    assert found.value == 2020


def test_an_answer_without_a_number_says_so() -> None:
    assert numeric.measure(asked("no idea", "#### 7")).reason == "no number"
    assert numeric.measure(asked("8", "#### 7")).reason == "another number"
    assert numeric.measure(asked("8", "seven")).error == "the reference holds no number"
    assert numeric.final_number("9" * 5_000) is None


def test_hostile_texts_cost_time_in_proportion() -> None:
    for text in (" " * 200_000, "answer is" + " " * 200_000, "1," * 100_000, "####" * 50_000,
                 "1/" * 100_000, "\\boxed{" * 30_000, "1 1" * 60_000, "1.000," * 40_000,
                 "answer is" * 20_000, "\\frac{1}" * 20_000):  # fmt: skip
        numeric.final_number(text)


@needs_shared
def test_gsm8k_references() -> None:
    """The number after ####, and without that line the last number as the harness's flexible
    extraction takes it, wherever that is a number."""
    flexible = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
    compared = 0
    for line in (SHARED / "gsm8k" / "train_first400.jsonl").read_text().splitlines():
        answer = json.loads(line)["answer"]
        text, _, last = answer.rpartition("#### ")
        found = numeric.final_number(answer)
        assert found is not None
        assert found.value == Decimal(last.replace(",", ""))
        said = [one or other for one, other in flexible.findall(text)]
        plain = said[-1].strip(".,$").replace(",", "").replace("$", "") if said else ""
        if re.fullmatch(r"-?\d+(\.\d+)?", plain):
            compared += 1
            number = numeric.final_number(text)
            assert number is not None
            assert abs(number.value) == abs(Decimal(plain))
    assert compared > 350


# Regular expressions


def test_a_pattern_without_a_group_has_to_match() -> None:
    ruler = pattern.ruler(MetricOptions(pattern=r"^Dear \w+"))
    assert not ruler.needs_reference
    assert ruler.measure(asked("Hi\nDear Ana")).values == {"regex": 1.0}
    assert ruler.measure(asked("Hello")).reason == "no match"


def test_a_group_is_compared_with_the_reference() -> None:
    ruler = pattern.ruler(MetricOptions(pattern=r"Answer: (\w+)"))
    assert ruler.measure(asked("Answer: B. No: Answer: c", "C")).values == {"regex": 1.0}
    assert ruler.measure(asked("Answer: B", "C")).values == {"regex": 0.0}


@pytest.mark.parametrize("wrong", ["", "("])
def test_a_wrong_pattern_is_told(wrong: str) -> None:
    with pytest.raises(InputError):
        pattern.ruler(MetricOptions(pattern=wrong))


# JSON


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        ('{"a": 1}', 1.0),
        ('```json\n{"a": 1}\n```', 1.0),
        ('Here it is: {"a": 1}', 0.0),
        ('{"a": NaN}', 0.0),
        ("", 0.0),
        ("[" * 100_000, 0.0),
        ("null", 1.0),
    ],
)
def test_valid_json(answer: str, valid: float) -> None:
    assert json_answers.measure(asked(answer)).values["json_valid"] == valid


def test_json_is_compared_as_values() -> None:
    def equal(one: str, other: str) -> float:
        return json_answers.measure(asked(one, other)).values["json_equal"]

    assert equal('{"a": 1, "b": [true]}', '{"b": [true], "a": 1.0}') == 1.0
    assert equal('{"a": 1}', '{"a": true}') == 0.0
    assert equal("[1, 2]", "[2, 1]") == 0.0
    assert equal("{}", "[]") == 0.0


def test_json_is_found_within_prose() -> None:
    assert json_answers.within('I [think] so: {"a": [1]}. Done') == {"a": [1]}
    assert json_answers.within("look\n```json\n[1]\n```\nend") == [1]
    with pytest.raises(json_answers.NoJson):
        json_answers.within("{" * 10_000)


# Tool calls

CALL = '<tool_call>{"name": "weather", "arguments": {"city": "Oslo", "days": 2}}</tool_call>'

BARE = '{"name": "weather", "arguments": {"city": "Oslo", "days": 2}}'


@pytest.mark.parametrize(
    ("answer", "reference", "values", "reason"),
    [
        (CALL, '{"name":"weather","arguments":{"days":2.0,"city":"Oslo"}}', (1, 1, 1), ""),
        (CALL, CALL.replace("Oslo", "Rome"), (0, 1, 1), "other arguments"),
        (CALL, CALL.replace("weather", "map"), (0, 0, 1), "other tools"),
        (CALL, "It is sunny.", (0, 0, 0), "a call where none is needed"),
        ("It is sunny.", "No tool is needed.", (1, 1, 1), ""),
        ("It is sunny.", CALL, (0, 0, 0), "no call"),
        (CALL + CALL, CALL, (0, 0, 1), "other tools"),
        (f"```json\n{BARE}\n```", CALL, (1, 1, 1), ""),
        (f'{{"content": null, "tool_calls": [{{"function": {BARE}}}]}}', CALL, (1, 1, 1), ""),
        (f'{{"tool_calls": [{BARE}]}}', "It is sunny.", (0, 0, 0), "a call where none is needed"),
        (BARE.replace("arguments", "parameters"), CALL, (1, 1, 1), ""),
    ],
)
def test_tool_calls(answer: str, reference: str, values: tuple[int, ...], reason: str) -> None:
    found = tool_calls.measure(asked(answer, reference))
    names = ("tool_calls", "tool_names", "tool_abstention")
    assert tuple(found.values[name] for name in names) == values
    assert found.reason == reason


def test_the_rows_own_calls_are_the_reference() -> None:
    calls = [
        {"function": {"name": "b", "arguments": '{"x": 1}'}},
        {"function": {"name": "a", "arguments": ""}},
    ]
    answer = '[{"name": "a", "arguments": {}}, {"name": "b", "arguments": {"x": 1}}]'
    assert tool_calls.measure(asked(answer, tool_calls=calls)).values["tool_calls"] == 1.0
    assert tool_calls.measure(asked("none", tool_calls=[])).values["tool_calls"] == 1.0
    assert tool_calls.measure(asked("none")).error


def test_data_that_never_calls_is_told() -> None:
    none = [TaskItem(made_sample(at), ("It is sunny.",)) for at in range(3)]
    assert "No reference calls a tool" in doubts(["tool_calls"], none)[0]
    assert doubts(["tool_calls"], [*none, TaskItem(made_sample(9), (BARE,))]) == ()
    assert doubts(["tool_calls"], [*none, TaskItem(made_sample(9), (), {"tool_calls": [
        {"function": {"name": "b", "arguments": "{}"}}]})]) == ()  # fmt: skip
    assert doubts(["exact_match"], none) == ()


def test_metric_names_fit_numbers() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"[A-Za-z0-9_]+", name)
        assert name not in ("low", "high", "verdict")
        assert metric.measure
