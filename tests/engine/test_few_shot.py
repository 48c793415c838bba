"""A model's own examples: rendering, losses, answers, length, and what the preflight says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import models, reference
from tests.engine.answers import AnswerBench
from tests.engine.test_score_job import Bench
from tests.engine.test_score_losses import RELATIVE
from tests.files.making import lines
from tui_eval.core.records import Message
from tui_eval.core.steps import curves, overfitting, perplexity
from tui_eval.engine.prompts import Prompting, Renderer
from tui_eval.engine.shortening import shortened
from tui_eval.engine.tokens import Encoder
from tui_eval.errors import EngineError

ROWS = [{"prompt": f"How many ships, {n}?", "completion": f"{n} ships at noon."} for n in range(3)]
EACH = tuple(
    (Message("user", row["prompt"]), Message("assistant", row["completion"])) for row in ROWS
)
SYSTEM = "Count."


def rival(bench: Bench, more: str = "", base: str = "") -> None:
    lines(bench.folder / "shown.jsonl", ROWS)
    few = f'few_shot = "shown.jsonl"\nsystem = "{SYSTEM}"\n{more}'
    bench.settings(
        models_base=f'path = "base"\n{base}', models_tuned="", models_rival=f'path = "base"\n{few}'
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.at(tmp_path, 6)


def by_hand(tokenizer: object, rows: list[dict[str, str]], prompt: bool = False) -> str:
    return tokenizer.apply_chat_template(  # type: ignore[attr-defined,no-any-return]
        rows, tokenize=False, add_generation_prompt=prompt
    )


def turns(skip: int = 0) -> list[dict[str, str]]:
    shown = [turn.as_dict() for one in EACH[skip:] for turn in one]
    return [{"role": "system", "content": SYSTEM}, *shown]


@pytest.mark.parametrize("answers", ["all", "last"])
def test_examples_stand_between_system_prompt_and_row_and_are_not_scored(answers: str) -> None:
    tokenizer = models.tokenizer()
    prompting = Prompting(tokenizer.chat_template, "", SYSTEM, answers, EACH)  # type: ignore[arg-type]
    renderer = Renderer(tokenizer, prompting)
    sample = models.chat("row", "first?", "one", "second?", "two")
    own = [turn.as_dict() for turn in sample.messages]
    rendered = renderer.render(sample)
    assert rendered.text == by_hand(tokenizer, [*turns(), *own])
    scored = [rendered.text[a:b] for a, b in rendered.answers]
    assert scored == (["one", "two"] if answers == "all" else ["two"])
    assert renderer.prompt(sample) == by_hand(tokenizer, [*turns(), *own[:-1]], prompt=True)
    # A row's own system turn stays first where none is set.
    renderer = Renderer(tokenizer, Prompting(tokenizer.chat_template, "", None, "all", EACH[:1]))
    mine = models.chat("row", "first?", "one")
    headed = (Message("system", "Mine."), *mine.messages)
    text = renderer.render(replace(mine, messages=headed)).text
    expected = [headed[0], *EACH[0], *mine.messages]
    assert text == by_hand(tokenizer, [turn.as_dict() for turn in expected])


def test_plain_prompts_have_them_too() -> None:
    tokenizer = models.tokenizer(template=None)
    renderer = Renderer(tokenizer, Prompting(None, "", None, "all", EACH[:1]))
    rendered = renderer.render(models.chat("row", "first?", "one"))
    head = f"{ROWS[0]['prompt']}{ROWS[0]['completion']}\n\nfirst?"
    assert rendered.text == f"{head}one</s>"
    assert [rendered.text[a:b] for a, b in rendered.answers] == ["one"]
    assert renderer.prompt(models.chat("row", "first?", "one")) == head


def test_losses_are_those_of_an_independent_loop(bench: Bench) -> None:
    rival(bench)
    bench.run(candidate="rival")
    evidence = bench.evidence()
    tokenizer, double = bench.base.tokenizer, reference.double(models.loaded("llama").model)
    for model, head in (("rival", turns()), ("base", [])):
        found = evidence.losses("rival", model, "validation")
        for sample in evidence.dataset("rival", "validation").samples:  # type: ignore[union-attr]
            own = [turn.as_dict() for turn in sample.messages]
            before = by_hand(tokenizer, [*head, *own[:-1]], prompt=True)
            ids = tokenizer(by_hand(tokenizer, [*head, *own]), add_special_tokens=False)[
                "input_ids"
            ]
            first = len(tokenizer(before, add_special_tokens=False)["input_ids"])
            # The answer and the token that ends its turn; not the line's end after it.
            last = max(
                at
                for at, one in enumerate(ids)
                if one == tokenizer.convert_tokens_to_ids("<|im_end|>")
            )
            targets = list(range(first, last + 1))
            assert found[sample.id].tokens == len(targets)
            expected = reference.total(double, ids, targets)
            assert found[sample.id].nll == pytest.approx(expected, rel=RELATIVE)


def test_equal_weights_with_another_prompt_are_no_dead_adapter(bench: Bench) -> None:
    rival(bench)
    bench.run(candidate="rival")
    evidence = bench.evidence()
    checked = evidence.preflight("rival")
    assert checked is not None
    assert checked.max_logit_difference is None
    assert checked.same_tokenizer
    assert "rival has 3 examples before each prompt and a system prompt" in checked.prompt_design
    severities = {one.code: one.severity for one in perplexity.read(evidence, "rival").findings}
    assert "no_effect_adapter" not in severities
    assert "different_tokenizer" not in severities
    assert severities["prompt_differs"] == "note"
    for step in (curves, overfitting):
        reading = step.read(evidence, "rival")
        assert reading.verdict == "not_enough"
        assert [one.code for one in reading.findings] == ["not_trained"]
        assert "nothing was trained: base's weights with a prompt of its own" in reading.summary


def test_a_dead_adapter_is_seen_behind_prompts_that_differ(bench: Bench) -> None:
    silent = models.with_lora(models.loaded("llama"), init_lora_weights=True)
    silent.model.save_pretrained(bench.folder / "tuned")
    bench.settings(models_base='path = "base"\nsystem = "Be brief."')
    bench.run()
    assert bench.evidence().preflight("tuned").max_logit_difference == 0.0  # type: ignore[union-attr]
    bench.tuned.model.save_pretrained(bench.folder / "tuned")
    bench.run(2)
    assert bench.evidence().preflight("tuned").max_logit_difference > 0.0  # type: ignore


def test_whole_examples_go_where_all_do_not_fit(bench: Bench) -> None:
    tokenizer = bench.base.tokenizer
    renderer = Renderer(tokenizer, Prompting(tokenizer.chat_template, "", SYSTEM, "all", EACH))
    encoder = Encoder(tokenizer)
    sample = models.chat("row", "first?", "one")
    own = [turn.as_dict() for turn in sample.messages]
    texts = [by_hand(tokenizer, [*turns(skip), *own]) for skip in range(4)]
    # Up to the end of the turn: what follows is not fed.
    sizes = [len(tokenizer(one, add_special_tokens=False)["input_ids"]) - 1 for one in texts]
    long = models.chat("long", "word " * 400, "one")
    for skip in range(3):
        rows = shortened(renderer, encoder, [sample, long], sizes[skip], "rival")
        assert rows[0][0].text == texts[skip]
        assert rows[0][1].left_out == sizes[0] - sizes[skip]
        # What is too long without any keeps none, and is cut as ever.
        assert rows[1][0].text.count("assistant") == 1
    with pytest.raises(EngineError, match="Not one of the 3 examples of rival fits"):
        shortened(renderer, encoder, [sample], sizes[2] - 1, "rival")


def test_what_is_left_out_is_counted_and_said(bench: Bench) -> None:
    rival(bench)
    config = bench.folder / "eval.toml"
    config.write_text(config.read_text() + "[scoring]\nmax_length = 100\n")
    bench.run(candidate="rival")
    evidence = bench.evidence()
    cut = [one.cut_tokens for one in evidence.losses("rival", "rival", "validation").values()]
    assert any(cut)
    (told,) = [
        one for one in perplexity.read(evidence, "rival").findings if one.code == "truncated"
    ]
    assert f"up to {max(cut)} prompt tokens cut from the left" in told.text
    for sample in evidence.dataset("rival", "validation").samples:  # type: ignore[union-attr]
        shown = evidence.rendering("rival", sample.id)
        # The system prompt is never what goes.
        assert shown is not None
        assert shown.text.startswith(f"<|im_start|>system\n{SYSTEM}")


def test_answers_are_made_to_prompts_with_examples(tmp_path: Path) -> None:
    bench = AnswerBench.at(tmp_path, 6)
    rival(bench)
    config = bench.folder / "eval.toml"
    config.write_text(config.read_text() + "[generation]\nmax_new_tokens = 4\ngreedy = true\n")
    bench.run(candidate="rival")
    evidence = bench.evidence()
    tokenizer = bench.base.tokenizer
    made = evidence.answers("rival", "rival")
    for sample in evidence.dataset("rival", "validation").samples:  # type: ignore[union-attr]
        own = [turn.as_dict() for turn in sample.messages[:-1]]
        prompt = by_hand(tokenizer, [*turns(), *own], prompt=True)
        count = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
        assert made[sample.id].prompt_tokens == count
    # Other examples are another prompt: what was answered before is not shown.
    rows = [json.loads(line) for line in (tmp_path / "shown.jsonl").read_text().splitlines()]
    lines(tmp_path / "shown.jsonl", [{**rows[0], "completion": "None."}, *rows[1:]])
    assert not bench.evidence().answers("rival", "rival")
    assert bench.evidence().answers("rival", "base")
