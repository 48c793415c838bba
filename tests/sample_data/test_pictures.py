"""The README's pictures: all there, inert, and without a trace of where they were made."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style

from sample_data.make import cells, pictures
from sample_data.make.cells import Frame, film, still
from tui_eval.checklist import CHECKLIST

PICTURES = Path(__file__).parents[2] / ".pictures"
NAMES = (*pictures.STILLS, "walk")
DARK = ("#16181d", "#c8ccd4")
NAMESPACE = "http://www.w3.org/2000/svg"
MOST = {"walk": 600_000}


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_there_and_inert(name: str) -> None:
    path = PICTURES / f"{name}.svg"
    text = path.read_text("utf-8")
    assert len(text.encode()) < MOST.get(name, 60_000)
    root = ElementTree.fromstring(text)
    tags = {element.tag.removeprefix(f"{{{NAMESPACE}}}") for element in root.iter()}
    assert tags <= {"svg", "style", "defs", "g", "use", "rect", "path", "text"}
    for element in root.iter():
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on")
            assert attribute != "href" or value.startswith("#")
    assert "://" not in text.replace(NAMESPACE, "")
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("name", NAMES)
def test_nothing_tells_of_the_machine(name: str) -> None:
    root = ElementTree.parse(PICTURES / f"{name}.svg")
    said = " ".join(element.text or "" for element in root.iter(f"{{{NAMESPACE}}}text"))
    assert not re.search(r"/(home|tmp|root|work|Users|var)\b", said)
    assert "root" not in said.split()


def test_every_step_has_its_picture() -> None:
    assert {entry.key for entry in CHECKLIST} <= set(pictures.STILLS)
    assert {path.stem for path in PICTURES.glob("*.svg")} == set(NAMES)


def row(text: str, **style: object) -> tuple[Segment, ...]:
    return (Segment(text, Style(**style)),)  # type: ignore[arg-type]


def test_lines_and_dots_are_shapes_and_a_hostile_text_is_text() -> None:
    made = still(Frame((row("─│▁█⠿ <script>&", color="#ff0000"),)), *DARK)
    root = ElementTree.fromstring(made)
    texts = [element.text for element in root.iter(f"{{{NAMESPACE}}}text")]
    assert texts == ["<script>&"]
    assert "─" not in made
    assert made.count("h0") == 6, "one stroke a braille dot"


def test_what_no_rule_draws_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing says"):
        still(Frame((row("╬"),)), *DARK)


def test_a_line_that_stays_is_drawn_once() -> None:
    frames = [Frame((row("same"), row(f"other {n}"))) for n in range(3)]
    made = film(frames, *DARK, dim="#888888", accent="#7dcfff")
    assert made.count(">same<") == 1
    assert made.count("<use ") == 6
    moves = re.findall(r"([\d.]+)%\{transform:translateY\(-(\d+)px\)\}", made)
    step = 2 * cells.HEIGHT + 2 * cells.MARGIN + cells.CAPTION
    assert [int(move) for _, move in moves] == [0, step, 2 * step]
