"""The filter, run by a small machine of our own, for both architectures.

The kernel's own verdict is asked for by the hostile set, on the machine that runs it; here
the other architecture's program is looked at too.
"""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from tui_eval.engine.sandbox import seccomp
from tui_eval.engine.sandbox.syscalls import MACHINES, NUMBERS, number

PID = 4711
REFUSED = seccomp.ERRNO | errno.EPERM
UNKNOWN = seccomp.ERRNO | errno.ENOSYS
WRITES, CREATES, TRUNCATES = 1, 0o100, 0o1000

FORBIDDEN = """
socket connect bind listen fork vfork execve execveat unshare mount umount2 pivot_root setns
capset ptrace process_vm_readv process_vm_writev io_uring_setup keyctl add_key bpf memfd_create
perf_event_open userfaultfd shmget msgget semget mq_open setpriority sched_setaffinity
setrlimit chmod fchmod fchmodat chown fchownat utimensat setxattr link linkat symlink symlinkat
mknod mknodat seccomp pidfd_open pidfd_getfd pidfd_send_signal personality chroot init_module
kexec_load reboot swapon syslog name_to_handle_at open_by_handle_at quotactl setuid setgid tkill
truncate creat landlock_create_ruleset
"""


def verdict(lines: list[seccomp.Instruction], machine: str, name: str, *arguments: int) -> int:
    found = number(name, machine)
    assert found is not None
    return run(lines, seccomp.AUDIT_ARCH[machine], found, arguments)


def run(
    lines: list[seccomp.Instruction], architecture: int, call: int, arguments: tuple[int, ...]
) -> int:
    padded = [one & (1 << 64) - 1 for one in (*arguments, *(0,) * (6 - len(arguments)))]
    data = struct.pack("<IIQ6Q", call, architecture, 0, *padded)
    loaded = at = 0
    while True:
        code, yes, no, constant = lines[at]
        at += 1
        if code == 0x20:
            loaded = struct.unpack_from("<I", data, constant)[0]
        elif code == 0x54:
            loaded &= constant
        elif code == 0x15:
            at += yes if loaded == constant else no
        elif code == 0x35:
            at += yes if loaded >= constant else no
        else:
            assert code == 0x06
            return constant


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_is_never_allowed(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    for name in FORBIDDEN.split():
        if number(name, machine) is not None:
            assert verdict(lines, machine, name) == REFUSED, name


def test_a_call_that_nobody_knows_yet(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    for call in (460, 470, 500, 4000):
        assert run(lines, seccomp.AUDIT_ARCH[machine], call, ()) == REFUSED


def test_other_architectures_end_the_process(machine: str) -> None:
    """32-bit calls have other numbers: what is harmless here is something else there."""
    lines = seccomp.program(machine, PID)
    for architecture in (0x40000003, 0x40000028, 0):
        assert run(lines, architecture, 1, ()) == seccomp.KILL


def test_the_x32_table_is_closed() -> None:
    lines = seccomp.program("x86_64", PID)
    assert run(lines, seccomp.AUDIT_ARCH["x86_64"], 0x40000000 | 39, ()) == REFUSED


def test_threads_and_nothing_else(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    thread = 0x3D0F00
    assert verdict(lines, machine, "clone", thread) == seccomp.ALLOW
    assert verdict(lines, machine, "clone", 17) == REFUSED
    for new in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(lines, machine, "clone", thread | new) == REFUSED
    assert verdict(lines, machine, "clone3") == UNKNOWN


def test_signals_to_oneself_only(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    for name in ("kill", "tgkill"):
        assert verdict(lines, machine, name, PID) == seccomp.ALLOW
        for other in (0, 1, -1, -PID, PID + 1):
            assert verdict(lines, machine, name, other) == REFUSED


def test_limits_are_read_and_not_set(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    assert verdict(lines, machine, "prlimit64", 0, 7, 0, 1 << 40) == seccomp.ALLOW
    assert verdict(lines, machine, "prlimit64", 0, 7, 1 << 40) == REFUSED
    assert verdict(lines, machine, "prlimit64", 0, 7, 8) == REFUSED
    assert verdict(lines, machine, "prlimit64", 1, 7, 0) == REFUSED


def test_opening(machine: str) -> None:
    with_writes, without = (seccomp.program(machine, PID, writes=one) for one in (True, False))
    for flags, first, second in (
        (0, seccomp.ALLOW, seccomp.ALLOW),
        (WRITES | CREATES | TRUNCATES, seccomp.ALLOW, REFUSED),
        (2, seccomp.ALLOW, REFUSED),
        (CREATES, seccomp.ALLOW, REFUSED),
        (TRUNCATES, REFUSED, REFUSED),
        (0o20000000 | WRITES, seccomp.ALLOW, REFUSED),
    ):
        assert verdict(with_writes, machine, "openat", -100, 0, flags) == first
        assert verdict(without, machine, "openat", -100, 0, flags) == second
    assert verdict(with_writes, machine, "openat2") == UNKNOWN
    for name in ("mkdirat", "unlinkat", "renameat2", "ftruncate"):
        assert verdict(with_writes, machine, name) == seccomp.ALLOW
        assert verdict(without, machine, name) == REFUSED


def test_sockets_are_pairs_within_the_process(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    assert verdict(lines, machine, "socketpair", 1, 1 | 0o2004000) == seccomp.ALLOW
    assert verdict(lines, machine, "socketpair", 1, 2) == REFUSED
    assert verdict(lines, machine, "socketpair", 2, 1) == REFUSED
    assert verdict(lines, machine, "sendto", 5, 0, 1, 0, 0, 0) == seccomp.ALLOW
    assert verdict(lines, machine, "sendto", 5, 0, 1, 0, 1 << 40, 16) == REFUSED


def test_descriptors_keep_to_themselves(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    assert verdict(lines, machine, "fcntl", 1, 3) == seccomp.ALLOW
    for signalling in (8, 10, 15, 1024, 1026):
        assert verdict(lines, machine, "fcntl", 1, signalling) == REFUSED
    assert verdict(lines, machine, "ioctl", 1, 0x5401) == seccomp.ALLOW
    assert verdict(lines, machine, "ioctl", 1, 0x5412) == seccomp.ERRNO | errno.ENOTTY
    assert verdict(lines, machine, "prctl", 15) == seccomp.ALLOW
    assert verdict(lines, machine, "prctl", 22) == REFUSED


def test_the_program_is_one_the_kernel_takes(machine: str) -> None:
    lines = seccomp.program(machine, PID)
    assert len(lines) <= 4096
    for at, (code, yes, no, constant) in enumerate(lines):
        assert max(yes, no) <= 255
        assert code == 0x06 or at + 1 + max(yes, no) < len(lines)
        assert 0 <= constant < 1 << 32
    assert lines[-1] == (0x06, 0, 0, REFUSED)


def test_the_numbers_are_those_of_the_kernels_headers() -> None:
    """Where the headers are installed: every name in the table, on both machines."""
    headers = {
        "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        "aarch64": Path("/usr/include/asm-generic/unistd.h"),
    }
    if not all(path.exists() for path in headers.values()):
        pytest.skip("the kernel's headers are not installed")
    for machine, path in headers.items():
        told = {}
        for line in path.read_text("utf-8").splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == "#define" and words[2].isdigit():
                told[words[1].removeprefix("__NR_").removeprefix("__NR3264_")] = int(words[2])
        told.setdefault("newfstatat", told.get("fstatat", -1))
        for name in NUMBERS:
            found = number(name, machine)
            assert found is None or told[name] == found, (machine, name)
