from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ui import fake
from tests.waiting import until
from tui_eval import config as configuration
from tui_eval.checklist import CHECKLIST
from tui_eval.core.records import EngineStatus, Job
from tui_eval.errors import StoreError
from tui_eval.ui import changed
from tui_eval.ui import looker as lookers
from tui_eval.ui.decision_words import row_words
from tui_eval.ui.scene import About, Scene, rows, summary
from tui_eval.ui.screens.sign_off import Draft, lines
from tui_eval.ui.survey import Survey
from tui_eval.ui.widgets.rows import plain

PERPLEXITY = CHECKLIST[1]


class Heard:
    """What the looker tells."""

    def __init__(self) -> None:
        self.scenes: list[Scene] = []
        self.said: list[str] = []

    @property
    def last(self) -> Scene:
        return self.scenes[-1] if self.scenes else Scene()


class Counting(fake.FakeReader):
    reads = 0

    def reading(self, step: str, candidate: str) -> dict[str, Any]:
        self.reads += 1
        return super().reading(step, candidate)


def looking(workspace: fake.FakeWorkspace, reader: Any = None, **more: Any) -> Any:
    heard = Heard()
    start = fake.start(workspace, **more)
    made = reader or Counting({"curves": fake.CURVES, "perplexity": fake.PERPLEXITY_OPEN})
    looker = lookers.Looker(
        start,
        workspace,  # type: ignore[arg-type]
        start.config,  # type: ignore[arg-type]
        tell=heard.scenes.append,
        say=lambda words, role: heard.said.append(words),
        reader=lambda: made,
    )
    return looker, heard, made


def test_what_it_finds_is_told() -> None:
    looker, heard, _ = looking(fake.FakeWorkspace())
    looker.start()
    try:
        until(lambda: heard.last.known)
        assert set(heard.last.readings) == {"curves", "perplexity"}
        assert heard.last.about == fake.ABOUT
    finally:
        looker.stop(5)


def test_the_first_reading_is_told_before_the_others_are_read() -> None:
    looker, heard, _ = looking(fake.FakeWorkspace())
    looker.start()
    try:
        until(lambda: heard.last.known)
        assert set(heard.scenes[0].readings) <= {"curves"} or not heard.scenes[0].known
    finally:
        looker.stop(5)


def test_progress_reads_nothing_again_and_new_facts_do() -> None:
    workspace = fake.FakeWorkspace()
    looker, heard, reader = looking(workspace)
    looker.start()
    try:
        until(lambda: heard.last.known)
        before = reader.reads
        job = workspace.request("score", {"candidate": "tuned", "split": "validation"})
        workspace.alter(job.id, state="running", done=3.0, total=9.0)
        until(lambda: heard.last.jobs and heard.last.jobs[0].done == 3.0)
        assert reader.reads == before
        workspace.facts += 1
        workspace.changes += 1
        until(lambda: reader.reads > before)
    finally:
        looker.stop(5)


def test_nothing_new_is_told_once() -> None:
    workspace = fake.FakeWorkspace()
    looker, heard, _ = looking(workspace)
    looker.start()
    try:
        until(lambda: heard.last.known)
        told, seen = len(heard.scenes), workspace.seen
        workspace.changes += 1
        workspace.status = EngineStatus("absent", heartbeat_age=3.0)
        until(lambda: workspace.seen > seen, what="another sign of life")
        assert len(heard.scenes) == told
    finally:
        looker.stop(5)


def test_running_asks_for_the_job_and_starts_the_engine() -> None:
    workspace, started = fake.FakeWorkspace(), []
    looker, _, _ = looking(workspace, start_engine=lambda: started.append(True))
    looker.run_missing(PERPLEXITY)
    looker.start()
    try:
        until(lambda: started)
        assert [(job.verb, job.args) for job in workspace.jobs()] == [
            ("score", {"candidate": "tuned", "split": "validation"})
        ]
    finally:
        looker.stop(5)


def test_again_says_so_to_the_engine() -> None:
    workspace = fake.FakeWorkspace()
    looker, _, _ = looking(workspace)
    looker.run_again(PERPLEXITY)
    looker.start()
    try:
        until(workspace.jobs)
        assert workspace.jobs()[0].args["again"] is True
    finally:
        looker.stop(5)


def test_an_engine_that_cannot_be_started_is_said() -> None:
    def refuses() -> None:
        raise StoreError("The disk is full.", "Make room.")

    looker, heard, _ = looking(fake.FakeWorkspace(), start_engine=refuses)
    looker.run_missing(PERPLEXITY)
    looker.start()
    try:
        until(lambda: heard.said)
        assert heard.said == ["The disk is full. Make room."]
        until(lambda: heard.last.known)
    finally:
        looker.stop(5)


