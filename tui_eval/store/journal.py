"""Journals: what people judged, one append-only file for each judge and host.

An event is on the disk before ``append`` returns. Each line carries the hash of the one
before it, so that a line that was changed, left out or put in is noticed.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_eval.core.judged import Judged
from tui_eval.core.judgements import Judgement
from tui_eval.core.text import clean
from tui_eval.errors import InputError, StoreError
from tui_eval.store.files import (
    Event,
    LineWriter,
    Modes,
    Position,
    bad_line,
    open_file,
    read_lines,
    tail_of,
)
from tui_eval.store.layout import Layout, host, slug
from tui_eval.store.liveness import Lock, held, holder

HEADER = "journal"
"""Kind of a journal's first event: who judges (the true name), as which login, on which
host."""
LONGEST_NAME = 60
"""Characters of a judge's name: more would push the rest off a line of 80."""
OWN_FIELDS = frozenset({"seq", "kind", "prev", "sum"})


class NotSaved(StoreError):
    """A judgement is not in its journal. ``spooled``: it is kept in the local state folder,
    and goes into the journal, in its place and once, as soon as that can be written."""

    def __init__(self, why: StoreError, event: Event, spooled: bool) -> None:
        kept = "It is kept in the local state folder until then." if spooled else ""
        super().__init__(f"Not saved. {why.message}", f"{why.remedy} {kept}".strip())
        self.event, self.spooled = event, spooled


@dataclass(slots=True)
class JournalView:
    """A journal as read; ``fault`` says from which line on it can't be used."""

    path: Path
    judge: str = ""
    host: str = ""
    events: list[Event] = field(default_factory=list)
    fault: str = ""
    torn: int = 0


class Journal:
    """One judge's journal, held for writing. Use ``open_journal``."""

    def __init__(self, judge: str, writer: LineWriter, lock: Lock, spool: Spool) -> None:
        self.judge, self.path = judge, writer.path
        self.notes = tuple(writer.notes)
        self._writer, self._lock, self._spool = writer, lock, spool
        self._guard = threading.Lock()

    def append(self, kind: str, **fields: Any) -> Event:
        """Write an event; it is on the disk when this returns. ``id`` and ``at`` may be
        given to keep those of an event that is written again. NotSaved where it failed."""
        wrong = OWN_FIELDS & fields.keys()
        if wrong:
            raise StoreError(f"An event's {', '.join(sorted(wrong))} can't be given.")
        with self._guard:
            if self._spool.events:
                self._retry_or_spool(kind, fields)
            return self._write(kind, fields)

    def retry(self) -> int:
        """Write what is in the spool, in its order; how many events that were."""
        with self._guard:
            return self._retry()

    @property
    def not_saved(self) -> tuple[Event, ...]:
        """Events in the spool."""
        return tuple(self._spool.events)

    def close(self) -> None:
        self._writer.close()
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, kind: str, fields: Mapping[str, Any]) -> Event:
        event = self._writer.append(kind, fields, chained=True)
        try:
            self._writer.commit()
        except StoreError as error:
            raise NotSaved(error, event, self._spool.add(event)) from error
        return event

    def _retry(self) -> int:
        written = 0
        while self._spool.events:
            event = self._spool.events[0]
            fields = {name: value for name, value in event.items() if name not in OWN_FIELDS}
            self._writer.append(event["kind"], fields, chained=True)
            self._writer.commit()
            # From here on it is saved; the spool may say so later.
            del self._spool.events[0]
            written += 1
        if written:
            self._spool.clear()
        return written

    def _retry_or_spool(self, kind: str, fields: Mapping[str, Any]) -> None:
        """What waits goes first: a later judgement must not come to stand before it."""
        try:
            self._retry()
        except StoreError as error:
            event = self._writer.append(kind, fields, chained=True)
            self._writer.drop()
            raise NotSaved(error, event, self._spool.add(event)) from error


