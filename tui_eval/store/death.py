"""What became of an engine: its status, and why one died, in words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import Any, Literal, cast

from tui_eval.core.records import EngineStatus
from tui_eval.store import liveness
from tui_eval.store.files import Modes, open_file
from tui_eval.store.jobs import Beat
from tui_eval.store.layout import Layout, host

State = Literal["absent", "starting", "idle", "working"]
END = "engine.ended"
PATIENCE = 1.0
WORDS = 8
"""Lines of the log that are shown of an engine that died."""
LINE = 400
TAIL_BYTES = 16384


def status(layout: Layout, beat: Beat | None) -> EngineStatus:
    who = liveness.holder(layout.lock_path)
    if liveness.alive(layout.lock_path):
        pid = who.pid if who is not None else None
        if beat is None or who is None or (beat.pid, beat.start) != (who.pid, who.start):
            return EngineStatus("starting", pid, host())
        state = beat.state if beat.state in ("starting", "idle", "working") else "absent"
        return EngineStatus(cast(State, state), pid, beat.host, beat.age)
    # One that died idle, with its machine for instance, took nothing with it.
    if beat is not None and beat.state in ("starting", "working") and beat.host == host():
        return EngineStatus("lost", beat.pid, beat.host, beat.age, last_words(layout))
    if (found := _read_end(layout)) is not None and found["code"] > 0:
        # It could not even begin.
        return EngineStatus("lost", found["pid"], host(), None, last_words(layout))
    return EngineStatus("absent", host=beat.host if beat is not None else "")


def words(layout: Layout) -> str:
    """Why the last engine ended, and its last lines. Raw text."""
    return "\n".join((reason(layout), *last_words(layout)))


def reason(layout: Layout) -> str:
    who = liveness.holder(layout.lock_path)
    if who is None:
        return "The engine ended while it worked."
    if who.host == host() and who.boot != liveness.boot_id():
        return "The machine was restarted while the engine worked."
    if liveness.killed_for_memory(who):
        return "The kernel stopped the engine: out of memory. Try a smaller scoring.batch_tokens."
    code = _ended_by_now(layout, who)
    if code == -signal.SIGKILL:
        return "The engine was killed (signal 9), as the kernel does when memory runs out."
    if code is not None and code < 0:
        return f"The engine was ended by {_signal_name(-code)}."
    if code:
        return f"The engine ended with an error (exit code {code})."
    return "The engine ended while it worked."


def _ended_by_now(layout: Layout, who: liveness.Holder) -> int | None:
    """Its exit code, which whoever started it writes down a moment after its lock is free."""
    deadline = time.monotonic() + PATIENCE
    while (code := ended(layout, who)) is None and time.monotonic() < deadline:
        time.sleep(PATIENCE / 10)
    return code


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def last_words(layout: Layout) -> tuple[str, ...]:
    try:
        fd = open_file(layout.log_path, os.O_RDONLY)
    except OSError:
        return ()
    try:
        size = os.fstat(fd).st_size
        start = max(0, size - TAIL_BYTES)
        text = os.pread(fd, TAIL_BYTES, start).decode("utf-8", "replace")
    finally:
        os.close(fd)
    lines = [line.rstrip() for line in text.split("\n")]
    return tuple(line[:LINE] for line in lines if line)[-WORDS:]


def record_end(layout: Layout, pid: int, start: str, code: int) -> None:
    """Whoever started the engine saw how it ended; kept for whoever asks later."""
    text = json.dumps({"pid": pid, "start": start, "code": code}).encode()
    with contextlib.suppress(OSError):
        path = layout.state_dir / END
        fd = open_file(path, os.O_RDWR | os.O_CREAT, Modes(layout.modes.file))
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, text, 0)
        finally:
            os.close(fd)


def forget_end(layout: Layout) -> None:
    """A new engine starts: how the one before it ended is old news."""
    with contextlib.suppress(OSError):
        (layout.state_dir / END).unlink()


def ended(layout: Layout, who: liveness.Holder) -> int | None:
    """The exit code of exactly that process, below zero for a signal; None if unknown."""
    found = _read_end(layout)
    if found is None or (found["pid"], found["start"]) != (who.pid, who.start):
        return None
    return int(found["code"])


def _read_end(layout: Layout) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        fd = open_file(layout.state_dir / END, os.O_RDONLY)
        try:
            found = json.loads(os.pread(fd, 4096, 0))
        finally:
            os.close(fd)
        return {"pid": int(found["pid"]), "start": str(found["start"]), "code": int(found["code"])}
    return None
