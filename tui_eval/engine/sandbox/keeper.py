"""One program's keeper: starts judge and candidate, watches them, and outlives them both.

Run as a script with ``-I -S`` by ``runner``: settings come as the first frame on stdin, the
task as the second, after both processes have been forked, so that no copy of the test is in
the candidate's memory. The result goes to stdout as one frame. When the descriptor ``alive``
closes, whoever asked has gone, and all of it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

if __name__ == "__main__":  # isolated mode leaves the package's folder out of the path
    sys.path.insert(0, os.path.abspath(__file__).rsplit(os.sep, 4)[0])

from tui_eval.engine.sandbox import candidate, confine, disk, judge, kernel, namespaces, wire

TICK = 0.05
SETUP_SECONDS = 60.0
"""From start to "ready" on a machine that is busy elsewhere."""
MOST_PRINTED = 64 << 20
_KILLED = 128


_children_here: set[int] = set()
"""Forked and not yet waited for: only these numbers are sure to be still theirs."""


class Guests(NamedTuple):
    judge: int
    candidate: int
    verdict: int
    output: int


class Stopped(Exception):
    """SIGTERM: whoever asked wants no answer any more."""


def _stopped(*_: object) -> NoReturn:
    raise Stopped


def main() -> None:
    signal.signal(signal.SIGTERM, _stopped)
    settings = wire.receive(0)
    alive = settings["alive"]
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    sys.path[:] = settings["path"]
    result: dict[str, Any]
    try:
        result = Watch(settings, _start(settings), alive).result()
    except Exception as error:
        result = {"outcome": "fault", "reason": f"{type(error).__name__}: {error}"}
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end_everybody()
        _clear(settings["box"])
    with contextlib.suppress(BrokenPipeError):
        wire.send(1, result)
    os._exit(0)  # nothing is left to tidy, and an interpreter takes its time over it


def _start(settings: dict[str, Any]) -> Guests:
    calls, replies, verdict = os.pipe(), os.pipe(), os.pipe()
    output, task = os.pipe(), os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    settings["tasks"] = _most_tasks(settings["level"])
    for name in ("judge", "candidate"):
        os.mkdir(os.path.join(settings["box"], name), 0o700)
    answering = _fork(
        settings,
        "candidate",
        [null, output[1], output[1], calls[0], replies[1]],
        lambda: candidate.serve(3, 4),
    )
    judging = _fork(
        settings,
        "judge",
        [null, null, null, task[0], replies[0], calls[1], verdict[1]],
        lambda: judge.serve(3, 4, 5, 6),
    )
    for one in (calls, replies):
        os.close(one[0])
        os.close(one[1])
    for end in (verdict[1], output[1], task[0], null):
        os.close(end)
    with contextlib.suppress(BrokenPipeError):  # the watch will say why
        wire.send(task[1], wire.receive(0))
    os.close(task[1])
    return Guests(judging, answering, verdict[0], output[0])


def _most_tasks(level: str) -> int:
    """Threads that may exist: in a user namespace its own count, else all of the user's.
    Root is exempt from the kernel's limit, so the watch counts."""
    if os.getuid() == 0:
        return 0
    if "namespaces" in confine.LAYERS[level]:
        return confine.MOST_THREADS
    return confine.tasks_of(os.getuid()) + confine.MOST_THREADS - 16


def _fork(
    settings: dict[str, Any], role: str, descriptors: list[int], serve: Callable[[], NoReturn]
) -> int:
    """A child with these descriptors and no others, confined, running ``serve``."""
    keeper = os.getpid()
    child = os.fork()
    if child:
        _children_here.add(child)
        return child
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)
        _keep_only(descriptors)
        os.setsid()
        layers = confine.LAYERS[settings["level"]]
        home = os.path.join(settings["box"], role)
        if "namespaces" in layers:
            home = _alone(settings, home, len(descriptors))
        os.environ.update({"HOME": home, "TMPDIR": home})
        memory = settings["memory_mib"] if role == "candidate" else settings["judge_mib"]
        confine.limit(memory, int(settings["seconds"]) + 2, settings["tasks"])
        confine.confine(settings, layers, home)
    except BaseException as error:
        # The last descriptor is a pipe to who waits: it tells why there will be no answer.
        with contextlib.suppress(OSError):
            wire.send(len(descriptors) - 1, {"setup": f"{role}: {error}"})
        os._exit(1)
    try:
        serve()
    finally:
        os._exit(1)


def _alone(settings: dict[str, Any], place: str, descriptors: int) -> str:
    """Go on as the second process of new namespaces; the first waits for it. The caller's
    process stays outside and passes on how it ended."""
    namespaces.enter()
    _follow(os.fork(), descriptors)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    namespaces.build_root(
        place, settings["readable"], confine.DEVICES, settings["disk_mib"], settings["files"]
    )
    # A signal that a process sends itself is lost on the first of its namespace.
    _follow(os.fork(), descriptors)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return namespaces.HOME


def _follow(child: int, descriptors: int) -> None:
    """In a parent: close what the child uses, wait for it, end as it did."""
    if not child:
        return
    os.closerange(0, descriptors)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else _KILLED - code)


def _keep_only(descriptors: list[int]) -> None:
    high = [os.dup2(one, 200 + at) for at, one in enumerate(descriptors)]
    for at, one in enumerate(high):
        os.dup2(one, at)
    os.closerange(len(descriptors), 1 << 16)


