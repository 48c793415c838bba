"""Earlier evaluations on a page of their own, and when the app keeps what it said."""

from __future__ import annotations

from tests.ui import fake
from tests.waiting import until
from tui_eval.core import history
from tui_eval.core.history import Earlier, Paired, Told
from tui_eval.core.reading import Number, Reading
from tui_eval.core.sign_off_records import SignOff
from tui_eval.core.stats.intervals import Interval
from tui_eval.ui.app import EvalApp
from tui_eval.ui.scene import Scene
from tui_eval.ui.screens.history import EarlierPage, items
from tui_eval.ui.widgets import first_hint
from tui_eval.ui.widgets.rowlist import Item

THEN = {
    "perplexity": Reading(
        "perplexity",
        "tuned",
        "good",
        "8.42 → 4.10, 51.3% lower",
        "8.42 → 4.10, 51.3% lower [49.7, 53.0], n = 600 samples",
        numbers={
            "improvement": Number(0.513, 0.497, 0.53, 600, "rate"),
            "tuned": Number(4.1, 3.9, 4.3, 600),
        },
    )
}
NOW = {
    "perplexity": Reading(
        "perplexity",
        "tuned",
        "caution",
        "8.42 → 8.40: no difference shown",
        "8.42 → 8.40: no difference shown, n = 600 samples",
        numbers={
            "improvement": Number(0.002, -0.01, 0.014, 600, "rate"),
            "tuned": Number(8.4, 8.2, 8.6, 600),
        },
    )
}


def earlier(**fields: object) -> Earlier:
    told = Told("tuned", "2026-11-20T12:00:00.000Z", {"tuned.adapter": "a"}, THEN, "k", "0.1")
    given = {
        "changed": ("the adapter of tuned changed",),
        "steps": history.steps_of(THEN, NOW),
        "paired": Paired(Interval(2.05, 1.9, 2.2, 600), "perplexity"),
        **fields,
    }
    return Earlier(told, **given)  # type: ignore[arg-type]


def texts(made: list[Item]) -> list[str]:
    return ["".join(text for text, _ in one.line).rstrip() for one in made]


def test_a_row_each_with_what_changed_below() -> None:
    lines = texts(items(Scene(candidate="tuned", readings=NOW, known=True), [earlier()], 76))
    assert lines[0].split() == [
        "when", "curves", "perpl.", "gap", "review", "A/B", "tasks", "decision",
    ]  # fmt: skip
    assert "! -0.2%" in lines[1]
    assert lines[2] == ""
    assert "20 Nov" in lines[3]
    assert "✓ -51%" in lines[3]
    assert lines[4].endswith("since then the adapter of tuned changed")
    assert (
        lines[5].strip() == "perplexity 2.05 [1.90, 2.20] times what it was then, on the same 600"
    )


def test_one_whole_tells_then_and_now() -> None:
    signed = SignOff("tuned", "deploy", "ana\x1b[31m", "ana@gpu", "2026-11-20T13:00:00Z", "go")
    lines = texts(EarlierPage(earlier(decision=signed)).made(100))
    whole = "\n".join(lines)
    assert "\x1b" not in whole
    assert "signed deploy of it" in whole
    assert "  then  ✓ good        8.42 → 4.10, 51.3% lower [49.7, 53.0], n = 600 samples" in lines
    assert "  now   ! caution     8.42 → 8.40: no difference shown, n = 600 samples" in lines
    figures = next(line for line in lines if line.split()[:1] == ["tuned"])
    assert figures.split(maxsplit=1)[1] == "4.10 [3.90, 4.30]       8.40 [8.20, 8.60]"


def test_nothing_is_said_to_differ_from_half_of_the_work() -> None:
    now = {"perplexity": fake.PERPLEXITY_OPEN}
    lines = texts(EarlierPage(earlier(steps=history.steps_of(THEN, now))).made(100))
    assert not [line for line in lines if line.split()[:1] == ["tuned"]]


async def test_the_page_opens_from_the_checklist_and_shows_one_whole() -> None:
    reader = fake.FakeReader({"curves": fake.CURVES, **NOW})
    reader.before = (earlier(),)
    app = EvalApp(fake.start(), reader=lambda: reader)
    app.settings = first_hint.closed(app.settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await fake.shows(pilot, "1 evaluation before this, the last 20 Nov: e compares")
        await pilot.press("e")
        await fake.shows(pilot, "since then the adapter of tuned changed")
        await pilot.press("j", "enter")
        await fake.shows(pilot, "as it was 20 Nov 2026")
        await pilot.press("escape", "k", "enter")
        await fake.shows(pilot, "● lora r16 checkpoint-1500")
        assert reader.remembered == ["tuned"], "once, for nothing changed"
    assert app.looker is not None
    app.looker.stop(wait=30)
    until(lambda: reader.remembered == ["tuned", "tuned"])


async def test_without_anything_earlier_the_page_says_what_will_be_there() -> None:
    app = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await fake.shows(pilot, "Prompt")
        assert "Earlier" not in screen
        await pilot.press("e")
        await fake.shows(pilot, "Nothing earlier is kept")
