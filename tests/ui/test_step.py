"""A step's pane, driven by keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.panes import OneStep
from tests.ui.made import (
    HOSTILE,
    IDLE,
    NOT_STARTED,
    RUNNING,
    WORKING,
    curves,
    perplexity,
)
from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.ui import keys
from tui_eval.ui.screens.step import StepPane, progress_line
from tui_eval.ui.widgets.reading_view import number_rows
from tui_eval.ui.widgets.rows import plain

SMALL, LARGE, ROOMY = (80, 20), (85, 36), (165, 56)


async def press(pilot: Pilot[Any], *names: str) -> None:
    await pilot.press(*names)
    await pilot.pause()


def cleanly(text: str) -> bool:
    """Whether no character is one that a terminal obeys."""
    return not any(
        (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066" for c in text
    )


# The order of the eye.


@pytest.mark.parametrize("size", [SMALL, LARGE, ROOMY, (60, 11)])
@pytest.mark.parametrize("reading", [curves(), perplexity()], ids=["curves", "perplexity"])
async def test_the_verdict_stands_first_then_the_summary_then_the_reasons(
    reading: Reading, size: tuple[int, int]
) -> None:
    app = OneStep(reading)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = app.pane.text().splitlines()
        assert lines[0].startswith((" ! caution  loss fell 52%", " ✓ good  8.42 → 5.10"))
        body = "\n".join(lines)
        assert body.index(reading.findings[0].text[:30]) < body.index("view 1 of")
        assert all(len(line) <= size[0] for line in lines)


async def test_curves_at_80_by_24_show_result_plot_and_readout() -> None:
    app = OneStep(curves())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        lines = app.pane.text().splitlines()
        assert any("◆" in line and "┤" in line for line in lines)
        assert lines[-1].startswith(" step 1,500  epoch 3.00  train ")
        assert "validation" in lines[-1]
        assert lines[-1].rstrip().endswith("lr 1.3e-7")


async def test_perplexity_at_80_by_24_shows_all_of_its_parts() -> None:
    app = OneStep(perplexity())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        text = app.pane.text()
        order = ["✓ good", "perplexity  95% interval", "● tuned", "◂ better", "worst regressions",
                 "▸ #5"]  # fmt: skip
        places = [text.index(part) for part in order]
        assert places == sorted(places)
        assert "billing       -44%" in text or "billing" in text.split("by category")[1]


async def test_more_room_brings_numbers_and_a_second_view() -> None:
    app = OneStep(curves())
    async with app.run_test(size=LARGE) as pilot:
        await pilot.pause()
        assert "eval best" in app.pane.text()
    app = OneStep(perplexity())
    async with app.run_test(size=ROOMY) as pilot:
        await pilot.pause()
        text = app.pane.text()
        assert "by category" in text
        assert "below the diagonal" in text
        assert "better share" in text


# States in words.


async def test_not_started_says_what_it_will_answer_and_which_key_starts_it() -> None:
    app = OneStep(NOT_STARTED)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        text = app.pane.text()
        assert text.startswith(" · not started  600 validation samples")
        assert "It will answer: is it less confused" in text
        assert "r starts the work" in text
        assert "run" in app.pane.footer


async def test_running_shows_progress_that_stays_in_its_place() -> None:
    places = set()
    for done, speed, eta in ((8.0, 4.0, 148.0), (412.0, 38.0, 12.0), (600.0, 1041.0, 0.0)):
        line = plain(progress_line(replace(RUNNING, done=done, speed=speed, eta=eta), WORKING, 78))
        assert len(line) == 78
        places.add((line.index("of 600 samples"), line.rindex("left")))
    assert len(places) == 1
    app = OneStep(replace(perplexity(n=412), verdict="waiting"), RUNNING, WORKING)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        lines = app.pane.text().splitlines()
        assert lines[0].startswith(" ▸ running")
        assert "412 of 600 samples" in lines[-1]
        assert "12 s left" in lines[-1]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "scoring failed: out of memory"),
        ("interrupted", "scoring was interrupted: 412 of 600 samples are kept; r goes on"),
        ("cancelled", "scoring was cancelled: 412 of 600 samples are kept; r goes on"),
    ],
)
async def test_work_that_stopped_says_why_and_what_to_press(state: Any, words: str) -> None:
    job = replace(RUNNING, state=state, error="out of memory\x1b[2J")
    app = OneStep(NOT_STARTED, job)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        text = app.pane.text()
        assert words in text
        assert cleanly(text)
        assert "r " in text


async def test_a_lost_engine_is_told_where_the_progress_was() -> None:
    line = plain(progress_line(RUNNING, replace(WORKING, state="lost"), 78))
    assert "the engine stopped in the middle" in line
    queued = plain(progress_line(replace(RUNNING, state="queued"), replace(IDLE, state="starting"),
                                 78))  # fmt: skip
    assert queued == "… scoring: engine starting"


async def test_before_anything_is_read_it_says_that_it_looks() -> None:
    app = OneStep(None)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert app.pane.text().strip() == "Looking at the files."
        assert "how" not in app.pane.footer


async def test_many_reasons_are_counted_and_stand_in_a_view_of_their_own() -> None:
    findings = tuple(
        Finding(f"f{n}", "note" if n < 5 else "bad", f"reason {n} " + "and so on " * 12)
        for n in range(7)
    )
    app = OneStep(perplexity(findings=findings))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        lines = app.pane.text().splitlines()
        heads = [line[:11] for line in lines[1:5]]
        assert (heads[0], *heads[2:]) == (" ✗ reason 5", " ✗ reason 6", "   5 more r")
        assert heads[1].startswith("   ")
        assert lines[2].endswith("and so on")
        await press(pilot, "V")
        text = app.pane.text()
        assert all(f"reason {n}" in text for n in range(5))
        assert "reasons and numbers" in text
        await press(pilot, "G")
        assert "better share" in app.pane.text()
        assert "nothing was measured" in app.pane.text()


async def test_the_end_of_the_gravest_reason_is_read_beside_a_plot_and_all_in_full() -> None:
    gravest = (
        "Validation loss was best at step 8 (1.42) and is 68% worse since (2.39 at step 200): "
        "judge checkpoint-8"
    )
    others = tuple(Finding(f"f{n}", "note", f"other {n} " + "and more " * 9) for n in range(3))
    reading = replace(curves(), findings=(Finding("peak", "bad", gravest), *others))
    app = OneStep(reading)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "judge checkpoint-8" in app.pane.text()
        assert any("┤" in line for line in app.pane.text().splitlines())
        await press(pilot, "V")
        assert "…" not in app.pane.text()


def test_a_long_note_of_a_number_wraps_below_itself() -> None:
    why = "no training rows were scored, and without them there is nothing to hold it against"
    lines = [plain(row) for row in number_rows({"gap": Number(None, why=why)}, 50)]
    assert len(lines) > 1
    assert all(len(line) <= 50 for line in lines)
    assert why in " ".join(" ".join(lines).split())


# Keys.


async def test_plot_keys_move_zoom_smooth_and_change_axes() -> None:
    app = OneStep(curves())
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "left")
        assert "step 1,480" in app.pane.text()
        await press(pilot, "shift+left", "+")
        assert "zoom 2x" in app.pane.text()
        await press(pilot, "minus", "s")
        assert "smoothed 0.8" in app.pane.text()
        await press(pilot, "S", "S", "l", "x")
        text = app.pane.text()
        assert "smoothed" not in text
        assert "loss  log" in text
        assert text.splitlines()[-3].rstrip().endswith("epoch")
        await press(pilot, "x", "x", "n", "N", "N")
        assert "▴ " in app.pane.text() or "┴ epoch" in app.pane.text()


async def test_views_go_round_and_the_key_line_follows() -> None:
    app = OneStep(perplexity())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert app.pane.footer[0] == "enter"
        seen = []
        for _ in app.pane.views.views:
            assert app.pane.views.view is not None
            seen.append(app.pane.views.view.key)
            await press(pilot, "v")
        assert len(set(seen)) == len(seen) == 7
        assert app.pane.views.at == 0
        await press(pilot, "V", "V")
        assert "cursor_left" in app.pane.footer
        assert "filter" not in app.pane.footer


async def test_the_key_line_names_only_keys_that_do_something() -> None:
    bound = {binding.id for binding in StepPane.BINDINGS if not isinstance(binding, tuple)}
    assert all(hasattr(StepPane, f"action_{name}") for name in bound)
    app = OneStep(curves(points=1, evals=0))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert set(app.pane.footer) <= set(keys.BY_ID)
        assert not {"smooth_more", "next_event", "run"} & set(app.pane.footer)


async def test_enter_opens_the_sample_under_the_cursor() -> None:
    app = OneStep(perplexity())
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "j", "j", "enter")
        assert app.opened == ["sample-2"]
        await press(pilot, "G", "enter", "g", "space", "k", "enter")
        assert app.opened[1] == "sample-49"
        assert len(app.opened) == 3


async def test_a_filter_is_typed_in_place_and_escape_ends_it() -> None:
    app = OneStep(perplexity())
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "/", *"refunds", "space", *"jq")
        assert app.pane.text().splitlines()[-1].startswith(" / refunds jq▏")
        await press(pilot, "backspace", "backspace", "enter")
        last = app.pane.text().splitlines()[-1]
        assert "esc shows all" in last
        assert last.rstrip().endswith("10 of 50")
        await press(pilot, "j", "enter")
        assert app.opened == ["sample-8"]
        await press(pilot, "escape")
        assert "of 50 · overview" in app.pane.text()


async def test_copy_gives_summary_reasons_and_numbers_as_clean_text() -> None:
    app = OneStep(perplexity(foreign=HOSTILE))
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "y")
        (copied,) = app.copied
        assert copied.startswith("✓ good  8.42 → 5.10")
        assert "improvement  39.4%  [37.7, 41.0]  n = 600" in copied
        assert cleanly(copied)


async def test_new_readings_leave_view_cursor_and_zoom_alone() -> None:
    app = OneStep(perplexity())
    async with app.run_test(size=SMALL) as pilot:
        await press(pilot, "j", "j", "j")
        app.pane.show(perplexity(n=601), None, IDLE)
        await pilot.pause()
        assert app.pane.views.listing is not None
        assert app.pane.views.listing.ref == "sample-3"
        await press(pilot, "v")
        app.pane.show(NOT_STARTED, None, IDLE)
        await pilot.pause()
        assert "not started" in app.pane.text()


@pytest.mark.parametrize("size", [SMALL, LARGE, ROOMY, (60, 11), (20, 3)])
async def test_no_text_from_outside_reaches_the_terminal_raw(size: tuple[int, int]) -> None:
    findings = (Finding("x", "bad", HOSTILE * 3), Finding("y", "caution", "z" * 200_000))
    app = OneStep(perplexity(foreign=HOSTILE, findings=findings, rows=8))
    async with app.run_test(size=size) as pilot:
        for _ in range(8):
            await press(pilot, "v")
            assert cleanly(app.pane.text())
            shown = "".join(segment.text for strip in app.screen._compositor.render_strips()
                            for segment in strip)  # fmt: skip
            assert cleanly(shown)


async def test_a_remedy_on_a_line_of_its_own_is_told_in_one_sentence() -> None:
    error = "train.jsonl was changed while it was read.\nStart it again with r."
    failed = replace(RUNNING, verb="measure", state="failed", error=error)
    app = OneStep(replace(perplexity(), verdict="waiting"), failed)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "while it was read. Start" in " ".join(app.pane.text().split())
        assert "⏎" not in app.pane.text()
