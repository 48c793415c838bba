"""What kind of disk a folder lies on: SQLite's WAL and locks are safe on local ones only."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "dvs", "fuse", "gfs2",
        "glusterfs", "gpfs", "lustre", "ncpfs", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2",
        "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "wekafs",
    }
)  # fmt: skip
_PREFIXES = ("nfs", "fuse.")
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Disk:
    """``type`` is the kernel's name for the file system, ``unknown`` where it tells none."""

    type: str
    network: bool
    mount_point: str = ""


def disk_of(folder: Path, mountinfo: Path | None = None) -> Disk:
    """The file system that ``folder``, or its nearest parent that exists, lies on."""
    real = os.path.realpath(folder)
    try:
        text = (mountinfo or MOUNTINFO).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return Disk("unknown", False)
    best = Disk("unknown", False)
    for line in text.splitlines():
        found = _mount(line)
        # Of mounts on one point the last one covers the others, hence >=.
        if (
            found is not None
            and _holds(found.mount_point, real)
            and len(found.mount_point) >= len(best.mount_point)
        ):
            best = found
    return best


def _mount(line: str) -> Disk | None:
    """A line of mountinfo: ``id parent dev root POINT options ... - TYPE source options``."""
    before, separator, after = line.partition(" - ")
    fields, types = before.split(" "), after.split(" ")
    if not separator or len(fields) < 5:
        return None
    kind = types[0]
    return Disk(kind, _is_network(kind), _ESCAPE.sub(lambda m: chr(int(m[1], 8)), fields[4]))


def _is_network(kind: str) -> bool:
    return kind in _NETWORK or kind.startswith(_PREFIXES)


def _holds(point: str, path: str) -> bool:
    return point == "/" or path == point or path.startswith(point.rstrip("/") + "/")