class Spool:
    """Judgements that could not be written where they belong, in a file of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        with contextlib.suppress(OSError):
            self.events = [line.event for line in read_lines(path, Position())]

    def add(self, event: Event) -> bool:
        """Whether it could be kept; in memory it is in any case."""
        self.events.append(event)
        given = {name: value for name, value in event.items() if name not in OWN_FIELDS}
        try:
            writer = LineWriter.open(self.path, Modes())
            try:
                writer.append(event["kind"], given)
                writer.commit()
            finally:
                writer.close()
        except StoreError:
            return False
        return True

    def drop_known(self, ids: set[str]) -> None:
        """A crash came between writing an event into the journal and emptying the spool."""
        self.events = [event for event in self.events if event.get("id") not in ids]
        if not self.events:
            self.clear()

    def clear(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()


def judge_name(name: str) -> str:
    """The name as journals bear it, without blanks around it. InputError where it is empty,
    longer than ``LONGEST_NAME``, or holds what a screen could not show as it is."""
    name = name.strip()
    if not name:
        raise InputError("A judge needs a name.", "Give one: --judge NAME")
    if len(name) > LONGEST_NAME:
        raise InputError(
            f"A judge's name of {len(name)} characters is too long.",
            f"Give one of {LONGEST_NAME} characters at most: --judge NAME",
        )
    if clean(name) != name:
        raise InputError(
            f"The judge's name {clean(name)} holds characters that are not shown, or a newline.",
            "Give one of letters, digits and signs: --judge NAME",
        )
    return name


def judges(views: Iterable[JournalView]) -> list[str]:
    """Who has judged or decided something, or was given something to judge: a journal alone
    makes no judge."""
    return list(dict.fromkeys(view.judge for view in views if _has_judged(view)))


def _has_judged(view: JournalView) -> bool:
    return any(event["kind"] in ("plan", "score", "vote", "signoff") for event in view.events)


def open_journal(judge: str, layout: Layout, shelf: Shelf) -> Journal:
    """This judge's journal on this host, made where there is none.

    A second window of the same judge on this host is refused; on another host the same
    judge has another file. InputError where the name is none.
    """
    judge = judge_name(judge)
    lock = _lock(judge, layout)
    try:
        view = _own(judge, layout, shelf)
        if view is not None and view.fault:
            raise StoreError(view.fault, "Copy the file from a backup, or move it away.")
        path = view.path if view is not None else _new_path(judge, layout)
        writer = LineWriter.open(path, layout.modes, new=view is None)
        try:
            if not writer.seq:
                about = {"judge": judge, "login": login(), "host": host()}
                writer.append(HEADER, about, chained=True)
                writer.commit()
            spool = Spool(layout.spool_dir / path.name)
            spool.drop_known({str(event["id"]) for event in view.events} if view else set())
            journal = Journal(judge, writer, lock, spool)
            with contextlib.suppress(StoreError):
                journal.retry()
            return journal
        except BaseException:
            writer.close()
            raise
    except BaseException:
        lock.release()
        raise


def _lock_path(judge: str, layout: Layout) -> Path:
    return layout.state_dir / f"judge-{slug(judge, 24)}-{name_id(judge)}.lock"


def being_written(judge: str, layout: Layout) -> bool:
    """Whether a window on this host holds the judge's journal."""
    return held(_lock_path(judge, layout))


def _lock(judge: str, layout: Layout) -> Lock:
    path = _lock_path(judge, layout)
    lock = Lock.take(path, layout.modes, patience=0.2)
    if lock is None:
        who = holder(path)
        since = f" since {who.since}" if who is not None and who.since else ""
        raise StoreError(
            f"{judge} is judging in another window on this host{since}.",
            "Go on there, or close it first. Another person takes another name: --judge NAME",
        )
    return lock


def name_id(name: str) -> str:
    """Tells apart names whose slugs are equal."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _own(judge: str, layout: Layout, shelf: Shelf) -> JournalView | None:
    """The judge's journal of this host, of those that lie where we may write."""
    for view in shelf.views():
        mine = view.path.parent == layout.judgements_dir and view.host == host()
        if mine and view.judge == judge:
            return view
    return None


def _new_path(judge: str, layout: Layout) -> Path:
    name = f"{slug(judge) or 'judge'}-{host()}-{secrets.token_hex(4)}.jsonl"
    return layout.judgements_dir / name


def login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def read_journal(path: Path) -> JournalView:
    """One journal as far as it can be used, wherever it lies."""
    one = _Read(JournalView(path))
    one.read_on()
    return one.view


