"""A stand-in for scoring: a model's arithmetic and a job's writing, without a model.

The engine's own loop, process, niceness and commits are the real ones.
"""

from __future__ import annotations

import time

from tui_eval.core.records import Job
from tui_eval.engine.serve import JobContext

SECONDS = 600.0


def run(job: Job, context: JobContext) -> None:
    import torch

    weights = torch.randn(1024, 1024)
    batch = torch.randn(256, 1024)
    total, begun, done = 100_000, time.monotonic(), 0
    with context.workspace.facts(job.id) as facts:
        while time.monotonic() - begun < SECONDS and not context.cancelled():
            for _ in range(40):
                batch = torch.tanh(batch @ weights)
            for _ in range(8):
                done += 1
                facts.append("loss", "busy", f"sample-{done}", {"nll": 1.0, "tokens": 100})
            facts.commit()
            context.progress(float(done), float(total), "samples", "")
