"""The system calls that a confined process may make, as a BPF program.

An allow list: a call that isn't named is refused with EPERM, so what a later kernel adds is
refused too. Calls in ``_plain`` do no harm on their own; those in ``_conditions`` are looked
at by argument. Pure but for ``install``.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from tui_eval.engine.sandbox import kernel
from tui_eval.engine.sandbox.syscalls import number

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06

_READING = """
read readv pread64 preadv preadv2 close close_range lseek stat fstat lstat newfstatat statx
access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir dup
dup2 dup3 pipe pipe2 statfs fstatfs fadvise64 flock
write writev pwrite64 pwritev pwritev2 sendfile copy_file_range fsync fdatasync
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
epoll_pwait2 eventfd eventfd2 timerfd_create timerfd_settime timerfd_gettime
mmap munmap mremap mprotect madvise brk msync
membarrier rseq futex futex_waitv set_robust_list get_robust_list set_tid_address exit
exit_group sched_yield sched_getaffinity sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min getcpu
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage
setitimer getitimer alarm pause timer_create timer_settime timer_gettime timer_getoverrun
timer_delete
getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp
uname sysinfo getrandom getrlimit arch_prctl umask
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
sigaltstack restart_syscall recvfrom shutdown
"""
_WRITING = """
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fallocate
"""

_O_WRITES = 0o3 | 0o100 | 0o1000 | 0o20000000  # access mode, O_CREAT, O_TRUNC, O_TMPFILE's own bit
_CLONE_THREAD = 0x00010000
_CLONE_LOOKED_AT = _CLONE_THREAD | 0x7E020000 | 0x00002000  # every namespace, and PTRACE
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""Copies, flags, locks; not the ones that send signals (SETOWN, SETSIG, leases, notes)."""
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, its size, bytes waiting, non-blocking, close on exec; not TIOCSTI."""
_PRCTL = (3, 15, 16, 0x53564D41)
_AF_UNIX, _SOCK_STREAM = 1, 1

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant."""


def program(machine: str, pid: int, *, writes: bool = True) -> list[Instruction]:
    """The filter for one process. Without ``writes`` no file can be opened for writing,
    made, moved or removed: what is left where Landlock is missing."""
    lines: list[Instruction] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, ERRNO | errno.EPERM)]
    for name in (_READING + (_WRITING if writes else "")).split():
        lines += on(name, machine, [(_RETURN, 0, 0, ALLOW)])
    for name, body in _conditions(pid, writes).items():
        lines += on(name, machine, body)
    return [*lines, (_RETURN, 0, 0, ERRNO | errno.EPERM)]


def _conditions(pid: int, writes: bool) -> dict[str, list[Instruction]]:
    opens = 0o1000 | 0o3 if writes else _O_WRITES
    # Landlock before ABI 3 lets O_RDONLY|O_TRUNC empty a file that may only be read.
    truncating = 0o1000 if writes else None
    return {
        "open": _open(1, opens, truncating),
        "openat": _open(2, opens, truncating),
        "openat2": [(_RETURN, 0, 0, ERRNO | errno.ENOSYS)],
        "clone": masked(0, _CLONE_LOOKED_AT, _CLONE_THREAD),
        # Its flags lie behind a pointer; told that it is unknown, the C library uses clone.
        "clone3": [(_RETURN, 0, 0, ERRNO | errno.ENOSYS)],
        "kill": _one_of(0, (pid,)),
        "tgkill": _one_of(0, (pid,)),
        "getpgid": _one_of(0, (0, pid)),
        "getsid": _one_of(0, (0, pid)),
        "prctl": _one_of(0, _PRCTL),
        "prlimit64": [*_guard_null(2), *_one_of(0, (0, pid))],
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL, errno.ENOTTY),
        "socketpair": [*_guard_low(0, _AF_UNIX), *masked(1, 0xF, _SOCK_STREAM)],
        "sendto": [*_guard_null(4), (_RETURN, 0, 0, ALLOW)],
    }


def on(name: str, machine: str, body: list[Instruction]) -> list[Instruction]:
    """Do ``body``, which ends by itself, where the call is ``name``; the call's number is
    what is loaded before and after."""
    found = number(name, machine)
    return [] if found is None else [(_EQUAL, 0, len(body), found), *body]


def _low(argument: int) -> Instruction:
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _high(argument: int) -> Instruction:
    return (_LOAD, 0, 0, 20 + 8 * argument)


def masked(argument: int, mask: int, value: int) -> list[Instruction]:
    return [
        _low(argument),
        (_AND, 0, 0, mask),
        (_EQUAL, 0, 1, value),
        (_RETURN, 0, 0, ALLOW),
        (_RETURN, 0, 0, ERRNO | errno.EPERM),
    ]


def _open(argument: int, mask: int, refused: int | None) -> list[Instruction]:
    """Allowed unless the masked flags are ``refused``; None: allowed only if they are 0."""
    verdicts = (ALLOW, ERRNO | errno.EPERM) if refused is None else (ERRNO | errno.EPERM, ALLOW)
    return [
        _low(argument),
        (_AND, 0, 0, mask),
        (_EQUAL, 0, 1, refused or 0),
        (_RETURN, 0, 0, verdicts[0]),
        (_RETURN, 0, 0, verdicts[1]),
    ]


def _one_of(
    argument: int, values: tuple[int, ...], refusal: int = errno.EPERM
) -> list[Instruction]:
    tests: list[Instruction] = []
    for value in values:
        tests += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, ALLOW)]
    return [_low(argument), *tests, (_RETURN, 0, 0, ERRNO | refusal)]


def _guard_low(argument: int, value: int) -> list[Instruction]:
    return [_low(argument), (_EQUAL, 1, 0, value), (_RETURN, 0, 0, ERRNO | errno.EPERM)]


def _guard_null(argument: int) -> list[Instruction]:
    """Go on only where a pointer is null: both of its halves."""
    refuse = (_RETURN, 0, 0, ERRNO | errno.EPERM)
    return [_low(argument), (_EQUAL, 1, 0, 0), refuse, _high(argument), (_EQUAL, 1, 0, 0), refuse]


def install(lines: list[Instruction]) -> None:
    """Put this process, and all that it starts, under the filter for good."""
    packed = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(buffer))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.syscall("seccomp", 1, 0, ctypes.create_string_buffer(header, len(header)))
