"""Step 6 from made evidence: numbers, findings, tables."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import comb

import pytest

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_tasks import (
    codes,
    evidence_of,
    finding,
    fits,
    labelled,
    made_items,
    numbers_task,
)
from tui_eval.core.records import Completion
from tui_eval.core.stats.rates import sign_p
from tui_eval.core.stats.resampled import label_figure, mean_figure
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.core.steps.task_metrics_figures import by_difference
from tui_eval.core.steps.task_metrics_items import select
from tui_eval.core.steps.task_metrics_look import look
from tui_eval.core.task_records import (
    Measured,
    MetricScores,
    Task,
    TaskItem,
)


def test_a_number_metric_that_got_better() -> None:
    chance = random.Random(0)
    base = [chance.random() / 2 for _ in range(60)]
    reading = numbers_task(base, [one + 0.1 + chance.random() / 50 for one in base])
    assert reading.verdict == "good"
    moved = reading.numbers["sums.rougeL.difference"]
    assert moved.value is not None
    assert moved.value == pytest.approx(0.11, abs=0.005)
    assert moved.low is not None
    assert 0.1 < moved.low < moved.value
    assert moved.n == 60
    detectable = reading.numbers["sums.rougeL.detectable"].value
    assert detectable is not None
    assert detectable < 0.01
    assert "sums better: rougeL" in reading.summary
    assert reading.tables["metrics"].rows[0][:3] == ("sums", "rougeL", 60)
    fits(reading)


def test_worse_not_shown_and_too_few() -> None:
    base = [0.5 + at / 100 for at in range(30)]
    worse = numbers_task(base, [one - 0.1 + (at % 3) / 100 for at, one in enumerate(base)])
    assert (worse.verdict, codes(worse)) == ("bad", ["worse"])
    unclear = numbers_task(base, [one + (at % 2 - 0.5) / 10 for at, one in enumerate(base)])
    assert (unclear.verdict, codes(unclear)) == ("caution", ["not_shown"])
    assert "can show a difference of" in unclear.findings[0].text
    few = numbers_task(base[:19], base[:19])
    assert (few.verdict, codes(few)) == ("not_enough", ["too_few_samples"])
    assert few.numbers["sums.rougeL.base"].value is not None
    for reading in (worse, unclear, few):
        fits(reading)


def test_right_and_wrong_by_mcnemar() -> None:
    base = [1.0] * 20 + [0.0] * 30
    tuned = [1.0] * 18 + [0.0] * 2 + [1.0] * 14 + [0.0] * 16
    reading = numbers_task(base, tuned, "exact_match")
    assert reading.numbers["sums.exact_match.mcnemar_p"].value == pytest.approx(sign_p(14, 2))
    detectable = 2.8 * ((16 + 2) / (50 + 2) / 50) ** 0.5
    assert reading.numbers["sums.exact_match.detectable"].value == pytest.approx(detectable)
    assert reading.numbers["sums.exact_match.tuned"].value == 0.64
    assert reading.verdict == "good"


def test_five_gained_and_none_lost_could_be_chance() -> None:
    """The t interval alone would call it a difference; the exact test has p = 0.0625."""
    reading = numbers_task([0.0] * 300, [1.0] * 5 + [0.0] * 295, "exact_match")
    low = reading.numbers["sums.exact_match.difference"].low
    assert low is not None
    assert low > 0
    assert codes(reading) == ["not_shown"]


def test_less_is_better() -> None:
    task = Task("errors", tuple(made_items(40)), ("wer",), lower_is_better=("wer",))
    base = [Measured({"wer": 3 + at / 10}) for at in range(40)]
    tuned = [Measured({"wer": 2.5 + at / 10 + at % 2 / 10}) for at in range(40)]
    reading = read(evidence_of(task, base, tuned), "tuned")
    assert reading.verdict == "good"
    difference = reading.numbers["errors.wer.difference"].value
    assert difference is not None
    assert difference < 0
    items = reading.tables["items"]
    assert {row[1] for row in items.rows[:20]} == {f"#{at + 1}" for at in range(1, 40, 2)}


def moods(count: int = 60) -> tuple[list[str], list[str], list[str]]:
    truth = ["good", "bad", "mixed"] * (count // 3)
    base = [one if at % 3 else "no idea" for at, one in enumerate(truth)]
    tuned = [one if at % 10 else "bad" for at, one in enumerate(truth)]
    return truth, base, tuned


def test_classification() -> None:
    truth, base, tuned = moods()
    reading = read(labelled(truth, base, tuned), "tuned")
    sklearn = pytest.importorskip("sklearn.metrics")
    names = sorted(set(truth))
    for side, said in (("base", base), ("tuned", tuned)):
        theirs = sklearn.f1_score(truth, said, labels=names, average="macro", zero_division=0)
        assert reading.numbers[f"moods.macro_f1.{side}"].value == pytest.approx(theirs)
    assert reading.numbers["moods.unparsed.base"].value == pytest.approx(1 / 3)
    assert reading.verdict == "good"
    told = finding(reading, "unparsed_labels")
    assert told.severity == "note"
    assert "tuned" not in told.text
    assert {row[1] for row in reading.tables["metrics"].rows if row[1]} == {
        "macro_f1",
        "accuracy",
        "unparsed",
    }
    matrix = reading.tables["confusion_moods"]
    assert matrix.rows[1] == ("good", 2, 18, 0, 0)
    confused = reading.tables["confused_moods"]
    assert confused.rows[0] == ("good", "(unparsed)", 20, 0)
    assert Chosen.of(confused.refs[0]) == Chosen("moods", true="good", said="", side="base")
    assert [row[0] for row in reading.tables["labels_moods"].rows] == names
    fits(reading)


def test_unparsed_and_unknown_labels() -> None:
    truth, base, tuned = moods()
    tuned = ["?" if at % 10 == 0 else one for at, one in enumerate(tuned)]
    reading = read(labelled(truth, base, tuned, labels=("good", "bad", "sad")), "tuned")
    assert finding(reading, "unparsed_labels").severity == "caution"
    told = finding(reading, "unknown_labels")
    assert told.severity == "caution"
    assert "the data holds mixed" in told.text
    assert "labels holds sad" in told.text


def test_the_same_answers_differ_in_nothing() -> None:
    truth, _, tuned = moods()
    found = label_figure("macro_f1", [(a, b, b) for a, b in zip(truth, tuned, strict=True)])
    assert found.difference is not None
    ends = found.difference.low, found.difference.high, found.se
    assert (found.difference.value, *ends) == (0.0, None, None, None)


def test_resampling_agrees_with_the_linear_form() -> None:
    """The mean has both: the percentile interval is the t interval's, nearly; and items of one
    group, drawn together, widen it."""
    chance = random.Random(3)
    pairs = [(chance.random(), chance.random() + 0.3) for _ in range(80)]
    found = mean_figure(pairs)
    assert found.difference is not None
    assert found.difference.low is not None
    assert found.se == pytest.approx(0.4 / 80**0.5, rel=0.15)
    assert found.difference.value - found.difference.low == pytest.approx(2 * found.se, rel=0.1)
    twice = mean_figure(pairs * 2, [at % 80 for at in range(160)])
    assert twice.se == pytest.approx(found.se, rel=0.1)
    assert mean_figure(pairs[:1]).difference is not None
    assert mean_figure(pairs[:1]).se is None


def test_corpus_figures_are_of_the_whole_set() -> None:
    task = Task("mt", tuple(made_items(40)), ("chrf",), rows=40)
    base = [Measured({"chrf": 50.0}, counts=(10, 10, 5 + at % 3)) for at in range(40)]
    tuned = [Measured({"chrf": 60.0}, counts=(10, 10, 7 + at % 2)) for at in range(40)]
    reading = read(evidence_of(task, base, tuned), "tuned")
    assert reading.numbers["mt.chrf.tuned"].value == pytest.approx(75.0)
    assert reading.verdict == "good"
    assert "chrf 59." in reading.summary


def test_problems_with_several_answers() -> None:
    """pass@5 of 10 samples, of which none to four passed; tuned passes two more."""
    task = Task("code", tuple(made_items(40)), ("pass_at_5", "pass_at_1"), sandbox="isolated")
    base = [
        Measured(counts=(10, at % 5), reasons={"wrong": 9 - at % 5, "timeout": 1})
        for at in range(40)
    ]
    tuned = [Measured(counts=(10, at % 5 + 2)) for at in range(40)]
    reading = read(evidence_of(task, base, tuned), "tuned")
    assert reading.verdict == "good"
    expected = sum(1 - comb(10 - c, 5) / comb(10, 5) for c in range(5)) / 5
    assert reading.numbers["code.pass_at_5.base"].value == pytest.approx(expected)
    assert reading.numbers["code.pass_at_1.tuned"].value == pytest.approx(0.4)
    assert "code.pass_at_5.mcnemar_p" not in reading.numbers
    assert "sandbox: isolated" in [row[1] for row in reading.tables["metrics"].rows]
    assert reading.tables["reasons"].rows == (("code", "wrong", 280, 0), ("code", "timeout", 40, 0))


def test_fewer_samples_than_k_are_no_figure() -> None:
    task = Task("code", tuple(made_items(40)), ("pass_at_5",))
    some = [Measured(counts=(10, 3))] * 39 + [Measured(counts=(4, 3))]
    reading = read(evidence_of(task, some, some), "tuned")
    assert codes(reading) == ["too_few_samples"]
    assert reading.numbers["code.pass_at_5.tuned"].value is None


def test_one_answer_per_problem_is_right_or_wrong() -> None:
    task = Task("code", tuple(made_items(40)), ("pass_at_1",))
    base = [Measured({"pass_at_1": float(at < 10)}) for at in range(40)]
    tuned = [Measured({"pass_at_1": float(at < 30)}) for at in range(40)]
    reading = read(evidence_of(task, base, tuned), "tuned")
    assert reading.numbers["code.pass_at_1.mcnemar_p"].value == pytest.approx(sign_p(20, 0))


def test_a_failed_metric_is_named_and_the_rest_counts() -> None:
    task = Task("own", tuple(made_items(30)), ("polite",))
    base = [Measured({"polite": at / 30}) for at in range(30)]
    tuned = [Measured({"polite": at / 30 + 0.1 + at % 2 / 50}) for at in range(30)]
    tuned[4] = Measured(error="ValueError: no such unit, mine.py line 3")
    reading = read(evidence_of(task, base, tuned), "tuned")
    told = finding(reading, "metric_failed")
    assert told.severity == "caution"
    assert "polite on 1 item of 30 (first: #5, ValueError" in told.text
    assert reading.numbers["own.polite.tuned"].n == 29
    fits(reading)


def test_work_to_be_done_waits_and_says_how_far() -> None:
    task = Task("sums", tuple(made_items(30)), ("rougeL",))
    some = [Measured({"rougeL": 0.5})] * 12
    reading = read(evidence_of(task, some, some), "tuned")
    assert reading.verdict == "waiting"
    assert reading.headline == "12 of 30 items measured"
    nothing = read(MadeEvidence(task_list=(task,)), "tuned")
    assert nothing.headline == "needs 30 items answered: sums"
    assert nothing.numbers["sums.rougeL.base"].why == "not measured yet"
    for one in (reading, nothing):
        fits(one)


def test_no_answer_is_done_and_told() -> None:
    task = Task("sums", tuple(made_items(30)), ("rougeL",))
    some = [Measured({"rougeL": at / 30}) for at in range(29)]
    lost = {"s29": Completion("c", "s29", "", "", finish="error", error="does not fit")}
    evidence = evidence_of(task, some, some, task_completions={("tuned", "sums"): lost})
    assert read(evidence, "tuned").verdict == "waiting"
    both = {("tuned", "sums"): lost, ("base", "sums"): lost}
    done = read(evidence_of(task, some, some, task_completions=both), "tuned")
    assert done.verdict == "caution"
    told = finding(done, "missing_answers")
    assert told.severity == "note"
    assert "1 of tuned's 30, 1 of base's 30 items have no answer" in told.text
    assert "tuned: does not fit, first #30" in told.text


def test_truncated_answers() -> None:
    task = Task("sums", tuple(made_items(40)), ("rougeL",))
    some = [Measured({"rougeL": at / 40}) for at in range(40)]
    cut = {f"s{at}": Completion(f"c{at}", f"s{at}", "x", "x", finish="length") for at in range(3)}
    rest = {f"s{at}": Completion(f"c{at}", f"s{at}", "x", "x") for at in range(3, 40)}
    for model, severity in (("tuned", "caution"), ("base", "note")):
        made = {(model, "sums"): cut | rest}
        reading = read(evidence_of(task, some, some, task_completions=made), "tuned")
        assert finding(reading, "truncated").severity == severity


def test_tasks_that_can_not_be_measured() -> None:
    items = tuple(made_items(30))
    refused = Task("code", items, ("pass_at_1",), refused="There is no bubblewrap.")
    reading = read(MadeEvidence(task_list=(refused,)), "tuned")
    assert (reading.verdict, codes(reading)) == ("not_enough", ["sandbox_refused"])
    fits(reading)
    broken = Task("labels", (), ("accuracy",), fault="multi-label data")
    reading = read(MadeEvidence(task_list=(broken,)), "tuned")
    assert codes(reading) == ["unreadable"]
    fits(reading)
    reading = read(MadeEvidence(), "tuned")
    assert codes(reading) == ["no_tasks"]
    fits(reading)


def test_without_a_base() -> None:
    task = Task("sums", tuple(made_items(30)), ("rougeL",))
    some = [Measured({"rougeL": at / 30}) for at in range(30)]
    reading = read(evidence_of(task, (), some, base_name=None), "tuned")
    assert codes(reading) == ["no_base"]
    assert reading.numbers["sums.rougeL.tuned"].value is not None
    assert reading.numbers["sums.rougeL.difference"].value is None
    fits(reading)


def test_categories() -> None:
    items = tuple(
        TaskItem(made_sample(at, category="even" if at % 2 == 0 else "odd"), ("x",))
        for at in range(40)
    )
    task = Task("sums", items, ("token_f1",))
    base = [Measured({"token_f1": 0.2 + at / 100}) for at in range(40)]
    tuned = [Measured({"token_f1": 0.2 + at / 100 + at % 2 / 5}) for at in range(40)]
    reading = read(evidence_of(task, base, tuned), "tuned")
    rows = {row[1]: row for row in reading.tables["by_category"].rows}
    assert rows["odd"][5] == pytest.approx(0.2)
    assert rows["even"][5] == 0.0


def test_several_tasks_in_one_sentence() -> None:
    chance = random.Random(5)
    tasks, measured = [], {}
    for name, gain in (("first", 0.2), ("second", 0.3), ("third", 0.0)):
        items = tuple(made_items(40))
        tasks.append(Task(name, items, ("rougeL",)))
        base = [chance.random() for _ in items]
        moved = [one + gain + (at % 2 - 0.5) / 5 for at, one in enumerate(base)]
        for model, some in (("base", base), ("tuned", moved)):
            values = {f"s{at}": Measured({"rougeL": one}) for at, one in enumerate(some)}
            measured[model, name] = {"rouge": MetricScores(values)}
    reading = read(MadeEvidence(task_list=tasks, measured=measured), "tuned")
    assert reading.summary == ("first and second better; third: no difference shown (40 items)")
    assert reading.verdict == "caution"
    fits(reading)


def test_hostile_names_are_cleaned() -> None:
    task = Task("sums", tuple(made_items(40)), ("mine\x1b[31m",), source="\x1b]0;x\x07.jsonl")
    some = [Measured({task.metrics[0]: at / 40}, reason="\x1b[2J") for at in range(40)]
    reading = read(evidence_of(task, some, some), "tuned")
    told = [reading.headline, reading.summary, *reading.how]
    told += [one.text for one in reading.findings]
    told += [str(cell) for table in reading.tables.values() for row in table.rows for cell in row]
    assert not any("\x1b" in text for text in told)


def test_items_worst_regression_first() -> None:
    task = Task("sums", tuple(made_items(5)), ("rougeL",))
    base = [Measured({"rougeL": 0.5})] * 5
    tuned = [Measured({"rougeL": one}) for one in (0.5, 0.9, 0.1, 0.6, 0.4)]
    found = look(evidence_of(task, base, tuned), "tuned", "base", task, significance=0.05)
    assert found.first is not None
    rows = [pair.item.sample.row for pair in by_difference(found.first)]
    assert rows == [3, 5, 1, 4, 2]


def test_every_value_of_an_own_metric_is_shown() -> None:
    task = Task("chat", tuple(made_items(40)), ("tone", "rude"), lower_is_better=("rude",))
    base = [Measured({"tone_warm": at / 40, "tone": at / 50}) for at in range(40)]
    tuned = [Measured({"tone_warm": at / 40, "tone": at / 50 + 0.1}) for at in range(40)]
    evidence = evidence_of(task, base, tuned)
    reading = read(evidence, "tuned")
    assert [row[1] for row in reading.tables["metrics"].rows] == ["tone", "tone_warm", "rude"]
    assert reading.numbers["chat.tone_warm.difference"].value == 0.0
    assert reading.numbers["chat.rude.tuned"].value is None
    assert reading.verdict == "waiting"


def test_the_items_of_a_confusion_cell() -> None:
    truth, base, tuned = moods(30)
    found = look(labelled(truth, base, tuned), "tuned", "base", task_of(truth), significance=0.05)
    assert found.first is not None
    cell = select(found, found.first, Chosen("moods", true="good", said="bad"))
    assert [pair.item.sample.row for pair in cell] == [1]
    unparsed = select(found, found.first, Chosen("moods", true="good", said="", side="base"))
    assert sorted(pair.item.sample.row for pair in unparsed) == list(range(1, 31, 3))


def task_of(truth: Sequence[str]) -> Task:
    return Task("moods", tuple(made_items(len(truth), truth)), ("macro_f1",))


# Intervals where nothing varies.
