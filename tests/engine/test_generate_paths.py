"""Every path writes the tokens of plain ``generate`` one at a time, base and tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BloomConfig, BloomForCausalLM

from tests.engine import models
from tests.engine.answers import plain, prompts, rules, scorer
from tui_eval.engine.answering import Answerer, allowed_path, backend_of
from tui_eval.engine.backends.continuous import Continuous
from tui_eval.engine.backends.transformers_scorer import Loaded
from tui_eval.engine.generation import Asked, Reply

COUNT = 9
KINDS = sorted(models.CONFIGS)
PATHS = ("batched", "continuous", "padded", "one")


def texts(replies: Sequence[Reply]) -> dict[str, list[int]]:
    assert not any(reply.error for reply in replies)
    assert len({reply.asked.sample for reply in replies}) == len(replies)
    return {reply.asked.sample: list(reply.ids) for reply in replies}


def expected(model: Any, asked: Sequence[Asked]) -> dict[str, list[int]]:
    return {one.sample: plain(model, one.ids, one.most) for one in asked}


@pytest.mark.parametrize("kind", KINDS)
def test_the_own_loop_writes_plain_tokens_with_the_adapter_on_and_off(kind: str) -> None:
    """Three at once of nine, so that places are taken over; windows of 24 are passed."""
    made = models.with_lora(models.loaded(kind)) if kind != "gpt2" else models.loaded(kind)
    scored = scorer(made)
    asked = prompts(COUNT)
    adapters = (False, True) if made.has_adapter else (False,)
    for adapter in adapters:
        with scored.as_model(adapter=adapter):
            found = texts(list(backend_of(scored, "batched", 3).answer(asked, rules(made))))
            assert found == expected(made.model, asked), (kind, adapter)


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "mistral"])
def test_transformers_own_batching_writes_plain_tokens_with_the_adapter_on_and_off(
    kind: str,
) -> None:
    made = models.with_lora(models.loaded(kind))
    scored = scorer(made)
    asked = prompts(COUNT)
    # Base first: pages that it computed must not serve the tuned model.
    for adapter in (False, True):
        with scored.as_model(adapter=adapter):
            found = texts(list(backend_of(scored, "continuous", 3).answer(asked, rules(made))))
            assert found == expected(made.model, asked), (kind, adapter)


@pytest.mark.parametrize("kind", KINDS)
def test_padded_batches_write_plain_tokens_with_the_adapter_on_and_off(kind: str) -> None:
    made = models.with_lora(models.loaded(kind)) if kind != "gpt2" else models.loaded(kind)
    scored = scorer(made)
    asked = prompts(COUNT)
    for adapter in (False, True) if made.has_adapter else (False,):
        with scored.as_model(adapter=adapter):
            found = texts(list(backend_of(scored, "padded", 4).answer(asked, rules(made))))
            assert found == expected(made.model, asked), (kind, adapter)


def bloom() -> Loaded:
    """Its positions are in its attention, which is its own."""
    torch.manual_seed(0)
    config = BloomConfig(
        vocab_size=models.VOCABULARY,
        hidden_size=32,
        n_layer=2,
        n_head=4,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    made = BloomForCausalLM(config).eval()
    return Loaded("bloom", made, models.tokenizer(), "cpu", "float32", vocabulary=400)


@pytest.mark.parametrize("wanted", ["auto", "batched"])
def test_a_model_with_its_own_attention_answers_in_padded_batches(wanted: str) -> None:
    made = bloom()
    asked = prompts(COUNT)
    said: list[str] = []
    answerer = Answerer(scorer(made), adapter=False, wanted=wanted, log=said.append)
    answerer.prove(asked, rules(made))
    assert answerer.path == "padded", said
    assert texts(list(answerer.answer(asked, rules(made)))) == expected(made.model, asked)


@pytest.mark.parametrize("kind", KINDS)
def test_one_at_a_time_is_plain_generate(kind: str) -> None:
    made = models.loaded(kind)
    asked = prompts(4)
    found = texts(list(backend_of(scorer(made), "one", 1).answer(asked, rules(made))))
    assert found == expected(made.model, asked)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [*((kind, "auto") for kind in KINDS), ("gpt2", "continuous"), ("gemma2", "continuous")],
)
def test_the_path_that_the_probe_allows_is_right(kind: str, wanted: str) -> None:
    made = models.loaded(kind)
    scored = scorer(made)
    asked = prompts(COUNT, seed=3)
    answerer = Answerer(scored, adapter=False, wanted=wanted)
    answerer.prove(asked, rules(made))
    assert answerer.path in PATHS
    if wanted == "auto":
        assert answerer.path == "batched"
    assert texts(list(answerer.answer(asked, rules(made)))) == expected(made.model, asked)


def test_a_path_that_writes_other_tokens_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_eval.engine.backends import slots

    made = models.loaded("llama")
    asked = prompts(COUNT)
    honest = slots.Step._mask

    def without_mask(self: Any, first: int, last: int, window: Any, like: Any) -> Any:
        mask = honest(self, first, last, window, like)
        return None if mask is None else mask * 0

    monkeypatch.setattr(slots.Step, "_mask", without_mask)
    said: list[str] = []
    chosen = allowed_path(scorer(made), asked, rules(made), ("batched", "one"), said.append)
    assert chosen == "one"
    assert "other tokens" in said[0]


def test_a_path_that_fails_is_not_taken_and_its_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = models.loaded("llama")
    monkeypatch.setattr("tui_eval.engine.backends.slots.attend", None)
    said: list[str] = []
    assert allowed_path(scorer(made), prompts(3), rules(made), log=said.append) == "continuous"
    assert "packed" in said[0]


def test_equal_prompts_share_no_pages_between_base_and_tuned() -> None:
    """One long beginning in all prompts is what block sharing would reuse."""
    made = models.with_lora(models.loaded("llama"))
    scored = scorer(made)
    head = prompts(1, seed=7, longest=4)[0].ids.tolist() * 30
    asked = [
        Asked(one.sample, 0, np.asarray([*head, *one.ids], dtype=np.int32), 12)
        for one in prompts(4)
    ]
    answers = {}
    for adapter in (False, True, False):
        with scored.as_model(adapter=adapter):
            answers[adapter] = texts(list(Continuous(scored, 4).answer(asked, rules(made))))
            assert answers[adapter] == expected(made.model, asked)
    assert answers[False] != answers[True]
