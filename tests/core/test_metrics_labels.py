"""Labels read from answers, and the report over them."""

from __future__ import annotations

import csv
import random

import pytest

from tests.core.made_evidence import made_sample
from tests.shared import SHARED, needs_shared
from tui_eval.core.metrics import labels, settle
from tui_eval.core.records import TokenLoss
from tui_eval.core.stats.classification import AVERAGES, Report, matrix, report
from tui_eval.core.task_records import Asked, MetricOptions, TaskItem
from tui_eval.errors import InputError

MOODS = ("positive", "negative", "very_negative")


def read(answer: str, rule: str = "first", **options: object) -> tuple[str, str]:
    made = MetricOptions(labels=MOODS, label_rule=rule, **options)  # type: ignore[arg-type]
    found = labels.ruler(made).measure(Asked("", ("positive",), answer))
    assert found.label is not None
    return found.label, found.reason


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("Positive", "positive"),
        ("It is Very Negative, not positive.", "very_negative"),
        ("nonpositive", ""),
        ("**negative**", "negative"),
        ("I can't say", ""),
        ("", ""),
    ],
)
def test_the_first_label_named(answer: str, label: str) -> None:
    assert read(answer)[0] == label


def test_labels_without_spaces_between_words() -> None:
    made = MetricOptions(labels=("正面", "负面"))
    assert labels.ruler(made).measure(Asked("", ("负面",), "这是负面的评论")).label == "负面"


def test_other_rules() -> None:
    assert read("' Positive. '", "exact") == ("positive", "")
    assert read("It is positive", "exact") == ("", labels.UNKNOWN)
    assert read("Label: negative\nLabel: positive", "regex", pattern=r"Label: (\w+)")[0] == (
        "positive"
    )
    assert read("nothing", "regex", pattern=r"Label: (\w+)") == ("", "no match")
    nested = 'Sure! {"out": {"mood": "Very negative"}}'
    assert read(nested, "json", json_field="out.mood") == ("very_negative", "")
    assert read('{"mood": ["positive"]}', "json", json_field="mood")[1] == (
        "several values in the field"
    )
    assert read('{"tone": 1}', "json", json_field="mood") == ("", "no such field")


def test_unparsed_is_never_right() -> None:
    made = MetricOptions(labels=MOODS)
    found = labels.ruler(made).measure(Asked("", ("unheard",), "hm"))
    assert found.values == {"accuracy": 0.0, "unparsed": 1.0}


@pytest.mark.parametrize("wrong", [(), ("a_b", "A b"), ("a", "-")])
def test_labels_that_cannot_be_told_apart(wrong: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        labels.ruler(MetricOptions(labels=wrong))


def test_the_likeliest_label() -> None:
    """Hand-computed: -log of .5 in one token, of .6 times .6 in two."""
    losses = {
        "no": TokenLoss("s", 0.6931 + 0.1, 2, 2, end_nll=0.1, end_tokens=1),
        "perhaps": TokenLoss("s", 1.0217 + 3.0, 3, 7, end_nll=3.0, end_tokens=1),
        "broken": TokenLoss("s", 0.0, 0, 0, error="does not fit"),
    }
    assert labels.likeliest(losses) == "no"
    assert labels.likeliest(losses, normalised=True) == "perhaps"
    assert labels.likeliest({}) == labels.UNPARSED


def items(*references: tuple[str, ...]) -> list[TaskItem]:
    return [TaskItem(made_sample(place), said) for place, said in enumerate(references)]


def test_labels_of_the_data() -> None:
    options = MetricOptions(metrics=("macro_f1",))
    found = settle.settled(options, items(("b",), ("a",), ("B ",)))
    assert found.labels == ("a", "b")
    with pytest.raises(InputError, match="several labels"):
        settle.settled(options, items(("a",), ("a", "b")))
    many = items(*((str(place),) for place in range(600)))
    with pytest.raises(InputError, match="no labels"):
        settle.settled(options, many)


def test_the_tokenizer_follows_the_references() -> None:
    options = MetricOptions(metrics=("rouge1", "bleu"))
    french = items(("a café near the old harbour of Nantes",))
    assert settle.settled(options, french).tokenizer == "default"
    assert settle.settled(options, items(("привет",))).tokenizer == "unicode"
    chinese = settle.settled(options, items(("你好世界", "您好")))
    assert (chinese.tokenizer, chinese.bleu_tokenizer, chinese.references) == ("unicode", "zh", 2)


# Against scikit-learn


def compare(true: list[str], said: list[str]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = report(zip(true, said, strict=True))
    names = list(found.labels)
    for average in AVERAGES:
        scores = metrics.precision_recall_fscore_support(
            true, said, labels=names, average=average, zero_division=0
        )
        for what, value in zip(("precision", "recall", "f1"), scores, strict=False):
            assert found.figure(f"{average}_{what}") == pytest.approx(value, abs=1e-12)
    each = metrics.precision_recall_fscore_support(true, said, labels=names, zero_division=0)
    ours = [(one.precision, one.recall, one.f1, one.support) for one in found.per_label]
    assert ours == [pytest.approx(row) for row in zip(*each, strict=True)]
    assert found.figure("accuracy") == pytest.approx(metrics.accuracy_score(true, said))
    assert found.figure("kappa") == pytest.approx(metrics.cohen_kappa_score(true, said))
    assert found.figure("mcc") == pytest.approx(metrics.matthews_corrcoef(true, said))
    every = sorted({*true, *said})
    theirs = metrics.confusion_matrix(true, said, labels=every).tolist()
    assert [list(row) for row in matrix(found, every)] == theirs


@needs_shared
def test_the_report_equals_scikit_learns() -> None:
    """Real labels, answers that a seeded hand made wrong or took away."""
    with (SHARED / "classification" / "banking77_test.csv").open(newline="") as file:
        true = [row["category"] for row in csv.DictReader(file)][:1500]
    chance, names = random.Random(0), sorted(set(true))
    for wrong in (0.0, 0.3, 0.9):
        said = [
            chance.choice([*names[:20], ""]) if chance.random() < wrong else one for one in true
        ]
        compare(true, said)


def test_small_reports_equal_scikit_learns() -> None:
    compare(["a", "b", "a", "c"], ["a", "a", "", "x"])
    compare(["a", "a", "b"], ["b", "b", "b"])


def test_a_report_of_nothing() -> None:
    assert Report({}).figure("macro_f1") is None
    assert report([("a", "a")]).figure("kappa") is None
    assert report([("a", "a")]).figure("mcc") == 0.0
