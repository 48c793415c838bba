"""How tokens are chosen, against transformers' own processors; and what ends an answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tests.engine import models
from tests.engine.answers import plain, prompts, rules, scorer
from tui_eval.engine import choice
from tui_eval.engine.answering import backend_of
from tui_eval.engine.choice import Writing, choose
from tui_eval.engine.generation import (
    Asked,
    Decoder,
    end_tokens,
    fitted,
    most_new,
    prompts_of,
    seed_of,
)
from tui_eval.engine.prompts import Prompting, Renderer
from tui_eval.engine.tokens import Encoder
from tui_eval.files.generation import Generation

SIZE = 60


def logits_of(seed: int, rows: int = 1) -> Any:
    return 3 * torch.randn(rows, SIZE, generator=torch.Generator().manual_seed(seed))


@example(0, 0.5, 0, 1 - 2**-53, 0.0)
@given(
    st.integers(0, 10_000),
    st.floats(0.2, 2.0),
    st.integers(0, 70),
    st.floats(0.05, 1.0),
    st.floats(0.0, 0.9),
)
def test_what_may_be_drawn_is_what_transformers_leaves(
    seed: int, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    some = Generation(sample=True, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    logits = logits_of(seed)
    kept, order = choice._kept(logits / temperature, some)
    ours = torch.zeros_like(logits).scatter(1, order, kept / kept.sum())
    warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
    warpers += [TopKLogitsWarper(top_k)] if top_k else []
    warpers += [TopPLogitsWarper(top_p)] if top_p < 1 else []
    warpers += [MinPLogitsWarper(min_p)] if min_p > 0 else []
    theirs = torch.softmax(warpers(torch.zeros(1, 1, dtype=torch.long), logits), dim=-1)
    differing = (ours - theirs).abs() > 1e-5
    # A token at the very border of top_p may fall on either side by rounding, and all those
    # that are too unlikely to be seen in a float32 sum of nearly 1.
    unlike = (ours > 0) != (theirs > 0)
    assert int(unlike.sum()) <= 1 or float((ours + theirs)[unlike].sum()) < 1e-5
    if not bool(unlike.any()):
        assert not bool(differing.any())


@given(st.integers(0, 10_000), st.floats(0.5, 2.0), st.integers(0, 3))
def test_penalties_are_those_of_transformers(seed: int, penalty: float, ngram: int) -> None:
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 8, (1, 20), generator=made)
    logits = logits_of(seed)
    some = Generation(repetition_penalty=penalty, no_repeat_ngram=ngram, suppress=(3, 9))
    row = Writing(Asked("s", 0, ids[0, :12].int().numpy(), 9), ids[0, 12:].tolist())
    processors: list[Any] = [RepetitionPenaltyLogitsProcessor(penalty)]
    processors += [NoRepeatNGramLogitsProcessor(ngram)] if ngram else []
    processors.append(SuppressTokensLogitsProcessor([3, 9]))
    theirs = LogitsProcessorList(processors)(ids, logits.clone())
    assert torch.allclose(choice._penalised(logits, [row], some), theirs)


def test_draws_follow_the_probabilities() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    some = Generation(sample=True)
    counts: Counter[int] = Counter()
    for at in range(3_000):
        row = Writing(Asked("s", 0, np.zeros(1, dtype=np.int32), 1, seed=seed_of(0, f"{at}", 0)))
        counts[choose(logits, [row], some)[0]] += 1
    for token, share in enumerate((0.5, 0.3, 0.2)):
        assert abs(counts[token] / 3_000 - share) < 0.04


def test_a_seed_depends_on_nothing_but_seed_sample_and_index() -> None:
    assert seed_of(1, "a", 0) == seed_of(1, "a", 0)
    assert len({seed_of(s, n, i) for s in (1, 2) for n in "ab" for i in (0, 1)}) == 8
    assert all(0 <= seed_of(s, "\ud800", 0) < 2**31 for s in range(99))


@pytest.mark.parametrize("path", ["batched", "one"])
def test_a_checkpoints_penalties_hold_in_greedy_answers_too(path: str) -> None:
    made = models.loaded("llama")
    asked = prompts(5)
    wanted = rules(made, repetition_penalty=1.3, no_repeat_ngram=2, suppress=(17, 30))
    replies = list(backend_of(scorer(made), path, 2).answer(asked, wanted))  # type: ignore[arg-type]
    for reply in replies:
        assert list(reply.ids) == plain(
            made.model,
            reply.asked.ids,
            reply.asked.most,
            repetition_penalty=1.3,
            no_repeat_ngram_size=2,
            suppress_tokens=[17, 30],
        )


@pytest.mark.parametrize("path", ["batched", "one"])
def test_the_same_seed_gives_the_same_answer_whatever_is_beside_it(path: str) -> None:
    from dataclasses import replace

    made = models.loaded("llama")
    asked = [replace(one, seed=seed_of(0, one.sample, 0), most=12) for one in prompts(6)]
    wanted = rules(made, sample=True, temperature=1.2, top_p=0.95)

    def answers(some: list[Asked], batch: int) -> dict[str, tuple[int, ...]]:
        replies = backend_of(scorer(made), path, batch).answer(some, wanted)  # type: ignore[arg-type]
        return {reply.asked.sample: reply.ids for reply in replies}

    whole = answers(asked, 6)
    assert answers(asked[2:5], 2) == {one.sample: whole[one.sample] for one in asked[2:5]}
    assert len(set(whole.values())) == 6


def test_room_for_an_answer_follows_the_references() -> None:
    assert most_new([]) == 512
    assert most_new([10] * 50) == 512
    assert most_new([400] * 90 + [1000] * 10) == 2000


@given(st.integers(1, 200), st.integers(0, 1), st.integers(1, 300), st.integers(8, 256))
def test_prompt_and_answer_fit_the_positions(
    length: int, bos: int, most: int, positions: int
) -> None:
    ids = np.arange(length, dtype=np.int32)
    kept, room, cut = fitted(ids, min(bos, length), most, positions)
    assert 1 <= room <= most
    assert len(kept) + room <= max(positions, len(kept) + 1)
    assert cut == (len(kept) < length)
    if length + most <= positions:
        assert (len(kept), room) == (length, most)
    if cut:
        assert room >= min(most, positions // 4)
        assert list(kept[bos:]) == list(ids[-len(kept[bos:]) :])
        assert list(kept[:bos]) == list(ids[:bos])


def renderer(**settings: Any) -> Renderer:
    tokenizer = models.tokenizer(**settings)
    return Renderer(tokenizer, Prompting(models.CHATML))


def test_end_tokens_are_the_templates_and_the_checkpoints() -> None:
    made = renderer()
    assert made.turn_end == "<|im_end|>"
    assert end_tokens(made, made.tokenizer, Generation()) == {1, 4}
    assert end_tokens(made, made.tokenizer, Generation(end_ids=(2, 99_999))) == {1, 2, 4, 99_999}
    other = models.tokenizer(bos=False)
    assert end_tokens(made, other, Generation(end_ids=(2,))) == {1, 2, 4}


def test_special_tokens_are_left_out_but_for_those_of_thinking() -> None:
    tokenizer = models.tokenizer()
    ids = tokenizer("<|im_start|>Why</s><|im_end|> So", add_special_tokens=False)["input_ids"]
    assert Decoder(tokenizer, None).text(ids) == "Why So"
    tags = ("<|im_start|>", "<|im_end|>")
    assert Decoder(tokenizer, tags).text(ids) == "<|im_start|>Why<|im_end|> So"


def test_prompts_end_where_the_answer_begins() -> None:
    made = renderer()
    samples = [models.chat("a", "Why?", "So."), models.chat("b", "\ud800", "x")]
    first, second = prompts_of(made, Encoder(made.tokenizer), samples)
    assert first.text.endswith("<|im_start|>assistant\n")
    assert made.tokenizer.decode(first.ids) == first.text
    assert "surrogate" in second.problem
    plain_renderer = Renderer(made.tokenizer, Prompting(None))
    (third,) = prompts_of(plain_renderer, Encoder(made.tokenizer), samples[:1])
    assert third.text == "Why?"
    assert third.ids[0] == made.tokenizer.bos_token_id
    assert third.ids[-1] != made.tokenizer.eos_token_id
