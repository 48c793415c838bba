"""A log that grows is read on, never again from its start."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files import log_making as made
from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs import Follower, follow, read_log
from tui_eval.files.logs.parts.tail import Tail

RUN = made.made_run(40)
FILES: dict[str, Callable[[made.Run, Path], Path]] = {
    name: made.MAKERS[name]
    for name in ("trainer_log", "tensorboard", "csv", "wandb", "captured 4", "captured 5", "mlx")
}


def plain(log: TrainingLog | None) -> dict[str, list[tuple[float, float | str]]]:
    """Series with NaN as a word, so that they can be compared."""
    assert log is not None
    return {
        key: [(p.step, "nan" if math.isnan(p.value) else p.value) for p in points]
        for key, points in log.series.items()
    }


def pieces(path: Path, folder: Path, count: int) -> Iterator[tuple[Path, bytes]]:
    """A growing copy of a file, and what is appended next, cut anywhere."""
    content = path.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / path.name
    copy.write_bytes(b"")
    size = -(-len(content) // count)
    for at in range(0, len(content), size):
        yield copy, content[at : at + size]


def append(path: Path, part: bytes) -> None:
    with path.open("ab") as file:
        file.write(part)


@pytest.mark.parametrize("count", [3, 17, 211])
@pytest.mark.parametrize("name", FILES)
def test_read_in_pieces_it_is_the_whole(name: str, count: int, tmp_path: Path) -> None:
    path = FILES[name](RUN, tmp_path / "whole")
    follower, last, points = None, None, 0
    for copy, part in pieces(path, tmp_path / "growing", count):
        append(copy, part)
        if follower is None:
            try:
                follower = follow(copy)
            except InputError:
                assert name in ("captured 4", "captured 5", "mlx")  # Known by content alone.
                continue
        log = follower.read_on()
        if log is not None:
            now = sum(map(len, log.series.values()))
            assert now >= points
            last, points = log, now
    assert plain(last) == plain(read_log(path))
    assert last is not None
    assert "damaged" not in str(last.notes)
    assert follower is not None
    assert follower.read_on() is None


@pytest.mark.parametrize("name", FILES)
def test_no_byte_is_read_twice(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    real = Tail.chunks

    def counted(self: Tail) -> Iterator[bytes]:
        nonlocal taken
        for chunk in real(self):
            taken += len(chunk)
            yield chunk

    monkeypatch.setattr(Tail, "chunks", counted)
    path = FILES[name](RUN, tmp_path / "whole")
    copy = tmp_path / path.name
    content = path.read_bytes()
    copy.write_bytes(content[: len(content) // 2])
    follower = follow(copy)
    assert follower.read_on() is not None
    append(copy, content[len(content) // 2 :])
    assert follower.read_on() is not None
    assert follower.read_on() is None
    assert taken == len(content)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_or_replaced_is_begun_anew(name: str, tmp_path: Path) -> None:
    path = FILES[name](RUN, tmp_path)
    follower = follow(path)
    first = plain(follower.read_on())
    other = FILES[name](made.made_run(20, seed=9), tmp_path / "other")
    shorter = plain(read_log(other))
    shutil.copyfile(other, path)  # The same file, cut and written anew.
    assert plain(follower.read_on()) == shorter != first
    longer = FILES[name](made.made_run(55, seed=4), tmp_path / "longer")
    os.replace(longer, path)  # Another file under the same name.
    assert len(plain(follower.read_on())["loss"]) == 55
    shutil.copyfile(FILES[name](made.made_run(70, seed=3), tmp_path / "longest"), path)
    assert len(plain(follower.read_on())["loss"]) == 70  # Rewritten, and longer than before.


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_for_a_moment_is_nothing_new(name: str, tmp_path: Path) -> None:
    path = FILES[name](RUN, tmp_path)
    follower = follow(path)
    before = plain(follower.read_on())
    path.rename(tmp_path / "moved")
    assert follower.read_on() is None
    (tmp_path / "moved").rename(path)
    assert follower.read_on() is None
    append(path, b"")
    assert plain(read_log(path)) == before


ALL: dict[str, Callable[[made.Run, Path], Path]] = {
    **FILES, "trackio": made.trackio, "trainer_state": made.trainer_state,
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_what_became_of_a_file_is_told_and_it_is_read_on(name: str, tmp_path: Path) -> None:
    path = ALL[name](RUN, tmp_path / "run")
    whole = path.read_bytes()
    follower = follow(path)
    before = follower.read_on()
    assert (follower.trouble, follower.another) == ("", False)
    path.unlink()
    for _ in range(2):
        assert follower.read_on() is None
        assert follower.trouble == "gone"
    path.write_bytes(whole)  # As it was, under another inode: the same run.
    back = follower.read_on()
    assert (follower.trouble, follower.another) == ("", False)
    assert back is None or plain(back) == plain(before)
    path.unlink()
    ALL[name](made.made_run(20, seed=9), tmp_path / "run")
    assert len(plain(follower.read_on())["loss"]) == 20
    assert (follower.trouble, follower.another) == ("", True)


@pytest.mark.parametrize("name", ALL)
def test_a_file_that_can_not_be_read_is_told_and_tried_again(name: str, tmp_path: Path) -> None:
    path = ALL[name](RUN, tmp_path / "run")
    follower = follow(path)
    follower.read_on()
    path.rename(tmp_path / "kept")
    path.symlink_to(path.name)
    for _ in range(2):
        assert follower.read_on() is None
        assert follower.trouble.startswith("unreadable (") or name == "tensorboard"
    path.unlink()
    (tmp_path / "kept").rename(path)
    follower.read_on()
    assert (follower.trouble, follower.another) == ("", False)


@pytest.mark.parametrize("name", ["trackio", "trainer_state"])
def test_a_file_that_stays_broken_is_told_once_it_stays_so(name: str, tmp_path: Path) -> None:
    path = ALL[name](RUN, tmp_path)
    whole = path.read_bytes()
    follower = follow(path)
    follower.read_on()
    path.write_bytes(whole[:3000])
    assert follower.read_on() is None
    assert follower.trouble == ""  # Perhaps it is just being written.
    assert follower.read_on() is None
    assert follower.trouble.startswith("unreadable (")
    path.write_bytes(whole)
    follower.read_on()
    assert (follower.trouble, follower.another) == ("", False)


def test_a_longer_copy_of_the_same_log_is_the_log_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a mirror of another machine's folder leaves it, each time under a new inode."""
    path = made.trainer_log(RUN, tmp_path / "run")
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    follower = follow(path)
    follower.read_on()
    taken = []
    real = Tail.chunks
    monkeypatch.setattr(Tail, "chunks", lambda self: map(_counted(taken), real(self)))
    (tmp_path / "copy").write_bytes(whole)
    (tmp_path / "copy").replace(path)
    assert plain(follower.read_on()) == plain(read_log(made.trainer_log(RUN, tmp_path / "b")))
    assert not follower.another
    assert taken[0] == len(whole) - 2000


