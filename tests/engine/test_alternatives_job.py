"""What both models expected at every place of a text, against a plain forward pass."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import torch
from tokenizers import Tokenizer, decoders
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from tests.engine import models
from tests.engine.answers import AnswerBench
from tests.engine.test_score_job import Bench, facts
from tui_eval.core.records import Job, TokenTable
from tui_eval.engine import serve
from tui_eval.engine.alternatives import KEPT, table_of
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.jobs import alternatives
from tui_eval.engine.pieces import Pieces
from tui_eval.engine.prompts import Rendered
from tui_eval.engine.tokens import Encoder, Limit, fit
from tui_eval.errors import EngineError
from tui_eval.store import codec
from tui_eval.store.workspace import Workspace
from tui_eval.ui.screens.cost import DONE_ANEW
from tui_eval.ui.source import Source
from tui_eval.ui.start import Start
from tui_eval.ui.widgets import progress
from tui_eval.ui.widgets.token_data import passages, tokens_of


class TokenBench(AnswerBench):
    verb = "tokens"
    work = staticmethod(alternatives.run)

    def table(self, model: str, name: str) -> TokenTable:
        found = self.evidence().tokens("tuned", model, name)
        assert found is not None
        return found

    def first(self, place: int = 0) -> str:
        return self.evidence().dataset("tuned", "validation").samples[place].id


@pytest.fixture
def bench(tmp_path: Path) -> TokenBench:
    made = TokenBench.at(tmp_path, 3)
    made.settings(generation="max_new_tokens = 6\n")
    return made


def expected(model: Any, tokenizer: Any, text: str) -> tuple[list[float], Any]:
    """Each token's loss from the second on, and the log likelihoods of all of them."""
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        logs = torch.log_softmax(model(ids).logits[0].double(), dim=-1)
    losses = [-float(logs[at - 1, ids[0, at]]) for at in range(1, ids.shape[1])]
    return losses, logs


def holds(table: TokenTable, model: Any, tokenizer: Any) -> None:
    losses, logs = expected(model, tokenizer, table.text)
    assert math.isnan(table.token_nll[0])
    last = max(at for at, nll in enumerate(table.token_nll) if not math.isnan(nll))
    assert table.token_nll[1 : last + 1] == pytest.approx(losses[:last], rel=1e-4, abs=1e-5)
    for at in range(1, last + 1):
        top, ids = (-logs[at - 1]).topk(KEPT, largest=False)
        assert table.top_nll[at * KEPT : (at + 1) * KEPT] == pytest.approx(
            top.tolist(), rel=1e-4, abs=1e-5
        )
        best = table.pieces[table.top[at * KEPT]]
        assert best == Pieces(tokenizer).text(int(ids[0]))


def test_every_place_of_a_row_prompt_included_is_what_a_forward_pass_says(
    bench: TokenBench,
) -> None:
    context = bench.run(sample=bench.first(1))
    for model, loaded in (("base", models.loaded("llama")), ("tuned", bench.tuned)):
        table = bench.table(model, bench.first(1))
        holds(table, loaded.model, bench.base.tokenizer)
        assert {at for span in table.spans for at in range(*span)} == {*range(len(table.text))}
        (start, stop), _ = table.scored
        assert table.text[start:stop] == bench.evidence().dataset(
            "tuned", "validation"
        ).samples[1].reference  # fmt: skip
    assert context.said[-1][:3] == (2, 2, "models")
    bench.warm.clear()
    bench.run(2, sample=bench.first(1))
    assert not bench.warm
    assert not facts(bench, "job-2")


