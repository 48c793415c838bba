"""The README's pictures: ``python -m sample_data.make.pictures [OUT] [--of DIR]``.

The app itself is walked on a copy of the sample run, by keys, without a terminal around it;
what its cells held becomes one still per screen and one film (``walk.svg``). DIR is a sample
run that is computed already (``tui-eval demo DIR --run``); without it one is computed first,
which takes some minutes.

Judge, machine and clock have set names and times, so that pictures made elsewhere differ
only in what chance decides: the sides of the pairs, and so which pairs the film shows.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.pilot import Pilot

from .cells import Frame, film, still

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / ".pictures"
COLUMNS, LINES = 100, 30
JUDGE = "ana"
FREE = 24 * 10**9
"""Bytes of memory."""
THEME = {"background": "#16181d", "text": "#c8ccd4"}
MOST_SECONDS = 60.0
STEPS = ("curves", "perplexity", "overfitting", "review", "blind_ab", "task_metrics")
ASIDE = {"question_mark": "help", "i": "how", "c": "settings", "H": "split"}
"""Pages that only have stills, by their keys."""
STILLS = ("found", "first", *STEPS, "tokens", "reviewing", "judging", "compare", "sign_off",
          "checklist", *ASIDE.values())  # fmt: skip
"""Names of the stills, in the walk's order more or less; ``walk`` is the film."""


class Clock(datetime):
    """A day of the sample run's own, on which time passes as it does."""

    _begun = datetime.now(UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime(2026, 1, 5, 9, 0, tzinfo=UTC) + (datetime.now(UTC) - cls._begun)


class Reel:
    """Frames of the film and the stills, as the walk comes by them."""

    def __init__(self, pilot: Pilot[Any] | None = None) -> None:
        self.frames: list[Frame] = []
        self.stills: dict[str, Frame] = {}
        self.pilot = pilot

    async def key(self, key: str, shown: str = "") -> None:
        """Press it."""
        assert self.pilot is not None
        await self.pilot.press(key)
        if shown:
            await self.until(shown)

    async def until(self, words: str | Callable[[str], bool]) -> None:
        """Wait until the screen holds ``words``."""
        assert self.pilot is not None
        asked = words if callable(words) else lambda screen: words in screen
        loop = asyncio.get_running_loop()
        end = loop.time() + MOST_SECONDS
        while not asked(text_of(self.pilot)):
            if loop.time() > end:
                raise SystemExit(f"waited for {words!r}, the screen is:\n{text_of(self.pilot)}")
            await self.pilot.pause(0.02)
        await self.pilot.pause()

    def film(self, seconds: float, key: str = "", words: str = "", *, name: str = "") -> None:
        """Keep what is on the screen, as a still too where it has a ``name``."""
        assert self.pilot is not None
        self.frames.append(Frame(rows_of(self.pilot), seconds, key, words))
        if name:
            self.keep(name)

    def keep(self, name: str) -> None:
        assert self.pilot is not None
        self.stills[name] = Frame(rows_of(self.pilot))


def rows_of(pilot: Pilot[Any]) -> tuple[tuple[Segment, ...], ...]:
    strips = pilot.app.screen._compositor.render_strips()
    return tuple(tuple(at_home(segment) for segment in strip) for strip in strips)


def at_home(segment: Segment) -> Segment:
    """The folder that the run was copied into stands for a home folder; as wide as before."""
    place = str(Path.cwd().parent)
    if place not in segment.text:
        return segment
    text = segment.text.replace(place, "~")
    return Segment(text + " " * (len(segment.text) - len(text)), segment.style)


def text_of(pilot: Pilot[Any]) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in rows_of(pilot))


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:400], other[:400], autojunk=False).ratio()


def vote(pair: Any) -> str:
    """The key of a judge who goes by how like the expected answer each one is."""
    left, right = (likeness(text, pair.reference or "") for text in (pair.left, pair.right))
    if abs(left - right) < 0.02:
        return "t" if max(left, right) > 0.3 else "x"
    return "a" if left > right else "b"


def scores(item: Any) -> str:
    alike = likeness(item.answer.text, item.reference or "")
    accuracy = max(1, round(5 * alike))
    return f"{accuracy}{min(5, accuracy + 1)}{5 if accuracy > 2 else 4}{min(5, accuracy + 1)}"


