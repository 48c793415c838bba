"""Answers of other programs in a workspace: folders of samples, damage, what import says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.made_evidence import made_sample
from tests.files.making import lines
from tests.files.test_interchange import DOCS, HASHES, log, of_task, sample
from tui_eval import config
from tui_eval.cli import main
from tui_eval.core.records import Completion, Message
from tui_eval.core.steps.task_metrics_blind import kept_back
from tui_eval.core.task_records import Task, TaskItem
from tui_eval.errors import InputError, NothingMatches
from tui_eval.files import answer_rows
from tui_eval.files.answer_files import match_task, pair
from tui_eval.files.answer_reading import is_answers, read_answers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging import open_ab_files
from tui_eval.files.producers import generating
from tui_eval.store.workspace import Workspace

EARLY, LATE = "2026-01-01T09-00-00.5", "2026-01-02T08-00-00.5"


def samples(folder: Path, task: str, at: str, *answers: str) -> Path:
    rows = [sample(n, answer) for n, answer in enumerate(answers)]
    return lines(folder / f"samples_{task}_{at}.jsonl", rows)


def test_a_folder_is_the_newest_samples_of_each_task(tmp_path: Path) -> None:
    out = tmp_path / "out" / "org__model"
    out.mkdir(parents=True)
    samples(out, "sums", EARLY, "old", "old")
    samples(out, "sums", LATE, "new", "new too")
    samples(out, "more_sums", EARLY, "other", "other")
    (out / f"results_{LATE}.json").write_text("{}")
    file = read_answers(tmp_path / "out", "sums")
    assert [row.answer for row in file.rows] == ["new", "new too"]
    assert [row.answer for row in read_answers(out, "more_sums").rows] == ["other", "other"]
    (tmp_path / "out" / "second").mkdir()
    samples(tmp_path / "out" / "second", "sums", LATE, "x")
    with pytest.raises(InputError, match="folder without samples_TASK_DATE") as caught:
        read_answers(tmp_path / "out")
    assert "org__model, second" in caught.value.remedy


def test_rows_of_several_files_are_told_apart(tmp_path: Path) -> None:
    one = samples(tmp_path, "a", EARLY, "4")
    one.write_text(one.read_text() + "{\n")
    row = {**sample(1, "6"), "doc_id": 0}
    lines(tmp_path / f"samples_b_{EARLY}.jsonl", [row, {"id": 1}])
    file = read_answers(tmp_path, "no such task")
    assert [row.answer for row in file.rows] == ["4", "6"]
    assert len({row.number for row in file.rows}) == 2
    assert [fault.partition(":")[0] for fault in file.faults] == [
        f"samples_a_{EARLY}.jsonl line 2",
        f"samples_b_{EARLY}.jsonl line 2",
    ]


def workspace(folder: Path, answers: str) -> config.Config:
    rows = [{"question": doc["q"], "answer": doc["a"], "lang": doc["lang"]} for doc in DOCS]
    lines(folder / "validation.jsonl", rows)
    toml = f'[models.tuned]\nanswers = "{answers}"\n[data]\nvalidation = "validation.jsonl"\n'
    (folder / "eval.toml").write_text(toml)
    return config.load(folder / "eval.toml")


def test_a_folder_of_samples_answers_the_validation_prompts(tmp_path: Path) -> None:
    """By their documents: the harness put another prompt around the same rows."""
    out = tmp_path / "out"
    out.mkdir()
    made = workspace(tmp_path, "out")
    docs = [json.loads(line) for line in (tmp_path / "validation.jsonl").read_text().splitlines()]

    def answered(at: str, *said: str) -> dict[str, Completion]:
        rows = [
            {**sample(n, text), "doc": docs[n], "doc_hash": None} for n, text in enumerate(said)
        ]
        lines(out / f"samples_sums_{at}.jsonl", rows)
        evidence = WorkspaceEvidence(Workspace.open(tmp_path), made, FileCache())
        return dict(evidence.answers("tuned", "tuned"))

    first = answered(EARLY, "four", "six")
    assert sorted(one.answer for one in first.values()) == ["four", "six"]
    key = generating(made, "tuned", "tuned").key
    second = answered(LATE, "4", "6")
    assert sorted(one.answer for one in second.values()) == ["4", "6"]
    assert generating(made, "tuned", "tuned").key != key


def test_a_hash_that_stands_for_two_documents_is_told(tmp_path: Path) -> None:
    rows = [sample(0, "a"), sample(1, "b", doc_hash=HASHES[0]), sample(1, "c")]
    file = read_answers(lines(tmp_path / "a.jsonl", rows))
    assert [row.answer for row in file.rows] == ["a", "c"]
    assert file.faults == ("line 2: its doc_hash stands for another document on line 1",)
    # Two files that disagree are not about the same thing.
    other = read_answers(lines(tmp_path / "b.jsonl", [sample(1, "x", doc_hash=HASHES[0])]))
    paired = pair(file, other)
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [("c", "x")]


def test_documents_are_the_same_whoever_left_out_their_nulls(tmp_path: Path) -> None:
    doc = {**DOCS[0], "gap": None}
    theirs = lines(tmp_path / "a.jsonl", [sample(0, "a", doc=doc, doc_hash="1" * 64)])
    worded = {"gen_args_0": {"arg_0": "2+2, please", "arg_1": {}}}
    ours = lines(tmp_path / "b.jsonl", [sample(0, "b", arguments=worded)])
    paired = pair(read_answers(theirs), read_answers(ours))
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [("a", "b")]


def test_a_list_of_targets_is_read_as_one_where_the_document_has_it(tmp_path: Path) -> None:
    doc = {"q": "?", "answer": {"aliases": ["a", "b"]}}
    rows = [
        sample(0, "x", doc=doc, doc_hash="1", target="['a', 'b']"),
        sample(0, "x", doc={"q": "say it"}, doc_hash="2", target="['a', 'b']"),
        sample(0, "x", doc={"q": "deep"}, doc_hash="3", target="['\\d" * 9000),
    ]
    read = of_task(tmp_path, rows, 'metrics=["exact_match"]').task
    said = [item.references for item in read.items]
    assert said == [("a", "b"), ("['a', 'b']",), ("['\\d" * 9000,)]
    found = [row.reference for row in read_answers(tmp_path / "t.jsonl").rows]
    assert found == ["a", "['a', 'b']", "['\\d" * 9000]


def test_rows_with_an_id_answer_the_items_of_that_id(tmp_path: Path) -> None:
    """Where there is no prompt that says more."""
    docs = [{"id": n, "prompt": f"q {n}", "answer": "a"} for n in range(4)]
    task = of_task(tmp_path, docs, 'metrics=["exact_match"]').task
    rows: list[dict[str, Any]] = [{"id": 2, "answer": "two"}, {"id": 0, "answer": "zero"}]
    rows.append({"id": 1, "prompt": "another prompt", "answer": "one"})
    rows.append({"id": 3, "prompt": "q 3", "answer": "three"})
    found = match_task(read_answers(lines(tmp_path / "a.jsonl", rows)), "k", task)
    assert [one.answer for one in found.answers.values()] == ["zero", "two", "three"]
    assert found.notes == (
        "1 item has no answer in a.jsonl.",
        "1 answer of a.jsonl is to no item.",
        "1 id of a.jsonl stands for another prompt than here: the prompt counts.",
    )


def test_ids_of_other_data_answer_nothing(tmp_path: Path) -> None:
    """The file's prompts say that its ids are of something else."""
    docs = [{"id": n, "prompt": f"q {n}", "answer": "a"} for n in range(3)]
    task = of_task(tmp_path, docs, 'metrics=["exact_match"]').task
    rows: list[dict[str, Any]] = [{"id": 2, "answer": "Paris"}]
    rows.append({"id": 0, "prompt": "The capital of Peru?", "answer": "Lima"})
    with pytest.raises(NothingMatches):
        match_task(read_answers(lines(tmp_path / "a.jsonl", rows)), "k", task)
    coded = [{"task_id": n, "prompt": "def other(): ...", "completion": " 1"} for n in range(3)]
    docs = [{"task_id": n, "prompt": f"q {n}", "answer": "a"} for n in range(3)]
    task = of_task(tmp_path, docs, 'metrics=["exact_match"]').task
    with pytest.raises(NothingMatches):
        match_task(read_answers(lines(tmp_path / "c.jsonl", coded)), "k", task)


