"""Tasks that are found beside a checkpoint, and what eval.toml then says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tests.files.runs import adapter, full
from tui_eval import config
from tui_eval.files.found import Found, find_all
from tui_eval.files.task_guess import guess
from tui_eval.files.tasks import read_task

LABELLED = [{"prompt": f"mood {n}?", "answer": ("good", "bad")[n % 2]} for n in range(40)]
PROBLEMS = [
    {
        "task_id": f"T/{n}",
        "prompt": f"def f{n}():\n",
        "entry_point": f"f{n}",
        "test": "def check(c): pass",
        "canonical_solution": "    return 1\n",
    }
    for n in range(10)
]
SUMS = [{"question": f"{n} and 1?", "answer": f"so\n#### {n + 1}"} for n in range(20)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    (folder / "data" / "tasks").mkdir(parents=True)
    adapter(folder, str(full(tmp_path / "base")))
    lines(folder / "data" / "train.jsonl", LABELLED)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return folder


def written(found: Found, folder: Path) -> config.Config:
    return config.parse(found.to_toml(folder), folder.absolute())


def test_what_is_meant_is_on_and_what_may_not_be_is_off(run: Path, tmp_path: Path) -> None:
    lines(run / "data" / "test.jsonl", LABELLED)
    lines(run / "data" / "tasks" / "gsm.jsonl", SUMS)
    lines(run / "data" / "tasks" / "HumanEval.jsonl", PROBLEMS)
    lines(run / "data" / "more_questions.jsonl", SUMS)
    lines(run / "data" / "samples_sums_2026-01-01T00-00-00.5.jsonl", SUMS)
    lines(run / "data" / "code_results.jsonl", SUMS)
    lines(run / "data" / "train_more.jsonl", SUMS)
    found = find_all(run)
    assert [(one.name, one.path.name, bool(one.off)) for one in found.tasks] == [
        ("labels", "test.jsonl", False),
        ("code", "HumanEval.jsonl", True),
        ("maths", "gsm.jsonl", False),
        ("maths_2", "more_questions.jsonl", True),
    ]
    row = found.row("tasks")
    assert row.value.startswith("labels in test.jsonl (2 different short answers in 40 rows); ")
    assert "off, it runs what the models write" in row.problem
    made = written(found, tmp_path)
    assert [*made.tasks] == ["labels", "maths"]
    for name in made.tasks:
        assert not read_task(made, name).task.fault
    text = found.to_toml(tmp_path)
    assert "# [tasks.code]" in text
    assert "Perhaps training data" in text


def test_marks_taken_away_make_the_task_that_was_meant(run: Path, tmp_path: Path) -> None:
    lines(run / "data" / "tasks" / "HumanEval.jsonl", PROBLEMS)
    text = find_all(run).to_toml(tmp_path)
    begin = text.index("# [tasks.code]")
    section = text[begin : text.index("\n\n", begin)].replace("# ", "", 6)
    made = config.parse(text[:begin] + section + text[begin + len(section) :], tmp_path)
    task = read_task(made, "code").task
    assert (task.fault, len(task.items), task.metrics) == ("", 10, ("pass_at_1",))


def test_the_validation_rows_are_one_where_there_are_no_test_rows(run: Path) -> None:
    lines(run / "data" / "validation.jsonl", LABELLED)
    assert [one.path.name for one in find_all(run).tasks] == ["validation.jsonl"]


def test_none_is_an_answer(run: Path, tmp_path: Path) -> None:
    lines(run / "data" / "test.jsonl", LABELLED)
    found = find_all(run)
    none = found.with_choice("tasks", "none")
    assert none.tasks == ()
    assert none.row("tasks").problem == "none, as chosen"
    assert not written(none, tmp_path).tasks
    assert none.with_choice("tasks", "as found").tasks == found.tasks


def test_nothing_found_is_no_row_and_an_example(run: Path, tmp_path: Path) -> None:
    free: list[dict[str, Any]] = [
        {"prompt": "p", "answer": f"a long free answer nobody could know {n} " * 3}
        for n in range(20)
    ]
    lines(run / "data" / "test.jsonl", free)
    (run / "data" / "tasks" / "broken.jsonl").write_text('{"a": \n' * 5)
    (run / "data" / "tasks" / "deep.jsonl").write_text("[" * 99_999)
    found = find_all(run)
    assert found.tasks == ()
    assert "tasks" not in [row.key for row in found.rows]
    assert "# [tasks.questions]" in found.to_toml(tmp_path)


def test_a_hostile_name_stays_within_its_comment(run: Path, tmp_path: Path) -> None:
    name = 'x\n[tasks.evil]\nmetrics=["pass_at_1"]\x1b[2J.jsonl'
    lines(run / "data" / "tasks" / name, LABELLED)
    found = find_all(run)
    made = written(found, tmp_path)
    assert [*made.tasks] == ["labels"]
    assert made.tasks["labels"].data is not None
    assert made.resolve(made.tasks["labels"].data).name == name
    assert "\x1b" not in found.to_toml(tmp_path)


def test_a_summary_is_asked_for_by_name(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Summarise: {'word ' * 30}{n}", "reference": f"one two {'three ' * 14}{n}"}
        for n in range(20)
    ]
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = guess(path)
    assert found is not None
    assert found.name == "summaries"
