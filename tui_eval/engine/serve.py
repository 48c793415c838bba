"""The engine process: takes jobs from the index until nobody needs it any more.

Nothing heavy is imported before the lock is held and the first sign of life is written.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from tui_eval import config as configuration
from tui_eval.config import Config
from tui_eval.core.records import Job, JobState
from tui_eval.core.text import clean
from tui_eval.engine.context import JobContext, log
from tui_eval.errors import EngineError, StoreError, TuiEvalError
from tui_eval.store.liveness import Lock
from tui_eval.store.workspace import Workspace

__all__ = ["VERBS", "Engine", "JobContext", "main"]

VERBS: Mapping[str, str] = {
    "score": "tui_eval.engine.jobs.score:run",
    "generate": "tui_eval.engine.jobs.generate:run",
    "measure": "tui_eval.engine.jobs.measure:run",
    "tokens": "tui_eval.engine.jobs.alternatives:run",
}
Verb = Callable[[Job, JobContext], None]

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.2
LOCK_PATIENCE = 1.0
"""Others hold the lock for microseconds when they look; an engine holds it for life."""
LEAVING_PATIENCE = 60.0
"""An engine that leaves may have a batch to finish first."""
LINGER = 120.0
SETTINGS_SECONDS = 5.0
NICE = 10
OOM_SCORE = 500
"""Of 1000: the kernel takes the engine before the screens when memory runs out."""
LOG_LIMIT, LOG_KEPT = 4 << 20, 1 << 20


class Engine:
    """One workspace's engine on this host; ``lock`` is held until it has left."""

    def __init__(self, workspace: Workspace, lock: Lock, verbs: Mapping[str, str]) -> None:
        self.workspace, self.lock, self.verbs = workspace, lock, verbs
        self.stopping = threading.Event()
        self.state = "starting"
        self.warm: dict[str, Any] = {}
        self._context: JobContext | None = None
        self._lingers = (float("-inf"), LINGER)
        self._done = threading.Event()
        self._idle_since = time.monotonic()
        self._worked_for: dict[str, None] = {}
        """Candidates since the queue was last empty."""

    def run(self) -> None:
        """Work, then leave; the heart beats meanwhile."""
        self.workspace.heartbeat(self.state, self.lock.holder)
        heart = threading.Thread(target=self._beat, name="heart", daemon=True)
        heart.start()
        try:
            self.workspace.catch_up()
            self.workspace.settle_as_engine()
            self._work()
        finally:
            self._done.set()
            heart.join(timeout=5 * BEAT_SECONDS)
        self.lock.say(leaving=True)
        self.workspace.leave(self.lock.holder, even_if_queued=True)

    def stop(self, number: int, frame: FrameType | None) -> None:
        """A signal asks us to leave. Whoever wants an engine may start the next one now."""
        self.lock.say(leaving=True)
        self.stopping.set()

    def _work(self) -> None:
        while not self.stopping.is_set():
            job = self.workspace.claim()
            if job is not None:
                self.state = "working"
                self._do(job)
                self._idle_since = time.monotonic()
                self._worked_for[str(job.args.get("candidate", ""))] = None
            elif self._worked_for:
                self._remember()
            elif self._leaves():
                return
            else:
                self.state = "idle"
                self.stopping.wait(LOOK_SECONDS)

    def _remember(self) -> None:
        """The queue is empty: what the steps say now is worth keeping."""
        from tui_eval.engine.remember import remember

        candidates, self._worked_for = tuple(self._worked_for), {}
        try:
            config = load_config(self.workspace.folder)
        except TuiEvalError as error:
            log(f"the history was not written: {error}")
            return
        remember(self.workspace, config, candidates)

    def _leaves(self) -> bool:
        """Whether nobody was here for a while and no job came at the last moment."""
        linger = self._linger()
        if time.monotonic() - self._idle_since < linger or self.workspace.uis_seen(linger):
            return False
        # First say so, then look: a job that comes after this look finds a leaver, and
        # its asker starts the next engine.
        self.lock.say(leaving=True)
        if self.workspace.leave(self.lock.holder):
            log("no job left and no screen seen: leaving")
            return True
        self.lock.say(leaving=False)
        return False

    def _linger(self) -> float:
        """``engine.linger``, read again now and then: it may be changed meanwhile."""
        read_at, seconds = self._lingers
        if time.monotonic() - read_at < SETTINGS_SECONDS:
            return seconds
        try:
            seconds = load_config(self.workspace.folder).engine.linger
        except TuiEvalError:
            seconds = LINGER
        self._lingers = time.monotonic(), seconds
        return seconds

    def _do(self, job: Job) -> None:
        cap_log()
        log(f"{job.id} begins: {job.verb} {dict(job.args)}")
        state, error = self._outcome(job)
        self.workspace.finish(job.id, state, error)
        log(f"{job.id}: {state}{f': {error}' if error else ''}")

    def _outcome(self, job: Job) -> tuple[JobState, str]:
        try:
            context = JobContext(
                self.workspace,
                config_of(self.workspace.folder, job),
                job,
                self.warm,
                self.stopping.is_set,
            )
            self._context = context
            try:
                self._verb(job.verb)(job, context)
            finally:
                self._context = None
                context.flush()
        except TuiEvalError as error:
            return "failed", str(error)
        except (Exception, SystemExit) as error:
            log(traceback.format_exc())
            return "failed", f"{type(error).__name__}: {clean(str(error), limit=500)}"
        if not context.heard:
            return "done", ""
        if self.workspace.cancelled(job.id):
            return "cancelled", ""
        return "interrupted", "The engine was asked to leave. What was done is kept."

    def _verb(self, name: str) -> Verb:
        if name not in self.verbs:
            raise EngineError(f"This version can't {clean(name)}.", "Update tui-eval.")
        module, _, function = self.verbs[name].partition(":")
        verb: Verb = getattr(import_module(module), function)
        return verb

    def _beat(self) -> None:
        told = ""
        while not self._done.wait(BEAT_SECONDS):
            try:
                self.workspace.heartbeat(self.state, self.lock.holder)
                if (context := self._context) is not None:
                    context.flush()
                told = ""
            except StoreError as error:
                if str(error) != told:
                    told = str(error)
                    log(f"no sign of life was written: {told}")
            if not self.lock.ours() and not self.stopping.is_set():
                log("the lock file is gone, so another engine may start: leaving")
                self.stopping.set()


