"""Facts: appended, indexed, read back exactly, by whoever opens the workspace."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from tui_eval.core.records import (
    Message,
    Preflight,
    Producer,
    Reconcile,
    Rendering,
    Sample,
    TokenLoss,
)
from tui_eval.errors import StoreError
from tui_eval.store import codec
from tui_eval.store.workspace import Workspace

SAMPLE = Sample(
    "s1",
    "f1",
    "p1",
    messages=(
        Message("user", "hi \x1b[31m\ud800 ‮", {"name": "ana"}),
        Message("assistant", "ja"),
    ),
    tools=({"type": "function", "function": {"name": "f"}},),
    category="greeting",
    source="val.jsonl",
    row=7,
)
LOSS = TokenLoss(
    "s1",
    nll=3.25,
    tokens=2,
    bytes=4,
    end_nll=0.25,
    end_tokens=1,
    token_nll=(3.0, 0.25),
    spans=((10, 12), (12, 20)),
    runs=((4, 2),),
)
PRODUCER = Producer("k1", "tuned", "w", "a", "t", "p", "float32", 512, 256, "1", "2026-01-01")
RENDERING = Rendering("s1", "<user>hi</user>ja", ((15, 17),), (1, 2), ("<s>", "hi"))
PREFLIGHT = Preflight("chat: tokenizer", probes=2, max_logit_difference=math.inf)
RECONCILE = Reconcile("s1", 1.5, 3, math.nan)


def open_workspace(folder: Path, state: Path | None = None) -> Workspace:
    workspace = Workspace.open(folder, state_dir=state)
    workspace.catch_up()
    return workspace


def write_facts(workspace: Workspace, job: str = "job-1") -> None:
    with workspace.facts(job) as facts:
        facts.append("sample", "d1", "s1", codec.encode(SAMPLE))
        facts.append("producer", "k1", None, codec.encode(PRODUCER))
        facts.append("loss", "k1", "s1", codec.encode(LOSS))
        facts.append("rendering", "p1", "s1", codec.encode(RENDERING))
        facts.append("preflight", "pair", None, codec.encode(PREFLIGHT))
        facts.append("reconcile", "k1", "s1", codec.encode(RECONCILE))


def many(workspace: Workspace, count: int, job: str = "job-many", key: str = "k1") -> None:
    body = codec.encode(LOSS)
    with workspace.facts(job) as facts:
        for number in range(count):
            facts.append("loss", key, f"s{number}", {**body, "sample": f"s{number}"})


def test_every_record_comes_back_as_it_was(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    assert workspace.samples("d1") == {"s1": SAMPLE}
    assert workspace.producers() == [PRODUCER]
    assert workspace.loss("k1", "s1") == LOSS
    assert workspace.losses("k1", tokens=True) == {"s1": LOSS}
    assert workspace.rendering("p1", "s1") == RENDERING
    assert workspace.preflight("pair") == PREFLIGHT
    found = workspace.reconciles("k1")["s1"]
    assert found.newline_nll is not None
    assert math.isnan(found.newline_nll)
    assert (found.prompt_nll, found.prompt_tokens) == (1.5, 3)


def test_sums_come_without_tokens(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    quick = workspace.losses("k1")["s1"]
    assert (quick.nll, quick.tokens, quick.end_nll) == (3.25, 2, 0.25)
    assert quick.token_nll == ()


def test_what_is_there_is_known_by_sample(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    assert workspace.have("loss", "k1") == {"s1"}
    assert workspace.have("producer", "k1") == {""}
    assert workspace.have("loss", "other") == set()


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    assert workspace.jobs() == []
    assert workspace.losses("k1") == {}
    workspace.ui_seen("screen")
    workspace.version()
    assert workspace.engine().state == "absent"
    assert list(tmp_path.iterdir()) == []


def test_facts_on_disk_hold_no_raw_control_character(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    (file,) = workspace.facts_dir.iterdir()
    assert all(byte == 0x0A or 0x20 <= byte < 0x7F for byte in file.read_bytes())


def test_two_state_folders_on_one_shared_workspace(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    computes = open_workspace(shared, tmp_path / "node1")
    reads = open_workspace(shared, tmp_path / "node2")
    assert reads.losses("k1") == {}
    write_facts(computes)
    assert reads.catch_up()
    assert reads.losses("k1", tokens=True) == computes.losses("k1", tokens=True) == {"s1": LOSS}
    many(computes, 10, "job-2")
    assert reads.catch_up()
    assert len(reads.losses("k1")) == 11 - 1
    assert not reads.catch_up()
    assert computes.index_path != reads.index_path
    assert sorted(path.name for path in (shared / ".tui-eval").iterdir()) == ["facts"]


def test_reading_twice_changes_nothing(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    before = workspace.facts_version()
    assert not workspace.catch_up()
    (file,) = workspace.facts_dir.iterdir()
    # The same events under another name, as when two machines' folders are merged twice.
    (workspace.facts_dir / "copy.jsonl").write_bytes(file.read_bytes())
    workspace.catch_up()
    assert len(list(workspace.facts_of("loss", "k1"))) == 1
    assert workspace.facts_version() == before


def test_versions_tell_facts_from_progress(tmp_path: Path) -> None:
    one, other = open_workspace(tmp_path), open_workspace(tmp_path)
    write_facts(one)
    other.catch_up()
    version, facts = other.version(), other.facts_version()
    assert version == other.version()
    one.request("score", {"candidate": "tuned"})
    assert other.version() != version
    assert other.facts_version() == facts
    version = other.version()
    many(one, 3, "job-2")
    assert other.version() != version
    assert other.facts_version() != facts
    version = one.version()
    one.request("score", {"candidate": "another"})
    assert one.version() != version


def test_reading_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = open_workspace(tmp_path, tmp_path / "a")
    reads = open_workspace(tmp_path, tmp_path / "b")
    many(writes, 500)
    reads.catch_up()
    begun: list[int] = []
    real = os.pread

    def watched(fd: int, length: int, offset: int) -> bytes:
        begun.append(offset)
        return real(fd, length, offset)

    (file,) = writes.facts_dir.iterdir()
    size = file.stat().st_size
    many(writes, 1)
    monkeypatch.setattr(os, "pread", watched)
    assert reads.catch_up()
    assert min(begun) >= size - 4096


def test_a_torn_last_line_is_the_end_for_now(tmp_path: Path) -> None:
    writes = open_workspace(tmp_path, tmp_path / "a")
    many(writes, 3)
    (file,) = writes.facts_dir.iterdir()
    whole = file.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    file.write_bytes(whole[: last + 40])
    reads = open_workspace(tmp_path, tmp_path / "b")
    assert len(reads.losses("k1")) == 2
    assert reads.faults() == ()
    file.write_bytes(whole)
    assert reads.catch_up()
    assert len(reads.losses("k1")) == 3


def test_the_writer_cuts_a_torn_line_and_says_so(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    many(workspace, 3)
    (file,) = workspace.facts_dir.iterdir()
    with file.open("ab") as handle:
        handle.write(b'{"id":"half')
    with workspace.facts("job-many") as facts:
        assert "11 bytes" in facts.notes[0]
        facts.append("loss", "k1", "more", {**codec.encode(LOSS), "sample": "more"})
    assert workspace.losses("k1").keys() == {"s0", "s1", "s2", "more"}
    fresh = open_workspace(tmp_path, tmp_path / "elsewhere")
    assert fresh.losses("k1").keys() == {"s0", "s1", "s2", "more"}
    assert fresh.faults() == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace(b"3.25", b"9.25"),
        lambda line: b"not json",
        lambda line: line[:30],
        lambda line: b"[" * 100_000,
    ],
    ids=["changed", "words", "cut", "deep"],
)
def test_a_bad_line_is_told_with_its_number(tmp_path: Path, damage: object) -> None:
    writes = open_workspace(tmp_path, tmp_path / "a")
    many(writes, 5, "job-1")
    many(writes, 5, "job-2", key="k2")
    (file,) = writes.facts_dir.glob("*job-1*")
    lines = file.read_bytes().splitlines()
    lines[2] = damage(lines[2])  # type: ignore[operator]
    file.write_bytes(b"\n".join(lines) + b"\n")
    reads = open_workspace(tmp_path, tmp_path / "b")
    assert reads.losses("k1").keys() == {"s0", "s1"}
    assert len(reads.losses("k2")) == 5
    (fault,) = reads.faults()
    assert f"{file}, line 3 " in fault


def test_a_file_that_shrank_or_changed_is_read_afresh(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    many(workspace, 4, "job-1")
    many(workspace, 3, "job-2", key="k2")
    (file,) = workspace.facts_dir.glob("*job-1*")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]))
    assert workspace.catch_up()
    assert (len(workspace.losses("k1")), len(workspace.losses("k2"))) == (2, 3)
    (other,) = workspace.facts_dir.glob("*job-2*")
    other.unlink()
    assert workspace.catch_up()
    assert (len(workspace.losses("k1")), len(workspace.losses("k2"))) == (2, 0)


def test_a_full_disk_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tmp_path)
    many(workspace, 2)
    facts = workspace.facts("job-many")
    facts.append("loss", "k1", "lost", {**codec.encode(LOSS), "sample": "lost"})
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) > 50:
            return real(fd, bytes(data)[:50])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match="disk is full"):
        facts.commit()
    monkeypatch.undo()
    assert workspace.losses("k1").keys() == {"s0", "s1"}
    facts.append("loss", "k1", "next", {**codec.encode(LOSS), "sample": "next"})
    facts.commit()
    facts.close()
    fresh = open_workspace(tmp_path, tmp_path / "elsewhere")
    assert fresh.losses("k1").keys() == {"s0", "s1", "next"} == workspace.losses("k1").keys()


def test_a_second_writer_of_a_file_is_refused(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    with (
        workspace.facts("job-1"),
        pytest.raises(StoreError, match="written by another"),
    ):
        workspace.facts("job-1")


def test_links_are_not_followed(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "w")
    write_facts(workspace)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (workspace.facts_dir / "x.jsonl").symlink_to(victim)
    os.mkfifo(workspace.facts_dir / "pipe.jsonl")
    workspace.catch_up()
    assert len(workspace.faults()) == 2
    name = next(workspace.facts_dir.glob("*job-1*")).name.replace("job-1", "job-9")
    (workspace.facts_dir / name).symlink_to(victim)
    with pytest.raises(StoreError, match="is a link"):
        workspace.facts("job-9")
    assert victim.read_text() == "mine"


def test_losses_of_a_whole_set_come_quickly(tmp_path: Path) -> None:
    """CPU seconds against parsing as many small JSON texts: 2,000 take tens of milliseconds."""
    import json

    workspace = open_workspace(tmp_path)
    many(workspace, 2000)
    workspace.losses("k1")
    text = json.dumps(codec.light("loss", codec.encode(LOSS)))
    begun = time.process_time()
    for _ in range(2000):
        json.loads(text)
    parsing = time.process_time() - begun
    begun = time.process_time()
    assert len(workspace.losses("k1")) == 2000
    assert time.process_time() - begun < 20 * parsing


def test_bytes_that_come_after_their_size_are_read_later(tmp_path: Path) -> None:
    """Over a network a file may show its new size and time before its bytes."""
    writes = open_workspace(tmp_path, tmp_path / "a")
    many(writes, 3)
    (file,) = writes.facts_dir.iterdir()
    whole, stat = file.read_bytes(), file.stat()
    first = whole.index(b"\n") + 1
    file.write_bytes(whole[:first] + bytes(len(whole) - first - 1) + b"\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    reads = open_workspace(tmp_path, tmp_path / "b")
    assert len(reads.losses("k1")) == 1
    assert len(reads.faults()) == 1
    file.write_bytes(whole)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    reads.catch_up()
    assert len(reads.losses("k1")) == 3
    assert reads.faults() == ()


def test_a_fault_that_stays_changes_nothing(tmp_path: Path) -> None:
    writes = open_workspace(tmp_path, tmp_path / "a")
    many(writes, 3)
    (file,) = writes.facts_dir.iterdir()
    with file.open("ab") as handle:
        handle.write(b"nonsense\n")
    reads, other = (open_workspace(tmp_path, tmp_path / "b") for _ in range(2))
    version = other.version()
    assert not reads.catch_up()
    assert other.version() == version


def test_facts_that_are_none_of_ours_are_an_error_in_words(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    with workspace.facts("job-1") as facts:
        facts.append("loss", "k\ud800", "s\udfff", {"nll": "much"})
        facts.append("producer", "k1", None, {"model": 4})
    for ask in (lambda: workspace.losses("k\\ud800"), workspace.producers):
        with pytest.raises(StoreError, match="can't be understood"):
            ask()
    assert workspace.have("loss", "k\\ud800") == {"s\\udfff"}


def test_job_texts_may_hold_anything(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    job = workspace.request("score", {"path": "caf\udce9"})
    assert workspace.claim() is not None
    workspace.progress(job.id, message="caf\udce9")
    workspace.finish(job.id, "failed", "caf\udce9")
    (found,) = workspace.jobs()
    assert found.args == {"path": "caf\udce9"}
    assert found.error == "caf\\udce9"


def test_folders_are_private_whatever_comes_first(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    for path in (tmp_path / ".tui-eval", workspace.facts_dir):
        assert path.stat().st_mode & 0o7777 == 0o700
