"""Which characters of a rendered conversation are scored, template by template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.engine import models, templates
from tests.engine.models import CHATML, chat
from tui_eval.core.records import Message, Sample
from tui_eval.engine.prompts import Prompting, Rendered, Renderer
from tui_eval.engine.template_guard import check_template
from tui_eval.engine.tokens import Encoder, Limit, fit, limit_of
from tui_eval.errors import EngineError

TWO_TURNS = chat("two", "Hello?", "  Yes, in\nfull. ", "And now?", "No.")


def rendered(template: str | None, sample: Sample = TWO_TURNS, **settings: Any) -> Rendered:
    return Renderer(models.tokenizer(), Prompting(template, **settings)).render(sample)


def answers(row: Rendered) -> list[str]:
    return [row.text[start:stop] for start, stop in row.answers]


def ends(row: Rendered) -> list[str]:
    return [row.text[start:stop] for start, stop in row.ends]


def test_every_turn_and_its_end_token_but_not_the_newline_after_it() -> None:
    row = rendered(CHATML)
    assert answers(row) == ["  Yes, in\nfull. ", "No."]
    assert ends(row) == ["<|im_end|>", "<|im_end|>"]


def test_the_last_turn_alone_by_setting() -> None:
    row = rendered(CHATML, answers="last")
    assert (answers(row), ends(row)) == (["No."], ["<|im_end|>"])


def test_a_template_without_breaks_or_generation_prompt() -> None:
    row = rendered(templates.PLAIN_END)
    assert answers(row) == ["  Yes, in\nfull. ", "No."]
    assert ends(row) == ["</s>", "</s>"]


def test_trimmed_answers_and_the_next_turns_bos() -> None:
    row = rendered(templates.SPACED_END)
    assert answers(row) == ["Yes, in\nfull.", "No."]
    assert ends(row) == ["</s>", "</s>"]


def test_thinking_is_dropped_from_earlier_turns_only() -> None:
    sample = chat(
        "t", "Hello?", "<think>\nhm\n</think>\n\nYes.", "And?", "<think>\nso\n</think>\n\nNo."
    )
    row = rendered(templates.THINKING, sample)
    assert answers(row) == ["Yes.", "<think>\nso\n</think>\n\nNo."]
    assert ends(row) == ["<|im_end|>"] * 2


def test_an_empty_thought_that_the_template_adds_is_not_the_answer() -> None:
    row = rendered(templates.THINKING, chat("t", "think?", "k"))
    assert answers(row) == ["k"]
    assert row.text[: row.answers[0][0]].endswith("<think>\n\n</think>\n\n")


def test_reasoning_kept_in_its_own_field_is_scored_as_it_is_rendered() -> None:
    message = Message("assistant", "No.", {"reasoning_content": "so"})
    sample = Sample("r", "r", "r", messages=(Message("user", "Hello?"), message))
    assert answers(rendered(templates.THINKING, sample)) == ["<think>\nso\n</think>\n\nNo."]


def test_a_generation_prompt_that_says_more_than_the_conversation() -> None:
    row = rendered(templates.OPENS_THINKING)
    assert answers(row) == ["  Yes, in\nfull. ", "No."]
    assert not row.mismatch


def test_tool_calls_are_scored_as_the_template_writes_them() -> None:
    call = {"function": {"name": "find", "arguments": {"town": "Brisco"}}}
    messages = (
        Message("user", "Where?"),
        Message("assistant", "", {"tool_calls": [call]}),
        Message("tool", "at the quay"),
        Message("assistant", "At the quay."),
    )
    sample = Sample("c", "c", "c", messages=messages, tools=({"name": "find"},))
    row = rendered(templates.TOOLS, sample)
    written = '<tool_call>\n{"name": "find", "arguments": {"town": "Brisco"}}\n</tool_call>'
    assert answers(row) == [written, "At the quay."]
    assert '{"name": "find"}' in row.text[: row.answers[0][0]]


def test_the_templates_own_marks_where_content_is_changed() -> None:
    row = rendered(templates.MARKED)
    assert answers(row) == ["  YES, IN\nFULL. ", "NO."]
    assert ends(row) == ["</s>", "</s>"]
    assert not row.mismatch


def test_an_answer_that_cannot_be_found_is_flagged() -> None:
    row = rendered(templates.SHOUTING)
    assert "2 of 2 answers" in row.mismatch
    assert row.problem


def test_a_row_that_the_template_refuses_says_so() -> None:
    sample = replace(TWO_TURNS, messages=(Message("system", "Be brief."), *TWO_TURNS.messages))
    assert "no system role" in rendered(templates.NO_SYSTEM, sample).problem


def test_system_prompt_setting() -> None:
    own = replace(TWO_TURNS, messages=(Message("system", "Be brief."), *TWO_TURNS.messages))
    assert "Be kind." in rendered(CHATML, TWO_TURNS, system="Be kind.").text
    assert "Be brief." in rendered(CHATML, own).text
    other = rendered(CHATML, own, system="Be kind.").text
    assert "Be kind." in other
    assert "Be brief." not in other
    assert "system" not in rendered(CHATML, own, system="").text


def test_an_answer_that_quotes_the_end_token_is_scored_to_its_own_end() -> None:
    row = rendered(CHATML, chat("q", "End token?", "It is <|im_end|>\n, I think."))
    assert answers(row) == ["It is <|im_end|>\n, I think."]
    assert ends(row) == ["<|im_end|>"]


def test_an_answer_that_the_prompt_holds_too() -> None:
    row = rendered(CHATML, chat("e", "Say yes", "yes", "Say yes", "yes"))
    starts = [start for start, _ in row.answers]
    assert answers(row) == ["yes", "yes"]
    assert all(row.text[:start].endswith("assistant\n") for start in starts)


def test_plain_is_the_prompt_directly_followed_by_the_answer_and_eos() -> None:
    row = rendered(None, chat("p", "Q: 1 + 1\n ", "  2 "))
    assert row.text == "Q: 1 + 1\n   2 </s>"
    assert (answers(row), ends(row)) == (["  2 "], ["</s>"])


def test_an_empty_answer_leaves_its_end_token() -> None:
    row = rendered(CHATML, chat("n", "Hello?", ""))
    assert (answers(row), ends(row)) == ([], ["<|im_end|>"])


def test_a_conversation_without_an_answer_says_so() -> None:
    assert "no answer" in rendered(CHATML, chat("n", "Hello?")).problem


def tokens(
    template: str | None, sample: Sample, *, bos: bool = True
) -> tuple[list[str], list[str]]:
    """All tokens and the scored ones, as text."""
    tokenizer = models.tokenizer(bos=bos)
    row = Renderer(tokenizer, Prompting(template)).render(sample)
    (one,) = Encoder(tokenizer).encode([row])
    every = [tokenizer.decode([token]) for token in one.ids]
    return every, [every[at] for at in one.targets]


def test_scored_tokens_are_the_answer_and_its_end() -> None:
    _, scored = tokens(CHATML, TWO_TURNS)
    assert "".join(scored) == "  Yes, in\nfull. <|im_end|>No.<|im_end|>"


def test_one_bos_where_the_tokenizer_adds_it_and_none_where_it_does_not() -> None:
    every, scored = tokens(None, models.text("t", "Apples and coal"))
    assert every.count("<s>") == 1
    assert "".join(scored) == "Apples and coal"
    every, scored = tokens(None, models.text("t", "<s>Apples and coal"))
    assert every.count("<s>") == 1
    assert "".join(scored) == "Apples and coal"
    every, scored = tokens(None, models.text("t", "Apples and coal"), bos=False)
    assert "<s>" not in every
    assert "".join(scored) == "Apples and coal"[len(every[0]) :]
    every, _ = tokens(CHATML, TWO_TURNS)
    assert "<s>" not in every
    every, _ = tokens(templates.PLAIN_END, TWO_TURNS)
    assert every.count("<s>") == 1


def test_a_character_of_several_tokens_is_scored_whole() -> None:
    sample = chat("c", "写", "東\U0001f40b")
    tokenizer = models.tokenizer()
    row = Renderer(tokenizer, Prompting(CHATML)).render(sample)
    (one,) = Encoder(tokenizer).encode([row])
    answer = [int(one.ids[at]) for at, end in zip(one.targets, one.ends, strict=True) if not end]
    assert tokenizer.decode(answer) == "東\U0001f40b"
    assert one.bytes == len("東\U0001f40b".encode())


def test_text_that_is_no_unicode_is_named_and_the_others_go_on() -> None:
    tokenizer = models.tokenizer()
    renderer = Renderer(tokenizer, Prompting(CHATML))
    rows = [renderer.render(chat("bad", "Hello?", "\ud800")), renderer.render(TWO_TURNS)]
    bad, good = Encoder(tokenizer).encode(rows)
    assert "surrogate" in bad.problem
    assert not len(bad.targets)
    assert len(good.targets)


def test_two_hundred_thousand_characters_without_a_space() -> None:
    tokenizer = models.tokenizer()
    row = Renderer(tokenizer, Prompting(CHATML)).render(chat("long", "Hello?", "x" * 200_000))
    (one,) = Encoder(tokenizer).encode([row])
    assert one.bytes == 200_000
    cut = fit(0, one, Limit(4096, 2048))
    scored = [at for piece in cut.pieces for at in range(piece.first, piece.first + len(piece.at))]
    assert scored == list(range(len(one.targets)))
    assert max(piece.length for piece in cut.pieces) < 4096


class Slow:
    """The same tokenizer without offsets, as one written in Python alone."""

    is_fast = False

    def __init__(self, fast: Any) -> None:
        self._fast = fast

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fast, name)

    def __call__(self, text: str, **settings: Any) -> Any:
        return self._fast(text, **settings)


@pytest.mark.parametrize("template", [CHATML, None])
def test_a_tokenizer_without_offsets_gives_the_same_spans(template: str | None) -> None:
    fast = models.tokenizer()
    rows = [
        Renderer(fast, Prompting(template)).render(sample)
        for sample in (TWO_TURNS, chat("c", "写", "東\U0001f40b é"), models.text("t", "naïve ½"))
    ]
    for one, other in zip(
        Encoder(fast).encode(rows), Encoder(Slow(fast)).encode(rows), strict=True
    ):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.targets.tolist() == other.targets.tolist()
        assert one.bytes == other.bytes


def test_the_limit_is_the_smaller_of_setting_and_positions() -> None:
    assert limit_of(4096, None, 512).length == 512
    assert limit_of(100, None, 512).length == 100
    assert limit_of(100, None, None).stride == 50
    assert limit_of(100, 500, None).stride == 98


@pytest.mark.parametrize(
    "template", [templates.ENDLESS, templates.HUGE, templates.FAT, templates.BROKEN]
)
def test_a_hostile_template_is_refused_in_a_process_of_its_own(template: str) -> None:
    with pytest.raises(EngineError, match="chat template is refused") as caught:
        check_template(template, [TWO_TURNS], {}, None)
    assert "plain" in caught.value.remedy


def test_a_good_template_passes_even_if_it_refuses_a_row() -> None:
    own = replace(TWO_TURNS, messages=(Message("system", "Be brief."), *TWO_TURNS.messages))
    check_template(templates.NO_SYSTEM, [TWO_TURNS, own], {"bos_token": "<s>"}, None)
    check_template(templates.MARKED, [TWO_TURNS], {"eos_token": "</s>"}, None)


def test_a_template_that_reaches_for_the_interpreter_gets_nowhere() -> None:
    with pytest.raises(EngineError, match="SecurityError"):
        check_template(templates.ESCAPE, [TWO_TURNS], {}, None)
