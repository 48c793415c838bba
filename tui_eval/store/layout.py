"""Where a workspace's parts lie: DESIGN section 5, with its exceptions for network disks
and for folders that can't be written."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tui_eval import paths
from tui_eval.store.disk import disk_of
from tui_eval.store.files import Modes

STATE = ".tui-eval"


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths only; nothing is made before something is written."""

    folder: Path
    state_dir: Path
    """Index, engine lock and log: on a local disk."""
    shared: Path
    """``.tui-eval`` beside eval.toml."""
    facts_dir: Path
    """Where facts are written; the shared one is read as well."""
    judgements_dir: Path
    spool_dir: Path
    """On another disk than the journals, as far as there is one."""
    modes: Modes
    read_only: bool = False
    network_disk: bool = False

    @property
    def facts_dirs(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.shared / "facts", self.facts_dir)))

    @property
    def judgements_dirs(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.folder / "judgements", self.judgements_dir)))

    @property
    def index_path(self) -> Path:
        return self.state_dir / "index.db"

    @property
    def lock_path(self) -> Path:
        return self.state_dir / "engine.lock"

    @property
    def log_path(self) -> Path:
        return self.state_dir / "engine.log"

    @property
    def note(self) -> str:
        """In words, where things go that don't lie beside eval.toml; else empty."""
        if self.read_only:
            return f"This folder can't be written: results and judgements go to {self.state_dir}."
        if self.network_disk:
            return f"This folder is on a network disk: its index is kept in {self.state_dir}."
        return ""


def layout_of(folder: Path, state_dir: Path | None = None) -> Layout:
    folder = Path(os.path.realpath(folder))
    shared = folder / STATE
    read_only = not _writable(folder, shared)
    network = disk_of(folder).network
    own = local_state(folder)
    if state_dir is not None:
        state = Path(os.path.realpath(state_dir))
    else:
        state = own if read_only or network else shared
    kept = state if read_only else shared
    return Layout(
        folder=folder,
        state_dir=state,
        shared=shared,
        facts_dir=kept / "facts",
        judgements_dir=(state if read_only else folder) / "judgements",
        spool_dir=(own if state == shared else state) / "spool",
        modes=Modes() if read_only or state != shared else Modes.of(folder),
        read_only=read_only,
        network_disk=network,
    )


def _writable(folder: Path, shared: Path) -> bool:
    """Whether state can be kept here: the folder, or a state folder that is there already."""
    if not _can_make(shared):
        return False
    facts = shared / "facts"
    return not facts.is_dir() or os.access(facts, os.W_OK | os.X_OK)


def local_state(folder: Path) -> Path:
    """This workspace's folder in the local state folder.

    A home on a network disk, as clusters have it, is no place for an index either: then
    it lies in the temporary folder, in one that belongs to this user alone.
    """
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    home = paths.state_home()
    if not disk_of(home).network and _can_make(home):
        return home / name
    try:
        return _own_temporary() / f"{name}-{host()}"
    except OSError:
        # Nothing can be written anywhere: reading needs nothing, writing will say so.
        return home / name


def _can_make(path: Path) -> bool:
    """Whether ``path``, or what it needs to be made, can be written."""
    for parent in (path, *path.parents):
        if parent.exists():
            return os.access(parent, os.W_OK | os.X_OK)
    return False


def _own_temporary() -> Path:
    path = Path(tempfile.gettempdir()) / f"tui-eval-{os.geteuid()}"
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            # Somebody else made that name: take one that nobody can know.
            return Path(tempfile.mkdtemp(prefix="tui-eval-"))
    return path


def host() -> str:
    """This machine's name, as it stands in file names."""
    return slug(socket.gethostname()) or "host"


def slug(name: str, limit: int = 40) -> str:
    """Letters, digits, dot and dash of ``name``: safe as a part of a file name."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in name)
    return kept.strip(".-")[:limit].strip(".-")
