"""A workspace whose engine is at work, two files of answers to judge in it, and what its
journals hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sample import TUI_EVAL, demo, quiet_environment
from tests.waiting import until
from tui_eval.engine import launch
from tui_eval.store.workspace import Workspace

BUSY = """
[generation]
limit = 0
samples = 40
temperature = 1.0
max_new_tokens = 400

[engine]
linger = 1.0
"""
"""More to generate than any of these tests takes."""


def answer_files(folder: Path, pairs: int) -> None:
    """Two files whose answers differ in every pair, some of them in length."""
    for name in ("base", "tuned"):
        rows = [
            {
                "id": f"{number}",
                "prompt": f"Which of the two is better, number {number:03}?",
                "answer": f"{name} {number:03} " + "word " * (number % 7 + (name == "tuned")),
            }
            for number in range(pairs)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")


def ab(judge: str, pairs: int, *more: str) -> list[str]:
    """The command that judges them, in the folder they are in."""
    files = ["base.jsonl", "tuned.jsonl"]
    return [*TUI_EVAL, "ab", *files, "--judge", judge, "--pairs", f"{pairs}", *more]


def environment(folder: Path) -> dict[str, str]:
    return {
        **quiet_environment(folder),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


def votes(folder: Path, judge: str = "ana") -> list[tuple[str, str]]:
    """``(pair, side)`` of every vote in a judge's journal in ``folder``, as they stand there;
    none of the journals is damaged."""
    workspace = Workspace.open(folder)
    views = workspace.journals()
    workspace.close()
    assert [view.fault for view in views] == [""] * len(views)
    events = [event for view in views if view.judge == judge for event in view.events]
    assert len({event["id"] for event in events}) == len(events)
    return [(event["pair"], event["side"]) for event in events if event["kind"] == "vote"]


@contextmanager
def generating(folder: Path) -> Iterator[None]:
    """The sample run in ``folder``, with both models answering for as long as this lasts."""
    demo(folder)
    with (folder / "eval.toml").open("a", encoding="utf-8") as settings:
        settings.write(BUSY)
    workspace = Workspace.open(folder)
    job = workspace.request("generate", {"candidate": "tuned", "split": "validation"})
    launch.start(folder)
    try:
        begun = until(lambda: written(folder), 120, what="the first answers")
        yield
        until(lambda: written(folder) > begun, 120, what="further answers")
        now = workspace.job(job.id)
        assert now is not None
        assert now.state == "running", f"it was not generating any more: {now}"
    finally:
        launch.kill(workspace, wait=True)
        workspace.close()


def written(folder: Path) -> int:
    """Answers on the disk."""
    found = 0
    for path in (folder / ".tui-eval" / "facts").glob("*.jsonl"):
        found += path.read_bytes().count(b'"kind":"completion"')
    return found
