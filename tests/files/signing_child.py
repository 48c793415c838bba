"""A person in a process of their own: signs again and again, and prints each event's id once
it is on disk.

Usage: signing_child.py FOLDER JUDGE TIMES
"""

from __future__ import annotations

import sys
from pathlib import Path

from tui_eval import config as settings
from tui_eval.files.evidence import FileCache
from tui_eval.files.signing import sign
from tui_eval.store.workspace import Workspace


def main() -> None:
    folder, judge, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    config = settings.load(folder / "eval.toml", files=False)
    workspace, cache = Workspace.open(folder), FileCache()
    print("open", flush=True)
    for number in range(times):
        made = sign(workspace, config, "tuned", judge, "hold", f"round {number} " * 40, {}, cache)
        print(made.id, flush=True)
    workspace.close()


if __name__ == "__main__":
    main()
