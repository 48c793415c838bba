"""The engine as a real process: started, watched, cancelled, killed, taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.process_verbs import KEY
from tests.waiting import until
from tui_eval.core.records import Job
from tui_eval.engine import launch
from tui_eval.store import liveness
from tui_eval.store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
VERBS = {
    name: f"tests.engine.process_verbs:{name}"
    for name in ("count", "fail", "crash", "deaf", "machine")
}
TOML = """
[models.base]
path = "base"
[models.tuned]
path = "tuned"
[engine]
linger = {linger}
"""
FINAL = ("done", "failed", "cancelled", "interrupted")


class World:
    """A workspace with an engine that knows the test's verbs."""

    def __init__(self, folder: Path, linger: float = 600.0) -> None:
        self.folder = folder
        for name in ("base", "tuned"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "eval.toml").write_text(TOML.format(linger=linger))
        self.workspace = Workspace.open(folder)
        self.workspace.catch_up()

    def start(self) -> None:
        launch.start(self.folder, self.workspace.state_dir, verbs=VERBS)

    def ask(self, verb: str, **args: object) -> Job:
        job = self.workspace.request(verb, args)
        self.start()
        return job

    def state(self, job: Job) -> str:
        found = self.workspace.job(job.id)
        return found.state if found is not None else "unknown"

    def ended(self, job: Job) -> Job:
        def final() -> Job | None:
            found = self.workspace.job(job.id)
            return found if found is not None and found.state in FINAL else None

        found = until(final, what=f"the end of {job.id}: {self.log()}")
        assert found is not None
        return found

    def holding(self, job: Job, done: int) -> None:
        """Wait until the counting verb stands before its item ``hold``."""
        until(lambda: len(self.computed()) >= done, what=f"{done} items: {self.log()}")
        until(lambda: self.state(job) == "running")

    def computed(self) -> list[str]:
        try:
            return (self.folder / "computed").read_text().split()
        except FileNotFoundError:
            return []

    def engine_pid(self) -> int:
        def pid() -> int | None:
            who = liveness.holder(self.workspace.lock_path)
            return who.pid if who is not None and launch.alive(self.workspace) else None

        found = until(pid, what="an engine")
        assert found is not None
        return found

    def log(self) -> str:
        try:
            return self.workspace.log_path.read_text()
        except FileNotFoundError:
            return ""

    def gone(self) -> None:
        until(lambda: not launch.alive(self.workspace), what=f"the end: {self.log()}")

    def end(self) -> None:
        launch.kill(self.workspace, wait=True)
        self.workspace.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**options: float) -> World:
        made.append(World(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_a_job_is_done_and_its_facts_are_there(world: World) -> None:
    job = world.ask("count", total=5)
    found = world.ended(job)
    assert (found.state, found.done, found.total, found.unit) == ("done", 5, 5, "items")
    assert found.started_at
    assert found.finished_at
    assert world.workspace.have("loss", KEY) == {f"s{n}" for n in range(5)}
    assert until(lambda: world.workspace.engine().state == "idle")
    assert world.workspace.engine().pid == world.engine_pid()


def test_progress_and_heartbeat_are_seen_from_outside(world: World) -> None:
    job = world.ask("count", total=5, hold=3)
    world.holding(job, 3)
    version = world.workspace.version()
    until(lambda: (world.workspace.job(job.id) or job).done == 3)
    status = world.workspace.engine()
    assert status.state == "working"
    assert status.heartbeat_age is not None
    until(lambda: world.workspace.version() != version, what="a heartbeat")
    (world.folder / "go").touch()
    assert world.ended(job).state == "done"


def test_an_equal_job_is_not_made_twice(world: World) -> None:
    job = world.ask("count", total=5, hold=2)
    assert world.workspace.request("count", {"hold": 2, "total": 5}).id == job.id
    world.holding(job, 2)
    assert world.workspace.request("count", {"hold": 2, "total": 5}).id == job.id
    assert world.workspace.request("count", {"total": 6}).id != job.id
    (world.folder / "go").touch()
    world.ended(job)
    assert world.workspace.request("count", {"hold": 2, "total": 5}).id != job.id


def test_an_error_a_person_can_mend_is_the_jobs_text(world: World) -> None:
    found = world.ended(world.ask("fail"))
    assert (found.state, found.error) == (
        "failed",
        "The adapter does not fit.\nName another base.",
    )
    assert "Traceback" not in world.log()


def test_any_other_error_is_named_and_its_traceback_logged(world: World) -> None:
    found = world.ended(world.ask("crash"))
    assert (found.state, found.error) == ("failed", "ZeroDivisionError: bad ␛[31mtext")
    assert "Traceback" in world.log()
    assert "\x1b" not in world.log()
    assert world.ended(world.ask("count", total=1)).state == "done"


def test_a_verb_that_is_not_known_fails_in_words(world: World) -> None:
    found = world.ended(world.ask("dream"))
    assert found.state == "failed"
    assert "can't dream" in found.error


def test_a_broken_configuration_is_the_jobs_error(world: World) -> None:
    (world.folder / "eval.toml").write_text("[modles.base]\n")
    found = world.ended(world.ask("count", total=1))
    assert found.state == "failed"
    assert "modles" in found.error


def test_the_first_cancel_finishes_the_batch(world: World) -> None:
    job = world.ask("count", total=9, hold=4)
    world.holding(job, 4)
    assert world.workspace.cancel(job.id) == 1
    assert world.ended(job).state == "cancelled"
    assert world.workspace.have("loss", KEY) == {f"s{n}" for n in range(4)}
    assert launch.alive(world.workspace)


def test_a_queued_job_is_cancelled_at_once(world: World) -> None:
    job = world.workspace.request("count", {"total": 3})
    world.workspace.cancel(job.id)
    assert world.state(job) == "cancelled"


def test_the_second_cancel_kills(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "KILL_SECONDS", 1.0)
    job = world.ask("deaf")
    until(lambda: (world.workspace.job(job.id) or job).message == "deaf", what=world.log())
    assert world.workspace.cancel(job.id) == 1
    assert world.workspace.cancel(job.id) == 2
    assert launch.kill(world.workspace, wait=True)
    world.gone()
    found = world.ended(job)
    assert (found.state, found.error) == ("cancelled", "")


def test_sigterm_finishes_the_batch_and_leaves(world: World) -> None:
    job = world.ask("count", total=9, hold=4)
    world.holding(job, 4)
    os.kill(world.engine_pid(), signal.SIGTERM)
    world.gone()
    found = world.ended(job)
    assert found.state == "interrupted"
    assert world.workspace.engine().state == "absent"
    assert len(world.workspace.have("loss", KEY)) == 4


def test_a_killed_engine_is_noticed_and_its_job_taken_up_again(world: World) -> None:
    job = world.ask("count", total=12, hold=7)
    world.holding(job, 7)
    os.kill(world.engine_pid(), signal.SIGKILL)
    found = world.ended(job)
    assert found.state == "interrupted"
    assert "signal 9" in found.error
    assert f"{job.id} begins" in found.error
    status = world.workspace.engine()
    assert status.state == "lost"
    assert any(f"{job.id} begins" in line for line in status.last_words)
    (world.folder / "go").touch()
    again = world.ask("count", total=12, hold=7)
    assert again.id != job.id
    assert world.ended(again).state == "done"
    assert Counter(world.computed()) == Counter(f"s{n}" for n in range(12))


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_kills_at_any_moment_compute_nothing_twice(world: World, kills: int) -> None:
    """Killed while it runs freely: at most the item in flight is computed once more."""
    total = kills * 100
    for number in range(kills):
        # It holds before the last item, so that a slow look can't find it done.
        job = world.ask("count", total=total, hold=total - 1)
        enough = min(len(world.computed()) + 3 + number % 5, total - 1)
        until(lambda enough=enough: len(world.computed()) >= enough)
        os.kill(world.engine_pid(), signal.SIGKILL)
        world.ended(job)
        assert f"s{total - 1}" not in world.computed(), "it was done before it was killed"
    stored = world.workspace.have("loss", KEY)
    before = Counter(world.computed())
    assert world.ended(world.ask("count", total=total)).state == "done"
    after = Counter(world.computed())
    assert all(after[name] == before[name] for name in stored)
    assert sum(after.values()) <= total + kills
    rows = Counter(sample for sample, _ in world.workspace.facts_of("loss", KEY))
    assert rows == Counter({f"s{n}": 1 for n in range(total)})


def test_the_engine_survives_the_process_that_asked(world: World) -> None:
    """The asker is killed as a dropped line kills it; the job goes on to its end."""
    code = f"""
        import time
        from pathlib import Path
        from tui_eval.engine import launch
        from tui_eval.store.workspace import Workspace
        workspace = Workspace.open(Path({str(world.folder)!r}))
        workspace.request("count", {{"total": 6, "hold": 3}})
        launch.start(workspace.folder, workspace.state_dir, verbs={VERBS!r})
        while True:
            time.sleep(60)
    """
    asker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT)
    try:
        until(lambda: len(world.computed()) == 3, what=world.log)
        asker.send_signal(signal.SIGKILL)
        asker.wait()
    finally:
        asker.kill()
    (job,) = world.workspace.jobs()
    assert job.state == "running"
    (world.folder / "go").touch()
    assert world.ended(job).state == "done"
    assert len(world.computed()) == 6


@pytest.mark.parametrize("starts", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_many_starts_give_one_engine(world: World, starts: int) -> None:
    command = [sys.executable, "-m", "tui_eval.engine", str(world.folder)]
    command += [f"--verb={name}={target}" for name, target in VERBS.items()]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(starts)
    ]
    try:
        pid = world.engine_pid()
        until(lambda: sum(one.poll() is None for one in processes) == 1, what="one survivor")
        assert [one.pid for one in processes if one.poll() is None] == [pid]
        assert all(one.returncode == 0 for one in processes if one.pid != pid)
        assert world.ended(world.workspace.request("count", {"total": 2})).state == "done"
    finally:
        for one in processes:
            one.kill()
            one.communicate()


def test_it_leaves_when_nobody_is_here(make_world: Callable[..., World]) -> None:
    world = make_world(linger=0.3)
    assert world.ended(world.ask("count", total=1)).state == "done"
    world.gone()
    assert world.workspace.engine().state == "absent"
    assert "leaving" in world.log()


def test_it_stays_while_a_screen_is_seen(make_world: Callable[..., World]) -> None:
    world = make_world(linger=1.0)
    world.ended(world.ask("count", total=1))
    beats: set[float | None] = set()

    def watched() -> bool:
        world.workspace.ui_seen("screen")
        beats.add(world.workspace.engine().heartbeat_age)
        assert launch.alive(world.workspace), world.log()
        row = world.workspace._ask(lambda index: index.one("SELECT beat FROM engine"))
        rows.add(row)
        return len(rows) >= 4

    rows: set[object] = set()
    until(watched, what="four heartbeats, which is well past the linger")
    world.workspace.ui_gone("screen")
    world.gone()


def test_a_job_asked_of_a_leaver_is_done_by_the_next(make_world: Callable[..., World]) -> None:
    world = make_world(linger=0.0)
    for number in range(8):
        assert world.ended(world.ask("count", total=number + 1)).state == "done"


def test_it_is_modest_and_keeps_models_warm(world: World) -> None:
    world.ended(world.ask("machine"))
    world.ended(world.ask("machine"))
    (_, first), (_, second) = world.workspace.facts_of("machine", "machine")
    assert (first["runs"], second["runs"]) == (1, 2)
    assert first["oom"] == 500
    assert first["torch"] is False
    assert first["stdin"] == "/dev/null"
    assert first["session"] is True
    assert first["threads"]
    assert "" not in first["path"]
    assert str(world.folder) not in first["path"]
    if not Path("/dev/nvidiactl").exists():
        assert first["nice"] >= 10


def test_a_module_in_the_workspace_is_never_imported(world: World) -> None:
    (world.folder / "argparse.py").write_text("raise SystemExit('hijacked')")
    assert world.ended(world.ask("count", total=1)).state == "done"


def test_the_log_is_capped(world: World) -> None:
    world.workspace.state_dir.mkdir(exist_ok=True)
    world.workspace.log_path.write_text("old line\n" * 600_000)
    world.ended(world.ask("count", total=1))
    assert world.workspace.log_path.stat().st_size < 2 << 20
    assert "engine ended" not in world.log()
    assert world.log().startswith("old line\n")


def test_the_lock_follows_no_link(world: World) -> None:
    world.workspace.state_dir.mkdir(exist_ok=True)
    victim = world.folder / "victim"
    victim.write_text("mine")
    world.workspace.lock_path.symlink_to(victim)
    job = world.ask("count", total=1)
    until(lambda: "is a link" in world.log())
    assert victim.read_text() == "mine"
    assert world.state(job) == "queued"


def test_an_engine_whose_lock_file_was_deleted_leaves(world: World) -> None:
    world.ended(world.ask("count", total=1))
    pid = world.engine_pid()
    began = liveness.start_time(pid)
    world.workspace.lock_path.unlink()
    until(lambda: liveness.start_time(pid) != began, what="it to notice")
    assert world.ended(world.ask("count", total=2)).state == "done"


def test_only_that_very_process_is_killed(world: World) -> None:
    """The number in the lock file was used again by somebody else's process."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        lock = liveness.Lock.take(world.workspace.lock_path, world.workspace.layout.modes)
        assert lock is not None
        text = world.workspace.lock_path.read_text()
        mine = f'"pid": {os.getpid()}'
        world.workspace.lock_path.write_text(text.replace(mine, f'"pid": {other.pid}'))
        assert not launch.alive(world.workspace)
        assert not launch.kill(world.workspace)
        assert other.poll() is None
        lock.release()
    finally:
        other.kill()
        other.wait()


def test_the_index_may_be_lost_while_it_works(world: World) -> None:
    job = world.ask("count", total=9, hold=4)
    world.holding(job, 4)
    world.workspace.index_path.write_bytes(b"garbage" * 1000)
    for end in ("-wal", "-shm"):
        world.workspace.index_path.with_name(f"index.db{end}").unlink(missing_ok=True)
    late = Workspace.open(world.folder)
    late.catch_up()
    assert len(late.have("loss", KEY)) == 4
    (world.folder / "go").touch()
    until(lambda: len(late.have("loss", KEY)) == 9, what=world.log())
    until(lambda: [one.state for one in late.jobs() if one.id == job.id] == ["done"])
    late.close()
