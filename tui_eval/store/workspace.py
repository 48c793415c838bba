"""The one class that is asked for things: facts, jobs, signs of life, judgements.

Calls may come from any thread; they take turns. Nothing is made on the disk before
something is written.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tui_eval.core.judged import Judged
from tui_eval.core.records import (
    Completion,
    CopyMatch,
    EngineStatus,
    Job,
    JobState,
    NearestPrompt,
    Preflight,
    Producer,
    Reconcile,
    Rendering,
    Sample,
    TokenLoss,
    TokenTable,
)
from tui_eval.errors import StoreError
from tui_eval.store import codec, death, facts, jobs, liveness
from tui_eval.store.files import cannot_write
from tui_eval.store.index import Busy, Damaged, Index
from tui_eval.store.journal import Journal, JournalView, Shelf, open_journal
from tui_eval.store.layout import Layout, host, layout_of, slug

T = TypeVar("T")
GENERATION = 1 << 32


class Workspace:
    """Use ``Workspace.open``. ``layout`` says where things lie and why."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._guard = threading.RLock()
        self._index = Index(None, layout.modes)
        self._generation = 0
        self._folders = facts.Folders(layout.facts_dirs)
        self._shelf = Shelf(layout.judgements_dirs)
        self._caught_up = self._closed = False
        self._version = (0, 0)
        self._running: dict[str, Job] = {}

    @classmethod
    def open(cls, folder: Path, *, state_dir: Path | None = None) -> Workspace:
        """``state_dir`` names where index, lock and log go, instead of the usual place."""
        return cls(layout_of(folder, state_dir))

    # Where things are.

    @property
    def folder(self) -> Path:
        return self.layout.folder

    @property
    def state_dir(self) -> Path:
        return self.layout.state_dir

    @property
    def read_only(self) -> bool:
        return self.layout.read_only

    @property
    def network_disk(self) -> bool:
        return self.layout.network_disk

    @property
    def note(self) -> str:
        """In words, where results go that don't lie beside eval.toml; else empty."""
        return self.layout.note

    @property
    def index_path(self) -> Path:
        return self.layout.index_path

    @property
    def facts_dir(self) -> Path:
        return self.layout.facts_dir

    @property
    def log_path(self) -> Path:
        return self.layout.log_path

    @property
    def lock_path(self) -> Path:
        return self.layout.lock_path

    # The index.

    def catch_up(self) -> bool:
        """Read on in facts files and journals; True if there was anything new."""
        with self._guard:
            if self._index.in_memory and self._folders.files():
                self._to_disk(required=False)
            judged = self._shelf.look()
            return self._ask(self._catch_up) or judged

    def _catch_up(self, index: Index) -> bool:
        changed = facts.catch_up(index, self._folders)
        self._caught_up = True
        return changed

    def version(self) -> tuple[int, int]:
        """Differs whenever the index changed. A locked index is looked at again next time."""
        with contextlib.suppress(Busy):
            changes, own = self._ask(lambda index: index.version())
            self._version = (self._generation * GENERATION + changes, own)
        return self._version

    def facts_version(self) -> tuple[str, int]:
        """Differs whenever facts came in; progress and signs of life don't count."""
        rows = self._ask(lambda index: index.rows("SELECT name, value FROM meta"))
        values: dict[str, Any] = dict(rows)
        return str(values["made"]), int(values["facts"])

    def faults(self) -> tuple[str, ...]:
        """Files that can't be used whole, with the line from which on."""
        known = self._known(facts.known_sources)
        faults = [source.fault for source in known.values()]
        faults += [view.fault for view in self.journals()]
        return tuple(fault for fault in faults if fault)

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._index.close()

    def _ask(self, question: Callable[[Index], T]) -> T:
        """Ask the index; one that turns out to be damaged is made again, once."""
        with self._guard:
            if self._closed:
                raise StoreError("The workspace was closed.")
            self._follow()
            try:
                return question(self._index)
            except Damaged:
                self._renew()
            try:
                return question(self._index)
            except Damaged as error:
                raise _hopeless(self.index_path, error) from error

    def _tell(self, change: Callable[[Index], T]) -> T:
        """Like ``_ask`` for what has to last: the index goes to the disk first."""
        with self._guard:
            if self._index.in_memory and not self._closed:
                self._to_disk()
            return self._ask(change)

    def _known(self, question: Callable[[Index], T]) -> T:
        """Like ``_ask`` for facts, which are read first where nobody did so yet."""
        with self._guard:
            if not self._caught_up:
                self.catch_up()
            return self._ask(question)

    def _follow(self) -> None:
        """Go over to an index that another process has made."""
        if self._index.in_memory:
            if self.index_path.is_file():
                self._to_disk(required=False)
        elif self._index.replaced():
            self._renew()

    def _to_disk(self, *, required: bool = True) -> None:
        try:
            made = Index(self.index_path, self.layout.modes)
        except OSError as error:
            if required:
                raise cannot_write(self.index_path, error) from error
            return
        except (Damaged, sqlite3.Error) as error:
            raise _hopeless(self.index_path, error) from error
        self._take(made)

    def _renew(self) -> None:
        self._index.close()
        if self._index.in_memory:
            self._take(Index(None, self.layout.modes))
        else:
            self._to_disk()
        self._catch_up(self._index)

    def _take(self, index: Index) -> None:
        self._index.close()
        self._index = index
        self._generation += 1
        self._caught_up = False

    # Facts.

    def facts(self, job_id: str) -> facts.FactsWriter:
        """The job's own file, for writing: ``with workspace.facts(job.id) as facts: ...``."""
        path = self.facts_dir / f"{host()}-{slug(job_id, 80)}.jsonl"
        return facts.FactsWriter(path, self.layout.modes, self._folders, self._tell)

    def have(self, kind: str, key: str) -> set[str]:
        """Ids of the samples that have such a fact; an empty id for one without a sample."""
        return self._known(lambda index: facts.have(index, kind, key))

    def extent(self, kind: str, key: str) -> tuple[object, ...]:
        """Differs whenever such facts came in."""
        return self._known(lambda index: facts.extent(index, kind, key))

    def facts_of(self, kind: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """``(sample, whole body)`` in the order of time."""
        found = self._known(lambda index: facts.places(index, kind, key))
        with facts.Bodies(self._folders) as bodies:
            for place in found:
                yield place.sample, dict(bodies.body(place))

    def producers(self) -> list[Producer]:
        """What produced the losses that are here, newest first, each key once."""
        found = {one.key: one for one in _each(codec.producer, self._light("producer"))}
        return sorted(found.values(), key=lambda one: one.at, reverse=True)

    def losses(self, key: str, *, tokens: bool = False) -> dict[str, TokenLoss]:
        """By sample id. Without ``tokens`` the per-token fields are empty, which is quick."""
        bodies = (
            (body for _, body in self.facts_of("loss", key)) if tokens else self._light("loss", key)
        )
        return {loss.sample: loss for loss in _each(codec.token_loss, bodies)}

    def loss(self, key: str, sample: str) -> TokenLoss | None:
        """One loss with its tokens."""
        return next(_each(codec.token_loss, self._newest("loss", key, sample)), None)

    def samples(self, key: str) -> dict[str, Sample]:
        """The samples of a dataset as they were when they were used."""
        bodies = (body for _, body in self.facts_of("sample", key))
        return {sample.id: sample for sample in _each(codec.sample, bodies)}

    def completions(self, key: str) -> dict[str, Completion]:
        """What one producer answered, by completion id."""
        bodies = (body for _, body in self.facts_of("completion", key))
        return {one.id: one for one in _each(codec.completion, bodies)}

    def rendering(self, key: str, sample: str) -> Rendering | None:
        return next(_each(codec.rendering, self._newest("rendering", key, sample)), None)

    def token_table(self, key: str, sample: str) -> TokenTable | None:
        return next(_each(codec.token_table, self._newest("tokens", key, sample)), None)

    def preflight(self, key: str) -> Preflight | None:
        found = list(self._light("preflight", key))
        return next(_each(codec.preflight, found[-1:]), None)

    def reconciles(self, key: str) -> dict[str, Reconcile]:
        found = _each(codec.reconcile, self._light("reconcile", key))
        return {one.sample: one for one in found}

    def copies(self, key: str) -> dict[str, CopyMatch]:
        """By digest of the text."""
        found = _each(codec.copy_match, self._light("copies", key))
        return {one.text: one for one in found}

    def nearest(self, key: str) -> dict[str, NearestPrompt]:
        """By sample id."""
        found = _each(codec.nearest_prompt, self._light("nearest", key))
        return {one.sample: one for one in found}

    def keys_of(self, kind: str) -> list[str]:
        """Every key that there is a fact of this kind for."""
        return self._known(lambda index: facts.keys(index, kind))

    def light(self, kind: str, key: str | None = None) -> list[tuple[str, Mapping[str, Any]]]:
        """``(sample, what the index keeps of the body)`` in the order of time."""
        return self._known(lambda index: list(facts.light(index, kind, key)))

    def _light(self, kind: str, key: str | None = None) -> Iterator[Mapping[str, Any]]:
        return (body for _, body in self.light(kind, key))

    def _newest(self, kind: str, key: str, sample: str) -> list[Mapping[str, Any]]:
        found = self._known(lambda index: facts.places(index, kind, key, sample))
        with facts.Bodies(self._folders) as bodies:
            return [bodies.body(place) for place in found[-1:]]

    # Judgements.

    def journal(self, judge: str) -> Journal:
        """The judge's journal on this host, for writing; refused to a second window."""
        return open_journal(judge, self.layout, self._shelf)

    def journals(self) -> list[JournalView]:
        """Every journal that is here, of all judges and hosts, as far as it can be used."""
        return self._shelf.views()

    def judgements(self, kinds: Iterable[str]) -> Judged:
        """Events of these kinds, each once, in the order of each journal."""
        return self._shelf.judgements(kinds)

    def judged_version(self) -> tuple[tuple[str, int], ...]:
        """Differs whenever a journal grew, came or went; reads on in them."""
        return tuple((str(one.path), len(one.events)) for one in self._shelf.views())

    # Jobs.

    def request(self, verb: str, args: Mapping[str, Any]) -> Job:
        """Queue a job for this host's engine, or give the equal one that waits or runs."""
        self._settle()
        return self._tell(lambda index: jobs.request(index, verb, args, host()))

    def jobs(self) -> list[Job]:
        """All jobs, oldest request first."""
        self._settle()
        return self._ask(jobs.jobs)

    def job(self, job_id: str) -> Job | None:
        self._settle()
        return self._ask(lambda index: jobs.job(index, job_id))

    def cancel(self, job_id: str) -> int:
        """1: it stops after the batch in flight. 2: the asker ends the process as well."""
        return self._tell(lambda index: jobs.cancel(index, job_id))

    def cancelled(self, job_id: str) -> int:
        return self._ask(lambda index: jobs.cancelled(index, job_id))

    def claim(self, at: str | None = None) -> Job | None:
        """For the engine, which holds the lock: the next job, now running."""
        taken = self._ask(lambda index: jobs.claim(index, at or host()))
        if taken is not None:
            self._running[taken.id] = taken
        return taken

    def progress(self, job_id: str, **changes: Any) -> None:
        """``done``, ``total``, ``unit``, ``speed``, ``eta``, ``message``, as far as given."""
        known = self._running.get(job_id) or self._ask(lambda index: jobs.job(index, job_id))
        if known is None:
            raise StoreError(f"There is no job {job_id}.")
        if known.state != "running":
            return
        self._running[job_id] = running = replace(known, **changes)
        self._tell(lambda index: jobs.update(index, running))

    def finish(self, job_id: str, state: JobState, error: str = "") -> None:
        known = self._running.pop(job_id, None)
        ended = known or self._ask(lambda index: jobs.job(index, job_id))
        if ended is None:
            raise StoreError(f"There is no job {job_id}.")
        self._tell(lambda index: jobs.finish(index, ended, state, error))

    def _settle(self) -> None:
        """Notice that an engine died: its job can't be running any more.

        The order matters: a job that was running before the lock was found free had lost
        its engine by then, for an engine holds the lock while it works.
        """
        ids = self._ask(lambda index: jobs.running_ids(index, host()))
        if ids and not liveness.alive(self.lock_path):
            words = death.words(self.layout)
            self._tell(lambda index: jobs.end_running(index, ids, "interrupted", words))

    def settle_as_engine(self) -> None:
        """For the engine, once it holds the lock: what ran before it is interrupted."""
        ids = self._ask(lambda index: jobs.running_ids(index, host()))
        if ids:
            self._tell(
                lambda index: jobs.end_running(
                    index, ids, "interrupted", "The engine before this one ended while it worked."
                )
            )

    # Signs of life.

    def ui_seen(self, token: str) -> None:
        """A screen watches; the engine stays while one does. Not worth making an index for."""
        with contextlib.suppress(Busy):
            if not self._index.in_memory:
                self._ask(lambda index: jobs.seen(index, token))

    def ui_gone(self, token: str) -> None:
        with contextlib.suppress(Busy):
            if not self._index.in_memory:
                self._ask(lambda index: jobs.gone(index, token))

    def uis_seen(self, within: float) -> int:
        """How many screens said so in the last ``within`` seconds."""
        return self._ask(lambda index: jobs.seen_within(index, within))

    def heartbeat(self, state: str, who: liveness.Holder | None = None) -> None:
        """For the engine: ``starting``, ``idle`` or ``working``."""
        me = who or liveness.Holder.me()
        self._tell(lambda index: jobs.beat(index, state, me))

    def leave(self, who: liveness.Holder | None = None, *, even_if_queued: bool = False) -> bool:
        """For the engine: say that it goes, unless a job waits for it."""
        me = who or liveness.Holder.me()
        return self._tell(lambda index: jobs.leave(index, me, even_if_queued=even_if_queued))

    def engine(self) -> EngineStatus:
        """What is known of this host's engine."""
        self._settle()
        return death.status(self.layout, self._ask(jobs.last_beat))


def _hopeless(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{path} can't be used: {error}",
        "Look at that disk. The index can be deleted at any time: it is made again from the facts.",
    )


def _each(
    decode: Callable[[Mapping[str, Any]], T], bodies: Iterable[Mapping[str, Any]]
) -> Iterator[T]:
    """Records of bodies; a body that is none of ours is an error in words."""
    for body in bodies:
        try:
            yield decode(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"A recorded {decode.__name__.replace('_', ' ')} can't be understood: {error!r}",
                "It may be of a newer version: update tui-eval.",
            ) from error
