"""The memo as one HTML file that needs nothing else: no network, no font, no script to be
read. One small script sorts tables; the page's policy allows it by its hash and nothing more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import count, groupby

from tui_eval.core.reading import Plot
from tui_eval.core.text import clean
from tui_eval.files.report import memo, svg, svg_points
from tui_eval.files.report.compose import compose
from tui_eval.files.report.gather import Material
from tui_eval.files.report.html_tables import MARKS, WORDS, sheet, verdict
from tui_eval.files.report.markup import Markup, join, tag

GENERATOR = "tui-eval"


def write(material: Material) -> str:
    return page(compose(material))


def page(document: memo.Memo) -> str:
    style, script = _resource("report.css"), _resource("report.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="generator", content=GENERATOR),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", document.title),
        Markup(f"<style>{style}</style>"),
    )
    body = tag("body", _Writer().document(document), Markup(f"<script>{script}</script>"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _resource(name: str) -> str:
    return files("tui_eval.files.report").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class _Writer:
    """Knows which ids are taken: every plot's and fold's is its own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def document(self, document: memo.Memo) -> Markup:
        about = tag(
            "dl",
            *(join(tag("dt", name), tag("dd", text)) for name, text in document.about),
            class_="about",
        )
        return join(
            tag("a", "To the decision", href=f"#{_first(document)}", class_="skip"),
            tag("header", tag("h1", document.title), about),
            self._contents(document.sections),
            tag("main", *(self._section(one, 2) for one in document.sections)),
            tag("footer", tag("p", "Written by tui-eval. This file holds everything it shows.")),
        )

    def _contents(self, sections: Iterable[memo.Section]) -> Markup:
        # Folded: what is decided stands before how the rest is parted.
        folded = tag("details", tag("summary", "Contents"), self._entries(sections, 0))
        return tag("nav", folded, aria_label="Contents")

    def _entries(self, sections: Iterable[memo.Section], depth: int) -> Markup:
        entries = []
        for one in sections:
            mark = [_mark(one.tone), Markup(" ")] if one.tone else []
            link = tag("a", *mark, one.title, href=f"#{one.anchor}")
            inner = self._entries(one.sections, depth + 1) if one.sections and depth < 2 else ""
            entries.append(tag("li", link, inner) if inner else tag("li", link))
        return tag("ol", *entries)

    def _section(self, section: memo.Section, level: int) -> Markup:
        heading = tag(
            f"h{min(level, 6)}",
            section.title,
            *([Markup(" "), verdict(section.tone)] if section.tone else []),
            id=f"{section.anchor}-h",
        )
        return tag(
            "section",
            heading,
            *self._blocks(section.blocks),
            *(self._section(one, level + 1) for one in section.sections),
            id=section.anchor,
            aria_labelledby=f"{section.anchor}-h",
        )

    def _blocks(self, blocks: Iterable[memo.Block]) -> Iterator[Markup]:
        """Plots that follow each other stand beside each other where there is room."""
        for drawn, some in groupby(blocks, key=lambda block: isinstance(block, memo.Picture)):
            made = list(map(self._block, some))
            if drawn and len(made) > 1:
                yield tag("div", *made, class_="plots")
            else:
                yield from made

    def _block(self, block: memo.Block) -> Markup:
        match block:
            case memo.Paragraph(text, quiet):
                return tag("p", text, class_="quiet" if quiet else None)
            case memo.Decision():
                return _decision(block)
            case memo.Findings(items):
                return tag("ul", *map(_marked, items), class_="findings")
            case memo.Answers(items):
                return tag("ol", *map(_answer, items), class_="answers")
            case memo.Points(items):
                return tag("ul", *(tag("li", one) for one in items))
            case memo.Pairs(rows):
                pairs = (join(tag("dt", name), tag("dd", text)) for name, text in rows)
                return tag("dl", *pairs, class_="pairs")
            case memo.Sheet():
                return sheet(block, f"table-{next(self._numbers)}")
            case memo.Picture(plot):
                return self._picture(plot)
            case memo.Verbatim(text):
                # A newline at the very beginning would be swallowed.
                return tag("pre", Markup("\n"), text, newlines=True, tabindex="0")
            case memo.Fold(title, blocks):
                return tag("details", tag("summary", title), *self._blocks(blocks))

    def _picture(self, plot: Plot) -> Markup:
        id = f"plot-{next(self._numbers)}"
        title = plot.title[:1].upper() + plot.title[1:]
        said = [tag("p", clean(note)) for note in plot.notes]
        if plot.kind == "curve":
            events, unmarked = svg_points.events_told(plot)
            entries = [
                tag("li", one.label, Markup(" "), tag("span", f"at {_place(one.x)}"))
                for one in events
            ]
            said += [tag("ol", *entries, class_="events")] if entries else []
            said += [tag("p", words) for words in unmarked]
        return tag("figure", tag("figcaption", title), svg.draw(plot, id), *said)


def _first(document: memo.Memo) -> str:
    return document.sections[0].anchor


def _place(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _mark(tone: str) -> Markup:
    return tag("span", MARKS[tone], class_=f"tone {tone}", aria_hidden="true")


def _marked(one: memo.Marked) -> Markup:
    spoken = tag("span", f"{WORDS.get(one.tone, one.tone)}: ", class_="spoken")
    code = [Markup(" "), tag("code", one.code)] if one.code else []
    return tag("li", _mark(one.tone), tag("span", spoken, one.text, *code))


def _decision(one: memo.Decision) -> Markup:
    said = one.note.strip()
    note = tag("blockquote", tag("p", said, newlines=True)) if said else ""
    return tag(
        "div",
        tag("p", one.word, class_=f"word tone {one.tone}"),
        tag("p", one.text),
        *([note] if note else []),
        class_=f"decision {one.tone}",
    )


def _answer(one: memo.Answer) -> Markup:
    return tag(
        "li",
        tag("p", tag("a", one.title, href=f"#{one.anchor}"), Markup(" "), verdict(one.tone),
            class_="head"),
        tag("p", one.summary),
        *([tag("p", one.evidence, class_="quiet figures")] if one.evidence else []),
        value=one.number,
    )  # fmt: skip
