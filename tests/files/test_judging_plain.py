"""Judging line by line: the same sessions, plain text, nothing that a terminal obeys."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.files.made_rounds import Made
from tests.waiting import until
from tui_eval.commands.judging_plain import run_plain_ab, run_plain_review
from tui_eval.core.answers import Written
from tui_eval.core.reading import Finding, Reading
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.review import Review

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 6\n[review]\nsamples = 4\n")
    found.answer()
    return found


def told(session: Ab, lines: str, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert run_plain_ab(session, io.StringIO(lines), out, result=a_reading) == 0
    out.seek(0)
    return out.read()


def reviewed(session: Review, lines: str) -> str:
    out = io.StringIO()
    assert run_plain_review(session, io.StringIO(lines), out) == 0
    return out.getvalue()


def a_reading() -> Reading:
    return Reading(
        step="blind_ab",
        candidate="tuned",
        verdict="caution",
        headline="h",
        summary="no preference shown",
        findings=(Finding("not_shown", "caution", "No preference shown."),),
    )


def test_a_line_is_a_vote_and_the_next_pair_follows(ab: Ab) -> None:
    text = told(ab, "a\nb\nt\nx\nA\n")
    sides = [ab.mark(token).side for token in ab.order]
    assert sides == ["left", "right", "tie", "both_bad", "left", None]
    assert ab.mark(ab.order[4]).strong
    assert text.count("\nA:\n") == 6
    assert "saved: A is better, clearly" in text
    assert "5 of 6 done, all saved." in text


def test_undo_skip_flag_and_notes(ab: Ab) -> None:
    first, second, third = ab.order[:3]
    text = told(ab, "s\na\nu\nu\nf\nn too long #length\nn\nanother #length\n!\nq\n")
    assert "undone: vote" in text
    assert "undone: skip" in text
    assert ab.mark(first).flagged
    assert ab.mark(first).note == "another #length"
    assert "tags: #length 1" in text
    assert ab.following() == first
    assert not ab.mark(second).side
    assert "Vote on this pair first" in text
    assert not ab.mark(third).side


def test_finish_guess_and_unblind(ab: Ab) -> None:
    text = told(ab, "t\na\na\na\na\nF\nF\na\nunblind\nyes\na\n")
    assert "ends your part early" in text
    assert "Which is the candidate's?" in text
    assert "No preference shown." in text
    assert ab.unblinded
    guessed = [ab.mark(token).guess for token in ab.order]
    assert guessed.count("left") == 1
    assert "unblind shows the result" in text


def test_after_the_unblinding_no_pair_is_asked(ab: Ab) -> None:
    ab.vote(ab.order[0], "left", ms=900)
    ab.finish()
    ended = told(ab, "")
    assert "Everybody has finished. unblind shows the result; reopen goes on." in ended
    ab.unblind()
    text = told(ab, "a\n")
    assert text.count("These pairs are unblinded.") == 1
    assert "There is no pair before you." in text
    assert "A:" not in text


def test_nobody_unblinds_while_another_judges(made: Made, ab: Ab) -> None:
    other = made.ab("bo")
    other.vote(other.order[0], "left")
    text = told(ab, "a\na\na\na\na\na\nfinish\nunblind\nyes\nclose bo\nunblind\nyes\n")
    assert "bo is at 1 of 6." in text
    assert "bo's part is closed" in text
    assert ab.unblinded
    other.close()


def test_no_model_and_no_side_is_told_before_unblinding(ab: Ab) -> None:
    text = told(ab, "?\na\nwhere\nr\nk\np\nagain\n\nt\nx\nb\na\na\nF\na\na\n")
    for name in ("tuned-checkpoint", "Zephyrine", "tuned", "base"):
        assert name not in text.replace("fine-tuned", "")


def test_what_a_model_wrote_reaches_no_terminal_raw(made: Made) -> None:
    ids = [sample.id for sample in made.samples()]
    hostile = "\x1b[2J\x1b]0;owned\x07 café ‮evil"
    made.answer(texts={("tuned", id): Written(hostile + id) for id in ids}, job="again")
    session = made.ab("cy")
    text = told(session, "q\n")
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "‮" not in text
    session.close()
    again = made.ab("cy")
    plain = told(again, "q\n", encoding="ascii")
    assert plain.isascii()
    again.close()


def test_an_unknown_key_is_told_and_an_empty_line_reads_on(ab: Ab) -> None:
    text = told(ab, "zz\n\n?\nclose nobody\n")
    assert "zz is no key here" in text
    assert "clear" in text
    assert "Nobody of that name" in text
    assert ab.standing.done == 0


def test_scores_one_by_one_or_four_at_once(review: Review) -> None:
    text = reviewed(review, "4\n5\n9\n-\n3\n5\n0\n5 4 3 2\n45\ngo 1\nlist\n1\nq\n")
    first, second = review.order[:2]
    assert review.mark(first).scores == {
        "accuracy": 4, "relevance": 3, "fluency": 5, "format": 1
    }  # fmt: skip
    assert list(review.mark(second).scores.values()) == [5, 4, 3, 2]
    assert "One score of 0 to 5, or four at once." in text
    assert "cleared: relevance" in text
    assert "2 of 4 done, all saved." in text
    assert "accuracy 4, relevance 3, fluency 5, format n/a" in text


def test_levels_expected_and_the_end(review: Review) -> None:
    text = reviewed(review, "levels\ne\nk\n5555\n5555\n5555\n5555\ngo 9\ngo 2\nq\n")
    assert "right in everything" in text
    assert "Reference" in text
    assert "All answers are scored." in text
    assert "There are answers 1 to 4." in text
    assert "reference" in review.mark(review.order[0]).views


def test_waiting_for_answers_is_told_and_looked_at_again(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 3\n")
    made.answer(ids=())
    session = made.ab()
    out = io.StringIO()

    class Typed(io.StringIO):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
            if session.standing.waiting and "waiting" in out.getvalue():
                made.answer(job="late")
            return super().readline(-1)

    assert run_plain_ab(session, Typed("\na\n"), out) == 0
    assert "3 more are waiting" in out.getvalue()
    assert session.standing.done == 1
    session.close()


CHILD = """
import sys
from pathlib import Path
from tests.files.made_rounds import Made
from tui_eval import config as settings
from tui_eval.commands.judging_plain import run_plain_ab
folder = Path(sys.argv[1])
made = Made(folder, settings.load(folder / "eval.toml", files=False))
session = made.ab()
try:
    sys.exit(run_plain_ab(session, sys.stdin, sys.stdout))
finally:
    session.close()
"""


def test_ctrl_c_leaves_with_130_and_everything_saved(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(made.folder)],
            stdin=subprocess.PIPE,
            stdout=file,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    assert child.stdin is not None
    child.stdin.write(b"a\n")
    child.stdin.flush()
    until(lambda: b"1 of 6 done" in out.read_bytes(), what="the vote")
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    child.stdin.close()
    assert b"1 of 6 done, all saved." in out.read_bytes()
    session = made.ab()
    assert session.standing.done == 1
    session.close()
