"""Start and end the engine from another process, which may be a running Textual app.

Imports are light: the screens' process calls this.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tui_eval.errors import EngineError, StoreError
from tui_eval.paths import PACKAGE
from tui_eval.store import death, liveness
from tui_eval.store.files import cannot_write, open_file
from tui_eval.store.layout import Layout, layout_of
from tui_eval.store.workspace import Workspace

KILL_SECONDS = 10.0
"""From asking it to end to ending it."""
ASK_SECONDS = 3.0


def start(
    folder: Path, state_dir: Path | None = None, *, verbs: Mapping[str, str] | None = None
) -> None:
    """Start the workspace's engine unless one lives. Returns at once; asked for twice, or
    by two processes, there is still one engine, for the second finds the lock held."""
    layout = layout_of(folder, state_dir)
    who = liveness.holder(layout.lock_path)
    if liveness.alive(layout.lock_path) and not (who is not None and who.leaving):
        return
    command = [sys.executable, "-P", "-m", "tui_eval.engine", str(layout.folder)]
    command += ["--state-dir", str(layout.state_dir)]
    for name, target in (verbs or {}).items():
        command += ["--verb", f"{name}={target}"]
    death.forget_end(layout)
    _spawn([*_scope(), *command], layout)


def _spawn(command: list[str], layout: Layout) -> None:
    try:
        layout.modes.make_folder(layout.state_dir)
        log = open_file(layout.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, layout.modes)
    except OSError as error:
        raise cannot_write(layout.log_path, error) from error
    try:
        process = subprocess.Popen(
            command,
            cwd=layout.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(
            f"The engine can't be started: {error}", "Look at this Python's installation."
        ) from error
    finally:
        os.close(log)
    threading.Thread(target=_wait, args=(process, layout), name="reaper", daemon=True).start()


def _environment() -> dict[str, str]:
    """Ours, with the package to be found where it is not installed. The folder that one is
    in is never searched for modules (``-P``): it may hold a ``torch.py`` of anybody's."""
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [str(PACKAGE.parent), *inherited.split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, paths))}


def _wait(process: subprocess.Popen[bytes], layout: Layout) -> None:
    """Leave no zombie, and keep how it ended for whoever tells."""
    begun = liveness.start_time(process.pid)
    code = process.wait()
    if code and begun is not None:
        death.record_end(layout, process.pid, begun, code)


def alive(workspace: Workspace) -> bool:
    return liveness.alive(workspace.lock_path)


def kill(workspace: Workspace, *, wait: bool = False) -> bool:
    """Ask the engine to end, and end it if it has not after ten seconds: that very
    process, never another that has its number by now. False where none lives here.

    Returns at once unless ``wait``; a thread that the interpreter waits for sees to the rest.
    """
    who = liveness.holder(workspace.lock_path)
    if who is None or not liveness.alive(workspace.lock_path):
        return False
    fd = liveness.process(who)
    if fd is None:
        return False
    liveness.send(fd, signal.SIGTERM)
    if wait:
        _end(fd, who, workspace)
    else:
        threading.Thread(target=_end, args=(fd, who, workspace), name="ender").start()
    return True


def _end(fd: int, who: liveness.Holder, workspace: Workspace) -> None:
    try:
        if _ended(fd, KILL_SECONDS):
            return
        liveness.send(fd, signal.SIGKILL)
        _ended(fd, KILL_SECONDS)
    finally:
        os.close(fd)
    # It was asked for: nobody is to be told that an engine got lost. A screen that was
    # left meanwhile has closed the workspace.
    with contextlib.suppress(StoreError):
        workspace.jobs()
        workspace.leave(who, even_if_queued=True)


def _ended(fd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


# What becomes of it at logout.


def will_survive_logout() -> tuple[bool, str]:
    """Whether an engine started from here goes on after logout, and why, in words."""
    if not Path("/run/systemd/system").is_dir():
        return True, "no systemd here that would end it"
    session = _in_session()
    if session is False:
        return True, "not inside a login session that systemd would end"
    kills = _kills_at_logout()
    if kills is False:
        return True, "systemd's KillUserProcesses is off"
    if kills is None:
        return False, "unknown: systemd does not tell whether it ends processes at logout"
    if not _lingers():
        return False, "systemd ends it at logout: allow it once with loginctl enable-linger"
    if not _scope_works():
        return False, "systemd ends it at logout, and gives no scope to put it in"
    return True, "it is put into a scope of its own, which outlives the session"


def _scope() -> list[str]:
    """What to put before the command so that logout does not end it; mostly nothing."""
    if not Path("/run/systemd/system").is_dir() or _in_session() is False:
        return []
    if _kills_at_logout() and _scope_works():
        return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"]
    return []


def _in_session() -> bool | None:
    """Whether this process belongs to a login session's scope; None if unknown."""
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:
        return None
    return "/session-" in groups and ".scope" in groups


def _kills_at_logout() -> bool | None:
    answer = _asked(
        "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager", "KillUserProcesses",
    )  # fmt: skip
    return {"b true": True, "b false": False}.get(answer or "")


def _lingers() -> bool:
    return _asked("loginctl", "show-user", str(os.getuid()), "--property=Linger") == "Linger=yes"


def _scope_works() -> bool:
    return _asked("systemd-run", "--user", "--scope", "--quiet", "--collect", "true") is not None


def _asked(*command: str) -> str | None:
    """What a command prints; None where it is not here, fails or does not answer."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
