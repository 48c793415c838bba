"""What a program leaves is counted and taken away, however it was left."""

from __future__ import annotations

import os
from pathlib import Path

from tui_eval.engine.sandbox import disk


def deep(folder: Path, levels: int) -> None:
    """By descriptors: the path is longer than a path may be."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("directory", dir_fd=at)
        below = os.open("directory", os.O_RDONLY, dir_fd=at)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
        os.close(at)
        at = below
    os.close(at)


def test_a_tree_deeper_than_a_path_may_be(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    deep(box, 700)
    assert disk.used(str(box), 10_000)[1] > 10_000
    disk.remove(str(box))
    assert not box.exists()


def test_folders_closed_to_their_owner(tmp_path: Path) -> None:
    box = tmp_path / "box"
    (box / "a" / "b" / "c").mkdir(parents=True)
    (box / "a" / "b" / "c" / "file").write_text("x", "utf-8")
    for name in ("a/b/c", "a/b", "a"):
        (box / name).chmod(0)
    disk.remove(str(box))
    assert not box.exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    box, kept = tmp_path / "box", tmp_path / "kept"
    box.mkdir()
    kept.mkdir()
    (kept / "file").write_text("x" * 5000, "utf-8")
    (box / "folder").symlink_to(kept)
    (box / "file").symlink_to(kept / "file")
    os.mkfifo(box / "fifo")
    assert disk.used(str(box), 100)[1] == 3
    disk.remove(str(box))
    assert (kept / "file").exists()
    assert not box.exists()


def test_counting(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "big").write_bytes(b"x" * 100_000)
    with (tmp_path / "hole").open("wb") as sparse:
        sparse.truncate(50_000_000)
    size, count = disk.used(str(tmp_path), 100)
    assert count == 3
    assert 100_000 <= size < 1_000_000
    for name in range(200):
        (tmp_path / str(name)).touch()
    assert disk.used(str(tmp_path), 100)[1] > 100


def test_files_without_a_name_count_while_they_are_open(tmp_path: Path) -> None:
    before = disk.held(os.getpid())
    with (tmp_path / "file").open("wb") as opened:
        opened.write(b"x" * 200_000)
        opened.flush()
        os.fsync(opened.fileno())
        (tmp_path / "file").unlink()
        assert disk.held(os.getpid()) - before >= 200_000


def test_what_is_gone_already(tmp_path: Path) -> None:
    disk.remove(str(tmp_path / "never"))
