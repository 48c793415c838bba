"""Bundles: judged elsewhere, taken back in, and telling nobody which model wrote what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_rounds import Made, said
from tui_eval import config as settings
from tui_eval.core.answers import Written
from tui_eval.core.judgements import CRITERIA, Side
from tui_eval.errors import InputError
from tui_eval.files.bundle import BundledAb, BundledReview, import_journal, open_bundle, pack
from tui_eval.files.bundle_lines import read_bundle
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports.results import Results, gather
from tui_eval.store.files import seal
from tui_eval.store.workspace import Workspace

PLAN = "[review]\nsamples = 20\n[blind_ab]\npairs = 24\n"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made.at(tmp_path / "made", count=60, toml=PLAN)
    made.answer()
    return made


def packed(made: Made, judge: str = "bo", step: str = "blind_ab", name: str = "b.jsonl") -> Path:
    """A bundle in a folder of its own, far from the workspace."""
    folder = made.folder.parent / f"away-{judge}-{step}"
    folder.mkdir(exist_ok=True)
    out = folder / name
    out.unlink(missing_ok=True)
    workspace = made.workspace()
    pack(workspace, made.config, "tuned", judge=judge, step=step, out=out)
    workspace.close()
    return out


def away(path: Path, **more: Any) -> BundledAb:
    session = open_bundle(path, Workspace.open(path.parent), **more)
    assert isinstance(session, BundledAb)
    return session


def away_review(path: Path) -> BundledReview:
    session = open_bundle(path, Workspace.open(path.parent))
    assert isinstance(session, BundledReview)
    return session


def journal_of(bundle: Path) -> Path:
    (path,) = (bundle.parent / "judgements").iterdir()
    return path


def judge_all(session: Any) -> int:
    votes = 0
    while (token := session.following()) is not None:
        session.vote(token, "left", ms=900)
        votes += 1
    session.finish()
    return votes


def results(made: Made) -> Results:
    workspace = made.workspace()
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    try:
        return gather(workspace, evidence, "tuned")
    finally:
        workspace.close()


def test_a_colleague_sees_what_would_be_seen_here(made: Made) -> None:
    path = packed(made)
    here = made.ab("bo")
    there = away(path)
    assert there.order == here.order
    assert there.state.pairs == here.state.pairs
    assert [there.pair(token) for token in there.order] == [
        here.pair(token) for token in here.order
    ]
    assert there.standing.planned == 24
    assert there.standing.waiting == 0
    here.close()
    there.close()


def test_votes_made_elsewhere_count_here_once(made: Made) -> None:
    path = packed(made)
    session = away(path)
    votes = judge_all(session)
    assert votes == 29
    session.close()
    workspace = made.workspace()
    said_at_first = import_journal(workspace, journal_of(path))
    assert f"({votes} votes)" in said_at_first
    assert "not known" not in said_at_first
    assert "here already" in import_journal(workspace, journal_of(path))
    workspace.close()
    here = made.ab("ana")
    assert here.standing.others == (("bo", 24, True),)
    here.close()


def test_what_was_chosen_elsewhere_is_the_model_that_stood_there(made: Made) -> None:
    path = packed(made)
    session = away(path)
    prefer: dict[str, Side] = {}
    while (token := session.following()) is not None:
        pair = session.pair(token)
        side: Side = "left" if pair.left.startswith("Yes") else "right"
        prefer[token] = side
        session.vote(token, side)
    session.finish()
    assert Counter(prefer.values()).most_common()[-1][1] >= 10
    session.close()
    workspace = made.workspace()
    import_journal(workspace, journal_of(path))
    workspace.close()
    here = made.ab("lead")
    assert here.may_unblind() == ""
    here.unblind()
    here.close()
    found = results(made)
    assert len(found.unblinded_pairs()) == 24
    assert {pair.preferred for pair in found.pairs} == {"tuned"}
    assert all(pair.tuned.startswith("Yes") for pair in found.pairs)
    assert sum(len(pair.repeats) for pair in found.pairs) == 5


def test_a_bundle_names_no_model_no_path_and_no_length(made: Made) -> None:
    for step in ("blind_ab", "review"):
        data = packed(made, step=step).read_bytes()
        text = data.decode("ascii").replace("A/B", "")
        told = ("Zephyrine", "tuned", "checkpoint", "base", "validation", "toml", "/", "tokens")
        assert not [word for word in (*told, '"length"', "words_") if word in text]


def test_the_order_of_answers_tells_no_side(made: Made) -> None:
    rows = [json.loads(line) for line in packed(made).read_bytes().splitlines()]
    ids = [row["id"] for row in rows if row["kind"] == "answer"]
    assert ids == sorted(ids)
    keys = {tuple(sorted(row)) for row in rows if row["kind"] == "answer"}
    assert keys == {("answer", "id", "kind", "sample", "sum", "thinking")}


def test_nothing_in_a_bundle_leads_to_its_sides(tmp_path: Path) -> None:
    bundles = []
    for name in ("one", "two"):
        made = Made.at(tmp_path / name / "made", count=60, toml=PLAN)
        made.answer()
        bundles.append(packed(made))
    rows = [json.loads(line) for path in bundles for line in path.read_bytes().splitlines()]
    assert not [row for row in rows if "seed" in row]
    one, two = map(read_bundle, bundles)
    assert one.texts == two.texts
    assert [(p.pair, p.repeat_of) for p in one.pairs] == [(p.pair, p.repeat_of) for p in two.pairs]
    assert [p.left for p in one.pairs] != [p.left for p in two.pairs]


def test_how_an_answer_ended_is_not_in_a_blind_bundle(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "made", count=60, toml=PLAN)
    samples = made.samples()
    cut = {
        ("tuned", one.id): Written(said("tuned", one) + "<|im_end|>", finish="length")
        for one in samples
    }
    made.answer(texts=cut)
    text = packed(made).read_text("ascii")
    assert '"length"' not in text
    assert "im_end" not in text
    assert '"finish":"length"' in packed(made, step="review").read_text("ascii")


def test_two_packed_judges_see_each_pair_on_the_other_side(made: Made) -> None:
    one, two = read_bundle(packed(made, "bo")), read_bundle(packed(made, "cy"))
    assert {one.ordinal, two.ordinal} == {0, 1}
    lefts = {pair.pair: pair.left for pair in one.pairs if not pair.repeat_of}
    rights = {pair.pair: pair.right for pair in two.pairs if not pair.repeat_of}
    assert lefts == rights
    assert [pair.pair for pair in one.pairs] != [pair.pair for pair in two.pairs]


def test_packing_again_gives_the_same_plan(made: Made) -> None:
    one = read_bundle(packed(made))
    again = read_bundle(packed(made))
    assert one == again


@pytest.mark.parametrize("step", ["blind_ab", "review"])
def test_a_plan_that_was_handed_out_outlives_changed_settings(made: Made, step: str) -> None:
    one = read_bundle(packed(made, step=step))
    toml = (made.folder / "eval.toml").read_text()
    (made.folder / "eval.toml").write_text(
        toml.replace("samples = 20", "samples = 22").replace("pairs = 24", "pairs = 30")
    )
    changed = Made(made.folder, settings.load(made.folder / "eval.toml", files=False))
    again = read_bundle(packed(changed, step=step))
    assert again.plan == one.plan
    assert set(again.pairs) >= set(one.pairs)
    assert set(again.items) >= set(one.items)


def test_judging_goes_on_where_it_was_left(made: Made) -> None:
    path = packed(made)
    session = away(path)
    first = session.following()
    assert first is not None
    session.vote(first, "tie")
    session.close()
    session = away(path, judge="bo")
    assert session.mark(first).side == "tie"
    assert session.following() != first
    assert session.undo() == (first, "vote")
    session.close()


def test_a_later_bundle_adds_the_pairs_that_were_not_there(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "made", count=60, toml=PLAN)
    samples = made.samples()
    made.answer([one.id for one in samples[:40]])
    path = packed(made)
    session = away(path)
    before = session.order
    session.vote(before[0], "left")
    session.close()
    made.answer([one.id for one in samples[40:]], job="later")
    path = packed(made)
    session = away(path)
    assert len(before) < len(session.order)
    assert session.order[: len(before)] == before
    assert session.mark(before[0]).side == "left"
    votes = judge_all(session)
    session.close()
    workspace = made.workspace()
    assert f"({votes + 1} votes)" in import_journal(workspace, journal_of(path))
    workspace.close()
    here = made.ab("ana")
    assert here.standing.others == (("bo", 24, True),)
    here.close()


def test_here_nothing_is_decided_and_nothing_unblinded(made: Made) -> None:
    path = packed(made)
    session = away(path)
    judge_all(session)
    assert session.standing.enough is None
    assert "Only the workspace" in session.may_unblind()
    with pytest.raises(InputError):
        session.unblind()
    assert any(str(session._journal.path) in line for line in session.before())
    session.close()
    assert b'"unblind"' not in journal_of(path).read_bytes()


def test_a_title_is_not_taken_from_a_bundle(made: Made) -> None:
    path = packed(made)
    head, *lines = path.read_bytes().splitlines(keepends=True)
    fields = {name: value for name, value in json.loads(head).items() if name != "sum"}
    assert "title" not in fields
    path.write_bytes(seal({**fields, "title": "left is tuned"}) + b"".join(lines))
    session = away(path)
    assert session.title == "blind A/B"
    session.close()


def test_a_bundle_that_is_imported_is_told_from_a_journal(made: Made) -> None:
    workspace = made.workspace()
    for name in ("b.jsonl", "b.jsonl.gz"):
        with pytest.raises(InputError, match="is a bundle, to be judged") as caught:
            import_journal(workspace, packed(made, name=name))
        assert f"tui-eval ab {name}" in caught.value.remedy
    workspace.close()


def test_another_judge_is_told_whose_bundle_it_is(made: Made) -> None:
    path = packed(made)
    with pytest.raises(InputError, match="made for bo, not for cy") as caught:
        away(path, judge="cy")
    assert "pack --judge cy" in caught.value.remedy
    assert not (path.parent / "judgements").exists()


def test_a_review_is_scored_elsewhere_and_counts_here(made: Made) -> None:
    path = packed(made, step="review")
    session = away_review(path)
    assert len(session.order) == 20
    for token in session.order:
        assert session.item(token).answer.text.startswith("Yes: ")
        assert session.item(token).answer.end == "ended by itself"
        for criterion in CRITERIA:
            session.score(token, criterion, 4)
    assert set(session.anchors) == set(CRITERIA)
    assert "tuned" not in session.title
    session.close()
    workspace = made.workspace()
    assert "(80 scores)" in import_journal(workspace, journal_of(path))
    workspace.close()
    found = results(made)
    assert len(found.items) == 20
    assert all(item.label for item in found.items)


def test_a_packed_bundle_opens_compressed_too(made: Made) -> None:
    plain, small = packed(made), packed(made, name="b.jsonl.gz")
    assert small.read_bytes()[:2] == b"\x1f\x8b"
    assert b"b.jsonl" not in small.read_bytes()
    assert small.stat().st_size < plain.stat().st_size / 2
    assert read_bundle(small) == read_bundle(plain)


def test_a_file_that_is_there_is_never_written_over(made: Made) -> None:
    path = packed(made)
    before = path.read_bytes()
    workspace = made.workspace()
    with pytest.raises(InputError, match="there already"):
        pack(workspace, made.config, "tuned", judge="bo", step="blind_ab", out=path)
    workspace.close()
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_packed_where_there_is_nothing_to_judge(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "made", count=60, toml=PLAN)
    workspace = made.workspace()
    with pytest.raises(InputError, match="not answered"):
        pack(workspace, made.config, "tuned", judge="bo", step="blind_ab", out=tmp_path / "b")
    workspace.close()
    assert not (tmp_path / "b").exists()


def test_an_unblinded_comparison_is_not_packed(made: Made) -> None:
    session = made.ab("ana")
    judge_all(session)
    session.unblind()
    session.close()
    workspace = made.workspace()
    with pytest.raises(InputError, match="unblinded"):
        pack(workspace, made.config, "tuned", judge="bo", step="blind_ab", out=made.folder / "b")
    workspace.close()


def test_hostile_texts_travel_exactly(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "made", count=60, toml=PLAN)
    hostile = 'a\x1b[2J\x00 \u202e "q"\n\ud800 😀\u2028'
    samples = made.samples()
    made.answer(texts={("tuned", one.id): hostile + str(one.row) for one in samples})
    path = packed(made)
    assert path.read_bytes().isascii()
    assert b"\x1b" not in path.read_bytes()
    session = away(path)
    pair = session.pair(session.order[0])
    assert any(text.startswith(hostile) for text in (pair.left, pair.right))
    session.close()


def test_a_bundle_needs_neither_models_nor_torch(made: Made) -> None:
    path = packed(made)
    code = (
        "import sys; from pathlib import Path;"
        "from tui_eval.files.bundle import open_bundle;"
        "from tui_eval.store.workspace import Workspace;"
        f"path = Path({str(path)!r}); s = open_bundle(path, Workspace.open(path.parent));"
        "s.vote(s.following(), 'left'); s.close();"
        "print(sorted({'torch', 'transformers', 'polars', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
    assert journal_of(path).read_bytes().count(b'"kind":"vote"') == 1
