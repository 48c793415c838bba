"""What was judged, as other tools read it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, answered, heard
from tests.files.made_exports import HOSTILE, exported, judged, reviewed, rows_of, written
from tui_eval.core.records import Message
from tui_eval.errors import InputError
from tui_eval.files.exports import EXPORTS, notes
from tui_eval.files.exports.results import gather, gather_recorded
from tui_eval.files.judging import open_ab_files
from tui_eval.store.workspace import Workspace


def test_every_format_of_the_table_is_there_and_no_file_is_forgotten() -> None:
    named = {entry.target.partition(":")[0].rpartition(".")[2] for entry in EXPORTS.values()}
    package = import_module("tui_eval.files.exports")
    files = {path.stem for path in Path(package.__path__[0]).glob("*.py")}
    shown = {"show", "show_signoff", "show_checkpoints", "show_comparisons", "history"}
    assert files - named == {"__init__", "results", "answered", "text", *shown}
    for entry in EXPORTS.values():
        module, _, function = entry.target.partition(":")
        assert callable(getattr(import_module(module), function))


# Preferences.


def test_a_decisive_vote_is_a_preference_row_whichever_side_it_was_on() -> None:
    found = rows_of(exported("trl", judged("tb")))
    assert [(row["prompt"], row["chosen"], row["rejected"]) for row in found] == [
        ("question 0", "tuned says     0", "base  says     0"),
        ("question 1", "base  says     1", "tuned says     1"),
    ]
    assert found[0].keys() == {
        "prompt", "chosen", "rejected", "strength", "votes", "agreement", "id",
    }  # fmt: skip


def test_ties_and_both_bad_are_no_preferences_and_that_is_told() -> None:
    evidence = judged("t=xb")
    assert [row["id"] for row in rows_of(exported("trl", evidence))] == ["s0", "s3"]
    assert "2 of 4 pairs" in notes("trl", gather(None, evidence, "tuned"))[0]


def test_identical_answers_are_no_preference() -> None:
    judge = Judge().pairs(2, identical=[1]).votes("t").finish().unblind()
    assert len(rows_of(exported("trl", answered(2, journals=heard(judge))))) == 1


def test_several_judges_are_one_row_by_majority() -> None:
    found = rows_of(exported("trl", judged("tt=t", "tb=b", "bt==")))
    by_id = {row["id"]: row for row in found}
    assert by_id.keys() == {"s0", "s1"}
    assert by_id["s0"]["chosen"].startswith("tuned")
    assert by_id["s0"]["votes"] == 3
    assert by_id["s0"]["agreement"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_strong_vote_has_strength_two_until_it_is_taken_back() -> None:
    judge = Judge().pairs(2)
    first, second = judge.vote(0, "t"), judge.vote(1, "t")
    judge.say("strong", of=first)
    taken_back = judge.say("strong", of=second)
    judge.say("undo", of=taken_back)
    judge.finish().unblind()
    found = rows_of(exported("trl", answered(2, journals=heard(judge))))
    assert [row["strength"] for row in found] == [2, 1]


def test_a_vote_that_was_taken_back_is_in_no_export() -> None:
    judge = Judge().pairs(2)
    judge.say("undo", of=judge.vote(0, "t"))
    judge.vote(1, "b")
    judge.finish().unblind()
    evidence = answered(2, journals=heard(judge))
    assert [row["id"] for row in rows_of(exported("trl", evidence))] == ["s1"]
    assert len(list(csv.DictReader(io.StringIO(exported("csv", evidence))))) == 1


def test_swapped_repeats_never_count() -> None:
    judge = Judge().pairs(1, repeats=[0]).votes("t").again([0], "b").finish().unblind()
    evidence = answered(1, journals=heard(judge))
    (row,) = rows_of(exported("trl", evidence))
    assert (row["votes"], row["chosen"][:5]) == (1, "tuned")
    table = list(csv.DictReader(io.StringIO(exported("csv", evidence))))
    assert [(one["repeat"], one["preferred_model"]) for one in table] == [
        ("false", "tuned"),
        ("true", "base"),
    ]


def conversation() -> MadeEvidence:
    turns = (
        Message("system", "be brief"),
        Message("user", "one"),
        Message("assistant", "1"),
        Message("user", "two"),
        Message("assistant", "the reference"),
    )
    tools = ({"type": "function", "function": {"name": "look"}},)
    return judged("t", samples=[made_sample(0, messages=turns, tools=tools)])


def test_a_conversation_is_messages_without_the_reference() -> None:
    (row,) = rows_of(exported("trl-conversational", conversation()))
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user", "assistant", "user"]
    assert row["chosen"] == [{"role": "assistant", "content": "tuned says     0"}]
    assert json.loads(row["tools"])[0]["function"]["name"] == "look"


def test_a_conversation_as_text_names_who_speaks() -> None:
    (row,) = rows_of(exported("trl", conversation()))
    assert row["prompt"] == "system: be brief\n\nuser: one\n\nassistant: 1\n\nuser: two"


# Single answers.


def test_scores_make_single_answers_good_or_poor() -> None:
    found = rows_of(exported("unpaired", reviewed("4455", "4443", "5525", "0404", "0000", "44..")))
    assert {row["id"]: row["label"] for row in found} == {"s0": True, "s2": False, "s3": True}


def test_the_mean_of_the_judges_decides_by_criterion() -> None:
    one = Judge("ana").items(2).scores(["5555", "3455"])
    two = Judge("bo", 1).items(2).scores(["3555", "1455"])
    found = rows_of(exported("unpaired", answered(2, journals=heard(one, two))))
    assert {row["id"]: row["label"] for row in found} == {"s0": True, "s1": False}


def test_both_bad_are_two_poor_answers_and_a_preference_is_one_of_each() -> None:
    found = rows_of(exported("unpaired", judged("xt=")))
    assert [(row["id"], row["label"], row["by"]) for row in found] == [
        ("s0", False, "both bad"),
        ("s0", False, "both bad"),
        ("s1", True, "preference"),
        ("s1", False, "preference"),
    ]


def test_of_an_answer_that_was_scored_and_compared_the_scores_count() -> None:
    judge = Judge().pairs(1).votes("b").finish().unblind()
    other = Judge("bo").items(1).scores(["5555"])
    found = rows_of(exported("unpaired", answered(1, journals=heard(judge, other))))
    assert [(row["completion"][:5], row["label"]) for row in found] == [
        ("tuned", True),
        ("base ", True),
    ]


# Other tools.


def test_llm_comparator_has_the_candidate_as_model_a_in_every_row() -> None:
    judge = Judge().pairs(3, lefts={0: True, 1: False, 2: False})
    strong = judge.vote(0, "t")
    judge.say("strong", of=strong)
    judge.votes("bx", first=1).finish().unblind()
    samples = [made_sample(i, category="refunds") for i in range(3)]
    found = json.loads(
        exported("llm-comparator", answered(3, samples=samples, journals=heard(judge)))
    )
    assert found["models"] == [{"name": "tuned"}, {"name": "base"}]
    rows = found["examples"]
    assert all(row["output_text_a"].startswith("tuned") for row in rows)
    assert [row["score"] for row in rows] == [1.5, -1.0, 0.0]
    ratings = [row["individual_rater_scores"][0] for row in rows]
    assert [one["is_flipped"] for one in ratings] == [False, True, True]
    assert [one["rating_label"] for one in ratings] == [
        "A is much better", "B is better", "both bad",
    ]  # fmt: skip
    assert rows[0]["tags"] == ["refunds"]
    schema = {one["name"] for one in found["metadata"]["custom_fields_schema"]}
    assert schema == rows[0]["custom_fields"].keys() | ratings[0]["custom_fields"].keys()


def test_alpaca_eval_has_one_annotation_for_each_vote() -> None:
    found = json.loads(exported("alpaca-eval", judged("tb", "=x")))
    assert [(row["annotator"], row["preference"]) for row in found] == [
        ("ana", 2.0), ("bo", 1.5), ("ana", 1.0), ("bo", 1.5),
    ]  # fmt: skip
    assert found[0]["generator_1"] == "base"
    assert found[0]["output_2"] == "tuned says     0"


def test_arena_battles_have_what_was_left_as_model_a() -> None:
    judge = Judge().pairs(4, lefts={0: True, 1: False}).votes("tt=x").finish().unblind()
    found = json.loads(exported("arena", answered(4, journals=heard(judge))))
    assert [(row["model_a"], row["winner"]) for row in found] == [
        ("tuned", "model_a"),
        ("base", "model_b"),
        ("tuned", "tie"),
        ("base", "tie (bothbad)"),
    ]
    assert found[1]["conversation_a"][-1] == {"role": "assistant", "content": "base  says     1"}
    assert found[0]["tstamp"] < found[1]["tstamp"]


def test_the_table_has_a_row_for_each_vote_and_each_scored_answer() -> None:
    one = Judge("ana").pairs(2).votes("t=").finish()
    two = Judge("bo", 1).pairs(2).votes("b.").finish()
    three = Judge("cy").items(1).scores(["4321"])
    three.on_item("note", 0, text="short #tone")
    two.unblind()
    found = list(
        csv.DictReader(io.StringIO(exported("csv", answered(2, journals=heard(one, two, three)))))
    )
    assert [(row["step"], row["judge"], row["choice"]) for row in found] == [
        ("review", "cy", ""),
        ("blind_ab", "ana", "tuned"),
        ("blind_ab", "bo", "other"),
        ("blind_ab", "ana", "tie"),
    ]
    assert (found[0]["accuracy"], found[0]["format"], found[0]["note"]) == ("4", "1", "short #tone")
    assert found[1]["left_model"] == "tuned"
    assert found[2]["left_model"] == "base"
    assert found[1]["seconds"] == "9.0"


def test_events_are_every_event_as_it_was_written() -> None:
    evidence = judged("tb", "=x")
    found = rows_of(exported("events", evidence))
    assert [row["event"] for row in found] == [dict(one.event) for one in evidence.journals]
    assert found[0]["judge"] == "ana"


def test_events_are_the_journals_lines_to_the_byte(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    with workspace.journal("ana") as journal:
        journal.append("note", plan="p", item="i", text=HOSTILE, seconds=0.1 + 0.2)
    results = gather(workspace, answered(1), "tuned")
    found = rows_of(written("events", results))
    lines = [json.dumps(row["event"], separators=(",", ":")) for row in found]
    assert "\n".join([*lines, ""]).encode("ascii") == journal.path.read_bytes()
    assert {row["journal"] for row in found} == {journal.path.name}
    workspace.close()


# Blindness.

DIRECTED = ("trl", "trl-conversational", "llm-comparator", "alpaca-eval", "arena")


def still_judging() -> MadeEvidence:
    one = Judge("ana").pairs(3).votes("tb=").finish()
    two = Judge("bo", 1).pairs(3).votes("t")
    return answered(3, journals=heard(one, two))


@pytest.mark.parametrize("name", [*DIRECTED, "csv", "unpaired", "unpaired-conversational"])
def test_before_unblinding_nothing_with_a_direction_is_told(name: str) -> None:
    with pytest.raises(InputError, match="bo has not finished") as caught:
        exported(name, still_judging())
    assert "--close bo" in caught.value.remedy


def test_when_all_have_finished_somebody_must_unblind() -> None:
    evidence = answered(1, journals=heard(Judge().pairs(1).votes("t").finish()))
    with pytest.raises(InputError, match="nobody has unblinded"):
        exported("trl", evidence)


def test_without_votes_that_is_what_is_said() -> None:
    with pytest.raises(InputError, match="Nobody has voted"):
        exported("trl", answered(1))
    with pytest.raises(InputError, match="No answers were compared"):
        exported("trl", MadeEvidence())
    with pytest.raises(InputError, match="No answer was scored"):
        exported("csv", MadeEvidence())


def test_scored_answers_can_be_told_while_pairs_are_blind() -> None:
    blind = still_judging()
    # Of the two that are scored, the pairs that are still blind ask about one.
    reviewer = Judge("cy").items(4).scores(["5555"]).scores(["5555"], first=3)
    evidence = answered(4, journals=[*blind.journals, *heard(reviewer)])
    assert [row["id"] for row in rows_of(exported("unpaired", evidence))] == ["s3"]
    table = list(csv.DictReader(io.StringIO(exported("csv", evidence))))
    assert {row["step"] for row in table} == {"review"}
    said = notes("csv", gather(None, evidence, "tuned"))
    assert "bo has not finished" in said[0]
    assert said[1].startswith("3 reviewed answers left out")
    alone = answered(3, journals=[*blind.journals, *heard(Judge("cy").items(1).scores(["5555"]))])
    for name in ("unpaired", "csv"):
        with pytest.raises(InputError, match=r"reviewed answers? left out.*bo has not finished"):
            exported(name, alone)


def test_events_name_no_model_before_unblinding() -> None:
    evidence = still_judging()
    text = exported("events", evidence)
    assert len(rows_of(text)) == len(evidence.journals)
    for told in ('"tuned"', '"base"', "says"):
        assert told not in text


def test_votes_on_answers_that_are_gone_are_not_counted() -> None:
    evidence = judged("tb")
    kept = {model: dict(answers) for model, answers in evidence.completions.items()}
    del kept["base"]["s0"]
    evidence.completions = kept
    assert [row["id"] for row in rows_of(exported("trl", evidence))] == ["s1"]


def test_two_files_that_were_judged_without_a_config_are_exported_too(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        rows = [{"prompt": f"question {i}", "answer": f"{name} {i}"} for i in range(12)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    workspace = Workspace.open(tmp_path)
    with pytest.raises(InputError, match="Nothing was judged"):
        gather_recorded(workspace)
    session = open_ab_files(
        workspace, tmp_path / "base.jsonl", tmp_path / "tuned.jsonl", judge="ana"
    )
    while (token := session.following()) is not None:
        session.vote(token, "left" if session.pair(token).left.startswith("base") else "right")
    with pytest.raises(InputError, match="ana has not finished"):
        written("trl", gather_recorded(workspace))
    session.finish()
    session.unblind()
    session.close()
    found = rows_of(written("trl", gather_recorded(workspace)))
    assert len(found) == 12
    assert all(row["chosen"].startswith("base") for row in found)
    assert {row["prompt"] for row in found} == {f"question {i}" for i in range(12)}
    workspace.close()


def test_votes_on_earlier_answers_are_told_apart() -> None:
    evidence = judged("t")
    newer = replace(evidence.generators["tuned"], key="another")
    evidence.generators = {**evidence.generators, "tuned": newer}
    with pytest.raises(InputError, match="The votes that are here are on others"):
        exported("trl", evidence)


# The tools themselves.


def test_trl_takes_the_rows_as_they_are() -> None:
    pytest.importorskip("datasets")
    utils = pytest.importorskip("trl.data_utils")
    from datasets import Dataset

    evidence = judged("tbx=")
    plain = rows_of(exported("trl", evidence))
    talks = rows_of(exported("trl-conversational", evidence))
    assert not any(utils.is_conversational(row) for row in plain)
    assert all(utils.is_conversational(row) for row in talks)
    for rows in (plain, talks):
        for row in rows:
            assert utils.maybe_extract_prompt(dict(row))["prompt"] == row["prompt"]
        unpaired = utils.unpair_preference_dataset(
            Dataset.from_list(rows).select_columns(["prompt", "chosen", "rejected"])
        )
        assert sorted(unpaired["label"]) == [False, False, True, True]
    singles = Dataset.from_list(rows_of(exported("unpaired", evidence)))
    assert singles.features["label"].dtype == "bool"
    talked = rows_of(exported("unpaired-conversational", evidence))
    assert all(utils.is_conversational(row) for row in talked)


def test_alpaca_eval_computes_its_win_rate_from_the_annotations() -> None:
    metrics = pytest.importorskip("alpaca_eval.metrics")
    found = metrics.get_winrate(json.loads(exported("alpaca-eval", judged("ttb="))))
    assert (found["n_wins"], found["n_wins_base"], found["n_draws"]) == (2, 1, 1)
    assert found["win_rate"] == pytest.approx(62.5)


def test_llm_comparator_types_hold_for_every_field() -> None:
    types = pytest.importorskip("llm_comparator.types")
    found = json.loads(exported("llm-comparator", judged("tb=x")))
    for row in found["examples"]:
        assert row.keys() <= types.Example.__annotations__.keys()
        for rating in row["individual_rater_scores"]:
            assert rating.keys() == types.IndividualRating.__annotations__.keys()
