"""The report in three formats: its structure, and that no text of anybody's does anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from tests.files import made_report
from tests.files.made_report import HARMLESS, HOSTILE
from tui_eval.core.reading import Column, Plot, Series, Table
from tui_eval.core.text import clean
from tui_eval.files import report
from tui_eval.files.report import as_json
from tui_eval.files.report.gather import Material
from tui_eval.files.report.markdown_text import fenced, inline, start

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys or a reader can't see; a newline is neither."""


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Material]:
    """The same report of harmless texts and of such that mean harm."""
    made = {}
    for name, text in (("harmless", HARMLESS), ("hostile", HOSTILE)):
        place = made_report.workspace(tmp_path_factory.mktemp(name) / "w", text)
        made_report.judged(place, judge="Bo <i>|`x`</i>" if text == HOSTILE else "bo")
        made[name] = made_report.with_readings(made_report.gathered(place), text)
    return made


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed and was not open"

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        (self.scripts if inside == "script" else self.texts).append(data)


def test_a_hostile_text_is_a_text_in_html(materials: dict[str, Material]) -> None:
    page = Page(report.text(materials["hostile"], "html"))
    assert not page.open, "every element is closed"
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    for tag, attributes in page.elements:
        assert tag not in {"img", "a:", "iframe", "object", "link", "form", "input", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src"):
                assert (value or "").startswith("#"), value
    assert clean(HOSTILE) in "".join(page.texts)


def test_a_hostile_text_changes_nothing_of_the_page(materials: dict[str, Material]) -> None:
    """But for how wide its words are, both pages have the same elements in the same order."""
    plain, hostile = (
        [tag for tag, _ in Page(report.text(materials[name], "html")).elements if tag in KEPT]
        for name in ("harmless", "hostile")
    )
    assert plain == hostile


KEPT = frozenset(
    {"html", "head", "meta", "title", "style", "script", "body", "header", "nav", "main", "ol",
     "section", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "dl", "details", "summary", "table",
     "caption", "figure", "svg", "pre", "blockquote", "footer"}
)  # fmt: skip


@pytest.mark.parametrize("format", list(report.FORMATS))
def test_nothing_that_a_terminal_obeys_is_in_a_report(
    format: str, materials: dict[str, Material]
) -> None:
    text = report.text(materials["hostile"], format)
    assert not OBEYED.search(text)
    text.encode("utf-8")


def test_the_page_allows_itself_nothing_but_its_own_style_and_script(
    materials: dict[str, Material],
) -> None:
    page = Page(report.text(materials["harmless"], "html"))
    policy = next(
        a["content"] or ""
        for tag, a in page.elements
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not any("style" in attributes for _, attributes in page.elements)
    assert ("html", {"lang": "en"}) in page.elements


def test_a_page_can_be_gone_about_without_eyes(materials: dict[str, Material]) -> None:
    page = Page(report.text(materials["harmless"], "html"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids)), "every id is there once"
    for tag, attributes in page.elements:
        if tag == "a":
            assert (attributes["href"] or "").removeprefix("#") in ids
        for name in (attributes.get("aria-labelledby") or "").split():
            assert name in ids
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels)), "no level is skipped"
    for landmark in ("header", "nav", "main", "footer"):
        assert sum(tag == landmark for tag, _ in page.elements) == 1


def test_a_memo_says_the_decision_first(materials: dict[str, Material]) -> None:
    page = Page(report.text(materials["harmless"], "html"))
    text = " ".join(page.texts)
    told = text[text.index("To repeat it") :]
    places = [
        told.index(words)
        for words in ("hold, out of date", "Training curves", "Has the loss", "SHA-256")
    ]
    assert places == sorted(places)
    for words in ("speaks for it", "against it", "still open", "31 Jan 2026 17:04 UTC"):
        assert words in text


# Markdown.


def tokens(text: str) -> Iterator[Any]:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for token in parser.parse(text):
        yield token
        yield from token.children or ()


def test_a_hostile_text_is_a_text_in_markdown(materials: dict[str, Material]) -> None:
    text = report.text(materials["hostile"], "markdown")
    kinds = [token.type for token in tokens(text)]
    assert not {"html_inline", "link_open", "image", "em_open", "s_open", "hr"} & set(kinds)
    assert kinds.count("html_block") == 1, "our own first line alone"
    shown = "".join(t.content for t in tokens(text) if t.type in ("text", "code_inline"))
    assert "<img src=x onerror=alert(1)>" in shown
    # Addresses, mentions, issues and mathematics, which GitHub finds in plain text.
    assert not re.search(r"https?://|www\.e|@\w|#\d|GH-\d|\$x\$|mailto:\w", shown)


