"""Sessions of review and blind A/B over real journals and facts."""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_rounds import Made
from tui_eval import config as settings
from tui_eval.core import blinding
from tui_eval.core.answers import Written
from tui_eval.core.judgements import CRITERIA, JudgeRound, rounds
from tui_eval.core.session import AbSession, ReviewSession
from tui_eval.errors import InputError, StoreError
from tui_eval.files.judging import open_ab
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.judging.review import Review
from tui_eval.files.judging.texts import gives_away, names_in
from tui_eval.store.journal import NotSaved


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 20\n[review]\nsamples = 10\n")
    found.answer()
    return found


@pytest.fixture
def ab(made: Made) -> Iterator[Ab]:
    session = made.ab()
    yield session
    session.close()


@pytest.fixture
def review(made: Made) -> Iterator[Review]:
    session = made.review()
    yield session
    session.close()


def folded(made: Made, session: Ab | Review) -> JudgeRound:
    """The state from the journals alone."""
    workspace = made.workspace()
    found = rounds(workspace.judgements(KINDS))[session.state.round].judge(session.judge)
    workspace.close()
    assert found is not None
    return found


def same(made: Made, session: Ab | Review) -> None:
    from_disk = folded(made, session)
    assert session.state == from_disk
    assert list(session.state.order) == list(from_disk.order)


def test_the_sessions_are_what_the_screens_ask_for(ab: Ab, made: Made) -> None:
    session: AbSession = ab
    review: ReviewSession = made.review("bo")
    assert (session.title, review.title) == ("blind A/B", "manual review of tuned")
    assert session.mode == "planned"
    assert not review.blind
    assert set(review.anchors) == set(CRITERIA)
    review.close()


def test_twenty_pairs_and_their_repeats_are_planned(ab: Ab) -> None:
    assert ab.standing.planned == 20
    assert len(ab.order) == 25
    assert len(ab.state.pairs) == 25
    assert (ab.standing.done, ab.standing.waiting) == (0, 0)


def test_a_pair_is_two_texts_a_prompt_and_a_token(ab: Ab) -> None:
    pair = ab.pair(ab.order[0])
    assert {pair.left.partition(":")[0], pair.right.partition(":")[0]} == {"Certainly", "Yes"}
    assert pair.prompt.last.startswith("Question")
    assert [turn.role for turn in pair.prompt.turns] == ["user"]
    assert pair.reference is not None
    assert pair.reference.startswith("Reference")


def test_both_sides_are_shown_alike_and_stored_as_they_came(made: Made, tmp_path: Path) -> None:
    other = Made.at(tmp_path / "other", toml="[blind_ab]\npairs = 4\n")
    ids = [sample.id for sample in other.samples()]
    texts: dict[tuple[str, str], str | Written] = {}
    for id in ids:
        texts["tuned", id] = f"\nAn answer to {id}. \n<|im_end|>\n"
        texts["base", id] = f"An answer too.\t{id}   \n\n"
    other.answer(texts=texts)
    session = other.ab()
    for token in session.order:
        pair = session.pair(token)
        assert not any("im_end" in text or text != text.strip() for text in (pair.left, pair.right))
    assert any("may give a side away" in sentence for sentence in session.before())
    stored = session._texts
    assert any("<|im_end|>\n" in one.answer for one in stored.values())
    session.close()