def test_a_death_that_changes_no_counter_is_noticed() -> None:
    workspace = fake.FakeWorkspace()
    workspace.status = EngineStatus("working", pid=4)
    workspace.kept = [Job("j", "score", {}, "running", "2026-01-01T00:00:00Z")]
    looker, heard, _ = looking(workspace)
    looker.start()
    try:
        until(lambda: heard.last.engine.state == "working")
        workspace.status = EngineStatus("lost", pid=4)
        until(lambda: heard.last.engine.state == "lost")
    finally:
        looker.stop(5)


def test_an_unreadable_workspace_is_told_and_looked_at_again() -> None:
    class Broken(fake.FakeWorkspace):
        broken = True

        def version(self) -> tuple[int, int]:
            if self.broken:
                raise StoreError("The index is \x1b[2Jlocked.", "Wait.")
            return super().version()

    workspace = Broken()
    looker, heard, _ = looking(workspace)
    looker.start()
    try:
        until(lambda: heard.last.trouble)
        assert heard.last.trouble == "The index is ␛[2Jlocked. Wait."
        workspace.broken = False
        until(lambda: heard.last.readings and not heard.last.trouble)
    finally:
        looker.stop(5)


def test_a_fault_of_ours_is_told_once_with_the_place_of_its_details(tmp_path: Path) -> None:
    class Faulty(fake.FakeReader):
        def about(self, candidate: str) -> About:
            raise KeyError("nothing")

    looker, heard, _ = looking(fake.FakeWorkspace(), Faulty({}))
    looker.start()
    try:
        until(lambda: heard.last.trouble)
        assert "KeyError" in heard.last.trouble
        until(lambda: not looker._thread.is_alive())
        log = tmp_path / "XDG_STATE_HOME" / "tui-eval" / "crash.log"
        assert "KeyError" in log.read_text()
    finally:
        looker.stop(5)


def test_another_candidate_is_read_anew() -> None:
    workspace = fake.FakeWorkspace()
    looker, heard, reader = looking(workspace)
    looker.start()
    try:
        until(lambda: heard.last.known)
        before = reader.reads
        looker.choose("other")
        until(lambda: heard.last.candidate == "other" and heard.last.readings)
        assert reader.reads > before
    finally:
        looker.stop(5)


def test_tokens_are_asked_for_under_the_candidate() -> None:
    workspace = fake.FakeWorkspace()
    looker, heard, _ = looking(workspace)
    looker.tokens({"sample": "s"})
    looker.start()
    try:
        until(lambda: heard.last.jobs)
        (job,) = workspace.jobs()
        assert (job.verb, job.args) == ("tokens", {"candidate": "tuned", "sample": "s"})
        assert heard.said == []
    finally:
        looker.stop(5)


class Written(Counting):
    """Files that a person writes, and how often they are looked at."""

    written: tuple[object, object] = (1, 1)
    looks = 0

    def stamps(self, candidate: str) -> tuple[object, object]:
        self.looks += 1
        return self.written


def test_a_changed_file_is_read_anew_and_an_unchanged_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changed, "EVERY", 0.0)
    reader = Written({"curves": fake.CURVES})
    looker, heard, _ = looking(fake.FakeWorkspace(), reader)
    looker.start()
    try:
        until(lambda: heard.last.known)
        before, looks = reader.reads, reader.looks
        until(lambda: reader.looks > looks + 2)
        assert reader.reads == before
        reader.written = (1, 2)
        until(lambda: reader.reads > before)
    finally:
        looker.stop(5)


def test_a_changed_eval_toml_is_judged_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed, "EVERY", 0.0)
    (tmp_path / "model").mkdir()
    path = tmp_path / "eval.toml"
    path.write_text('[models.tuned]\npath = "model"\n')
    reader = Written({"curves": fake.CURVES})
    looker, heard, _ = looking(fake.FakeWorkspace(), reader, config=configuration.load(path))
    looker.start()
    try:
        until(lambda: heard.last.known)
        before = looker.config
        path.write_text("[models.tuned")
        reader.written = (2, 1)
        until(lambda: heard.said)
        assert heard.said[-1].endswith("Until then the one read before stands.")
        assert looker.config is before
        path.write_text('[models.newer]\npath = "./gone"\n')
        reader.written = (3, 1)
        until(lambda: heard.last.candidate == "newer")
        assert "gone" in heard.said[-1]
        assert heard.last.candidates == looker.config.candidates == ("newer",)
    finally:
        looker.stop(5)


