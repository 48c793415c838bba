"""Metrics by rouge-score, sacrebleu and jsonschema: equal to what those give by themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_evidence import made_sample
from tests.shared import SHARED, needs_shared
from tui_eval.core.metrics import METRICS, metric_of, passes_at, rulers
from tui_eval.core.records import Completion
from tui_eval.core.stats.corpus import FORMULAS, figure, summed
from tui_eval.core.task_records import (
    Asked,
    Measured,
    MetricOptions,
    Ruler,
    Task,
    TaskItem,
    Tokenizer,
)
from tui_eval.engine.metrics import measure_task, measured, measured_one
from tui_eval.errors import InputError

ROUGES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def summaries() -> list[tuple[str, tuple[str, ...]]]:
    """The first sentences of an abstract as answer, the human summaries as references."""
    rows = (SHARED / "summarisation" / "scitldr_a_dev_first150.jsonl").read_text().splitlines()
    made = [json.loads(row) for row in rows]
    return [(" ".join(row["source"][:2]), tuple(row["target"])) for row in made]


def measure(name: str, answer: str, *references: str, **options: object) -> Measured:
    made = MetricOptions(metrics=(name,), **options)  # type: ignore[arg-type]
    (ruler,) = rulers(made).values()
    return ruler.measure(Asked("", references, answer))


@needs_shared
@pytest.mark.parametrize("stemmer", [False, True])
def test_rouge_equals_rouge_score(stemmer: bool) -> None:
    scoring = pytest.importorskip("rouge_score.rouge_scorer")
    plain = scoring.RougeScorer(list(ROUGES[:3]), use_stemmer=stemmer)
    options = MetricOptions(metrics=ROUGES, stemmer=stemmer, tokenizer="default")
    (ruler,) = rulers(options).values()
    for answer, references in summaries()[:60]:
        found = ruler.measure(Asked("", references, answer)).values
        for kind, score in plain.score_multi(references, answer).items():
            assert found[kind] == score.fmeasure
            assert found[f"{kind}_precision"] == score.precision
            assert found[f"{kind}_recall"] == score.recall


def test_lsum_splits_sentences() -> None:
    """Two sentences told in the other order: their order counts for L only."""
    answer, reference = "The cat sat. Dogs bark loudly!", "Dogs bark loudly! The cat sat."
    found = measure("rougeLsum", answer, reference).values
    assert found["rougeLsum"] == 1.0
    assert measure("rougeL", answer, reference).values["rougeL"] == pytest.approx(0.5)
    scoring = pytest.importorskip("rouge_score.rouge_scorer")
    lines = [text.replace(". ", ".\n").replace("! ", "!\n") for text in (reference, answer)]
    assert scoring.RougeScorer(["rougeLsum"]).score(*lines)["rougeLsum"].fmeasure == 1.0


@pytest.mark.parametrize("text", ["今天天气很好。我们去公园。", "Съешь ещё этих мягких булок"])
def test_other_scripts_equal_themselves(text: str) -> None:
    found = measure("rougeL", text, text, tokenizer="unicode").values
    assert found["rougeL"] == 1.0
    assert measure("rougeL", text, text, tokenizer="default").values["rougeL"] == 0.0


def test_the_unicode_tokenizer_of_ascii_text_is_the_packages_own() -> None:
    answer, reference = "Running_fast, cats' 3.5 CATS won!", "The cats were running 3 times"
    for stemmer in (False, True):
        one = measure("rouge1", answer, reference, tokenizer="unicode", stemmer=stemmer)
        assert one == measure("rouge1", answer, reference, tokenizer="default", stemmer=stemmer)


def test_long_texts_are_cut_and_it_is_said() -> None:
    long = " ".join(f"w{place}" for place in range(400))
    found = measure("rougeL", f"{long} end", long, most_words=100)
    assert found.note == "cut to 100 words for ROUGE-L"
    assert found.values["rougeL"] == 1.0
    (ruler,) = rulers(MetricOptions(metrics=("rouge1", "rougeL"), most_words=100)).values()
    whole = ruler.measure(Asked("", (long,), f"{long} end")).values
    assert whole["rouge1_recall"] == 1.0
    assert whole["rouge1_precision"] == pytest.approx(400 / 401)
    assert not measure("rouge1", long, long, most_words=100).note


# sacrebleu


def counted(name: str, pairs: Sequence[tuple[str, tuple[str, ...]]]) -> list[Measured]:
    (ruler,) = rulers(MetricOptions(metrics=(name,), references=0)).values()
    return [ruler.measure(Asked("", references, answer)) for answer, references in pairs]


@needs_shared
@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_the_sets_figure_equals_sacrebleus(name: str) -> None:
    metrics = pytest.importorskip("sacrebleu.metrics")
    pairs = summaries()[:80]
    scorer = metrics.BLEU(force=True) if name == "bleu" else metrics.CHRF()
    longest = max(len(references) for _, references in pairs)
    streams = [
        [references[at] if at < len(references) else None for _, references in pairs]
        for at in range(longest)
    ]
    theirs = scorer.corpus_score([answer for answer, _ in pairs], streams).score
    found = counted(name, pairs)
    assert FORMULAS[name](summed([one.counts for one in found])) == pytest.approx(theirs)
    (ruler,) = rulers(MetricOptions(metrics=(name,), references=0)).values()
    assert str(scorer.get_signature()) in ruler.how


@pytest.mark.parametrize("answer", ["a b c d", "x", "", "a b"])
def test_one_answers_figure_equals_sacrebleus(answer: str) -> None:
    metrics = pytest.importorskip("sacrebleu.metrics")
    for name, scorer in (("bleu", metrics.BLEU(effective_order=True)), ("chrf", metrics.CHRF())):
        theirs = scorer.sentence_score(answer, ["a b c e f"]).score
        assert counted(name, [(answer, ("a b c e f",))])[0].values[name] == pytest.approx(theirs)


@needs_shared
@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_the_linear_interval_is_the_bootstraps(name: str) -> None:
    """Standard error by one gradient against 400 draws of whole sets."""
    import random

    rows = [one.counts for one in counted(name, summaries())]
    found = figure(FORMULAS[name], rows)
    assert found is not None
    chance = random.Random(1)
    draws = [FORMULAS[name](summed(chance.choices(rows, k=len(rows)))) for _ in range(400)]
    centre = sum(draws) / len(draws)
    drawn = (sum((one - centre) ** 2 for one in draws) / len(draws)) ** 0.5
    assert found.se == pytest.approx(drawn, rel=0.15)


# JSON Schema

SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


def test_json_schema() -> None:
    pytest.importorskip("jsonschema")
    assert measure("json_schema", '{"id": 3}', schema=SCHEMA).values == {"json_schema": 1.0}
    assert measure("json_schema", '{"id": "3"}', schema=SCHEMA).reason == "type at $.id"
    assert measure("json_schema", "{}", schema=SCHEMA).reason == "required at $"
    assert measure("json_schema", "no", schema=SCHEMA).reason == "not JSON"


def test_a_schemas_address_is_never_fetched() -> None:
    pytest.importorskip("jsonschema")
    away = {"$ref": "http://127.0.0.1:9/schema.json"}
    (ruler,) = rulers(MetricOptions(metrics=("json_schema",), schema=away)).values()
    assert "Unresolvable" in measured_one(ruler, Asked("", (), "{}")).error


@pytest.mark.parametrize("wrong", [None, {"type": 3}])
def test_a_wrong_schema_is_told(wrong: dict[str, object] | None) -> None:
    pytest.importorskip("jsonschema")
    with pytest.raises(InputError):
        rulers(MetricOptions(metrics=("json_schema",), schema=wrong))


# The table and the loop


def test_every_metric_of_the_table_measures() -> None:
    options = MetricOptions(
        metrics=tuple(METRICS), labels=("1", "2"), pattern="1", schema=SCHEMA, tokenizer="default"
    )
    found = rulers(options)
    answer = Asked("", ("1",), "1", {"tool_calls": []})
    values: dict[str, float] = {}
    for _, measure_name, one in measured(found, [("s", answer)]):
        assert not one.error, (measure_name, one.error)
        values |= one.values
    figures = {name for name, metric in METRICS.items() if metric.kind == "labels"}
    assert set(METRICS) - figures == set(values)
    assert all(metric.measure in found for metric in METRICS.values())


def test_names_beyond_the_table() -> None:
    assert passes_at("pass_at_10") == 10
    assert passes_at("pass_at_0") is None
    assert metric_of("politeness").kind == "own"
    assert not metric_of("wer", ("wer",)).higher


def test_an_item_without_a_reference_is_named_and_the_rest_goes_on() -> None:
    found = rulers(MetricOptions(metrics=("exact_match",)))
    told = list(measured(found, [("one", Asked("", (), "a")), ("two", Asked("", ("a",), "a"))]))
    assert [(sample, one.error) for sample, _, one in told] == [
        ("one", "the item has no reference"),
        ("two", ""),
    ]


def test_a_tasks_answers_are_measured_once() -> None:
    items = tuple(TaskItem(made_sample(at), (f"answer {at}",)) for at in range(4))
    task = Task("t", items, ("exact_match", "numeric"))
    answers = {f"s{at}": Completion(f"c{at}", f"s{at}", "x", f"answer {at}") for at in range(3)}
    answers["s1"] = Completion("c1", "s1", "", "", finish="error", error="does not fit")
    made = rulers(MetricOptions(metrics=task.metrics))
    found = list(measure_task(task, answers, made, known={("s0", "numeric")}))
    assert [(sample, measure) for sample, measure, _ in found] == [
        ("s0", "squad"),
        ("s2", "squad"),
        ("s2", "numeric"),
    ]
    assert all(one.values.get("exact_match", 1.0) == 1.0 for _, _, one in found)


HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "{" * 5_000,
        '{"a":' * 3_000,
        "[[[1]]]" * 500,
        "```json\n" * 300,
        "<tool_call>" * 300,
        "\ud800",
        "\x1b]0;x\x07",
        "e\u0301" * 50,
        "9" * 4_000 + "." * 50,
        "\\boxed{" * 300,
        "- " * 500,
        "\u202e\u2066abc",
        "```",
        "null",
        "1e999",
        '{"name": 3, "arguments": {}}',
    ]
)


@cache
def ready(tokenizer: Tokenizer) -> dict[str, Ruler]:
    names = tuple(name for name in METRICS if name not in ("bleu", "chrf"))
    return rulers(
        MetricOptions(
            metrics=names,
            labels=("yes", "no"),
            pattern=r"(\w+)$",
            schema=SCHEMA,
            tokenizer=tokenizer,
        )
    )


@pytest.mark.parametrize("tokenizer", ["default", "unicode"])
@given(answer=HOSTILE, reference=HOSTILE)
@settings(max_examples=20, deadline=None)
def test_whatever_a_model_wrote_is_measured(
    tokenizer: Tokenizer, answer: str, reference: str
) -> None:
    for ruler in ready(tokenizer).values():
        found = measured_one(ruler, Asked("", (reference,), answer))
        told = ("the reference holds no number", "the item's label is empty")
        assert not found.error or found.error in told, found.error
        assert all(0 <= value <= 1 for value in found.values.values())