async def walk_found(run: Path, reel: Reel) -> None:
    from tui_eval.files.found import find_all
    from tui_eval.ui.app import EvalApp
    from tui_eval.ui.start import Start

    # As typed in the run's folder: nothing of where that lies.
    checkpoint = next(Path("runs/good").glob("checkpoint-*"))
    found = find_all(checkpoint, base="base", validation=Path("data/validation.jsonl"),
                     train=Path("data/train.jsonl"))  # fmt: skip
    app = EvalApp(Start(run, found=found))
    async with app.run_test(size=(COLUMNS, LINES)) as pilot:
        reel.pilot = pilot
        await reel.until("This is what I found")
        reel.film(4.0, "tui-eval runs/good/checkpoint-306 --validation data/validation.jsonl",
                  "what it found, to be corrected", name="found")  # fmt: skip


async def walk(run: Path, reel: Reel) -> None:
    from tui_eval import config as configuration
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.app import EvalApp
    from tui_eval.ui.start import Start

    config = configuration.load(run / "eval.toml")
    workspace = Workspace.open(run)
    start = Start(run, workspace=workspace, config=config, judge=JUDGE)
    app = EvalApp(start)
    async with app.run_test(size=(COLUMNS, LINES)) as pilot:
        reel.pilot = pilot
        for part in (look, review, compare, decide):
            await part(reel)
    workspace.close()


async def look(reel: Reel) -> None:
    """The checklist and what was computed."""
    await reel.until("Contradictions")
    await reel.until(lambda screen: screen.count("✓ good") >= 3 and "looking" not in screen)
    reel.film(4.0, "r", "computed: four steps have an answer, two wait for people", name="first")
    await reel.key("x")
    reel.film(1.5, "x", "the first hint is closed for ever")
    await reel.key("1", "validation")
    reel.film(3.0, "1", "training curves", name="curves")
    for _ in range(3):
        await reel.key("shift+left")
        reel.film(0.35, "shift ←", "the cursor reads the log")
    await reel.key("2", "worst")
    reel.film(3.5, "2", "perplexity on the same validation rows, with its interval",
              name="perplexity")  # fmt: skip
    await reel.key("enter")
    await reel.until(lambda screen: "nats" in screen and "looking" not in screen)
    reel.film(2.5, "↵", "the worst row, token by token", name="tokens")
    await reel.key("escape")
    await reel.key("3", "gap")
    reel.film(3.5, "3", "overfitting: the gap, and the signs beside it", name="overfitting")


async def review(reel: Reel) -> None:
    """Forty answers by keys; the film shows the first two."""
    from tui_eval.ui.screens.review import ReviewScreen

    assert reel.pilot is not None
    app = reel.pilot.app
    await reel.key("4", "40 answers")
    reel.film(1.5, "4", "manual review")
    await reel.key("J")
    await reel.until(lambda screen: "begin" in screen or "▸ accuracy" in screen)
    if "begin" in text_of(reel.pilot):
        reel.film(2.0, "J", "what is asked of a judge")
        await reel.key("enter")
    await reel.until("▸ accuracy")
    done = 0
    while done < 40 and isinstance(app.screen, ReviewScreen):
        item = app.screen.look.item
        await seen(reel)
        shown = done < 2
        if shown:
            reel.film(1.6, "↵" if not done else "", "an answer to score",
                      name="reviewing" if done else "")  # fmt: skip
        for number, digit in enumerate(scores(item)):
            await reel.key(digit)
            if shown and number < 3:
                reel.film(0.5, digit, ("accuracy", "relevance", "fluency", "format")[number])
        done += 1
        await reel.until(f"saved #{done} ")
    await reel.key("escape")
    await reel.until("accuracy")
    reel.film(2.5, "esc", "40 answers later", name="review")


async def compare(reel: Reel) -> None:
    """Every pair by keys, then the guesses, the end and the unblinding."""
    from tui_eval.ui.screens.blind_ab import BlindAbScreen

    assert reel.pilot is not None
    app = reel.pilot.app
    await reel.key("5", "pairs")
    reel.film(1.2, "5", "blind A/B")
    await reel.key("J")
    await reel.until(lambda screen: "begin" in screen or "press a" in screen)
    if "begin" in text_of(reel.pilot):
        reel.film(1.5, "J", "blind: the screen does not know which model is which")
        await reel.key("enter")
    await reel.until("press a")
    voted = 0
    while isinstance(app.screen, BlindAbScreen) and "press a" in text_of(reel.pilot):
        pair = app.screen.look.item
        await seen(reel)
        if voted < 4:
            reel.film(1.6 if voted else 2.5, "", "which one is better?",
                      name="judging" if voted == 1 else "")  # fmt: skip
        key = vote(pair)
        voted += 1
        before = saved(reel)
        await reel.key(key)
        await reel.until(lambda _screen, before=before: saved(reel) != before)
        if voted <= 4:
            reel.film(0.4, key, {"a": "A is better", "b": "B is better"}.get(key, "neither"))
    reel.film(1.5, "", f"{voted} votes later")
    await reel.until("F finishes")
    await finish(reel)
    reel.film(4.5, "y", "unblinded: what the votes say, and whether to trust them",
              name="blind_ab")  # fmt: skip


