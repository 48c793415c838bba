"""Comparisons that share a model: none of them tells which answers are whose in another."""

from __future__ import annotations

import json
import random
from importlib import import_module
from pathlib import Path

import pytest

from tests.files.made_rounds import Made, answer_as
from tests.files.making import lines
from tui_eval import config as settings
from tui_eval.core.judgements import CRITERIA, Side
from tui_eval.core.open_comparison import ever_planned, open_rounds
from tui_eval.core.reading import Reading
from tui_eval.core.steps import blind_ab, blind_ab_votes
from tui_eval.errors import InputError
from tui_eval.files import bundle
from tui_eval.files.comparisons import comparisons
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports import EXPORTS, answered, events, lm_eval, notes
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
        tuned: Side = "left" if pair.left.startswith("Yes") else "right"
        other: Side = "right" if tuned == "left" else "left"
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


# What an unblinded comparison shows of one that is open.

FORMATS = ("alpaca-eval", "llm-comparator", "unpaired", "arena", "trl", "csv")


def written(made: Made, name: str, candidate: str = "tuned") -> tuple[str, tuple[str, ...]]:
    """An export's text, and what is said of it."""
    workspace = made.workspace()
    results = gather(workspace, WorkspaceEvidence(workspace, made.config, FileCache()), candidate)
    module, _, function = EXPORTS[name].target.partition(":")
    text: str = getattr(import_module(module), function)(results)
    return text, notes(name, results)


def opened(made: Made) -> tuple[frozenset[str], frozenset[str]]:
    """Prompts of an unblinded comparison; those of them that one asks which is open."""
    first = voted(made)
    end_comparison(made.workspace(), "ana", first.state.round)
    session = open_ab(made.workspace(), made.config, "tuned", against="other", judge="bo")
    session.close()
    return asked(first), asked(first) & asked(session)


def names(text: str, prompts: frozenset[str]) -> set[str]:
    return {one for one in prompts if one in text}


def test_exports_leave_out_what_an_open_comparison_asks(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=30)
    all_of_them, shared = opened(made)
    assert (len(all_of_them), len(shared)) == (30, 10)
    for name in FORMATS:
        text, said = written(made, name)
        told = names(text, all_of_them)
        assert not told & shared, name
        assert len(told) >= (20 if name != "trl" else 1), name
        assert any(one.startswith("10 pairs left out") for one in said), name
        assert any("tui-eval ab --end ROUND" in one for one in said), name
    for one in open_rounds(made.workspace().judgements(KINDS)):
        end_comparison(made.workspace(), "bo", one.id)
    for name in FORMATS:
        text, said = written(made, name)
        assert names(text, all_of_them) == all_of_them, name
        assert not any("left out, for" in one for one in said), name


def test_tables_leave_out_the_same_and_numbers_stay(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=30)
    first = voted(made)
    end_comparison(made.workspace(), "ana", first.state.round)

    def read() -> Reading:
        return blind_ab.read(WorkspaceEvidence(made.workspace(), made.config, FileCache()), "tuned")

    before = read()
    session = open_ab(made.workspace(), made.config, "tuned", against="other", judge="bo")
    session.close()
    shared = asked(first) & asked(session)
    now = read()
    assert now.numbers == before.numbers
    assert now.verdict == before.verdict
    assert len(before.tables["pairs"].rows) == 30
    assert len(now.tables["pairs"].rows) == len(now.tables["pairs"].refs) == 20
    prompts = {row[3] for row in now.tables["pairs"].rows}
    assert not prompts & shared
    (text,) = (one.text for one in now.findings if one.code == "kept_back")
    assert text.startswith("10 pairs count, and are not listed")
    # Also where the models have moved on, and it is read from what was recorded.
    text = (made.folder / "eval.toml").read_text()
    (made.folder / "eval.toml").write_text(text + "\n[generation]\nseed = 7\n")
    again = Made(made.folder, settings.load(made.folder / "eval.toml", files=False))
    (earlier,) = (one for one in comparisons(again.workspace(), again.config) if one.unblinded)
    assert not earlier.current
    assert len(earlier.reading.tables["pairs"].rows) == 20


