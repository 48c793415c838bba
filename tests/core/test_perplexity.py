"""Step 2's figures against plain arithmetic, and every finding with its silent neighbour."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.core.made_evidence import (
    MadeEvidence,
    made_dataset,
    made_log,
    made_loss,
    made_sample,
    points,
    scored_pairs,
)
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.records import Preflight, Producer, SkippedRow
from tui_eval.core.steps import perplexity

NAN = math.nan


def read(evidence: MadeEvidence) -> Reading:
    return perplexity.read(evidence, "tuned")


def codes(reading: Reading) -> dict[str, str]:
    return {finding.code: finding.severity for finding in reading.findings}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def means(n: int = 60, change: float = -0.5, noise: float = 0.1) -> tuple[list[float], list[float]]:
    """Mean losses per sample of base and tuned, which is ``change`` nats off."""
    chance = random.Random(n)
    base = [chance.lognormvariate(0.7, 0.3) for _ in range(n)]
    return base, [loss + change + chance.gauss(0, noise) for loss in base]


def good(**fields: object) -> MadeEvidence:
    return scored_pairs(*means(), **fields)  # type: ignore[arg-type]


def test_a_good_run() -> None:
    reading = read(good())
    assert reading.verdict == "good"
    assert reading.findings == ()
    assert "lower" in reading.headline
    assert "n = 60 samples" in reading.summary


def test_figures_are_sums_over_sums_and_never_means_of_means() -> None:
    base, tuned = means()
    tokens = [3 + 7 * (i % 13) for i in range(60)]
    reading = read(scored_pairs(base, tuned, tokens=tokens))
    count = np.array(tokens)
    b, t = np.array(base) * count, np.array(tuned) * count
    expected = {
        "base": np.exp(b.sum() / count.sum()),
        "tuned": np.exp(t.sum() / count.sum()),
        "ratio": np.exp((t.sum() - b.sum()) / count.sum()),
        "improvement": 1 - np.exp((t.sum() - b.sum()) / count.sum()),
        "improvement_without_end": 1 - np.exp((t.sum() - b.sum()) / (count.sum() - 60)),
        "base_bits_per_byte": b.sum() / np.log(2) / (4 * count.sum()),
        "tuned_bits_per_byte": t.sum() / np.log(2) / (4 * count.sum()),
        "better_share": np.mean(t < b),
        "samples": 60,
        "tokens": count.sum(),
        "truncated": 0,
    }
    for name, value in expected.items():
        assert reading.numbers[name].value == pytest.approx(value), name
    assert set(reading.numbers) == set(expected)
    for name in ("base", "tuned", "ratio", "improvement", "improvement_without_end"):
        number = reading.numbers[name]
        assert number.low is not None
        assert number.high is not None
        assert number.value is not None
        assert number.low < number.value < number.high
        assert number.n == 60
    ratio, improvement = reading.numbers["ratio"], reading.numbers["improvement"]
    assert improvement.low == pytest.approx(1 - (ratio.high or 0))


def test_equal_models_differ_in_nothing() -> None:
    base, _ = means()
    reading = read(scored_pairs(base, base))
    improvement = reading.numbers["improvement"]
    assert (improvement.low, improvement.value, improvement.high) == (0, 0, 0)
    assert reading.numbers["better_share"].value == 0
    assert codes(reading) == {"not_shown": "caution", "small_effect": "caution"}
    assert "-0.0" not in reading.summary


@pytest.mark.parametrize(
    ("change", "noise", "expected"),
    [
        (-0.5, 0.1, {}),
        (0.5, 0.1, {"worse": "bad"}),
        (0.0, 0.5, {"not_shown": "caution"}),
        (-0.015, 0.01, {"small_effect": "caution"}),
        (-0.05, 0.01, {}),
        (0.0, 0.01, {"not_shown": "caution", "small_effect": "caution"}),
    ],
)
def test_what_the_interval_says(change: float, noise: float, expected: dict[str, str]) -> None:
    assert codes(read(scored_pairs(*means(60, change, noise)))) == expected


SPAN = re.compile(r"(\d+\.\d% (?:lower|higher))[^\[]*(\[-?\d+\.\d, -?\d+\.\d\])")


@pytest.mark.parametrize(
    ("change", "noise", "told"),
    [
        (0.5, 0.1, ["worse"]),
        (0.1, 0.5, ["not_shown"]),
        (-0.1, 0.5, ["not_shown"]),
        (-0.015, 0.01, ["small_effect"]),
        (0.002, 0.01, ["not_shown", "small_effect"]),
        (0.0, 0.0, ["not_shown", "small_effect"]),
        (0.06, 0.3, ["not_shown", "small_effect"]),
    ],
)
@pytest.mark.parametrize("same", [True, False])
def test_findings_say_what_the_headline_says(
    change: float, noise: float, told: list[str], same: bool
) -> None:
    reading = read(
        scored_pairs(*means(60, change, noise), checked=Preflight("chat", same_tokenizer=same))
    )
    found = SPAN.search(reading.summary)
    assert found is not None, reading.summary
    assert found[1] in reading.headline
    improvement = reading.numbers["improvement"]
    assert improvement.value is not None
    assert ("higher" in found[1]) == (improvement.value < 0)
    low, high = json.loads(found[2])
    assert low <= float(found[1].partition("%")[0]) <= high
    texts = [finding(reading, code).text for code in told]
    assert [SPAN.search(text) and SPAN.search(text).groups() for text in texts] == (  # type: ignore[union-attr]
        [found.groups()] * len(told)
    )


@pytest.mark.parametrize(
    ("change", "noise", "words"),
    [
        (-0.015, 0.01, "Hardly moved: perplexity fell by less than 3.0%"),
        (0.0, 0.01, "Hardly moved: perplexity moved by less than 3.0%"),
        (0.06, 0.3, "Hardly improved: perplexity did not fall by as much as 3.0%"),
    ],
)
def test_only_a_fall_is_called_one(change: float, noise: float, words: str) -> None:
    reading = read(scored_pairs(*means(60, change, noise)))
    assert finding(reading, "small_effect").text.startswith(words)


def test_bits_per_byte_of_few_samples_stay_above_zero() -> None:
    reading = read(scored_pairs([0.1, 40.0, 0.2], [0.1, 30.0, 0.1], tokens=[20, 5, 60]))
    for name in ("base_bits_per_byte", "tuned_bits_per_byte"):
        number = reading.numbers[name]
        assert number.value is not None
        assert number.low is not None
        assert number.high is not None
        assert 0 < number.low < number.value < number.high
        assert number.low * number.high == pytest.approx(number.value**2)


@pytest.mark.parametrize("objective", ["preference", "reinforcement"])
@pytest.mark.parametrize("change", [0.5, 0.0])
def test_other_objectives_inform_and_never_judge(objective: str, change: float) -> None:
    base, tuned = means(60, change, 0.01)
    rows = [made_sample(i, category="all") for i in range(60)]
    reading = read(scored_pairs(base, tuned, samples=rows, told=objective))
    assert reading.verdict == "good"
    assert set(codes(reading).values()) == {"note"}


def test_the_logs_keys_tell_the_objective_too() -> None:
    log = made_log([0.6] * 9, series={"rewards/margins": points([0.1 * i for i in range(9)])})
    assert codes(read(scored_pairs(*means(60, 0.5), training=log))) == {"worse": "note"}


def test_no_base_and_no_validation() -> None:
    alone = read(good(base_name=None))
    assert codes(alone) == {"no_base": "not_enough"}
    assert alone.numbers["tuned"].value is not None
    assert alone.numbers["improvement"].value is None
    assert alone.numbers["improvement"].why
    for evidence in (MadeEvidence(), MadeEvidence(datasets={"validation": made_dataset([])})):
        assert codes(read(evidence)) == {"no_validation": "not_enough"}


def test_too_few_samples_tell_facts_only() -> None:
    base, tuned = means(19, 0.5)
    rows = [made_sample(i, category="all") for i in range(19)]
    reading = read(scored_pairs(base, tuned, samples=rows, leaks={"s1": True}))
    assert codes(reading) == {"too_few_samples": "not_enough", "validation_in_training": "bad"}
    assert reading.verdict == "bad"
    assert reading.numbers["improvement"].value is not None
    assert codes(read(scored_pairs(*means(20, 0.5)))) == {"worse": "bad"}


def test_groups_count_as_one_each() -> None:
    base, tuned = means()
    nine = [made_sample(i, group=f"g{i % 9}") for i in range(60)]
    reading = read(scored_pairs(base, tuned, samples=nine))
    assert codes(reading) == {"too_few_samples": "not_enough"}
    assert "9 groups" in finding(reading, "too_few_samples").text
    ten = [made_sample(i, group=f"g{i % 10}") for i in range(60)]
    assert codes(read(scored_pairs(base, tuned, samples=ten))) == {}


def test_alike_samples_of_a_group_widen_the_interval() -> None:
    chance = random.Random(9)
    shared = [chance.gauss(0, 0.3) for _ in range(20)]
    base = [2.0] * 100
    tuned = [1.5 + shared[i // 5] for i in range(100)]
    grouped = [made_sample(i, group=f"g{i // 5}") for i in range(100)]
    one = read(scored_pairs(base, tuned)).numbers["improvement"]
    other = read(scored_pairs(base, tuned, samples=grouped)).numbers["improvement"]
    assert (other.high or 0) - (other.low or 0) > 1.8 * ((one.high or 0) - (one.low or 0))


def test_partial_losses_wait_and_tell_so_far() -> None:
    base, tuned = means()
    evidence = scored_pairs(base, tuned)
    part = {model: dict(list(known.items())[:45]) for model, known in evidence.scored.items()}
    part["tuned"].popitem()
    evidence.scored = part
    reading = read(evidence)
    assert reading.verdict == "waiting"
    assert reading.headline.startswith("44 of 60 samples, so far ")
    assert reading.numbers["samples"].value == 44
    same = read(scored_pairs(base[:44], tuned[:44]))
    assert reading.numbers["improvement"] == same.numbers["improvement"]


def test_nothing_scored_yet() -> None:
    evidence = good()
    evidence.scored = {}
    reading = read(evidence)
    assert reading.verdict == "waiting"
    assert reading.headline == "needs 60 samples scored: press r"
    assert reading.numbers["tuned"].value is None
    assert reading.numbers["tuned"].why == "nothing is scored yet"
    assert reading.findings == ()


def test_few_samples_so_far_are_not_yet_too_few() -> None:
    evidence = good()
    evidence.scored = {m: dict(list(k.items())[:5]) for m, k in evidence.scored.items()}
    assert codes(read(evidence)) == {}


def test_findings_so_far_are_listed_while_waiting() -> None:
    evidence = scored_pairs(*means(60, 0.5), leaks={"s3": True})
    evidence.scored["tuned"].pop("s59")  # type: ignore[attr-defined]
    reading = read(evidence)
    assert reading.verdict == "waiting"
    assert codes(reading) == {"worse": "bad", "validation_in_training": "caution"}


@pytest.mark.parametrize("value", [NAN, math.inf])
def test_a_loss_that_is_not_finite_is_named(value: float) -> None:
    base, tuned = means()
    tuned[7] = value
    reading = read(scored_pairs(base, tuned))
    assert codes(reading) == {"non_finite": "bad"}
    assert "#8" in finding(reading, "non_finite").text
    assert finding(reading, "non_finite").at == {"samples": ["s7"]}
    for name in ("tuned", "improvement", "ratio", "tuned_bits_per_byte", "better_share"):
        assert reading.numbers[name].value is None
        assert reading.numbers[name].why
    assert reading.numbers["base"].value is not None


def test_broken_weights_end_the_work() -> None:
    evidence = scored_pairs(
        means()[0][:32], [NAN] * 32, samples=[made_sample(i) for i in range(60)]
    )
    assert read(evidence).verdict == "bad"
    base, tuned = means()
    tuned[3] = NAN
    rows = [made_sample(i) for i in range(61)]
    assert read(scored_pairs(base, tuned, samples=rows)).verdict == "waiting"


def test_an_adapter_without_effect() -> None:
    checked = Preflight("chat", probes=8, max_logit_difference=0.0)
    base, _ = means()
    reading = read(scored_pairs(base, base, checked=checked))
    assert codes(reading)["no_effect_adapter"] == "bad"
    assert reading.verdict == "bad"
    for other in (replace(checked, max_logit_difference=1e-6),
                  replace(checked, max_logit_difference=None)):  # fmt: skip
        assert "no_effect_adapter" not in codes(read(good(checked=other)))


@pytest.mark.parametrize(
    ("checked", "code"),
    [
        (Preflight("chat", bos_expected=True, bos_emitted=0, bos_token="<s>"), "bos_missing"),
        (Preflight("chat", bos_expected=True, bos_emitted=1, bos_token="<s>"), None),
        (Preflight("chat", bos_expected=False, bos_emitted=0), None),
        (Preflight("chat", bos_expected=True, bos_emitted=2, bos_token="<s>"), "bos_doubled"),
        (Preflight("chat", template_mismatch="other roles\x1b"), "template_mismatch"),
        (Preflight("chat", thinking="no thinking in the data"), "thinking_mismatch"),
        (Preflight("chat", prompt_differs="base has another system prompt"), "prompt_differs"),
    ],
)
def test_preflight(checked: Preflight, code: str | None) -> None:
    reading = read(good(checked=checked))
    assert codes(reading) == ({code: "caution"} if code else {})
    assert "\x1b" not in repr(reading)


def test_a_worse_category() -> None:
    base, tuned = means(64)
    tuned = [b + 0.4 if i % 8 == 0 else t for i, (b, t) in enumerate(zip(base, tuned, strict=True))]
    rows = [made_sample(i, category="refunds" if i % 8 == 0 else "other") for i in range(64)]
    reading = read(scored_pairs(base, tuned, samples=rows))
    assert codes(reading) == {"worse_category": "caution"}
    assert "refunds" in finding(reading, "worse_category").text
    seven = read(scored_pairs(base[1:], tuned[1:], samples=rows[1:]))
    assert codes(seven) == {}


def test_the_category_table_is_the_largest_first() -> None:
    base, tuned = means()
    rows = [made_sample(i, category=("a", "b\x1b", "b\x1b")[i % 3]) for i in range(60)]
    reading = read(scored_pairs(base, tuned, samples=rows))
    table = reading.tables["by_category"]
    assert [row[:2] for row in table.rows] == [("b␛", 40), ("a", 20)]
    part = read(scored_pairs(base[::3], tuned[::3])).numbers["ratio"]
    change = dict(zip([c.key for c in table.columns], table.rows[1], strict=True))
    assert change["change"] == pytest.approx((part.value or 0) - 1)
    assert change["low"] == pytest.approx((part.low or 0) - 1)
    assert "by_category" not in read(good()).tables


@pytest.mark.parametrize(
    ("leaks", "severity"),
    [
        (None, None),
        ({}, None),
        ({"s1": False}, "note"),
        ({"s1": True}, "caution"),
        ({f"s{i}": True for i in range(3)}, "caution"),
        ({f"s{i}": True for i in range(4)}, "bad"),
        ({"not of this set": True}, None),
    ],
)
def test_validation_in_training(leaks: dict[str, bool] | None, severity: str | None) -> None:
    assert codes(read(good(leaks=leaks))).get("validation_in_training") == severity


def test_different_tokenizers_are_compared_by_bytes() -> None:
    base, tuned = means()
    evidence = scored_pairs(base, tuned)
    losses = evidence.scored["base"]
    finer = {i: replace(loss, tokens=loss.tokens * 2) for i, loss in losses.items()}
    evidence.scored = {"base": finer, "tuned": evidence.scored["tuned"]}
    reading = read(evidence)
    assert codes(reading) == {"different_tokenizer": "note"}
    assert reading.numbers["base"].value is None
    assert reading.numbers["tuned"].value is None
    assert "bits per byte" in reading.numbers["tuned"].why
    bits = [reading.numbers[f"{name}_bits_per_byte"].value or 0 for name in ("tuned", "base")]
    assert reading.numbers["ratio"].value == pytest.approx(bits[0] / bits[1])
    told = read(good(checked=Preflight("chat", same_tokenizer=False)))
    assert codes(told) == {"different_tokenizer": "note"}


@pytest.mark.parametrize(("cut", "severity"), [(0, None), (2, "note"), (3, "caution")])
def test_truncated(cut: int, severity: str | None) -> None:
    evidence = good()
    evidence.scored = {
        model: {
            i: replace(loss, cut_tokens=9 if int(i[1:]) < cut else 0) for i, loss in known.items()
        }
        for model, known in evidence.scored.items()
    }
    reading = read(evidence)
    assert codes(reading).get("truncated") == severity
    assert reading.numbers["truncated"].value == cut


def test_a_plain_text_in_windows_is_read_as_meant() -> None:
    base, tuned = means()
    for text, cut in (("long " * 99, 0), (None, 60)):
        rows = [made_sample(i, text=text, messages=()) for i in range(60)]
        evidence = scored_pairs(base, tuned, samples=rows)
        evidence.scored = {
            model: {i: replace(loss, windows=3) for i, loss in known.items()}
            for model, known in evidence.scored.items()
        }
        assert read(evidence).numbers["truncated"].value == cut


@pytest.mark.parametrize(("skipped", "severity"), [(0, None), (3, "note"), (4, "caution")])
def test_skipped_rows(skipped: int, severity: str | None) -> None:
    rows = tuple(SkippedRow("val.jsonl", i, "no answer\x1b") for i in range(skipped))
    reading = read(good(data={"skipped": rows, "rows": 60 + skipped}))
    assert codes(reading).get("skipped_rows") == severity
    assert "\x1b" not in repr(reading)


def test_samples_without_a_loss_are_done_and_told() -> None:
    evidence = good()
    failed = made_loss("s5", 0.0, 0, error="does not fit")
    evidence.scored = {m: {**known, "s5": failed} for m, known in evidence.scored.items()}
    reading = read(evidence)
    assert codes(reading) == {"skipped_rows": "note"}
    assert "does not fit" in finding(reading, "skipped_rows").text
    assert reading.numbers["samples"].value == 59


def test_duplicates_are_told() -> None:
    reading = read(good(data={"duplicates": 4, "rows": 64}))
    assert codes(reading) == {"duplicates": "note"}
    assert reading.verdict == "good"


def test_the_worst_regressions_come_first_and_open_their_sample() -> None:
    base, tuned = means()
    tuned[10], tuned[20] = base[10] + 2, base[20] + 1
    rows = [made_sample(i, category="refunds", messages=made_sample(i).messages) for i in range(60)]
    table = read(scored_pairs(base, tuned, samples=rows)).tables["worst"]
    assert table.refs[:2] == ("s10", "s20")
    first = dict(zip([c.key for c in table.columns], table.rows[0], strict=True))
    assert first["sample"] == "#11"
    assert first["category"] == "refunds"
    assert first["prompt"] == "question 10"
    assert first["tuned"] == pytest.approx(tuned[10])
    assert first["base"] == pytest.approx(base[10])
    assert read(good()).tables["worst"].rows == ()


def test_hostile_prompts_are_shown_safely() -> None:
    base, tuned = means(60, 0.5)
    hostile = "\x1b]52;c;x\x07[bold]" + "x" * 300_000
    rows = [made_sample(i, messages=(), text=hostile) for i in range(60)]
    reading = read(scored_pairs(base, tuned, samples=rows))
    assert "\x1b" not in repr(reading)
    assert all(len(str(row[2])) <= 120 for row in reading.tables["worst"].rows)


def test_plots() -> None:
    base, tuned = means()
    rows = [made_sample(i, category=f"c{i % 3}") for i in range(60)]
    reading = read(scored_pairs(base, tuned, samples=rows))
    change, bars, scatter = reading.plots
    assert sum(change.series[0].y) == 60
    gaps = np.diff(change.series[0].x)
    assert np.allclose(gaps, gaps[0])
    assert [series.name for series in bars.series] == ["c0", "c1", "c2"]
    assert scatter.series[0].x == pytest.approx(base)
    assert scatter.series[0].y == pytest.approx(tuned)


def test_equal_changes_still_make_a_histogram() -> None:
    base, _ = means()
    counts = read(scored_pairs(base, base)).plots[0].series[0].y
    assert sum(counts) == 60


def test_the_models_table_is_the_headline_numbers() -> None:
    reading = read(good())
    rows = reading.tables["models"].rows
    assert [row[0] for row in rows] == ["○ base", "● tuned"]
    assert [row[1] for row in rows] == [reading.numbers[n].value for n in ("base", "tuned")]


def test_how_names_the_formula_and_the_settings() -> None:
    producer = Producer(
        "k", "tuned", "w", None, "t", "p", "bfloat16", 4096, 0, "score-1",
        detail={"torch": "2.13.0", "gpu\x1b": "H200"},
    )  # fmt: skip
    told = " ".join(read(good(producers={"tuned": producer})).how)
    for part in ("exp(sum", "bfloat16", "4096", "2048", "score-1", "torch 2.13.0", "val.jsonl"):
        assert part in told
    assert "\x1b" not in told


def test_a_perplexity_beyond_floats_is_null_and_says_why() -> None:
    reading = read(scored_pairs([2.0] * 30, [1e5] * 30))
    assert reading.numbers["tuned"].value is None
    assert reading.numbers["tuned"].why
    assert reading.verdict == "bad"
    assert len(reading.headline) <= 42


def test_against_another_model() -> None:
    base, tuned = means()
    evidence = scored_pairs(base, tuned)
    evidence.scored = {**evidence.scored, "rival": evidence.scored["tuned"]}
    reading = perplexity.read(evidence, "tuned", against="rival")
    assert reading.against == "rival"
    assert reading.numbers["ratio"].value == 1


def test_answers_alone_leave_nothing_to_score() -> None:
    found = replace(scored_pairs([2.0] * 30, [1.0] * 30), answers_alone=("tuned", "base"))
    reading = perplexity.read(found, "tuned")
    assert reading.verdict == "not_enough"
    assert [finding.code for finding in reading.findings] == ["no_model"]
    assert "path under [models.tuned]" in reading.findings[0].text
    base_alone = perplexity.read(replace(found, answers_alone=("base",)), "tuned")
    assert base_alone.verdict == "not_enough"
    assert "[models.base]" in base_alone.findings[0].text
    assert base_alone.numbers["tuned"].value is not None


@pytest.mark.parametrize(
    ("vocabulary", "loss", "models"),
    [(700, 6.5, ()), (700, 6.6, ("base",)), (None, 12.4, ()), (None, 12.6, ("base",))],
)
def test_a_model_worse_than_guessing_is_a_caution(
    vocabulary: int | None, loss: float, models: tuple[str, ...]
) -> None:
    """ln 700 is 6.55 nats; without a known vocabulary the limit is 12.5."""
    base = [loss + 0.01 * (i % 2) for i in range(40)]
    checked = Preflight("chat", vocabulary=vocabulary)
    reading = read(scored_pairs(base, [1.2 + 0.01 * (i % 3) for i in range(40)], checked=checked))
    found = [one for one in reading.findings if one.code == "above_chance"]
    assert [one.at for one in found] == ([{"models": [*models]}] if models else [])
    assert reading.verdict == ("caution" if models else "good")
    if models:
        assert "worse than guessing" in reading.headline
