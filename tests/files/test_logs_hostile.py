"""Logs that are torn, damaged or made to harm: ours errors or a log, nothing else."""

from __future__ import annotations

import json
import random
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files import log_making as made
from tui_eval.core.records import TrainingLog
from tui_eval.errors import TuiEvalError
from tui_eval.files.logs import find_logs, read_log
from tui_eval.files.logs.captured import Capture
from tui_eval.files.logs.parts import gathered as limits
from tui_eval.files.logs.parts.crc import masked
from tui_eval.files.logs.parts.reader import Parser
from tui_eval.files.logs.parts.tail import MOST_LINE, Lines
from tui_eval.files.logs.table import Table
from tui_eval.files.logs.tensorboard import EventFile
from tui_eval.files.logs.trainer_log import TrainerLog
from tui_eval.files.logs.wandb_offline import OfflineRun

SMALL = made.made_run(6, eval_every=20)
PARSERS: dict[str, tuple[Callable[[], Parser], str]] = {
    "trainer_log": (TrainerLog, "trainer_log"),
    "tensorboard": (EventFile, "tensorboard"),
    "csv": (Table, "csv"),
    "wandb": (OfflineRun, "wandb"),
    "captured": (Capture, "captured 4"),
    "mlx": (Capture, "mlx"),
    "torchtune": (Capture, "torchtune"),
}
NAMES = ("trainer_log.jsonl", "events.out.tfevents.1.h", "metrics.csv", "r.wandb", "p.db", "o.log")


def content(name: str, folder: Path) -> bytes:
    return made.MAKERS[PARSERS[name][1]](SMALL, folder).read_bytes()


def taken(make: Callable[[], Parser], *parts: bytes) -> dict[str, list[str]] | None:
    """Steps and values, or None for a refusal in our own words."""
    parser = make()
    try:
        for part in parts:
            parser.feed(part)
        parser.end()
    except TuiEvalError:
        return None
    return {
        key: [f"{p.step} {p.value} {p.epoch}" for p in found.points()]
        for key, found in parser.gathered.series.items()
    }


def read_or_refused(path: Path) -> None:
    try:
        log = read_log(path)
    except TuiEvalError:
        return
    well_formed(log)


def well_formed(log: TrainingLog) -> None:
    for key, points in log.series.items():
        assert isinstance(key, str)
        steps = [point.step for point in points]
        assert points
        assert steps == sorted(set(steps))


@pytest.mark.parametrize("name", PARSERS)
def test_cut_at_every_byte_it_says_what_stands_there(name: str, tmp_path: Path) -> None:
    make, _ = PARSERS[name]
    whole = content(name, tmp_path)
    best = taken(make, whole)
    assert best
    before = 0
    for size in range(len(whole)):
        told = taken(make, whole[:size]) or {}
        count = sum(map(len, told.values()))
        # A longer beginning never says less, but for a last number cut in its digits.
        assert count >= before - 1
        before = max(before, count)
        assert told.keys() <= best.keys() | {key for key in told if len(told[key]) == 1}
    assert before <= sum(map(len, best.values()))


@pytest.mark.parametrize("name", PARSERS)
def test_in_pieces_of_one_byte_it_is_the_same(name: str, tmp_path: Path) -> None:
    make, _ = PARSERS[name]
    whole = content(name, tmp_path)
    assert taken(make, *(bytes((byte,)) for byte in whole)) == taken(make, whole)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), max_size=6), st.data())
def test_damage_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    damage: list[tuple[int, bytes]],
    data: st.DataObject,
) -> None:
    make, _ = PARSERS[name]
    broken = bytearray(content(name, tmp_path_factory.mktemp("whole")))
    for at, junk in damage:
        at %= len(broken)
        broken[at : at + data.draw(st.integers(0, 9))] = junk
    cut = data.draw(st.integers(0, len(broken)))
    assert taken(make, bytes(broken)) == taken(make, bytes(broken[:cut]), bytes(broken[cut:]))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.binary(max_size=300))
def test_any_bytes_under_any_name(
    tmp_path_factory: pytest.TempPathFactory, name: str, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    heads = {"r.wandb": b":W&B\xe1\xbe\x00", "p.db": b"SQLite format 3\x00"}
    for head in (b"", heads.get(name, b"step,loss\n")):
        (folder / name).write_bytes(head + noise)
        find_logs(folder)
        read_or_refused(folder / name)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 40))
def test_any_message_in_a_sound_frame(noise: bytes, step: int) -> None:
    """Checksums guard against accidents, not against intent."""
    for data in (noise, made.event(step, noise), made.event(step, made.field(1, noise))):
        told = taken(EventFile, made.framed(data))
        assert told is not None
    for record in (noise, made.field(2, noise), made.field(2, made.field(1, noise))):
        assert taken(OfflineRun, made.wandb_bytes([record])) is not None


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"current_steps": 1, "loss": ' + b"9" * 10_000 + b"}",
        b'{"current_steps": ' + b"1" * 400 + b', "loss": 1}',
        b'{"current_steps": 1e999, "loss": 1}',
        b'{"current_steps": -5, "loss": 1}',
        b'{"current_steps": "x", "loss": 1}',
        b"{'loss': " * 20_000,
        b"{'" + b"a" * 60_000,
        b"{'a': '" * 9_000 + b"}",
        b"\x1b]" * 30_000,
        b"\x1b[" + b"0;" * 30_000,
        b"%|" * 30_000,
        b"100%|" * 12_000,
        b"] 1%|" + b" " * 60_000,
        b"Step 1 | " + b"a:" * 30_000,
        b"Step 1 | " + b"a" * 60_000,
        b"Iter 1: Train loss " + b"A " * 30_000,
        b"Iter 1: Val loss 1, " + b"AAAA " * 10_000,
        b'"' * 200_000,
        b"," * 300_000,
        b"\x00" * 300_000,
        b"{" * 60_000 + b"}",
    ],
    ids=range(23),
)
def test_lines_made_to_be_slow_or_deep(line: bytes) -> None:
    """Each of them once more per kind of reader; any that took a square of its length
    would not come back."""
    for make in (TrainerLog, Capture):
        taken(make, line + b"\n" + line)
    taken(Table, b"step,loss\n" + line + b"\n" + line + b"\n")
    taken(Table, line + b"\n" + line)


