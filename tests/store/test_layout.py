"""Where things lie: on a local disk, a network disk, a folder that can't be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.store.boxes import needs_bwrap, python_in_box
from tests.store.test_facts import many, open_workspace, write_facts
from tui_eval.store import disk, layout
from tui_eval.store.disk import disk_of
from tui_eval.store.files import Modes
from tui_eval.store.workspace import Workspace

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:51 / /home/me/scratch rw - ext4 /dev/sdb1 rw
32 22 0:52 / /mnt/with\\040space rw - fuse.sshfs me@there:/ rw
33 22 0:53 / /mnt/usb rw - fuseblk /dev/sdc1 rw
34 22 0:54 / /data rw - ext4 /dev/sdd1 rw
35 22 0:55 / /data rw master:3 propagate_from:2 - lustre mds:/data rw
36 22 0:56 / /win rw - cifs //server/share rw
broken line
"""


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind", "network"),
    [
        ("/srv/x", "ext4", False),
        ("/home/me/eval", "nfs4", True),
        ("/homework", "ext4", False),
        ("/home/me/scratch/eval", "ext4", False),
        ("/mnt/with space/eval", "fuse.sshfs", True),
        ("/mnt/usb", "fuseblk", False),
        ("/data/x", "lustre", True),
        ("/win/x", "cifs", True),
    ],
)
def test_disks_are_told_from_the_mounts(
    mountinfo: Path, folder: str, kind: str, network: bool
) -> None:
    found = disk_of(Path(folder), mountinfo)
    assert (found.type, found.network) == (kind, network)


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "lustre", "beegfs", "gpfs", "ceph", "fuse.sshfs", "9p"],
)
def test_every_network_disk_of_the_list_is_known(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"22 1 8:1 / / rw - {kind} source rw\n")
    assert disk_of(tmp_path, mounts).network


def test_without_mounts_nothing_is_claimed(tmp_path: Path) -> None:
    assert disk_of(tmp_path, tmp_path / "missing") == disk.Disk("unknown", False)


@pytest.fixture
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home / "tui-eval"


def on_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *points: Path) -> None:
    mounts = tmp_path / "mounts"
    lines = ["22 1 8:1 / / rw - ext4 /dev/sda1 rw"]
    lines += [f"3{n} 22 0:5{n} / {point} rw - nfs4 s:/ rw" for n, point in enumerate(points)]
    mounts.write_text("\n".join(lines))
    monkeypatch.setattr(disk, "MOUNTINFO", mounts)


def test_a_local_workspace_keeps_everything_beside_eval_toml(
    tmp_path: Path, state_home: Path
) -> None:
    workspace = open_workspace(tmp_path)
    write_facts(workspace)
    assert workspace.index_path == tmp_path / ".tui-eval" / "index.db"
    assert workspace.index_path.is_file()
    assert (workspace.network_disk, workspace.read_only, workspace.note) == (False, False, "")
    assert not state_home.exists()


