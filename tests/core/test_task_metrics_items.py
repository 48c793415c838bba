"""The items behind step 6's figures: which a row opens, and what an open blind A/B keeps back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, compared, heard
from tests.core.test_task_metrics_step import evidence_of, labelled, moods
from tui_eval.core.records import Completion, Message
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.steps.task_metrics_blind import Known, is_telling, kept_back
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.core.steps.task_metrics_items import detail, listed
from tui_eval.core.steps.task_metrics_matrix import MOST
from tui_eval.core.task_records import Measured, MetricScores, Task, TaskItem


def items_of(evidence: MadeEvidence, chosen: Chosen) -> list[str]:
    found = listed(evidence, "tuned", chosen)
    assert found is not None
    return list(found.table.refs)


def test_a_row_names_its_items_and_survives_any_label() -> None:
    for label in ("", "a:b", '"\x1b[31m', "→", "{}"):
        chosen = Chosen("t:1", true=label, said="", side="base")
        assert Chosen.of(chosen.ref) == chosen
    assert Chosen.of(Chosen("t").ref) == Chosen("t")


def test_every_row_opens_as_many_items_as_it_counts() -> None:
    truth, base, tuned = moods()
    evidence = labelled(truth, base, tuned)
    reading = read(evidence, "tuned")
    counted = {
        "metrics": lambda row: row[2],
        "labels_moods": lambda row: row[1],
        "confused_moods": lambda row: row[3] or row[2],
    }
    for key, count in counted.items():
        table = reading.tables[key]
        for row, ref, opens in zip(table.rows, table.refs, table.opens, strict=True):
            assert opens == "note" or len(items_of(evidence, Chosen.of(ref))) == count(row), (
                key,
                row,
            )
    reasons = reading.tables["reasons"]
    assert len(items_of(evidence, Chosen.of(reasons.refs[0]))) == 20


def test_cells_of_the_matrix_hold_what_the_plot_counts() -> None:
    truth, base, tuned = moods()
    evidence = labelled(truth, base, tuned)
    (plot,) = read(evidence, "tuned").plots
    labels = [one.name for one in plot.series if one.role == "tuned"]
    for series in plot.series:
        side = "base" if series.role == "base" else "tuned"
        for said, count in zip(labels, series.y, strict=True):
            chosen = Chosen("moods", true=series.name, said=said, side=side)  # type: ignore[arg-type]
            assert len(items_of(evidence, chosen)) == count


def test_of_many_labels_the_most_confused_are_drawn() -> None:
    truth = [f"label {at:03}" for at in range(100)] * 3
    tuned = [truth[at - 1] if at % 100 in (40, 41, 42) else one for at, one in enumerate(truth)]
    (plot,) = read(labelled(truth, truth, tuned, labels=tuple(truth[:100])), "tuned").plots
    labels = [one.name for one in plot.series if one.role == "tuned"]
    assert len(labels) == MOST
    assert {"label 039", "label 040", "label 041", "label 042"} <= set(labels)
    assert plot.notes == (f"{MOST} worst of 100, n of all",)


def test_one_item_with_both_answers() -> None:
    item = TaskItem(made_sample(0), ("right",))
    task = Task("code", (item,), ("pass_at_1", "pass_at_2"))
    base = Measured(counts=(2, 0), reasons={"timeout": 1, "wrong": 1})
    texts = {
        ("base", "code"): {"s0": Completion("b", "s0", "x", "one")},
        ("tuned", "code"): {"s0": Completion("t", "s0", "x", "two")},
    }
    evidence = evidence_of(task, [base], [Measured(counts=(2, 1))], task_completions=texts)
    found = detail(evidence, "tuned", "code", "s0")
    assert found is not None
    assert [(one.side, one.text) for one in found.said] == [("base", "one"), ("tuned", "two")]
    # Of two samples one passed: one of two is sure to.
    assert found.values == (("pass_at_1", 0.0, 0.5), ("pass_at_2", 0.0, 1.0))
    assert detail(evidence, "tuned", "code", "gone") is None
    assert detail(evidence, "tuned", "gone", "s0") is None


def test_without_a_base_there_is_no_column_of_it() -> None:
    truth, _, tuned = moods()
    evidence = replace(labelled(truth, tuned, tuned), base_name=None)
    found = listed(evidence, "tuned", Chosen("moods"))
    assert found is not None
    assert not {"base", "difference", "base_said"} & {one.key for one in found.table.columns}
    one = detail(evidence, "tuned", "moods", "s0")
    assert one is not None
    assert [said.side for said in one.said] == ["tuned"]


# An open blind A/B.


def overlapping(*judges: Judge, pairs: int = 4) -> MadeEvidence:
    """A task on the rows of which blind A/B compares the first four."""
    rows = [made_sample(at) for at in range(10)]
    asked = compared(4, *heard(*judges), samples=rows[:4], settings={"blind_ab.pairs": pairs})
    # The task asks them in its own words, so its items have ids of their own.
    items = tuple(TaskItem(replace(row, id=f"t{row.id}"), ("x",)) for row in rows)
    task = Task("sums", items, ("rougeL",))
    scores = {f"ts{at}": Measured({"rougeL": at / 10}) for at in range(10)}
    measured = {(m, "sums"): {"rouge": MetricScores(scores)} for m in ("base", "tuned")}
    return replace(asked, task_list=(task,), measured=measured)


def judge(*, unblind: bool) -> Judge:
    made = Judge().pairs(4)
    for at in range(4):
        made.vote(at, "t")
    made.finish()
    if unblind:
        made.unblind()
    return made


@pytest.mark.parametrize("judges", [(), (judge(unblind=False),)], ids=["not begun", "judged"])
def test_what_an_open_comparison_asks_is_kept_back(judges: tuple[Judge, ...]) -> None:
    evidence = overlapping(*judges)
    found = listed(evidence, "tuned", Chosen("sums"))
    assert found is not None
    assert found.table.refs == tuple(f"ts{at}" for at in range(4, 10))
    assert "4 items not listed" in found.kept
    assert read(evidence, "tuned").tables["items"].refs == found.table.refs
    one = detail(evidence, "tuned", "sums", "ts1")
    assert one is not None
    assert (one.kept, one.said, one.values) == (True, (), ())
    other = detail(evidence, "tuned", "sums", "ts7")
    assert other is not None
    assert not other.kept


def test_unblinding_opens_it() -> None:
    evidence = overlapping(judge(unblind=True))
    assert len(items_of(evidence, Chosen("sums"))) == 10


def test_nothing_is_kept_where_nobody_is_to_compare_or_the_data_is_other() -> None:
    nobody = overlapping(pairs=0)
    assert len(items_of(nobody, Chosen("sums"))) == 10
    kept = kept_back(overlapping(), "tuned", "base")
    other = Task("other", (TaskItem(made_sample(1)), TaskItem(made_sample(40))), ())
    assert kept(other) == {"s1"}


def reworded() -> MadeEvidence:
    """Four of thirty items are those of the comparison under other ids and another template;
    the first two are known by their prompt, the others by their answers alone."""
    rows = [
        made_sample(at, messages=(Message("user", f"How is the weather on day {at}?"),))
        for at in range(4)
    ]
    said = {at: f"Base says that it rains on day {at}." for at in range(4)}
    asked = compared(4, samples=rows, base=said)
    made = asked.datasets["validation"].samples
    items, answers = [], {}
    for at in range(30):
        asks = (Message("user", f"Another wording, number {at}."),)
        row = made_sample(at, messages=asks, row=at + 100)
        fields = {"question": f"Answer: {made[at].prompt} Now!"} if at < 2 else {}
        row = replace(row, id=f"t{at}", folded_prompt=f"p{at}", category=f"c{at}")
        items.append(TaskItem(row, ("x",), fields))
        text = f"an answer of its own, number {at}"
        answers[row.id] = Completion(f"b{at}", row.id, text, text)
    for at in (2, 3):
        known = asked.completions["base"][f"s{at}"].answer
        answers[f"t{at}"] = replace(answers[f"t{at}"], answer=f" {known.upper()}\n")
    task = Task("tmpl", tuple(items), ("rougeL",))
    right = {one.sample.id: Measured({"rougeL": at / 30}) for at, one in enumerate(items)}
    failed = {**right, "t3": Measured(error="can't read: 'base says'")}
    measured = {
        ("base", "tmpl"): {"rouge": MetricScores(failed)},
        ("tuned", "tmpl"): {"rouge": MetricScores(right)},
    }
    texts = {("base", "tmpl"): answers}
    return replace(asked, task_list=(task,), measured=measured, task_completions=texts)


def test_answers_that_are_compared_blind_are_kept_under_any_template() -> None:
    evidence = reworded()
    kept = kept_back(evidence, "tuned", "base")
    assert kept(evidence.task_list[0]) == {"t0", "t1", "t2", "t3"}
    assert items_of(evidence, Chosen("tmpl")) == [f"t{at}" for at in range(4, 30)]


def test_no_figure_is_made_with_an_item_that_is_kept() -> None:
    """A category of one would tell who was right, the failure what was answered."""
    reading = read(reworded(), "tuned")
    shown = {row[1] for row in reading.tables["by_category"].rows}
    assert not shown & {"c0", "c1", "c2", "c3"}
    assert reading.numbers["tmpl.rougeL.base"].n == 26
    told = {one.code: one for one in reading.findings}
    assert "metric_failed" not in told
    assert "4 items left out" in told["kept_back"].text
    assert told["kept_back"].severity == "note"


def test_a_task_of_which_too_few_are_left_waits_for_the_unblinding() -> None:
    (found,) = (one for one in read(overlapping(), "tuned").findings if one.code == "kept_back")
    assert found.severity == "not_enough"
    assert "until the blind A/B is unblinded" in found.text
    assert "kept_back" not in {one.code for one in read(overlapping(pairs=0), "tuned").findings}


def test_how_many_are_kept_is_told_of_the_task_and_not_of_a_cell() -> None:
    evidence = reworded()
    found = listed(evidence, "tuned", Chosen("tmpl", category="c9"))
    assert found is not None
    assert found.kept.startswith("4 items")
    assert "1 item" in found.title


def test_short_answers_are_known_by_standing_together() -> None:
    """Under other ids and another template; one short answer alone is of many questions."""
    asked = compared(4, tuned={1: "Oslo", 2: "Rome"}, base={1: "Bergen", 2: "Pisa"})
    said = {"tuned": ("oslo ", "Rome"), "base": ("Bergen", "Bern")}
    rows = [made_sample(at, messages=(Message("user", f"ask {at}"),), row=99 + at) for at in (1, 2)]
    items = tuple(
        TaskItem(replace(row, id=f"t{at}", folded_prompt=""), (f"answer {at}",))
        for at, row in enumerate(rows, 1)
    )
    task = Task("tmpl", items, ("exact_match",))
    texts = {
        (model, "tmpl"): {
            f"t{at}": Completion(f"{model}{at}", f"t{at}", text, text)
            for at, text in enumerate(some, 1)
        }
        for model, some in said.items()
    }
    evidence = replace(asked, task_list=(task,), task_completions=texts)
    assert kept_back(evidence, "tuned", "base")(task) == {"t1"}


# Texts in other words' clothes.


@pytest.mark.parametrize(
    "other",
    [
        "What stands beside the river Isar ?",
        "  what stands  beside\u00a0the river Isar",
        "WHAT STANDS BESIDE THE RIVER ISAR?!",
        "Q: What stands beside the river Isar?\nA:",
        "(What stands, beside the river \u201cIsar\u201d)",
    ],
)
def test_a_prompt_is_known_under_other_punctuation_and_in_a_template(other: str) -> None:
    known = Known(["What stands beside the river Isar?"])
    assert known.has(other) or known.within(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2+2", "2-2"), ("1.5", "15"), ("12+3", "1+23"), ("Oslo", "Oslos"), ("-1", "1"), ("", "?")],
)
def test_short_texts_are_not_taken_for_each_other(one: str, other: str) -> None:
    known = Known([one])
    assert not known.has(other)
    assert not known.within(f"in a text with {one} and more")


def test_short_texts_are_known_without_what_stands_around_words() -> None:
    assert Known(["Lima."]).has("(lima)")
    assert Known(["+-+-+-+-+-+-+-+-+-+-+-"]).within("say: +-+-+-+-+-+-+-+-+-+-+- ok")
    assert not Known(["+-+-+-+-+-+-+-+-+-+-+-"]).within("say: +- ok")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6), st.text(), st.text())
def test_a_long_text_is_found_in_whatever_stands_around_it(
    texts: list[str], before: str, after: str
) -> None:
    known = Known(texts)
    for one in texts:
        if one.strip():
            assert known.has(one)
            if is_telling(one):
                assert known.within(f"{before} {one} {after}")


def test_a_comparison_that_no_facts_tell_of_is_known_by_its_answers() -> None:
    """A journal from elsewhere: the plan names completions, and these are here."""
    evidence = replace(overlapping(judge(unblind=False)), settings={"blind_ab.pairs": 0})
    assert len(items_of(evidence, Chosen("sums"))) == 6
    kept = kept_back(replace(evidence, base_name=None), "tuned", None)
    assert kept(evidence.task_list[0]) == {f"ts{at}" for at in range(4)}
