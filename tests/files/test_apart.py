"""Comparisons that share a model: none of them tells which answers are whose in another."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.files.made_rounds import Made, answer_as
from tests.files.making import lines
from tui_eval.core.open_comparison import ever_planned, open_rounds
from tui_eval.errors import InputError
from tui_eval.files import bundle
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports import events
from tui_eval.files.exports.results import gather
from tui_eval.files.judging import open_ab, open_ab_files
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.ending import end_comparison

TOML = """
[models.other]
path = "other-checkpoint"

[models.third]
path = "third-checkpoint"

[blind_ab]
pairs = {pairs}
repeats_least = 2

[review]
samples = 10
"""
ROWS = 60


def made_at(folder: Path, pairs: int = 20) -> Made:
    found = Made.at(folder, count=ROWS, toml=TOML.format(pairs=pairs))
    found.answer(models=("base", "tuned"))
    for name, candidate in (
        *(("other", "tuned"), ("third", "tuned"), ("base", "other"), ("other", "other")),
    ):
        answer_as(found, name, candidate)
    return found


def asked(session: Ab) -> frozenset[str]:
    """Prompts, by their texts."""
    return frozenset(session.pair(token).prompt.last for token in session.order)


def voted(made: Made, against: str | None = None, judge: str = "ana") -> Ab:
    """The whole of it, tuned preferred in three of four pairs, finished and not unblinded."""
    session = open_ab(made.workspace(), made.config, "tuned", against=against, judge=judge)
    for at, token in enumerate(session.order):
        pair = session.pair(token)
        tuned = "left" if pair.left.startswith("Yes") else "right"
        other = "right" if tuned == "left" else "left"
        session.vote(token, tuned if at % 4 else other)
    session.finish()
    session.close()
    return session


def exported(made: Made) -> list[dict[str, object]]:
    workspace = made.workspace()
    results = gather(workspace, WorkspaceEvidence(workspace, made.config, FileCache()), "tuned")
    return [json.loads(line) for line in events.write(results).splitlines()]


def plans(rows: list[dict[str, object]]) -> dict[str, set[str]]:
    """By round, the ids of the answers in all of its plans: what anybody can read."""
    found: dict[str, set[str]] = {}
    for row in rows:
        event = row["event"]
        assert isinstance(event, dict)
        if event["kind"] == "plan" and event["step"] == "blind_ab":
            for pair in event["pairs"]:
                found.setdefault(event["round"], set()).update((pair["left"], pair["right"]))
    return found


def folded(rows: list[dict[str, object]], shared: set[str]) -> int:
    """Votes of which the ids that two plans share tell whose answer was chosen."""
    sides = {}
    told = 0
    for row in rows:
        event = row["event"]
        assert isinstance(event, dict)
        for pair in event.get("pairs", ()):
            sides[pair["pair"]] = (pair["left"] in shared, pair["right"] in shared)
        if event["kind"] == "vote":
            left, right = sides[event["pair"]]
            told += left != right
    return told


def test_ids_that_two_plans_share_tell_nothing(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w")
    voted(made)
    open_ab(made.workspace(), made.config, "tuned", against="other", judge="ana").close()
    rows = exported(made)
    one, two = plans(rows).values()
    assert len(one) == len(two) == 40
    assert not one & two
    assert folded(rows, one & two) == 0
    # The attack works where they share: a plan of the first comparison's own ids would do.
    assert folded(rows, set(sorted(one)[:20])) > 0


def test_bundles_of_three_comparisons_share_no_answer(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=15)
    ids = []
    for number, against in enumerate(("base", "other", "third")):
        out = tmp_path / f"{number}.jsonl"
        bundle.pack(made.workspace(), made.config, "tuned", judge="kim", step="blind_ab",
                    out=out, against=against)  # fmt: skip
        found = bundle.open_bundle
        assert found is not None
        ids.append({id for some in _ids_in(out) for id in some})
    assert all(len(one) == 30 for one in ids)
    assert not ids[0] & ids[1] | ids[0] & ids[2] | ids[1] & ids[2]


def _ids_in(path: Path) -> list[set[str]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{pair["left"], pair["right"]} for row in rows for pair in row.get("pairs", ())]


@pytest.mark.parametrize("packed", [False, True])
def test_too_few_prompts_and_an_open_comparison_is_refused(tmp_path: Path, packed: bool) -> None:
    made = made_at(tmp_path / "w", pairs=40)
    voted(made)
    (open_,) = open_rounds(made.workspace().judgements(KINDS))

    def begin(against: str) -> None:
        if packed:
            bundle.pack(made.workspace(), made.config, "tuned", judge="kim", step="blind_ab",
                        out=tmp_path / "kim.jsonl", against=against)  # fmt: skip
        else:
            open_ab(made.workspace(), made.config, "tuned", against=against, judge="kim").close()

    with pytest.raises(InputError) as refused:
        begin("other")
    assert f"{open_.id} (tuned against base, ana 40 of 40)" in refused.value.message
    for way in ("tui-eval ab --end ROUND", "[generation] limit", "at most 20 ([blind_ab] pairs)"):
        assert way in refused.value.remedy
    assert set(ever_planned(made.workspace().judgements(KINDS))) == {open_.id}
    # The one that was begun is open to a second judge.
    begin("base") if not packed else open_ab(
        made.workspace(), made.config, "tuned", judge="bo"
    ).close()
    end_comparison(made.workspace(), "ana", open_.id)
    begin("other")


def test_what_is_unblinded_is_asked_again_before_the_review_and_the_judge_is_told(
    tmp_path: Path,
) -> None:
    made = made_at(tmp_path / "w", pairs=30)
    first = voted(made)
    end_comparison(made.workspace(), "ana", first.state.round)
    session = open_ab(made.workspace(), made.config, "tuned", against="other", judge="ana")
    # 60 prompts: 10 of the review, 30 asked, 20 new.
    assert len(asked(first) & asked(session)) == 10
    assert any(text.startswith("10 of these prompts") for text in session.before())
    assert not any("manual review" in text for text in session.before())
    session.close()


def test_models_that_are_shared_by_nobody_else_are_in_nobodys_way(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=50)
    voted(made)
    again = open_ab(made.workspace(), made.config, "other", against="third", judge="ana")
    assert again.standing.planned == 50
    again.close()


def test_a_begun_comparison_keeps_its_prompts(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=20)
    first = open_ab(made.workspace(), made.config, "tuned", judge="ana")
    first.vote(first.order[0], "left")
    first.close()
    open_ab(made.workspace(), made.config, "tuned", against="other", judge="ana").close()
    for _ in range(2):
        again = open_ab(made.workspace(), made.config, "tuned", judge="ana")
        assert asked(again) == asked(first)
        again.close()
    fewer = Made.at(made.folder, count=ROWS, toml=TOML.format(pairs=50))
    again = open_ab(fewer.workspace(), fewer.config, "tuned", judge="ana")
    assert asked(again) == asked(first)
    again.close()


def test_files_of_answers_that_are_judged_twice_ask_other_prompts(tmp_path: Path) -> None:
    rows = [f"What is number {at}?" for at in range(30)]
    for name in ("one", "two", "three"):
        words = random.Random(name)
        said = [f"{name[0]} {words.random()}" for _ in rows]
        lines(tmp_path / f"{name}.jsonl", [
            {"prompt": prompt, "answer": text} for prompt, text in zip(rows, said, strict=True)
        ])  # fmt: skip
    workspace = made_at(tmp_path / "w").workspace()

    def begun(base: str, tuned: str, pairs: int) -> Ab:
        paths = tmp_path / f"{base}.jsonl", tmp_path / f"{tuned}.jsonl"
        session = open_ab_files(workspace, *paths, judge="ana", pairs=pairs)
        session.close()
        return session

    one, two = begun("one", "two", 15), begun("one", "three", 15)
    assert len(asked(one)) == len(asked(two)) == 15
    assert not asked(one) & asked(two)
    with pytest.raises(InputError, match="open comparison"):
        begun("two", "three", 15)