def test_nothing_is_left_of_an_export_whose_every_pair_is_asked(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=50)
    opened(made)
    with pytest.raises(InputError, match="50 pairs left out"):
        written(made, "alpaca-eval")


def test_a_reviews_sheet_leaves_out_what_an_open_comparison_asks(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=20)
    session = made.review("ana")
    reviewed = {session.item(token).prompt.last for token in session.order}
    for token in session.order:
        for name in CRITERIA:
            session.score(token, name, 4)
    session.close()
    assert len(names(written(made, "sheet")[0], frozenset(reviewed))) == 10
    # So many pairs that the review's prompts have to be asked too.
    made = Made.at(made.folder, count=ROWS, toml=TOML.format(pairs=55))
    one = open_ab(made.workspace(), made.config, "tuned", judge="bo")
    one.close()
    shared = asked(one) & reviewed
    assert len(shared) == 5
    for name in ("sheet", "csv", "unpaired"):
        text, said = written(made, name)
        assert len(names(text, frozenset(reviewed))) == 5, name
        assert not names(text, frozenset(shared)), name
        assert any(one.startswith("5 reviewed answers left out") for one in said), name


def damage(made: Made) -> None:
    """A character of the first plan of a blind A/B is lost: nothing from there on is read."""
    for path in made.workspace().layout.judgements_dir.glob("*.jsonl"):
        rows = path.read_text().splitlines()
        at = next((n for n, row in enumerate(rows) if '"blind_ab"' in row), None)
        if at is not None:
            rows[at] = rows[at].replace('"blind_ab"', '"blind_a"', 1)
            path.write_text("\n".join(rows) + "\n")


def answers_told(made: Made) -> tuple[int, str]:
    workspace = made.workspace()
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    (found,) = answered.gather(evidence, made.config, "tuned", "tuned", "validation")
    return len(lm_eval.write(found).splitlines()), " ".join(found.notes)


def test_a_damaged_journal_opens_nothing(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=20)
    session = open_ab(made.workspace(), made.config, "tuned", judge="ana")
    session.vote(session.order[0], "left")
    session.close()
    made = Made.at(made.folder, count=ROWS, toml=TOML.format(pairs=0))
    assert answers_told(made)[0] == ROWS - 20
    damage(made)
    assert made.workspace().faults()
    told, said = answers_told(made)
    assert told == ROWS - 20
    assert "While a journal is damaged" in said
    # Whoever wants to begin another is not told of one that could be ended, but of the damage.
    made = Made.at(made.folder, count=ROWS, toml=TOML.format(pairs=45))
    with pytest.raises(InputError, match="Nobody knows whether it is unblinded"):
        open_ab(made.workspace(), made.config, "tuned", against="other", judge="bo")


def test_a_damaged_journal_closes_nothing_that_another_tells_is_unblinded(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=20)
    first = voted(made)
    end_comparison(made.workspace(), "bo", first.state.round)
    damage(made)
    assert made.workspace().faults()
    made = Made.at(made.folder, count=ROWS, toml=TOML.format(pairs=0))
    assert answers_told(made) == (ROWS, "")


def test_what_would_be_asked_next_is_what_is_kept_back(tmp_path: Path) -> None:
    made = made_at(tmp_path / "w", pairs=20)
    voted(made, "other")
    workspace = made.workspace()
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    planned = blind_ab_votes.asked(evidence, "tuned", "base").chosen
    session = open_ab(workspace, made.config, "tuned", judge="ana")
    prompts = {one.prompt for id, one in evidence.answered("tuned", "tuned").items()
               if id in planned}  # fmt: skip
    assert prompts == asked(session)
    session.close()
