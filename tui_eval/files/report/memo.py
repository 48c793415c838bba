"""The report as a document without a format: sections of paragraphs, lists, tables, plots.

Every text in it is as it came; whoever writes the document down cleans and escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui_eval.core.reading import Plot, Table

Tone = Literal["good", "caution", "bad", "not_enough", "waiting", "note"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    quiet: bool = False
    """Said beside the matter."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, large: ``word`` and who stands behind it."""

    tone: Tone
    word: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """A line with its mark and word; ``code`` is what the finding is called in JSON."""

    tone: Tone
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    items: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the six: the verdict, the summary word for word, and what it rests on."""

    number: int
    title: str
    question: str
    tone: Tone
    summary: str
    evidence: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Answers:
    items: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Points:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and what belongs to them."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; a writer cuts long ones and says how many rows more there are, but for those
    that are wanted ``whole``."""

    table: Table
    whole: bool = False
    verdicts: bool = False
    """Cells begin with a verdict's word and a colon."""


@dataclass(frozen=True, slots=True)
class Picture:
    plot: Plot


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text to the letter, but for what a reader could not see."""

    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """What a reader opens who wants to know more."""

    title: str
    blocks: tuple[Block, ...]


Block = (
    Paragraph | Decision | Findings | Answers | Points | Pairs | Sheet | Picture | Verbatim | Fold
)


@dataclass(frozen=True, slots=True)
class Section:
    """``anchor`` names the section within the document: letters, digits, dashes."""

    title: str
    anchor: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    tone: Tone | None = None
    """The verdict that stands beside the title."""


@dataclass(frozen=True, slots=True)
class Memo:
    title: str
    about: tuple[tuple[str, str], ...]
    """What stands below the title: of what, when, by which version."""
    sections: tuple[Section, ...]
