"""The judged log is followed, and other logs are found to hold it against."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.files import log_making as made
from tui_eval.config import Config, ModelConfig
from tui_eval.core.steps.curve_overlay import lines_of
from tui_eval.errors import InputError
from tui_eval.files import logs, nearby
from tui_eval.files.evidence import FileCache
from tui_eval.files.following import others

RUN = made.made_run(40)


def config(folder: Path, **models: str) -> Config:
    entries = {name: ModelConfig(name, path="model", log=log) for name, log in models.items()}
    return Config(folder=folder, path=folder / "eval.toml", models=entries)


def growing(folder: Path, rows: int) -> Path:
    """A trainer_log.jsonl of the run's first rows."""
    path = folder / "trainer_log.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(list(made.trainer_log_lines(RUN))[:rows]))
    return path


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def losses(cache: FileCache, told: Config) -> int:
    log = cache.log(told, "tuned")
    return len(log.series.get("loss", ())) if log is not None else 0


def test_rows_that_come_are_read_on_and_are_the_candidates_log(tmp_path: Path) -> None:
    path = growing(tmp_path / "run", 22)
    told, cache = config(tmp_path, tuned="run/trainer_log.jsonl"), FileCache()
    cache.follow(told, "tuned")
    before = losses(cache, told)
    assert not cache.read_on()
    lines = list(made.trainer_log_lines(RUN))
    append(path, lines[22] + lines[23][:15])
    assert cache.read_on()
    assert losses(cache, told) == before + 1
    assert not cache.read_on()
    append(path, lines[23][15:])
    assert cache.read_on()
    assert losses(cache, told) == before + 2


def test_a_state_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    path = made.trainer_state(made.made_run(10), tmp_path / "run")
    told, cache = config(tmp_path, tuned="run/trainer_state.json"), FileCache()
    cache.follow(told, "tuned")
    assert losses(cache, told) == 10
    os.replace(made.trainer_state(made.made_run(30), tmp_path / "next"), path)
    assert cache.read_on()
    assert losses(cache, told) == 30
    path.write_text(path.read_text()[:200])
    assert not cache.read_on()
    assert losses(cache, told) == 30


def test_a_named_file_is_the_one_that_is_followed(tmp_path: Path) -> None:
    made.trainer_state(RUN, tmp_path / "run")
    growing(tmp_path / "run", 99)
    told = config(tmp_path, tuned="run/trainer_state.json")
    assert FileCache().follow(told, "tuned").path.name == "trainer_state.json"


@pytest.mark.parametrize(("rows", "name"), [(99, "trainer_log"), (20, "trainer_state")])
def test_of_a_run_the_log_of_every_step_is_followed_if_it_is_as_long(
    rows: int, name: str, tmp_path: Path
) -> None:
    """A shorter one is of an earlier try."""
    made.trainer_state(RUN, tmp_path / "model")
    growing(tmp_path / "model", rows)
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    told = Config(
        folder=tmp_path,
        path=tmp_path / "eval.toml",
        models={"tuned": ModelConfig("tuned", "model")},
    )
    followed = FileCache().follow(told, "tuned")
    assert followed.path.stem == name
    assert len(followed.log.series["loss"]) == 40


