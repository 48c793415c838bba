"""What goes into the sandbox and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tui_eval.core.code_records import CodeProblem, CodeSample, source


class Outcome(StrEnum):
    PASSED = "passed"
    WRONG = "wrong"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    SYNTAX = "syntax"
    SANDBOX = "sandbox"
    """It needed, or tried, what isn't allowed."""


@dataclass(frozen=True, slots=True)
class Program:
    """``source`` is the model's, whole. ``test`` and ``prelude`` come with the data set:
    asserts, or a function ``check(candidate)``; the prelude's names (a prompt's helpers)
    are there for the test. Without ``entry_point`` the test's unknown functions are the
    candidate's."""

    source: str
    test: str
    entry_point: str = ""
    prelude: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Wall and processor seconds of the candidate and its test together; the rest is the
    candidate's. ``judge_mib`` is the test's address space."""

    seconds: float = 5.0
    memory_mib: int = 1024
    judge_mib: int = 4096
    disk_mib: int = 64
    files: int = 2000
    output_kib: int = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: str = ""
    """What a person reads; quotes the model's text, so it is cleaned where it is shown."""
    seconds: float = 0.0
    output: str = ""
    """The beginning of what it printed."""
    judged: bool = True
    """False: the sandbox itself failed, and the program was never tried."""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def result(self) -> str:
        """One line, as a judged file holds it: "passed", or the outcome and its reason."""
        return f"{self.outcome.value}: {self.reason}" if self.reason else self.outcome.value


def program_of(problem: CodeProblem, sample: CodeSample) -> Program:
    return Program(source(problem, sample), problem.test, problem.entry_point, problem.prompt)
