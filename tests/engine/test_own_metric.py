"""Metrics of a person's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tui_eval.core.metrics import packages_of, rulers
from tui_eval.core.task_records import Asked, Measured, MetricOptions
from tui_eval.engine.metrics import measured
from tui_eval.engine.metrics.own import MOST_VALUES

MINE = """
import sys
import beside

def length(answer):
    return len(answer)

def near(prompt, reference, answer, item):
    return {"exact": answer == reference, "chars": abs(len(answer) - len(reference))}

def positional(a, b, c, d):
    return float((a, b, c, d["x"]) == ("p", "r", "s", 1))

def fails(answer, item):
    if item["x"] == 2:
        raise ValueError("no such unit")
    return 1

def leaves(answer):
    sys.exit(3)

def nothing(answer):
    return None

def endless(answer):
    return float("inf")

def everything(**given):
    return sorted(given) == ["answer", "item", "prompt", "reference"]

beside_too = beside.shared
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("def shared(answer): return 2\n")
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def one(path: Path | str, name: str, asked: Asked, **options: object) -> Measured:
    made = MetricOptions(metrics=(name,), own=str(path), **options)  # type: ignore[arg-type]
    return next(measured(rulers(made), [("s", asked)]))[2]


ASKED = Asked("p", ("r",), "s", {"x": 1})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("length", {"length": 1.0}),
        ("near", {"near_exact": 0.0, "near_chars": 0.0}),
        ("positional", {"positional": 1.0}),
        ("everything", {"everything": 1.0}),
        ("beside_too", {"beside_too": 2.0}),
    ],
)
def test_what_it_returns(mine: Path, name: str, values: dict[str, float]) -> None:
    before = list(sys.path)
    found = one(mine, name, ASKED)
    assert found.values == values, found.error
    assert sys.path == before


def test_the_best_reference_counts(mine: Path) -> None:
    asked = Asked("p", ("wrong", "right"), "right")
    assert one(mine, "near", asked).values == {"near_exact": 1.0, "near_chars": 0.0}
    lowest = one(mine, "near", asked, lower_is_better=("near",)).values
    assert lowest == {"near_exact": 0.0, "near_chars": 0.0}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("leaves", "SystemExit: 3, mine.py line 20"),
        ("nothing", "BadResult: it returned None, which is no number"),
        ("endless", "BadResult: it returned inf, which can't be averaged"),
        ("missing", "mine.py can't be used: LookupError: there is no function missing"),
    ],
)
def test_what_goes_wrong_is_told(mine: Path, name: str, why: str) -> None:
    assert one(mine, name, ASKED).error.startswith(why)


def test_a_failing_item_does_not_stop_the_rest(mine: Path) -> None:
    made = rulers(MetricOptions(metrics=("fails", "length"), own=str(mine)))
    asked = [(f"s{at}", Asked("", (), "abc", {"x": at})) for at in range(4)]
    found = {(sample, measure): made_ for sample, measure, made_ in measured(made, asked)}
    assert found["s2", "own_fails"].error == "ValueError: no such unit, mine.py line 16"
    assert [found[f"s{at}", "own_fails"].values for at in (0, 1, 3)] == [{"fails": 1.0}] * 3
    assert all(found[f"s{at}", "own_length"].values == {"length": 3.0} for at in range(4))


def test_a_file_with_a_fault_fails_on_each_item_and_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("x = 1\ndef broken(:\n")
    made = rulers(MetricOptions(metrics=("broken", "exact_match"), own=str(path)))
    found = {m: f for _, m, f in measured(made, [("s", Asked("", ("a",), "a"))])}
    assert found["own_broken"].error.startswith("mine.py line 2 can't be used: SyntaxError")
    assert found["squad"].values["exact_match"] == 1.0


def test_a_changed_file_is_read_again(mine: Path) -> None:
    assert one(mine, "length", ASKED).values == {"length": 1.0}
    mine.write_text("def length(answer): return 7")
    assert one(mine, "length", ASKED).values == {"length": 7.0}


def test_a_changed_file_beside_it_is_read_again(tmp_path: Path) -> None:
    path, helper = tmp_path / "mine.py", tmp_path / "weight_beside.py"
    path.write_text("from weight_beside import W\ndef weight(answer): return W\n")
    for value in (1, 2):
        helper.write_text(f"W = {value}\n")
        assert one(path, "weight", ASKED).values == {"weight": value}


def test_so_many_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def many(answer): return {f'k{n}': n for n in range(len(answer))}\n")
    assert len(one(path, "many", Asked("", (), "a" * MOST_VALUES)).values) == MOST_VALUES
    found = one(path, "many", Asked("", (), "a" * (MOST_VALUES + 1)))
    assert found.values == {}
    assert "it returned 51 values, 50 are the most" in found.error


def test_an_installed_packages_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shout.py").write_text("def shouting(answer): return answer.isupper()\n")
    info = tmp_path / "shout-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shout\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[tui_eval.metrics]\nshouting = shout:shouting\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    made = rulers(MetricOptions(metrics=("shouting",)))
    assert made["own_shouting"].how == "shouting: of the installed package shout 1.2."
    assert made["own_shouting"].measure(Asked("", (), "HI")).values == {"shouting": 1.0}
    assert packages_of(("shouting", "rouge1")) == ("shouting shout 1.2",)
    assert packages_of(("rouge1",)) == ()
