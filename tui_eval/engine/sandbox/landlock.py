"""Landlock: which files a process may reach, decided by the process itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable

from tui_eval.engine.sandbox import kernel

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE, _MAKE_DIR, _MAKE_REG = (1 << 4) | (1 << 5), 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = 1 | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV


def abi() -> int:
    """The version that the kernel offers; 0 for none."""
    with contextlib.suppress(OSError):
        return kernel.syscall("landlock_create_ruleset", 0, 0, 1)
    return 0


def handled(version: int) -> tuple[int, int, int]:
    """What a ruleset of this version takes away before rules give back: rights to files,
    TCP ports, and reaching other processes (abstract sockets, signals)."""
    files = (1 << 13) - 1
    files |= _REFER if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    files |= _IOCTL_DEV if version >= 5 else 0
    return files, 3 if version >= 4 else 0, 3 if version >= 6 else 0


def restrict(version: int, readable: Iterable[str], writable: str, devices: Iterable[str]) -> None:
    """Read ``readable``, do as one likes in ``writable``, read and write ``devices``;
    nothing else, ever."""
    files, ports, reach = handled(version)
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("QQQ", files, ports, reach)[:size]
    ruleset = kernel.syscall(
        "landlock_create_ruleset", ctypes.create_string_buffer(attributes, size), size, 0
    )
    for path in readable:
        _allow(ruleset, path, (READ_FILE | READ_DIR) & files)
    # No fifos, sockets, devices or links: none of them is needed, each has been a way out.
    own = READ_FILE | READ_DIR | WRITE_FILE | _REMOVE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
    _allow(ruleset, writable, own & files)
    for path in devices:
        _allow(ruleset, path, (READ_FILE | WRITE_FILE | _TRUNCATE) & files)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this machine: nothing to give back
        return
    if not os.path.isdir(path):
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, opened)
    kernel.syscall("landlock_add_rule", ruleset, 1, ctypes.create_string_buffer(rule, len(rule)), 0)
    os.close(opened)