async def finish(reel: Reel) -> None:
    """Guess at no pair, and unblind."""
    assert reel.pilot is not None
    app = reel.pilot.app
    await reel.key("F")
    asked = False
    while "left one chosen" not in text_of(reel.pilot):
        before = text_of(reel.pilot)
        where = type(app.screen).__name__
        if where == "GuessScreen":
            await reel.key("s")
        elif where == "UnblindScreen" and not asked:
            reel.film(1.5, "F", "finished; unblinding ends this comparison for everybody")
            await reel.key("G", "▸ unblind")
            await reel.key("enter")
            asked = True
        elif where == "Ask":
            await reel.key("y")
        await reel.until(lambda screen, before=before: screen != before)


def saved(reel: Reel) -> str:
    """What the screen says was saved last; equal answers are counted before the first key."""
    assert reel.pilot is not None
    found = re.search(r"saved #(\d+)", text_of(reel.pilot))
    return found[1] if found else ""


async def seen(reel: Reel) -> None:
    """Until the guard against held keys lets a key judge what is on the screen: a machine
    that is busy paints late."""
    assert reel.pilot is not None
    await asyncio.sleep(0.05)
    guard = reel.pilot.app.screen.guard  # type: ignore[attr-defined]
    while guard._from is None or guard._clock() <= guard._from:
        await reel.pilot.pause(0.05)


async def decide(reel: Reel) -> None:
    """Task metrics, all candidates, the sign-off."""
    assert reel.pilot is not None
    await reel.key("6", "difference")
    reel.film(3.0, "6", "task metrics", name="task_metrics")
    await reel.key("escape")
    for key, name in ASIDE.items():
        here = text_of(reel.pilot)
        await reel.key(key)
        await reel.until(
            lambda screen, here=here: screen.split("\n")[3:-1] != here.split("\n")[3:-1]
        )
        await reel.pilot.pause(0.3)
        reel.keep(name)
        await reel.key("escape")
        await reel.until("Contradictions")
    await reel.key("m")
    await reel.until("candidates, each against")
    reel.film(3.0, "m", "all candidates side by side", name="compare")
    await reel.key("escape")
    await reel.key("D", "deploy")
    await reel.until("signs")
    reel.film(2.5, "D", "sign-off: what speaks for, against, and what is open", name="sign_off")
    for key in ("k", "enter"):
        await reel.key(key)
    await reel.until("?")
    reel.film(1.5, "↵", "deploy")
    await reel.key("y", "deploy")
    await reel.until(lambda screen: "signed" in screen.lower())
    await reel.key("escape")
    await reel.until("Contradictions")
    reel.film(5.0, "y", "signed, in the signer's own journal", name="checklist")


def computed(given: Path | None, into: Path) -> Path:
    """A copy of the sample run with everything computed, without anybody's judgements."""
    run = into / "sample-run"
    if given is None:
        command = [sys.executable, "-m", "tui_eval.cli", "demo", str(run), "--run"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    else:
        shutil.copytree(given, run)
    shutil.rmtree(run / "judgements", ignore_errors=True)
    return run


def make(out: Path, given: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HF_HOME"):
            os.environ[name] = str(home / name)
        os.environ |= {"LC_ALL": "C.UTF-8", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
        run = computed(given, home)
        named(run)
        reel = Reel()
        asyncio.run(walk_found(run, reel))
        asyncio.run(walk(run, reel))
        write(out, reel)


def named(run: Path) -> None:
    """From here on nobody asks this machine for its name, its user, its memory or the day."""
    from tui_eval.files import found, need
    from tui_eval.store import files

    socket.gethostname = lambda: "desk"
    getpass.getuser = lambda: JUDGE
    found.free_memory = lambda: need.Free("the machine", FREE, gpu=False)  # type: ignore[attr-defined]
    files.datetime = Clock  # type: ignore[attr-defined]
    os.chdir(run)


def write(out: Path, reel: Reel) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in reel.stills.items():
        (out / f"{name}.svg").write_text(still(frame, **THEME), "utf-8")
    drawn = film(reel.frames, **THEME, dim="#8b93a0", accent="#7dcfff")
    (out / "walk.svg").write_text(drawn, "utf-8")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("out", nargs="?", type=Path, default=OUT)
    words.add_argument("--of", type=Path, help="a sample run that is computed already")
    options = words.parse_args()
    make(options.out.resolve(), options.of.resolve() if options.of else None)


if __name__ == "__main__":
    main()
