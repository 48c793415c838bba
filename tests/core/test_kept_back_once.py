"""What open comparisons ask is read when a task asks for it, and once: a long history of them
costs nothing where there is no task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.core.made_evidence import MadeEvidence
from tui_eval.core.open_comparison import AskedBlind, OpenComparison
from tui_eval.core.records import Message, Sample
from tui_eval.core.steps import task_metrics
from tui_eval.core.steps.task_metrics_blind import closed_prompts, kept_back
from tui_eval.core.task_records import Task, TaskItem


def sample(id: str, prompt: str, row: int = 1) -> Sample:
    turns = (Message("user", prompt), Message("assistant", "The reference."))
    return Sample(id, f"folded {id}", f"prompt {id}", turns, source="v.jsonl", row=row)


ASKED = sample("a", "What is asked blind, of all things?")


@dataclass
class Counted(MadeEvidence):
    read: int = 0

    def compared_blind(self) -> Sequence[OpenComparison]:
        self.read += 1
        return [OpenComparison("r", frozenset({"c"}), (AskedBlind(ASKED, ("one", "two")),))]


def task(*samples: Sample) -> Task:
    return Task("t", tuple(map(TaskItem, samples)), ("exact_match",))


def test_without_a_task_no_comparison_is_read() -> None:
    evidence = Counted()
    task_metrics.read(evidence, "tuned")
    assert not evidence.read


def test_what_is_asked_is_kept_and_read_once() -> None:
    evidence = Counted()
    kept = kept_back(evidence, "tuned", "base")
    assert not evidence.read
    assert kept(task(ASKED)) == {"a"}
    read = evidence.read
    assert kept(task(ASKED)) == {"a"}
    assert evidence.read == read


def test_a_closed_prompt_is_told_from_others() -> None:
    evidence = Counted()
    closed = closed_prompts(evidence, "tuned")
    assert closed(ASKED)
    read = evidence.read
    assert not closed(sample("z", "Another question altogether", row=2))
    assert evidence.read == read
