"""What a process gives up before it sees a word of the model's."""

from __future__ import annotations

import os
import resource
from typing import Any

from tui_eval.engine.sandbox import kernel, landlock, seccomp

DEVICES = ["/dev/null", "/dev/urandom"]
MOST_THREADS = 64
LAYERS = {
    "isolated": frozenset({"namespaces", "landlock", "seccomp"}),
    "confined": frozenset({"landlock", "seccomp"}),
    "restricted": frozenset({"seccomp"}),
    "none": frozenset[str](),
}


def limit(memory_mib: int, cpu_seconds: int, tasks: int) -> None:
    """Resource limits; ``tasks`` 0 leaves the number of threads to whoever watches."""
    _lower(resource.RLIMIT_AS, memory_mib << 20)
    _lower(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)
    _lower(resource.RLIMIT_FSIZE, 16 << 20)
    _lower(resource.RLIMIT_NOFILE, 64)
    # With 0 a crash is still piped to a core handler, which keeps it; with 1 it is not.
    _lower(resource.RLIMIT_CORE, 1)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    if tasks:
        _lower(resource.RLIMIT_NPROC, tasks)


def confine(settings: dict[str, Any], layers: frozenset[str], home: str) -> None:
    """Landlock, capabilities and seccomp, in this order: each takes away what the one
    before needed. ``home`` is the one place that may be written."""
    os.chdir(home)
    if "landlock" in layers:
        version = min(landlock.abi(), settings["landlock_abi"] or 99)
        landlock.restrict(version, settings["readable"], home, DEVICES)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if layers:
        kernel.drop_capabilities()
    if "seccomp" in layers:
        writes = "landlock" in layers or "namespaces" in layers
        seccomp.install(seccomp.program(kernel.MACHINE, os.getpid(), writes=writes))


def tasks_of(uid: int) -> int:
    """Threads that this user runs now; the limit on them counts all of the user's."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def _lower(what: int, soft: int, hard: int | None = None) -> None:
    ceiling = resource.getrlimit(what)[1]
    values = [soft, soft if hard is None else hard]
    if ceiling != resource.RLIM_INFINITY:
        values = [min(value, ceiling) for value in values]
    resource.setrlimit(what, (values[0], values[1]))
