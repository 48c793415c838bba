"""Before unblinding, and what closes with it: no direction, no late vote, no undoing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_comparison import read, value
from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, answered, compared, heard
from tui_eval.core.judgements import Judgement
from tui_eval.core.reading import Reading

MIRROR = str.maketrans("tb", "bt")
TOLD = {"votes", "judged", "judged_any", "planned", "ready", "unanswerable", "pace"} | {
    "locked",
    "clear",
}
"""Numbers that may be there before unblinding."""


def judging(rows: list[str], *, finish: bool = False, unblind: bool = False) -> list[Judgement]:
    """Judges who vote at the same times whatever they vote, one row each; with repeats,
    strong votes, notes, flags and guesses."""
    judges = []
    for place, letters in enumerate(rows):
        judge = Judge(f"judge {place}", place).pairs(len(letters), repeats=[0, 1], planned=30)
        for pair, letter in enumerate(letters):
            name = judge.vote(pair, letter) or judge.say("view", plan=judge.plan, pair="p")
            if pair % 3 == 0:
                judge.say("strong", of=name)
        judge.again([0, 1], letters[1::-1].replace(".", "="))
        judge.say("note", plan=judge.plan, pair=judge.token(0), text="the left one #long")
        judge.flag(1)
        judge.guesses([2, 3], 1)
        judges.append(judge.finish() if finish else judge)
    if unblind:
        judges[0].clock = max(judge.clock for judge in judges)
        judges[0].unblind()
    return heard(*judges)


VOTES = st.lists(st.text("tb=x.", min_size=24, max_size=24), min_size=1, max_size=3)


def evidence_of(events: list[Judgement]) -> MadeEvidence:
    samples = [made_sample(i, category="ab"[i % 2], group=f"g{i // 2}") for i in range(24)]
    texts = {i: "word " * (i % 5 + 1) for i in range(24)}
    return compared(24, *events, samples=samples, tuned=texts, cut={"tuned": 5})


@settings(deadline=None, max_examples=60)
@given(VOTES, st.booleans())
def test_mirrored_votes_give_the_same_reading_in_every_field(rows: list[str], done: bool) -> None:
    mirrored = [letters.translate(MIRROR) for letters in rows]
    reading = read(evidence_of(judging(rows, finish=done)))
    assert reading == read(evidence_of(judging(mirrored, finish=done)))
    assert reading.verdict == "waiting"


@settings(deadline=None, max_examples=60)
@given(VOTES, VOTES)
def test_only_whether_it_is_enough_depends_on_what_was_voted(
    rows: list[str], others: list[str]
) -> None:
    """The same pairs voted on at the same times, but every vote another."""
    changed = [
        "".join("." if letter == "." else "tb=x"[(i * 7 + ord(other)) % 4]
                for i, (letter, other) in enumerate(zip(row, others[0], strict=True)))
        for row in rows
    ]  # fmt: skip
    one, other = (_without_enough(read(evidence_of(judging(r)))) for r in (rows, changed))
    assert one == other


def _without_enough(reading: Reading) -> Reading:
    """Whether the votes decide, and nothing else, taken out."""
    numbers = {k: n for k, n in reading.numbers.items() if k not in ("locked", "clear")}

    def plain(text: str) -> str:
        return text.replace("decide? yes", "decide? -").replace("decide? not yet", "decide? -")

    # Of the headline only how far judging is: what follows may be cut.
    headline = reading.headline.partition(",")[0]
    return replace(reading, numbers=numbers, summary=plain(reading.summary), headline=headline)


def test_the_mirror_shows_once_it_is_unblinded() -> None:
    rows = ["t" * 15 + "b" * 9]
    mirrored = [row.translate(MIRROR) for row in rows]
    one, other = (
        read(evidence_of(judging(r, finish=True, unblind=True))) for r in (rows, mirrored)
    )
    assert value(one, "wins") == value(other, "losses") == 15
    assert one != other


def test_before_unblinding_there_is_no_number_of_a_direction_and_no_pair() -> None:
    reading = read(evidence_of(judging(["t" * 20 + "x" * 4, "t" * 20 + "...."])))
    assert {name for name, n in reading.numbers.items() if n.value is not None} == TOLD
    assert all(n.low is None and n.high is None for n in reading.numbers.values())
    assert reading.plots == ()
    assert list(reading.tables) == ["judges"]
    assert {column.key for column in reading.tables["judges"].columns} == {
        "judge", "judged", "planned", "state",
    }  # fmt: skip
    told = json.dumps(asdict(reading), ensure_ascii=False)
    for word in ("●", "○", "prefer ", "preferred", "both bad", "won", "key-of"):
        assert word not in told, word


def test_nobody_is_told_after_which_vote_it_became_enough() -> None:
    """Looked at every five votes, as on the judging screen."""
    told = []
    for n in range(1, 16):
        events = heard(Judge().pairs(50, planned=50).votes("t" * n))
        told.append(value(read(compared(50, *events)), "clear"))
    assert told == [0.0] * 9 + [1.0] * 6


def test_the_last_planned_vote_is_always_enough() -> None:
    told = []
    for n in (21, 22, 23, 24):
        events = heard(Judge().pairs(24).votes(("tb" * 12)[:n]))
        told.append(value(read(compared(24, *events)), "locked"))
    assert told == [1, 1, 1, 1]
    close = heard(Judge().pairs(24).votes("t" * 17 + "b" * 6))
    assert value(read(compared(24, *close)), "locked") == 0
    done = heard(Judge().pairs(24).votes("t" * 17 + "b" * 7))
    assert value(read(compared(24, *done)), "locked") == 1


def test_what_is_enough_stays_true_while_others_have_begun() -> None:
    """Only pairs that all who have begun voted on can be certain, or such as can't turn."""
    ana = Judge().pairs(30).votes("t" * 30)
    alone = read(compared(30, *heard(ana)))
    assert (value(alone, "locked"), value(alone, "clear")) == (1, 1)
    bo = Judge("bo", 1).pairs(30).votes("t")
    both = read(compared(30, *heard(ana, bo)))
    assert (value(both, "locked"), value(both, "clear")) == (0, 0)
    gone = read(compared(30, *heard(ana, bo.finish())))
    assert value(gone, "locked") == 1


