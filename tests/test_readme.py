"""The README's tables are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

from tui_eval.commands.parsers import PARSERS
from tui_eval.ui import keys

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def between(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", README, re.S)
    assert match, name
    return match[1]


def test_the_keys_are_those_of_the_table() -> None:
    assert between("keys") == keys.markdown()


def test_every_command_is_told() -> None:
    for name in PARSERS:
        assert f"`tui-eval {name}" in README


def test_the_figures_are_there() -> None:
    assert "| measure |" in between("figures")