def walk(value: object, seen: set[int], depth: int = 0) -> Iterator[str]:
    """Every text that can be reached through attributes, fields and containers."""
    if id(value) in seen or depth > 12:
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(key, seen, depth + 1)
            yield from walk(item, seen, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from walk(item, seen, depth + 1)
    elif is_dataclass(value) or type(value).__module__.startswith("tui_eval"):
        names = getattr(type(value), "__slots__", None) or vars(value)
        for name in names:
            yield from walk(getattr(value, name, None), seen, depth + 1)


def test_a_session_has_nowhere_to_read_a_models_name_from(made: Made) -> None:
    made.config = settings.parse(
        (made.folder / "eval.toml").read_text().replace("models.tuned", "models.wonderful"),
        made.folder,
        files=False,
    )
    for name in ("base", "wonderful"):
        other = Made(made.folder, made.config)
        _answer_as(other, name)
    session = open_ab(made.workspace(), made.config, "wonderful", judge="ana")
    session.vote(session.order[0], "left")
    reached = "\n".join(walk(session, set()))
    assert session.pair(session.order[1]).left in reached
    assert "wonderful" not in reached
    assert "Zephyrine" not in reached
    assert "tuned-checkpoint" not in reached
    journal = session._journal.path.read_text()
    assert "wonderful" not in journal
    assert "Zephyrine" not in journal
    session.close()


def _answer_as(made: Made, name: str) -> None:
    from tests.files.made_rounds import generator
    from tui_eval.core.answers import completion
    from tui_eval.store.codec import encode

    workspace = made.workspace()
    with workspace.facts(f"job-{name}") as facts:
        producer = generator(made.config, name, "wonderful")
        facts.append("producer", producer.key, None, encode(producer))
        for sample in made.samples("wonderful"):
            text = Written(f"{'Well' if name == 'base' else 'So'}: {sample.prompt}")
            one = completion(producer.key, sample.id, text)
            facts.append("completion", producer.key, sample.id, encode(one))
    workspace.close()


def test_a_vote_is_in_the_journal_when_it_returns(made: Made, ab: Ab) -> None:
    token = ab.following()
    assert token == ab.order[0]
    ab.vote(token, "left", ms=900, left=1.0, right=0.5, shown={"columns": 80})
    event = json.loads(ab._journal.path.read_text().splitlines()[-1])
    assert (event["kind"], event["pair"], event["side"]) == ("vote", token, "left")
    assert (event["ms"], event["right"], event["shown"]) == (900, 0.5, {"columns": 80})
    assert ab.mark(token).detail["ms"] == 900
    assert ab.following() == ab.order[1]
    same(made, ab)


def test_what_a_screen_says_of_looking_replaces_nothing(ab: Ab) -> None:
    token = ab.order[0]
    ab.vote(token, "left", plan="other", pair="other", id="x", sum="y")
    assert ab.mark(token).side == "left"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_the_state_is_the_journals(made: Made, seed: int) -> None:
    random.seed(seed)
    ab, review = made.ab(f"judge {seed}"), made.review(f"judge {seed}r")
    for step in range(120):
        token, item = random.choice(list(ab.order)), random.choice(list(review.order))
        does = random.choice(["vote", "strong", "undo", "undo", "skip", "note", "flag", "view"])
        if does == "vote":
            ab.vote(token, random.choice(["left", "right", "tie", "both_bad"]))
            review.score(item, random.choice(CRITERIA), random.choice([None, 0, 1, 5]))
        elif does == "strong" and ab.mark(token).vote:
            ab.strong(token)
        elif does == "undo":
            ab.undo()
            review.undo()
        elif does in ("skip", "flag", "note", "view"):
            more = {"skip": (), "flag": (step % 2 == 0,), "note": (f"#n{step}",), "view": ("diff",)}
            getattr(ab, does)(token, *more[does])
            getattr(review, does)(item, *more[does])
        if step % 40 == 0 and ab.to_guess():
            ab.guess(ab.to_guess()[0], "right")
    same(made, ab)
    same(made, review)
    states = (ab.state, review.state)
    ab.close()
    review.close()
    reopened = (made.ab(f"judge {seed}"), made.review(f"judge {seed}r"))
    assert (reopened[0].state, reopened[1].state) == states
    for session in reopened:
        session.close()


def test_undo_survives_a_restart_and_has_no_end(made: Made, ab: Ab) -> None:
    tokens = ab.order[:6]
    for token in tokens:
        ab.vote(token, "left")
    ab.close()
    again = made.ab()
    assert again.standing.done == 6
    undone = []
    while (taken := again.undo()) is not None:
        undone.append(taken[0])
    assert undone == list(tokens[::-1])
    assert again.standing.done == 0
    again.close()
    assert made.ab().following() == tokens[0]


def test_following_goes_on_then_turns_to_the_skipped(ab: Ab) -> None:
    first, second, third = ab.order[:3]
    ab.skip(first)
    assert ab.following(first) == second
    ab.vote(second, "left")
    assert ab.following(second) == third
    assert ab.following(ab.order[-1]) == third
    for token in ab.order[2:]:
        ab.vote(token, "tie")
    assert ab.following() == first
    assert ab.following(first) == first
    ab.vote(first, "tie")
    assert ab.following() is None


def test_a_repeat_waits_for_its_pair(ab: Ab) -> None:
    repeats = {pair.pair: pair.repeat_of for pair in ab.state.pairs if pair.repeat_of}
    first = next(iter(repeats.values()))
    shown: list[str] = []
    while (token := ab.following(shown[-1] if shown else "")) is not None:
        if token == first and token not in shown:
            ab.skip(token)
        else:
            ab.vote(token, "left")
        shown.append(token)
    assert len(shown) == 26
    last = {token: place for place, token in enumerate(shown)}
    for repeat, of in repeats.items():
        assert last[of] < last[repeat]


def test_standing_tells_no_direction(ab: Ab) -> None:
    for number, token in enumerate(ab.order[:9]):
        ab.vote(token, ("left", "tie", "both_bad")[number % 3])
        assert (ab.standing.enough is None) == (number < 4)
    ab.flag(ab.order[3], True)
    standing = ab.standing
    repeats = {pair.pair for pair in ab.state.pairs if pair.repeat_of}
    assert standing.done == 9 - len(repeats & set(ab.order[:9]))
    assert standing.ties == 6
    assert standing.flagged == 1
    assert standing.enough is False
    assert standing.pace is not None


def test_enough_is_looked_at_every_five_votes(made: Made, ab: Ab) -> None:
    tuned = {one.id for one in ab._source.read().texts.values() if one.text.startswith("Yes")}
    lamps = []
    for token in [t for t in ab.order if not ab._pairs[t].repeat_of]:
        ab.vote(token, "left" if ab._pairs[token].left in tuned else "right")
        lamps.append(ab.standing.enough)
    changes = [n for n in range(1, 20) if lamps[n] != lamps[n - 1]]
    assert lamps[-1] is True
    assert all((n + 1) % 5 == 0 for n in changes)


def test_pace_leaves_pauses_out(made: Made, ab: Ab, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0, 10, 20, 3000, 3012, 3020])
    for token in ab.order[:6]:
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(next(seconds)))
        ab._took({"id": f"x{at}", "at": at, "kind": "vote", **ab._at(token), "side": "left"})
    assert ab.standing.pace == 10


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


