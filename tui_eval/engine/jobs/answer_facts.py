"""What answering found, written as it comes."""

from __future__ import annotations

from tui_eval.core.records import Completion
from tui_eval.engine.answering import DOES_NOT_FIT
from tui_eval.engine.jobs.score_facts import ScoreFacts

Place = tuple[str, int]
"""Which answer: sample and index."""


class AnswerFacts(ScoreFacts):
    stored = 0
    """Answers that are on the disk, of those that this job made."""
    _waiting = 0

    def answered(self, key: str) -> set[Place]:
        """Answers that are never made again: somebody may have judged them. One that did not
        fit may fit today, and asked again, every prompt without an answer is tried."""
        some = self._workspace.completions(key).values()
        retried = (
            (lambda error: bool(error)) if self._again else (lambda error: error == DOES_NOT_FIT)
        )
        return {(one.sample, one.index) for one in some if not retried(one.error)}

    def completion(self, key: str, completion: Completion) -> None:
        self._append("completion", key, completion.sample, completion)
        self._waiting += 1

    def commit_now_and_then(self) -> None:
        if self._waiting:
            super().commit_now_and_then()

    def commit(self) -> None:
        super().commit()
        self.stored += self._waiting
        self._waiting = 0