def test_ids_alone_that_stand_in_several_tasks_are_told(tmp_path: Path) -> None:
    for name in ("cap", "math"):
        lines(tmp_path / f"{name}.jsonl", [{"id": 1, "prompt": f"{name}?", "answer": "a"}])
    toml = (
        '[models.tuned]\nanswers = "a.jsonl"\n'
        '[tasks.cap]\ndata = "cap.jsonl"\nmetrics = ["exact_match"]\n'
        '[tasks.math]\ndata = "math.jsonl"\nmetrics = ["exact_match"]\n'
    )
    answer: dict[str, Any]
    for answer, told in (({"id": 1}, 1), ({"id": 1, "prompt": "cap?"}, 0)):
        lines(tmp_path / "a.jsonl", [{**answer, "answer": "a"}])
        (tmp_path / "eval.toml").write_text(toml)
        settings = config.load(tmp_path / "eval.toml", files=False)
        workspace_ = Workspace.open(tmp_path)
        try:
            cap, math = WorkspaceEvidence(workspace_, settings, FileCache()).tasks("tuned")
        finally:
            workspace_.close()
        assert sum("stand in math too" in note for note in cap.notes) == told
        assert sum("stand in cap too" in note for note in math.notes) == told


def test_completions_answer_the_validation_rows_of_their_problems(tmp_path: Path) -> None:
    problems = [
        {"task_id": f"T/{n}", "prompt": "def f():\n" * (n > 1), "canonical_solution": "  return 1"}
        for n in range(4)
    ]
    lines(tmp_path / "problems.jsonl", problems)
    rows = [{"task_id": f"T/{n % 4}", "completion": f"  return {n}"} for n in range(8)]
    lines(tmp_path / "made.jsonl", rows)
    toml = """[models.tuned]
answers = "made.jsonl"
[data]
validation = "problems.jsonl"
prompt = "prompt"
answer = "canonical_solution"
"""
    (tmp_path / "eval.toml").write_text(toml)
    made = config.load(tmp_path / "eval.toml")
    evidence = WorkspaceEvidence(Workspace.open(tmp_path), made, FileCache())
    found = evidence.answered("tuned", "tuned")
    answers = evidence.answers("tuned", "tuned")
    said = {one.row: answers[id].answer for id, one in found.items()}
    # Rows without a prompt are none; two of one content are one.
    assert said == {3: "  return 2"}


