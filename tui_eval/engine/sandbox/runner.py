"""Judge programs: one keeper process each, several at once."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from tui_eval.engine.sandbox import boxes, disk, wire
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program, Verdict

KEEPER = Path(__file__).with_name("keeper.py")
_ATTEMPTS = 2
_BACKSTOP = 120.0
"""Seconds beyond the program's own that a keeper gets before it counts as lost."""
_STEP, _GRACE = 0.25, 40.0
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "MALLOC_ARENA_MAX": "2",
    # One thread each: numpy's libraries would take a stack per core out of the limit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_LOADER = "LD_LIBRARY_PATH"
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FILES = ("/usr/share/zoneinfo",)


@cache
def readable() -> tuple[str, ...]:
    """The interpreter's libraries and the system's: all that a program may read. Never a
    home or what a home lies in, whatever a setting names."""
    base = Path(sys.base_prefix).resolve()
    wanted = [*_site(), sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    wanted += [str(base / "lib"), *_LIBRARIES, *_FILES, *_loader_path()]
    home = Path(os.path.expanduser("~")).resolve()
    found = [path for path in wanted if path and os.path.isabs(path) and os.path.isdir(path)]
    real = [os.path.realpath(path) for path in found]
    pairs = zip(found, real, strict=True)
    kept = [pair for pair in pairs if Path(pair[1]) not in (home, *home.parents)]
    return tuple(dict.fromkeys([*(one for one, _ in kept), *(one for _, one in kept)]))


def _loader_path() -> list[str]:
    """Where a cluster's modules put the interpreter's own shared libraries."""
    return [path for path in os.environ.get(_LOADER, "").split(":") if path]


def _environment() -> dict[str, str]:
    loader = _loader_path()
    return {**_ENVIRONMENT, _LOADER: ":".join(loader)} if loader else _ENVIRONMENT


def _site() -> list[str]:
    return [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]


@cache
def _search_path() -> tuple[str, ...]:
    """Where the program's imports are found: the standard library and what is installed;
    neither this program's folder nor the current one."""
    stdlib = [
        sysconfig.get_path("stdlib"),
        sysconfig.get_config_var("DESTSHARED") or "",
    ]
    return tuple(dict.fromkeys(path for path in [*stdlib, *_site()] if path))


class Sandbox:
    """One way of confining, chosen by ``selftest.best`` or by an explicit opt-in."""

    def __init__(
        self, level: Level, limits: Limits | None = None, *, landlock_abi: int | None = None
    ) -> None:
        self.level = level
        self.limits = limits or Limits()
        self._landlock_abi = landlock_abi
        """Hold Landlock to this version, to try what an older kernel would do."""

    def judge(self, program: Program, stop: threading.Event | None = None) -> Verdict:
        """Never raises for what the program does. A sandbox that fails is tried twice."""
        verdict = Verdict(Outcome.SANDBOX, "stopped", judged=False)
        for _ in range(_ATTEMPTS):
            if stop and stop.is_set():
                break
            verdict = self._once(program, stop)
            if verdict.judged:
                break
        return verdict

    def _once(self, program: Program, stop: threading.Event | None) -> Verdict:
        try:
            box, held = boxes.make()
        except OSError as error:
            return _unjudged(f"no folder for temporary files: {error}")
        theirs, ours = os.pipe()
        try:
            task = {
                "source": program.source,
                "test": program.test,
                "entry_point": program.entry_point,
                "prelude": program.prelude,
            }
            frames = wire.frame(self._settings(box, theirs)) + wire.frame(task)
            keeper = _start(theirs, held)
            os.close(theirs)
            theirs = -1
            said = _talk(keeper, frames, self.limits.seconds + _BACKSTOP, stop)
            return _verdict(said, keeper)
        except wire.NotPlainError as error:
            return _unjudged(f"the program and its test can't be sent: {error}")
        except OSError as error:
            return _unjudged(str(error))
        finally:
            for end in (theirs, ours):
                if end >= 0:
                    os.close(end)
            with contextlib.suppress(OSError):
                disk.remove(box)
            os.close(held)

    def _settings(self, box: str, alive: int) -> dict[str, Any]:
        return {
            **asdict(self.limits),
            "level": self.level.value,
            "landlock_abi": self._landlock_abi,
            "box": box,
            "alive": alive,
            "readable": readable(),
            "path": _search_path(),
        }


def judge_all(
    sandbox: Sandbox,
    programs: Sequence[Program],
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[tuple[int, Verdict]]:
    """Position and verdict of each program, as they come. ``workers`` defaults to the cores
    but one. ``progress`` is told done and total, in the caller's thread. Leaving the
    iteration, or setting ``stop``, ends what still runs; what was stopped isn't told."""
    boxes.sweep()
    stop = stop or threading.Event()
    todo = iter(range(len(programs)))
    lock = threading.Lock()
    done: queue.SimpleQueue[tuple[int, Verdict] | BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            while not stop.is_set():
                with lock:
                    at = next(todo, None)
                if at is None:
                    break
                done.put((at, sandbox.judge(programs[at], stop)))
        except BaseException as error:
            done.put(error)
        finally:
            done.put(None)

    count = min(workers or free_cores(), max(len(programs), 1))
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield from _collected(done, count, len(programs), progress, stop)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _collected(
    done: queue.SimpleQueue[tuple[int, Verdict] | BaseException | None],
    running: int,
    total: int,
    progress: Callable[[int, int], None] | None,
    stop: threading.Event,
) -> Iterator[tuple[int, Verdict]]:
    finished = 0
    while running:
        one = done.get()
        if one is None:
            running -= 1
        elif isinstance(one, BaseException):
            raise one
        elif one[1].judged or not stop.is_set():
            finished += 1
            if progress:
                progress(finished, total)
            yield one


def free_cores() -> int:
    """The cores this process may use, but one."""
    if sys.platform == "linux":
        return max(len(os.sched_getaffinity(0)) - 1, 1)
    return max((os.cpu_count() or 1) - 1, 1)


def _start(alive: int, held: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(KEEPER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        cwd="/",
        pass_fds=(alive, held),
        start_new_session=True,
    )


def _talk(
    keeper: subprocess.Popen[bytes], frames: bytes, seconds: float, stop: threading.Event | None
) -> tuple[bytes, bytes]:
    until = time.monotonic() + seconds
    sent: bytes | None = frames
    while True:
        try:
            return keeper.communicate(sent, timeout=_STEP)
        except subprocess.TimeoutExpired:
            sent = None
            if stop and stop.is_set():
                # A keeper that is asked ends its guests first; killed, it leaves that to them.
                keeper.terminate()
                until = min(until, time.monotonic() + _GRACE)
            if time.monotonic() > until:
                keeper.kill()


def _verdict(said: tuple[bytes, bytes], keeper: subprocess.Popen[bytes]) -> Verdict:
    try:
        result = json.loads(said[0][4:])
    except ValueError:
        last = said[1].decode("utf-8", "replace").strip().splitlines()[-1:]
        return _unjudged(f"its keeper ended with {keeper.returncode}: {' '.join(last)}")
    if result["outcome"] == "fault":
        return _unjudged(result["reason"])
    return Verdict(
        Outcome(result["outcome"]), result["reason"], result["seconds"], result["output"]
    )


def _unjudged(why: str) -> Verdict:
    return Verdict(Outcome.SANDBOX, f"the sandbox failed: {why}", judged=False)
