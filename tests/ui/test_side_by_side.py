"""The table of all candidates, its names and its cells, without an event loop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.made_candidates import ELSEWHERE, NAMES, OVERFITTED, SIGNED, TRAINED, steps_of
from tests.ui.test_scene import JOB
from tui_eval.checklist import CHECKLIST
from tui_eval.core.records import EngineStatus
from tui_eval.core.sign_off_records import Decided
from tui_eval.core.text import cells
from tui_eval.ui.scene import Scene
from tui_eval.ui.screens.side_by_side import SideBySide
from tui_eval.ui.survey import Survey, missing, rows_of
from tui_eval.ui.widgets.rows import plain, width_of
from tui_eval.ui.widgets.side_by_side import (
    DECISION,
    Candidate,
    Layout,
    candidate_lines,
    heads,
    middle_cut,
    shortened,
    told_lines,
)

STEPS = tuple(entry.key for entry in CHECKLIST)
HOSTILE = "\u05de\u05d5\u05e2\u05de\u05d3-\u202e\x1b[31m-" + "基準" * 12


def surveyed(*names: str) -> tuple[Scene, Survey]:
    read = {name: {one.step: one for one in steps_of(name)} for name in names}
    scene = Scene(candidate=names[0], candidates=names, known=True)
    return scene, Survey(read, {"tuned": Decided("deploy", SIGNED)})


def row(name: str, scene: Scene, survey: Survey, label: str = "") -> Candidate:
    read = survey.readings.get(name, {})
    steps = rows_of(scene, survey, name)
    found = [read.get(key) for key in STEPS]
    return Candidate(name, label or name, steps, found, survey.decided.get(name))


@pytest.mark.parametrize("width", [60, 80, 109, 110, 120, 160, 200])
@pytest.mark.parametrize("name", ["tuned", "overfitted", "vendor", NAMES[2], HOSTILE])
def test_every_line_fits(width: int, name: str) -> None:
    scene, survey = surveyed(name, "tuned")
    layout = Layout.of(width, [name])
    one = row(name, scene, survey, layout.labels([name])[0])
    if width >= 80:
        lines = [heads(layout, 3), *candidate_lines(one, layout, here=True)]
        assert all(width_of(line) <= width for line in lines)
        assert len({width_of(line) for line in lines}) == 1
    told = told_lines(one, 2, width, layout.wide)
    assert len(told) == len(STEPS) + 2
    assert all(width_of(line) <= width for line in told)
    assert not any("\x1b" in plain(line) or "\u202e" in plain(line) for line in told)


def test_a_cell_is_a_mark_with_a_figure_or_a_word() -> None:
    scene, survey = surveyed("tuned", "overfitted", "vendor")
    layout = Layout.of(80, ["tuned"])
    (line,) = candidate_lines(row("tuned", scene, survey), layout, here=True)
    assert plain(line).split("  ")[0].strip().startswith("▸")
    for told in ("! -52%", "✓ -39%", "! 0.31", "✓ 4.10", "… open", "✓ +0.21", "deploy"):
        assert told in plain(line)
    (line,) = candidate_lines(row("vendor", scene, survey), layout, here=False)
    assert "? n/a" in plain(line)
    assert "▸" not in plain(line)


def test_wide_lines_have_intervals_below() -> None:
    scene, survey = surveyed("tuned")
    layout = Layout.of(120, ["tuned"])
    first, second = candidate_lines(row("tuned", scene, survey), layout, here=False)
    for told in ("[37.7, 41.0]", "[0.22, 0.40]", "[3.90, 4.30]", "[0.15, 0.27]", "ana"):
        assert told in plain(second)
    assert plain(first).index("✓ -39%") == plain(second).index("[37.7")


def test_the_cursors_column_is_told_by_more_than_colour() -> None:
    layout = Layout.of(80, ["tuned"])
    assert [text for text, role in heads(layout, 1) if role.startswith("_")] == ["perpl."]
    scene, survey = surveyed("tuned")
    told = told_lines(row("tuned", scene, survey), 1, 80, wide=False)
    assert next(plain(line) for line in told if "▸" in plain(line)).startswith(" ▸ 2 Perplexity")
    told = told_lines(row("tuned", scene, survey), DECISION, 80, wide=False)
    assert "▸" in plain(told[-1])


def test_a_decision_out_of_date_says_what_changed() -> None:
    scene, survey = surveyed("tuned")
    stale = Decided("hold", SIGNED, changed=("the weights", "the prompt"))
    one = row("tuned", scene, Survey(survey.readings, {"tuned": stale}))
    assert "out of date: the weights, the prompt" in plain(told_lines(one, 0, 120, True)[-1])
    (line,) = candidate_lines(one, Layout.of(80, ["tuned"]), here=False)
    assert "! hold" in plain(line)


def test_what_runs_for_a_candidate_shows_in_its_row() -> None:
    scene, survey = surveyed("vendor", "tuned")
    job = replace(JOB, args={"candidate": "vendor", "split": "validation"}, state="running")
    scene = replace(scene, jobs=(job,), engine=EngineStatus("working", pid=1))
    states = {one.key: one.state for one in rows_of(scene, survey, "vendor")}
    assert states["overfitting"] == "running"
    assert "running" not in {one.state for one in rows_of(scene, survey, "tuned")}


def test_not_read_yet_is_looking() -> None:
    scene, _ = surveyed("tuned", "other")
    assert {one.state for one in rows_of(scene, Survey(), "other")} == {"looking"}


def test_comparisons_are_not_called_none_before_they_are_looked_for() -> None:
    scene, survey = surveyed("tuned", "other")
    table = SideBySide(scene, 0.05)
    for known, words in ((False, "blind comparisons …"), (True, "no blind comparisons")):
        table.show(scene, replace(survey, compared=known))
        assert words in plain(table.lines(80, 20)[0])


def test_names_of_one_family_stay_apart() -> None:
    made = shortened(NAMES, 14)
    assert len(set(made)) == len(NAMES)
    assert all(cells(name) <= 14 for name in made)
    assert made[0] == "tuned"
    assert middle_cut("base_with_the_best_prompt", 14) == "base_wit…rompt"


@given(st.lists(st.text(min_size=1, max_size=50), max_size=8), st.integers(8, 40))
def test_shortened_names_fit(names: list[str], width: int) -> None:
    assert all(cells(name) <= width for name in shortened(names, width))


def test_what_is_missing_is_asked_for_once() -> None:
    scene, survey = surveyed("tuned", "overfitted", "vendor")

    def idle(candidate: str, verb: str, split: str) -> str:
        return "no model" if verb == "score" else ""

    found = missing(scene, survey, idle)
    asked = [(verb, args["candidate"], args["split"]) for verb, args in found.jobs]
    assert len(asked) == len(set(asked))
    assert ("generate", "tuned", "validation") in asked
    assert ("measure", "vendor", "task") in asked
    assert not any(verb == "score" for verb, _, _ in asked)
    assert found.candidates == 3
    assert found.seconds is None


def test_how_long_it_takes_is_told_by_the_last_ones() -> None:
    scene, survey = surveyed("tuned")
    times = {"started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:02:00+00:00"}
    done = replace(JOB, verb="generate", state="done",
                   args={"candidate": "x", "split": "validation"}, **times)  # fmt: skip
    found = missing(replace(scene, jobs=(done,)), survey, lambda *_: "")
    assert [verb for verb, _ in found.jobs] == ["generate"]
    assert found.seconds == 120


def test_nothing_is_missing() -> None:
    scene = Scene(candidate="a", candidates=("a",), known=True)
    good = {one.step: one for one in (*TRAINED[:4], OVERFITTED[4], TRAINED[5])}
    assert missing(scene, Survey({"a": good}), lambda *_: "").jobs == []
    assert ELSEWHERE[0].verdict == "not_enough"
