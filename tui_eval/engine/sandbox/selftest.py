"""Which level this machine reaches, found by attacking it, once per process.

Version numbers don't decide: a container's filter, a boot option or a distribution's policy
can take any layer away. The attacks are our own, so what they report of themselves counts,
and what can be seen from outside is looked at as well.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

from tui_eval.engine.sandbox import kernel, landlock
from tui_eval.engine.sandbox.levels import BEST_FIRST, REMEDY, Level, Standing
from tui_eval.engine.sandbox.runner import Sandbox
from tui_eval.engine.sandbox.syscalls import MACHINES
from tui_eval.engine.sandbox.verdict import Limits, Outcome, Program
from tui_eval.errors import EngineError

_SECRET = "canary-4711"
_ATTACKS = '''
import ctypes, os, socket, threading

def benign(values):
    seen = []
    worker = threading.Thread(target=lambda: seen.extend(sorted(values)))
    worker.start()
    worker.join()
    return seen

def tried(attack, *arguments):
    """What it came to: empty where it was refused."""
    try:
        return str(attack(*arguments))
    except BaseException:
        return ""

def read(path):
    with open(path) as opened:
        return opened.read()

def write(path):
    with open(path, "w") as opened:
        opened.write("was here")
    return "wrote"

def cut(path):
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))
    return "cut"

def remove(path):
    os.unlink(path)
    return "removed"

def mode(path):
    os.chmod(path, 0o777)
    return "chmod"

def connect(port):
    socket.create_connection(("127.0.0.1", port), 1).close()
    return "connected"

def fork():
    child = os.fork()
    if not child:
        os._exit(0)
    return "forked"

def run():
    os.execv("/bin/true", ["true"])

def signal(pid):
    # In a process table of its own, the number may happen to be this process's.
    os.kill(pid if pid != os.getpid() else 1, 0)
    return "signalled"

def memory(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, pid, 0, 0) == 0:
        return "attached"
    raise OSError

def environment(pid):
    return read(f"/proc/{pid}/environ") and "saw an environment"

def attack(kind, target=None):
    made = globals()[kind]
    return tried(made) if target is None else tried(made, target)
'''
_FAKE = "def f(x):\n    import os\n    os._exit(0)\n"
_READS = ("read", "environment")
_WORDS = {
    "read": "a file outside could be read",
    "write": "a file outside could be written",
    "cut": "a file outside could be emptied",
    "remove": "a file outside could be removed",
    "mode": "a file's mode could be changed",
    "connect": "a network connection could be made",
    "fork": "a process could be started",
    "run": "a program could be run",
    "signal": "another process could be signalled",
    "memory": "another process could be attached to",
    "environment": "another process's environment could be read",
}

_lock = threading.Lock()
_found: dict[int | None, Standing] = {}


def best(landlock_abi: int | None = None) -> Standing:
    """The highest level that holds, from the first call on the same answer."""
    with _lock:
        if landlock_abi not in _found:
            _found[landlock_abi] = _find(landlock_abi)
        return _found[landlock_abi]


def sandbox(
    limits: Limits | None = None,
    *,
    opt_in: Level | None = None,
    landlock_abi: int | None = None,
) -> Sandbox:
    """A sandbox at the best level. EngineError, with what to do, where none is safe and no
    weaker one was opted in to; an opt-in never weakens a machine that can do better."""
    standing = best(landlock_abi)
    lowest = opt_in or Level.CONFINED
    order = [*BEST_FIRST, Level.NONE]
    if order.index(standing.level) > order.index(lowest):
        why = "; ".join(f"{level.label}: {reason}" for level, reason in standing.refused)
        raise EngineError(f"Model-written code isn't run here: {why}.", REMEDY)
    return Sandbox(standing.level, limits, landlock_abi=landlock_abi)


def _find(landlock_abi: int | None) -> Standing:
    refused: list[tuple[Level, str]] = []
    for level in BEST_FIRST:
        fault = try_level(level, landlock_abi)
        if not fault:
            return Standing(level, _abi(landlock_abi), tuple(refused))
        refused.append((level, fault))
    return Standing(Level.NONE, _abi(landlock_abi), tuple(refused))


def _abi(held_to: int | None) -> int:
    if sys.platform != "linux":
        return 0
    return min(landlock.abi(), held_to or 99)


def try_level(level: Level, landlock_abi: int | None = None) -> str:
    """Empty where the level holds, else what went wrong first."""
    if sys.platform != "linux":
        return f"needs Linux, and this is {sys.platform}"
    if kernel.MACHINE not in MACHINES:
        return f"needs x86-64 or aarch64, and this is {kernel.MACHINE}"
    box = Sandbox(level, replace(Limits(), seconds=20.0), landlock_abi=landlock_abi)
    faked = box.judge(Program(_FAKE, "assert f(1) == 1", "f"))
    if not faked.judged:
        return faked.reason
    if faked.outcome is not Outcome.CRASH:
        return f"a program that ends itself was judged {faked.outcome.value}"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tui-eval-canary-")))
        canary = folder / "canary"
        canary.write_text(_SECRET, "utf-8")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setblocking(False)
        fault = _attack(box, level, canary, listener.getsockname()[1])
        return fault or _seen_from_outside(canary, listener)


def _attack(box: Sandbox, level: Level, canary: Path, port: int) -> str:
    targets: dict[str, object] = dict.fromkeys(("read", "write", "cut", "mode"), str(canary))
    targets |= {"connect": port, "environment": os.getpid(), "signal": os.getpid()}
    targets |= {"memory": os.getpid(), "fork": None, "run": None, "remove": str(canary)}
    if level is Level.RESTRICTED:
        for kind in _READS:
            del targets[kind]
    # Each attack is an assert of its own; the first that comes through is the reason.
    test = "assert benign([2, 1]) == [1, 2], 'a harmless program failed'\n" + "".join(
        f"assert attack({kind!r}, {target!r}) == '', {_WORDS[kind]!r}\n"
        for kind, target in targets.items()
    )
    verdict = box.judge(Program(_ATTACKS, test))
    if verdict.passed:
        return ""
    for words in _WORDS.values():
        if words in verdict.reason:
            return words
    return verdict.reason


def _seen_from_outside(canary: Path, listener: socket.socket) -> str:
    with contextlib.suppress(BlockingIOError):
        listener.accept()
        return _WORDS["connect"]
    if not canary.exists() or canary.read_text("utf-8") != _SECRET:
        return _WORDS["write"]
    return ""
