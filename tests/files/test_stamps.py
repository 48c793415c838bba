"""A file that was replaced is read again, even one that carries its old time along."""

from __future__ import annotations

import os
from pathlib import Path

from tests.waiting import until
from tui_eval.files import evidence, producers


def replace_unseen(path: Path, data: bytes) -> None:
    """Other bytes of the same number, with the modification time put back."""
    before = path.stat()

    def written() -> bool:
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        # The kernel's clock ticks every few milliseconds.
        return path.stat().st_ctime_ns != before.st_ctime_ns

    until(written)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_weights_copied_with_their_old_time(tmp_path: Path) -> None:
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(b"one")
    before = producers._stamp(tmp_path)
    assert producers._stamp(tmp_path) == before
    replace_unseen(weights, b"two")
    assert producers._stamp(tmp_path) != before


def test_data_copied_with_its_old_time(tmp_path: Path) -> None:
    data = tmp_path / "val.jsonl"
    data.write_bytes(b"one")
    before = evidence.stamp_of(data)
    replace_unseen(data, b"two")
    assert evidence.stamp_of(data) != before
