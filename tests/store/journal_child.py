"""Judges until it is killed; prints each event's id once it is on the disk.

Usage: journal_child.py FOLDER JUDGE
"""

from __future__ import annotations

import sys
from pathlib import Path

from tui_eval.store.workspace import Workspace


def main() -> None:
    workspace = Workspace.open(Path(sys.argv[1]))
    journal = workspace.journal(sys.argv[2])
    number = 0
    while True:
        event = journal.append("score", item=f"item-{number}", criterion="accuracy", value=4)
        print(event["id"], flush=True)
        number += 1


if __name__ == "__main__":
    main()
