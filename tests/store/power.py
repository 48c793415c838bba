"""A disk that forgets what was not synced, for code that writes through ``os``.

What the program sees is a real folder. Beside it stands what would be there after a power
cut: of a file its content at the last ``fsync``, of a folder its entries at the last
``fsync`` of the folder. At a cut the real folder is made anew from that; how much of what
was not synced got to the disk nevertheless is left to chance.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REAL = {
    name: getattr(os, name)
    for name in (
        *("open", "close", "write", "pwrite", "fsync", "ftruncate"),
        *("mkdir", "rmdir", "rename", "unlink"),
    )
}


class Cut(BaseException):
    """The power is gone, or the process was killed. Nothing may catch it on the way."""


@dataclass(eq=False)
class Node:
    """A file or folder and what of it is on the disk for good."""

    folder: bool
    mode: int
    data: bytes = b""
    entries: dict[str, Node] = field(default_factory=dict)
    lost: tuple[int, int] = (0, 0)
    """Bytes whose sync failed. The kernel takes them for written from then on: a later sync
    that succeeds says nothing about them."""


class Disk:
    """Everything below ``root``. ``cut_after`` arms it; ``trouble`` makes writes or syncs
    below a folder fail by chance."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self._chance = root, chance
        self._nodes: dict[tuple[int, int], Node] = {}
        self._fds: set[int] = set()
        self._left = -1
        self._off = False
        self._trouble: tuple[str, Path, float] | None = None
        root.mkdir(exist_ok=True)
        self._adopt(root)

    # What a test does.

    @contextmanager
    def mounted(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in REAL:
                patch.setattr(os, name, getattr(self, f"_{name}"))
            yield

    def cut_after(self, operations: int) -> None:
        """Raise ``Cut`` in the midst of that operation, and at each one after it."""
        self._left, self._off = operations, False

    def trouble(self, kind: str, below: Path, share: float) -> None:
        """``full``: writes fail, half done. ``broken``: syncs fail, and what they were for is
        gone."""
        self._trouble = (kind, below, share)

    def killed(self) -> None:
        """The process ended; what it wrote is still in memory."""
        self._calm()

    def power_cut(self) -> None:
        """Only what was synced is there, and by chance some of the rest."""
        generous = self._chance.random() < 0.5
        top = self._node(os.stat(self.root))
        assert top is not None
        kept = self._kept(top, self.root, generous)
        self._calm()
        shutil.rmtree(self.root)
        _build(kept, self.root)
        self._nodes.clear()
        self._adopt(self.root)

    def _calm(self) -> None:
        for fd in self._fds:
            REAL["close"](fd)
        self._fds.clear()
        self._left, self._off, self._trouble = -1, False, None

    # What is left after a cut.

    def _kept(self, node: Node, path: Path | None, generous: bool) -> Node:
        if not node.folder:
            return Node(False, node.mode, self._kept_data(node, path, generous))
        there = self._entries(path) if path is not None else {}
        kept = Node(True, node.mode)
        for name in {**node.entries, **there}:
            synced, now = node.entries.get(name), there.get(name)
            chosen = synced if synced is now or not generous else self._chance.choice((synced, now))
            if chosen is not None:
                place = path / name if path is not None and chosen is now else None
                kept.entries[name] = self._kept(chosen, place, generous)
        return kept

    def _kept_data(self, node: Node, path: Path | None, generous: bool) -> bytes:
        if path is None or not generous:
            return node.data
        now = path.read_bytes()
        if now.startswith(node.data):
            got = self._chance.randint(len(node.data), len(now))
            # Some file systems give the file its length before its content.
            zeros = self._chance.choice((0, 0, max(0, len(now) - got - 1)))
            return now[:got] + bytes(zeros)
        return self._chance.choice((node.data, now))

    def _entries(self, path: Path) -> dict[str, Node]:
        found = {}
        for name in os.listdir(path):
            node = self._node(os.lstat(path / name))
            if node is not None:
                found[name] = node
        return found

    def _adopt(self, path: Path) -> Node:
        """Take what lies there for durable."""
        status = os.lstat(path)
        node = Node(stat.S_ISDIR(status.st_mode), stat.S_IMODE(status.st_mode))
        if node.folder:
            node.entries = {name: self._adopt(path / name) for name in os.listdir(path)}
        else:
            node.data = path.read_bytes()
        self._nodes[status.st_dev, status.st_ino] = node
        return node

    def _node(self, status: os.stat_result) -> Node | None:
        return self._nodes.get((status.st_dev, status.st_ino))

    # What the program does.

    def _ours(self, path: Any) -> bool:
        return str(path).startswith(f"{self.root}{os.sep}") or str(path) == str(self.root)

    def _step(self) -> bool:
        """Whether the power goes in the midst of this operation; Cut once it has."""
        if self._off:
            raise Cut
        if self._left < 0:
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self._off = True
        return True

    def _done(self, operation: Callable[[], Any], cut: bool) -> Any:
        """Do it; with ``cut``, do it or not, and lose the power."""
        if cut and self._chance.random() < 0.5:
            raise Cut
        answer = operation()
        if cut:
            raise Cut
        return answer

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if not self._ours(path):
            return int(REAL["open"](path, flags, mode, **more))
        makes = bool(flags & os.O_CREAT) and not os.path.lexists(path)
        cut = self._step() if makes else False
        if cut and self._chance.random() < 0.5:
            raise Cut
        fd = int(REAL["open"](path, flags, mode, **more))
        self._fds.add(fd)
        if makes:
            status = os.fstat(fd)
            self._nodes[status.st_dev, status.st_ino] = Node(False, stat.S_IMODE(status.st_mode))
        if cut:
            raise Cut
        return fd

    def _close(self, fd: int) -> None:
        self._fds.discard(fd)
        REAL["close"](fd)

    def _write(self, fd: int, data: Any) -> int:
        if fd not in self._fds:
            return int(REAL["write"](fd, data))
        piece = bytes(data)
        if self._step():
            REAL["write"](fd, piece[: self._chance.randint(0, len(piece))])
            raise Cut
        if self._fails("full", fd):
            REAL["write"](fd, piece[: len(piece) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # A short write is one that succeeded.
        return int(REAL["write"](fd, piece[: self._chance.randint(1, len(piece))]))

    def _pwrite(self, fd: int, data: Any, offset: int) -> int:
        if fd not in self._fds:
            return int(REAL["pwrite"](fd, data, offset))
        return int(self._done(lambda: REAL["pwrite"](fd, data, offset), self._step()))

    def _ftruncate(self, fd: int, length: int) -> None:
        node = self._node(os.fstat(fd)) if fd in self._fds else None
        if node is None:
            REAL["ftruncate"](fd, length)
            return
        self._done(lambda: REAL["ftruncate"](fd, length), self._step())
        node.lost = (node.lost[0], min(node.lost[1], length))

    def _fsync(self, fd: int) -> None:
        status = os.fstat(fd)
        node = self._node(status) if fd in self._fds else None
        if node is None:
            return
        if self._fails("broken", fd):
            self._step()
            node.lost = (len(node.data), max(status.st_size, node.lost[1]))
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._done(lambda: self._keep(node, fd), self._step())

    def _keep(self, node: Node, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}")
        node.mode = stat.S_IMODE(os.fstat(fd).st_mode)
        if node.folder:
            node.entries = self._entries(path)
            return
        data = bytearray(path.read_bytes())
        begin, end = node.lost
        if end > begin:
            data[begin:end] = bytes(max(0, min(end, len(data)) - begin))
        node.data = bytes(data)

    def _mkdir(self, path: Any, mode: int = 0o777, **more: Any) -> None:
        if not self._ours(path):
            REAL["mkdir"](path, mode, **more)
            return
        cut = self._step()
        REAL["mkdir"](path, mode, **more)
        status = os.lstat(path)
        self._nodes[status.st_dev, status.st_ino] = Node(True, stat.S_IMODE(status.st_mode))
        if cut:
            raise Cut

    def _rmdir(self, path: Any, **more: Any) -> None:
        cut = self._step() if self._ours(path) else False
        self._done(lambda: REAL["rmdir"](path, **more), cut)

    def _rename(self, source: Any, target: Any, **more: Any) -> None:
        """The node goes with its number; both names are the folder's at its next sync."""
        cut = self._step() if self._ours(target) else False
        self._done(lambda: REAL["rename"](source, target, **more), cut)

    def _unlink(self, path: Any, **more: Any) -> None:
        cut = self._step() if self._ours(path) else False
        self._done(lambda: REAL["unlink"](path, **more), cut)

    def _fails(self, kind: str, fd: int) -> bool:
        if self._trouble is None or self._trouble[0] != kind:
            return False
        _, below, share = self._trouble
        at = os.readlink(f"/proc/self/fd/{fd}")
        return at.startswith(f"{below}{os.sep}") and self._chance.random() < share


def _build(node: Node, path: Path) -> None:
    if node.folder:
        path.mkdir()
        for name, entry in node.entries.items():
            _build(entry, path / name)
    else:
        path.write_bytes(node.data)
    path.chmod(node.mode)