class Watch:
    """Waits for the verdict, reads what is printed, and ends what goes past a limit."""

    def __init__(self, settings: dict[str, Any], guests: Guests, alive: int) -> None:
        self._settings, self._guests, self._alive = settings, guests, alive
        self._kept = bytearray()
        self._printed = 0
        self._verdict = bytearray()
        self._started = 0.0
        self._deadline = time.monotonic() + SETUP_SECONDS
        self._inside: int | None = None

    def result(self) -> dict[str, Any]:
        found = self._wait()
        seconds = time.monotonic() - self._started if self._started else 0.0
        if found["outcome"] == "gone":
            found = self._how_it_ended()
        kept = bytes(self._kept).decode("utf-8", "replace")
        return {**found, "seconds": seconds, "output": kept, "printed": self._printed}

    def _wait(self) -> dict[str, Any]:
        poll = select.poll()
        for one in (self._guests.verdict, self._guests.output, self._alive):
            poll.register(one, select.POLLIN)
        next_look = 0.0
        while True:
            for opened, _ in poll.poll(TICK * 1000):
                if opened == self._alive:
                    return _said("fault", "whoever asked has gone")
                if opened == self._guests.output and not self._read_output():
                    poll.unregister(opened)
                if opened == self._guests.verdict and (found := self._read_verdict()):
                    return found
            now = time.monotonic()
            if now > self._deadline:
                return self._too_late()
            if now > next_look and self._started:
                next_look = now + TICK
                if over := self._over():
                    return over

    def _read_output(self) -> bool:
        part = os.read(self._guests.output, 1 << 16)
        room = self._settings["output_kib"] * 1024 - len(self._kept)
        self._kept += part[: max(room, 0)]
        self._printed += len(part)
        return bool(part)

    def _read_verdict(self) -> dict[str, Any] | None:
        part = os.read(self._guests.verdict, 1 << 16)
        self._verdict += part
        for message in self._messages():
            if "setup" in message:
                return _said("fault", str(message["setup"]))
            if "outcome" in message:
                return _said(message["outcome"], message["reason"])
            self._started = time.monotonic()
            self._deadline = self._started + self._settings["seconds"]
        if part:
            return None
        if not self._started:
            return _said("fault", "the judge ended before it began")
        return _said("wrong", "the test could not be run to its end: its process died")

    def _messages(self) -> list[Any]:
        """Whole frames so far. They come from the judge, which runs no word of the model's."""
        found = []
        while len(self._verdict) >= 4:
            end = 4 + int.from_bytes(self._verdict[:4], "little")
            if len(self._verdict) < end:
                break
            found.append(json.loads(bytes(self._verdict[4:end])))
            del self._verdict[:end]
        return found

    def _too_late(self) -> dict[str, Any]:
        if not self._started:
            return _said("fault", f"not ready after {SETUP_SECONDS:.0f} seconds")
        return _said("timeout", f"no answer within {self._settings['seconds']:g} seconds")

    def _over(self) -> dict[str, Any] | None:
        if self._printed > MOST_PRINTED:
            return _said("sandbox", f"it printed more than {MOST_PRINTED >> 20} MiB")
        inside = self._guest()
        if inside and _threads(inside) > confine.MOST_THREADS:
            return _said("sandbox", f"it started more than {confine.MOST_THREADS} threads")
        if "namespaces" in confine.LAYERS[self._settings["level"]]:
            return None  # its file system has the limits built in
        mib, files = self._settings["disk_mib"], self._settings["files"]
        size, count = disk.used(os.path.join(self._settings["box"], "candidate"), files)
        if count > files:
            return _said("sandbox", f"it made more than {files} files and folders")
        if size + disk.held(self._guests.candidate) > mib << 20:
            return _said("sandbox", f"it wrote more than {mib} MiB")
        return None

    def _guest(self) -> int | None:
        """The candidate's own process as this one numbers it."""
        if "namespaces" not in confine.LAYERS[self._settings["level"]]:
            return self._guests.candidate
        if self._inside is None:
            first = _children(self._guests.candidate)
            second = _children(first[0]) if first else []
            self._inside = second[0] if second else None
        return self._inside

    def _how_it_ended(self) -> dict[str, Any]:
        """The candidate went away in the middle: its exit status says more."""
        ended = _ended(self._guests.candidate, 2.0)
        if ended is None:
            return _said("crash", "it closed its channel to the test")
        code, peak_mib = ended
        if 0 <= code < _KILLED:
            return _said("crash", f"it ended the program itself, with exit code {code}")
        number = -code if code < 0 else code - _KILLED
        if number == signal.SIGXCPU:
            return _said("timeout", "it used up its processor time")
        if number == signal.SIGKILL and peak_mib > self._settings["memory_mib"] / 4:
            return _said("memory", "the system killed it, most likely for lack of memory")
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        return _said("crash", f"it crashed ({name})")


def _said(outcome: str, reason: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason}


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    """Of a process with one thread; empty where the kernel doesn't tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [int(one) for one in listed.read().split()]
    except OSError:
        return []


def _ended(pid: int, seconds: float) -> tuple[int, float] | None:
    """Exit code, negative for a signal, and peak memory in MiB; None while it runs on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            _children_here.discard(pid)
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
        time.sleep(0.002)
    return None


def _end_everybody() -> None:
    """Kill what is left and wait until it is dead: a killed process can hold a gigabyte
    for a while. As subreaper, this process inherits whoever loses a parent."""
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        for child in {*_children_here, *_children(os.getpid())}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            done, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        _children_here.discard(done)
        if not done:
            time.sleep(0.001)


def _clear(box: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        disk.remove(box)


if __name__ == "__main__":
    main()