def test_two_files_of_samples_are_compared_blind(tmp_path: Path) -> None:
    paths = []
    for name, shift in (("base", 0), ("tuned", 3)):
        docs = [{"q": f"{n}?", "a": str(n)} for n in range(12)]
        rows = [
            sample(0, f"{name} {n}", doc_id=n - shift, doc=docs[n], doc_hash=f"{n:064}")
            for n in range(shift, 12)
        ]
        paths.append(lines(tmp_path / f"samples_{name}.jsonl", rows))
    session = open_ab_files(Workspace.open(tmp_path), *paths, judge="ana")
    assert session.standing.planned == 9
    for token in session.order:
        shown = session.pair(token)
        numbers = {side.rpartition(" ")[2] for side in (shown.left, shown.right)}
        assert len(numbers) == 1
    session.close()


# What is hostile


def test_half_characters_and_endless_rows_of_a_log_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_rows, "LONGEST_ANSWER", 50)
    whole = log()

    def said(id: Any, text: Any, **more: Any) -> dict[str, Any]:
        output = {"choices": [{"message": {"content": text}}]}
        return {"id": id, "epoch": 1, "input": "q", "output": output, **more}

    whole["samples"] = [
        said(1, "fine"),
        said(2, "half \ud800"),
        said(3, "x" * 51),
        said(1, "again"),
        said(5, "y", input=["\ud83d"]),
        said(6, "y", target=float("nan")),
        said(7, {"a": 1}),
        7,
        said(8, "x", metadata={"category": [1, 2]}),
    ]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(whole))
    file = read_answers(path)
    assert [row.id for row in file.rows] == ["1", "7", "8"]
    assert [fault.partition(": ")[2] for fault in file.faults] == [
        "holds half a character (a lone surrogate)",
        "its answer is longer than 50 characters",
        "its id '1' stands on line 1 too",
        "the list of turns is empty",
        "holds NaN or infinity, or is nested too deeply",
    ]


