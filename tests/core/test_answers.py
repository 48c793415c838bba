"""Thinking, flags and tool calls of texts that anybody may have written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.answers import (
    KNOWN_TAGS,
    Written,
    completion,
    completion_id,
    ends_thinking,
    is_repetitive,
    message_calls,
    opens_thinking,
    readable_calls,
    split_thinking,
    thinking_tags,
)

THINK = KNOWN_TAGS[0]
ROOT = Path(__file__).resolve().parents[2]


def test_an_id_is_opaque_and_differs_by_each_of_its_parts() -> None:
    ids = {
        completion_id(key, sample, index)
        for key in ("base-key", "tuned-key")
        for sample in ("a", "b")
        for index in (0, 1)
    }
    assert len(ids) == 8
    assert all(len(one) == 16 and "key" not in one for one in ids)


@pytest.mark.parametrize(
    ("text", "opened", "thinking", "answer", "unclosed"),
    [
        ("<think>\nWhy?\n</think>\n\nYes.", False, "Why?", "Yes.", False),
        ("Why?\n</think>\n\nYes.", True, "Why?", "Yes.", False),
        ("Why?\n</think>\n\nYes.", False, "Why?", "Yes.", False),
        ("<think>Why?</think>Yes.", True, "Why?", "Yes.", False),
        ("<think>\n\n</think>\n\nYes.", False, "", "Yes.", False),
        ("<think>a</think> <think>b</think>c", False, "a\n\nb", "c", False),
        ("<think>Why? Why?", False, "Why? Why?", "", True),
        ("Why? Why?", True, "Why? Why?", "", True),
        ("Yes.", False, "", "Yes.", False),
        ("Write <think>x</think> first.", False, "", "Write <think>x</think> first.", False),
        ("<think>a</think>Say </think> or <think>.", False, "a", "Say </think> or <think>.", False),
        ("  indented", False, "", "  indented", False),
        ("", False, "", "", False),
        ("", True, "", "", True),
    ],
)
def test_thinking(text: str, opened: bool, thinking: str, answer: str, unclosed: bool) -> None:
    thought = split_thinking(text, THINK, opened=opened)
    assert (thought.thinking, thought.answer, thought.unclosed) == (thinking, answer, unclosed)


def test_without_tags_everything_is_the_answer() -> None:
    assert split_thinking("<think>x</think>y", None).answer == "<think>x</think>y"


def test_tags_come_from_the_template_or_the_settings() -> None:
    assert thinking_tags("{{ x.split('</think>') }}") == THINK
    assert thinking_tags("[THINK]{{ x }}[/THINK]") == ("[THINK]", "[/THINK]")
    assert thinking_tags("'<|channel|>analysis' '<|channel|>final'") == KNOWN_TAGS[-1]
    assert thinking_tags("</think>", ("<a>", "</a>")) == ("<a>", "</a>")
    assert thinking_tags("nothing of it") is None
    assert thinking_tags(None) is None
    assert opens_thinking("assistant\n<think>\n", THINK)
    assert not opens_thinking("<think>\n\n</think>\n\n", THINK)
    assert ends_thinking("<think>\n\n</think>\n\n", THINK)
    assert not opens_thinking("assistant\n", None)


HOSTILE = st.lists(
    st.sampled_from(
        [
            *("<think>", "</think>", "<tool_call>", "</tool_call>", "[TOOL_CALLS]", "{", "[", '"'),
            *('{"name": "f", "arguments": {}}', "\\", "\ud800", "\x00", "\u202e", "\n", "a "),
            "9" * 5000,
        ]
    ),
    max_size=60,
).map("".join)


@given(HOSTILE, st.booleans())
def test_no_text_breaks_anything(text: str, opened: bool) -> None:
    made = completion("key", "sample", Written(text), tags=THINK, opened=opened)
    assert made.text == text
    assert made.answer in text
    assert all(isinstance(call, str) for call in readable_calls(text))


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 200_000,
        "<think></think>" * 100_000,
        "<tool_call>" * 150_000,
        '<tool_call>{"' * 100_000,
        "[" * 1_000_000,
        "<tool_call>" + "[" * 500_000 + "</tool_call>",
        "[TOOL_CALLS]" * 150_000,
        "ab" * 700_000,
        " " * 1_500_000,
    ],
    ids=lambda text: text[:14],
)
def test_long_hostile_texts_end(text: str) -> None:
    """Each would take hours in quadratic time."""
    assert completion("key", "sample", Written(text), tags=THINK).text == text
    readable_calls(text)


LOOPS = [
    "A good start. " + "I am sorry. " * 12,
    "yes " * 40,
    "!" * 300,
    "Start\n" + "\n" * 300,
    "The list: " + "apples, coal and slate; " * 9 + "apples, co",
    "説明します。" * 40,
    "First. " + ("The harbour master counts the ships at noon on every day. " * 3),
    "The Same line.\nthe same LINE.\n" * 8,
]


@pytest.mark.parametrize("text", LOOPS, ids=lambda text: text[:12])
def test_loops_at_the_end_are_found(text: str) -> None:
    assert is_repetitive(text)


ORDINARY = [
    "",
    "No.",
    "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, "
    "life is but a dream.",
    "\n".join(f"{n}. Step {n}: press the key and wait for the light" for n in range(1, 40)),
    "\n".join(f"- item {n}" for n in range(60)),
    "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | {n * n} |" for n in range(50)),
    "def f(x):\n" + "\n".join(f"    x += {n}" for n in range(50)) + "\n    return x\n",
    "{" * 20 + "}" * 20,
    "Title\n" + "=" * 80 + "\n",
    "ha " * 12,
    "Nevermore. " * 9,
    "\n".join("Quoth the raven, nevermore." for _ in range(2)),
    "[[0, 0, 0], [0, 0, 0], [0, 0, 0]]",
    "la la la la la la la la la la, she sang, and the ships went out.",
]


@pytest.mark.parametrize("text", ORDINARY, ids=lambda text: text[:12])
def test_lists_code_and_poems_are_no_loops(text: str) -> None:
    assert not is_repetitive(text)


def test_the_projects_own_texts_are_no_loops_wherever_they_are_cut() -> None:
    paths = [*sorted((ROOT / "tui_eval").rglob("*.py"))[::6], ROOT / "README.md"]
    for path in paths:
        text = path.read_text(encoding="utf-8")[:20_000]
        for cut in range(200, len(text), 997):
            assert not is_repetitive(text[:cut]), f"{path.name} cut at {cut}"


def test_flags() -> None:
    def flags(text: str, **fields: object) -> tuple[str, ...]:
        return completion("k", "s", Written(text, **fields), tags=THINK).flags  # type: ignore[arg-type]

    assert flags("Yes.") == ()
    assert flags("Yes", finish="length") == ("truncated",)
    assert flags(" \n") == ("empty",)
    assert flags("<think>a</think>\n") == ("empty",)
    assert flags("<think>a", finish="length") == ("truncated", "unclosed_thinking")
    assert flags("yes " * 40, cut_prompt=True) == ("repetitive", "cut_prompt")
    assert flags("<think>" + "wait " * 99, finish="length") == (
        "truncated",
        "repetitive",
        "unclosed_thinking",
    )


def test_an_answer_that_failed_holds_no_text() -> None:
    made = completion("k", "s", Written("half", error="does not fit"))
    assert (made.text, made.answer, made.finish, made.flags) == ("", "", "error", ())
    assert made.error == "does not fit"


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (
            'Let me look.\n<tool_call>\n{"name": "find", "arguments": {"city": "Köln", "n": 2}}\n'
            '</tool_call>\n<tool_call>{"name": "now", "arguments": {}}</tool_call>',
            ('find(city="Köln", n=2)', "now()"),
        ),
        ('[TOOL_CALLS][{"name": "f", "arguments": {"x": [1, null]}}]', ("f(x=[1, null])",)),
        ('{"name": "f", "parameters": {"x": "a"}}', ('f(x="a")',)),
        ('<|python_tag|>{"name": "f", "parameters": {}}', ("f()",)),
        ('<tool_call>{"name": "f", "arguments": "{\\"x\\": 1}"}', ("f(x=1)",)),
        ("<tool_call>not json</tool_call>", ()),
        ('{"name": "Ann", "age": 4}', ()),
        ('{"name": 3, "arguments": {}}', ()),
        ("plain words", ()),
    ],
)
def test_tool_calls_are_made_readable(text: str, calls: tuple[str, ...]) -> None:
    assert readable_calls(text) == calls


def test_tool_calls_of_messages() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]
    assert message_calls(calls) == ("f(a=1)",)
    assert message_calls(None) == ()
    assert message_calls([None, 3, "x", {"function": "y"}]) == ()