def test_words_while_waiting() -> None:
    empty = read(compared(50, completions={}))
    assert (empty.verdict, empty.headline) == ("waiting", "needs 50 prompts answered: press r")
    ready = read(compared(50))
    assert ready.headline == "50 pairs ready, about 30 minutes"
    assert ready.summary == "50 pairs to be judged; they find a preference of 70% or more"
    some = read(compared(50, tuned={}, completions=_first(20)))
    assert some.headline == "20 of 50 pairs ready, about 30 minutes"
    ana = Judge().pairs(50).votes("tb" * 16)
    going = read(compared(50, *heard(ana)))
    assert going.headline == "32 of 50 judged, enough to decide: not yet"
    assert going.summary == "ana 32 of 50, 30 s each; enough votes to decide? not yet"
    bo = Judge("bo", 1).pairs(50).votes("tb" * 8).finish()
    both = read(compared(50, *heard(ana, bo)))
    assert both.summary == "ana 32, bo 16 of 50, 30 s each; enough votes to decide? not yet"
    assert [row[-1] for row in both.tables["judges"].rows] == ["judging", "finished"]
    done = read(compared(50, *heard(ana.votes("tb" * 9, 32).finish(), bo)))
    assert done.verdict == "waiting"
    assert done.headline == "50 of 50 judged: can be unblinded"
    assert done.summary == "ana 50, bo 16 of 50; every judge is done: unblind to read the result"


def test_whoever_only_has_to_end_it_is_told_so() -> None:
    ana = Judge().pairs(50).votes("tb" * 25)
    alone = read(compared(50, *heard(ana)))
    assert alone.headline == "50 of 50 judged: J, then F ends it"
    assert alone.summary == "ana 50 of 50, 30 s each; all judged: J, then F ends it"


def test_two_judges_of_whom_one_is_ahead_are_both_told() -> None:
    """Also where the one ahead has ended: the other keeps the result closed."""
    ana, bo = Judge().pairs(50).votes("tb" * 25), Judge("bo", 1).pairs(50).votes("tbtb")
    for reading in (read(compared(50, *heard(one, bo))) for one in (ana, ana.finish())):
        assert reading.headline == "ana 50, bo 4 of 50: J, F ends or closes"
        told = "ana 50, bo 4 of 50; bo must finish or be closed: J, then F"
        assert reading.summary == told
        assert (value(reading, "judged"), value(reading, "judged_any")) == (4, 50)
    long = Judge("b" * 30, 1).pairs(50).votes("tb")
    assert len(read(compared(50, *heard(ana, long))).headline) <= 42


def _first(n: int) -> Any:
    made = answered(50).completions
    return {model: dict(list(answers.items())[:n]) for model, answers in made.items()}


def test_without_votes_before_the_first_the_planned_number_is_explained() -> None:
    told = " ".join(read(compared(20)).how)
    assert "20 pairs find a true preference of 80% or more 4 times in 5" in told
    assert "changes the sign test's verdict" in told
    few = read(compared(5))
    assert few.summary == "5 pairs to be judged; so few can show nothing"


def test_nothing_to_compare_is_said_in_words() -> None:
    alone = read(compared(20, base_name=None))
    assert (alone.verdict, alone.findings[0].code) == ("not_enough", "no_base")
    nothing = read(MadeEvidence())
    assert (nothing.verdict, nothing.findings[0].code) == ("not_enough", "no_validation")
    assert all(n.value in (None, 0) for n in (*alone.numbers.values(), *nothing.numbers.values()))
    base_only = compared(20)
    base_only.completions = {"tuned": base_only.completions["tuned"]}
    base_only.generators = {"tuned": base_only.generators["tuned"]}
    reading = read(base_only)
    assert reading.verdict == "waiting"
    assert reading.headline == "needs 20 prompts answered: press r"