def test_a_hostile_text_changes_nothing_of_the_document(materials: dict[str, Material]) -> None:
    plain, hostile = (
        [t.type for t in tokens(report.text(materials[name], "markdown")) if t.type in BLOCKS]
        for name in ("harmless", "hostile")
    )
    assert plain == hostile


BLOCKS = frozenset({"heading_open", "table_open", "bullet_list_open", "fence", "th_open",
                    "blockquote_open", "html_block"})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("gap 0.31 [0.22, 0.40], n = 200", "gap 0.31 [0.22, 0.40], n = 200"),
        ("pass_at_1 of a_b", "pass_at_1 of a_b"),
        ("#35", "`#35`"),
        ("a|b", r"a\|b"),
        ("[l](x)", r"\[l\](x)"),
        ("<b>", "&lt;b&gt;"),
        ("one\ntwo", "one⏎two"),
    ],
)
def test_what_is_harmless_in_markdown_stays_readable(text: str, inert: str) -> None:
    assert inline(text) == inert


@pytest.mark.parametrize("text", ["# a", "- a", "1. a", "> a", "+ a", "=== ", "[x]: y", "    a"])
def test_no_line_begins_as_a_block(text: str) -> None:
    kinds = {token.type for token in tokens(start(text))}
    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}


def test_an_interval_has_both_its_brackets_escaped_or_none() -> None:
    assert inline("gap 0.02 [-0.06, 0.10]") == "gap 0.02 [-0.06, 0.10]"
    assert inline("gap [-0.06, 0.10](n = 4)") == "gap \\[-0.06, 0.10\\](n = 4)"
    assert start("[-0.06, 0.10] so") == "\\[-0.06, 0.10\\] so"


def test_a_fence_is_longer_than_those_in_the_text() -> None:
    (fence,) = [t for t in tokens(fenced("a\n````\n<b>\n```\nz")) if t.type == "fence"]
    assert fence.content == "a\n````\n<b>\n```\nz\n"


# JSON.


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize("name", ["harmless", "hostile"])
def test_the_json_keeps_to_the_published_schema(name: str, materials: dict[str, Material]) -> None:
    told = json.loads(report.text(materials[name], "json"), parse_constant=refuse)
    schema = as_json.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(told)


def test_the_schema_refuses_what_it_does_not_know(materials: dict[str, Material]) -> None:
    told = json.loads(report.text(materials["harmless"], "json"))
    told["provenance"]["judges"][0]["votes"] = {"tuned": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(as_json.schema()).validate(told)
    del told["provenance"]["judges"][0]["votes"]
    del told["readings"]["candidates"]["tuned"]["steps"]["curves"]["verdict"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(as_json.schema()).validate(told)


def test_the_json_holds_texts_to_the_letter(materials: dict[str, Material]) -> None:
    told = json.loads(report.text(materials["hostile"], "json"))
    note = told["decisions"]["tuned"]["last"]["note"]
    assert note == HOSTILE.replace("\ud800", "\ufffd")


# Size.


def test_long_tables_are_cut_and_whole_in_json(materials: dict[str, Material]) -> None:
    material = many(materials["harmless"], 5_000)
    page, text = (report.text(material, name) for name in ("html", "markdown"))
    assert page.count("row 99 ") == 1
    assert "row 100 " not in page
    assert "and 4,900 more" in page
    assert "and 4,980 more" in text
    told = json.loads(report.text(material, "json"))
    assert len(told["readings"]["candidates"]["tuned"]["steps"]["review"]["tables"]["t"]) == 5_000


def many(material: Material, rows: int) -> Material:
    column = Column("c", "c")
    table = Table("many", (column,), tuple((f"row {at} .",) for at in range(rows)))
    numbers = tuple(float(at) for at in range(rows))
    plots = (
        Plot("s", "s", "scatter", (Series("s", "tuned", numbers, numbers[::-1]),)),
        Plot("c", "c", "curve", (Series("c", "train", numbers, numbers[::-1]),)),
    )
    steps = dict(material.readings["tuned"])
    steps["review"] = replace(steps["review"], tables={"t": table}, plots=plots)
    return replace(material, readings={"tuned": steps})


def test_a_page_hardly_grows_with_the_number_of_items(materials: dict[str, Material]) -> None:
    small, large = (
        len(report.text(many(materials["harmless"], n), "html")) for n in (2_000, 50_000)
    )
    assert large < 1.2 * small


def test_every_file_of_the_report_is_named(tmp_path: Path) -> None:
    assert [path.name for path in report.files_in(tmp_path).values()] == [
        "report.html",
        "report.md",
        "report.json",
    ]
