"""Sessions of review and blind A/B over real journals and facts."""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from pathlib import Path

import pytest

from tests.files.made_rounds import Made, answer_as, folded, same
from tui_eval import config as settings
from tui_eval.core import blinding
from tui_eval.core.answers import Written
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.session import AbSession, ReviewSession
from tui_eval.errors import InputError
from tui_eval.files.judging import open_ab
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.review import Review
from tui_eval.store.journal import NotSaved


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
        answer_as(made, name, "wonderful")
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
