"""All candidates are read a step a turn, and only while somebody looks."""

from __future__ import annotations

from typing import Any, cast

from tests.ui.made_candidates import COMPARED, Reader, steps_of
from tui_eval.checklist import CHECKLIST
from tui_eval.ui.scene import Scene
from tui_eval.ui.survey import PAUSE, Survey, Surveying


class Counting(Reader):
    def __init__(self) -> None:
        super().__init__({})
        self.compared = COMPARED
        self.read: list[str] = []

    def reading(self, step: str, candidate: str) -> dict[str, Any]:
        if step == "curves":
            self.read.append(candidate)
        return super().reading(step, candidate)


def scene(*names: str, current: str = "") -> Scene:
    return Scene(candidate=current or names[0], candidates=names, known=True)


def turn(surveying: Surveying, reader: Counting, now: Scene) -> None:
    """As many turns as a candidate has steps."""
    for _ in CHECKLIST:
        surveying.turn(cast("Any", reader), now)


def test_nothing_is_read_while_nobody_looks() -> None:
    surveying, reader = Surveying(), Counting()
    turn(surveying, reader, scene("a", "b"))
    assert not surveying.pending
    assert reader.read == []


def test_a_step_a_turn_and_the_comparisons_at_the_end() -> None:
    surveying, reader = Surveying(), Counting()
    told: list[Survey] = []
    surveying.watch(told.append)
    now = scene("a", "b", "c", current="b")
    turn(surveying, reader, now)
    assert reader.read == ["b"]
    assert not surveying.survey.compared
    turn(surveying, reader, now)
    turn(surveying, reader, now)
    assert reader.read == ["b", "a", "c"]
    assert surveying.survey.compared
    assert surveying.survey.comparisons == COMPARED
    # In the order of eval.toml, whichever was read first.
    assert list(surveying.survey.readings) == ["a", "b", "c"]
    assert [list(one.readings) for one in told[1:4]] == [["b"], ["a", "b"], ["a", "b", "c"]]
    assert not surveying.pending
    turn(surveying, reader, now)
    assert len(reader.read) == 3


def test_what_is_read_already_is_not_read_again() -> None:
    surveying, reader = Surveying(), Counting()
    surveying.watch(lambda survey: None)
    known = {one.step: one for one in steps_of("tuned")}
    now = Scene(candidate="tuned", candidates=("tuned",), known=True, readings=known)
    turn(surveying, reader, now)
    assert reader.read == []
    assert surveying.survey.readings["tuned"] == known


def test_all_are_read_again_at_most_a_fifth_of_the_time() -> None:
    clock = [100.0]
    surveying, reader = Surveying(lambda: clock[0]), Counting()
    surveying.watch(lambda survey: None)
    now = scene("a", "b")
    turn(surveying, reader, now)
    clock[0] += 3.0
    turn(surveying, reader, now)
    surveying.outdate()
    assert not surveying.pending
    clock[0] += PAUSE * 3.0 - 0.1
    assert not surveying.pending
    clock[0] += 0.2
    assert surveying.pending
    # Whoever comes back to the table sees at once what changed.
    clock[0] -= 5.0
    surveying.watch(lambda survey: None)
    assert surveying.pending


def test_what_comes_in_meanwhile_does_not_keep_the_last_ones_from_being_read() -> None:
    surveying, reader = Surveying(), Counting()
    surveying.watch(lambda survey: None)
    for _ in range(3):
        surveying.outdate()
        turn(surveying, reader, scene("a", "b", "c"))
    assert reader.read == ["a", "b", "c"]
    assert surveying.survey.compared


def test_a_candidate_that_goes_while_it_is_read_is_left_out() -> None:
    surveying, reader = Surveying(), Counting()
    surveying.watch(lambda survey: None)
    turn(surveying, reader, scene("a", "b"))
    surveying.turn(cast("Any", reader), scene("a", "b"))
    turn(surveying, reader, scene("a"))
    assert list(surveying.survey.readings) == ["a"]
    assert surveying.survey.compared


def test_candidates_come_and_go_with_the_settings() -> None:
    surveying, reader = Surveying(lambda: 0.0), Counting()
    surveying.watch(lambda survey: None)
    for _ in range(2):
        turn(surveying, reader, scene("a", "b"))
    surveying.outdate()
    turn(surveying, reader, scene("a"))
    assert list(surveying.survey.readings) == ["a"]
    assert list(surveying.survey.decided) == ["a"]
