"""What is said of a split."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.files.making import lines
from tui_eval.core.splits import Asked
from tui_eval.files.splitting_ask import Wishes, leakage, planned, scanned, written
from tui_eval.files.splitting_report import cut_lines


def test_training_does_not_end_where_some_of_it_is_as_late(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"p{n}", "answer": "a", "time": f"2025-01-{n + 1:02}", "group": n}
        for n in range(20)
    ]
    path = lines(tmp_path / "rows.jsonl", rows)
    wishes = Wishes(path, "temporal", Asked(count=4))
    (said,) = cut_lines(planned(scanned(wishes), wishes))
    assert said.startswith("training ends 2025-01-16")
    # One group from the first day to the last: with it, training reaches to the end.
    rows[0]["group"] = rows[19]["group"]
    path = lines(tmp_path / "late.jsonl", rows)
    wishes = Wishes(path, "temporal", Asked(count=4), allow_late=True)
    (said,) = cut_lines(planned(scanned(wishes), wishes))
    assert "training ends" not in said
    assert re.search(r"and \d training rows? as late as validation", said)


class Stopped(Exception):
    pass


def test_writing_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", [{"prompt": f"p{n}", "answer": "a"} for n in range(30)])
    wishes = Wishes(path)
    found = scanned(wishes)
    plan = planned(found, wishes)
    leaks = leakage(found, plan)
    stages: list[str] = []

    def stop(stage: str, rows: int) -> None:
        stages.append(stage)
        raise Stopped

    with pytest.raises(Stopped):
        written(found, plan, wishes, tmp_path / "out", leaks=leaks, progress=stop)
    assert stages == ["writing"]
    assert list(tmp_path.iterdir()) == [path]
    made = written(found, plan, wishes, tmp_path / "out", leaks=leaks)
    assert made.leakage is leaks
