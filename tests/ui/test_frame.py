from __future__ import annotations

from dataclasses import replace

import pytest
from textual.screen import Screen

from tests.ui.apps.panes import Themed
from tests.ui.fake import ABOUT, painted
from tests.ui.test_scene import SCENE
from tui_eval.core.records import EngineStatus, Job
from tui_eval.core.text import cells
from tui_eval.ui import keys
from tui_eval.ui.scene import rows
from tui_eval.ui.screens.checklist import COLUMN, column, page
from tui_eval.ui.themes import load
from tui_eval.ui.widgets.drawn import Line, changed_region, paint
from tui_eval.ui.widgets.frame import Engine, key_line, names_line, step_line

PALETTE = load().palettes["dark"]
NAMED = replace(SCENE, about=ABOUT)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize("width", [24, 40, 50, 80, 200])
def test_names_fit_whatever_the_engine_leaves_them(width: int) -> None:
    line = text(names_line(NAMED, width))
    assert cells(line) <= max(width - 1, 29)
    assert "○" in line
    assert "●" in line


def test_the_base_gives_way_before_the_candidate() -> None:
    line = text(names_line(NAMED, 56))
    assert "lora r16 checkpoint-1500" in line
    assert "Qwen2.5-7B-Instruct" not in line


def test_several_candidates_say_which_this_is() -> None:
    two = replace(NAMED, candidates=("tuned", "other"))
    assert "● 1/2 tuned, lora r16 checkpoint-1500" in text(names_line(two, 120))


@pytest.mark.parametrize(
    "name", ["基準モデル" * 8, "\u05de\u05d5\u05e2\u05de\u05d3" * 8, "x" * 200]
)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_which_of_how_many_is_never_cut(name: str, width: int) -> None:
    about = replace(NAMED.about, tuned=name, base=name, name=name)
    names = tuple(f"support-bot-lora-r16-alpha32-epoch-{n}-seed" for n in range(8))
    line = text(
        names_line(replace(NAMED, about=about, candidate=names[2], candidates=names), width)
    )
    assert "● 3/8 " in line
    assert cells(line) < width


def test_the_second_line_has_six_steps_with_a_mark_each() -> None:
    line = text(step_line(rows(SCENE), "curves"))
    assert line == (" 1 curves !  2 perplexity ·  3 overfitting ·  4 review ·  5 A/B ·  6 tasks ·")
    assert cells(line) < 80


def test_the_key_line_keeps_help_and_leave() -> None:
    pairs = keys.footer(["run", "again", "how", "settings", "commands", "help", "leave"], {})
    for width in (60, 80, 120):
        line = text(key_line(pairs, width))
        assert cells(line) <= width
        assert line.rstrip().endswith("? help  q leave")
        assert line.startswith(" r run")


@pytest.mark.parametrize("width", [60, 80, 119])
def test_the_checklist_fits_its_width(width: int) -> None:
    lines = [line for block in page(NAMED, width, "curves") for line in block.lines]
    assert max(cells(text(line)) for line in lines) <= 80
    assert len(lines) <= 20


def test_the_column_fits_its_width() -> None:
    lines = [line for block in column(NAMED, COLUMN, "curves") for line in block.lines]
    assert max(cells(text(line)) for line in lines) <= COLUMN


def test_a_line_is_cut_and_padded_to_its_width() -> None:
    assert paint([("日本語", "text")], 5, PALETTE).text == "日本…"
    assert paint([("ab", "good")], 5, PALETTE).text == "ab   "


def test_blanks_cost_no_sequence_of_their_own() -> None:
    strip = paint([(" ", "text"), ("ab", "good"), ("  ", "text"), ("c", "good")], 9, PALETTE)
    assert len(list(strip)) == 1


def test_a_reversed_row_keeps_its_blanks_apart() -> None:
    ansi = load().palettes["ansi"]
    strip = paint([("a", "good"), ("  ", "text")], 5, ansi, cursor=True)
    assert strip.text == "a    "
    assert all(segment.style is not None and segment.style.reverse for segment in strip)


def test_only_the_cells_that_differ_are_repainted() -> None:
    before = paint([("loss ", "dim"), ("1.31", "good"), (" nats", "dim")], 40, PALETTE)
    after = paint([("loss ", "dim"), ("1.29", "good"), (" nats", "dim")], 40, PALETTE)
    region = changed_region(before, after, 3)
    assert (region.y, region.height) == (3, 1)
    assert region.x >= 5
    assert region.right <= 9
    assert not changed_region(before, before, 3)


async def test_what_changed_under_another_screen_is_shown_when_that_closes() -> None:
    app = Themed()
    async with app.run_test(size=(40, 5)) as pilot:
        engine = Engine()
        await app.mount(engine)
        engine.show(SCENE)
        await pilot.pause()
        await app.push_screen(Screen())
        job = Job("j", "tokens", {}, "queued", "")
        engine.show(replace(SCENE, jobs=(job,), engine=EngineStatus("idle")))
        await pilot.pause()
        engine.show(replace(SCENE, jobs=(), engine=EngineStatus("idle")))
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
        assert painted(app).split("\n")[0].strip() == "idle"
