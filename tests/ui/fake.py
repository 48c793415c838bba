"""A workspace and a reader that hold what a test puts into them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from tui_eval.config import Config, ModelConfig
from tui_eval.core.history import Earlier
from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.core.records import EngineStatus, Job
from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.core.steps.compared import Comparison
from tui_eval.errors import TuiEvalError
from tui_eval.files.signing import Signed
from tui_eval.ui.app import EvalApp
from tui_eval.ui.scene import About
from tui_eval.ui.start import Start
from tui_eval.ui.widgets import first_hint


class FakeWorkspace:
    """The part of ``Workspace`` that the app asks for."""

    def __init__(self) -> None:
        self.kept: list[Job] = []
        self.status = EngineStatus("absent")
        self.changes = 0
        self.facts = 0
        self.cancelled_jobs: list[str] = []
        self.seen = 0
        self.log_path = Path("/nonexistent/engine.log")
        self.state_dir = Path("/nonexistent")

    def version(self) -> tuple[int, int]:
        return (self.changes, 0)

    def facts_version(self) -> int:
        return self.facts

    def judged_version(self) -> tuple[tuple[str, int], ...]:
        return ()

    def jobs(self) -> list[Job]:
        return list(self.kept)

    def engine(self) -> EngineStatus:
        return self.status

    def ui_seen(self, token: str) -> None:
        self.seen += 1

    def ui_gone(self, token: str) -> None:
        self.seen = 0

    def catch_up(self) -> bool:
        return False

    def request(self, verb: Any, args: Mapping[str, Any]) -> Job:
        job = Job(f"job-{len(self.kept)}", verb, dict(args), "queued", "2026-01-01T00:00:00Z")
        self.kept.append(job)
        self.changes += 1
        return job

    def cancel(self, job_id: str) -> None:
        self.cancelled_jobs.append(job_id)
        self.alter(job_id, cancel=1)

    def alter(self, job_id: str, **fields: Any) -> None:
        self.kept = [replace(j, **fields) if j.id == job_id else j for j in self.kept]
        self.changes += 1

    def close(self) -> None:
        pass


CURVES = Reading(
    "curves",
    "tuned",
    "caution",
    "loss fell 52%; best validation at 1050",
    "loss fell 52% (2.31 → 1.12), but validation was best at step 1050",
    findings=(Finding("eval_peaked", "caution", "2.3% worse since: judge checkpoint-1050"),),
    numbers={"drop": Number(0.52, n=150)},
    how=("First and last are medians of the first and last 15 of 150 points.",),
)
PERPLEXITY_OPEN = Reading(
    "perplexity", "tuned", "waiting", "600 samples to score: press r", "nothing scored yet"
)
PERPLEXITY = Reading(
    "perplexity",
    "tuned",
    "good",
    "8.42 → 5.10, 39.4% lower",
    "8.42 → 5.10, 39.4% lower [37.7, 41.0], n = 600 samples",
    numbers={"base": Number(8.42, 7.91, 8.97, 600), "tuned": Number(5.1, 4.82, 5.41, 600)},
    how=("exp of the summed loss over the summed tokens.",),
)
ABOUT = About(
    name="support-bot",
    base="Qwen2.5-7B-Instruct",
    tuned="lora r16 checkpoint-1500",
    data=("600 validation rows", "none of them in the training file"),
    prompt=("chat: the checkpoint's chat template", "system prompt: none"),
)


class FakeReader:
    def __init__(self, readings: Mapping[str, Reading], about: About = ABOUT) -> None:
        self.readings = dict(readings)
        self.described = about
        self.decision = Decided(missing=("8 more reviews", "the A/B is not unblinded"))
        self.asked: list[Signed] = []
        self.refuses: TuiEvalError | None = None
        self.compared: tuple[Comparison, ...] = ()
        self.silent: tuple[str, ...] = ()
        """Models that have answered nothing."""
        self.run = Reading("checkpoints", "tuned", "waiting", "2 to score", "2 to score: press r")
        self.before: tuple[Earlier, ...] = ()
        self.remembered: list[str] = []

    def reading(self, step: str, candidate: str) -> dict[str, Reading]:
        return {step: self.readings[step]} if step in self.readings else {}

    def about(self, candidate: str) -> About:
        return self.described

    def decided(self, candidate: str, readings: Mapping[str, Reading]) -> Decided:
        return self.decision

    def remember(self, candidate: str) -> None:
        self.remembered.append(candidate)

    def earlier(self, candidate: str) -> tuple[Earlier, ...]:
        return self.before

    def earlier_words(self, candidate: str) -> str:
        return "1 evaluation before this, the last 20 Nov: e compares" if self.before else ""

    def standing(self, candidate: str) -> Mapping[str, str]:
        return {"tuned.adapter": "1"}

    def sign(self, asked: Signed) -> SignOff:
        """Where nobody else signs, what was asked for counts from now on."""
        self.asked.append(asked)
        if self.refuses is not None:
            raise self.refuses
        made = SignOff(
            asked.candidate, asked.decision, asked.judge, "ana", "2026-11-21T14:03:00Z", asked.note
        )
        last = made if made.decision != "none" else None
        self.decision = replace(self.decision, decision=made.decision, last=last)
        return made

    def comparisons(self) -> tuple[Comparison, ...]:
        return self.compared

    def unanswered(self, candidate: str, against: str) -> tuple[str, ...]:
        return tuple(name for name in (candidate, against) if name in self.silent)

    def pair_answers(self, comparison: Comparison, ref: str) -> None:
        return None

    def along(self, candidate: str) -> Reading:
        return self.run

    def along_jobs(self, candidate: str) -> list[tuple[str, dict[str, str]]]:
        names = (candidate, f"{candidate}@200", f"{candidate}@400")
        return [("score", {"candidate": name, "split": "validation"}) for name in names]

    def stamps(self, candidate: str) -> tuple[object, object]:
        return (), ()


def start(workspace: FakeWorkspace | None = None, **more: Any) -> Start:
    folder = Path("/work-of-ana/support-bot")
    config = Config(
        folder=folder,
        path=folder / "eval.toml",
        models={
            "base": ModelConfig("base", path="Qwen/Qwen2.5-7B-Instruct"),
            "tuned": ModelConfig("tuned", path="runs/checkpoint-1500"),
        },
    )
    fields: dict[str, Any] = {"workspace": workspace or FakeWorkspace(), "config": config}
    return Start(folder, **(fields | more))


def app(
    workspace: FakeWorkspace | None = None,
    readings: Mapping[str, Reading] | None = None,
    about: About = ABOUT,
    **more: Any,
) -> EvalApp:
    """The app on a fake workspace whose steps read as given."""
    known = {"curves": CURVES, "perplexity": PERPLEXITY_OPEN} if readings is None else readings
    app = EvalApp(start(workspace, **more), reader=lambda: FakeReader(known, about))
    # Somebody who knows the app: only what tests the first hint sees it.
    app.settings = first_hint.closed(app.settings)
    return app


def painted(app: App[Any]) -> str:
    """The cells of the whole screen as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def shows(pilot: Pilot[Any], words: str, seconds: float = 60.0) -> str:
    """Wait until the screen holds ``words``; the screen."""
    deadline = time.monotonic() + seconds
    while words not in (screen := painted(pilot.app)):
        assert time.monotonic() < deadline, f"waited for {words!r}, the screen is:\n{screen}"
        await pilot.pause(0.02)
    return screen
