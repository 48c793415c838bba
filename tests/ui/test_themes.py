from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from tui_eval.paths import shipped
from tui_eval.ui import themes

SHIPPED = themes.load(Path("/nonexistent")).palettes
RGB = [palette for palette in SHIPPED.values() if not palette.ansi]


def test_four_themes_ship_and_none_has_a_fault() -> None:
    assert themes.load(Path("/nonexistent")).problems == ()
    assert tuple(SHIPPED) == themes.SHIPPED


@pytest.mark.parametrize("palette", RGB, ids=lambda palette: palette.name)
@pytest.mark.parametrize("ground", ["background", "cursor"])
def test_whatever_is_read_stands_out(palette: themes.Palette, ground: str) -> None:
    for role in ("text", "dim", "accent", "base", "tuned", *themes.VERDICTS):
        ratio = themes.contrast(palette.color(role), palette.color(ground))
        assert ratio >= 4.5, f"{role} on {ground}: {ratio:.2f}"


def test_sixteen_colours_are_the_terminals_own() -> None:
    palette = SHIPPED[themes.SIXTEEN]
    for role in themes.ROLES:
        if palette.colors[role] != themes.REVERSE:
            assert palette.color(role).ansi is not None
    assert palette.style("good", cursor=True).reverse


def test_base_and_tuned_differ_from_each_other_and_from_the_verdicts() -> None:
    for palette in SHIPPED.values():
        assert palette.colors["base"] != palette.colors["tuned"]


@pytest.mark.parametrize("name", ["dark", "light", "ansi"])
def test_what_a_theme_inherits_is_the_shipped_file(name: str) -> None:
    palette = themes.read(shipped("themes") / f"{name}.toml")
    assert palette.colors == themes._inherited(palette.dark, palette.ansi)


def test_contrast_is_that_of_wcag() -> None:
    black, white, grey = Color(0, 0, 0), Color(255, 255, 255), Color(119, 119, 119)
    assert themes.contrast(black, white) == pytest.approx(21)
    # The standard's own example: #777 on white is just below 4.5.
    assert themes.contrast(grey, white) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "Invalid"),
        ("[colors]\ngood = 'greenish'", "is not a colour"),
        ("[colors]\ngood = 3", "is not a colour"),
        ("[colors]\nverygood = '#ffffff'", "no role is called verygood"),
        ("ansi = true\n[colors]\ngood = '#ffffff'", "use ansi_green"),
        ("[colors]\ngood = 'ansi_green'", "use #7fbf7f"),
        ("dark = 1", "true or false"),
        ("colors = 1", "must be a table"),
        ("name = '\x1b[2J'", "invalid character"),
    ],
)
def test_a_bad_file_is_named_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    loaded = themes.load(tmp_path)
    assert set(loaded.palettes) == set(SHIPPED)
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith("mine.toml: ")
    assert reason in loaded.problems[0]


def test_a_file_that_is_no_text_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    assert themes.load(tmp_path).problems == ("mine.toml: not UTF-8 text",)


def test_a_persons_theme_needs_only_what_it_changes(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\n[colors]\naccent = "#ff00ff"\n')
    mine = themes.load(tmp_path).palettes["mine"]
    assert mine.colors["accent"] == "#ff00ff"
    assert mine.colors["good"] == SHIPPED["dark"].colors["good"]


def test_a_persons_theme_wins_over_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text('[colors]\naccent = "#ff00ff"\n')
    assert themes.load(tmp_path).palettes["dark"].colors["accent"] == "#ff00ff"
