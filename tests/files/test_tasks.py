"""Tasks of eval.toml: faults by line, and rows as items."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tests.shared import SHARED, needs_shared
from tui_eval import config
from tui_eval.config_tasks import filled, own_names, template_fields
from tui_eval.core.metrics import rulers
from tui_eval.core.task_records import Asked
from tui_eval.errors import ConfigError
from tui_eval.files.tasks import ReadTask, label_samples, read_task


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, folder)
    return caught.value.problems


def task(folder: Path, rows: Sequence[Any], text: str, rest: str = "") -> ReadTask:
    lines(folder / "t.jsonl", list(rows))
    found = config.parse(f'[tasks.t]\ndata = "t.jsonl"\n{text}\n{rest}', folder)
    return read_task(found, "t")


def test_every_fault_of_a_task_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def polite(answer): ...\n")
    found = problems(
        tmp_path,
        r"""[data]
test = "mine.py"
[tasks.a]
metrics = ["rogue1", "rouge1", "rouge1", "low"]
lower_is_better = ["wer"]
shots = 3
[tasks.b]
metrics = ["accuracy", "json_schema", "pass_at_10"]
labels = ["good", "Good"]
label_rule = "json"
temperature = 0
samples = 5
[tasks.c]
metrics = ["politte", "regex"]
own = "mine.py"
pattern = '('
template = "Mood of {text"
[tasks.low]
data = "none.jsonl"
label_rule = "frist"
""",
    )
    told = "\n".join(found)
    for expected in (
        "line 4: tasks.a.metrics names 'rogue1', which is no metric; did you mean rouge1?",
        "line 4: tasks.a.metrics names rouge1 twice",
        "line 4: tasks.a.metrics names 'low'",
        "line 5: tasks.a.lower_is_better names 'wer', which metrics does not",
        "line 6: tasks.a.shots is set, but there is no few_shot",
        "line 8: tasks.b.metrics holds json_schema, but there is no schema",
        "line 8: tasks.b.metrics holds pass_at_10, which needs samples = 10",
        "line 9: tasks.b.labels can't be used: The labels 'good' and 'Good'",
        "line 10: tasks.b.label_rule is json, but no json_field",
        "line 12: tasks.b.samples is 5, but greedy answers are all the same",
        "'politte', which is no metric, nor a function in mine.py; did you mean polite?",
        "line 16: tasks.c.pattern is not a regular expression",
        "line 17: tasks.c.template has a single { or }",
        "line 18: tasks.low can't be called low",
        "line 18: tasks.low.metrics names none",
        "line 19: tasks.low.data names 'none.jsonl', which is not there",
        "did you mean first?",
    ):
        assert expected in told


def test_a_task_without_data_of_its_own_takes_the_test_file(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, '[tasks.t]\nmetrics = ["rougeL"]')
    assert found == "line 1: tasks.t.data is not set, nor [data] test: name the task's file"
    lines(tmp_path / "v.jsonl", [{"prompt": "q", "answer": "a"}])
    read = config.parse('[data]\nvalidation="v.jsonl"\n[tasks.t]\nmetrics=["rougeL"]', tmp_path)
    assert [item.references for item in read_task(read, "t").task.items] == [("a",)]


def test_names_in_a_python_file_are_found_without_running_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("raise SystemExit\nimport a.b, c as d\nx = 1\nif x:\n    def f(): ...\n")
    assert own_names(path) == {"a", "d", "x", "f"}
    path.write_text("from other import *\n")
    assert own_names(path) is None
    path.write_text("def (:\n")
    assert own_names(path) is None


def test_templates() -> None:
    assert template_fields("{{x}} {a} { b.c } {a}") == ("a", "b.c")
    assert template_fields("{a") is None
    assert filled("{{{a}}} {b}", {"a": "{b}", "b": "1"}) == "{{b}} 1"


def test_a_template_around_fields(tmp_path: Path) -> None:
    rows = [{"text": "Nice {mood}", "meta": {"lang": "en"}, "mood": "good", "id": 7}]
    told = 'metrics=["accuracy"]\ntemplate="[{meta.lang}] {text}\\nMood:"\nreference="mood"'
    (item,) = task(tmp_path, rows, told, '[prompt]\nsystem = "Be brief."').task.items
    said = [(turn.role, turn.content) for turn in item.sample.messages]
    assert said == [
        ("system", "Be brief."),
        ("user", "[en] Nice {mood}\nMood:"),
        ("assistant", "good"),
    ]
    assert item.references == ("good",)
    assert item.fields == rows[0]
    assert (item.sample.row, item.sample.split) == (1, "test")


def test_examples_stand_before_the_question_and_are_not_asked(tmp_path: Path) -> None:
    rows = [{"q": f"q{at}", "a": f"a{at}"} for at in range(5)]
    told = 'metrics=["exact_match"]\nprompt="q"\nreference="a"\nfew_shot="t.jsonl"\nshots=2'
    read = task(tmp_path, rows, told).task
    assert [item.sample.prompt for item in read.items] == ["q2", "q3", "q4"]
    said = [turn.content for turn in read.items[0].sample.messages]
    assert said == ["q0", "a0", "q1", "a1", "q2", "a2"]
    assert read.notes == (
        "2 examples before each question.",
        "2 rows left out: among the examples.",
    )


@pytest.mark.parametrize(
    ("row", "references"),
    [
        ({"prompt": "q", "references": ["a", "b"]}, ("a", "b")),
        ({"prompt": "q", "answer": 72}, ("72",)),
        ({"prompt": "q", "target": {"x": [1]}}, ('{"x": [1]}',)),
        ({"prompt": "q", "tool_calls": []}, ()),
        ({"question": "q", "answer": "a"}, ("a",)),
        ({"instruction": "i", "input": "q", "output": "a"}, ("a",)),
    ],
)
def test_references(tmp_path: Path, row: dict[str, Any], references: tuple[str, ...]) -> None:
    told = 'metrics=["exact_match"]'
    if "prompt" in row:
        told += '\nprompt="prompt"'
    (item,) = task(tmp_path, [row], told).task.items
    assert item.references == references


def test_calls_of_a_conversation_are_its_reference(tmp_path: Path) -> None:
    calls = [{"function": {"name": "f", "arguments": {"x": 1}}}]
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": calls},
    ]
    (item,) = task(tmp_path, [{"messages": turns}], 'metrics=["tool_calls"]').task.items
    assert json.loads(item.references[0]) == calls


def test_bad_rows_and_repeats_are_counted(tmp_path: Path) -> None:
    row = {"q": "a", "r": "b"}
    rows = [row, row, {"q": "x"}, {"q": " ", "r": "b"}]
    read = task(tmp_path, rows, 'metrics=["exact_match"]\nprompt="q"\nreference="r"').task
    assert (read.rows, read.left_out, len(read.items)) == (4, 2, 1)
    assert "row 3: r is missing; row 4: the prompt is empty" in " ".join(read.notes)
    assert "1 rows repeat an earlier one" in " ".join(read.notes)


def test_a_seeded_choice(tmp_path: Path) -> None:
    rows = [{"q": f"q{at}", "r": "b"} for at in range(50)]
    told = 'metrics=["exact_match"]\nprompt="q"\nreference="r"\nlimit=10'
    some = [item.sample.prompt for item in task(tmp_path, rows, told).task.items]
    more = [item.sample.prompt for item in task(tmp_path, [*rows, rows[0]], told).task.items]
    assert len(some) == 10
    assert some == more
    assert some != [f"q{at}" for at in range(10)]


@pytest.mark.parametrize(
    ("rows", "told", "why"),
    [
        ([{"q": "a", "r": ["x", "y"]}], 'metrics=["accuracy"]\nreference="r"', "multi-label"),
        ([{"q": "a", "r": "x"}], 'metrics=["accuracy"]\nreference="ref"', "no field 'ref'"),
        ([{"z": 1}], 'metrics=["accuracy"]', "no field 'q'"),
        ([], 'metrics=["accuracy"]', "is empty"),
    ],
)
def test_a_fault_of_the_data_stops_this_task_alone(
    tmp_path: Path, rows: list[Any], told: str, why: str
) -> None:
    read = task(tmp_path, rows, f'{told}\nprompt="q"')
    assert why in read.task.fault
    assert read.options is None


def test_a_schema_and_a_file_of_metrics_are_part_of_the_options(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "object"}')
    own = tmp_path / "mine.py"
    own.write_text("def polite(answer): return 1\n")
    told = 'metrics=["polite", "json_schema"]\nown="mine.py"\nschema="s.json"\nprompt="q"'
    one = task(tmp_path, [{"q": "a"}], told).options
    own.write_text("def polite(answer): return 2\n")
    other = task(tmp_path, [{"q": "a"}], told).options
    assert one is not None
    assert other is not None
    assert one.own_digest != other.own_digest
    assert one.schema == {"type": "object"}
    (tmp_path / "s.json").write_text("[]")
    assert "no object" in task(tmp_path, [{"q": "a"}], told).task.fault


@pytest.mark.parametrize(
    "text", ['{"type": "objct"}', '{"$schema": 5}', '{"properties": 1}', '{"$schema": ["a"]}']
)
def test_json_that_is_no_schema_is_a_fault_of_the_task(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    told = 'metrics=["json_schema"]\nschema="s.json"\nprompt="q"'
    read = task(tmp_path, [{"q": "a"}], told)
    assert read.options is None
    assert ", tasks.t.schema: s.json is not a JSON Schema" in read.task.fault
    assert read.task.fault.startswith("eval.toml line ")


def test_what_a_metric_imports_from_beside_it_is_part_of_it(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text("from helper import W\ndef polite(answer): return W\n")
    told = 'metrics=["polite"]\nown="mine.py"\nprompt="q"'

    def digest() -> str:
        found = task(tmp_path, [{"q": "a"}], told).options
        assert found is not None
        return found.own_digest

    seen = [digest()]
    package = tmp_path / "deep"
    package.mkdir()
    for path, text in (
        (tmp_path / "helper.py", "W = 1\n"),
        (tmp_path / "helper.py", "import deep.inner\nW = 2\n"),
        (package / "inner.py", "V = 1\n"),
        (package / "inner.py", "V = 22\n"),
    ):
        path.write_text(text)
        seen.append(digest())
    assert len(set(seen)) == len(seen)
    (tmp_path / "train.py").write_text("x = 1\n")
    assert digest() == seen[-1]


def test_each_label_as_an_answer_to_be_scored(tmp_path: Path) -> None:
    told = 'metrics=["accuracy"]\nprompt="q"\nreference="r"\nlabel_rule="likelihood"'
    (item,) = task(tmp_path, [{"q": "a", "r": "x"}], told).task.items
    found = label_samples(item, ("x", "y"))
    assert [sample.messages[-1].content for sample in found.values()] == ["x", "y"]
    assert found["x"].id == item.sample.id
    assert found["y"].id != item.sample.id
    assert found["y"].messages[:-1] == item.sample.messages[:-1]


def test_the_answers_field_makes_no_categories(tmp_path: Path) -> None:
    row = {"text": "a", "category": "x", "topic": "y"}
    told = 'metrics=["accuracy"]\nprompt="text"\nreference="category"'
    (item,) = task(tmp_path, [row], told).task.items
    assert item.sample.category == "y"


# Real data


@needs_shared
def test_real_data_as_tasks(tmp_path: Path) -> None:
    found = config.parse(
        f"""
