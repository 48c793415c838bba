"""Linux calls that Python doesn't offer, through ctypes. Every failure is an OSError."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

from tui_eval.engine.sandbox.syscalls import MACHINES, number

MACHINE = os.uname().machine

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 0x400, 0x1000, 0x4000, 0x40000, 0x200000
MS_NODIRATIME = 0x800
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number_ = ctypes.get_errno()
        raise OSError(number_, f"{what}: {os.strerror(number_)}")
    return result


def syscall(name: str, *arguments: Any) -> int:
    found = number(name, MACHINE) if MACHINE in MACHINES else None
    if found is None:
        raise OSError(38, f"{name}: not on {MACHINE}")
    values = [
        ctypes.c_long(value) if isinstance(value, int) else value
        for value in (found, *arguments, *(0,) * (6 - len(arguments)))
    ]
    return _checked(int(_libc.syscall(*values)), name)


def path(name: str) -> Any:
    return ctypes.c_char_p(os.fsencode(name))


def prctl(option: int, value: int) -> None:
    words = [ctypes.c_ulong(word) for word in (value, 0, 0, 0)]
    _checked(_libc.prctl(ctypes.c_int(option), *words), f"prctl {option}")


def unshare(flags: int) -> None:
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    _checked(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() or None,
            ctypes.c_ulong(flags),
            data.encode() or None,
        ),
        f"mount {target}",
    )


def umount_detached(target: str) -> None:
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH)), "umount")


def drop_capabilities() -> None:
    """Give up every capability for good; root keeps its number and nothing more."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # no further capabilities, or none that may be dropped
            break
    header = struct.pack("Ii", 0x20080522, 0)
    syscall("capset", ctypes.create_string_buffer(header, 8), ctypes.create_string_buffer(24))