def test_prompts_that_could_not_be_answered_are_not_waited_for() -> None:
    evidence = compared(
        20, *heard(Judge().pairs(18, planned=20).votes("t" * 18).finish().unblind())
    )
    made = dict(evidence.completions["base"])
    for name in ("s18", "s19"):
        made[name] = replace(made[name], error="does not fit", text="", answer="")
    evidence.completions = {**evidence.completions, "base": made}
    reading = read(evidence)
    assert value(reading, "planned") == 18
    assert [f.code for f in reading.findings] == ["power", "unanswerable"]


# What closes with unblinding.


def test_votes_after_unblinding_do_not_count() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 3 + ".").finish().unblind()
    before = read(compared(20, *heard(judge)))
    judge.vote(19, "b")
    judge.vote(0, "b")
    assert read(compared(20, *heard(judge))) == before
    assert value(before, "votes") == 19


def test_undoing_after_unblinding_changes_nothing() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 3)
    last = judge.vote(19, "b")
    judge.finish().unblind()
    before = read(compared(20, *heard(judge)))
    judge.say("undo", of=last)
    assert read(compared(20, *heard(judge))) == before


def test_pairs_planned_after_unblinding_do_not_count() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 4).finish().unblind()
    before = read(compared(22, *heard(judge)))
    more = {"pair": judge.token(20), "left": "key-of-base/s20", "right": "key-of-tuned/s20"}
    judge.say("more", plan=judge.plan, pairs=[more | {"identical": True}])
    assert read(compared(22, *heard(judge))) == before


def test_a_clock_that_is_set_back_reopens_nothing() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 4).finish().unblind()
    before = read(compared(20, *heard(judge)))
    judge.clock -= timedelta(days=1)
    judge.vote(0, "b")
    assert read(compared(20, *heard(judge))) == before


def test_undone_votes_do_not_count() -> None:
    judge = Judge().pairs(20).votes("t" * 15 + "b" * 4)
    wrong = judge.vote(19, "b")
    judge.say("undo", of=wrong)
    judge.vote(19, "t")
    reading = read(compared(20, *heard(judge.finish().unblind())))
    assert (value(reading, "wins"), value(reading, "losses")) == (16, 4)
    taken = Judge().pairs(20).votes("t" * 19)
    taken.say("undo", of=taken.vote(19, "b"))
    reading = read(compared(20, *heard(taken.finish().unblind())))
    assert (value(reading, "votes"), value(reading, "judged")) == (19, 19)


def test_another_judge_cannot_undo() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 3)
    last = judge.vote(19, "b")
    bo = Judge("bo", 1)
    bo.clock = judge.clock
    bo.say("undo", of=last)
    judge.clock += timedelta(minutes=5)
    reading = read(compared(20, *heard(judge.finish().unblind(), bo)))
    assert value(reading, "votes") == 20


def test_the_last_of_several_votes_on_a_pair_counts() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 4).votes("b")
    reading = read(compared(20, *heard(judge.finish().unblind())))
    assert (value(reading, "wins"), value(reading, "votes")) == (15, 20)


def test_a_journal_read_twice_changes_nothing() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 4).finish().unblind()
    once = read(compared(20, *heard(judge)))
    assert read(compared(20, *heard(judge, judge))) == once


def test_retrained_models_start_a_new_comparison() -> None:
    judge = Judge().pairs(20).votes("t" * 16 + "b" * 4).finish().unblind()
    evidence = compared(20, *heard(judge))
    again = replace(evidence.generators["tuned"], key="key of the next run")
    evidence.generators = {**evidence.generators, "tuned": again}
    reading = read(evidence)
    assert reading.verdict == "waiting"
    assert value(reading, "votes") == 0


@settings(deadline=None, max_examples=60)
@given(VOTES, st.booleans(), st.booleans())
def test_any_votes_are_read(rows: list[str], finish: bool, unblind: bool) -> None:
    reading = read(evidence_of(judging(rows, finish=finish, unblind=unblind)))
    assert reading.verdict == "waiting" or unblind


def test_ten_thousand_votes_are_read() -> None:
    judges = []
    for place in range(5):
        judge = Judge(f"judge {place}", place).pairs(2000)
        for pair in range(2000):
            left = judge.tuned_left(pair)
            judge.vote(pair, "t" if (pair * 7 + place) % 10 < 6 else "b", tuned_left=left)
            if pair % 10 == 0:
                judge.say("strong", of=judge.events[-1].event["id"])
        judges.append(judge.finish())
    judges[0].clock = max(judge.clock for judge in judges)
    judges[0].unblind()
    reading = read(compared(2000, *heard(*judges)))
    assert value(reading, "votes") == 10_000
    assert value(reading, "judged") == 2000
    assert value(reading, "win_rate") == 0.6
