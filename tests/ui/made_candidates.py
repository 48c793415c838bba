"""Workspaces of several candidates, as the comparison screen meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.core.test_compared import compared, judged
from tests.ui import fake
from tui_eval.core.reading import Number, Reading, Verdict
from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.core.steps.compared import Comparison
from tui_eval.ui.app import EvalApp

NAMES = (
    "tuned",
    "overfitted",
    "support-bot-lora-r16-alpha32-epoch-1-ab",
    "support-bot-lora-r16-alpha32-epoch-2-ab",
    "vendor",
    "references",
    "base_with_the_best_prompt",
    "x",
)


def step(
    key: str, verdict: Verdict, headline: str, numbers: Mapping[str, Number] | None = None
) -> Reading:
    return Reading(key, "tuned", verdict, headline, f"{headline}, n = 253", numbers=numbers or {})


TRAINED = (
    step("curves", "caution", "loss fell 52%; best validation at 1050", {"drop": Number(0.52)}),
    step("perplexity", "good", "8.42 → 5.10, 39.4% lower",
         {"improvement": Number(0.394, 0.377, 0.41, 600, "rate")}),
    step("overfitting", "caution", "gap 0.31 [0.22, 0.40]",
         {"gap_used": Number(0.31, 0.22, 0.40, 400)}),
    step("review", "good", "accuracy 4.1", {"accuracy": Number(4.1, 3.9, 4.3, 40)}),
    step("blind_ab", "waiting", "12 of 50 judged, enough votes: not yet",
         {"ready": Number(50)}),
    step("task_metrics", "good", "labels +0.21",
         {"labels.macro_f1.difference": Number(0.21, 0.15, 0.27, 300)}),
)  # fmt: skip
OVERFITTED = (
    step("curves", "bad", "validation rises since 60", {"drop": Number(0.93)}),
    step("perplexity", "not_enough", "4.44 → 4.66, no difference shown",
         {"improvement": Number(-0.05, -0.45, 0.24, 253, "rate")}),
    step("overfitting", "bad", "gap 1.51 [1.24, 1.78], high",
         {"gap_used": Number(1.51, 1.24, 1.78, 453)}),
    step("review", "waiting", "40 answers ready, about 25 minutes", {"ready": Number(40)}),
    step("blind_ab", "bad", "base preferred 31-13", {"win_rate": Number(0.32, 0.21, 0.45, 50)}),
    step("task_metrics", "bad", "labels -0.300", {"labels.f1.difference": Number(-0.3)}),
)  # fmt: skip
ELSEWHERE = (
    step("curves", "not_enough", "nothing was trained"),
    step("perplexity", "not_enough", "no model to score, only answers"),
    step("overfitting", "waiting", "253 answers to be compared: press r"),
    step("review", "waiting", "40 answers ready, about 25 minutes", {"ready": Number(40)}),
    step("blind_ab", "waiting", "50 pairs ready, about 30 minutes"),
    step("task_metrics", "waiting", "210 items to be answered: press r"),
)
SIGNED = SignOff("tuned", "deploy", "ana", "ana@gpu", "2026-01-05T09:00:00+00:00")


def told(comparison: Comparison, summary: str) -> Comparison:
    return replace(comparison, reading=replace(comparison.reading, summary=summary))


COMPARED = (
    told(
        compared(judged("ana", 50, ended=True), judged("bo", 50, ended=True), opened=True),
        "● preferred 31-13, 6 tied of 50: 68.0% [55.4, 79.2]",
    ),
    told(
        compared(judged("ana", 12), one="tuned", other="overfitted"),
        "ana 12 of 50, 30 s each; enough votes to decide? not yet",
    ),
)


class Reader(fake.FakeReader):
    """Of every candidate its own steps."""

    def reading(self, step: str, candidate: str) -> dict[str, Reading]:
        return {one.step: one for one in steps_of(candidate) if one.step == step}

    def decided(self, candidate: str, readings: Mapping[str, Reading]) -> Decided:
        if candidate == "tuned":
            return Decided("deploy", SIGNED)
        if candidate == "overfitted":
            return Decided("hold", replace(SIGNED, decision="hold"), changed=("the weights",))
        return Decided(missing=("20 reviews", "10 votes"))


def steps_of(candidate: str) -> Sequence[Reading]:
    return {"tuned": TRAINED, "overfitted": OVERFITTED}.get(candidate, ELSEWHERE)


def app(
    names: Sequence[str] = NAMES[:2],
    comparisons: tuple[Comparison, ...] = (),
    workspace: fake.FakeWorkspace | None = None,
    silent: tuple[str, ...] = (),
) -> EvalApp:
    """The app on candidates of these names."""
    start = fake.start(workspace)
    assert start.config is not None
    tuned = start.config.models["tuned"]
    models = {"base": start.config.models["base"]}
    models |= {name: replace(tuned, name=name, path=f"runs/{name}") for name in names}

    def reader() -> Reader:
        made = Reader({})
        made.compared, made.silent = comparisons, silent
        return made

    made = EvalApp(
        replace(start, config=replace(start.config, models=models), judge="ana"),
        reader=reader,  # type: ignore[arg-type,return-value]
    )
    made.settings = fake.app().settings
    return made
