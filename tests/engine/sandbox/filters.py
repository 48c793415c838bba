"""Filters that a container would have put on before us."""

from __future__ import annotations

import errno

from tui_eval.engine.sandbox.seccomp import ALLOW, ERRNO, Instruction, masked, on

_LOAD_NUMBER: Instruction = (0x20, 0, 0, 0)
_EVERY_NAMESPACE = 0x7E020000


def returned(value: int) -> Instruction:
    return (0x06, 0, 0, value)


def docker_like(machine: str) -> list[Instruction]:
    """What Docker's default filter does to namespaces: ``unshare``, ``mount`` and ``setns``
    refused, ``clone3`` unknown, ``clone`` without new namespaces."""
    names = ["unshare", "mount", "umount2", "setns", "pivot_root"]
    *refusals, allow = refusing(machine, names)
    refusals += on("clone3", machine, [returned(ERRNO | errno.ENOSYS)])
    refusals += on("clone", machine, masked(0, _EVERY_NAMESPACE, 0))
    return [*refusals, allow]


def refusing(machine: str, names: list[str]) -> list[Instruction]:
    """Everything but these calls."""
    lines = [_LOAD_NUMBER]
    for name in names:
        lines += on(name, machine, [returned(ERRNO | errno.EPERM)])
    return [*lines, returned(ALLOW)]
