"""A measurement in a process of its own: it may hang, print, or end the process.

Lines of JSON come in on standard input, the options first, then one answer each; one line
goes out for each. Whatever a metric prints goes to standard error, the engine's log.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
from typing import Any

from tui_eval.core.metrics import rulers
from tui_eval.core.metrics.facts import to_plain
from tui_eval.core.task_records import Asked, MetricOptions
from tui_eval.engine.metrics import measured_one
from tui_eval.errors import InputError

_PARENT_DEATH_SIGNAL = 1


def main() -> None:
    _leave_with_the_engine()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="surrogatepass")
    os.dup2(2, 1)
    into = os.fdopen(os.dup(0), encoding="utf-8", errors="surrogatepass")
    # What the metric reads from is not what we are asked by.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def say(what: dict[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    asked = json.loads(into.readline())
    named: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()}
    try:
        (ready,) = rulers(MetricOptions(**named)).values()
    except InputError as error:
        say({"fault": [error.message, error.remedy]})
        return
    say({"how": ready.how})
    for line in into:
        one = json.loads(line)
        references = tuple(one["references"])
        say(
            to_plain(
                measured_one(ready, Asked(one["prompt"], references, one["answer"], one["item"]))
            )
        )


def _leave_with_the_engine() -> None:
    """Also where the engine is killed in the middle of an answer. Linux alone knows this."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    main()
