from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ui.fake import CURVES
from tests.ui.made import perplexity
from tui_eval.core.reading import Event, Plot
from tui_eval.ui import keys
from tui_eval.ui.spelling import spelled, spelled_keys, spelled_reading
from tui_eval.ui.terminal import to_ascii
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.rows import plain


def test_with_signs_nothing_changes() -> None:
    assert spelled("1038 → 1053") == "1038 → 1053"
    assert spelled_reading(CURVES) is CURVES


@pytest.fixture
def ascii_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


@pytest.mark.usefixtures("ascii_locale")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1038 → 1053", "1038 to 1053"),
        ("7.91 … 8.97", "7.91 to 8.97"),
        ("3 rows skipped (↵ lists)", "3 rows skipped (enter lists)"),
        ("no sign", "no sign"),
    ],
)
def test_without_signs_words_say_it(text: str, words: str) -> None:
    assert spelled(text) == words


@pytest.mark.usefixtures("ascii_locale")
def test_every_sentence_of_a_reading_is_taken_in() -> None:
    plot = Plot("p", "a → b", "curve", (), "", "", (Event(1.0, "c → d"),))
    made = spelled_reading(replace(CURVES, plots=(plot,), how=("e → f",)))
    assert made.summary.startswith("loss fell 52% (2.31 to 1.12)")
    assert (made.plots[0].title, made.plots[0].events[0].label) == ("a to b", "c to d")
    assert made.how == ("e to f",)
    assert "→" not in repr(made)


@pytest.mark.usefixtures("ascii_locale")
def test_keys_are_told_apart() -> None:
    assert spelled_keys("← →") == "left right"
    footer = {words: key for key, words in keys.footer(("enter", "cursor_left"), {})}
    assert footer == {"open": "enter", "cursor": "left right"}


@pytest.mark.usefixtures("ascii_locale")
def test_ranges_in_tables_are_no_decimal_points() -> None:
    drawn = "\n".join(plain(r) for r in Listing(perplexity().tables["models"]).draw(78, 3))
    assert "7.91 .. 8.97" in to_ascii(drawn)
