"""The score job from files to facts, in a real workspace."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
import torch

from tests.engine import models, reference
from tests.engine.test_score_losses import RELATIVE, words
from tests.engine.test_score_memory import room_for
from tui_eval import config as configuration
from tui_eval.core.records import Job
from tui_eval.engine import scoring
from tui_eval.engine.context import JobContext
from tui_eval.engine.jobs import score
from tui_eval.engine.memory import CPU_TOKENS
from tui_eval.engine.scoring import DOES_NOT_FIT
from tui_eval.errors import EngineError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.store.workspace import Workspace

ROWS = 12


@dataclass
class Bench:
    """A workspace with a base, an adapter and a validation file. ``work`` does ``verb``."""

    verb: ClassVar[str] = "score"
    work: ClassVar[Callable[[Job, JobContext], None]] = staticmethod(score.run)

    folder: Path
    base: models.Loaded
    tuned: models.Loaded
    warm: dict[str, Any] = field(default_factory=dict)
    cancel_after: int | None = None

    @classmethod
    def at(cls, folder: Path, count: int, categories: Sequence[str] = ()) -> Self:
        """``count`` conversations, each longer than the one before."""
        base = models.loaded("llama")
        models.save(folder / "base", base)
        tuned = models.with_lora(models.loaded("llama"))
        tuned.model.save_pretrained(folder / "tuned")
        with (folder / "val.jsonl").open("w") as file:
            for n in range(count):
                user = {"role": "user", "content": words(3 + n, n)}
                said = {"role": "assistant", "content": words(5 + 2 * n, n + 30)}
                row: dict[str, Any] = {"messages": [user, said]}
                if categories:
                    row["category"] = categories[n % len(categories)]
                file.write(json.dumps(row) + "\n")
        return cls(folder, base, tuned)

    def settings(self, **tables: str) -> None:
        parts = {
            "models.base": 'path = "base"',
            "models.tuned": 'path = "tuned"',
            "data": 'validation = "val.jsonl"',
            **{key.replace("_", "."): value for key, value in tables.items()},
        }
        text = "".join(f"[{name}]\n{body}\n" for name, body in parts.items() if body)
        (self.folder / "eval.toml").write_text(text)

    def config(self) -> configuration.Config:
        return configuration.load(self.folder / "eval.toml")

    def run(
        self,
        number: int = 1,
        prepare: Callable[[Any], None] = lambda context: None,
        **args: Any,
    ) -> Any:
        workspace = self.workspace()
        job = Job(f"job-{number}", self.verb, {"candidate": "tuned", **args}, "running", "")
        context = Watched(workspace, self.config(), job, self.warm)
        context.cancel_after = self.cancel_after
        prepare(context)
        try:
            self.work(job, context)
        finally:
            workspace.close()
        return context

    def workspace(self) -> Workspace:
        return Workspace.open(self.folder, state_dir=self.folder / "state")

    def evidence(self) -> WorkspaceEvidence:
        return WorkspaceEvidence(self.workspace(), self.config(), FileCache())

    def losses(self, model: str) -> dict[str, float]:
        found = self.evidence().losses("tuned", model, "validation")
        return {name: loss.nll for name, loss in found.items()}


class Watched(JobContext):
    """Remembers what was said; its job is in no queue."""

    cancel_after: int | None = None

    def progress(self, done: float, total: float, unit: str = "samples", message: str = "") -> None:
        self.__dict__.setdefault("said", []).append((done, total, unit, message))

    def cancelled(self) -> bool:
        asked = self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        self.heard = self.cancel_after is not None and asked > self.cancel_after
        return self.heard


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench.at(tmp_path, ROWS, categories=("even", "odd"))
    made.settings()
    return made


def expected(bench: Bench, model: Any) -> dict[str, float]:
    """Worked out from the renderings that were stored, with the tokenizer as it is saved."""
    workspace = bench.workspace()
    double = reference.double(model)
    key = producers.prompt_key(bench.config(), "tuned")
    totals = {}
    for sample in bench.evidence().dataset("tuned", "validation").samples:
        rendering = workspace.rendering(key, sample.id)
        encoded = bench.base.tokenizer(
            rendering.text, add_special_tokens=False, return_offsets_mapping=True
        )
        targets = [
            at
            for at, (start, stop) in enumerate(encoded["offset_mapping"])
            if any(start < last and stop > first for first, last in rendering.scored)
        ]
        totals[sample.id] = reference.total(double, encoded["input_ids"], targets)
    return totals


def test_base_and_tuned_are_scored_from_one_set_of_weights(bench: Bench) -> None:
    context = bench.run()
    assert bench.losses("tuned") == pytest.approx(expected(bench, bench.tuned.model), rel=RELATIVE)
    assert bench.losses("base") == pytest.approx(
        expected(bench, models.loaded("llama").model), rel=RELATIVE
    )
    assert len(bench.losses("tuned")) == ROWS
    assert sum(key.startswith("scorer") for key in bench.warm) == 1
    done, total, unit, _ = context.said[-1]
    assert done == total > 0
    assert unit == "tokens"


def test_what_else_is_recorded(bench: Bench) -> None:
    bench.run()
    evidence = bench.evidence()
    dataset = evidence.dataset("tuned", "validation")
    kept = bench.workspace().samples(dataset.key)
    assert kept == {sample.id: sample for sample in dataset.samples}
    first = evidence.rendering("tuned", dataset.samples[0].id)
    assert first.text[slice(*first.scored[0])] == dataset.samples[0].reference
    assert first.first_tokens[0] == "<|im_start|>"
    checked = evidence.preflight("tuned")
    assert checked.template.startswith("chat")
    assert checked.bos_expected
    assert (checked.bos_emitted, checked.bos_token) == (0, "<s>")
    assert checked.probes >= 4
    assert checked.max_logit_difference > 0
    assert checked.path.startswith("packed")
    assert (checked.device, checked.dtype, checked.vocabulary) == ("cpu", "float32", 400)
    assert checked.same_tokenizer
    assert (checked.prompt_differs, checked.template_mismatch, checked.thinking) == ("", "", "")
    producer = evidence.producer("tuned", "tuned")
    assert producer.detail["torch"] == torch.__version__
    assert producer.detail["batch_tokens"] > 0


def test_the_parts_that_a_training_loop_may_have_scored(bench: Bench) -> None:
    bench.run()
    evidence = bench.evidence()
    parts = evidence.reconcile("tuned")
    assert len(parts) == ROWS
    double = reference.double(bench.tuned.model)
    losses = evidence.losses("tuned", "tuned", "validation")
    for sample in evidence.dataset("tuned", "validation").samples:
        text = evidence.rendering("tuned", sample.id).text
        ids = bench.base.tokenizer(text, add_special_tokens=False)["input_ids"]
        whole = reference.total(double, ids, range(1, len(ids)))
        part = parts[sample.id]
        assert part.newline_nll is not None
        assert part.prompt_nll + part.newline_nll + losses[sample.id].nll == pytest.approx(
            whole, rel=RELATIVE
        )
        assert part.prompt_tokens + 1 + losses[sample.id].tokens == len(ids) - 1


def facts(bench: Bench, job: str = "job-") -> list[dict[str, Any]]:
    folder = bench.folder / ".tui-eval" / "facts"
    return [
        json.loads(line)
        for path in folder.glob(f"*{job}*.jsonl")
        for line in path.read_text().splitlines()
    ]


def test_a_second_run_loads_and_computes_nothing(bench: Bench) -> None:
    bench.run()
    before = bench.losses("tuned")
    bench.warm.clear()
    bench.run(2)
    assert not bench.warm
    assert not facts(bench, "job-2")
    assert bench.losses("tuned") == before


def test_asked_again_everything_is_computed_anew_and_replaces_the_old(bench: Bench) -> None:
    bench.run()
    before = bench.losses("tuned")
    bench.run(2, again=True)
    assert len([one for one in facts(bench, "job-2") if one.get("kind") == "loss"]) == 2 * ROWS
    assert bench.losses("tuned") == before


def test_rows_that_came_later_are_scored_alone(bench: Bench) -> None:
    bench.run()
    before = bench.losses("tuned")
    row = {
        "messages": [{"role": "user", "content": "More?"}, {"role": "assistant", "content": "No"}]
    }
    with (bench.folder / "val.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    bench.run(2)
    assert len([one for one in facts(bench, "job-2") if one.get("kind") == "loss"]) == 2
    after = bench.losses("tuned")
    assert len(after) == ROWS + 1
    assert {name: after[name] for name in before} == before


def test_a_cancelled_run_is_resumed_where_it_stopped(bench: Bench) -> None:
    bench.settings(scoring="batch_tokens = 64")
    bench.cancel_after = 6
    assert bench.run().heard
    partly = bench.losses("tuned")
    assert 0 < len(partly) < ROWS
    bench.cancel_after = None
    bench.warm.clear()
    bench.run(2)
    whole = bench.losses("tuned")
    assert len(whole) == ROWS
    assert {name: whole[name] for name in partly} == partly
    assert whole == pytest.approx(expected(bench, bench.tuned.model), rel=RELATIVE)
    kept = [(one["key"], one["sample"]) for one in facts(bench) if one.get("kind") == "loss"]
    assert len(kept) == len(set(kept)) == 2 * ROWS


def test_many_rows_are_scored_in_shards(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "SHARD", 5)
    assert scoring.SHARD > ROWS
    context = bench.run()
    assert bench.losses("tuned") == pytest.approx(expected(bench, bench.tuned.model), rel=RELATIVE)
    assert context.said[-1][0] == pytest.approx(context.said[-1][1])


@pytest.mark.parametrize("together", [True, False], ids=["together", "one after the other"])
def test_a_full_fine_tune_beside_its_base(
    bench: Bench, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(bench.folder / "tuned")
    other = models.loaded("llama", seed=5)
    models.save(bench.folder / "tuned", other)
    if not together:
        monkeypatch.setattr("tui_eval.engine.jobs.models.TOGETHER", 0.0)
    bench.run()
    assert bench.losses("tuned") == pytest.approx(expected(bench, other.model), rel=RELATIVE)
    assert bench.losses("base") == pytest.approx(expected(bench, bench.base.model), rel=RELATIVE)
    assert sum(key.startswith("scorer") for key in bench.warm) == 1 + together
    difference = bench.evidence().preflight("tuned").max_logit_difference
    assert difference is not None
    assert difference > 0


def test_weights_that_are_not_finite_end_the_job_in_words(bench: Bench) -> None:
    from safetensors.torch import load_file, save_file

    path = bench.folder / "tuned" / "adapter_model.safetensors"
    tensors = load_file(path)
    broken = next(key for key in tensors if "lora_B" in key)
    tensors[broken][0, 0] = float("nan")
    save_file(tensors, path)
    with pytest.raises(EngineError, match="NaN or infinity") as caught:
        bench.run()
    assert "tuned" in caught.value.message
    losses = bench.losses("tuned")
    assert len(losses) == ROWS
    assert all(value != value for value in losses.values())
    assert all(value == value for value in bench.losses("base").values())


def test_an_adapter_without_effect_is_told(bench: Bench) -> None:
    silent = models.with_lora(models.loaded("llama"), init_lora_weights=True)
    silent.model.save_pretrained(bench.folder / "tuned")
    bench.run()
    assert bench.evidence().preflight("tuned").max_logit_difference == 0.0
    assert bench.losses("tuned") == bench.losses("base")


def test_a_base_with_its_own_system_prompt_is_prompted_in_another_way(bench: Bench) -> None:
    bench.settings(models_base='path = "base"\nsystem = "Be brief."')
    bench.run()
    assert "12 of 12 rows" in bench.evidence().preflight("tuned").prompt_differs
    assert bench.losses("base").keys() == bench.losses("tuned").keys()


def test_without_a_chat_template_the_plain_one_is_used_and_said(bench: Bench) -> None:
    for path in bench.folder.glob("*/chat_template.jinja"):
        path.unlink()
    bench.run()
    checked = bench.evidence().preflight("tuned")
    assert checked.template_missing
    assert checked.template.startswith("plain")
    assert (checked.bos_expected, checked.bos_emitted) == (True, 1)
    sample = bench.evidence().dataset("tuned", "validation").samples[0]
    text = bench.evidence().rendering("tuned", sample.id).text
    assert text == sample.messages[0].content + sample.messages[1].content + "</s>"


def test_another_tokenizer_is_told_and_each_model_uses_its_own(bench: Bench) -> None:
    shutil.rmtree(bench.folder / "tuned")
    other = models.loaded("qwen3", bos=False)
    models.save(bench.folder / "tuned", other)
    tokenizer = json.loads((bench.folder / "tuned" / "tokenizer.json").read_text())
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"][:20]
    (bench.folder / "tuned" / "tokenizer.json").write_text(json.dumps(tokenizer))
    bench.run()
    checked = bench.evidence().preflight("tuned")
    assert not checked.same_tokenizer
    assert checked.max_logit_difference is None
    evidence = bench.evidence()
    ours = evidence.losses("tuned", "tuned", "validation")
    theirs = evidence.losses("tuned", "base", "validation")
    assert all(ours[name].bytes == theirs[name].bytes for name in ours)
    assert any(ours[name].tokens != theirs[name].tokens for name in ours)


def test_a_missing_base_says_what_to_do(bench: Bench) -> None:
    shutil.rmtree(bench.folder / "base")
    bench.settings(models_base='path = "maker/not-here"')
    with pytest.raises(EngineError) as caught:
        bench.run()
    assert "hf download maker/not-here" in str(caught.value)


def test_a_row_that_did_not_fit_is_told_and_tried_again(bench: Bench) -> None:
    bench.run()
    longest = max(bench.losses("tuned"), key=lambda name: bench.losses("tuned")[name])
    (scorer,) = (made for key, made in bench.warm.items() if key.startswith("scorer"))
    shutil.rmtree(bench.folder / ".tui-eval")
    shutil.rmtree(bench.folder / "state")
    with room_for(scorer.inner, 60):
        bench.run(2)
    losses = bench.evidence().losses("tuned", "tuned", "validation")
    failed = {name for name, loss in losses.items() if loss.error == DOES_NOT_FIT}
    assert longest in failed
    assert 0 < len(failed) < ROWS
    bench.run(3)
    losses = bench.evidence().losses("tuned", "tuned", "validation")
    assert not any(loss.error for loss in losses.values())
    assert len([one for one in facts(bench, "job-3") if one["kind"] == "loss"]) == 2 * len(failed)


def test_a_job_that_the_kernel_killed_is_tried_with_half(bench: Bench) -> None:
    workspace = bench.workspace()
    args = {"candidate": "tuned"}
    for end in ("ended by SIGTERM", "The kernel stopped the engine: out of memory."):
        queued = workspace.request("score", args)
        workspace.claim()
        workspace.finish(queued.id, "interrupted", end)
    workspace.close()
    bench.run()
    detail = bench.evidence().producer("tuned", "tuned").detail
    assert detail["batch_tokens"] == CPU_TOKENS[1] // 2


def test_training_rows_are_scored_but_not_kept(bench: Bench) -> None:
    rows = (bench.folder / "val.jsonl").read_text().replace("master", "mistress")
    (bench.folder / "train.jsonl").write_text(rows)
    bench.settings(data='validation = "val.jsonl"\ntrain = "train.jsonl"')
    bench.run()
    checked = bench.evidence().preflight("tuned")
    bench.run(2, split="train")
    evidence = bench.evidence()
    assert len(evidence.losses("tuned", "tuned", "train")) == ROWS
    assert len(evidence.losses("tuned", "base", "train")) == ROWS
    assert evidence.preflight("tuned") == checked
    kept = [one for one in facts(bench, "job-2") if one["kind"] == "sample"]
    assert len(kept) == ROWS
    assert not any("messages" in one["body"] or one["body"]["text"] for one in kept)
    assert all(one["body"]["row"] and one["body"]["source"] for one in kept)
    assert not [one for one in facts(bench, "job-2") if one["kind"] == "rendering"]


def test_a_model_behind_a_server_says_what_it_would_need(bench: Bench) -> None:
    bench.settings(models_tuned='url = "http://localhost:8000/v1"')
    with pytest.raises(EngineError, match="localhost:8000"):
        bench.run()


def test_a_device_map_of_accelerates(bench: Bench) -> None:
    bench.settings(scoring='device_map = "auto"\ndevice = "cpu"')
    bench.run()
    assert bench.losses("tuned") == pytest.approx(expected(bench, bench.tuned.model), rel=RELATIVE)


def test_a_candidate_alone_is_scored(bench: Bench) -> None:
    (bench.folder / "eval.toml").write_text(
        '[models.tuned]\npath = "base"\n[data]\nvalidation = "val.jsonl"\n'
    )
    bench.run()
    assert bench.losses("tuned") == pytest.approx(expected(bench, bench.base.model), rel=RELATIVE)
