"""Verbs for an engine under test: they count what they compute, and can be held."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from tui_eval.core.records import Job, TokenLoss
from tui_eval.engine.serve import JobContext
from tui_eval.errors import EngineError
from tui_eval.store import codec

KEY = "counted"


def count(job: Job, context: JobContext) -> None:
    """One fact for each of ``total`` items that has none yet. ``computed`` gets a line for
    each. Before item ``hold``, wait until the file ``go`` is there or it shall stop."""
    folder = context.workspace.folder
    total, hold = int(job.args["total"]), job.args.get("hold")
    done = context.workspace.have("loss", KEY)
    with context.workspace.facts(job.id) as facts, (folder / "computed").open("a") as computed:
        for item in range(total):
            name = f"s{item}"
            if item == hold and not _held(folder / "go", context):
                return
            if context.cancelled():
                return
            if name in done:
                continue
            computed.write(f"{name}\n")
            computed.flush()
            facts.append("loss", KEY, name, codec.encode(TokenLoss(name, 1.0 + item, 1, 1)))
            facts.commit()
            context.progress(item + 1, total, "items", f"at {name}")


def _held(go: Path, context: JobContext) -> bool:
    while not go.exists():
        if context.cancelled():
            return False
        time.sleep(0.01)
    return True


def fail(job: Job, context: JobContext) -> None:
    raise EngineError("The adapter does not fit.", "Name another base.")


def crash(job: Job, context: JobContext) -> None:
    context.log("about to break")
    raise ZeroDivisionError("bad \x1b[31mtext")


def deaf(job: Job, context: JobContext) -> None:
    """Listens to nothing, as native code that is stuck does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    context.progress(0, 1, "items", "deaf")
    while True:
        time.sleep(60)


def machine(job: Job, context: JobContext) -> None:
    """Writes down what the process is like."""
    told = {
        "nice": os.nice(0),
        "oom": int(Path("/proc/self/oom_score_adj").read_text()),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "torch": "torch" in sys.modules,
        "stdin": os.readlink("/proc/self/fd/0"),
        "session": os.getsid(0) == os.getpid(),
        "path": sys.path,
    }
    context.warm["runs"] = context.warm.get("runs", 0) + 1
    with context.workspace.facts(job.id) as facts:
        facts.append("machine", "machine", None, {**told, "runs": context.warm["runs"]})
