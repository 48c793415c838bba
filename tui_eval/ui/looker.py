"""One thread that looks at the workspace, so that the screens never wait for a disk.

It owns the connection to the index: it asks three times a second whether anything
changed, reads again what did, says that a screen is watching, and passes requests on.
What it finds goes to the app as one message; widgets are never touched from here.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tui_eval.checklist import CHECKLIST, StepEntry
from tui_eval.core.steps.contradictions import contradictions
from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.ui.changed import Changed
from tui_eval.ui.crash import record
from tui_eval.ui.follows import STEADY, Follows
from tui_eval.ui.lookups import Task
from tui_eval.ui.overlooks import Overlooks
from tui_eval.ui.scene import Scene, comparable, first_scene, wanted
from tui_eval.ui.spelling import spelled_reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui_eval.config import Config
    from tui_eval.core.records import Job, Split
    from tui_eval.files.watched import Stamps
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.reader import Reader
    from tui_eval.ui.start import Start

POLL, SEEN, ELSEWHERE, LIVENESS = 0.33, 4.0, 5.0, 2.0
"""Seconds between looks at the change counter, signs of life, other hosts' files, and the
engine's own liveness (its death changes nothing that the counter would show)."""


class Looker(Follows, Overlooks):
    """``start`` once the first screen is painted. ``tell`` takes a new Scene, ``say`` a
    sentence and its role; both are called on this thread."""

    def __init__(
        self,
        start: Start,
        workspace: Workspace,
        config: Config,
        tell: Callable[[Scene], object],
        say: Callable[[str, str], object],
        reader: Callable[[], Reader] | None = None,
    ) -> None:
        self._start, self._workspace, self._config = start, workspace, config
        self._tell, self._say = tell, say
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="looker", daemon=True)
        self._token = uuid.uuid4().hex
        self._scene = first_scene(config, start)
        self._make_reader = reader or self._source
        self._reader: Reader | None = None
        self._due: dict[str, float] = {}
        self._version: tuple[int, ...] | None = None
        self._facts: object = None
        self._changed = Changed()
        self._seen: dict[str, Scene] = {}
        """What each candidate was last shown as, once all of it was read."""
        self._chosen = ""
        """The candidate that is to be gone over to at the next turn."""
        self._kept: dict[str, Mapping[str, str]] = {}
        """Verdicts by candidate when they were last kept."""
        self._stopped = False
        self._told: Scene | None = None
        self._told_at = 0.0
        self._stale = True

    @property
    def config(self) -> Config:
        return self._config

    @property
    def scene(self) -> Scene:
        return self._scene

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait: float = 0.0) -> None:
        """Ask the thread to end; it is a daemon, so a long reading holds nobody up."""
        self._stopped = True
        self._tasks.put(None)
        if wait and self._thread.is_alive():
            self._thread.join(wait)

    # What screens ask for; each returns at once.

    def run_missing(self, *entries: StepEntry) -> None:
        self._tasks.put(lambda: self._request(entries))

    def run_all(self) -> None:
        """Ask for what any step needs."""
        self.run_missing(*(entry for entry in CHECKLIST if entry.needs))

    def run_again(self, entry: StepEntry) -> None:
        self._tasks.put(lambda: self._request((entry,), again=True))

    def cancel(self, job: Job) -> None:
        self._tasks.put(lambda: self._cancel(job))

    def kill(self) -> None:
        self._tasks.put(self._start.kill_engine)

    def tokens(self, wants: Mapping[str, str]) -> None:
        """Ask for every token of one text: of the ``sample`` or the ``answer`` named."""

        def ask() -> None:
            self._workspace.request("tokens", {"candidate": self._scene.candidate, **wants})
            self._start.start_engine()

        self._tasks.put(ask)

    def look(self) -> None:
        """Look now instead of at the next turn."""
        self._tasks.put(lambda: None)

    def choose(self, candidate: str) -> None:
        """Go over to another candidate. What was last seen of it stands there at once;
        what was not, is said to be looked for until it is read."""

        def switch() -> None:
            self._chosen = ""
            self._unfollow()
            self._scene = replace(
                self._seen.get(candidate) or self._unseen(candidate),
                candidates=self._scene.candidates,
                jobs=self._scene.jobs,
                engine=self._scene.engine,
                trouble=self._scene.trouble,
            )
            self._stale = True
            # Nobody waits here for the pause between two readings of the same.
            self._due["readings"] = 0.0
            self._publish(now=True)

        self._chosen = candidate
        self._tasks.put(switch)

    def _unseen(self, candidate: str) -> Scene:
        """A candidate that was not read here, with what was read beside others."""
        scene = first_scene(self._config, replace(self._start, candidate=candidate))
        if self._surveying is None:
            return scene
        found = self._surveying.survey
        return replace(scene, readings=found.readings.get(candidate, {}))

    # The thread.

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._turn()
            except TuiEvalError as error:
                self._troubled(f"{error.message} {error.remedy}")
            except OSError as error:
                self._troubled(f"The workspace can't be read: {error}")
            except Exception as error:
                # A fault of ours must be seen, and must not fill the screen again and again.
                self._troubled(f"No longer looking at the workspace. {record(error)}", now=True)
                return
            self._wait()
        self._keep(figures=True)
        with suppress(TuiEvalError, OSError):
            # The engine need not wait for a screen that is gone.
            self._workspace.ui_gone(self._token)

    def _wait(self) -> None:
        """Sleep until the next look, or until a screen asks for something."""
        try:
            # All candidates are read without a pause, but a request goes first.
            task = self._tasks.get(timeout=0.01 if self._surveys else POLL)
        except queue.Empty:
            return
        while task is not None:
            self._do(task)
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return

    def _do(self, task: Task) -> None:
        try:
            task()
        except TuiEvalError as error:
            self._say(f"{error.message} {error.remedy}", "bad")
        except OSError as error:
            self._say(str(error), "bad")
        self._version = None
        self._due["shown"] = 0.0

    def _turn(self) -> None:
        workspace = self._workspace
        if self._is_due("seen", SEEN):
            workspace.ui_seen(self._token)
        if self._is_due("elsewhere", ELSEWHERE):
            workspace.catch_up()
        version = workspace.version()
        if version != self._version or self._is_due("liveness", LIVENESS):
            self._version = version
            jobs, engine = tuple(workspace.jobs()), workspace.engine()
            self._scene = replace(self._scene, jobs=jobs, engine=engine, trouble="")
            self._stale = self._stale or self._facts != self._facts_now()
        if self._reader is not None and self._is_due("files", self._changed.pause):
            self._look_at_files()
        if self._stale and self._is_due("readings", self._pause()):
            self._read()
        self._survey_on()
        if self._scene.following and self._is_due("follow", self._follow_pause()):
            self._read_on()
        self._publish()

    def _look_at_files(self) -> None:
        """What a person changed in eval.toml or the data is read again."""
        written = self._changed.look(self._stamps)
        self._due["files"] = time.monotonic() + self._changed.pause
        self._stale = self._stale or bool(written)
        if written:
            self._outdate_survey()
            # The last of what was said before.
            self._keep(figures=True)
        if written == "config":
            self._take_config()

    def _stamps(self) -> Stamps:
        assert self._reader is not None
        return self._reader.stamps(self._scene.candidate)

    def _take_config(self) -> None:
        """Judge by eval.toml as it is now. What can't be read changes nothing; files that
        aren't there are said, and their steps go without them."""
        from tui_eval import config as configuration

        assert self._config.path is not None
        try:
            config = configuration.load(self._config.path)
        except TuiEvalError as error:
            words = clean(" ".join(f"{error.message} {error.remedy}".split()))
            try:
                config = configuration.load(self._config.path, files=False)
            except TuiEvalError:
                self._say(f"{words} Until then the one read before stands.", "bad")
                return
            self._say(words, "bad")
        self._unfollow()
        self._config, self._reader, self._seen = config, None, {}
        names = config.candidates
        here = self._scene.candidate
        self._scene = replace(
            self._scene,
            candidates=names,
            candidate=here if here in names else next(iter(names), ""),
        )

    def _facts_now(self) -> object:
        """What the readings depend on; heartbeats and progress are not part of it."""
        return self._workspace.facts_version(), self._workspace.judged_version()

    def _pause(self) -> float:
        """Reading again takes at most a fifth of the thread's time."""
        return max(2 * STEADY, 4 * self._reading_took)

    _reading_took = 0.0

    def _source(self) -> Reader:
        # What reads data sets and logs is imported here, after the first paint.
        from tui_eval.ui.source import Source

        return Source(self._start, self._workspace, self._config)

    def _read(self) -> None:
        begun = time.monotonic()
        self._reader = self._reader or self._make_reader()
        facts = self._facts_now()
        if facts != self._facts:
            self._outdate_survey()
        self._facts = facts
        self._changed.reading(self._stamps)
        self._stale = False
        candidate = self._scene.candidate
        # Before what is read of it: a standing taken later might be of other files.
        standing = self._reader.standing(candidate) if candidate in self._config.models else {}
        if standing != self._scene.standing:
            # Until all are read anew, the readings are of no one standing.
            self._scene = replace(self._scene, standing=None)
        for entry in CHECKLIST:
            if self._chosen not in ("", candidate):
                # Somebody waits for another one. This one is read again when it is chosen.
                self._stale = True
                return
            if not self._stopped:
                self._read_step(entry.key)
                if not self._scene.known:
                    self._publish(now=True)
        first = not self._scene.known
        self._scene = replace(self._scene, standing=None if self._stopped else standing)
        self._decide(candidate)
        self._scene = replace(self._scene, earlier=self._reader.earlier_words(candidate))
        self._scene = replace(self._scene, about=self._reader.about(candidate), known=True)
        self._seen[candidate] = replace(self._scene, beside=None, following="", followed="")
        self._publish(now=first)
        self._keep()
        self._reading_took = time.monotonic() - begun

    def _keep(self, figures: bool = False) -> None:
        """What the steps say goes into the history when a verdict is another one; with
        ``figures``, whatever the verdicts are."""
        candidate, readings = self._scene.candidate, self._scene.readings
        verdicts = {step: reading.verdict for step, reading in readings.items()}
        if self._reader is not None and (figures or self._kept.get(candidate) != verdicts):
            self._kept[candidate] = verdicts
            self._reader.remember(candidate)

    def _decide(self, candidate: str) -> None:
        """What was signed, and what the steps say against each other."""
        assert self._reader is not None
        if candidate not in self._config.models:
            return
        readings = self._scene.readings
        self._scene = replace(
            self._scene,
            decided=self._reader.decided(candidate, readings),
            contradictions=contradictions(readings),
        )

    def _read_step(self, step: str) -> None:
        assert self._reader is not None
        found = self._reader.reading(step, self._scene.candidate)
        read = {key: spelled_reading(reading) for key, reading in found.items()}
        self._scene = replace(self._scene, readings={**self._scene.readings, **read})

    def _publish(self, now: bool = False) -> None:
        """Tell the screens, at most once a second and only what changed."""
        shown = comparable(self._scene)
        if shown == self._told:
            return
        if now or self._is_due("shown", STEADY):
            self._told = shown
            self._due["shown"] = time.monotonic() + STEADY
            self._tell(self._scene)

    def _is_due(self, what: str, every: float) -> bool:
        if time.monotonic() < self._due.get(what, 0.0):
            return False
        self._due[what] = time.monotonic() + every
        return True

    def _troubled(self, words: str, now: bool = False) -> None:
        self._scene = replace(self._scene, trouble=clean(words), known=True)
        self._publish(now)

    def _cancel(self, job: Job) -> None:
        self._workspace.cancel(job.id)

    def _request(self, entries: Sequence[StepEntry], again: bool = False) -> None:
        jobs = [job for entry in entries for job in wanted(entry, self._scene.candidate)]
        # Two steps may need the same answers.
        distinct = [job for place, job in enumerate(jobs) if job not in jobs[:place]]
        here = self._scene.candidate
        idle = [self._idle(here, verb, args["split"]) for verb, args in distinct]
        asked = [job for job, why in zip(distinct, idle, strict=True) if not why]
        for verb, args in asked:
            self._workspace.request(verb, {**args, "again": True} if again else args)
        if asked:
            self._start.start_engine()
        elif idle:
            self._say(f"nothing to compute: {'; '.join(dict.fromkeys(idle))}", "dim")

    def _idle(self, candidate: str, verb: str, split: str) -> str:
        """Why a job has nothing to work on; the step says so itself where one is left out."""
        from tui_eval.files.wants import idle

        return idle(self._config, candidate, verb, cast("Split", split))
