"""The first hint: there for who is new, gone for ever by one key, never in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui import fake
from tests.ui.fake import painted, shows
from tui_eval.ui import settings
from tui_eval.ui.app import EvalApp
from tui_eval.ui.scene import About
from tui_eval.ui.screens.checklist import Checklist
from tui_eval.ui.settings import Settings
from tui_eval.ui.widgets import first_hint
from tui_eval.ui.widgets.first_hint import FirstHint

CLOSES = "x closes this for ever"


def new_here(about: About = fake.ABOUT) -> EvalApp:
    app = fake.app(about=about)
    app.settings = Settings()
    return app


@pytest.fixture
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


async def test_one_key_closes_it_for_ever(own_config: Path) -> None:
    app = new_here()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shows(pilot, "system prompt: none")
        assert "r computes" in screen
        assert CLOSES in screen, "above a checklist that is whole"
        await pilot.press("1")
        assert CLOSES not in await shows(pilot, "2.31 → 1.12")
        await pilot.press("x")
        await pilot.press("escape")
        await shows(pilot, CLOSES)
        await pilot.press("x")
        await pilot.pause()
        assert CLOSES not in painted(app)
    assert settings.load()[0].closed_hints == (first_hint.NAME,)
    assert first_hint.first_hint(EvalApp(fake.start())) is None


async def test_it_takes_no_line_from_a_full_checklist() -> None:
    about = replace(
        fake.ABOUT, data=tuple(f"the {n}th file, of which much is told " for n in range(9))
    )
    app = new_here(about)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "3th file")
        checklist = app.screen.query_one(Checklist)
        assert checklist.size.height == 24 - first_hint.FRAME - 1
        assert app.screen.query_one(FirstHint).size.height == 1
        assert CLOSES in painted(app)


async def test_what_cannot_be_remembered_is_said_and_closed(own_config: Path) -> None:
    (own_config / "tui-eval").write_text("a file where the folder would be")
    app = new_here()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, CLOSES)
        await pilot.press("x")
        await shows(pilot, "not remembered")
        assert not app.screen.query(FirstHint)


def test_keys_are_told_as_they_are_now() -> None:
    line = first_hint._line((("run", "computes"), ("close_hint", "closes")), {"run": ("f5",)}, 80)
    assert "".join(text for text, _ in line) == " f5 computes  x closes"
