"""lm-evaluation-harness's ``samples_TASK_DATE.jsonl``, as far as answers made here have what
its rows hold: no log-likelihoods, one filter, the prompt before any chat template."""

from __future__ import annotations

from tui_eval.files import harness
from tui_eval.files.exports.answered import Answered
from tui_eval.files.exports.text import lines


def write(answered: Answered) -> str:
    first = {id: some[0] for id, some in answered.answers.items()}
    return lines(harness.rows_of(answered.task, first, answered.scores, answered.answers))
