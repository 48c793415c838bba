"""What was said before a model was trained again is kept, once, and held against now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files.made_history import Trained
from tui_eval.core import history as pure
from tui_eval.core.history import Earlier, Told
from tui_eval.core.reading import Number, Reading
from tui_eval.errors import StoreError
from tui_eval.files import history
from tui_eval.files.signing import sign
from tui_eval.store.workspace import Workspace


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    made = Trained.at(tmp_path / "w")
    made.score(3.0, "base")
    made.score(2.0)
    return made


@pytest.fixture
def workspace(trained: Trained) -> Iterator[Workspace]:
    opened = trained.workspace()
    yield opened
    opened.close()


def remember(trained: Trained, workspace: Workspace) -> bool:
    workspace.catch_up()
    found = trained.readings(workspace)
    return history.remember(workspace, trained.config, "tuned", found, trained.cache)


def changes(trained: Trained, workspace: Workspace) -> tuple[Earlier, ...]:
    workspace.catch_up()
    found = trained.readings(workspace)
    return history.changes(workspace, trained.config, "tuned", found, trained.cache)


def test_a_retrained_model_stands_beside_what_it_was(
    trained: Trained, workspace: Workspace
) -> None:
    assert remember(trained, workspace)
    assert changes(trained, workspace) == (), "nothing is earlier than now"
    trained.train(7)
    trained.score(2.5)
    (earlier,) = changes(trained, workspace)
    assert earlier.changed == ("the adapter of tuned changed",)
    then, now = (getattr(earlier.steps["perplexity"], when) for when in ("then", "now"))
    assert then.numbers["tuned"].value < now.numbers["tuned"].value
    assert then.numbers["base"].value == pytest.approx(now.numbers["base"].value)
    words = earlier.steps["perplexity"].words
    assert words.startswith("good: 39.35% lower")
    assert "; was good: 63.21% lower" in words
    assert [one.step for one in earlier.different] == ["perplexity"]


def test_new_weights_are_held_against_the_old_ones_as_pairs(
    trained: Trained, workspace: Workspace
) -> None:
    remember(trained, workspace)
    trained.train(7)
    trained.score(2.5)
    (earlier,) = changes(trained, workspace)
    assert earlier.paired is not None
    ratio = earlier.paired.ratio
    # The same noise on both sides: half a nat everywhere, and an interval without width.
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1.6487, 1.6487, 1.6487), abs=1e-4)
    told = "perplexity 64.9% higher [64.9, 64.9] than then, on the same 40 samples"
    assert earlier.paired.words == told


def test_the_same_is_not_said_twice(trained: Trained, workspace: Workspace) -> None:
    assert [remember(trained, workspace) for _ in range(3)] == [True, False, False]
    trained.train(7)
    assert not remember(trained, workspace), "nothing was computed of the new weights"
    trained.score(2.5)
    assert remember(trained, workspace)
    assert len(history.recorded(workspace, "tuned")) == 2


def test_weights_that_come_back_find_their_own_evaluation(
    trained: Trained, workspace: Workspace
) -> None:
    remember(trained, workspace)
    trained.train(7)
    trained.score(2.5)
    remember(trained, workspace)
    trained.train(3)
    assert not remember(trained, workspace), "it was said of these weights"
    (earlier,) = changes(trained, workspace)
    assert earlier.told.readings["perplexity"].summary.startswith("21.")


def test_what_was_read_is_kept_for_the_weights_that_it_was_read_of(
    trained: Trained, workspace: Workspace
) -> None:
    found = trained.readings(workspace)
    on = history.ground(workspace, trained.config, "tuned", trained.cache)
    trained.train(7)
    assert history.remember(workspace, trained.config, "tuned", found, trained.cache, on)
    (earlier,) = changes(trained, workspace)
    assert earlier.told.losses == on.losses != ""
    assert earlier.changed == ("the adapter of tuned changed",)


def test_two_at_once_write_it_once(trained: Trained) -> None:
    start = threading.Barrier(4)
    written: list[bool] = []

    def one() -> None:
        opened = trained.workspace()
        found = trained.readings(opened)
        start.wait(30)
        written.append(history.remember(opened, trained.config, "tuned", found, trained.cache))
        opened.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    opened = trained.workspace()
    assert (written.count(True), len(history.recorded(opened, "tuned"))) == (1, 1)
    assert opened.faults() == ()
    opened.close()


def test_what_cannot_be_written_breaks_nothing(
    trained: Trained, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_name: str) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr(workspace, "facts", full)
    assert not remember(trained, workspace)
    assert changes(trained, workspace) == ()


def test_without_the_index_nothing_is_lost(trained: Trained, workspace: Workspace) -> None:
    remember(trained, workspace)
    before = history.recorded(workspace, "tuned")
    workspace.close()
    for path in workspace.state_dir.glob("index.db*"):
        path.unlink()
    opened = trained.workspace()
    assert history.recorded(opened, "tuned") == before
    assert len(before) == 1
    opened.close()


def test_a_decision_stands_with_what_it_was_signed_on(
    trained: Trained, workspace: Workspace
) -> None:
    remember(trained, workspace)
    found = trained.readings(workspace)
    sign(workspace, trained.config, "tuned", "ana", "hold", "", found, trained.cache)
    trained.train(7)
    trained.score(2.5)
    (earlier,) = changes(trained, workspace)
    assert earlier.decision is not None
    assert (earlier.decision.decision, earlier.decision.by) == ("hold", "ana")


def told(at: int, standing: dict[str, str]) -> Told:
    return Told("tuned", f"2026-11-{at:02d}T10:00:00Z", standing, {})


def test_a_fingerprint_that_could_not_be_taken_makes_no_other_standing() -> None:
    here = {"tuned.weights": "a", "base.weights": "b"}
    elsewhere = {"base.weights": "b"}
    other = {"tuned.weights": "c", "base.weights": "b"}
    records = [told(1, other), told(2, other), told(3, here), told(4, elsewhere)]
    assert pure.lasts(records, here) == (records[1],)


def test_a_record_of_another_version_is_read_as_far_as_it_goes() -> None:
    body = {
        "steps": {
            "perplexity": {"verdict": "splendid", "numbers": {"tuned": [5.0], "base": "x"}},
            "telepathy": {"verdict": "good"},
            "curves": 3,
        },
        "standing": {"a": "b", "c": 4},
        "at": None,
    }
    read = pure.told_of("tuned", body)
    assert (tuple(read.readings), read.standing, read.at) == (("perplexity",), {"a": "b"}, "")
    perplexity = read.readings["perplexity"]
    assert perplexity.verdict == "not_enough"
    assert perplexity.numbers == {"tuned": Number(5.0), "base": Number(None)}


def test_a_record_is_what_it_was_written_as() -> None:
    numbers = {"improvement": Number(1 / 3, 0.3, 0.4, 60, "rate"), "samples": Number(60)}
    reading = Reading("perplexity", "tuned", "good", "h", "s", "rival", numbers=numbers)
    small = pure.small(reading)
    assert small.numbers == {"improvement": Number(0.333333333, 0.3, 0.4, 60, "rate")}
    one = Told("tuned", "2026", {"a": "b"}, {"perplexity": small}, "k", "0.1")
    assert pure.told_of("tuned", pure.body_of(one)) == one
