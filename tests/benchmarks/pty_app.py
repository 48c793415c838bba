"""Runs a program in a terminal of its own and watches what it writes and costs.

Figures are ratios of two programs in one run: absolute times of a shared machine are not
worth writing down, CPU time and bytes nearly are.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 3.0
"""Seconds to wait for a key's repaint."""
QUIET = 0.06
"""Seconds without output after which a repaint counts as complete."""


class PtyApp:
    """A program in a pty; ``close`` ends it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if cwd is not None:
                os.chdir(cwd)
            os.environ.update(environ or {})
            os.execvp(command[0], list(command))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        self.written = b""

    def read(self, seconds: float) -> bytes:
        """What it writes until it is silent for ``seconds``, or has ended."""
        block = b""
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            block += piece
        self.written += block
        return block

    def drain(self, seconds: float) -> None:
        """Read whatever comes for ``seconds``."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                self.written += os.read(self.fd, 65536)

    def until(self, marker: bytes, seconds: float = 120.0) -> float:
        """Seconds from the start until the output holds ``marker``."""
        deadline = time.perf_counter() + seconds
        while marker not in self.written:
            if time.perf_counter() > deadline:
                raise AssertionError(f"{marker!r} never came; last: {self.written[-2000:]!r}")
            if select.select([self.fd], [], [], 0.5)[0]:
                try:
                    self.written += os.read(self.fd, 65536)
                except OSError as error:
                    raise AssertionError(f"it ended: {self.written[-2000:]!r}") from error
        return time.perf_counter() - self.began

    def key(self, keys: bytes, marker: bytes) -> tuple[float, int]:
        """Press; milliseconds until the repaint brought ``marker``, and how many bytes came
        until it was quiet. What else repaints meanwhile does not stop the watch."""
        began = time.perf_counter()
        os.write(self.fd, keys)
        seen, came = 0.0, b""
        wait = PATIENCE
        while wait > 0 and select.select([self.fd], [], [], wait)[0]:
            came += os.read(self.fd, 65536)
            if not seen and marker in came:
                seen = (time.perf_counter() - began) * 1000
            wait = QUIET if seen else began + PATIENCE - time.perf_counter()
        self.written += came
        return seen, len(came)

    def cpu_ms(self) -> float:
        """CPU time of all its threads and children so far, in milliseconds."""
        return sum(_cpu_ns(pid) for pid in family(self.pid)) / 1e6

    def close(self) -> None:
        for pid in reversed(family(self.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def family(pid: int) -> list[int]:
    """A process and the children it forked into its own session."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and int(entry.name) != pid:
            found.append(int(entry.name))
    return found


def _cpu_ns(pid: int) -> int:
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            continue
    return total


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def clean_environ(home: Path) -> dict[str, str]:
    """One terminal for all programs, and nobody's own settings."""
    return {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def workspace(folder: Path) -> Path:
    """A run with a real training log and validation rows, and no model to load."""
    import json
    import math

    run = folder / "runs" / "checkpoint-1500"
    run.mkdir(parents=True)
    history = [
        {"loss": 1.1 + 1.3 * math.exp(-step / 300), "step": step, "epoch": step / 500}
        for step in range(10, 1501, 10)
    ]
    history += [
        {"eval_loss": 1.2 + 1.2 * math.exp(-step / 300), "step": step, "epoch": step / 500}
        for step in range(100, 1501, 100)
    ]
    state = {"global_step": 1500, "max_steps": 1500, "epoch": 3.0, "log_history": history}
    (run / "trainer_state.json").write_text(json.dumps(state))
    rows = [
        {"messages": [{"role": "user", "content": f"question {n}"},
                      {"role": "assistant", "content": f"answer {n}"}]}
        for n in range(600)
    ]  # fmt: skip
    (folder / "val.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "eval.toml").write_text(
        '[models.tuned]\npath = "runs/checkpoint-1500"\nlog = "runs/checkpoint-1500"\n'
        '[data]\nvalidation = "val.jsonl"\n'
    )
    return folder