def _counted(taken: list[int]) -> Callable[[bytes], bytes]:
    def count(chunk: bytes) -> bytes:
        taken.append(len(chunk))
        return chunk

    return count


def test_a_resumed_run_is_no_other_run(tmp_path: Path) -> None:
    """From its last checkpoint it repeats steps, with other values."""
    first, again = made.made_run(20), made.made_run(40, seed=7)
    path = made.trainer_state(first, tmp_path)
    follower = follow(path)
    follower.read_on()
    rows = first.rows[:12] + again.rows[12:]
    made.trainer_state(made.Run(rows, 400, 3.0, 10), tmp_path)
    assert len(plain(follower.read_on())["loss"]) == 40
    assert not follower.another


def test_earlier_parts_that_come_to_a_log_are_of_the_same_run(tmp_path: Path) -> None:
    """A Trainer that resumes evaluates first; only with a training loss is it seen whose
    folder it goes on from."""
    first, later = made.made_run(30), made.made_run(40)
    made.events(made.Run(first.rows, 400, 3.0, 10), tmp_path, at=1000)
    rows = [row for row in later.rows if row["step"] > 300]
    evals = tuple(row for row in later.rows if "eval_loss" in row and row["step"] == 300)
    again = made.events(made.Run(evals, 400, 3.0, 10), tmp_path / "again", at=2000)
    place = tmp_path / "runs" / "again"
    again.parent.rename(place)
    follower = follow(place / again.name)
    assert plain(follower.read_on()).keys() == {"eval_loss", "eval_runtime"}
    resumed = made.Run((*evals, *rows), 400, 3.0, 10)
    shutil.copy(made.events(resumed, tmp_path / "more", at=2000), place)
    assert len(plain(follower.read_on())["loss"]) == 40
    assert not follower.another


