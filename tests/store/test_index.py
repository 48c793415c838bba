"""The index costs nothing but seconds: damaged in any way, it is made again, equal."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.test_facts import many, open_workspace, write_facts
from tui_eval.errors import StoreError
from tui_eval.store import index as index_module
from tui_eval.store.workspace import Workspace

Damage = Callable[[Path], None]


def contents(workspace: Workspace) -> object:
    """Everything that is asked of facts, as values to compare."""
    return (
        workspace.losses("k1", tokens=True),
        workspace.losses("k2"),
        workspace.samples("d1"),
        workspace.producers(),
        workspace.rendering("p1", "s1"),
        workspace.preflight("pair"),
        list(workspace.facts_of("loss", "k2")),
        workspace.have("loss", "k1"),
        workspace.faults(),
    )


def missing(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("of a person's")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def garbage_page(path: Path) -> None:
    with path.open("r+b") as handle:
        handle.seek(4096 * 3)
        handle.write(os.urandom(4096))


def first_page(path: Path) -> None:
    with path.open("r+b") as handle:
        handle.write(bytes(4096))


def changed(sql: str) -> Damage:
    def change(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(sql)
        connection.close()

    return change


def foreign(path: Path) -> None:
    path.unlink()
    changed("CREATE TABLE album (title TEXT); INSERT INTO album VALUES ('x')")(path)


def link(path: Path) -> None:
    other = path.with_name("elsewhere.db")
    path.rename(other)
    path.symlink_to(other)


DAMAGES: dict[str, Damage] = {
    "missing": missing,
    "garbage": garbage,
    "zero bytes": empty,
    "a folder": folder,
    "cut": cut,
    "a garbage page": garbage_page,
    "first page zeroed": first_page,
    "somebody else's database": foreign,
    "a table is gone": changed("DROP TABLE fact"),
    "a column more": changed("ALTER TABLE fact ADD COLUMN extra"),
    "a trigger": changed(
        "CREATE TRIGGER t AFTER INSERT ON job BEGIN DELETE FROM fact; END"
    ),
    "no meta rows": changed("DELETE FROM meta"),
    "older": changed("PRAGMA user_version = 0"),
    "newer": changed("PRAGMA user_version = 999"),
    "a link": link,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_index_is_made_again_equal(tmp_path: Path, damage: Damage) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    many(workspace, 300, "job-2", key="k2")
    before = contents(workspace)
    path = workspace.index_path
    workspace.close()
    damage(path)
    again = open_workspace(tmp_path)
    assert contents(again) == before
    assert again.request("score", {}).state == "queued"
    assert path.is_file()
    assert not path.is_symlink()
    again.close()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_it_is_noticed_while_it_is_open(tmp_path: Path, damage: Damage) -> None:
    """The index is damaged under a workspace that has it open and under another one."""
    workspace, other = open_workspace(tmp_path), open_workspace(tmp_path)
    write_facts(workspace)
    many(workspace, 300, "job-2", key="k2")
    before = contents(workspace)
    assert contents(other) == before
    checkpoint(workspace)
    damage(workspace.index_path)
    late = open_workspace(tmp_path)
    for one in (late, workspace, other):
        assert contents(one) == before
    job = workspace.request("score", {"candidate": "tuned"})
    for one in (late, workspace, other):
        assert [found.id for found in one.jobs()] == [job.id]
        one.close()


def checkpoint(workspace: Workspace) -> None:
    """Bring everything into the main file, so that damage to it is damage."""
    workspace._ask(lambda index: index.rows("PRAGMA wal_checkpoint(TRUNCATE)"))


def test_a_lost_wal_is_caught_up(tmp_path: Path) -> None:
    """Somebody copies only the .db, which every check calls whole."""
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    checkpoint(workspace)
    old = tmp_path / "old.db"
    many(workspace, 50, "job-2", key="k2")
    before = contents(workspace)
    shutil.copy(workspace.index_path, old)
    workspace.close()
    for path in workspace.state_dir.glob("index.db*"):
        path.unlink()
    shutil.copy(old, workspace.index_path)
    again = open_workspace(tmp_path)
    assert contents(again) == before


def test_reading_again_is_in_the_same_order(tmp_path: Path) -> None:
    """Two jobs found the same thing: which one counts does not depend on the index."""
    workspace = open_workspace(tmp_path)
    for job, value in (("job-b", 1.0), ("job-a", 2.0)):
        with workspace.facts(job) as facts:
            body = {"sample": "s1", "nll": value, "tokens": 1, "bytes": 1}
            facts.append("loss", "k1", "s1", body)
    assert workspace.losses("k1")["s1"].nll == 2.0
    fresh = open_workspace(tmp_path, tmp_path / "elsewhere")
    assert fresh.losses("k1") == workspace.losses("k1")


def test_a_locked_index_is_looked_at_again(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    workspace.request("score", {})
    version = workspace.version()
    blocker = sqlite3.connect(workspace.index_path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    assert workspace.version() == version
    assert len(workspace.jobs()) == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    assert workspace.request("score", {"more": 1}).state == "queued"


def test_a_full_index_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(tmp_path)
    workspace.request("score", {})
    pages = workspace._ask(lambda index: index.one("PRAGMA page_count"))
    assert pages is not None
    workspace._ask(lambda index: index.rows(f"PRAGMA max_page_count = {pages[0]}"))
    with pytest.raises(StoreError, match="disk is full"):
        workspace.request("score", {"text": "x" * 100_000})
    assert len(workspace.jobs()) == 1


def test_many_threads_take_turns(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(30):
                workspace.request("score", {"number": number, "turn": turn})
                workspace.version()
                workspace.jobs()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(workspace.jobs()) == 150


def test_ended_jobs_do_not_pile_up(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    for number in range(index_module_kept() + 20):
        job = workspace.request("score", {"number": number})
        workspace.cancel(job.id)
    assert len(workspace.jobs()) <= index_module_kept() + 1


def index_module_kept() -> int:
    from tui_eval.store import jobs

    return jobs.KEPT


def test_a_closed_workspace_says_so(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    workspace.close()
    with pytest.raises(StoreError, match="was closed"):
        workspace.jobs()


def test_another_version_of_the_schema_has_another_number() -> None:
    """Raise VERSION with the schema, then write the new pair down here."""
    import hashlib

    schema = "\n".join(index_module.SCHEMA)
    digest = hashlib.sha256(" ".join(schema.split()).encode()).hexdigest()[:16]
    assert (index_module.VERSION, digest) == (1, "6ef7272d97fe7a85")