class Shelf:
    """All journals of a workspace, read on from where they were read up to."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._read: dict[Path, _Read] = {}
        self._guard = threading.Lock()
        self._judged: dict[frozenset[str], tuple[object, list[JournalView], Judged]] = {}
        """By the kinds asked for: what it was made of (the views too, or another one could get
        an id of theirs), and the judgements."""

    def look(self) -> bool:
        """Read what is new; whether there was anything."""
        with self._guard:
            paths = list(self._paths())
            changed = [path for path in self._read if path not in paths]
            for path in changed:
                del self._read[path]
            for path in paths:
                one = self._read.setdefault(path, _Read(JournalView(path)))
                if one.read_on():
                    changed.append(path)
            return bool(changed)

    def views(self) -> list[JournalView]:
        self.look()
        return [one.view for one in self._read.values()]

    def judgements(self, kinds: Iterable[str]) -> Judged:
        """Events of these kinds, each once however often its file was copied; in the order
        of each journal, journals by name. The same object until a journal has changed."""
        wanted = frozenset(kinds)
        views = self.views()
        # Events are only ever added to a view; one that is read afresh is another view.
        now = [(id(view), view.judge, len(view.events)) for view in views]
        kept = self._judged.get(wanted)
        if kept is None or kept[0] != now:
            kept = now, views, Judged(_each_once(views, wanted))
            self._judged[wanted] = kept
        return kept[2]

    def _paths(self) -> Iterator[Path]:
        for folder in self._folders:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                for name in sorted(os.listdir(folder)):
                    if name.endswith(".jsonl") and not name.startswith("."):
                        yield folder / name


def _each_once(views: Iterable[JournalView], wanted: frozenset[str]) -> list[Judgement]:
    seen: set[str] = set()
    found = []
    for view in views:
        for event in view.events:
            if event["kind"] in wanted and event["id"] not in seen:
                seen.add(event["id"])
                found.append(Judgement(view.judge, view.path.name, event))
    return found


@dataclass(slots=True)
class _Read:
    """A journal and how far it was read."""

    view: JournalView
    position: Position = field(default_factory=Position)
    seen: tuple[int, int] = (-1, -1)
    tail: str = ""

    def read_on(self) -> bool:
        try:
            fd = open_file(self.view.path, os.O_RDONLY)
        except OSError as error:
            return self._failed(f"{self.view.path} can't be read: {error.strerror}")
        try:
            status = os.fstat(fd)
            now = (status.st_size, status.st_mtime_ns)
            whole = self.position.offset == status.st_size and not self.view.fault
            if now == self.seen and whole:
                return False
            if status.st_size < self.position.offset or self._tail(fd) != self.tail:
                self.view, self.position = JournalView(self.view.path), Position()
            before = (self.seen, len(self.view.events), self.view.fault)
            self.seen = now
            self._take(status.st_size)
            self.tail = self._tail(fd)
            return before != (self.seen, len(self.view.events), self.view.fault)
        finally:
            os.close(fd)

    def _tail(self, fd: int) -> str:
        return tail_of(fd, self.position.offset) if self.position.offset else ""

    def _failed(self, fault: str) -> bool:
        changed = self.view.fault != fault
        self.view.fault, self.seen = fault, (-1, -1)
        return changed

    def _take(self, size: int) -> None:
        view = self.view
        view.fault = ""
        for line in read_lines(view.path, self.position, size):
            if not self._follows(line.event):
                # Stand before this line again: it is not taken.
                self.position.offset, self.position.line = line.offset, line.number - 1
                self.position.fault = "it does not follow the line before it"
                break
            view.events.append(line.event)
        view.torn = self.position.torn
        if self.position.fault:
            view.fault = bad_line(view.path, self.position).message
        if view.events and view.events[0]["kind"] == HEADER:
            view.judge = str(view.events[0].get("judge", ""))
            view.host = str(view.events[0].get("host", ""))

    def _follows(self, event: Event) -> bool:
        last: Event = self.view.events[-1] if self.view.events else {"seq": 0, "sum": ""}
        return (
            event.get("seq") == last["seq"] + 1
            and event.get("prev") == last["sum"]
            and isinstance(event.get("id"), str)
            and isinstance(event.get("kind"), str)
        )