def test_no_log_is_nothing_to_follow(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        FileCache().follow(config(tmp_path, tuned="none.jsonl"), "tuned")


def test_no_longer_followed_the_file_is_read_as_it_lies_there(tmp_path: Path) -> None:
    path = growing(tmp_path / "run", 20)
    told, cache = config(tmp_path, tuned="run/trainer_log.jsonl"), FileCache()
    cache.follow(told, "tuned")
    before = losses(cache, told)
    cache.unfollow()
    append(path, list(made.trainer_log_lines(RUN))[20])
    assert not cache.read_on()
    assert losses(cache, told) == before + 1


def test_a_log_that_grows_is_kept_once(tmp_path: Path) -> None:
    path = growing(tmp_path / "run", 20)
    told, cache = config(tmp_path, tuned="run/trainer_log.jsonl"), FileCache()
    for line in list(made.trainer_log_lines(RUN))[20:24]:
        append(path, line)
        losses(cache, told)
    assert len(cache._kept) == 1


def test_what_is_written_beside_a_log_is_seen(tmp_path: Path) -> None:
    """Of a run's event files, of a database's write-ahead file, of a folder's logs, of the
    other checkpoints."""
    cache = FileCache()

    def points(source: Path) -> int:
        log = cache.log_at(source)
        return len(log.series["loss"]) if log is not None else 0

    first = made.events(made.made_run(20), tmp_path / "events", at=1000)
    assert points(first) == points(first.parent) == 20
    made.events(made.made_run(30), tmp_path / "events", at=2000)
    assert points(first) == points(first.parent) == points(tmp_path / "events") == 30

    base = made.trackio_base(tmp_path / "p.db")
    base.execute("PRAGMA journal_mode = WAL")
    made.trackio_rows(base, RUN.rows[:11], "run")
    assert points(tmp_path / "p.db") == 10
    main = (tmp_path / "p.db").stat()
    made.trackio_rows(base, RUN.rows[11:], "run")
    assert (tmp_path / "p.db").stat().st_mtime_ns == main.st_mtime_ns
    assert points(tmp_path / "p.db") == 40
    base.close()

    state = made.trainer_state(made.made_run(10), tmp_path / "run" / "checkpoint-100")
    assert points(state) == points(state.parent) == points(tmp_path / "run") == 10
    made.trainer_state(made.made_run(20), tmp_path / "run" / "checkpoint-200")
    assert points(state) == points(state.parent) == points(tmp_path / "run") == 20


@pytest.mark.parametrize("name", made.MAKERS)
def test_a_log_that_comes_into_a_folder_is_seen(name: str, tmp_path: Path) -> None:
    """Whichever it is: the notes name the folder's other logs."""
    made.trainer_state(made.made_run(10), tmp_path)
    cache = FileCache()
    cache.log_at(tmp_path)
    if name == "trainer_state":
        (tmp_path / "trainer_state.json").unlink()
    path = made.MAKERS[name](made.made_run(20), tmp_path)
    log = cache.log_at(tmp_path)
    assert log is not None
    assert path.name in str((log.source, log.notes))


def test_what_became_of_the_followed_log_is_told(tmp_path: Path) -> None:
    path = growing(tmp_path / "run", 22)
    told, cache = config(tmp_path, tuned="run/trainer_log.jsonl"), FileCache()
    cache.follow(told, "tuned")
    assert cache.followed == ""
    path.unlink()
    assert not cache.read_on()
    assert (cache.followed, losses(cache, told)) == ("gone, waiting for it", 20)
    path.mkdir()
    assert not cache.read_on()
    assert cache.followed == "unreadable (not a regular file)"
    path.rmdir()
    growing(tmp_path / "run", 24)
    assert cache.read_on()
    assert cache.followed == ""
    for broken in (b"", b"\x00\xff" * 90):
        path.write_bytes(broken)
        cache.read_on()
        assert losses(cache, told) == 0
        assert cache.followed == "holds no metrics any more, waiting"
    path.write_bytes(b"".join(list(made.trainer_log_lines(made.made_run(40, seed=2)))[:7]))
    assert cache.read_on()
    assert (cache.followed, losses(cache, told)) == ("another run now, begun anew", 7)


def test_a_newer_run_in_a_folder_of_its_own_is_told(tmp_path: Path) -> None:
    path = made.events(RUN, tmp_path / "run", at=1000)
    other = made.wandb_run(RUN, tmp_path / "run")
    for log in (path, other):
        told, cache = config(tmp_path, tuned=str(log.relative_to(tmp_path))), FileCache()
        cache.follow(told, "tuned")
        made.events(RUN, tmp_path / "run", at=2000)  # The same run goes on.
        cache.read_on()
        assert cache.followed == ""
        newer = log.parent.with_name(log.parent.name.replace("2026", "2027") + "-restarted")
        shutil.copytree(log.parent, newer)
        if log == path:
            (newer / path.name).rename(newer / path.name.replace("1000", "3000"))
        cache.read_on()
        assert cache.followed == f"a newer run logs to {newer.name}"


def test_an_empty_log_is_followed_until_it_holds_something(tmp_path: Path) -> None:
    path = growing(tmp_path / "run", 0)
    told, cache = config(tmp_path, tuned="run/trainer_log.jsonl"), FileCache()
    cache.follow(told, "tuned")
    assert cache.followed == "holds no metrics yet, waiting"
    append(path, b"".join(made.trainer_log_lines(RUN)))
    assert cache.read_on()
    assert (cache.followed, losses(cache, told)) == ("", 40)


def test_others_are_candidates_then_what_lies_beside(tmp_path: Path) -> None:
    made.trainer_state(RUN, tmp_path / "one")
    growing(tmp_path / "one", 99)
    made.plain_csv(RUN, tmp_path / "one")
    made.trainer_state(made.made_run(20), tmp_path / "two")
    told = config(
        tmp_path, tuned="one/trainer_state.json", rival="two/trainer_state.json",
        same="one/trainer_state.json",
    )  # fmt: skip
    found = others(told, "tuned", FileCache())
    assert found[0].name == "rival"
    assert [other.source.suffix for other in found[1:]] == [".jsonl", ".csv"]
    assert len({other.key for other in found}) == 3


def test_the_same_run_in_two_formats_has_the_same_lines(tmp_path: Path) -> None:
    told, cache = config(tmp_path, tuned="run"), FileCache()
    state = cache.log_at(made.trainer_state(RUN, tmp_path / "run"))
    jsonl = cache.log_at(growing(tmp_path / "run", 99))
    assert state is not None
    assert jsonl is not None
    one, other = lines_of(state), lines_of(jsonl)
    for mine, theirs in zip(one["loss"], other["loss"], strict=True):
        assert (mine.name, mine.role, mine.x) == (theirs.name, theirs.role, theirs.x)
        assert mine.y == pytest.approx(theirs.y)
    assert one["learning_rate"][0].y == pytest.approx(other["learning_rate"][0].y)
    assert others(told, "tuned", cache)


def test_a_log_without_anything_to_draw_has_no_lines(tmp_path: Path) -> None:
    rows = tuple({"eval_accuracy": 0.5, "epoch": 1.0, "step": step} for step in (1, 2, 3))
    log = FileCache().log_at(made.trainer_state(made.Run(rows, 3, 1.0, 1), tmp_path))
    assert log is not None
    assert lines_of(log) == {}


@pytest.mark.parametrize("name", made.MAKERS)
def test_a_run_nearby_is_another_whatever_its_format(name: str, tmp_path: Path) -> None:
    path = made.trainer_state(RUN, tmp_path / "mine" / "checkpoint-400")
    theirs = made.MAKERS[name](made.made_run(20), tmp_path / "theirs")
    told = config(tmp_path, tuned=str(path.relative_to(tmp_path)))
    cache = FileCache()
    (found,) = others(told, "tuned", cache)
    assert (found.name, found.source) == ("theirs", theirs)
    log = cache.log_at(found.source, found.step)
    assert log is not None
    assert lines_of(log)["loss"]


def test_nearby_the_own_run_is_not_found_again_and_the_newest_come_first(tmp_path: Path) -> None:
    for step in (100, 200):
        made.trainer_state(RUN, tmp_path / "mine" / f"checkpoint-{step}")
    made.plain_csv(RUN, tmp_path / "mine")
    for age, name in enumerate(("old", "newest", "older")):
        made.events(RUN, tmp_path / name)
        os.utime(tmp_path / name, (1e9, 1e9 - [9, 0, 5][age]))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("prompt,response\nq,a\n")
    made.captured(RUN, tmp_path)
    told = config(tmp_path, tuned="mine/checkpoint-100/trainer_state.json")
    names = [other.name for other in others(told, "tuned", FileCache())]
    assert names == ["log.csv", "train.log", "newest", "older", "old"]


def test_looking_nearby_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        made.trainer_log(RUN, tmp_path / f"run-{number}")
    crowded = tmp_path / "crowded"
    made.trainer_log(RUN, crowded)
    for number in range(40):
        (crowded / f"{number}.txt").touch()
    looked = []
    real = logs.find_log

    def counted(folder: Path, *, above: bool = True) -> Path | None:
        looked.append(folder)
        return real(folder, above=above)

    monkeypatch.setattr(logs, "find_log", counted)
    monkeypatch.setattr(nearby, "MOST_ENTRIES", 30)
    assert len(nearby.logs(tmp_path / "run-0", above=1)) == 12
    assert crowded not in looked
    looked.clear()
    monkeypatch.setattr(nearby, "MOST_LOGS", 5)
    assert len(nearby.logs(tmp_path / "run-0", above=1)) == 5
    assert len(looked) < 8


@pytest.mark.parametrize("around", ["runs", "logs", "wandb", "outputs"])
@pytest.mark.parametrize("place", ["", "checkpoint-10"])
def test_runs_in_a_folder_named_like_a_loggers_are_each_others_others(
    around: str, place: str, tmp_path: Path
) -> None:
    for name in "abcd":
        for folder in ("checkpoint-10", ""):
            made.trainer_state(RUN, tmp_path / around / name / folder)
    told = config(tmp_path, tuned=str(Path(around, "a", place, "trainer_state.json")))
    assert sorted(other.name for other in others(told, "tuned", FileCache())) == ["b", "c", "d"]


def test_the_run_that_a_log_is_of(tmp_path: Path) -> None:
    runs, output = tmp_path / "runs", tmp_path / "output"
    (runs / "a" / "checkpoint-10").mkdir(parents=True)
    log = growing(runs / "a", 22)
    assert logs.read_log(log).checkpoints == {10: "checkpoint-10"}
    events = "runs/Jan01_host/events.out.tfevents.1.host"
    for path, run in (
        (growing(runs / "b", 22), runs / "b"),
        (runs / "a" / "train.log", runs / "a"),
        (runs / "a" / events, runs / "a"),
        (runs / "a" / "wandb" / "run-1" / "run-1.wandb", runs / "a"),
        (output / events, output),
        (output / "lightning_logs" / "version_0" / "metrics.csv", output),
        (output / "train.log", output),
    ):
        assert logs.run_of(path) == run
