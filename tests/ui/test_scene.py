from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ui.fake import CURVES, PERPLEXITY, PERPLEXITY_OPEN
from tui_eval.core.reading import Number
from tui_eval.core.records import EngineStatus, Job
from tui_eval.ui import scene as scenes
from tui_eval.ui.scene import Scene
from tui_eval.ui.widgets import progress

JOB = Job(
    "j1", "score", {"candidate": "tuned", "split": "validation"}, "running", "2026-01-01T00:00:00Z",
    done=412, total=600, speed=38.0, eta=12.0,
)  # fmt: skip
BEGUN = replace(PERPLEXITY_OPEN, headline="so far 8.4 → 5.1", numbers={"base": Number(8.4, n=412)})
SCENE = Scene(
    candidate="tuned",
    candidates=("tuned",),
    readings={"curves": CURVES, "perplexity": PERPLEXITY_OPEN},
    known=True,
)


def row(scene: Scene, key: str = "perplexity") -> scenes.Row:
    return next(row for row in scenes.rows(scene) if row.key == key)


def test_before_anything_is_read_it_says_so() -> None:
    assert row(Scene(candidate="tuned")).state == "looking"


def test_a_verdict_stands_with_its_headline() -> None:
    curves = row(SCENE, "curves")
    assert (curves.mark, curves.word, curves.role) == ("!", "caution", "caution")
    assert curves.headline == CURVES.headline


def test_nothing_done_and_nothing_running_is_not_started() -> None:
    assert row(SCENE).state == "not_started"


def test_some_done_and_nothing_running_waits() -> None:
    begun = replace(SCENE, readings={"perplexity": BEGUN})
    assert (row(begun).state, row(begun).headline) == ("waiting", "so far 8.4 → 5.1")


def test_a_running_job_shows_how_far_it_is() -> None:
    running = replace(SCENE, jobs=(JOB,), engine=EngineStatus("working"))
    assert (row(running).state, row(running).headline) == ("running", "no result yet")
    begun = replace(running, readings={"perplexity": BEGUN})
    assert row(begun).headline == "so far 8.4 → 5.1"


def test_a_key_that_was_pressed_is_asked_for_no_more() -> None:
    """Also where another job of the step is done, and the one at work is older."""
    numbers = {"gap": Number(0.1, n=60)}
    asks = replace(BEGUN, headline="120 prompts to compare: press r", numbers=numbers)
    scene = replace(SCENE, readings={"perplexity": asks}, jobs=(JOB,))
    done = replace(JOB, id="j2", state="done", requested_at="2026-01-02T00:00:00Z")
    assert row(scene).headline == "120 prompts to compare"
    assert row(replace(scene, jobs=(JOB, done))).headline == "120 prompts to compare"
    queued = (replace(JOB, state="queued"), done)
    assert "press r" not in row(replace(scene, jobs=queued)).headline
    assert row(replace(scene, jobs=(done,))).headline == "120 prompts to compare: press r"


def test_another_candidates_job_is_not_this_ones() -> None:
    other = replace(JOB, args={"candidate": "other", "split": "validation"})
    assert row(replace(SCENE, jobs=(other,))).state == "not_started"


@pytest.mark.parametrize(
    ("job", "engine", "state", "words"),
    [
        (replace(JOB, state="queued"), "starting", "queued", "engine starting"),
        (replace(JOB, state="queued"), "working", "queued", "after the job before it"),
        (replace(JOB, state="interrupted"), "absent", "interrupted", "press r to go on"),
        (replace(JOB, state="cancelled"), "idle", "interrupted", "press r to go on"),
        (JOB, "lost", "interrupted", "the engine stopped: press r to go on"),
        (
            replace(JOB, state="failed", error="no \x1b[31mmemory\nsee the log"),
            "idle",
            "failed",
            "no ␛[31mmemory",
        ),
    ],
)
def test_every_end_of_a_job_has_words(job: Job, engine: str, state: str, words: str) -> None:
    scene = replace(SCENE, jobs=(job,), engine=EngineStatus(engine))  # type: ignore[arg-type]
    assert (row(scene).state, row(scene).headline) == (state, words)


def test_a_verdict_is_not_hidden_by_an_old_failure() -> None:
    scene = replace(
        SCENE, readings={"perplexity": PERPLEXITY}, jobs=(replace(JOB, state="failed", error="x"),)
    )
    assert row(scene).state == "good"


def test_the_newest_job_counts() -> None:
    old = replace(JOB, id="j0", state="failed", error="old", requested_at="2025-01-01T00:00:00Z")
    assert row(replace(SCENE, jobs=(old, JOB))).state == "running"
    assert row(replace(SCENE, jobs=(JOB, old))).state == "running"


def test_a_dead_engine_is_told_with_its_remedy() -> None:
    words = scenes.alert(replace(SCENE, jobs=(JOB,), engine=EngineStatus("lost")))
    assert "The engine stopped" in words
    assert "r resumes it" in words
    assert "L shows its log" in words


def test_the_first_line_counts_and_names_the_next() -> None:
    text = "".join(part for part, _ in scenes.summary(SCENE))
    assert text == "… undecided   1 of 6 done, 1 caution · next: 2 perplexity, press r"


def test_the_remainder_of_a_failed_job_is_told() -> None:
    failed = replace(JOB, state="failed", error="no memory")
    assert "scoring failed: no memory" in scenes.alert(replace(SCENE, jobs=(failed,)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (12, "12 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"),
     (7800, "2 h 10 min"), (7200, "2 h")],
)  # fmt: skip
def test_durations_as_people_say_them(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words


def test_the_moving_number_keeps_its_width() -> None:
    lines = {
        len(progress.engine_line(replace(JOB, done=done), EngineStatus("working"), "")[0])
        for done in (0.0, 9.0, 99.0, 600.0)
    }
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("job", "engine", "words"),
    [
        (JOB, "working", "scoring 412/600 · 12 s"),
        (None, "idle", "idle"),
        (None, "absent", "idle"),
        (JOB, "lost", "engine stopped"),
        (replace(JOB, cancel=1), "working", "scoring: stopping after this batch"),
        (replace(JOB, host="gpu-7"), "absent", "scoring on gpu-7"),
        (replace(JOB, total=0.0, message="loading tuned"), "working", "loading tuned"),
        (replace(JOB, state="queued"), "starting", "engine starting"),
    ],
)
def test_what_the_engine_does(job: Job | None, engine: str, words: str) -> None:
    status = EngineStatus(engine)  # type: ignore[arg-type]
    assert progress.engine_line(job, status, "here")[0] == words


def test_what_is_asked_for_needs_no_further_key() -> None:
    queued = replace(SCENE, jobs=(replace(JOB, state="queued"),))
    told = "".join(part for part, _ in scenes.summary(queued))
    assert told.endswith("next: 2 perplexity is queued")
