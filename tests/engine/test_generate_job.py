"""The generate job from files to facts, in a real workspace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.engine import models
from tests.engine.answers import AnswerBench, plain
from tests.engine.test_score_job import ROWS, facts
from tests.engine.test_score_losses import words
from tui_eval.core.answers import completion_id
from tui_eval.engine.jobs import rows as job_rows
from tui_eval.engine.jobs.generate import FIRST_PORTION
from tui_eval.engine.prompts import Renderer
from tui_eval.errors import EngineError
from tui_eval.files.producers import generating

SHORT = "greedy = true\nmax_new_tokens = 12"
ENDS = (1, 4)
"""The tokenizer's </s> and the template's <|im_end|>."""


@pytest.fixture
def bench(tmp_path: Path) -> AnswerBench:
    made = AnswerBench.at(tmp_path, ROWS)
    made.settings(generation=SHORT)
    return made


def prompt_ids(bench: AnswerBench) -> dict[str, list[int]]:
    """Rendered with the tokenizer as it is saved."""
    prompting = job_rows.prompting_of(bench.config(), "tuned", "tuned")
    renderer = Renderer(bench.base.tokenizer, prompting)
    dataset = bench.evidence().dataset("tuned", "validation")
    assert dataset is not None
    return {
        sample.id: bench.base.tokenizer(renderer.prompt(sample), add_special_tokens=False)[
            "input_ids"
        ]
        for sample in dataset.samples
    }


def expected(bench: AnswerBench, model: Any, most: int = 12) -> dict[tuple[str, int], str]:
    tokenizer = bench.base.tokenizer
    return {
        (name, 0): tokenizer.decode(plain(model, ids, most, ENDS), skip_special_tokens=True)
        for name, ids in prompt_ids(bench).items()
    }


@pytest.mark.parametrize("path", ["auto", "continuous", "one"])
def test_both_models_answer_from_one_set_of_weights(bench: AnswerBench, path: str) -> None:
    bench.settings(generation=f'{SHORT}\npath = "{path}"')
    context = bench.run()
    assert bench.answers("tuned") == expected(bench, bench.tuned.model)
    assert bench.answers("base") == expected(bench, models.loaded("llama").model)
    assert bench.answers("base") != bench.answers("tuned")
    assert sum(key.startswith("scorer") for key in bench.warm) == 1
    done, total, unit, _ = context.said[-1]
    assert (done, total, unit) == (2 * ROWS, 2 * ROWS, "answers")
    messages = {message for *_, message in context.said}
    assert {"answering as base", "answering as tuned"} <= messages


def test_what_is_recorded(bench: AnswerBench) -> None:
    bench.run()
    evidence = bench.evidence()
    want = generating(bench.config(), "tuned", "tuned", dtype="float32")
    producer = next(one for one in bench.workspace().producers() if one.key == want.key)
    assert producer.scorer == "generate-1"
    assert producer.detail["path"].startswith("packed steps")
    assert producer.detail["decoding"] == "greedy"
    assert producer.detail["max_new_tokens"] == 12
    assert producer.detail["end_tokens"] == ["</s>", "<|im_end|>"]
    dataset = evidence.dataset("tuned", "validation")
    assert dataset is not None
    assert bench.workspace().samples(dataset.key).keys() == {one.id for one in dataset.samples}
    ids = prompt_ids(bench)
    for one in bench.completions("tuned"):
        assert one.id == completion_id(want.key, one.sample, 0)
        assert one.prompt_tokens == len(ids[one.sample])
        assert one.seed is None
        assert one.finish in ("stop", "length")
        assert (one.finish == "length") == (one.tokens == 12) == ("truncated" in one.flags)


def test_pairs_are_whole_early_and_in_the_order_of_judging(
    bench: AnswerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_eval.engine.jobs.generate.FIRST_PORTION", 2)
    bench.run()
    from tui_eval.core.blinding import allot, generation_order

    dataset = bench.evidence().dataset("tuned", "validation")
    assert dataset is not None
    order = generation_order(allot(dataset.samples, seed=0, review=40, pairs=50), 0)
    written = [one for one in facts(bench) if one.get("kind") == "completion"]
    assert {one["sample"] for one in written[:4]} == set(order[:2])
    assert len({one["key"] for one in written[:4]}) == 2
    assert {one["sample"] for one in written[4:12]} == set(order[2:6])
    assert FIRST_PORTION < ROWS


def test_a_second_run_loads_and_makes_nothing(bench: AnswerBench) -> None:
    bench.run()
    before = bench.answers("tuned")
    bench.warm.clear()
    context = bench.run(2)
    assert not any(key.startswith("scorer") for key in bench.warm)
    assert not facts(bench, "job-2")
    assert bench.answers("tuned") == before
    assert context.said[-1][:3] == (2 * ROWS, 2 * ROWS, "answers")


def test_a_cancelled_run_goes_on_where_it_stopped(bench: AnswerBench) -> None:
    bench.cancel_after = 1
    assert bench.run().heard
    first = {name: bench.answers(name) for name in ("base", "tuned")}
    assert 0 < sum(map(len, first.values())) < 2 * ROWS
    bench.cancel_after = None
    bench.warm.clear()
    bench.run(2)
    assert bench.answers("tuned") == expected(bench, bench.tuned.model)
    kept = [(one["key"], one["sample"]) for one in facts(bench) if one.get("kind") == "completion"]
    assert len(kept) == len(set(kept)) == 2 * ROWS


def test_asked_again_no_answer_is_replaced(bench: AnswerBench) -> None:
    """People may have judged what is there."""
    bench.run()
    before = bench.answers("tuned")
    bench.run(2, again=True)
    assert [one for one in facts(bench, "job-2") if one.get("kind") == "completion"] == []
    assert bench.answers("tuned") == before


def test_one_model_alone(bench: AnswerBench) -> None:
    bench.run(models=["base"])
    assert len(bench.answers("base")) == ROWS
    assert not bench.answers("tuned")
    assert bench.answers("base") == expected(bench, models.loaded("llama").model)


def test_a_third_model_answers_the_candidates_prompts(bench: AnswerBench) -> None:
    other = models.loaded("llama", seed=5)
    models.save(bench.folder / "other", other)
    bench.settings(models_other='path = "other"', generation=SHORT)
    bench.run(models=["other"])
    assert bench.answers("other") == expected(bench, other.model)


def test_prompts_beyond_the_limit_are_not_answered(bench: AnswerBench) -> None:
    bench.settings(generation=f"{SHORT}\nlimit = 5")
    bench.run()
    assert len(bench.answers("tuned")) == len(bench.answers("base")) == 5


SAMPLED = "temperature = 0.9\nmax_new_tokens = 10\nsamples = 3\nseed = 7"


def test_several_sampled_answers_each_with_a_seed_that_repeats_it(bench: AnswerBench) -> None:
    bench.settings(generation=SAMPLED)
    bench.run()
    answers = bench.completions("tuned")
    assert {one.index for one in answers} == {0, 1, 2}
    assert len(answers) == 3 * ROWS
    assert len({one.seed for one in answers}) == 3 * ROWS
    assert len({one.text for one in answers}) > 2 * ROWS
    assert {one.seed for one in answers} == {one.seed for one in bench.completions("base")}
    before = bench.answers("tuned")
    # Fewer at once, in another order: each answer has a seed of its own.
    shutil.rmtree(bench.folder / ".tui-eval")
    bench.settings(generation=f"{SAMPLED}\nlimit = 4")
    bench.run(2)
    few = bench.answers("tuned")
    assert len(few) == 12
    assert few.items() <= before.items()


def test_greedy_answers_are_not_made_twice(bench: AnswerBench) -> None:
    bench.settings(generation=f"{SHORT}\nsamples = 3")
    bench.run()
    assert len(bench.answers("tuned")) == ROWS


@pytest.mark.parametrize("path", ["batched", "one", "continuous"])
def test_stop_strings_end_an_answer_and_are_not_part_of_it(bench: AnswerBench, path: str) -> None:
    bench.settings(generation=f'{SHORT}\npath = "{path}"')
    bench.run()
    whole = bench.answers("tuned")
    key, text = next((key, text) for key, text in whole.items() if len(text) > 8)
    stop = text[3:6]
    bench.settings(generation=f'{SHORT}\npath = "{path}"\nstop = [{json.dumps(stop)}]')
    bench.run(2)
    stopped = {(one.sample, one.index): one for one in bench.completions("tuned")}
    for place, before in whole.items():
        at = before.find(stop)
        assert stopped[place].text == (before if at < 0 else before[:at])
        assert (stopped[place].finish == "stop_string") == (at >= 0)
    assert stopped[key].text == text[:3]


def settings_of_template(bench: AnswerBench, template: str) -> None:
    for path in bench.folder.glob("*/chat_template.jinja"):
        path.unlink()
    (bench.folder / "base" / "chat_template.jinja").write_text(template)


def test_thinking_that_the_prompt_opens_and_nothing_closes_is_no_answer(
    bench: AnswerBench,
) -> None:
    from tests.engine.templates import OPENS_THINKING

    settings_of_template(bench, OPENS_THINKING + "{# </think> #}")
    bench.settings(generation=f"{SHORT}\nthinking_tokens = 5\nlimit = 3")
    bench.run()
    for one in bench.completions("tuned"):
        assert one.answer == ""
        assert "unclosed_thinking" in one.flags
        assert one.thinking == one.text.strip()
    key = generating(bench.config(), "tuned", "tuned", dtype="float32").key
    producer = next(one for one in bench.workspace().producers() if one.key == key)
    assert producer.detail["max_new_tokens"] == 12 + 5
    assert producer.detail["thinking"] == ["<think>", "</think>"]


def test_prompts_too_long_are_cut_from_the_left_and_flagged(bench: AnswerBench) -> None:
    row = {"messages": [{"role": "user", "content": words(900, 1)}, *_reply("Yes")]}
    with (bench.folder / "val.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    bench.settings(generation="greedy = true\nmax_new_tokens = 300")
    bench.run(models=["tuned"])
    cut = [one for one in bench.completions("tuned") if "cut_prompt" in one.flags]
    (long,) = cut
    assert long.prompt_tokens == 512 - 512 // 4
    assert long.tokens <= 128


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_the_answers_room_follows_the_references(bench: AnswerBench) -> None:
    bench.settings(generation="greedy = true\nlimit = 2")
    bench.run(models=["tuned"])
    key = generating(bench.config(), "tuned", "tuned", dtype="float32").key
    producer = next(one for one in bench.workspace().producers() if one.key == key)
    assert producer.detail["max_new_tokens"] == 512


def test_a_prompt_that_the_template_refuses_is_an_error_of_its_own(bench: AnswerBench) -> None:
    from tests.engine.templates import NO_SYSTEM

    settings_of_template(bench, NO_SYSTEM)
    row = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Why?"},
            *_reply("So."),
        ]
    }
    with (bench.folder / "val.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    bench.run()
    broken = [one for one in bench.completions("tuned") if one.error]
    assert [one.finish for one in broken] == ["error"]
    assert "refuses" in broken[0].error
    assert len(bench.completions("tuned")) == ROWS + 1
    # Told once, not tried again.
    bench.run(2)
    assert not facts(bench, "job-2")


def test_weights_of_their_own_for_each(bench: AnswerBench, monkeypatch: Any) -> None:
    import shutil

    monkeypatch.setattr("tui_eval.engine.jobs.models.TOGETHER", 0.0)
    shutil.rmtree(bench.folder / "tuned")
    other = models.loaded("llama", seed=5)
    models.save(bench.folder / "tuned", other)
    bench.run()
    assert bench.answers("tuned") == expected(bench, other.model)
    assert bench.answers("base") == expected(bench, models.loaded("llama").model)


def test_errors_say_what_to_do(bench: AnswerBench) -> None:
    with pytest.raises(EngineError, match="No model is named nobody"):
        bench.run(models=["nobody"])
    (bench.folder / "a.jsonl").write_text('{"id": 1, "answer": "x"}\n')
    bench.settings(
        models_base='answers = "a.jsonl"',
        models_tuned='answers = "a.jsonl"',
        generation=SHORT,
    )
    with pytest.raises(EngineError, match="read from files"):
        bench.run()
    bench.settings(models_tuned='url = "http://localhost:1"', generation=SHORT)
    with pytest.raises(EngineError, match="on a server"):
        bench.run()
    bench.settings(generation=SHORT)
    (bench.folder / "val.jsonl").write_text('{"text": "A plain text."}\n')
    with pytest.raises(EngineError, match="no prompts"):
        bench.run()


def test_nothing_is_printed(bench: AnswerBench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.settings(generation=f'{SHORT}\npath = "continuous"')
    bench.run()
    assert capfd.readouterr().out == ""


def test_the_candidates_end_of_turn_ends_a_base_that_knows_no_such_token(
    bench: AnswerBench,
) -> None:
    """The base's own tokenizer writes it in pieces, so it is looked for as text."""
    import shutil

    shutil.rmtree(bench.folder / "tuned")
    models.save(bench.folder / "tuned", models.loaded("llama", seed=5))
    ends = "<|im_end|>"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        path = bench.folder / "base" / name
        content = json.loads(path.read_text())
        if name == "tokenizer.json":
            del content["model"]["vocab"][ends]
            content["added_tokens"] = [
                one for one in content["added_tokens"] if one["content"] != ends
            ]
        else:
            content = {
                key: [one for one in value if one != ends] if isinstance(value, list) else value
                for key, value in content.items()
            }
        path.write_text(json.dumps(content))
    bench.run()
    want = generating(bench.config(), "tuned", "base", dtype="float32").key
    producer = next(one for one in bench.workspace().producers() if one.key == want)
    assert producer.detail["stop_strings"] == [ends]
    assert ends not in producer.detail["end_tokens"]
    assert len(bench.answers("base")) == len(bench.answers("tuned")) == ROWS
