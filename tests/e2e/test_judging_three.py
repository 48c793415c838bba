"""Three judges on one workspace at once, each in a process of their own: nobody's vote is
lost, doubled or taken for another's."""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_hand import SIDES, Judge
from tests.e2e.judging_place import ab, answer_files, environment
from tui_eval.cli import main
from tui_eval.core.judgements import JudgeRound, rounds
from tui_eval.files.judging.base import KINDS
from tui_eval.store.workspace import Workspace

JUDGES = {"ana": "a", "bo": "b", "cleo": "t"}
"""Whose votes are of which side throughout."""
PAIRS = 100
GROUP = 60_100
ACCOUNTS = {"ana": 60_101, "bo": 60_102, "cleo": 60_103}
"""Numbers that no account of the machine has; ``GROUP`` is everybody's."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place that other accounts can reach, which those that pytest makes are not."""
    made = Path(tempfile.mkdtemp(prefix="tui-eval-judges-"))
    yield made
    shutil.rmtree(made)


def arguments(folder: Path, judge: str) -> list[str]:
    """What ``tui-eval`` is given; line by line, for no terminal is needed to vote."""
    files = [str(folder / "base.jsonl"), str(folder / "tuned.jsonl")]
    more = ["--judge", judge, "--pairs", f"{PAIRS}", "--plain"]
    return ["ab", *files, "-w", str(folder), *more]


def together(folder: Path, place: Path, accounts: dict[str, int]) -> None:
    """Let the judges vote at the same moment, each as the account given for them."""
    ready, go = os.pipe()
    children = {}
    for judge, key in JUDGES.items():
        lines = place / f"{judge}.keys"
        lines.write_text(f"{key}\n" * PAIRS)
        pid = os.fork()
        if pid == 0:
            os.close(go)
            _vote(folder, judge, place, ready, accounts.get(judge))
        children[judge] = pid
    os.close(ready)
    # All of them wait for the pipe to end.
    os.close(go)
    for judge, pid in children.items():
        _, status = os.waitpid(pid, 0)
        assert status == 0, (place / f"{judge}.said").read_text()


def _vote(folder: Path, judge: str, place: Path, ready: int, account: int | None) -> None:
    """A child's whole life."""
    code = 70
    try:
        # As a shell does it: both stay open for life.
        keys = (place / f"{judge}.keys").open(encoding="utf-8")
        said = (place / f"{judge}.said").open("w", encoding="utf-8")
        state = place / f"{judge}.state"
        state.mkdir()
        os.environ["XDG_STATE_HOME"] = str(state)
        if account is not None:
            os.chown(state, account, GROUP)
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(account)
            os.umask(0o022)
        sys.stdin, sys.stdout, sys.stderr = keys, said, said
        os.read(ready, 1)
        code = main(arguments(folder, judge))
        said.flush()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def imported(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge it all in this process: what is imported on the way is there for the children,
    whose accounts may not be let into the environment that pytest runs in."""
    made = place / "first"
    made.mkdir()
    answer_files(made, PAIRS)
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(made / "state"))
        patch.setattr(sys, "stdin", io.StringIO("a\n" * PAIRS))
        assert main(arguments(made, "dan")) == 0


def judged(folder: Path) -> dict[str, JudgeRound]:
    workspace = Workspace.open(folder)
    assert workspace.faults() == ()
    (found,) = rounds(workspace.judgements(KINDS)).values()
    workspace.close()
    return {one.judge: one for one in found.judges}


def check(folder: Path) -> None:
    """Everybody's hundred, and sides that are balanced between them."""
    found = judged(folder)
    assert found.keys() == JUDGES.keys()
    assert sorted(one.ordinal for one in found.values()) == [0, 1, 2]
    for judge, key in JUDGES.items():
        marks = [mark for mark in found[judge].marks.values() if mark.side]
        assert Counter(mark.side for mark in marks) == {SIDES[key]: PAIRS}
        assert len({mark.vote for mark in marks}) == PAIRS
    workspace = Workspace.open(folder)
    assert Counter(one.judge for one in workspace.judgements(["vote"])) == dict.fromkeys(
        JUDGES, PAIRS
    )
    workspace.close()


def test_three_judges_at_once(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tmp_path, monkeypatch)
    answer_files(folder, PAIRS)
    together(folder, tmp_path, {})
    check(folder)
    assert not modes(folder) - {(False, 0o600), (True, 0o700)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can judge as three accounts")
def test_three_accounts_of_one_group_at_once(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tmp_path, monkeypatch)
    answer_files(folder, PAIRS)
    os.chown(folder, 0, GROUP)
    folder.chmod(0o2770)
    for path in folder.iterdir():
        os.chown(path, 0, GROUP)
        path.chmod(0o660)
    home = folder / "homes"
    home.mkdir()
    home.chmod(0o755)
    together(folder, home, ACCOUNTS)
    check(folder)
    assert modes(folder) == {(False, 0o660), (True, 0o2770)}
    owners = {path.stat().st_uid for path in (folder / "judgements").iterdir()}
    assert owners == set(ACCOUNTS.values())


def modes(folder: Path) -> set[tuple[bool, int]]:
    """``(is it a folder, permissions)`` of everything that judging made there."""
    made = [folder / "judgements", folder / ".tui-eval"]
    found = [path for top in made for path in (top, *top.rglob("*"))]
    return {(path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in found}


@pytest.mark.slow
def test_three_judges_at_three_terminals(tmp_path: Path, folder: Path) -> None:
    """The screens, side by side, a hundred votes each."""
    answer_files(folder, PAIRS)
    windows = {
        judge: Judge(ab(judge, PAIRS), environ=environment(tmp_path), cwd=folder)
        for judge in JUDGES
    }
    try:
        for window in windows.values():
            window.sit_down()
        for number in range(PAIRS):
            for judge, window in windows.items():
                window.vote(JUDGES[judge], after=number, pace=0.2)
        for window in windows.values():
            window.press("q")
            assert window.rest() == 0
    finally:
        for window in windows.values():
            window.close()
    check(folder)
