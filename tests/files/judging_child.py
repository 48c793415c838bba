"""A judge in a process of their own: votes, and prints each token once its vote is on disk.

Usage: judging_child.py FOLDER JUDGE VOTES
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.files.made_rounds import Made
from tui_eval import config as settings
from tui_eval.core.judgements import SIDES


def main() -> None:
    folder, judge, votes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    made = Made(folder, settings.load(folder / "eval.toml", files=False))
    session = made.ab(judge)
    print("open", flush=True)
    after = ""
    for _ in range(votes):
        token = session.following(after)
        if token is None:
            break
        session.vote(token, random.choice(SIDES), ms=500)
        print(token, flush=True)
        after = token
    session.close()


if __name__ == "__main__":
    main()
