"""Themes are data: TOML files that ship in ``themes/`` and a person's own beside them.

A file has a ``name``, ``dark``, ``ansi`` (the colours are the terminal's own 16) and a
table ``[colors]`` with the roles of ``ROLES``; a role that is left out is taken from the
shipped dark or light theme. A file that can't be used is listed with its reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.style import Style as RichStyle
from textual.color import Color, ColorParseError
from textual.theme import Theme

from tui_eval.core.text import clean
from tui_eval.paths import config_home, shipped

if TYPE_CHECKING:
    from textual.app import App

ROLES = (
    "background",
    "cursor",
    "rule",
    "text",
    "dim",
    "accent",
    "base",
    "tuned",
    "good",
    "caution",
    "bad",
    "not_enough",
)
VERDICTS = ("good", "caution", "bad", "not_enough")
DEFAULT, SIXTEEN = "dark", "ansi"
SHIPPED = (DEFAULT, "high-contrast", "light", SIXTEEN)
"""In the order in which they are offered, a person's own after them."""
REVERSE = "reverse"
"""As ``cursor``: the row under the cursor swaps its colours."""


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as the styles that widgets draw with."""

    name: str
    dark: bool
    ansi: bool
    colors: Mapping[str, str]
    _styles: dict[tuple[str, bool], RichStyle] = field(default_factory=dict, repr=False)

    def style(self, role: str = "text", *, cursor: bool = False) -> RichStyle:
        """A role's style on the background, or on the cursor's row. A role ending in ``!``
        is bold, one starting with ``~`` reversed, with ``_`` underlined (``~_`` both); an
        unknown role is plain text."""
        key = (role, cursor)
        if key not in self._styles:
            self._styles[key] = self._made(role, cursor)
        return self._styles[key]

    def color(self, role: str) -> Color:
        value = self.colors[role]
        return Color.parse(self.colors["text"] if value == REVERSE else value)

    def _made(self, role: str, cursor: bool) -> RichStyle:
        name = role.strip("!~_")
        swapped = cursor and self.colors["cursor"] == REVERSE
        # One bar in one colour: each role's own would make patches of it.
        foreground = self.color(name if name in self.colors and not swapped else "text")
        ground = self.color("cursor" if cursor and not swapped else "background")
        return RichStyle(
            color=foreground.rich_color,
            bgcolor=ground.rich_color,
            bold=role.endswith("!") or None,
            underline=role.lstrip("~").startswith("_") or None,
            reverse=(swapped != role.startswith("~")) or None,
        )

    def theme(self) -> Theme:
        """The same for Textual, so that its widgets and ``app.tcss`` know the roles."""
        colors = {**self.colors}
        if colors["cursor"] == REVERSE:
            colors["cursor"] = colors["dim"]
        return Theme(
            name=self.name,
            dark=self.dark,
            ansi=self.ansi,
            primary=colors["accent"],
            secondary=colors["base"],
            accent=colors["accent"],
            success=colors["good"],
            warning=colors["caution"],
            error=colors["bad"],
            foreground=colors["text"],
            background=colors["background"],
            surface=colors["background"],
            panel=colors["background"],
            boost=colors["background"],
            variables={role.replace("_", "-"): colors[role] for role in ROLES[1:]}
            | {
                "row": colors["cursor"],
                # Textual's own sheet asks a theme of terminal colours for this one.
                "ansi-background": colors["background"],
                "scrollbar": colors["rule"],
                "scrollbar-hover": colors["rule"],
                "scrollbar-active": colors["dim"],
                "scrollbar-background": colors["background"],
                "scrollbar-corner-color": colors["background"],
                "input-cursor-background": colors["text"],
                "input-cursor-foreground": colors["background"],
                "input-cursor-text-style": "none",
                "input-selection-background": colors["rule"],
                "border": colors["rule"],
                "border-blurred": colors["rule"],
            },
        )


def palette_of(app: App[Any]) -> Palette:
    """The palette of the theme that ``app`` shows; the default for an app of other making
    (a test of one widget)."""
    known: Mapping[str, Palette] = getattr(app, "palettes", {})
    return known.get(app.theme) or _builtin()


@dataclass(frozen=True, slots=True)
class Themes:
    palettes: Mapping[str, Palette]
    problems: tuple[str, ...] = ()
    """``FILE: reason`` of every file that could not be used; cleaned."""


def load(own: Path | None = None) -> Themes:
    """The shipped themes and a person's own, which win over shipped ones of their name."""
    own = own or config_home() / "themes"
    palettes: dict[str, Palette] = {}
    problems: list[str] = []
    for file in (*_files(shipped("themes")), *_files(own)):
        try:
            palette = read(file)
        except ValueError as error:
            problems.append(clean(f"{file.name}: {error}"))
        else:
            palettes[palette.name] = palette
    ordered = {name: palettes.pop(name) for name in SHIPPED if name in palettes} | palettes
    return Themes(ordered or {DEFAULT: _builtin()}, tuple(problems))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:
        return []


