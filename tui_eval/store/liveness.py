"""Whether an engine lives: its lock first, then host, boot, process number and start time.

A process number alone lies (it is used again), and a pid file lets two engines win.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from tui_eval.errors import StoreError
from tui_eval.store.files import Modes, cannot_write, now, open_file, take_lock
from tui_eval.store.layout import host

PAUSE = 0.02
HOLDER_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as written into it."""

    host: str
    boot: str
    pid: int
    start: str
    """Start time of the process, in the kernel's ticks since boot."""
    since: str = ""
    leaving: bool = False
    """It takes no more jobs and will let go soon."""
    oom_file: str = ""
    oom_kills: int = 0
    """Processes that the kernel had killed in its memory group when it started, and the
    file that counts them; empty where nothing does."""

    @classmethod
    def me(cls) -> Holder:
        pid = os.getpid()
        start = start_time(pid) or ""
        return cls(host(), boot_id(), pid, start, now(), False, *oom_count())


class Lock:
    """A lock file held for as long as the process lives, or until ``release``."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd, self.path = fd, path
        self.holder = Holder.me()
        self.say(leaving=False)

    @classmethod
    def take(
        cls, path: Path, modes: Modes, *, patience: float = 0.0, leaving: float = 0.0
    ) -> Lock | None:
        """None where somebody else has it. ``patience`` bridges the moments in which others
        look whether it is held; ``leaving`` is for a holder that will let go soon."""
        begun = time.monotonic()
        while True:
            lock = cls._try(path, modes)
            if lock is not None:
                return lock
            who = holder(path)
            wait = leaving if who is not None and who.leaving else patience
            if time.monotonic() - begun >= wait:
                return None
            time.sleep(PAUSE)

    @classmethod
    def _try(cls, path: Path, modes: Modes) -> Lock | None:
        try:
            modes.make_folder(path.parent)
            fd = open_file(path, os.O_RDWR | os.O_CREAT, modes)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            if take_lock(fd, path) and _same(fd, path):
                return cls(fd, path)
        except OSError as error:
            os.close(fd)
            raise cannot_write(path, error) from error
        except StoreError:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def say(self, *, leaving: bool) -> None:
        """Write into the file who holds it, and whether it will let go soon."""
        self.holder = replace(self.holder, leaving=leaving)
        # One write of one length: who reads meanwhile never sees half of it.
        os.pwrite(self._fd, json.dumps(asdict(self.holder)).encode().ljust(HOLDER_BYTES), 0)

    def ours(self) -> bool:
        """Whether the file that is held still has its name: without it others could start."""
        return self._fd >= 0 and _same(self._fd, self.path)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _same(fd: int, path: Path) -> bool:
    """Whether the file that was locked is still the one of that name."""
    ours = os.fstat(fd)
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else on this host is in such a passage over ``folder`` meanwhile. For passages
    of milliseconds: it waits for its turn. It needs no file that another account may not
    open, and ends with the process."""
    with in_turn(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)):
        yield


@contextlib.contextmanager
def in_turn(fd: int) -> Iterator[None]:
    """Hold the lock of ``fd``, waiting for it, and close ``fd`` in the end."""
    try:
        with contextlib.suppress(OSError):
            # Where there are no locks, as before there were any.
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def held(path: Path) -> bool:
    """Whether a process holds the lock. Looking takes it, shared, for a moment."""
    try:
        fd = open_file(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def holder(path: Path) -> Holder | None:
    """Who wrote itself into the lock file last, alive or not."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        fd = open_file(path, os.O_RDONLY)
        try:
            return Holder(**json.loads(os.pread(fd, 4096, 0)))
        finally:
            os.close(fd)
    return None


def lives(one: Holder) -> bool:
    """Whether that very process runs; on another host nobody can tell, so yes."""
    if one.host != host():
        return True
    if not one.start:
        # No /proc to ask: the lock is all that is known.
        return True
    return one.boot == boot_id() and start_time(one.pid) == one.start


def alive(path: Path) -> bool:
    """Whether the lock is held by a process that lives. A lock that a forgotten child of a
    dead engine still holds is nobody's."""
    if not held(path):
        return False
    one = holder(path)
    return one is None or lives(one)


def process(one: Holder) -> int | None:
    """A descriptor of exactly that process, or None if it has gone: its number may have
    been used again, so look at the start time after the descriptor is there."""
    if one.host != host() or one.boot != boot_id() or not hasattr(os, "pidfd_open"):
        return None
    try:
        fd = os.pidfd_open(one.pid)
    except OSError:
        return None
    if start_time(one.pid) == one.start:
        return fd
    os.close(fd)
    return None


def send(fd: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(fd, number)


@cache
def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_time(pid: int) -> str | None:
    """Kernel ticks since boot at which a process started; None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command name, in brackets, may itself hold brackets and spaces.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def oom_count() -> tuple[str, int]:
    """The file that counts what the kernel killed in this memory group, and its count."""
    for path in _memory_files():
        count = _oom_kills(path)
        if count is not None:
            return str(path), count
    return "", 0


def killed_for_memory(one: Holder) -> bool:
    """Whether the kernel killed something in its memory group since it started."""
    count = _oom_kills(Path(one.oom_file)) if one.oom_file else None
    return count is not None and count > one.oom_kills


def _oom_kills(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def _memory_files() -> list[Path]:
    """``memory.events`` of this process's group, or its like of the older hierarchy."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found.append(Path("/sys/fs/cgroup") / path.lstrip("/") / "memory.events")
            found.append(Path("/sys/fs/cgroup/memory.events"))
        elif "memory" in controllers.split(","):
            folder = Path("/sys/fs/cgroup/memory")
            found += [folder / path.lstrip("/") / "memory.oom_control"]
            found += [folder / "memory.oom_control"]
    return found
