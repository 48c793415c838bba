"""Jobs, progress and signs of life: rows of the index, worth nothing after a crash.

Times that are compared are seconds since boot (``beat``), with the boot they belong to:
a clock that is set, or a machine that was restarted, misleads nobody.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from tui_eval.core.records import Job, JobState
from tui_eval.errors import StoreError
from tui_eval.store.codec import canonical
from tui_eval.store.files import now
from tui_eval.store.index import Index, storable
from tui_eval.store.liveness import Holder, boot_id

COLUMNS = (
    "id", "verb", "args", "state", "requested_at", "done", "total", "unit", "speed", "eta",
    "message", "error", "host", "started_at", "finished_at", "cancel",
)  # fmt: skip
PROGRESS = ("done", "total", "unit", "speed", "eta", "message")
FINAL = ("done", "failed", "cancelled", "interrupted")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM job"
_INSERT = f"INSERT INTO job ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
KEPT = 200
"""Ended jobs that stay in the list."""
SEEN_KEPT = 3600.0


def _job(row: tuple[Any, ...]) -> Job:
    values = dict(zip(COLUMNS, row, strict=True))
    values["args"] = json.loads(values["args"])
    return Job(**values)


def _values(job: Job) -> tuple[Any, ...]:
    values = asdict(job)
    values["args"] = canonical(job.args)
    return tuple(_value(values[name]) for name in COLUMNS)


def _value(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


def request(index: Index, verb: str, args: Mapping[str, Any], host: str) -> Job:
    """A new queued job, or the equal one that waits or runs and was not cancelled."""
    wanted = Job(
        id=f"{verb}-{secrets.token_hex(6)}",
        verb=cast(Any, verb),
        args=json.loads(canonical(args)),
        state="queued",
        requested_at=now(),
        host=host,
    )

    def change(connection: sqlite3.Connection) -> Job:
        same = connection.execute(
            f"{_SELECT} WHERE verb = ? AND args = ? AND host = ? AND cancel = 0 "
            "AND state IN ('queued', 'running')",
            (verb, canonical(args), host),
        ).fetchone()
        if same is not None:
            return _job(same)
        connection.execute(_INSERT, _values(wanted))
        connection.execute(
            "DELETE FROM job WHERE finished_at != '' AND number <= "
            "(SELECT max(number) FROM job) - ?",
            (KEPT,),
        )
        return wanted

    return index.write(change)


def jobs(index: Index) -> list[Job]:
    """All jobs, oldest request first."""
    return [_job(row) for row in index.rows(f"{_SELECT} ORDER BY number")]


def job(index: Index, job_id: str) -> Job | None:
    row = index.one(f"{_SELECT} WHERE id = ?", (job_id,))
    return None if row is None else _job(row)


def claim(index: Index, host: str) -> Job | None:
    """The oldest queued job of this host, now running; None if there is none."""

    def change(connection: sqlite3.Connection) -> Job | None:
        row = connection.execute(
            f"{_SELECT} WHERE state = 'queued' AND host = ? ORDER BY number LIMIT 1", (host,)
        ).fetchone()
        if row is None:
            return None
        taken = replace(_job(row), state="running", started_at=now())
        connection.execute(
            "UPDATE job SET state = 'running', started_at = ? WHERE id = ?",
            (taken.started_at, taken.id),
        )
        return taken

    if not index.rows("SELECT 1 FROM job WHERE state = 'queued' AND host = ? LIMIT 1", (host,)):
        return None
    return index.write(change)


def update(index: Index, running: Job) -> None:
    """Write a running job's progress; its row is made again in an index that was made again."""

    def change(connection: sqlite3.Connection) -> None:
        values = [_value(getattr(running, name)) for name in PROGRESS]
        setting = ", ".join(f"{name} = ?" for name in PROGRESS)
        done = connection.execute(
            f"UPDATE job SET {setting} WHERE id = ? AND state = 'running'", (*values, running.id)
        )
        if not done.rowcount and not _known(connection, running.id):
            connection.execute(_INSERT, _values(running))

    index.write(change)


def finish(index: Index, ended: Job, state: JobState, error: str = "") -> None:
    def change(connection: sqlite3.Connection) -> None:
        if not _known(connection, ended.id):
            connection.execute(_INSERT, _values(ended))
        connection.execute(
            "UPDATE job SET state = ?, error = ?, finished_at = ?, eta = NULL WHERE id = ?",
            (state, storable(error), now(), ended.id),
        )

    if state not in FINAL:
        raise StoreError(f"A job can't end as {state}.")
    index.write(change)


