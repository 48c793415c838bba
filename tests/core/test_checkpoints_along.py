"""The checkpoints of a run: what is told of the best, after how many looks."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats

from tests.core.made_evidence import (
    MadeEvidence,
    made_dataset,
    made_log,
    made_loss,
    made_sample,
)
from tui_eval.core.reading import Reading
from tui_eval.core.records import LogPoint, Preflight
from tui_eval.core.steps.checkpoints import along
from tui_eval.core.steps.checkpoints_run import Saved
from tui_eval.files.exports.show_checkpoints import as_text

TOKENS = 10
JUDGED = Saved("tuned", "checkpoint-300", 300, 3.0, judged=True)


def run(
    shifts: dict[int, float], *, n: int = 60, noise: float = 0.05, **more: object
) -> tuple[Reading, dict[str, list[float]]]:
    """Losses of checkpoints by step, each so far from the judged one's; and those losses."""
    chance = random.Random(7)
    samples = [made_sample(at) for at in range(n)]
    own = [chance.lognormvariate(0.3, 0.3) for _ in samples]
    means = {"tuned": own, "base": [loss + 0.5 for loss in own]}
    saved = [JUDGED]
    for step, shift in shifts.items():
        means[f"tuned@{step}"] = [loss + shift + chance.gauss(0, noise) for loss in own]
        saved.append(Saved(f"tuned@{step}", f"checkpoint-{step}", step, step / 100))
    saved.sort(key=lambda one: one.step or 0)
    scored = {
        name: {
            s.id: made_loss(s.id, mean * TOKENS, TOKENS)
            for s, mean in zip(samples, some, strict=True)
        }
        for name, some in means.items()
    }
    evidence = MadeEvidence(
        datasets={"validation": made_dataset(samples)},
        scored=scored,
        **more,  # type: ignore[arg-type]
    )
    return along(evidence, "tuned", saved), means


def codes(reading: Reading) -> dict[str, str]:
    return {one.code: one.severity for one in reading.findings}


def column(reading: Reading, key: str) -> list[object]:
    table = reading.tables["along"]
    at = [one.key for one in table.columns].index(key)
    return [row[at] for row in table.rows]


def test_other_tokens_than_bases_are_compared_as_in_step_two() -> None:
    """By bits per byte: a loss per token is of other tokens under base."""
    checked = Preflight("chat", same_tokenizer=False)
    reading, means = run({100: 0.4}, checked=checked)
    ratio = np.mean(means["tuned"]) / np.mean(means["base"])
    assert column(reading, "improvement")[1] == pytest.approx(1 - ratio)


def test_figures_are_those_of_plain_arithmetic() -> None:
    reading, means = run({100: 0.4, 200: -0.1, 400: 0.2})
    assert column(reading, "step") == [100, 200, 300, 400]
    for name, loss, ppl in zip(
        ("tuned@100", "tuned@200", "tuned", "tuned@400"),
        column(reading, "loss"),
        column(reading, "perplexity"),
        strict=True,
    ):
        assert loss == pytest.approx(np.mean(means[name]))
        assert ppl == pytest.approx(math.exp(np.mean(means[name])))
    assert column(reading, "improvement")[2] == pytest.approx(1 - math.exp(-0.5))
    # Three looks: 1 - 0.05/3, of the paired differences.
    gaps = np.subtract(means["tuned@200"], means["tuned"])
    t = stats.t.ppf(1 - 0.05 / 3 / 2, len(gaps) - 1)
    half = t * stats.sem(gaps)
    number = reading.numbers["best_difference"]
    assert number.value == pytest.approx(gaps.mean())
    assert (number.low, number.high) == pytest.approx((gaps.mean() - half, gaps.mean() + half))


def test_the_plot_marks_the_best_and_the_judged_where_points_lie_over_each_other() -> None:
    own = (LogPoint(100, 1.6), LogPoint(200, 1.2), LogPoint(300, 1.3))
    reading, _ = run({100: 0.4, 200: -0.1}, training=made_log(series={"eval_loss": own}))
    (plot,) = reading.plots
    assert {event.label: event.x for event in plot.events} == {"best": 200, "judged": 300}
    # Drawn last, so that the log's value in the same cell does not hide it.
    assert plot.series[-1].name == "measured"
    (plot,) = run({100: 0.4})[0].plots
    assert [(event.label, event.x) for event in plot.events] == [("best and judged", 300)]


def test_one_other_checkpoint_is_told_in_the_singular() -> None:
    reading, _ = run({200: -0.3})
    told = reading.findings[0].text
    assert "with 1 other compared taken into account" in told


def test_a_better_one_is_named() -> None:
    reading, _ = run({100: 0.4, 200: -0.1})
    assert reading.verdict == "caution"
    assert codes(reading) == {"better_checkpoint": "caution", "chosen_here": "note"}
    assert "checkpoint-200 is better" in reading.headline
    assert "with 2 others compared taken into account" in reading.findings[0].text
    assert reading.numbers["best_step"].value == 200


def test_the_judged_one_may_be_the_best() -> None:
    reading, _ = run({100: 0.4, 400: 0.2})
    assert reading.verdict == "good"
    assert codes(reading) == {"judged_is_best": "note"}
    assert reading.numbers["best_difference"].why == "the judged one is the best"