def test_event_files_cleared_away_for_another_run_are_forgotten(tmp_path: Path) -> None:
    first = made.events(made.made_run(40), tmp_path, at=1000)
    follower = follow(tmp_path)
    follower.read_on()
    first.unlink()
    made.events(made.made_run(10, seed=8), tmp_path, at=2000)
    assert len(plain(follower.read_on())["loss"]) == 10
    assert follower.another


def test_a_row_written_halfway_waits(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"step,loss\n1,2.5\n2,0.1")
    follower = follow(path)
    assert plain(follower.read_on()) == {"loss": [(1, 2.5)]}
    assert follower.read_on() is None
    append(path, b"9\n")
    assert plain(follower.read_on()) == {"loss": [(1, 2.5), (2, 0.19)]}
    append(path, b"3,0.1")
    assert follower.read_on() is None
    # Read once, a last row with all its cells is one.
    assert plain(read_log(path))["loss"][-1] == (3, 0.1)


def test_a_whole_object_needs_no_line_end(tmp_path: Path) -> None:
    path = tmp_path / "trainer_log.jsonl"
    path.write_bytes(b'{"current_steps": 1, "loss": 2}\n{"current_steps": 2, "loss": 1}')
    follower = follow(path)
    assert plain(follower.read_on()) == {"loss": [(1, 2), (2, 1)]}
    append(path, b'\n{"current_steps": 3, "loss": 0.5')
    assert follower.read_on() is None
    append(path, b"}")
    log = follower.read_on()
    assert plain(log) == {"loss": [(1, 2), (2, 1), (3, 0.5)]}
    assert log is not None
    assert log.notes == ()


def test_event_files_that_appear_belong_to_the_run(tmp_path: Path) -> None:
    first = made.events(made.made_run(20), tmp_path, at=1000)
    follower = follow(tmp_path)
    assert follower.path == first
    assert len(plain(follower.read_on())["loss"]) == 20
    made.events(made.made_run(30, seed=8), tmp_path, at=2000)
    merged = follower.read_on()
    resumed = plain(read_log(first))
    assert plain(merged) == resumed
    append(first, b"\x07")  # The beginning of a record.
    assert follower.read_on() is None
    alone = made.events(made.made_run(30, seed=8), tmp_path / "alone", at=2000)
    assert resumed["loss"] == plain(read_log(alone))["loss"]