def _known(connection: sqlite3.Connection, job_id: str) -> bool:
    found = connection.execute("SELECT 1 FROM job WHERE id = ?", (job_id,)).fetchone()
    return found is not None


def cancel(index: Index, job_id: str) -> int:
    """Ask for one level more: a queued job is cancelled at once. The level now asked for."""

    def change(connection: sqlite3.Connection) -> int:
        row = connection.execute(f"{_SELECT} WHERE id = ?", (job_id,)).fetchone()
        if row is None or (found := _job(row)).state in FINAL:
            return 0
        level = min(2, found.cancel + 1)
        if found.state == "queued":
            connection.execute(
                "UPDATE job SET state = 'cancelled', cancel = ?, finished_at = ? WHERE id = ?",
                (level, now(), job_id),
            )
        else:
            connection.execute("UPDATE job SET cancel = ? WHERE id = ?", (level, job_id))
        return level

    return index.write(change)


def cancelled(index: Index, job_id: str) -> int:
    row = index.one("SELECT cancel FROM job WHERE id = ?", (job_id,))
    return 0 if row is None else int(row[0])


def running_ids(index: Index, host: str) -> list[str]:
    rows = index.rows("SELECT id FROM job WHERE state = 'running' AND host = ?", (host,))
    return [row[0] for row in rows]


def end_running(index: Index, ids: list[str], state: JobState, error: str) -> None:
    """Their engine is dead. One that was asked to stop is cancelled, not interrupted."""
    values = [(now(), state, storable(error), job_id) for job_id in ids]
    index.write(
        lambda connection: connection.executemany(
            """UPDATE job SET finished_at = ?, eta = NULL,
            state = CASE WHEN cancel >= 1 THEN 'cancelled' ELSE ? END,
            error = CASE WHEN cancel >= 1 THEN '' ELSE ? END
            WHERE id = ? AND state = 'running'""",
            values,
        )
    )


@dataclass(frozen=True, slots=True)
class Beat:
    """The engine's last sign of life."""

    state: str
    host: str
    boot: str
    pid: int
    start: str
    beat: float

    @property
    def age(self) -> float | None:
        """Seconds since it; None where it is of another boot."""
        return max(0.0, time.monotonic() - self.beat) if self.boot == boot_id() else None


def beat(index: Index, state: str, who: Holder) -> None:
    row = (state, who.host, who.boot, who.pid, who.start, time.monotonic())
    index.write(
        lambda connection: connection.execute(
            "INSERT OR REPLACE INTO engine VALUES (1, ?, ?, ?, ?, ?, ?)", row
        )
    )


def leave(index: Index, who: Holder, *, even_if_queued: bool = False) -> bool:
    """Say that the engine leaves; False, and nothing said, where a job waits for it."""
    row = ("absent", who.host, who.boot, who.pid, who.start, time.monotonic())

    def change(connection: sqlite3.Connection) -> bool:
        waiting = connection.execute(
            "SELECT 1 FROM job WHERE state = 'queued' AND host = ?", (who.host,)
        ).fetchone()
        if waiting is not None and not even_if_queued:
            return False
        connection.execute("INSERT OR REPLACE INTO engine VALUES (1, ?, ?, ?, ?, ?, ?)", row)
        return True

    return index.write(change)


def last_beat(index: Index) -> Beat | None:
    row = index.one("SELECT state, host, boot, pid, start, beat FROM engine")
    return None if row is None else Beat(*row)


def seen(index: Index, token: str) -> None:
    """A screen says that it watches."""

    def change(connection: sqlite3.Connection) -> None:
        at = time.monotonic()
        connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (token, boot_id(), at))
        connection.execute(
            "DELETE FROM seen WHERE boot != ? OR at < ?", (boot_id(), at - SEEN_KEPT)
        )

    index.write(change)


def gone(index: Index, token: str) -> None:
    index.write(lambda connection: connection.execute("DELETE FROM seen WHERE token = ?", (token,)))


def seen_within(index: Index, seconds: float) -> int:
    row = index.one(
        "SELECT count(*) FROM seen WHERE boot = ? AND at >= ?",
        (boot_id(), time.monotonic() - seconds),
    )
    return int(row[0]) if row else 0
