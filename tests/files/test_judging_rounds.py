"""Rounds: who sees which sides, what comes while judging, how they end, what is recorded."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_rounds import Made, same
from tui_eval import config as settings
from tui_eval.core import blinding
from tui_eval.core.answers import Written
from tui_eval.core.session import shut_out
from tui_eval.errors import InputError, StoreError
from tui_eval.files.comparisons import comparisons
from tui_eval.files.exports.show_comparisons import as_json
from tui_eval.files.judging import open_ab
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.judging.texts import gives_away, names_in
from tui_eval.store.journal import NotSaved


def test_identical_answers_are_ties_that_nobody_sees(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 10\n")
    ids = [sample.id for sample in made.samples()]
    both: dict[tuple[str, str], str | Written] = {
        (model, id): "The same." for model in ("base", "tuned") for id in ids[:60]
    }
    made.answer(texts=both)
    session = made.ab()
    identical = [pair.pair for pair in session.state.pairs if pair.identical]
    assert identical
    assert not set(identical) & set(session.order)
    assert session.standing.done == session.standing.ties == len(identical)
    with pytest.raises(InputError):
        session.vote(identical[0], "left")
    with pytest.raises(InputError):
        session.pair(identical[0])
    session.close()


def test_what_is_said_before_the_first_vote(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", count=60)
    ids = [sample.id for sample in made.samples()]
    cut = {("tuned", id): Written("Cut", finish="length") for id in ids}
    away = {("base", id): f"I am Zephyrine, {id}." for id in ids[:30]}
    made.answer(texts={**cut, **away})
    session, other = made.ab(), made.review("bo")
    said = " ".join(session.before())
    assert "50 pairs" in said
    assert "70% or more" in said
    assert "of at least one side were cut" in said
    assert "may give a side away" in said
    assert "stand in the manual review too" in said
    assert not any(word in said for word in ("tuned", "Zephyrine", "left", "right"))
    assert "40 of 40 answers were cut at the length limit." in other.before()
    session.close()
    other.close()


def test_prompts_that_could_not_be_answered_are_left_out(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", count=12, toml="[blind_ab]\npairs = 12\n")
    ids = [sample.id for sample in made.samples()]
    made.answer(texts={("base", id): Written("", error="out of memory") for id in ids[:2]})
    session, review = made.ab(), made.review("bo")
    assert (session.standing.planned, session.standing.waiting) == (10, 0)
    assert len([pair for pair in session.state.pairs if not pair.repeat_of]) == 10
    assert any("2 prompts have no answer" in sentence for sentence in session.before())
    assert review.standing.waiting == 0
    session.close()
    review.close()


def test_answers_that_come_while_judging_are_added(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 30\n[review]\nsamples = 20\n")
    ids = [sample.id for sample in made.samples()]
    made.answer(ids=())
    ab, review = made.ab(), made.review("bo")
    assert ab.standing.waiting == 30
    assert review.standing.waiting == 20
    assert ab.following() is None
    for upto in (40, 41, 80, 120):
        made.answer(ids=ids[:upto], job=f"job{upto}")
        ab.refresh()
        review.refresh()
        first = ab.following()
        assert first is not None
        ab.vote(first, "left")
        same(made, ab)
        same(made, review)
    assert not ab.refresh()
    assert (ab.standing.waiting, review.standing.waiting) == (0, 0)
    assert len([pair for pair in ab.state.pairs if not pair.repeat_of]) == 30
    assert len([pair for pair in ab.state.pairs if pair.repeat_of]) == 5
    assert len(review.order) == 20
    tuned = {one.id for one in ab._source.read().texts.values() if one.text.startswith("Yes")}
    left = sum(pair.left in tuned for pair in ab.state.pairs if not pair.repeat_of)
    assert abs(left - 15) <= 1
    state = ab.state
    ab.close()
    review.close()
    again = made.ab()
    assert again.state == state
    again.close()


def test_the_next_judge_gets_the_other_sides_and_an_order_of_their_own(made: Made, ab: Ab) -> None:
    bo, cy = made.ab("bo"), made.ab("cy")
    ours = {pair.pair: pair.left for pair in ab.state.pairs if not pair.repeat_of}
    theirs = {pair.pair: pair.left for pair in bo.state.pairs if not pair.repeat_of}
    third = {pair.pair: pair.left for pair in cy.state.pairs if not pair.repeat_of}
    assert ours.keys() == theirs.keys() == third.keys()
    assert all(ours[token] != theirs[token] for token in ours)
    assert ours != third != theirs
    assert list(ab.order) != list(bo.order)
    assert [one.ordinal for one in (ab.state, bo.state, cy.state)] == [0, 1, 2]
    bo.close()
    cy.close()


def test_judges_see_how_far_the_others_are(made: Made, ab: Ab) -> None:
    bo = made.ab("bo")
    bo.vote(bo.order[0], "left")
    assert ab.refresh()
    assert ab.standing.others == (("bo", 1, False),)
    bo.finish()
    ab.refresh()
    assert ab.standing.others == (("bo", 1, True),)
    assert bo.standing.others == (("ana", 0, False),)
    bo.close()


def test_who_has_opened_the_pairs_and_not_voted_is_named_before_unblinding(
    made: Made, ab: Ab
) -> None:
    bo = made.ab("bo")
    ab.vote(ab.order[0], "left")
    ab.finish()
    assert ab.may_unblind() == ""
    assert ab.standing.opened == ("bo",)
    assert shut_out(ab.standing).startswith("bo has opened these pairs and not voted yet")
    dee = made.ab("dee")
    ab.refresh()
    assert shut_out(ab.standing).startswith("bo and dee have opened")
    dee.close()
    bo.vote(bo.order[0], "left")
    ab.close_judge("dee")
    assert not ab.standing.opened
    assert shut_out(ab.standing) == ""
    assert "bo is at 1" in ab.may_unblind()
    bo.finish()
    ab.unblind()
    bo.close()


def test_the_same_judge_twice_is_refused(made: Made, ab: Ab) -> None:
    with pytest.raises(StoreError, match="judging in another window"):
        made.ab("ana")
    with pytest.raises(StoreError, match="judging in another window"):
        made.review("ana")


def test_a_failed_opening_lets_go_of_the_journal(made: Made, monkeypatch: Any) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Ab, "_index", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made.ab("dee")
    made.ab("dee").close()


def test_finish_guesses_and_unblinding(made: Made, ab: Ab) -> None:
    bo = made.ab("bo")
    for token in ab.order:
        ab.vote(token, "tie")
    bo.vote(bo.order[0], "left")
    guesses = ab.to_guess()
    assert len(guesses) == 10
    assert guesses == ab.to_guess()
    assert not {pair.pair for pair in ab.state.pairs if pair.repeat_of} & set(guesses)
    ab.guess(guesses[0], "left")
    assert ab.mark(guesses[0]).guess == "left"
    with pytest.raises(InputError, match="pairs that you tied"):
        bo.guess(bo.order[0], "left")
    ab.finish()
    with pytest.raises(InputError, match="finished"):
        ab.vote(ab.order[0], "left")
    assert ab.undo() == (guesses[0], "guess")
    with pytest.raises(InputError, match="finished"):
        ab.undo()
    assert "bo is at 1 of 20." in ab.may_unblind()
    with pytest.raises(InputError, match="bo is at 1 of 20"):
        ab.unblind()
    bo.finish()
    assert ab.may_unblind() == ""
    ab.reopen()
    assert "ana is at 20 of 20." in bo.may_unblind()
    ab.vote(ab.order[0], "left")
    ab.finish()
    bo.unblind()
    assert ab.refresh()
    assert ab.unblinded
    refusing: list[Callable[[], object]] = [
        partial(ab.vote, ab.order[0], "right"),
        partial(ab.guess, guesses[1], "left"),
        ab.reopen,
        ab.undo,
        partial(bo.strong, bo.order[0]),
    ]
    for refused in refusing:
        with pytest.raises(InputError, match="unblinded"):
            refused()
    bo.close()


def test_a_vote_is_refused_the_moment_somebody_unblinded(made: Made, ab: Ab) -> None:
    bo = made.ab("bo")
    ab.vote(ab.order[0], "left")
    ab.finish()
    bo.unblind()
    with pytest.raises(InputError, match="unblinded"):
        bo.vote(bo.order[0], "left")
    with pytest.raises(InputError, match="unblinded"):
        ab.note(ab.order[0], "too late to count")
    ab.view(ab.order[0], "prompt")
    same(made, ab)
    bo.close()


def test_closing_another_judge_is_kept_with_ones_name(made: Made, ab: Ab) -> None:
    bo = made.ab("bo")
    bo.vote(bo.order[0], "left")
    ab.vote(ab.order[0], "left")
    ab.finish()
    ab.close_judge("bo")
    assert ab.may_unblind() == ""
    with pytest.raises(InputError, match="ana has closed your judging"):
        bo.vote(bo.order[1], "left")
    assert bo.state.closed_by == "ana"
    bo.reopen()
    bo.vote(bo.order[1], "left")
    assert "bo is at 2" in ab.may_unblind()
    with pytest.raises(InputError, match="Nobody of that name"):
        ab.close_judge("nobody")
    bo.close()


def test_nobody_unblinds_what_nobody_judged(ab: Ab) -> None:
    assert ab.may_unblind() == "Nobody has voted yet."


def test_settings_may_change_until_somebody_has_judged(made: Made, ab: Ab) -> None:
    bo = made.ab("bo")
    ab.close()
    bo.close()
    toml = (made.folder / "eval.toml").read_text()
    made.config = settings.parse(
        toml.replace("pairs = 20", 'pairs = 30\nmode = "open"'), made.folder, files=False
    )
    ab = made.ab()
    assert (ab.standing.planned, ab.mode, len(ab._own)) == (30, "open", 2)
    bo = made.ab("bo")
    theirs = {pair.pair: pair.right for pair in bo.state.pairs if not pair.repeat_of}
    assert all(theirs[p.pair] == p.left for p in ab.state.pairs if not p.repeat_of)
    ab.vote(ab.order[0], "left")
    ab.close()
    bo.close()
    made.config = settings.parse(toml, made.folder, files=False)
    for judge in ("ana", "bo", "cy"):
        later = made.ab(judge)
        assert later.standing.planned == 30
        later.close()


def test_a_review_leaves_out_what_an_open_comparison_asks(tmp_path: Path) -> None:
    """Also where the seed is another one since: who reviews an answer knows whose it is."""
    made = Made.at(tmp_path / "w", 60, toml="[blind_ab]\npairs = 20\n[review]\nsamples = 20\n")
    made.answer()
    with closing(made.ab("ana")) as ab:
        ab.vote(ab.order[0], "left", ms=900)
        compared = {ab.pair(token).prompt.last for token in ab.order}
    path = made.folder / "eval.toml"
    path.write_text(path.read_text() + "seed = 7\n")
    again = Made(made.folder, settings.load(path, files=False))
    with closing(again.review("bo")) as review:
        asked = {review.item(token).prompt.last for token in review.order}
    assert len(asked) == 20
    assert not asked & compared
    alone = Made.at(tmp_path / "other", 60, toml="[review]\nsamples = 20\nseed = 7\n")
    alone.answer()
    with closing(alone.review("bo")) as review:
        assert {review.item(token).prompt.last for token in review.order} & compared


def test_what_was_judged_is_in_facts_when_the_files_are_gone(made: Made, ab: Ab) -> None:
    ab.vote(ab.order[0], "left")
    round = ab.state.round
    what = comparison_of(made.workspace(), round)
    assert what is not None
    assert what.models == ("tuned", "base")
    assert round == blinding.comparison(*what.keys)
    assert len(what.samples) == 20
    ab.close()
    (made.folder / "validation.jsonl").unlink()
    again = made.ab()
    assert again.pair(again.order[1]).prompt.last.startswith("Question")
    again.close()


def test_a_judge_on_another_host_goes_on_with_the_same_plan(
    made: Made, ab: Ab, monkeypatch: pytest.MonkeyPatch
) -> None:
    ab.vote(ab.order[0], "left")
    ab.close()
    monkeypatch.setattr("tui_eval.store.journal.host", lambda: "elsewhere")
    other = made.ab()
    assert other._journal.path != ab._journal.path
    assert other.state.plan == ab.state.plan
    assert other.standing.done == 1
    other.vote(other.order[1], "tie")
    assert other.undo() == (other.order[1], "vote")
    assert other.undo() == (other.order[0], "vote")
    assert other.standing.done == 0
    other.close()


def test_a_model_that_has_not_answered_is_named(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w")
    with pytest.raises(InputError, match="tuned has not answered"):
        made.ab()
    made.answer(models=("tuned",))
    with pytest.raises(InputError, match="base has not answered"):
        made.ab()
    made.review().close()
    with pytest.raises(InputError, match="no model nobody"):
        made.ab(against="nobody")
    with pytest.raises(InputError, match="itself"):
        made.ab(against="tuned")


def test_prompts_beyond_the_limit_of_generation_are_not_planned(tmp_path: Path) -> None:
    toml = "[generation]\nlimit = 16\n[blind_ab]\npairs = 20\n[review]\nsamples = 10\n"
    made = Made.at(tmp_path / "w", toml=toml)
    made.answer()
    ab, review = made.ab(), made.review("bo")
    assert (ab.standing.planned, review.standing.planned) == (8, 8)
    ab.close()
    review.close()


def test_answers_that_come_while_the_disk_is_full_wait_like_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 10\n")
    made.answer(ids=())
    session = made.ab()
    made.answer(job="late")
    with monkeypatch.context() as broken:
        broken.setattr("tui_eval.store.files._write_all", full)
        session._workspace.catch_up()
        assert session._grow()
        assert len(session.order) == 10
        with pytest.raises(NotSaved):
            session.vote(session.order[0], "left")
        with pytest.raises(NotSaved):
            session.finish()
        assert session.not_saved == 3
    assert session.retry() == 3
    same(made, session)
    session.close()


def test_reopening_takes_up_what_came_after_finishing(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 10\n")
    ids = [sample.id for sample in made.samples()]
    made.answer(ids=ids[:60])
    session = made.ab()
    before = len(session.order)
    for token in session.order:
        session.vote(token, "left")
    session.finish()
    made.answer(ids=ids[60:], job="late")
    assert not session.refresh()
    assert len(session.order) == before < 10
    session.reopen()
    assert session.refresh()
    assert len(session.order) == 10
    same(made, session)
    session.close()


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("I am Qwen, made by Alibaba Cloud.", True),
        ("As support-v2, I can help.", True),
        ("Our support is final: the base price is tuned to the model.", False),
        ("Yes.<|im_end|>", True),
        ("A < b | c > d", False),
    ],
)
def test_what_gives_a_side_away(text: str, tells: bool) -> None:
    names = names_in(("tuned", "base", "runs/support-v2", "Qwen/Qwen2.5-0.5B", "support"))
    assert gives_away(text, names) is tells
    assert not gives_away("Anything at all", names_in(("base", "tuned", "")))


def test_a_file_without_some_rows_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    """Twelve pairs are planned, and two prompts have no row in the file of answers."""
    toml = '[blind_ab]\npairs = 12\n[models.vendor]\nanswers = "vendor.jsonl"\n'
    made = Made.at(tmp_path / "w", count=12, toml=toml)
    rows = [{"prompt": one.prompt, "answer": f"say {one.row}"} for one in made.samples()[2:]]
    (made.folder / "vendor.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made.answer(models=("tuned",))
    session = open_ab(made.workspace(), made.config, "tuned", against="vendor", judge="ana")
    assert session.standing.planned == 10
    assert any(sentence.startswith("10 pairs") for sentence in session.before())
    while (pair := session.following()) is not None:
        session.vote(pair, "left")
    session.finish()
    session.close()
    (one,) = comparisons(made.workspace(), made.config)
    assert one.reading.numbers["planned"].value == 10
    assert one.reading.numbers["unanswerable"].value == 2
    (told,) = as_json([one], 0.05)["comparisons"]
    assert [(judge["judged"], judge["planned"]) for judge in told["judges"]] == [(10, 10)]