KEYS = ("doc", "doc_id", "doc_hash", "arguments", "resps", "filtered_resps", "target", "task_id",
        "completion", "solution", "prompt", "id", "filter")  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.just("True")
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["gen_args_0", "arg_0", "arg_1", "q"]), inner, max_size=3)
    ),
    max_leaves=8,
)
ROWS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


@given(st.lists(ROWS, max_size=5))
@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_samples_hold_they_are_read_or_refused_in_words(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    path = lines(tmp_path / "any.jsonl", [*rows, sample(0, "x")])
    try:
        file = read_answers(path)
    except InputError:
        return
    several = sum(len(row.others) for row in file.rows)
    assert len(file.rows) + file.bad + file.repeats <= len(rows) + 1
    assert len(file.rows) + file.bad + file.repeats + several >= len(rows) + 1
    pair(file, file)


# Import


def test_import_says_how_answers_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w").mkdir()
    folder = tmp_path / "out"
    folder.mkdir()
    path = samples(folder, "sums", EARLY, "4")
    inspected = tmp_path / "log.json"
    inspected.write_text(json.dumps(log()))
    code = lines(tmp_path / "code.jsonl", [{"task_id": "T/0", "completion": "  return 1"}])
    for one in (folder, path, inspected, code):
        assert is_answers(one)
        assert main(["-w", str(tmp_path / "w"), "import", str(one)]) == 2
        told = capsys.readouterr().err
        assert "holds answers" in told
        assert f'[models.NAME] answers = "{one}"' in told
    assert not is_answers(lines(tmp_path / "other.jsonl", [{"v": 1, "kind": "journal"}]))
    assert not is_answers(tmp_path / "nothing.jsonl")


def test_an_item_without_an_answer_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    """And a file that answers a task alone is no fault of the task."""
    lines(tmp_path / "t.jsonl", [{"prompt": f"q {n}", "answer": "a"} for n in range(3)])
    lines(tmp_path / "a.jsonl", [])
    workspace(tmp_path, "a.jsonl")
    toml = '[tasks.t]\ndata = "t.jsonl"\nmetrics = ["exact_match"]\n'
    path = tmp_path / "eval.toml"
    path.write_text(path.read_text() + toml)
    rows: list[Any] = [{"prompt": "q 0", "answer": "a"}, {"prompt": "q 1", "answer": None}, 7]
    lines(tmp_path / "a.jsonl", rows)
    made = config.load(path)
    evidence = WorkspaceEvidence(Workspace.open(tmp_path), made, FileCache())
    found = evidence.task_answers("tuned", "tuned", "t")
    said = [found[item.sample.id].error for item in evidence.tasks("tuned")[0].items]
    assert said[0] == ""
    assert said[1] == said[2]
    for part in ("a.jsonl has no answer to it", "answer is null 1 (line 2)", "a number 1 (line 3)"):
        assert part in said[1]
    with pytest.raises(NothingMatches):
        evidence.answers("tuned", "tuned")
    assert not kept_back(evidence, "tuned", None)(evidence.tasks("tuned")[0])


def test_an_id_that_stands_for_another_prompt_is_told(tmp_path: Path) -> None:
    """The prompt decides; that the ids say otherwise is worth knowing."""
    items = tuple(
        TaskItem(made_sample(at, messages=(Message("user", f"q {at}"),)), ("a",), {"id": at})
        for at in range(3)
    )
    rows = [{"id": at, "prompt": f"q {(at + 1) % 3}", "answer": str(at)} for at in range(3)]
    file = read_answers(lines(tmp_path / "a.jsonl", rows))
    found = match_task(file, "k", Task("t", items, ()))
    assert {id: one.answer for id, one in found.answers.items()} == {
        "s0": "2",
        "s1": "0",
        "s2": "1",
    }
    assert "3 ids of a.jsonl stand for other prompts" in " ".join(found.notes)
    same = [{**row, "prompt": f"q {row['id']}"} for row in rows]
    agreed = match_task(read_answers(lines(tmp_path / "b.jsonl", same)), "k", Task("t", items, ()))
    assert "other prompt" not in " ".join(agreed.notes)
