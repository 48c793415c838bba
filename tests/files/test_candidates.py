"""Candidates by their prompt, and the data's own answers: keys, rows, rounds, tasks, faults."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tui_eval import config as configuration
from tui_eval.config import Config
from tui_eval.core.judgements import rounds
from tui_eval.core.steps import blind_ab, curves, overfitting, perplexity, task_metrics
from tui_eval.errors import ConfigError, InputError
from tui_eval.files import examples, producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, readings
from tui_eval.files.judging import open_ab, open_review
from tui_eval.files.task_settings import task_config
from tui_eval.files.wants import idle
from tui_eval.files.watched import stamps
from tui_eval.store.workspace import Workspace

ROWS = [{"prompt": f"question {n}", "completion": f"answer {n}"} for n in range(30)]
SHOWN = [{"prompt": f"shown {n}", "completion": f"told {n}"} for n in range(3)]


def folder_of(folder: Path, models: str, rest: str = "") -> Path:
    (folder / "base").mkdir()
    lines(folder / "val.jsonl", ROWS)
    lines(folder / "shown.jsonl", SHOWN)
    said = [
        {**row, "completion": row["completion"] if n % 2 else "other"} for n, row in enumerate(ROWS)
    ]
    lines(folder / "tuned.jsonl", said)
    data = '[data]\nvalidation = "val.jsonl"\n'
    (folder / "eval.toml").write_text(f'[models.base]\npath = "base"\n{models}{data}{rest}')
    return folder


def read(folder: Path) -> Config:
    return configuration.load(folder / "eval.toml")


RIVAL = '[models.rival]\npath = "base"\nsystem = "Count."\nfew_shot = "shown.jsonl"\n'


def evidence_of(folder: Path) -> WorkspaceEvidence:
    workspace = Workspace.open(folder, state_dir=folder / "state")
    workspace.catch_up()
    return WorkspaceEvidence(workspace, read(folder), FileCache())


# Examples


def test_the_prompts_key_holds_what_is_shown(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, RIVAL)
    told = read(folder)
    plain = replace(told.models["rival"], few_shot=None)
    without = replace(told, models={**told.models, "rival": plain})
    keys = {producers.prompt_key(one, "rival") for one in (told, without)}
    # Of a model without examples it is what it was before there were any.
    assert producers.prompt_key(told, "rival", "base") == producers.prompt_key(
        without, "rival", "base"
    )
    for rows in (
        [*SHOWN[:2], {**SHOWN[2], "completion": "told otherwise"}],
        SHOWN[:2],
        SHOWN[::-1],
    ):
        lines(folder / "shown.jsonl", rows)
        keys.add(producers.prompt_key(told, "rival"))
    assert len(keys) == 5
    lines(folder / "other.jsonl", SHOWN)
    other = replace(told.models["rival"], few_shot="other.jsonl")
    named = replace(told, models={**told.models, "rival": other})
    lines(folder / "shown.jsonl", SHOWN)
    assert producers.prompt_key(named, "rival") == producers.prompt_key(told, "rival")


def test_shots_are_the_first_rows_and_conversations_stay_whole(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, RIVAL + "shots = 1\n")
    talk = [
        ("system", "Mine."),
        ("user", "a?"),
        ("assistant", "b"),
        ("user", "c?"),
        ("assistant", "d"),
    ]
    messages = [{"role": role, "content": content} for role, content in talk]
    lines(folder / "shown.jsonl", ["no row", {"messages": messages}, *SHOWN])
    (one,) = examples.of_model(read(folder), "rival").each
    assert [(turn.role, turn.content) for turn in one] == talk[1:]


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        ([], "", "is empty"),
        (["x", {"prompt": "p"}], "", "no usable row among 2"),
        ([{"text": "only text"}], "", "0 usable examples, at least one is needed: row 1: has no"),
        (SHOWN, "shots = 9\n", "3 usable examples, 9 are asked for"),
    ],
)
def test_a_file_without_enough_examples_is_told(
    rows: list[Any], more: str, words: str, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, RIVAL + more)
    lines(folder / "shown.jsonl", rows)
    with pytest.raises(InputError, match=words):
        producers.prompt_key(read(folder), "rival")


def test_a_rivals_broken_file_is_the_rivals_fault_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, RIVAL + '[models.tuned]\nanswers = "tuned.jsonl"\n')
    (folder / "shown.jsonl").write_text("")
    workspace = Workspace.open(folder, state_dir=folder / "state")
    told = read(folder)
    of_rival = readings(workspace, told, "rival", steps=("perplexity",))["perplexity"]
    assert of_rival.findings[0].code == "unreadable"
    assert "shown.jsonl is empty" in of_rival.findings[0].text
    of_tuned = readings(workspace, told, "tuned")
    assert "unreadable" not in {one.code for step in of_tuned.values() for one in step.findings}
    workspace.close()


def test_validation_rows_that_are_shown_are_left_out_for_every_model(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, RIVAL)
    # Another answer and a fold: it would show its own question all the same.
    lines(folder / "shown.jsonl", [*SHOWN, {"prompt": "QUESTION  3", "completion": "x"}, ROWS[4]])
    found = evidence_of(folder)
    for model in ("rival", "base"):
        dataset = found.dataset(model, "validation")
        assert dataset is not None
        prompts = {one.prompt for one in dataset.samples}
        assert len(prompts) == 28
        assert not prompts & {"question 3", "question 4"}
        assert dataset.shown == 2
        assert dataset.notes == (
            "2 rows left out, the same for every model: among the examples of rival.",
        )
    lines(folder / "shown.jsonl", ROWS)
    with pytest.raises(InputError, match="Every validation row is among the examples of rival"):
        evidence_of(folder).dataset("base", "validation")


def test_what_was_read_with_other_examples_is_not_kept(tmp_path: Path) -> None:
    folder, cache = folder_of(tmp_path, RIVAL), FileCache()
    told = read(folder)
    before = stamps(told, "rival")
    first = cache.dataset(told, "base", "validation")
    lines(folder / "shown.jsonl", ROWS[:2])
    second = cache.dataset(told, "base", "validation")
    assert first is not None
    assert second is not None
    assert (len(first.samples), len(second.samples)) == (30, 28)
    assert first.key != second.key
    assert stamps(told, "rival") != before


def test_a_tasks_own_examples_stand_in_the_place_of_a_models(tmp_path: Path) -> None:
    tasks = (
        '[tasks.own]\ndata = "val.jsonl"\nmetrics = ["exact_match"]\nfew_shot = "mine.jsonl"\n'
        '[tasks.none]\ndata = "val.jsonl"\nmetrics = ["exact_match"]\n'
    )
    folder = folder_of(tmp_path, RIVAL, tasks)
    lines(folder / "mine.jsonl", [{"prompt": "of the task", "completion": "yes"}])
    lines(folder / "shown.jsonl", [*SHOWN, ROWS[0]])
    told = read(folder)
    own, none = (task_config(told, told.tasks[name]) for name in ("own", "none"))
    assert not examples.of_model(own, "rival").each
    assert len(examples.of_model(none, "rival").each) == 4
    tasks_found = {one.name: one for one in evidence_of(folder).tasks("rival")}
    assert len(tasks_found["own"].items) == 30
    assert "in the place of those of rival" in " ".join(tasks_found["own"].notes)
    # Its row is shown to the rival there.
    assert len(tasks_found["none"].items) == 29
    assert "1 row left out: among the examples." in tasks_found["none"].notes


def test_what_is_written_wrong_is_told_by_line(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        '[models.one]\npath = "base"\nshots = 2\n'
        '[models.two]\nreferences = true\nanswers = "tuned.jsonl"\n'
        '[models."tuned@200"]\npath = "base"\n'
        '[models.three]\nreferences = "yes"\n',
    )
    with pytest.raises(ConfigError) as caught:
        read(folder)
    told = "\n".join(caught.value.problems)
    assert "line 5: models.one.shots counts the rows of few_shot, which is not set" in told
    assert "line 7: models.two.references goes alone" in told
    assert "models.tuned@200 is not a usable name" in told
    assert "checkpoints of a run need no section" in told
    assert "models.three.references is 'yes', but has to be true or false" in told


# References

REFERENCES = '[models.references]\nreferences = true\n[models.tuned]\nanswers = "tuned.jsonl"\n'


def test_the_datas_answers_are_a_candidates(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, REFERENCES)
    lines(
        folder / "val.jsonl", [*ROWS[:3], {"prompt": "thought", "completion": "<think>a</think>b"}]
    )
    found = evidence_of(folder)
    made = found.answers("references", "references")
    samples = found.dataset("references", "validation").samples  # type: ignore[union-attr]
    assert [made[one.id].answer for one in samples] == ["answer 0", "answer 1", "answer 2", "b"]
    generator = found.generator("references", "references")
    assert generator is not None
    assert generator.detail["data"] == "val.jsonl"
    assert not (folder / ".tui-eval").exists() or not list(folder.glob(".tui-eval/facts/*"))
    # Rows that are added change no answer that somebody may have judged, but are told.
    lines(folder / "val.jsonl", ROWS)
    later = evidence_of(folder)
    again = later.generator("references", "references")
    assert again is not None
    assert again.key == generator.key
    assert again.detail["hash"] != generator.detail["hash"]
    ids = {one.id for one in later.answers("references", "references").values()}
    assert {made[one.id].id for one in samples[:3]} <= ids


def test_no_step_calls_for_what_references_have_not(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, REFERENCES, '[tasks.t]\ndata = "val.jsonl"\nmetrics = ["exact_match"]\n'
    )
    found = evidence_of(folder)
    for step in (curves, overfitting):
        reading = step.read(found, "references")
        assert "nothing was trained: its answers are the data's own" in reading.summary
    assert perplexity.read(found, "references").findings[0].code == "no_model"
    (told,) = task_metrics.read(found, "references").findings
    assert told.code == "against_itself"
    told_config = read(folder)
    assert idle(told_config, "references", "score", "validation")
    assert idle(told_config, "references", "measure", "validation") == "nothing was trained"


def test_a_comparison_with_the_references_is_judged_blind(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, REFERENCES)
    workspace = Workspace.open(folder, state_dir=folder / "state")
    told = read(folder)
    with_pairs = open_ab(workspace, told, "tuned", against="references", judge="ana")
    try:
        assert any("equal answers count as ties" in one for one in with_pairs.before())
        token = with_pairs.following()
        assert token is not None
        shown = with_pairs.pair(token)
        answer = shown.prompt.turns[-1].text.replace("question", "answer")
        assert {shown.left, shown.right} == {"other", answer}
        with_pairs.vote(token, "left")
    finally:
        with_pairs.close()
    review = open_review(workspace, told, "references", judge="ana")
    assert review.following()
    review.close()
    workspace.close()
    # What was judged is in facts: another machine reads it without the data.
    kept = Workspace.open(folder, state_dir=folder / "elsewhere")
    kept.catch_up()
    (found,) = [
        one for one in rounds(kept.judgements(("plan", "vote"))).values() if one.step == "blind_ab"
    ]
    assert found.begun
    reading = blind_ab.read(WorkspaceEvidence(kept, told, FileCache()), "tuned", "references")
    assert reading.numbers["votes"].value == 1


def test_several_references_are_held_against_each_other(tmp_path: Path) -> None:
    fields = 'prompt = "prompt"\nreference = "reference"\n'
    tasks = f'[tasks.t]\ndata = "task.jsonl"\nmetrics = ["exact_match"]\n{fields}'
    folder = folder_of(tmp_path, REFERENCES, tasks)
    rows = [{"prompt": f"q {n}", "reference": [f"a {n}", f"b {n}"]} for n in range(25)]
    lines(folder / "task.jsonl", [*rows, {"prompt": "single", "reference": ["only"]}])
    found = evidence_of(folder)
    (task,) = found.tasks("references")
    assert not task.fault
    assert [one.references for one in task.items[:2]] == [("b 0",), ("b 1",)]
    assert len(task.items) == 25
    assert "1 items have no other and are left out" in " ".join(task.notes)
    assert (
        found.task_answers("references", "references", "t")[task.items[0].sample.id].answer == "a 0"
    )
    # Other candidates have them all.
    (whole,) = found.tasks("tuned")
    assert whole.items[0].references == ("a 0", "b 0")


def test_references_as_base_leave_the_task_to_the_others(tmp_path: Path) -> None:
    tasks = '[tasks.t]\ndata = "val.jsonl"\nmetrics = ["exact_match"]\n'
    folder = folder_of(tmp_path, REFERENCES, tasks)
    text = (folder / "eval.toml").read_text().replace('path = "base"', "references = true", 1)
    (folder / "eval.toml").write_text(text)
    (task,) = evidence_of(folder).tasks("tuned")
    assert task.itself


def test_a_log_beside_bases_weights_is_not_a_rivals(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, RIVAL + '[models.twin]\npath = "base"\n')
    history = [{"step": step, "loss": 2.0 - step / 10} for step in range(1, 9)]
    state = json.dumps({"log_history": history, "global_step": 8, "max_steps": 8})
    (folder / "base" / "trainer_state.json").write_text(state)
    found = evidence_of(folder)
    assert found.untrained("rival") == "prompt"
    assert found.log("rival") is None
    # Base again with base's prompt is a slip, and is looked at as any model.
    assert found.untrained("twin") == ""
    assert found.log("twin") is not None
    # A log that is named counts.
    text = (folder / "eval.toml").read_text()
    named = text.replace('system = "Count."', 'log = "base/trainer_state.json"')
    (folder / "eval.toml").write_text(named)
    assert evidence_of(folder).log("rival") is not None