def test_the_numbers_are_those_of_scoring_and_what_differs_is_told(
    bench: TokenBench, capfd: pytest.CaptureFixture[str]
) -> None:
    Bench(bench.folder, bench.base, bench.tuned, bench.warm).run(7)
    bench.run(8, sample=bench.first())
    loss = bench.evidence().loss("tuned", "tuned", bench.first())
    assert loss is not None
    table = bench.table("tuned", bench.first())
    ours = [nll for span, nll in zip(table.spans, table.token_nll, strict=True)
            if span in loss.spans]  # fmt: skip
    assert ours == pytest.approx(loss.token_nll, rel=1e-4)
    assert "differ" not in capfd.readouterr().err
    for path in (bench.folder / ".tui-eval" / "facts").glob("*.jsonl"):
        lines = [json.loads(one) for one in path.read_text().splitlines()]
        assert all(one.get("kind") != "tokens" or len(json.dumps(one)) < 40_000 for one in lines)


def test_a_loss_that_is_another_is_logged(
    bench: TokenBench, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Bench(bench.folder, bench.base, bench.tuned, bench.warm).run(7)
    kept = Workspace.loss

    def other(workspace: Workspace, key: str, sample: str) -> Any:
        loss = kept(workspace, key, sample)
        assert loss is not None
        return replace(loss, token_nll=(loss.token_nll[0] + 0.5, *loss.token_nll[1:]))

    monkeypatch.setattr(Workspace, "loss", other)
    bench.run(8, sample=bench.first())
    told = [line for line in capfd.readouterr().err.splitlines() if "differ" in line]
    assert len(told) == 2
    assert " tokens 1 differ from what was recorded" in told[0]


def test_a_cancelled_job_keeps_what_one_model_said(bench: TokenBench) -> None:
    bench.cancel_after = 0
    bench.run(9, sample=bench.first())
    assert bench.evidence().tokens("tuned", "base", bench.first()) is not None
    assert bench.evidence().tokens("tuned", "tuned", bench.first()) is None


def test_an_answer_is_looked_at_as_it_was_made(bench: TokenBench) -> None:
    made = AnswerBench(bench.folder, bench.base, bench.tuned, bench.warm)
    made.run(3)
    answer = next(one for one in made.completions("tuned") if one.text)
    bench.run(4, answer=answer.id)
    table = bench.table("tuned", answer.id)
    (start, stop), *end = table.scored
    assert table.text[start:stop] == answer.text
    assert table.text[:start].endswith("<|im_start|>assistant\n")
    assert bool(end) == (answer.finish == "stop")
    holds(table, bench.tuned.model, bench.base.tokenizer)
    holds(bench.table("base", answer.id), models.loaded("llama").model, bench.base.tokenizer)
    if answer.finish == "length":
        # Greedy: what it wrote is what it found likeliest, token by token.
        ranks = [table.pieces[table.top[at * KEPT]] for at, span in enumerate(table.spans)
                 if start <= span[0] < stop]  # fmt: skip
        # Bytes that were cut in the middle of a character are another token when read again.
        assert "".join(ranks).startswith(answer.text.partition("\ufffd")[0])
    with pytest.raises(EngineError, match="not here any more"):
        bench.run(5, answer="gone")


def test_the_screens_find_what_was_computed_by_row_and_by_answer(bench: TokenBench) -> None:
    made = AnswerBench(bench.folder, bench.base, bench.tuned, bench.warm)
    made.run(3)
    answer = next(one for one in made.completions("tuned") if one.text)
    source = Source(Start(bench.folder), bench.workspace(), bench.config())
    before = source.sample("tuned", answer.id)
    assert before is not None
    assert before.answer_first
    assert not any(passage.complete for passage in passages(before))
    bench.run(4, answer=answer.id)
    bench.run(5, sample=answer.sample)
    for ref in (answer.id, answer.sample):
        detail = source.sample("tuned", ref)
        assert detail is not None
        assert detail.answer_first == (ref == answer.id)
        row, own = passages(detail)
        assert row.complete
        assert own.complete
        for passage in (row, own):
            tokens = tokens_of(passage)
            assert all(len(token.base_top) == len(token.tuned_top) == KEPT for token in tokens)
            assert {token.scored for token in tokens} == {True, False}


def test_the_verb_is_known_wherever_verbs_are() -> None:
    verbs = set(get_args(get_type_hints(Job)["verb"]))
    assert verbs == set(serve.VERBS) == set(progress.VERBS) == set(DONE_ANEW)
    for target in serve.VERBS.values():
        module, _, function = target.partition(":")
        assert callable(getattr(import_module(module), function))


def test_a_row_that_is_gone_is_told(bench: TokenBench) -> None:
    with pytest.raises(EngineError, match="no longer hold this row"):
        bench.run(sample="gone")


@pytest.mark.parametrize(("length", "stride"), [(40, 20), (24, 8), (400, 200)])
@pytest.mark.parametrize("bos", [0, 1])
def test_what_was_cut_is_not_told_and_the_rest_is_scorings(
    length: int, stride: int, bos: int
) -> None:
    made = models.loaded("llama", bos=bool(bos))
    scorer, encoder = TransformersScorer(made, "single"), Encoder(made.tokenizer)
    text = "The harbour master counts the ships. " * 4
    answer = "Apples, coal and slate lie on the quay. 東京"
    row = Rendered("r", text + answer, ((len(text), len(text + answer)),), plain=True)
    (encoded,) = encoder.encode([row])
    limit = Limit(length, stride)
    pieces = fit(0, encoded, limit).pieces
    scored = [float(nll) for losses in scorer.nll(pieces) for nll in losses]
    table = table_of(scorer, encoder, row, encoded, limit)
    ours = [table.token_nll[int(at)] for at in encoded.targets]
    assert ours == pytest.approx(scored, rel=1e-4, abs=1e-5)
    told = [at for at, nll in enumerate(table.token_nll) if not math.isnan(nll)]
    assert told == list(range(told[0], len(encoded.ids)))
    assert (told[0] > 2) == (length < 400)


def test_the_models_own_logits_give_the_same() -> None:
    made = models.loaded("granite")
    encoder = Encoder(made.tokenizer)
    row = Rendered("r", "Can I return it? Yes.", ((16, 21),), plain=True)
    (encoded,) = encoder.encode([row])
    one, other = (
        table_of(TransformersScorer(made, path), encoder, row, encoded, Limit(64, 32))
        for path in ("single", "full")
    )
    assert one.token_nll[1:] == pytest.approx(other.token_nll[1:], rel=1e-4)
    assert one.top == other.top


def test_pieces_keep_spaces_and_bytes() -> None:
    tokenizer = models.tokenizer()
    pieces = Pieces(tokenizer)
    ids = tokenizer(" the ships 東 é", add_special_tokens=False)["input_ids"]
    joined = "".join(pieces.text(one) for one in ids)
    raw = joined.encode("utf-8", "surrogateescape")
    assert raw.decode() == " the ships 東 é"
    assert pieces.text(tokenizer.convert_tokens_to_ids("<|im_end|>")) == "<|im_end|>"
    assert pieces.text(models.VOCABULARY + 9) == f"<token {models.VOCABULARY + 9}>"


def test_pieces_of_a_sentencepiece_vocabulary() -> None:
    words = ["<unk>", "a", "▁a", "▁cards", "▁", "<0xE6>", "<0x9D>", "<0xB1>"]
    core = Tokenizer(BPE({word: at for at, word in enumerate(words)}, [], unk_token="<unk>"))
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    pieces = Pieces(PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>"))
    assert [pieces.text(at) for at in range(1, len(words))] == [
        "a", " a", " cards", " ", "\udce6", "\udc9d", "\udcb1"
    ]  # fmt: skip


def test_a_table_is_stored_exactly() -> None:
    table = TokenTable("s", "a\ud800b", ((1, 2),), ((0, 1), (1, 2)), (math.nan, 1.5), 1,
                       ("\udce6", " the"), (1, 0), (0.25, 2.0))  # fmt: skip
    body = json.loads(json.dumps(codec.encode(table)))
    found = codec.token_table(body)
    assert found.token_nll[1:] == (1.5,)
    assert math.isnan(found.token_nll[0])
    assert (found.text, found.pieces, found.top, found.top_nll, found.spans) == (
        table.text, table.pieces, table.top, table.top_nll, table.spans,
    )  # fmt: skip
    assert codec.light("tokens", body) is None
