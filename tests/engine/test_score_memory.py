"""Memory runs out in the middle of a run: nothing done is lost, nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from tests.engine import models
from tests.engine.test_score_losses import encoded, scored
from tui_eval.engine import memory
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.memory import Budget, budget_for, is_out_of_memory
from tui_eval.engine.scoring import DOES_NOT_FIT, Task, run_tasks
from tui_eval.engine.tokens import Limit

LIMIT = Limit(512, 256)


@contextmanager
def room_for(model: Any, tokens: int, after: int = 0) -> Iterator[list[int]]:
    """From the call ``after`` on, more than ``tokens`` tokens at once are out of memory."""
    calls: list[int] = []

    def look(module: Any, args: Any, kwargs: Any) -> None:
        ids = kwargs["input_ids"]
        calls.append(ids.numel())
        if len(calls) > after and ids.numel() > tokens:
            raise torch.OutOfMemoryError(f"no room for {ids.numel()} tokens")

    handle = model.base_model.register_forward_pre_hook(look, with_kwargs=True)
    try:
        yield calls
    finally:
        handle.remove()


@pytest.mark.parametrize("path", ["packed", "padded", "masked"])
def test_back_off_in_the_middle_loses_and_doubles_nothing(path: Any) -> None:
    made = models.loaded("llama")
    whole = scored(made, path)
    longest = max(len(row.ids) for row in encoded(made))
    task = Task(TransformersScorer(made, path), encoded(made), LIMIT, Budget(2 * longest))
    with room_for(made.model, longest, after=1) as calls:
        seen = [one for _, some in run_tasks([("", task)]) for one in some]
    assert any(size > longest for size in calls[1:])
    names = [one.sample for one in seen]
    assert sorted(names) == sorted(whole)
    assert not any(one.error for one in seen)
    assert {one.sample: one.nll for one in seen} == pytest.approx(
        {name: one.nll for name, one in whole.items()}, rel=1e-6
    )
    assert task.fed == task.total
    assert task.budget.tokens <= longest


def test_a_text_that_does_not_fit_alone_is_named_and_the_others_go_on() -> None:
    made = models.loaded("llama")
    rows = encoded(made)
    room = sorted(len(row.ids) for row in rows)[-3]
    task = Task(TransformersScorer(made), rows, LIMIT, Budget(2048))
    with room_for(made.model, room):
        seen = {one.sample: one for _, some in run_tasks([("", task)]) for one in some}
    assert len(seen) == len(rows)
    failed = {name for name, one in seen.items() if one.error}
    assert failed == {row.sample for row in rows if int(row.targets[-1]) > room}
    assert 1 <= len(failed) <= 2
    assert all(seen[name].error == DOES_NOT_FIT for name in failed)
    assert all(seen[name].tokens == 0 and seen[name].nll == 0 for name in failed)
    assert task.fed == task.total


@pytest.mark.parametrize("path", ["packed", "padded"])
def test_calls_at_the_same_time_give_the_same(path: Any) -> None:
    made = models.loaded("gemma2")
    whole = scored(made, path)
    scorer = TransformersScorer(made, path)
    scorer.crew.workers = 4
    task = Task(scorer, encoded(made), LIMIT, Budget(100))
    seen = {one.sample: one.nll for _, some in run_tasks([("", task)]) for one in some}
    assert seen == pytest.approx({name: one.nll for name, one in whole.items()}, rel=1e-6)
    assert made.model.config._attn_implementation == "eager"


def test_calls_at_the_same_time_back_off_to_one_alone() -> None:
    made = models.loaded("llama")
    whole = scored(made)
    rows = encoded(made)
    longest = max(len(row.ids) for row in rows)
    scorer = TransformersScorer(made)
    scorer.crew.workers = 3
    task = Task(scorer, rows, LIMIT, Budget(2 * longest))
    running: list[int] = []

    def enter(module: Any, args: Any, kwargs: Any) -> None:
        running.append(kwargs["input_ids"].numel())
        if len(running) > 1 and sum(running) > longest:
            running.pop()
            raise torch.OutOfMemoryError("no room beside the others")

    def leave(module: Any, args: Any, output: Any) -> None:
        running.pop()

    made.model.base_model.register_forward_pre_hook(enter, with_kwargs=True)
    made.model.base_model.register_forward_hook(leave)
    seen = {one.sample: one for _, some in run_tasks([("", task)]) for one in some}
    assert not any(one.error for one in seen.values())
    assert {name: one.nll for name, one in seen.items()} == pytest.approx(
        {name: one.nll for name, one in whole.items()}, rel=1e-6
    )
    assert task.fed == task.total


def test_a_windowed_row_that_does_not_fit_is_given_up_once() -> None:
    made = models.loaded("llama")
    rows = encoded(made)
    task = Task(TransformersScorer(made), rows, Limit(40, 20), Budget(2048))
    with room_for(made.model, 30):
        seen = [one.sample for _, some in run_tasks([("", task)]) for one in some]
    assert sorted(seen) == sorted(row.sample for row in rows)
    assert task.fed == task.total


def test_the_heads_chunk_is_halved_where_the_head_runs_out() -> None:
    made = models.loaded("llama")
    whole = scored(made)
    scorer = TransformersScorer(made)

    def look(module: Any, args: Any) -> None:
        if args[0].shape[0] > 5:
            raise torch.OutOfMemoryError("no room for logits")

    handle = made.model.lm_head.register_forward_pre_hook(look)
    task = Task(scorer, encoded(made), LIMIT, Budget(2048))
    seen = {one.sample: one.nll for _, some in run_tasks([("", task)]) for one in some}
    handle.remove()
    assert scorer.head.positions <= 5
    assert task.budget.tokens == 2048
    assert seen == pytest.approx({name: one.nll for name, one in whole.items()}, rel=1e-6)


def test_another_error_is_not_taken_for_lack_of_memory() -> None:
    made = models.loaded("llama")
    task = Task(TransformersScorer(made), encoded(made), LIMIT, Budget(2048))

    def look(module: Any, args: Any, kwargs: Any) -> None:
        raise RuntimeError("something else")

    made.model.base_model.register_forward_pre_hook(look, with_kwargs=True)
    with pytest.raises(RuntimeError, match="something else"):
        list(run_tasks([("", task)]))


def test_what_lack_of_memory_looks_like() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate")
    )
    assert not is_out_of_memory(ValueError("out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


def test_the_budget_follows_the_free_memory() -> None:
    least, most = memory.CPU_TOKENS
    for size, tokens in ((1e3, most), (2e4, 838), (1e6, least)):
        assert budget_for("cpu", free=10**12, bytes_per_token=size, wanted=None).tokens == tokens
    assert budget_for("cpu", free=10**7, bytes_per_token=1e4, wanted=None, calls=8).tokens == 100
    assert budget_for("cpu", free=10**6, bytes_per_token=1e4, wanted=None).tokens == 80
    assert budget_for("cpu", free=10**6, bytes_per_token=1e4, wanted=50).tokens == 50
    assert budget_for("cuda", free=None, bytes_per_token=0, wanted=None).tokens == memory.GPU_TOKENS
    budget = Budget(100)
    budget.halve(60)
    assert budget.tokens == 30


def test_free_memory_minds_the_control_group(tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "max").write_text("3000\n")
    (tmp_path / "current").write_text("1000\n")
    unlimited = tmp_path / "unlimited"
    unlimited.write_text("max\n")
    monkeypatch.setattr(memory, "_CGROUPS", ((tmp_path / "max", tmp_path / "current"),))
    assert memory.free_bytes("cpu") == 2000
    monkeypatch.setattr(memory, "_CGROUPS", ((unlimited, tmp_path / "current"),))
    free = memory.free_bytes("cpu")
    assert free is not None
    assert free > 10**6


def test_a_resumed_task_scores_only_what_is_missing_in_the_same_shapes() -> None:
    made = models.loaded("llama")
    rows = encoded(made)
    whole = scored(made)
    done = frozenset(row.sample for row in rows[::2])
    task = Task(TransformersScorer(made), rows, LIMIT, Budget(256), done=done)
    full = Task(TransformersScorer(made), rows, LIMIT, Budget(256))
    widths = {batch.width for batch in full.queue}
    assert {batch.width for batch in task.queue} <= widths | {piece.length for piece in full.pieces}
    seen = {one.sample: one for _, some in run_tasks([("", task)]) for one in some}
    assert seen.keys() == whole.keys() - done
    assert all(seen[name].nll == pytest.approx(whole[name].nll, rel=1e-6) for name in seen)


def test_cancelling_stops_between_batches() -> None:
    made = models.loaded("llama")
    task = Task(TransformersScorer(made), encoded(made), LIMIT, Budget(64))
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    seen = [one for _, some in run_tasks([("", task)], cancelled) for one in some]
    assert 0 < len(seen) < len(task.rows)
    rest = [one for _, some in run_tasks([("", task)]) for one in some]
    assert len(seen) + len(rest) == len(task.rows)
