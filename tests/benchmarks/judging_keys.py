"""Key to the next item on the screen, bytes and keys for each judgement.

    python -m tests.benchmarks.judging_keys [judgements of each kind]

One app on the sample run in a real terminal of 80 x 24: judging with no engine and while
the engine generates, in turns in one run, first blind A/B, then review. A key's time ends
when the line under the item names the judgement that it made; the next item is painted in
the same update.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.pty_app import percentile
from tests.e2e.judging_hand import Judge
from tests.e2e.judging_place import ab, answer_files, environment, written
from tests.sample import TUI_EVAL, demo
from tests.waiting import until
from tui_eval.engine import launch
from tui_eval.store.workspace import Workspace

TURNS = 2
PACE = 0.55
"""Seconds from a judgement to the next one's first key, whatever the screen does."""
DIGITS = 0.1
"""Seconds from one digit to the next."""
SETTINGS = """
[generation]
limit = 0
samples = 40
temperature = 1.0
max_new_tokens = 400

[review]
samples = {many}

[engine]
linger = 1.0
"""


@dataclass
class Measured:
    """Of each judgement: ``ms`` from the key that completes it to the next item, ``sizes`` in
    bytes of all that came for it, ``keys`` that were pressed for it."""

    ms: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)


def judged(judge: Judge, keys: str, into: Measured) -> None:
    """One judgement at the pace. What the guard calls too fast is pressed again, and neither
    measured."""
    before, size, began = judge.place, len(judge.written), time.monotonic()
    for key in keys:
        if key != keys[0]:
            judge.watch(DIGITS)
        pressed = time.perf_counter()
        judge.press(key)
    while judge.place == before and time.monotonic() < began + 2 * PACE:
        judge.look(0.05)
    took = 1000 * (time.perf_counter() - pressed)
    judge.watch(PACE + DIGITS * (len(keys) - 1), began)
    if judge.place > before:
        into.ms.append(took)
        into.keys.append(len(keys))
        into.sizes.append(len(judge.written) - size)
    else:
        judge.watch(2 * PACE)


def in_turns(judge: Judge, keys: str, many: int, work: Path) -> tuple[Measured, Measured]:
    """Without an engine and with one, by turns; half of the judgements each."""
    idle, busy = Measured(), Measured()
    for _ in range(TURNS):
        judge.watch(2 * PACE)
        for _ in range(many // TURNS // 2):
            judged(judge, keys, idle)
        with generating(work):
            judge.watch(2 * PACE)
            for _ in range(many // TURNS // 2):
                judged(judge, keys, busy)
    return idle, busy


@contextmanager
def generating(work: Path) -> Iterator[None]:
    """Another candidate of the same workspace answers meanwhile."""
    store = Workspace.open(work)
    before = written(work)
    job = store.request("generate", {"candidate": "overfitted", "split": "validation"})
    launch.start(work)
    try:
        until(lambda: written(work) > before, 120, what="answers")
        yield
        now = store.job(job.id)
        assert now is not None
        assert now.state == "running", now
    finally:
        launch.kill(store, wait=True)
        store.finish(job.id, "cancelled")
        store.close()


def place_for(folder: Path, many: int) -> Path:
    """The sample run, with the tuned model's answers from a file."""
    work = demo(folder / "demo")
    rows = [json.loads(line) for line in (work / "data" / "validation.jsonl").open()]
    with (work / "given.jsonl").open("w") as given:
        for row in rows:
            *_, asked, answer = row["messages"]
            one = {"prompt": asked["content"], "answer": answer["content"]}
            given.write(json.dumps(one) + "\n")
    toml = (work / "eval.toml").read_text()
    settings = SETTINGS.format(many=many)
    swapped = toml.replace('path = "runs/good/checkpoint-306"', 'answers = "given.jsonl"')
    assert swapped != toml
    (work / "eval.toml").write_text(swapped + settings)
    answer_files(work, many)
    return work


def main(many: int = 160) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = place_for(Path(folder), many)
        review = [*TUI_EVAL, "review", "-w", str(work), "--judge", "ana", "--candidate", "tuned"]
        kinds = {"A/B": (ab("ana", many), "a"), "review": (review, "4534")}
        results = {}
        for kind, (command, keys) in kinds.items():
            judge = Judge(command, environ=environment(Path(folder)), cwd=work)
            try:
                judge.sit_down("press a" if kind == "A/B" else "▸ accuracy")
                results[kind] = in_turns(judge, keys, many, work)
            finally:
                judge.close()
    report(results)


def report(results: dict[str, tuple[Measured, Measured]]) -> None:
    print("80 x 24, truecolor, a key's time ends when the next item is on the screen\n")
    print("| measure | idle | while generating | ratio |")
    print("|---|---|---|---|")
    for kind, (idle, busy) in results.items():
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            one, other = percentile(idle.ms, share), percentile(busy.ms, share)
            words = f"{kind}: key to next item {name}, ms"
            print(f"| {words} | {one:.1f} | {other:.1f} | {other / one:.2f} |")
        sizes = [sum(each.sizes) / len(each.sizes) for each in (idle, busy)]
        print(f"| {kind}: bytes a judgement | {sizes[0]:.0f} | {sizes[1]:.0f} | |")
        counts = [set(each.keys) for each in (idle, busy)]
        print(f"| {kind}: keys a judgement | {counts[0]} | {counts[1]} | |")
        print(f"| {kind}: judgements measured | {len(idle.ms)} | {len(busy.ms)} | |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