def test_trackio_is_read_on_by_row_while_its_writer_is_open(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    base = made.trackio_base(path)
    base.execute("PRAGMA journal_mode = WAL")
    made.trackio_rows(base, RUN.rows[:10], "old")
    made.trackio_rows(base, RUN.rows[:20], "new")
    follower = follow(path)
    log = follower.read_on()
    assert log is not None
    assert "old" in log.notes[0]
    assert len(plain(log)["loss"]) == sum("loss" in row for row in RUN.rows[:20])
    assert follower.read_on() is None
    made.trackio_rows(base, RUN.rows[20:], "new")
    assert len(plain(follower.read_on())["loss"]) == 40
    made.trackio_rows(base, RUN.rows[:3], "newest")
    assert len(plain(follower.read_on())["loss"]) == 3
    base.execute("DELETE FROM metrics")
    made.trackio_rows(base, RUN.rows[:2], "newest")
    assert len(plain(follower.read_on())["loss"]) == 2
    base.close()


def test_trackio_leaves_nothing_beside_a_database_at_rest(tmp_path: Path) -> None:
    path = made.trackio(RUN, tmp_path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    log = read_log(path)
    assert log.max_steps == 400
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [each.name for each in tmp_path.iterdir()] == ["project.db"]


def test_rows_that_a_dead_writer_left_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    base = made.trackio_base(tmp_path / "p.db")
    base.execute("PRAGMA journal_mode = WAL")
    made.trackio_rows(base, RUN.rows, "run")
    left = tmp_path / "left"
    left.mkdir()
    for name in ("p.db", "p.db-wal"):
        shutil.copy(tmp_path / name, left)
    base.close()
    assert (left / "p.db-wal").stat().st_size > 0
    assert len(read_log(left).series["loss"]) == 40
    assert {each.name for each in left.iterdir()} == {"p.db", "p.db-wal"}


def test_a_trainer_state_is_read_again_when_replaced(tmp_path: Path) -> None:
    made.trainer_state(made.made_run(10), tmp_path / "checkpoint-100")
    follower = follow(tmp_path)
    assert len(plain(follower.read_on())["loss"]) == 10
    assert follower.read_on() is None
    made.trainer_state(made.made_run(20), tmp_path / "checkpoint-200")
    assert len(plain(follower.read_on())["loss"]) == 20
    (tmp_path / "checkpoint-100" / "trainer_state.json").write_text('{"log_hist')
    log = follower.read_on()
    assert log is not None
    assert "damaged" in log.notes[0]


def test_a_run_that_clears_its_checkpoints_away_is_followed_on(tmp_path: Path) -> None:
    path = made.trainer_state(made.made_run(10), tmp_path / "checkpoint-100")
    follower = follow(path)
    follower.read_on()
    made.trainer_state(made.made_run(20), tmp_path / "checkpoint-200")
    shutil.rmtree(tmp_path / "checkpoint-100")
    assert len(plain(follower.read_on())["loss"]) == 20
    assert follower.trouble == ""


def test_following_a_folder_takes_what_is_written_at_every_step(tmp_path: Path) -> None:
    made.trainer_state(RUN, tmp_path)
    assert follow(tmp_path).format == "trainer_state"
    made.captured(RUN, tmp_path)
    assert follow(tmp_path).format == "captured"
    made.trainer_log(RUN, tmp_path)
    assert follow(tmp_path).format == "trainer_log"


def test_there_must_be_something_to_follow(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(InputError, match="no training log"):
        follow(tmp_path / "a" / "b")
    with pytest.raises(InputError, match="no file"):
        follow(tmp_path / "gone.csv")


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(st.integers(0, 5000), min_size=1, max_size=8))
def test_wherever_a_writer_pauses(
    tmp_path_factory: pytest.TempPathFactory, name: str, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("paused")
    path = FILES[name](made.made_run(8, eval_every=20), folder)
    whole = plain(read_log(path))
    content = path.read_bytes()
    path.write_bytes(b"")
    follower = _opened(path, content)
    last: TrainingLog | None = None
    at = 0
    with path.open("ab", buffering=0) as file:
        for cut in (*sorted(c % len(content) for c in cuts), len(content)):
            file.write(content[at:cut])
            at = max(at, cut)
            last = follower.read_on() or last
    assert plain(last) == whole


def _opened(path: Path, content: bytes) -> Follower:
    """A follower of a file that is still empty, known by what it will hold."""
    path.write_bytes(content)
    follower = follow(path)
    path.write_bytes(b"")
    return follower


def test_a_database_that_is_locked_is_not_yet(tmp_path: Path) -> None:
    path = made.trackio(RUN, tmp_path)
    follower = follow(path)
    assert follower.read_on() is not None
    path.write_bytes(b"SQLite format 3\x00" + b"\x01" * 4000)
    assert follower.read_on() is None
    assert follower.trouble == ""
    with pytest.raises(InputError, match="database"):
        read_log(path)
