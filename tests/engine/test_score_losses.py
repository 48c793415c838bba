"""Per-sample losses against an independent float64 loop, on every path and shape."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import pytest

from tests.engine import models, reference
from tui_eval.core.records import Sample, TokenLoss
from tui_eval.engine.backends.transformers_scorer import PATHS, Loaded, TransformersScorer
from tui_eval.engine.memory import Budget
from tui_eval.engine.plan import CPU_OVERHEAD
from tui_eval.engine.prompts import Prompting, Renderer
from tui_eval.engine.scoring import Task, run_tasks, score_samples
from tui_eval.engine.tokens import Encoded, Encoder, Limit, limit_of

RELATIVE = 1e-6
ARCHITECTURES = tuple(models.CONFIGS)


def words(count: int, seed: int) -> str:
    chosen = random.Random(seed)
    return " ".join(chosen.choice(" ".join(models.CORPUS).split()) for _ in range(count))


@lru_cache
def samples() -> tuple[Sample, ...]:
    """Conversations of one and two turns and plain texts, from 2 to about 200 tokens."""
    chats = [
        models.chat(f"chat {n}", words(1 + n % 7, n), words(1 + 3 * n % 29, n + 50))
        for n in range(10)
    ]
    longer = [
        models.chat(f"turns {n}", words(3, n), words(9, n), words(4, n + 1), words(20, n))
        for n in range(4)
    ]
    texts = [models.text(f"text {n}", words(2 + 9 * n, n + 99)) for n in range(5)]
    return (*chats, *longer, *texts)


def encoded(made: Loaded, template: str | None = models.CHATML) -> list[Encoded]:
    renderer = Renderer(made.tokenizer, Prompting(template))
    return Encoder(made.tokenizer).encode([renderer.render(one) for one in samples()])


def scored(
    made: Loaded, path: Any = "packed", *, adapter: bool = True, **settings: Any
) -> dict[str, TokenLoss]:
    limit = settings.pop("limit", limit_of(4096, None, made.positions))
    task = Task(
        TransformersScorer(made, path),
        encoded(made),
        limit,
        settings.pop("budget", Budget(256)),
        adapter,
        **settings,
    )
    return {one.sample: one for _, some in run_tasks([("", task)]) for one in some}


def assert_same(losses: dict[str, TokenLoss], expected: dict[str, float]) -> None:
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert losses[name].nll == pytest.approx(value, rel=RELATIVE), name


def expected(made: Loaded, model: Any = None) -> dict[str, float]:
    double = reference.double(model if model is not None else made.model)
    return {
        row.sample: reference.total(double, row.ids.tolist(), row.targets.tolist())
        for row in encoded(made)
    }


@pytest.mark.parametrize("bos", [True, False], ids=["bos", "no bos"])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_path_gives_the_losses_of_a_float64_loop(kind: str, bos: bool) -> None:
    made = models.loaded(kind, bos=bos)
    want = expected(made)
    for path in PATHS:
        assert_same(scored(made, path), want)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma2", "mistral"])
def test_adapter_on_and_off_are_tuned_and_base(kind: str) -> None:
    plain = models.loaded(kind)
    base = expected(plain)
    made = models.with_lora(plain)
    tuned = expected(made)
    assert all(abs(tuned[name] - base[name]) > 20 * RELATIVE * base[name] for name in base)
    assert_same(scored(made, adapter=True), tuned)
    assert_same(scored(made, adapter=False), base)
    assert_same(scored(made, adapter=True), tuned)


@pytest.mark.parametrize(
    "settings",
    [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"], "target_modules": ["q_proj", "v_proj"]},
        {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
        {"modules_to_save": ["embed_tokens", "lm_head"], "target_modules": ["down_proj"]},
    ],
    ids=["dora", "own head", "lora on table and head", "own table and head"],
)
def test_adapters_beyond_plain_lora(settings: dict[str, Any]) -> None:
    plain = models.loaded("llama")
    base = expected(plain)
    made = models.with_lora(plain, **settings)
    for name, parameter in made.model.named_parameters():
        if ".modules_to_save." in name:
            parameter.data.mul_(1.5)
    assert_same(scored(made, adapter=True), expected(made))
    assert_same(scored(made, adapter=False), base)


@pytest.mark.parametrize("kind", ["llama", "mistral", "gpt2"])
def test_batch_size_does_not_matter(kind: str) -> None:
    made = models.loaded(kind)
    alone = scored(made, "padded", budget=Budget(1))
    together = scored(made, "padded", budget=Budget(64 * 256), overhead=10**6)
    packed = scored(made, "packed", budget=Budget(64 * 256))
    for name, one in alone.items():
        assert together[name].nll == pytest.approx(one.nll, rel=RELATIVE)
        assert packed[name].nll == pytest.approx(one.nll, rel=RELATIVE)


@pytest.mark.parametrize("bos", [True, False], ids=["bos", "no bos"])
def test_a_long_prompt_is_cut_from_the_left_and_keeps_its_bos(bos: bool) -> None:
    made = models.loaded("llama", bos=bos)
    template = ("<s>" if bos else "") + models.CHATML
    sample = models.chat("long prompt", words(60, 1), words(6, 2))
    renderer = Renderer(made.tokenizer, Prompting(template))
    (row,) = Encoder(made.tokenizer).encode([renderer.render(sample)])
    length = len(row.targets) + 12
    (loss,) = score_samples(
        TransformersScorer(made), [sample], renderer, limit_of(length, None, made.positions)
    )
    head = row.ids[: row.bos].tolist()
    assert len(head) == bos
    last = int(row.targets[-1]) + 1
    kept = head + row.ids[last - (length - len(head)) : last].tolist()
    assert len(kept) == length
    targets = range(length - len(row.targets), length)
    want = reference.total(reference.double(made.model), kept, targets)
    assert loss.nll == pytest.approx(want, rel=RELATIVE)
    assert (loss.windows, loss.tokens) == (1, len(row.targets))
    assert loss.cut_tokens == last - length


@pytest.mark.parametrize("bos", [True, False], ids=["bos", "no bos"])
@pytest.mark.parametrize("kind", ["llama", "gpt2", "mistral", "gemma2"])
def test_an_answer_longer_than_the_limit_is_scored_in_windows(kind: str, bos: bool) -> None:
    made = models.loaded(kind, bos=bos)
    sample = models.text("long text", words(120, 3))
    renderer = Renderer(made.tokenizer, Prompting(None))
    (row,) = Encoder(made.tokenizer).encode([renderer.render(sample)])
    limit = Limit(40, 20)
    (loss,) = score_samples(TransformersScorer(made), [sample], renderer, limit)
    assert loss.tokens == len(row.ids) - 1
    assert loss.nll == pytest.approx(
        windowed(reference.double(made.model), row, limit), rel=RELATIVE
    )
    assert loss.windows > 2


def windowed(model: Any, row: Encoded, limit: Limit) -> float:
    """Windows of ``limit`` tokens, the BOS before each, advancing by the stride; a token
    counts in the first window that holds it."""
    ids = row.ids.tolist()
    head, body = ids[: row.bos], ids[row.bos :]
    room = limit.length - len(head)
    done = 0 if head else 1
    total = 0.0
    for start in range(0, len(body), limit.stride):
        window = head + body[start : start + room]
        fresh = range(len(head) + max(0, done - start), len(window))
        total += reference.total(model, window, fresh)
        done = max(done, start + room)
        if done >= len(body):
            break
    return total


def test_a_windowed_answer_keeps_what_context_fits() -> None:
    made = models.loaded("llama")
    sample = models.chat("both long", words(60, 4), words(60, 5))
    renderer = Renderer(made.tokenizer, Prompting(models.CHATML))
    (row,) = Encoder(made.tokenizer).encode([renderer.render(sample)])
    (loss,) = score_samples(TransformersScorer(made), [sample], renderer, Limit(64, 32))
    assert loss.tokens == len(row.targets)
    assert loss.windows >= len(row.targets) // 32
    # The first window holds half a window of prompt, the rest of the prompt is cut.
    assert loss.cut_tokens == int(row.targets[0]) - 32
    ids = row.ids.tolist()
    double = reference.double(made.model)
    first = ids[loss.cut_tokens : loss.cut_tokens + 64]
    head = reference.token_losses(double, first, range(32, 64))
    assert list(loss.token_nll[:32]) == pytest.approx(head, rel=1e-5)


def test_a_plain_text_without_bos_leaves_its_first_token_unscored() -> None:
    sample = models.text("t", words(12, 7))
    for bos in (True, False):
        made = models.loaded("gpt2", bos=bos)
        renderer = Renderer(made.tokenizer, Prompting(None))
        (row,) = Encoder(made.tokenizer).encode([renderer.render(sample)])
        (loss,) = score_samples(TransformersScorer(made), [sample], renderer, Limit(256, 128))
        pieces = len(made.tokenizer(sample.text, add_special_tokens=False)["input_ids"])
        assert loss.tokens == (pieces if bos else pieces - 1)
        assert row.targets[0] == 1
        unscored = 0 if bos else loss.spans[0][0]
        assert loss.bytes == len(sample.text[unscored:].encode())


def test_overhead_default_is_the_plans() -> None:
    assert TransformersScorer(models.loaded("llama")).overhead == CPU_OVERHEAD