def test_more_looks_ask_for_more() -> None:
    """A difference that one look would show is not shown among twenty."""
    one, means = run({200: -0.027}, noise=0.06)
    assert stats.ttest_rel(means["tuned@200"], means["tuned"]).pvalue < 0.05
    assert codes(one)["better_checkpoint"] == "caution"
    many, _ = run({200: -0.027, **{400 + step: 0.3 for step in range(19)}}, noise=0.06)
    assert codes(many)["better_not_shown"] == "note"
    assert many.verdict == "good"
    assert "could be chance" in many.summary


def test_picking_the_lowest_of_equals_is_wrong_seldom() -> None:
    """Eight checkpoints that are no better: the lowest is called better less than 5% of the
    time. With single intervals it would be about one run in six."""
    chance = np.random.default_rng(3)
    wrong = 0
    for _ in range(120):
        own = chance.lognormal(0.3, 0.3, 40)
        samples = [made_sample(at) for at in range(40)]
        names = ["tuned", *(f"tuned@{step}" for step in range(8))]
        means = {name: own + (name != "tuned") * chance.normal(0, 0.1, 40) for name in names}
        scored = {
            name: {
                s.id: made_loss(s.id, m * TOKENS, TOKENS)
                for s, m in zip(samples, some, strict=True)
            }
            for name, some in means.items()
        }
        saved = [JUDGED, *(Saved(f"tuned@{step}", f"checkpoint-{step}", step) for step in range(8))]
        evidence = MadeEvidence(datasets={"validation": made_dataset(samples)}, scored=scored)
        wrong += "better_checkpoint" in codes(along(evidence, "tuned", saved))
    assert wrong / 120 < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 120)


def test_it_waits_for_all_of_them() -> None:
    samples = [made_sample(at) for at in range(30)]
    full = {s.id: made_loss(s.id, 10.0, TOKENS) for s in samples}
    evidence = MadeEvidence(
        datasets={"validation": made_dataset(samples)},
        scored={"tuned": full, "tuned@100": dict(list(full.items())[:5])},
    )
    reading = along(evidence, "tuned", [Saved("tuned@100", "checkpoint-100", 100), JUDGED])
    assert reading.verdict == "waiting"
    assert "1 of 2 checkpoints scored" in reading.headline
    assert column(reading, "loss") == [None, pytest.approx(1.0)]
    assert reading.summary.endswith("scored: press r")
    assert "; to score them all: tui-eval run --checkpoints" in as_text({"tuned": reading})


def test_a_preference_runs_loss_informs_only() -> None:
    reading, _ = run({200: -0.2}, told="preference")
    assert reading.verdict == "good"
    assert codes(reading)["better_checkpoint"] == "note"
    assert "may rise by design" in " ".join(one.text for one in reading.findings)


def test_what_cannot_be_told_says_why() -> None:
    none = MadeEvidence()
    assert codes(along(none, "tuned", [JUDGED])) == {"no_validation": "not_enough"}
    few, _ = run({200: -1.0}, n=12)
    assert codes(few) == {"too_few_samples": "not_enough"}
    alone, _ = run({})
    assert codes(alone) == {"one_checkpoint": "not_enough"}
    nothing = along(MadeEvidence(), "references", [])
    assert nothing.tables == {}


def test_a_loss_that_is_no_number_leaves_its_checkpoint_out() -> None:
    samples = [made_sample(at) for at in range(30)]
    fine = {s.id: made_loss(s.id, 10.0, TOKENS) for s in samples}
    broken = {**fine, "s3": made_loss("s3", math.nan, TOKENS)}
    data = {"validation": made_dataset(samples)}
    saved = [Saved("tuned@100", "checkpoint-100", 100), JUDGED]
    other = MadeEvidence(datasets=data, scored={"tuned": fine, "tuned@100": broken})  # type: ignore[arg-type]
    reading = along(other, "tuned", saved)
    assert reading.verdict == "good"
    assert "under checkpoint-100: left out" in reading.findings[0].text
    judged = MadeEvidence(datasets=data, scored={"tuned": broken, "tuned@100": fine})  # type: ignore[arg-type]
    assert codes(along(judged, "tuned", saved))["non_finite_judged"] == "bad"


def test_what_the_log_says_stands_beside_it() -> None:
    log = made_log(
        series={"eval_loss": tuple(LogPoint(at, y) for at, y in ((100, 1.5), (300, 1.2)))}
    )
    reading, _ = run({100: 0.4, 200: 0.1}, training=log)
    assert column(reading, "log_loss") == [1.5, None, 1.2]
    (plot,) = reading.plots
    assert [one.name for one in plot.series] == ["the log's", "measured"]
    assert plot.series[1].alternatives["epoch"] == (1.0, 2.0, 3.0)


def test_hostile_names_are_made_visible() -> None:
    samples = [made_sample(at) for at in range(30)]
    fine = {s.id: made_loss(s.id, 10.0, TOKENS) for s in samples}
    evil = Saved("tuned@1", "checkpoint-\x1b[31m1", 1)
    evidence = MadeEvidence(
        datasets={"validation": made_dataset(samples)}, scored={"tuned": fine, "tuned@1": fine}
    )
    reading = along(evidence, "tuned", [evil, JUDGED], ("note \x1b]0;x",))
    assert "\x1b" not in repr((reading.headline, reading.summary)) + str(
        column(reading, "checkpoint")
    )
    assert all("\x1b" not in one.text for one in reading.findings)