def test_slow_disks_are_asked_less() -> None:
    clock = iter((0.0, 0.1, 1.0, 3.0))
    files = changed.Changed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changed.time, "monotonic", lambda: next(clock))
        files.reading(lambda: (1, 1))
        assert files.pause == changed.EVERY
        assert files.look(lambda: (1, 1)) == ""
        assert files.pause == 40.0


class Held(Counting):
    """Reads one candidate's steps only as far as it is let."""

    def __init__(self, readings: Any, held: str) -> None:
        super().__init__(readings)
        self.held, self.may_go_on = held, threading.Event()
        self.began: list[str] = []

    def reading(self, step: str, candidate: str) -> dict[str, Any]:
        self.began.append(candidate)
        if candidate == self.held:
            assert self.may_go_on.wait(20)
        return super().reading(step, candidate)


BOTH = {"curves": fake.CURVES, "perplexity": fake.PERPLEXITY_OPEN}


def test_a_candidate_that_is_being_read_is_looked_for_and_not_decided_on() -> None:
    reader = Held(BOTH, "other")
    looker, heard, _ = looking(fake.FakeWorkspace(), reader)
    looker.start()
    try:
        until(lambda: heard.last.known)
        looker.choose("other")
        until(lambda: heard.last.candidate == "other" and "other" in reader.began)
        assert not heard.last.known
        assert {row.state for row in rows(heard.last)} == {"looking"}
        assert "sign off" not in "".join(text for text, _ in summary(heard.last))
        assert row_words(heard.last.decided, heard.last.known)[1] == "looking"
        offered = [plain(one.line) for one in lines(heard.last, Draft("ana", ""), 76)]
        assert any("deploy" in line and "looking" in line for line in offered)
        reader.may_go_on.set()
        until(lambda: heard.last.known)
        assert heard.last.candidate == "other"
        assert set(heard.last.readings) == set(BOTH)
    finally:
        reader.may_go_on.set()
        looker.stop(5)


def test_what_was_seen_of_a_candidate_stands_there_at_once() -> None:
    reader = Held(BOTH, "tuned")
    reader.may_go_on.set()
    looker, heard, _ = looking(fake.FakeWorkspace(), reader)
    looker.start()
    try:
        until(lambda: heard.last.known)
        before = heard.last
        looker.choose("other")
        until(lambda: heard.last.candidate == "other" and heard.last.known)
        reader.may_go_on.clear()
        looker.choose("tuned")
        until(lambda: heard.last.candidate == "tuned")
        assert heard.last.known
        assert heard.last.readings == before.readings
        assert heard.last.decided == before.decided
        assert heard.last.about == before.about
    finally:
        reader.may_go_on.set()
        looker.stop(5)


def test_what_was_read_beside_others_stands_there_at_once() -> None:
    reader = Held(BOTH, "")
    workspace = fake.FakeWorkspace()
    looker, heard, _ = looking(workspace, reader)
    told: list[Survey] = []
    looker.start()
    try:
        until(lambda: heard.last.known)
        looker._scene = replace(looker._scene, candidates=("tuned", "other"))
        looker.survey(told.append)
        until(lambda: told and told[-1].compared and "other" in told[-1].readings)
        looker.survey(None)
        reader.held = "other"
        looker.choose("other")
        until(lambda: heard.last.candidate == "other")
        assert set(heard.last.readings) == set(BOTH)
        assert not heard.last.known
    finally:
        reader.may_go_on.set()
        looker.stop(5)


def test_going_over_to_another_candidate_surveys_nothing_anew() -> None:
    reader = Held(BOTH, "")
    looker, heard, _ = looking(fake.FakeWorkspace(), reader)
    told: list[Survey] = []
    looker.start()
    try:
        until(lambda: heard.last.known)
        looker.survey(told.append)
        until(lambda: told and told[-1].compared)
        looker.choose("other")
        until(lambda: heard.last.candidate == "other" and heard.last.known)
        assert looker._surveying is not None
        assert not looker._surveying._stale
    finally:
        looker.stop(5)


def test_reading_one_candidate_gives_way_to_the_one_that_is_asked_for() -> None:
    reader = Held(BOTH, "slow")
    looker, heard, _ = looking(fake.FakeWorkspace(), reader)
    looker.start()
    try:
        until(lambda: heard.last.known)
        looker.choose("slow")
        until(lambda: "slow" in reader.began)
        looker.choose("other")
        reader.may_go_on.set()
        until(lambda: heard.last.candidate == "other" and heard.last.known)
        assert reader.began.count("slow") == 1
    finally:
        reader.may_go_on.set()
        looker.stop(5)
