"""Several calls of one model at the same time, each with its share of the threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

T = TypeVar("T")


class Crew:
    """Threads that compute; Python's lock is free while torch does."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ThreadPoolExecutor | None = None

    def run(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """The calls' results in order; at most ``workers`` run at once."""
        if self.workers == 1 or len(calls) == 1:
            return [call() for call in calls]
        threads = torch.get_num_threads()
        share = max(1, threads // self.workers)
        pool = self._pool = self._pool or ThreadPoolExecutor(self.workers, "score")
        try:
            return list(pool.map(partial(_with_threads, share), calls))
        finally:
            # The number is the process's for some of torch's libraries, the thread's for others.
            torch.set_num_threads(threads)


def _with_threads(count: int, call: Callable[[], T]) -> T:
    torch.set_num_threads(count)
    return call()