def read(file: Path) -> Palette:
    """One theme; ``ValueError`` says what is wrong with it."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8 text") from error
    name = data.get("name", file.stem)
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name must be a text")
    dark, ansi = data.get("dark", True), data.get("ansi", False)
    if not isinstance(dark, bool) or not isinstance(ansi, bool):
        raise ValueError("dark and ansi must be true or false")
    colors = data.get("colors", {})
    if not isinstance(colors, dict):
        raise ValueError("[colors] must be a table")
    _check(colors, ansi)
    return Palette(clean(name, limit=40), dark, ansi, {**_inherited(dark, ansi), **colors})


def _check(colors: Mapping[str, object], ansi: bool) -> None:
    for role, value in colors.items():
        if role not in ROLES:
            raise ValueError(f"no role is called {role}; the roles are {', '.join(ROLES)}")
        if role == "cursor" and value == REVERSE:
            continue
        try:
            color = Color.parse(value) if isinstance(value, str) else None
        except ColorParseError:
            color = None
        if color is None or color.a != 1:
            raise ValueError(f"{role} = {value!r} is not a colour such as #7fbf7f")
        if (color.ansi is not None) != ansi:
            wanted = "ansi_green" if ansi else "#7fbf7f"
            raise ValueError(f"{role} = {value!r}: with ansi = {str(ansi).lower()}, use {wanted}")


def _inherited(dark: bool, ansi: bool) -> Mapping[str, str]:
    if ansi:
        return _ANSI
    return _DARK if dark else _LIGHT


def _table(*colors: str) -> dict[str, str]:
    return dict(zip(ROLES, colors, strict=True))


# The same as the shipped files (a test compares them): what a theme leaves out, and what is
# shown when the files themselves are gone.
_DARK = _table("#16181d", "#23262e", "#3a3f4b", "#c8ccd4", "#8b93a0", "#7dcfff", "#9aa5ce",
               "#f2a65a", "#7fbf7f", "#e0af68", "#e06c75", "#7aa2f7")  # fmt: skip
_LIGHT = _table("#fbfaf7", "#ebe8df", "#cfcabd", "#2b2f36", "#626772", "#0b5ea8", "#4a56a6",
                "#a84e00", "#23702f", "#805b00", "#b3261e", "#2b5fb8")  # fmt: skip
_ANSI = _table("ansi_black", REVERSE, "ansi_white", "ansi_bright_white", "ansi_white",
               "ansi_bright_cyan", "ansi_bright_blue", "ansi_bright_magenta",
               "ansi_bright_green", "ansi_bright_yellow", "ansi_bright_red",
               "ansi_bright_blue")  # fmt: skip


@cache
def _builtin() -> Palette:
    return Palette(DEFAULT, True, False, _DARK)


def contrast(one: Color, other: Color) -> float:
    """WCAG 2 contrast ratio, 1 to 21. Source: w3.org/TR/WCAG22, "contrast ratio"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    channels = []
    for value in color.rgb:
        c = value / 255
        channels.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