def test_on_a_network_disk_index_and_lock_are_local(
    tmp_path: Path, state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    on_network(monkeypatch, tmp_path, shared)
    workspace = open_workspace(shared)
    write_facts(workspace)
    assert workspace.network_disk
    assert workspace.state_dir.parent == state_home
    assert workspace.lock_path.parent == workspace.log_path.parent == workspace.state_dir
    assert str(workspace.state_dir) in workspace.note
    assert [path.name for path in (shared / ".tui-eval").iterdir()] == ["facts"]
    with workspace.journal("ana") as journal:
        assert journal.path.parent == shared / "judgements"
    assert open_workspace(shared, tmp_path / "other host").have("loss", "k1") == {"s1"}


def test_a_home_on_a_network_disk_is_no_place_for_an_index(
    tmp_path: Path, state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(layout.tempfile, "gettempdir", lambda: str(temporary))
    on_network(monkeypatch, tmp_path, tmp_path / "state", tmp_path / "shared")
    (tmp_path / "shared").mkdir()
    workspace = open_workspace(tmp_path / "shared")
    write_facts(workspace)
    own = temporary / f"tui-eval-{os.geteuid()}"
    assert workspace.state_dir.parent == own
    assert own.stat().st_mode & 0o777 == 0o700


@needs_bwrap
def test_a_read_only_workspace_is_read_and_judged(tmp_path: Path) -> None:
    """Somebody else computed it; on a disk mounted read-only, for root as well."""
    shared = tmp_path / "shared"
    shared.mkdir()
    computed = open_workspace(shared, tmp_path / "node1")
    write_facts(computed)
    before = sorted(str(path) for path in shared.rglob("*"))
    out = python_in_box(
        """
        import os
        from pathlib import Path
        from tui_eval.store.workspace import Workspace
        folder = Path(os.environ["FOLDER"])
        workspace = Workspace.open(folder)
        workspace.catch_up()
        assert workspace.read_only
        assert str(workspace.state_dir) in workspace.note
        assert workspace.have("loss", "k1") == {"s1"}
        with workspace.facts("job-x") as facts:
            facts.append("loss", "k1", "s2", {"sample": "s2", "nll": 1, "tokens": 1, "bytes": 1})
        assert workspace.have("loss", "k1") == {"s1", "s2"}
        with workspace.journal("ana") as journal:
            journal.append("vote", pair="p", side="left")
        again = Workspace.open(folder)
        assert again.losses("k1").keys() == {"s1", "s2"}
        assert len(again.judgements(["vote"])) == 1
        assert again.request("score", {}).state == "queued"
        print(workspace.state_dir)
        """,
        "--ro-bind", str(shared), str(shared),
        FOLDER=str(shared), XDG_STATE_HOME=str(tmp_path / "state"),
    )  # fmt: skip
    assert Path(out.strip()).parent == tmp_path / "state" / "tui-eval"
    assert sorted(str(path) for path in shared.rglob("*")) == before


@needs_bwrap
def test_where_nothing_can_be_written_it_can_still_be_read(tmp_path: Path) -> None:
    computed = open_workspace(tmp_path / "shared", tmp_path / "node1")
    write_facts(computed)
    out = python_in_box(
        """
        import os
        from pathlib import Path
        from tui_eval.errors import StoreError
        from tui_eval.store.workspace import Workspace
        workspace = Workspace.open(Path(os.environ["FOLDER"]))
        workspace.catch_up()
        print(sorted(workspace.have("loss", "k1")))
        try:
            workspace.request("score", {})
        except StoreError as error:
            print("refused")
        """,
        "--remount-ro", "/", "--remount-ro", "/dev",
        FOLDER=str(tmp_path / "shared"), XDG_STATE_HOME=str(tmp_path / "state"),
    )  # fmt: skip
    assert out.splitlines() == ["['s1']", "refused"]


def test_a_moved_workspace_keeps_its_index(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    workspace = open_workspace(old)
    many(workspace, 20)
    version = workspace.facts_version()
    workspace.close()
    old.rename(new)
    moved = open_workspace(new)
    assert moved.facts_version() == version
    assert moved.loss("k1", "s3") is not None


def test_a_link_to_a_workspace_is_that_workspace(tmp_path: Path, state_home: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    one, other = Workspace.open(tmp_path / "real"), Workspace.open(tmp_path / "link")
    assert one.lock_path == other.lock_path


def test_a_shared_folder_has_its_name_once_the_group_may_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague's window may open at any moment: it must find none, or one to write in."""
    wanted = tmp_path / "workspace" / "judgements"
    real, early = os.chmod, []

    def chmod(path: Path, mode: int) -> None:
        early.append(wanted.exists())
        real(path, mode)

    monkeypatch.setattr(os, "chmod", chmod)
    Modes(0o660, 0o2770).make_folder(wanted)
    assert early == [False, False]
    assert wanted.stat().st_mode & 0o7777 == 0o2770
    assert [path.name for path in wanted.parent.iterdir()] == ["judgements"]


def test_a_folder_that_another_makes_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "judgements"
    real = os.chmod

    def chmod(path: Path, mode: int) -> None:
        wanted.mkdir()
        (wanted / "theirs.jsonl").touch()
        real(path, mode)

    monkeypatch.setattr(os, "chmod", chmod)
    Modes().make_folder(wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["judgements"]
    assert (wanted / "theirs.jsonl").is_file()
