"""The README's table, from what the check found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

START, END = "<!-- figures -->\n", "<!-- /figures -->"

# What is shown, and under which name the check keeps it.
LINES = (
    ("curves: findings", "curves"),
    ("validation loss in the log: first, best, last", "log"),
    ("loss on training rows", "loss train"),
    ("loss on validation", "loss validation"),
    ("loss on general text", "loss off_task"),
    ("perplexity on validation", "perplexity"),
    ("perplexity against base", "improvement"),
    ("gap, validation minus training", "gap"),
    ("base's gap on the same rows", "base gap"),
    ("forgetting, nats per token", "forgetting"),
    ("far minus near, nats per token", "near_far"),
    ("distinct-2 (references)", "distinct_2"),
    ("answers that equal a training answer", "copies"),
    ("judged on test: wins, losses, ties", "judged test"),
    ("held-out facts right, test", "facts right test"),
    ("summaries: ROUGE-L", "rougeL"),
    ("summaries: difference", "rougeL difference"),
    ("labels: macro F1", "macro_f1"),
    ("labels: difference", "macro_f1 difference"),
    ("code: pass@1", "pass@1"),
    ("code: difference", "pass@1 difference"),
)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def write_table(readme: Path, report: dict[str, dict[str, Any]]) -> None:
    names = ("base", "good", "overfitted")
    lines = ["", "| | base | good | overfitted |", "|---|---|---|---|"]
    for title, key in LINES:
        cells = [_cell(report[name].get(key, "")) for name in names]
        if key.endswith("difference") or key in ("copies", "judged test"):
            cells[0] = ""  # the base against itself
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    text = readme.read_text()
    head, rest = text.split(START)
    readme.write_text(head + START + "\n".join(lines[1:]) + "\n" + END + rest.split(END)[1])