def test_a_line_without_end_is_not_kept() -> None:
    lines = Lines()
    for _ in range(200):
        assert list(lines.feed(b"x" * 100_000)) == []
        assert sum(map(len, lines._parts)) <= MOST_LINE
    assert list(lines.feed(b"\nnext\n")) == [b"next"]
    assert lines.too_long == 1


def test_a_log_after_an_endless_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trainer_log.jsonl"
    path.write_bytes(b"x" * 5_000_000 + b'\n{"current_steps": 1, "loss": 2}\n')
    log = read_log(path)
    assert len(log.series["loss"]) == 1
    assert log.notes == ("1 damaged records of the log are left out",)


def test_a_record_that_claims_to_be_endless_is_not_kept() -> None:
    parser = EventFile()
    length = struct.pack("<Q", 1 << 62)
    parser.feed(length + struct.pack("<I", masked(length)))
    for _ in range(50):
        parser.feed(bytes(1_000_000))
        assert len(parser._buffer) < 100
    offline = OfflineRun()
    offline.feed(made.wandb_bytes([bytes(60_000_000)]))
    assert not offline.gathered.series


def test_metrics_without_number_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"current_steps": 1, "loss": 1.0} | {f"m{i}": 1.0 for i in range(limits.MOST_SERIES)}
    path = tmp_path / "trainer_log.jsonl"
    path.write_text(json.dumps(row) + "\n")
    log = read_log(path)
    assert len(log.series) == limits.MOST_SERIES
    assert "the rest are left out" in log.notes[0]
    monkeypatch.setattr(limits, "MOST_POINTS", 10)
    log = read_log(path)
    assert sum(map(len, log.series.values())) == 10
    assert "only the first" in str(log.notes)


def test_steps_backwards_are_sorted_once() -> None:
    rows = [b'{"current_steps": %d, "loss": 1}\n' % step for step in range(60_000, 0, -1)]
    told = taken(TrainerLog, b"".join(rows))
    assert told is not None
    assert [float(point.split()[0]) for point in told["loss"]] == list(range(1, 60_001))


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE VIEW metrics AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
        "SELECT n AS id, n AS step, n AS timestamp, n AS metrics, n AS run_name FROM c",
        "CREATE TABLE metrics (id, loss)",
        "CREATE TABLE other (id)",
    ],
)
def test_another_kind_of_database_is_refused(schema: str, tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "p.db")
    base.execute(schema)
    base.commit()
    base.close()
    assert find_logs(tmp_path) == []
    with pytest.raises(TuiEvalError, match="no trackio project"):
        read_log(tmp_path / "p.db")


def test_odd_rows_of_a_database(tmp_path: Path) -> None:
    base = made.trackio_base(tmp_path / "p.db")
    rows = [
        (None, "[1]"), (None, b"\xff\xfe"), (7, '{"train/loss": 2}'), ("x", '{"train/loss": 2}'),
        (b"blob", '{"train/loss": 1}'), (-1, '{"train/loss": 1}'), (8, "[" * 50_000),
        (9, '{"train/loss": "NaN", "train/x": {"a": 1}, "train/y": [1], "train/z": null}'),
    ]  # fmt: skip
    for step, metrics in rows:
        base.execute(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) "
            "VALUES ('r', 'no time', 'r', ?, ?)",
            (step, metrics),
        )
    base.commit()
    base.close()
    log = read_log(tmp_path / "p.db")
    assert [(p.step, str(p.value)) for p in log.series["loss"]] == [(7, "2.0"), (9, "nan")]
    assert log.series.keys() == {"loss"}
    assert "3 rows" in str(log.notes)
    assert "3 damaged" in str(log.notes)


def test_random_pages_in_a_database(tmp_path: Path) -> None:
    whole = made.trackio(made.made_run(30), tmp_path).read_bytes()
    chance = random.Random(2)
    path = tmp_path / "broken.db"
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            broken[chance.randrange(100, len(broken))] = chance.randrange(256)
        path.write_bytes(bytes(broken[: chance.randrange(200, len(broken) + 1)]))
        find_logs(tmp_path)
        read_or_refused(path)


def test_names_of_metrics_are_kept_as_they_are(tmp_path: Path) -> None:
    """They are made safe where they are shown."""
    name = "x\x1b[2J\u202e"
    path = tmp_path / "trainer_log.jsonl"
    path.write_text(json.dumps({"current_steps": 1, name: 1, "y" * 1000: 1}) + "\n")
    assert set(read_log(path).series) == {name}
