"""Measurements that may hang run in another process, with a limit on their time.

Those are metrics of a person's own, and patterns of theirs: a regular expression may take
years over a text that a model wrote.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import IO, Any

from tui_eval.core.metrics.facts import from_plain
from tui_eval.core.task_records import Asked, Measured, MetricOptions
from tui_eval.core.text import clean
from tui_eval.engine.generation import Cancelled
from tui_eval.errors import InputError

LOAD_SECONDS = 120.0
"""To import what the metric's file imports: a model's library takes a while."""
MOST_PRINTED = 1 << 20
"""Bytes of what the process prints that go into the log."""
LINE = 4096
LOOK_SECONDS = 0.25
GIVEN_UP = 3
"""So many answers that took too long, and the rest is not tried."""


class _Gone(Exception):
    """The process ended; the reason is what is told of the answer."""


class _Slow(_Gone):
    """It did not answer in time, and can't be asked again."""


def may_hang(measure: str, options: MetricOptions) -> bool:
    by_pattern = measure == "labels" and options.label_rule == "regex"
    return measure.startswith("own_") or measure in ("pattern", "json_schema") or by_pattern


class Apart:
    """One measurement: ``options`` hold its metrics alone. ``how`` is known once it was asked."""

    def __init__(
        self,
        options: MetricOptions,
        seconds: float,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.how = ""
        self._options, self._seconds = options, seconds
        self._cancelled = cancelled
        self._child: subprocess.Popen[bytes] | None = None
        self._read = b""
        self._slow = 0
        self._given_up = ""
        self._printed = MOST_PRINTED

    def measure(self, asked: Asked) -> Measured:
        """Raises Cancelled, and InputError where a setting doesn't do."""
        if self._given_up:
            return Measured(error=f"not tried: {self._given_up}")
        try:
            if self._child is None:
                self._start()
            return from_plain(self._said(_plain(asked), self._seconds))
        except _Slow as slow:
            self.close()
            self._slow += 1
            if self._slow >= GIVEN_UP:
                self._given_up = f"{slow} on {GIVEN_UP} answers"
            return Measured(error=str(slow))
        except _Gone as gone:
            self.close()
            return Measured(error=str(gone))

    def close(self) -> None:
        child, self._child, self._read = self._child, None, b""
        if child is None:
            return
        with contextlib.suppress(OSError):
            # Its own session: what it has started goes with it.
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for end in (child.stdin, child.stdout):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui_eval.engine.metrics.apart_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._child.stderr is not None
        threading.Thread(target=self._log, args=(self._child.stderr,), daemon=True).start()
        try:
            told = self._said(asdict(self._options), LOAD_SECONDS)
        except _Slow as slow:
            self._given_up = f"{slow} to load"
            raise _Gone(self._given_up) from None
        if "fault" in told:
            self.close()
            raise InputError(*told["fault"])
        self.how = str(told.get("how", ""))

    def _log(self, printed: IO[bytes]) -> None:
        """What it prints is hostile text, and may have no end."""
        with printed:
            while line := printed.readline(LINE):
                if self._printed > 0:
                    text = clean(line.decode("utf-8", "replace").rstrip("\r\n"))
                    print(text, file=sys.stderr, flush=True)
                    self._printed -= len(line)
                    if self._printed <= 0:
                        print("(what it prints further is left out)", file=sys.stderr, flush=True)

    def _said(self, asked: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        child = self._child
        assert child is not None
        assert child.stdin is not None
        try:
            child.stdin.write((json.dumps(asked, default=str) + "\n").encode())
            child.stdin.flush()
        except OSError:
            raise _Gone(self._ended(child)) from None
        found = json.loads(self._line(child, seconds))
        return found if isinstance(found, dict) else {}

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert child.stdout is not None
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._read:
                left = until - time.monotonic()
                if left <= 0:
                    raise _Slow(f"it took longer than {seconds:g} s")
                if selector.select(min(left, LOOK_SECONDS)):
                    some = child.stdout.read1(1 << 16)  # type: ignore[attr-defined]
                    if not some:
                        raise _Gone(self._ended(child))
                    self._read += some
                elif self._cancelled():
                    self.close()
                    raise Cancelled
        line, _, self._read = self._read.partition(b"\n")
        return line

    @staticmethod
    def _ended(child: subprocess.Popen[bytes]) -> str:
        code = child.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"it ended its process ({how})"


def _plain(asked: Asked) -> dict[str, Any]:
    return {
        "prompt": asked.prompt,
        "references": list(asked.references),
        "answer": asked.answer,
        "item": dict(asked.item),
    }
