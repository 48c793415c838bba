"""Memory runs out while answers are written: nothing done is lost, nothing is done twice."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine import models
from tests.engine.answers import plain, prompts, rules, scorer
from tests.engine.test_score_memory import room_for
from tui_eval.engine import answering
from tui_eval.engine.answering import CPU_BATCH, DOES_NOT_FIT, Answerer
from tui_eval.engine.backends.continuous import Continuous
from tui_eval.engine.backends.transformers_scorer import Loaded
from tui_eval.engine.generation import Asked, Reply


def proven(made: Loaded, asked: list[Asked], **settings: object) -> Answerer:
    answerer = Answerer(scorer(made), adapter=False, **settings)  # type: ignore[arg-type]
    answerer.prove(asked, rules(made))
    return answerer


def by_sample(replies: list[Reply]) -> dict[str, Reply]:
    found = {reply.asked.sample: reply for reply in replies}
    assert len(found) == len(replies)
    return found


def test_back_off_in_the_middle_loses_and_doubles_nothing() -> None:
    made = models.loaded("llama")
    asked = prompts(20)
    answerer = proven(made, asked)
    longest = max(len(one.ids) for one in asked)
    with room_for(made.model, longest + 4, after=3) as calls:
        found = by_sample(list(answerer.answer(asked, rules(made))))
    assert any(size > longest + 4 for size in calls)
    for one in asked:
        assert list(found[one.sample].ids) == plain(made.model, one.ids, one.most)


def test_a_prompt_that_fits_nowhere_is_named_and_the_others_go_on() -> None:
    made = models.loaded("llama")
    asked = prompts(8)
    large = Asked("large", 0, np.arange(5, 305, dtype=np.int32), 10)
    answerer = proven(made, asked)
    with room_for(made.model, 250):
        found = by_sample(list(answerer.answer([*asked[:3], large, *asked[3:]], rules(made))))
    assert found["large"].error == DOES_NOT_FIT
    assert found["large"].ids == ()
    for one in asked:
        assert list(found[one.sample].ids) == plain(made.model, one.ids, one.most)
    assert answerer.path == "batched"
    assert answerer.batch > 1


def test_on_a_cpu_the_bound_is_worked_out_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    made = models.loaded("llama")
    asked = prompts(4)
    assert proven(made, asked).batch == CPU_BATCH
    monkeypatch.setattr(answering, "free_bytes", lambda device: 4_000_000)
    few = proven(made, asked).batch
    assert 1 <= few < CPU_BATCH
    monkeypatch.setattr(answering, "free_bytes", lambda device: 1)
    assert proven(made, asked).batch == 1


def test_a_killed_job_comes_back_with_half(monkeypatch: pytest.MonkeyPatch) -> None:
    made = models.loaded("llama")
    asked = prompts(4)
    assert proven(made, asked, shrink=2).batch == CPU_BATCH // 4
    assert proven(made, asked, shrink=20).batch == 1


def test_a_path_that_breaks_on_the_way_hands_over_to_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui_eval.engine.backends.batched import Batched

    made = models.loaded("llama")
    asked = prompts(9)
    said: list[str] = []
    answerer = proven(made, asked, log=said.append)
    honest = Batched._step
    steps: list[int] = []

    def breaks(self: Batched, *args: object) -> list[int]:
        steps.append(1)
        if len(steps) > 8:
            raise RuntimeError("a kernel that is not there")
        return honest(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Batched, "_step", breaks)
    found = by_sample(list(answerer.answer(asked, rules(made))))
    for one in asked:
        assert list(found[one.sample].ids) == plain(made.model, one.ids, one.most)
    assert answerer.path == "one"
    assert "a kernel that is not there" in said[-1]


def test_no_request_is_submitted_that_the_cache_has_no_room_for() -> None:
    """One that could not fit would end the loop and fail all others."""
    made = models.loaded("llama")
    asked = prompts(5)
    large = Asked("large", 0, np.arange(5, 355, dtype=np.int32), 10)
    replies = list(Continuous(scorer(made), 1).answer([*asked, large], rules(made)))
    found = by_sample(replies)
    assert not any(reply.error for reply in replies)
    assert list(found["large"].ids) == plain(made.model, large.ids, large.most)
