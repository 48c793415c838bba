"""Namespaces of its own for a process: users, files, processes, network, IPC, names.

Inside there are the directories that may be read, an in-memory folder with a hard limit
on bytes and files, ``/dev/null`` and ``/dev/urandom``; no ``/proc``, no other process, no
network but a loopback that is down. The kernel takes all of it away with the last process.
"""

from __future__ import annotations

import contextlib
import errno
import os

from tui_eval.engine.sandbox import kernel

HOME = "/box"
"""The one place that can be written. Not ``/tmp``: an environment may lie in there."""
ALL = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
_LOCKED = {
    os.ST_NOSUID: kernel.MS_NOSUID,
    os.ST_NODEV: kernel.MS_NODEV,
    os.ST_NOEXEC: kernel.MS_NOEXEC,
    os.ST_NOATIME: kernel.MS_NOATIME,
    os.ST_NODIRATIME: kernel.MS_NODIRATIME,
    os.ST_RELATIME: kernel.MS_RELATIME,
}
"""Mount options that a new user namespace must keep, or a remount is refused."""


def enter() -> None:
    """New namespaces, with oneself as the only user. The process table is that of the next
    child, the rest is the caller's."""
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(ALL)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def build_root(place: str, readable: list[str], devices: list[str], mib: int, files: int) -> None:
    """Make ``place`` the root directory, with nothing else in sight."""
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    guarded = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("none", place, "tmpfs", guarded, "size=1m,nr_inodes=4000,mode=0755")
    for path in sorted(readable):  # a parent before what lies in it
        if os.path.isdir(path):
            _show(path, place + path, guarded)
    os.makedirs(place + "/dev", exist_ok=True)
    for path in devices:
        if os.path.exists(path):
            _write(place + path, "")
            kernel.mount(path, place + path, "", kernel.MS_BIND)
    os.makedirs(place + HOME, exist_ok=True)
    limits = f"size={mib}m,nr_inodes={files},mode=0700"
    kernel.mount("none", place + HOME, "tmpfs", guarded | kernel.MS_NOEXEC, limits)
    os.chdir(place)
    kernel.syscall("pivot_root", kernel.path("."), kernel.path("."))
    kernel.umount_detached(".")
    kernel.mount("none", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | guarded)
    os.chdir(HOME)


def _show(path: str, target: str, flags: int) -> None:
    """Bind a directory, read-only; one that lies in another is there already."""
    with contextlib.suppress(OSError):
        os.makedirs(target)
    if not os.path.isdir(target) or (os.listdir(target) and _same(path, target)):
        return
    try:
        kernel.mount(path, target, "", kernel.MS_BIND)
    except OSError as error:
        # Something is mounted deeper inside, a GPU's libraries in a container for one, and
        # a new user namespace may not look behind it.
        if error.errno != errno.EINVAL:
            raise
        kernel.mount(path, target, "", kernel.MS_BIND | kernel.MS_REC)
    kept = os.statvfs(target).f_flag
    for given, option in _LOCKED.items():
        flags |= option if kept & given else 0
    read_only = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY
    kernel.mount("none", target, "", read_only | flags)


def _same(one: str, other: str) -> bool:
    left, right = os.stat(one), os.stat(other)
    return (left.st_dev, left.st_ino) == (right.st_dev, right.st_ino)


def _write(path: str, text: str) -> None:
    flags = os.O_WRONLY | (0 if path.startswith("/proc/") else os.O_CREAT)
    opened = os.open(path, flags, 0o600)
    try:
        if text:
            os.write(opened, text.encode())
    finally:
        os.close(opened)