[tasks.labels]
data = "{SHARED}/classification/banking77_test.csv"
template = "{{text}}"
reference = "category"
metrics = ["macro_f1", "accuracy"]
limit = 500
[tasks.maths]
data = "{SHARED}/gsm8k/train_first400.jsonl"
few_shot = "{SHARED}/gsm8k/train_first400.jsonl"
shots = 4
metrics = ["numeric"]
[tasks.sums]
data = "{SHARED}/summarisation/scitldr_a_dev_first150.jsonl"
prompt = "source"
metrics = ["rougeL"]
[tasks.code]
data = "{SHARED}/humaneval/HumanEval_first60.jsonl"
prompt = "prompt"
metrics = ["pass_at_1"]
""",
        tmp_path,
    )
    read = {name: read_task(found, name) for name in found.tasks}
    assert not any(one.task.fault for one in read.values())
    counts = {name: (len(one.task.items), one.task.rows) for name, one in read.items()}
    assert counts == {
        "labels": (500, 3080),
        "maths": (396, 400),
        "sums": (150, 150),
        "code": (60, 60),
    }
    assert max(len(item.references) for item in read["sums"].task.items) > 1
    with (SHARED / "classification" / "banking77_test.csv").open(newline="") as file:
        known = {row["category"] for row in csv.DictReader(file)}
    labels = read["labels"].options
    assert labels is not None
    assert set(labels.labels) <= known
    for name in ("labels", "maths", "sums"):
        one = read[name]
        assert one.options is not None
        for ruler in rulers(one.options).values():
            for item in one.task.items[:40]:
                right = ruler.measure(
                    Asked(item.sample.prompt, item.references, item.references[0], item.fields)
                )
                value = right.values.get("accuracy", right.values.get("numeric"))
                assert (value or right.values.get("rougeL")) == 1.0


def test_code_problems_need_no_solution(tmp_path: Path) -> None:
    row = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "def check(c): 0"}
    (item,) = task(tmp_path, [row], 'metrics = ["pass_at_1"]').task.items
    assert (item.sample.prompt, item.references) == ("def f():\n", ())
    assert task(tmp_path, [{"prompt": "def f():\n"}], 'metrics = ["pass_at_1"]').task.fault


def test_the_first_rows_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    bad = [{"question": "", "answer": "a"}] * 5
    rows = [{"question": "q", "answer": "a"}, *bad]
    made = task(tmp_path, rows, 'metrics = ["exact_match"]').task
    assert made.left_out == 5
    rows_told = [one.partition(":")[0] for one in made.faults]
    assert rows_told == ["row 2", "row 3", "row 4", "and 2 more"]
    assert made.faults[0].startswith("row 2: the prompt is empty")
