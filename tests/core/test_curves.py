"""Every finding of step 1 fires on a made log and is silent on its nearest neighbour."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.core.made_evidence import MadeEvidence, made_log, points
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.records import LogPoint, Preflight, TrainingLog
from tui_eval.core.steps import curves
from tui_eval.core.steps.curve_rows import COUNTED

NAN = math.nan


def read(log: TrainingLog | None, **fields: object) -> Reading:
    return curves.read(MadeEvidence(training=log, **fields), "tuned")  # type: ignore[arg-type]


def codes(reading: Reading) -> dict[str, str]:
    return {finding.code: finding.severity for finding in reading.findings}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def falling(n: int = 100, start: float = 2.3, end: float = 1.1, noise: float = 0.01) -> list[float]:
    """An exponential fall that is still under way at the end, with a little noise."""
    chance = random.Random(1)
    rate = math.log(start / end) / (n - 1)
    return [start * math.exp(-rate * i) + chance.gauss(0, noise) for i in range(n)]


def evals(values: Sequence[float]) -> dict[str, Sequence[float]]:
    return {"evals": values}


HEALTHY = [2.2, 1.9, 1.7, 1.5, 1.4, 1.35, 1.3, 1.27, 1.25, 1.245]


def test_a_healthy_run_is_good_and_has_no_finding() -> None:
    reading = read(made_log(falling(), HEALTHY, global_step=1000, max_steps=1000))
    assert reading.verdict == "good"
    assert reading.findings == ()
    assert reading.headline == "loss fell 49%; validation 2.20 → 1.25"
    assert reading.numbers["points"].value == 100
    assert reading.numbers["eval_points"].value == 10
    assert reading.numbers["eval_best"].value == 1.245
    assert reading.numbers["eval_best_step"].value == 1000
    assert reading.numbers["eval_last"].value == 1.245


def test_first_last_and_drop_are_medians_of_the_ends() -> None:
    train = [9.0, 2.0, 2.0, *[1.5] * 24, 1.0, 1.0, 0.1]
    reading = read(made_log(train))
    assert reading.numbers["first"].value == 2.0
    assert reading.numbers["last"].value == 1.0
    assert reading.numbers["drop"].value == pytest.approx(0.5)


def test_no_log() -> None:
    reading = read(None)
    assert codes(reading) == {"no_log": "not_enough"}
    assert reading.verdict == "not_enough"
    assert reading.numbers["drop"].value is None
    assert reading.numbers["drop"].why


def test_too_few_points_says_why() -> None:
    reading = read(made_log([2.0], logging_steps=500, max_steps=87, global_step=87))
    assert codes(reading) == {"too_few_points": "not_enough", "no_eval": "note"}
    text = finding(reading, "too_few_points").text
    assert "every 500 steps" in text
    assert "87" in text
    assert "logging_steps" in text
    assert reading.verdict == "not_enough"


def test_an_empty_log_reads_too() -> None:
    reading = read(made_log())
    assert codes(reading)["too_few_points"] == "not_enough"
    assert reading.numbers["first"].value is None
    assert reading.plots == ()


def test_five_points_are_enough() -> None:
    assert "too_few_points" not in codes(read(made_log([5.0, 4.0, 3.0, 2.0, 1.0])))
    assert "too_few_points" in codes(read(made_log([4.0, 3.0, 2.0, 1.0])))


def test_below_five_points_only_facts_are_told() -> None:
    reading = read(made_log([1.0, 2.0, 40.0], [1.0, 2.0, 3.0, 4.0], global_step=3, max_steps=9))
    assert codes(reading) == {"too_few_points": "not_enough", "unfinished_run": "note"}
    broken = read(made_log([1.0, NAN, 2.0]))
    assert codes(broken)["non_finite"] == "bad"
    assert broken.verdict == "bad"


@pytest.mark.parametrize("value", [NAN, math.inf])
def test_a_loss_that_is_not_finite_is_bad(value: float) -> None:
    train = falling()
    train[40] = value
    reading = read(made_log(train))
    assert codes(reading)["non_finite"] == "bad"
    assert finding(reading, "non_finite").at == {"step": 410}
    assert codes(read(made_log(falling(), [*HEALTHY[:5], value])))["non_finite"] == "bad"


def test_a_gradient_alone_is_a_note_when_losses_go_on() -> None:
    gradient = [1.0] * 100
    gradient[40] = math.inf
    log = made_log(falling(), series={"grad_norm": points(gradient)})
    assert codes(read(log))["non_finite"] == "note"
    assert "non_finite" not in codes(
        read(made_log(falling(), series={"grad_norm": points([1.0] * 100)}))
    )


def test_a_gradient_with_no_loss_after_it_is_bad() -> None:
    log = made_log(falling(), series={"grad_norm": points([1.0] * 99 + [NAN])})
    assert codes(read(log))["non_finite"] == "bad"


def test_a_masked_nan_as_the_logging_filter_writes_it() -> None:
    """loss 3.33, then 0.0 for ever, grad_norm and eval_loss NaN."""
    log = made_log([3.33, *[0.0] * 9], [NAN] * 2, series={"grad_norm": points([9.0, *[NAN] * 9])})
    reading = read(log)
    assert codes(reading)["masked_nan"] == "bad"
    assert codes(reading)["non_finite"] == "bad"
    assert reading.verdict == "bad"


@pytest.mark.parametrize(
    ("train", "masked"),
    [
        ([3.3, 2.2, 0.0, 0.0, 0.0, 0.0], True),
        ([0.0] * 6, True),
        ([0.5, 0.1, 0.02, 0.005, 0.0, 0.0001], False),
        ([0.5, 0.1, 0.02, 0.005, 0.002, 0.001], False),
    ],
)
def test_masked_nan_by_the_loss_alone(train: list[float], masked: bool) -> None:
    assert ("masked_nan" in codes(read(made_log(train)))) is masked


def test_a_grpo_loss_of_zero_is_no_masked_nan() -> None:
    reward = points([0.1 + 0.01 * i for i in range(30)])
    reading = read(made_log([0.0] * 30, series={"reward": reward}))
    assert codes(reading) == {"objective": "note", "no_eval": "note"}
    assert reading.verdict == "good"
    assert reading.headline.startswith("reward 0.100 → 0.390")


def test_the_objective_comes_first() -> None:
    reward = points([0.1] * 29 + [NAN])
    reading = read(made_log([0.0] * 29 + [NAN], series={"reward": reward}))
    assert [f.code for f in reading.findings][:3] == ["objective", "non_finite", "not_improved"]


def test_reward_that_does_not_rise() -> None:
    chance = random.Random(2)
    flat = points([chance.gauss(0.5, 0.1) for _ in range(60)])
    assert codes(read(made_log([0.1] * 60, series={"reward": flat})))["not_improved"] == "caution"


def test_a_preference_run_is_judged_by_its_margin_or_accuracy() -> None:
    flat, rising = points([0.5] * 40), points([0.01 * i for i in range(40)])
    train = [0.69] * 40
    for margins, accuracies, improved in (
        (rising, flat, True),
        (flat, rising, True),
        (flat, flat, False),
    ):
        log = made_log(
            train,
            [0.69, 0.5, 0.9, 0.9, 0.9],
            series={"rewards/margins": margins, "rewards/accuracies": accuracies},
        )
        found = codes(read(log))
        assert ("not_improved" not in found) is improved
        assert not set(found) & {"not_decreased", "eval_peaked", "plateau"}


def test_a_key_without_a_number_does_not_make_an_objective() -> None:
    log = made_log(falling(), HEALTHY, series={"reward": points([NAN] * 5)})
    assert codes(read(log)) == {}


def test_a_told_objective_wins() -> None:
    log = made_log(falling(), HEALTHY, series={"reward": points([1.0] * 50)})
    assert "objective" not in codes(read(log, told="supervised"))
    without = read(made_log(falling(), HEALTHY), told="preference")
    assert "holds no margin" in finding(without, "not_improved").text


def test_above_chance() -> None:
    high = falling(100, 14.0, 3.0)
    assert codes(read(made_log(high, HEALTHY)))["above_chance"] == "caution"
    assert "above_chance" not in codes(read(made_log(falling(100, 12.4, 3.0, 0.001), HEALTHY)))


def test_chance_is_that_of_the_vocabulary_where_it_is_known() -> None:
    log = made_log(falling(100, 8.0, 3.0), HEALTHY)
    assert "above_chance" not in codes(read(log))
    known = Preflight("chat", vocabulary=256)
    assert codes(read(log, checked=known))["above_chance"] == "caution"


def test_one_high_point_is_no_stretch_above_chance() -> None:
    train = falling()
    train[0] = 20.0
    assert "above_chance" not in codes(read(made_log(train, HEALTHY)))


def test_scale_mismatch_of_summed_losses() -> None:
    """law-llm: the training loss logged times the accumulation steps."""
    healthy = falling(100, 2.3, 1.1)
    beside = [healthy[min(99, 10 * (i + 1) - 6)] for i in range(10)]
    summed = made_log([16 * value for value in healthy], beside)
    reading = read(summed)
    assert codes(reading)["scale_mismatch"] == "caution"
    assert "memorising" not in codes(reading)
    assert "scale_mismatch" not in codes(read(made_log(healthy, beside)))


def test_an_unsteady_ratio_is_no_scale() -> None:
    train = falling(100, 8.0, 2.0)
    falls_faster = [4.0, 2.5, 1.6, 1.1, 0.8, 0.6, 0.5, 0.45, 0.4, 0.39]
    assert "scale_mismatch" not in codes(read(made_log(train, falls_faster)))
    assert "scale_mismatch" not in codes(read(made_log([9.0] * 20, [3.0, 3.0], eval_every=100)))


@pytest.mark.parametrize(
    ("end", "last", "memorises"),
    [(0.5, 1.2, True), (0.5, 0.9, False), (0.02, 0.2, False), (0.02, 0.3, True)],
)
def test_memorising(end: float, last: float, memorises: bool) -> None:
    log = made_log([*falling(90, 2.3, end), *[end] * 30], [2.0, 1.5, last], eval_every=400)
    found = codes(read(log))
    assert ("memorising" in found) is memorises


def test_low_loss_only_without_an_eval() -> None:
    train = [*falling(80, 0.7, 0.09, 0.001), *[0.09] * 20]
    assert codes(read(made_log(train)))["low_loss"] == "caution"
    assert "low_loss" not in codes(read(made_log(train, [0.6, 0.4, 0.3])))
    assert "low_loss" not in codes(read(made_log([*falling(80, 0.7, 0.11, 0.001), *[0.11] * 20])))
    fell = [*falling(80, 4.0, 0.3, 0.001), *[0.3] * 20]
    assert codes(read(made_log(fell)))["low_loss"] == "caution"


def test_diverged() -> None:
    down, up = falling(60, 2.3, 1.2), falling(40, 1.2, 1.6)
    reading = read(made_log(down + up))
    assert codes(reading)["diverged"] == "bad"
    assert reading.verdict == "bad"
    assert "diverged" not in codes(read(made_log(down + falling(40, 1.2, 1.35))))
    small = [value / 20 for value in down + up]
    assert "diverged" not in codes(read(made_log(small)))


def test_noise_does_not_diverge() -> None:
    """Loss that varies from batch to batch has low stretches by chance, and ends above them."""
    chance = random.Random(7)
    called = 0
    for _ in range(200):
        noisy = [0.5 * math.exp(chance.gauss(0, 0.4)) for _ in range(33)]
        called += "diverged" in codes(read(made_log(noisy, [0.5, 0.5])))
    assert called <= 4
    rising = [value * chance.uniform(0.8, 1.2) for value in falling(60, 2.3, 1.0)]
    rising += [value * chance.uniform(0.8, 1.2) for value in falling(40, 1.0, 2.0)]
    assert codes(read(made_log(rising)))["diverged"] == "bad"


def test_nothing_is_memorised_before_it_is_seen_twice() -> None:
    train, values = falling(100, 2.0, 0.4), [1.6, 1.4, 1.2]
    assert codes(read(made_log(train, values, eval_every=330)))["memorising"] == "caution"

    def at(epoch: float) -> dict[str, str]:
        evals = tuple(
            LogPoint(330.0 * (i + 1), value, epoch=epoch * (i + 1) / 3)
            for i, value in enumerate(values)
        )
        return codes(read(made_log(train, series={"eval_loss": evals})))

    assert "memorising" not in at(1.0)
    assert at(1.5)["memorising"] == "caution"


def test_not_decreased() -> None:
    chance = random.Random(4)
    flat = [2.0 + chance.gauss(0, 0.1) for _ in range(100)]
    assert codes(read(made_log(flat, [2.0, 2.0])))["not_decreased"] == "caution"
    small = [2.0 - 0.0008 * i for i in range(100)]
    assert codes(read(made_log(small, [2.0, 2.0])))["not_decreased"] == "caution"
    enough = [2.0 - 0.0015 * i for i in range(100)]
    assert "not_decreased" not in codes(read(made_log(enough, [2.0, 2.0])))


def test_a_fall_of_two_values_is_not_shown() -> None:
    reading = read(made_log([2.0, 1.9, 2.1, 1.2, 1.9, 1.8], [2.0, 2.0]))
    assert codes(reading)["not_decreased"] == "caution"


@pytest.mark.parametrize(
    ("last", "severity"),
    [
        ([1.25, 1.25], None),
        ([1.30], None),
        ([1.2600, 1.2580], "caution"),
        ([1.24, 1.25], None),
        ([1.4, 1.31], "bad"),
        ([1.31], "bad"),
    ],
)
def test_eval_peaked(last: list[float], severity: str | None) -> None:
    log = made_log(falling(120), [*HEALTHY, *last], eval_every=100)
    assert codes(read(log)).get("eval_peaked") == severity


def test_eval_peaked_names_the_step_and_the_folder_that_is_there() -> None:
    values = [*HEALTHY, 1.3, 1.29, 1.28]
    log = made_log(falling(130), values, checkpoints={1000: "checkpoint-1000"})
    found = finding(read(log), "eval_peaked")
    assert found.at == {"step": 1000, "checkpoint": "checkpoint-1000"}
    assert "judge checkpoint-1000" in found.text
    assert "2.8% worse" in found.text
    gone = finding(read(made_log(falling(130), values)), "eval_peaked")
    assert gone.at == {"step": 1000}
    assert gone.text.endswith("no checkpoint of that step is there.")
    near = made_log(falling(130), values, checkpoints={500: "checkpoint-500", 1300: "last"})
    assert "the nearest is last" in finding(read(near), "eval_peaked").text


def test_the_worst_of_several_eval_sets_counts() -> None:
    far = points([2.2, 1.5, 1.2, 1.3, 1.5, 1.6], every=100)
    near = points([2.2, 1.6, 1.4, 1.3, 1.25, 1.245], every=100)
    series = {"eval_near_loss": near, "eval_far_loss": far}
    reading = read(made_log(falling(60), series=series))
    assert codes(reading)["eval_peaked"] == "bad"
    assert "(far)" in finding(reading, "eval_peaked").text
    assert "no_eval" not in codes(reading)
    assert reading.numbers["eval_best"].value == 1.245
    chosen = read(made_log(falling(60), series=series), settings={"curves.eval": "far"})
    assert chosen.numbers["eval_best"].value == 1.2
    assert len(chosen.tables["evals"].rows) == 12


@pytest.mark.parametrize("key", ["eval_nll_loss", "eval_aux_loss", "eval_zero_one_loss"])
@pytest.mark.parametrize("plain", [True, False])
def test_a_part_of_a_loss_or_a_metric_is_no_validation_loss(key: str, plain: bool) -> None:
    rising = points([0.1, 0.2, 0.4, 0.8, 1.6, 3.2], every=100)
    reading = read(made_log(falling(60), HEALTHY[:6] if plain else (), series={key: rising}))
    assert "eval_peaked" not in codes(reading)
    assert ("no_eval" in codes(reading)) is not plain
    assert reading.numbers["eval_last"].value == (HEALTHY[5] if plain else None)
    # By whom names it in the settings it is meant.
    chosen = {"curves.eval": key.removeprefix("eval_").removesuffix("_loss")}
    told = read(made_log(falling(60), series={key: rising}), settings=chosen)
    assert told.numbers["eval_last"].value == 3.2


def test_a_trainer_times_every_set_that_it_evaluates() -> None:
    """So what is called a loss and is not timed is a metric, whatever its name."""
    losses = {f"eval_{name}_loss": points([2.0, 1.5], every=100) for name in ("far", "odd", "log")}
    times = {"eval_far_runtime": points([9.0, 9.0]), "eval_log_runtime": points([9.0, 9.0])}
    reading = read(made_log(falling(60), series=losses | times))
    assert {row[0] for row in reading.tables["evals"].rows} == {"far", "log"}
    one = read(made_log(falling(60), [2.0], series=losses | {"eval_runtime": points([9.0])}))
    assert len(one.tables["evals"].rows) == 1


def test_tiny_losses_keep_their_digits() -> None:
    train = [value * 1e-5 for value in falling()]
    reading = read(made_log(train, [value * 1e-5 for value in HEALTHY]))
    told = " ".join((reading.headline, reading.summary, *(f.text for f in reading.findings)))
    assert "0.00 " not in told
    assert "0.000" not in told
    assert "2.2e-5 → 1.2e-5" in reading.headline
    decimals = {column.key: column.digits for column in reading.tables["evals"].columns}
    assert decimals["eval_loss"] == decimals["train_loss"] == 6


def test_plain_eval_loss_counts_before_named_sets() -> None:
    log = made_log(falling(60), [2.0, 1.5], series={"eval_a_loss": points([9.0, 8.0], every=100)})
    assert read(log).numbers["eval_last"].value == 1.5


@pytest.mark.parametrize(
    ("last", "unfinished", "severity"),
    [
        (1.245, False, None),
        (1.23, False, "note"),
        (1.23, True, "caution"),
        (1.18, False, "caution"),
        (1.26, True, None),
    ],
)
def test_still_improving(last: float, unfinished: bool, severity: str | None) -> None:
    log = made_log(
        falling(),
        [*HEALTHY[:9], last],
        global_step=1000,
        max_steps=1200 if unfinished else 1000,
    )
    assert codes(read(log)).get("still_improving") == severity


def test_spikes() -> None:
    one = falling()
    one[60] *= 1.5
    reading = read(made_log(one, HEALTHY))
    assert codes(reading) == {"spike": "note"}
    assert any(event.label.startswith("spike") for event in reading.plots[0].events)
    small = falling()
    small[60] *= 1.15
    assert codes(read(made_log(small, HEALTHY))) == {}
    many = falling()
    for place in (20, 32, 44, 56, 68, 80):
        many[place] *= 1.5
    assert codes(read(made_log(many, HEALTHY)))["spike"] == "caution"
    five = falling()
    for place in (20, 32, 44, 56, 68):
        five[place] *= 1.5
    assert codes(read(made_log(five, HEALTHY)))["spike"] == "note"


def test_plateau() -> None:
    flat_end = [*falling(60, 2.3, 1.1), *falling(40, 1.1, 1.09)]
    assert codes(read(made_log(flat_end, HEALTHY))) == {"plateau": "note"}
    chance = random.Random(3)
    never_fell = [2.0 + chance.gauss(0, 0.05) for _ in range(100)]
    assert "plateau" not in codes(read(made_log(never_fell, HEALTHY)))


def test_a_long_run_enters_the_rank_tests_as_medians() -> None:
    reading = read(made_log(falling(5000), HEALTHY, eval_every=5000))
    assert codes(reading) == {}
    assert reading.numbers["points"].value == 5000


def stairs(per_epoch: int, drop: float, epochs: int = 3) -> TrainingLog:
    chance = random.Random(7)
    train = [
        2.0 - drop * (i // per_epoch) - 0.0005 * i + chance.gauss(0, 0.01)
        for i in range(per_epoch * epochs)
    ]
    return made_log(train, per_epoch=per_epoch)


def test_epoch_stairs() -> None:
    assert codes(read(stairs(40, 0.2)))["epoch_stairs"] == "caution"
    assert finding(read(stairs(40, 0.2)), "epoch_stairs").at == {"step": 410}
    assert "epoch_stairs" not in codes(read(stairs(40, 0.01)))
    assert "epoch_stairs" not in codes(read(stairs(15, 0.2)))
    assert "epoch_stairs" in codes(read(stairs(16, 0.2)))


def test_epoch_stairs_are_a_note_beside_an_eval() -> None:
    log = stairs(40, 0.2)
    series = {**log.series, "eval_loss": points([1.9, 1.7, 1.69], every=400)}
    with_eval = TrainingLog("made", "made", series)
    assert codes(read(with_eval))["epoch_stairs"] == "note"


def test_a_steep_fall_is_no_stair() -> None:
    train = falling(60, 8.0, 0.5, 0.01)
    assert "epoch_stairs" not in codes(read(made_log(train, per_epoch=20)))


def test_a_constant_stretch_before_an_epoch_is_not_tested() -> None:
    train = [2.0] * 20 + [1.0] * 20
    assert "epoch_stairs" not in codes(read(made_log(train, per_epoch=20)))


def test_no_eval_is_said_in_words() -> None:
    reading = read(made_log(falling()))
    assert codes(reading) == {"no_eval": "note"}
    assert reading.verdict == "good"
    assert "no validation loss" in reading.summary
    assert reading.numbers["eval_best"].value is None
    assert "no validation loss" in reading.numbers["eval_best"].why


def test_unfinished_run() -> None:
    short = read(made_log(falling(), HEALTHY, global_step=1000, max_steps=1500))
    assert codes(short) == {"unfinished_run": "note"}
    assert "unfinished_run" not in codes(
        read(made_log(falling(), HEALTHY, global_step=1000, max_steps=1000))
    )


def test_only_what_precedes_the_judged_step_counts() -> None:
    train = [*falling(60, 2.3, 1.2), *[NAN] * 5, *falling(35, 1.2, 9.0)]
    values = [*HEALTHY[:5], 1.395, 9.0, 9.0, 9.0, 9.0]
    log = made_log(train, values, judged_step=600, global_step=1000, max_steps=1000)
    reading = read(log)
    assert codes(reading) == {"unfinished_run": "note", "later_rows": "note"}
    assert reading.numbers["points"].value == 60
    assert reading.numbers["eval_last"].value == 1.395
    loss = reading.plots[0]
    assert len(loss.series[0].x) == 100
    assert any(event.label == "judged checkpoint" for event in loss.events)
    assert codes(read(made_log(train, values)))["non_finite"] == "bad"


def test_a_checkpoint_reads_alike_from_its_own_and_from_the_whole_log() -> None:
    train, values = falling(), HEALTHY
    own = made_log(train[:50], values[:5], judged_step=500, global_step=500, max_steps=1000)
    whole = made_log(train, values, judged_step=500, global_step=1000, max_steps=1000)
    one, other = read(own), read(whole)
    assert one.numbers == other.numbers
    assert set(codes(other)) - set(codes(one)) == {"later_rows"}
    assert one.verdict == other.verdict


def test_findings_stand_in_the_order_of_the_tests() -> None:
    train = [*falling(60, 25.0, 1.2), *falling(40, 1.2, 3.0)]
    log = made_log(train, [2.0, 1.0, 1.2, 1.3], global_step=1000, max_steps=2000)
    found = [f.code for f in read(log).findings]
    assert found == ["above_chance", "diverged", "eval_peaked", "unfinished_run"]


def test_plots_hold_epochs_times_and_the_other_series() -> None:
    train = tuple(LogPoint(10.0 * i, 2.0 / i, i / 8, 1e9 + 60 * i) for i in range(1, 31))
    rate = tuple(LogPoint(p.step, 1e-4, p.epoch, p.time) for p in train)
    log = TrainingLog("made", "made", {"loss": train, "learning_rate": rate, "grad_norm": rate})
    reading = read(log)
    assert [plot.key for plot in reading.plots] == ["loss", "learning_rate", "grad_norm"]
    line = reading.plots[0].series[0]
    assert set(line.alternatives) == {"epoch", "time"}
    assert all(len(axis) == len(line.x) == 30 for axis in line.alternatives.values())
    ended = [event for event in reading.plots[0].events if "epoch" in event.label]
    assert [event.x for event in ended] == [90, 170, 250]


def test_the_evals_table_has_the_training_loss_beside() -> None:
    table = read(made_log(falling(), HEALTHY)).tables["evals"]
    assert [column.key for column in table.columns] == ["step", "epoch", "eval_loss", "train_loss"]
    assert [row[2] for row in table.rows] == HEALTHY
    assert all(row[3] is not None for row in table.rows)


def test_a_threshold_is_a_setting() -> None:
    log = made_log(falling(120), [*HEALTHY, 1.2600, 1.2580])
    assert "eval_peaked" in codes(read(log))
    assert "eval_peaked" not in codes(read(log, settings={"curves.eval_peaked": 0.03}))


def test_foreign_names_are_cleaned() -> None:
    series = {"eval_\x1b[31m_loss": points([2.0, 1.5, 1.0, 1.2, 1.3], every=100)}
    log = TrainingLog("run\x1b]0;x\x07", "made", {"loss": points(falling(50)), **series},
                      notes=("note\x1b",))  # fmt: skip
    reading = read(log)
    assert "\x1b" not in "".join(reading.how)
    assert "\x1b" not in repr(reading.plots)
    assert "\x1b" not in "".join(f.text for f in reading.findings)
    assert "\x1b" not in reading.summary + reading.headline


def test_many_spikes_leave_the_epochs_among_the_events() -> None:
    train = falling(4000)
    for place in range(100, 4000, 20):
        train[place] *= 3 + place / 4000
    reading = read(made_log(train, per_epoch=1000))
    labels = [event.label for event in reading.plots[0].events]
    assert [label for label in labels if label.startswith("epoch")] == [
        f"epoch {end} ended" for end in (1, 2, 3)
    ]
    assert sum(label.startswith("spike") for label in labels) == curves.EVENTS_SHOWN


def test_counted_rows_are_not_called_steps() -> None:
    peaked = [2.0, 1.5, 1.2, 1.0, 1.1, 1.3, 1.5, 1.7]
    log = made_log(falling(), peaked)
    steps, rows = read(log), read(replace(log, notes=(COUNTED,)))
    assert "at step" in finding(steps, "eval_peaked").text
    told = finding(rows, "eval_peaked")
    assert re.search(r"at row \d", told.text)
    assert "step" not in (told.at or {})
    assert re.search(r"step \d", " ".join((rows.headline, rows.summary, told.text))) is None
    assert rows.plots[0].x_label == "row"
