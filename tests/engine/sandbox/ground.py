"""Something worth harming, the hostile set run against it, and what became of it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.sandbox.hostile import ALL, Hostile, call_numbers
from tui_eval.engine.sandbox import runner
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.verdict import Limits, Verdict

SECRET = "the-canary-sings-4711"
LIMITS = Limits(seconds=1.0, memory_mib=384)


@dataclass
class Ground:
    """A home with a secret, listeners, a process to hurt: all real, all watched."""

    folder: Path
    tmp: Path
    decoy: subprocess.Popen[bytes]
    listeners: list[socket.socket]
    niceness: int
    """The decoy's as it began: whoever runs the tests may have slowed them."""
    before: dict[str, tuple[bytes, int, float]] = field(default_factory=dict)

    def fill(self) -> dict[str, str]:
        return {
            **call_numbers(),
            "canary": str(self.folder / "canary"),
            "folder": str(self.folder),
            "tmp": str(self.tmp),
            "secret": SECRET,
            "port": str(self.listeners[0].getsockname()[1]),
            "socket": str(self.folder / "socket"),
            "decoy": str(self.decoy.pid),
            "parent": str(os.getpid()),
        }

    def harm(self) -> list[str]:
        """What can be seen from outside, in words; empty where nothing happened."""
        found = []
        if _looks(self.folder) != self.before:
            found.append("files outside changed")
        if self.decoy.poll() is not None:
            found.append("another process died")
        elif os.getpriority(os.PRIO_PROCESS, self.decoy.pid) != self.niceness:
            found.append("another process was slowed")
        if select.select(self.listeners, [], [], 0)[0]:
            found.append("something came over the network")
        if left := [one.name for one in self.tmp.iterdir()]:
            found.append(f"left on disk: {left[:5]}")
        if Path("/dev/shm/tui-eval-dropped").exists():
            found.append("left in shared memory")
        if left := running():
            found.append(f"left running: {left}")
        return found


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="home-")))
        tmp = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tmp-")))
        (folder / "canary").write_text(SECRET, "utf-8")
        listeners = [
            socket.create_server(("127.0.0.1", 0)),
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        ]
        listeners[1].bind(str(folder / "socket"))
        listeners[1].listen()
        for one in listeners:
            stack.callback(one.close)
        decoy = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
        )
        stack.callback(decoy.communicate)
        stack.enter_context(_surroundings(folder, tmp))
        niceness = os.getpriority(os.PRIO_PROCESS, decoy.pid)
        yield Ground(folder, tmp, decoy, listeners, niceness, _looks(folder))


@contextlib.contextmanager
def _surroundings(folder: Path, tmp: Path) -> Iterator[None]:
    """A token in the environment, an open file that children would inherit, and a
    directory for temporary files that can be looked at afterwards."""
    kept, before = tempfile.tempdir, os.environ.get("HF_TOKEN")
    opened = os.open(folder / "canary", os.O_RDONLY)
    os.set_inheritable(opened, True)
    tempfile.tempdir = str(tmp)
    os.environ["HF_TOKEN"] = SECRET
    try:
        yield
    finally:
        tempfile.tempdir = kept
        os.environ.pop("HF_TOKEN")
        if before is not None:
            os.environ["HF_TOKEN"] = before
        os.close(opened)


def attacked(
    level: Level, cases: Sequence[Hostile] = ALL, *, landlock_abi: int | None = None
) -> tuple[dict[str, Verdict], list[str]]:
    """Each case's verdict by id, and the harm done by all of them."""
    with ground() as place:
        fill = place.fill()
        box = runner.Sandbox(level, LIMITS, landlock_abi=landlock_abi)
        programs = [case.program(fill) for case in cases]
        # More at once than there are cores: a part of them only waits for its time to pass.
        verdicts = dict(runner.judge_all(box, programs, workers=6))
        harm = place.harm()
    return {case.id: verdicts[at] for at, case in enumerate(cases)}, harm


def running() -> list[str]:
    """Keepers, and whoever has one's command line because it was forked from one."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{name}/cmdline").read_bytes()
                if str(runner.KEEPER).encode() in line:
                    found.append(f"{name} {line!r}")
    return found


def _looks(folder: Path) -> dict[str, tuple[bytes, int, float]]:
    seen = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        attributes = os.listxattr(path)
        seen[path.name + "".join(attributes)] = (content, status.st_mode, status.st_mtime)
    return seen