def test_thinking_opens_after_the_vote(made: Made, tmp_path: Path) -> None:
    other = Made.at(tmp_path / "other", toml="[blind_ab]\npairs = 3\n")
    other.answer()
    session = other.ab()
    assert session.thinking(session.order[0]) == ("", "")
    for id, one in list(session._texts.items()):
        session._texts[id] = replace(one, thinking=f"thought of {one.answer[:3]}")
    assert session.thinking(session.order[0]) == ("", "")
    session.vote(session.order[0], "left")
    left, right = session.thinking(session.order[0])
    assert left.startswith("thought of")
    assert left != right
    session.close()


def test_what_could_not_be_written_counts_and_is_written_later(
    made: Made, ab: Ab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("tui_eval.store.files._write_all", full)
        with pytest.raises(NotSaved):
            ab.vote(ab.order[0], "left")
        with pytest.raises(NotSaved):
            ab.vote(ab.order[1], "tie")
        assert ab.not_saved == 2
        assert ab.standing.done == 2
        assert ab.following() == ab.order[2]
        ab._fold()
        assert ab.standing.done == 2
    assert ab.retry() == 2
    assert ab.not_saved == 0
    mark = folded(made, ab).mark(ab.order[0])
    assert mark.side == "left"


def test_tags_are_counted_over_all_rounds_of_the_judge(made: Made, ab: Ab) -> None:
    ab.note(ab.order[0], "too #long and #vague, #long")
    ab.note(ab.order[1], "#long again")
    assert ab.tags() == {"long": 2, "vague": 1}
    ab.close()
    review = made.review()
    review.note(review.order[0], "#long")
    assert review.tags() == {"long": 3, "vague": 1}
    review.undo()
    assert review.tags() == {"long": 2, "vague": 1}
    review.close()


def test_a_review_item_tells_how_the_answer_ended(made: Made, tmp_path: Path) -> None:
    other = Made.at(tmp_path / "other", toml="[review]\nsamples = 8\nblind = 1\n")
    ids = blinding.allot(other.samples(), seed=0, review=8, pairs=0).review
    kinds = [Written("Cut off", finish="length"), Written(""), Written("Fine.")]
    call = '<tool_call>{"name": "look", "arguments": {"at": "sky"}}</tool_call>'
    kinds.append(Written(call))
    other.answer(texts={("tuned", id): kinds[n % 4] for n, id in enumerate(ids)})
    session = other.review()
    items = [session.item(token) for token in session.order]
    assert {item.answer.end for item in items} == {"cut at the limit", "empty", "ended by itself"}
    assert ('look(at="sky")',) in [item.answer.calls for item in items]
    assert [item.number for item in items] == list(range(1, 9))
    assert session.title == "manual review"
    assert session.blind
    session.close()


def test_scores_move_to_the_next_when_all_four_are_there(made: Made, review: Review) -> None:
    first, second = review.order[:2]
    for criterion in CRITERIA:
        assert review.following() == first
        review.score(first, criterion, 4, ms=100)
    assert review.following(first) == second
    assert review.standing.done == 1
    assert review.mark(first).detail["ms"] == 100
    for wrong in (6, -1, True, "4"):
        with pytest.raises(InputError):
            review.score(second, "accuracy", wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        review.score(second, "beauty", 3)
    same(made, review)


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


def test_a_vote_does_not_fold_the_journal_again(
    made: Made, ab: Ab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(judgements: object) -> None:
        raise AssertionError("folded")

    monkeypatch.setattr("tui_eval.files.judging.base.rounds", never)
    for number in range(100):
        ab.vote(ab.order[number % 20], "left")
        ab.following()
        ab.refresh()
    assert ab.standing.done > 10


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
