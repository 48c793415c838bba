"""Hostile text in every export: nothing obeyed, nothing lost, no cell a formula."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made_evidence import made_sample
from tests.core.made_judging import Judge, answered, heard
from tests.files.made_exports import HOSTILE, exported, judged, rows_of
from tui_eval.core.records import Message
from tui_eval.files.exports import EXPORTS
from tui_eval.files.exports.text import guarded, whole


@pytest.mark.parametrize("name", [n for n, one in EXPORTS.items() if not one.of_answers])
def test_hostile_text_breaks_no_format_and_reaches_no_terminal(name: str) -> None:
    turns = (Message("user", HOSTILE), Message("assistant", HOSTILE))
    sample = made_sample(0, messages=turns, category=HOSTILE)
    judge = Judge(HOSTILE).pairs(1).votes("t")
    judge.say("note", plan=judge.plan, pair=judge.token(0), text=HOSTILE)
    judge.finish().unblind()
    scorer = Judge("bo").items(1).scores(["5555"]).on_item("note", 0, text=HOSTILE)
    text = exported(
        name,
        answered(1, samples=[sample], tuned={0: HOSTILE}, journals=heard(judge, scorer)),
    )
    for obeyed in ("\x1b", "\x9b", "\u202e", "\x00"):
        assert obeyed not in text
    if EXPORTS[name].suffix == ".jsonl":
        assert rows_of(text)
        assert "\u2028" not in text
    elif EXPORTS[name].suffix == ".json":
        assert json.loads(text)


def test_texts_come_back_exactly_but_for_half_characters() -> None:
    text = HOSTILE.replace("\ud800", "") + "\u2028\ufeff \U000e0041"
    (row,) = rows_of(exported("trl", judged("t", tuned={0: text})))
    assert row["chosen"] == text
    (row,) = rows_of(exported("trl", judged("t", tuned={0: "a\ud800b"})))
    assert row["chosen"] == "a\ufffdb"


@pytest.mark.parametrize(
    "start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "  =1", "＝1", "\u200b=1"]
)
def test_no_cell_begins_a_formula(start: str) -> None:
    evidence = judged("t", tuned={0: start}, base={0: f"x,{start}"})
    raw = exported("csv", evidence)
    (row,) = csv.DictReader(io.StringIO(raw, newline=""))
    assert row["answer"].startswith("'")
    assert row["answer"].lstrip("'").strip()
    assert row["other_answer"].startswith("x,")


def test_a_carriage_return_begins_no_formula_either() -> None:
    assert guarded("\r=1") == "'\r=1"
    assert guarded("1 = 1") == "1 = 1"


def test_line_ends_stay_within_their_cell() -> None:
    raw = exported("csv", judged("tb", tuned={0: 'a\r\nb\n"c",d'}))
    assert raw.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    assert [row["answer"] for row in rows] == ['a\nb\n"c",d', "tuned says     1"]


anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


@given(tuned=anything, base=anything)
def test_any_text_comes_back_from_every_json_format(tuned: str, base: str) -> None:
    evidence = judged("t", tuned={0: tuned}, base={0: base})
    (row,) = rows_of(exported("trl", evidence))
    assert (row["chosen"], row["rejected"]) == (whole(tuned), whole(base))
    (example,) = json.loads(exported("llm-comparator", evidence))["examples"]
    assert (example["output_text_a"], example["output_text_b"]) == (whole(tuned), whole(base))


@given(text=anything, note=anything)
def test_any_text_is_one_cell_that_is_no_formula(text: str, note: str) -> None:
    judge = Judge().pairs(1).votes("t")
    judge.say("note", plan=judge.plan, pair=judge.token(0), text=note)
    judge.finish().unblind()
    raw = exported("csv", answered(1, tuned={0: text}, journals=heard(judge)))
    (row,) = csv.DictReader(io.StringIO(raw, newline=""))
    assert None not in row
    for cell in row.values():
        assert cell.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
