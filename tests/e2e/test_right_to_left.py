"""Text whose width a terminal may count otherwise than we do leaves nothing behind."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_place import ab
from tests.e2e.tmux import Tmux, needs_tmux
from tests.sample import quiet_environment
from tests.waiting import until

pytestmark = needs_tmux

DOUBTFUL = re.compile("[\u0590-\u05ff\u0e00-\u0e7f\U0001f000-\U0001faff]")
ODD = {
    1: "שָׁלוֹם עֲלֵיכֶם, הַהַזְמָנָה שֶׁלְּךָ נִשְׁלְחָה אֶתְמוֹל. " * 6,
    3: "👨‍👩‍👧‍👦 and 👩🏽‍🚀 came, กำลังใจ ที่นี่ " * 6,
    5: "short ✈️ 👩‍❤️‍👨 שלום and on",
}
PAIRS = 8
MISPLACED = "\x1b7\x1b[17;31Hmisplaced\x1b8"
"""What a terminal does that counts cells in its own way: letters where the program put none."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    pane = Tmux(tmp_path)
    yield pane
    pane.close()


def files(folder: Path) -> None:
    for name in ("base", "tuned"):
        rows = [
            {
                "id": f"{number}",
                "prompt": f"{'odd' if number in ODD else 'plain'} number {number}?",
                "answer": f"{name} " + ODD.get(number, "yes") + "\nlast line" * (number % 3),
            }
            for number in range(PAIRS)
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")


def test_nothing_of_such_a_text_stays_over_the_next_pairs(tmp_path: Path, terminal: Tmux) -> None:
    files(tmp_path)
    command = ab("ana", PAIRS)
    terminal.start(command, **quiet_environment(tmp_path), LC_ALL="C.UTF-8")
    terminal.wait("begin")
    terminal.keys("Enter")
    odd = plain = 0
    for _ in range(3 * PAIRS):
        screen = terminal.settle()
        if "number" not in screen:
            break
        if " odd number" in screen:
            odd += 1
            terminal.keys("j", "Tab", "z")
            terminal.settle()
            terminal.keys("Tab", "k")
            terminal.settle()
        else:
            plain += 1
            assert not DOUBTFUL.search(screen), screen
        terminal.write(MISPLACED)
        assert "misplaced" in terminal.settle()
        vote(terminal, screen)
        # Differences alone are sent where nothing was doubtful: it is cheaper on a slow line.
        after = terminal.settle()
        if " odd number" in screen:
            assert "misplaced" not in after, after
    assert odd >= len(ODD)
    assert plain
    assert "judged" in terminal.screen()
    assert not DOUBTFUL.search(terminal.screen())


def vote(terminal: Tmux, before: str) -> None:
    """Until the first line tells of another pair; a key too soon is pressed again, by a hand
    that waits: keys that follow each other quickly count as one that is held."""

    def moved() -> bool:
        time.sleep(1.0)
        terminal.keys("t")
        now = terminal.settle()
        return now.splitlines()[0] != before.splitlines()[0]

    until(moved, 60)