def load_config(folder: Path) -> Config:
    """The workspace's settings as they are now: each job reads them afresh."""
    return configuration.load(folder / configuration.FILE_NAME)


def config_of(folder: Path, job: Job) -> Config:
    """The settings in which the job's candidate is a model, also a checkpoint of a run."""
    # With the first job: nothing that reads files is needed before the lock is held.
    from tui_eval.files.checkpoints import understood

    return understood(load_config(folder), str(job.args.get("candidate", "")))


def be_modest(folder: Path) -> None:
    """Leave room for the screens: threads, priority, and who goes first without memory.

    Has to run before torch is imported, which reads the number of threads once.
    """
    try:
        settings = load_config(folder).engine
    except TuiEvalError:
        settings = configuration.EngineConfig()
    if settings.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = settings.gpu
    threads = settings.threads or max(1, cores() - 1)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        if settings.threads or name not in os.environ:
            os.environ[name] = str(threads)
    if not has_gpu() and os.nice(0) < NICE:
        os.nice(NICE - os.nice(0))
    try:
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    except OSError as error:
        log(f"oom_score_adj was not raised: {error}")


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_gpu() -> bool:
    """Whether a GPU driver is here; asked without torch, which is not loaded yet."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return any(Path(name).exists() for name in ("/dev/nvidiactl", "/dev/kfd"))


def cap_log(fd: int = 2) -> None:
    """Keep the last MiB of a log that grew past four. Only the holder of the lock may."""
    try:
        size = os.fstat(fd).st_size
        if size <= LOG_LIMIT or not os.path.isfile(f"/proc/self/fd/{fd}"):
            return
        with open(f"/proc/self/fd/{fd}", "rb") as handle:
            handle.seek(size - LOG_KEPT)
            kept = handle.read().partition(b"\n")[2]
        os.ftruncate(fd, 0)
        os.write(fd, kept)
    except OSError as error:
        log(f"the log was not cut: {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    workspace = Workspace.open(options.folder, state_dir=options.state_dir)
    lock = Lock.take(
        workspace.lock_path,
        workspace.layout.modes,
        patience=LOCK_PATIENCE,
        leaving=LEAVING_PATIENCE,
    )
    if lock is None:
        return 0
    engine = Engine(workspace, lock, {**VERBS, **dict(options.verb)})
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, engine.stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        cap_log()
        log(f"engine {os.getpid()} begins in {workspace.folder}")
        be_modest(workspace.folder)
        engine.run()
    except TuiEvalError as error:
        log(f"the engine can't go on: {error}")
        return 1
    finally:
        workspace.close()
        lock.release()
    log("engine ended")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui_eval.engine")
    parser.add_argument("folder", type=Path, help="the workspace's folder")
    parser.add_argument("--state-dir", type=Path, help="where index, lock and log lie")
    # Further verbs, as tests have them: NAME=module:function.
    parser.add_argument(
        "--verb",
        action="append",
        default=[],
        type=lambda text: tuple(text.split("=", 1)),
        help=argparse.SUPPRESS,
    )
    return parser.parse_args(arguments if arguments is not None else sys.argv[1:])
