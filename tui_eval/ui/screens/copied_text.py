"""A text of a model beside the training row it repeats: what is said of it, and two columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.figures import figure
from tui_eval.core.overlap_words import word_spans
from tui_eval.core.records import CopyMatch, NearestPrompt, Sample, TokenLoss
from tui_eval.core.steps.overfitting_signs import Copy, copies
from tui_eval.core.steps.task_metrics_blind import closed_prompts
from tui_eval.core.text import clean, digest
from tui_eval.files.measuring import TrainingRow, prompt_of_sample
from tui_eval.ui.screens.answers import KEPT
from tui_eval.ui.screens.review_layout import Laid
from tui_eval.ui.terminal import ascii_only
from tui_eval.ui.widgets.answer_pane import NOTHING
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.fold import LONGEST
from tui_eval.ui.widgets.judge_line import ruled
from tui_eval.ui.widgets.lines import apart
from tui_eval.ui.widgets.rows import beside, filled, line, wrapped
from tui_eval.ui.widgets.wrapping import Span, folds, marked

BESIDE = 100
"""Cells from which the two stand beside each other, and not one above the other."""
COLUMN = 100
LEAD = 2
"""Lines that are seen above a mark that is far down."""
MATCHED = 2_000
"""Characters of the training row's stretch that a finding keeps."""

Where = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A text under its heading, if it has one. ``mark``: characters of it that are marked."""

    heading: str
    text: str
    mark: Where | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """One text and the training row that goes with it, which is read later."""

    sample: Sample
    title: str
    about: str
    heading: str
    parts: tuple[Part, ...]
    source: str
    row: int | None
    match: CopyMatch | None = None
    """None: the row is near, and nothing of it is repeated."""


def copied(evidence: Evidence, candidate: str) -> tuple[Repeated, ...]:
    """Every answer of the candidate that repeats a training answer, as the step lists them."""
    base = evidence.base(candidate)
    found = copies(evidence, candidate, base)
    known = evidence.copies(candidate) or {}
    others = evidence.answers(candidate, base) if base is not None else {}
    if found is None:
        return ()
    closed = closed_prompts(evidence, candidate)
    return tuple(
        _closed(one)
        if closed(one.sample)
        else _copied(one, other.answer if (other := others.get(one.sample.id)) else None, known)
        for one in found.found
    )


def _closed(one: Copy) -> Repeated:
    """Without the answer, and without the training row that it repeats."""
    parts = (Part("prompt", prompt_of_sample(one.sample)),)
    return Repeated(
        one.sample, _title(one.match), KEPT, f"● answer to #{one.sample.row}", parts, "", None
    )


def _copied(one: Copy, base: str | None, known: Mapping[str, CopyMatch]) -> Repeated:
    match, reference = one.match, one.sample.reference
    parts = [
        Part("prompt", prompt_of_sample(one.sample)),
        Part(f"● answer, {_words(match.words)}", one.answer, match.span),
    ]
    if base is not None:
        parts.append(Part("○ base's answer to the same prompt", base))
    if reference is not None:
        parts.append(Part("expected answer", reference))
    return Repeated(
        one.sample,
        _title(match),
        _about(_is_copy(known, base), _is_copy(known, reference)),
        f"● answer to #{one.sample.row}",
        tuple(parts),
        match.source,
        match.row,
        match,
    )


def nearest(evidence: Evidence, candidate: str) -> tuple[Repeated, ...]:
    """Every validation prompt with the training prompt nearest to it, the nearest first."""
    dataset = evidence.dataset(candidate, "validation")
    known = evidence.nearest(candidate) or {}
    base = evidence.base(candidate)
    losses = [
        (sign, evidence.losses(candidate, model, "validation"))
        for sign, model in (("○", base), ("●", candidate))
        if model is not None
    ]
    found = [
        (known[sample.id], sample)
        for sample in (dataset.samples if dataset is not None else ())
        if sample.id in known
    ]
    found.sort(key=lambda one: (-one[0].similarity, one[1].row))
    return tuple(
        _near(sample, near, [(sign, made.get(sample.id)) for sign, made in losses])
        for near, sample in found
    )


def _near(
    sample: Sample, found: NearestPrompt, losses: Sequence[tuple[str, TokenLoss | None]]
) -> Repeated:
    parts = [Part("prompt", prompt_of_sample(sample))]
    if sample.reference is not None:
        parts.append(Part("expected answer", sample.reference))
    about = "by the words that both hold, rare ones counting more: 1 is the same words"
    if found.row is None:
        about = "no training prompt shares a word with it"
    told = [f"{sign} {figure(loss.mean, 2)}" for sign, loss in losses if loss is not None]
    if told:
        about = f"its loss {', '.join(told)} nats/token · {about}"
    return Repeated(
        sample,
        f"the nearest training prompt, similarity {found.similarity:.2f}",
        about,
        f"validation row #{sample.row}",
        tuple(parts),
        found.source,
        found.row,
    )


def _is_copy(known: Mapping[str, CopyMatch], text: str | None) -> bool | None:
    found = known.get(digest(text)) if text is not None else None
    return found.copied if found is not None else None


def _title(match: CopyMatch) -> str:
    if match.exact:
        return f"the whole answer, {_words(match.words)}, is a training answer"
    return f"{match.run:,} words in one run, of {match.words:,}, stand in a training answer"


def _words(count: int) -> str:
    return f"{count:,} word{'' if count == 1 else 's'}"


def _about(base: bool | None, reference: bool | None) -> str:
    """Whether others repeat training here too: then it needs no memory of it."""
    others = [name for name, is_copy in (("○ base", base), ("the expected answer", reference))
              if is_copy]  # fmt: skip
    if others:
        verb = "is a copy" if len(others) == 1 else "are copies"
        return f"{' and '.join(others)} {verb} too: no sign of training"
    looked = [name for name, is_copy in (("○ base's answer", base),
                                         ("the expected answer", reference))
              if is_copy is not None]  # fmt: skip
    if not looked:
        return "there is no other answer to the prompt to hold it against"
    return f"{' and '.join(looked)} {'is' if len(looked) == 1 else 'are'} no copy"


def place_in(row: TrainingRow, match: CopyMatch) -> tuple[int, Where] | None:
    """The answer of the training row and the characters in it that are repeated; None where
    it does not hold them, since the file is not the one that was searched."""
    for number, answer in enumerate(row.answers):
        at = answer.find(match.matched) if match.matched else -1
        if at < 0:
            continue
        if match.exact:
            return number, (at, len(answer.rstrip()))
        end = at + len(match.matched)
        if len(match.matched) >= MATCHED:
            spans = [span for span in word_spans(answer) if span[0] >= at]
            end = max(end, spans[min(match.run, len(spans)) - 1][1] if spans else end)
        return number, (at, end)
    return None


def training_parts(row: TrainingRow, match: CopyMatch | None) -> tuple[list[Part], bool]:
    """The training row's texts, and whether it is the row that was found then."""
    found = place_in(row, match) if match is not None else None
    several = len(row.answers) > 1
    parts = [Part("prompt", row.prompt)]
    for number, answer in enumerate(row.answers):
        name = f"answer {number + 1} of {len(row.answers)}" if several else "answer"
        parts.append(Part(name, answer, found[1] if found and found[0] == number else None))
    return parts, match is None or found is not None


class Column:
    """One of the two texts, laid out as far as it is looked at."""

    def __init__(self, parts: Sequence[Part], width: int) -> None:
        self.first: int | None = None
        """The line on which the mark begins, once it is laid out."""
        self.laid = Laid(self._lines(parts, min(width, COLUMN)))
        self.opened = False
        self._marks = any(part.mark for part in parts)

    def view(self, height: int) -> list[Line]:
        if not self.opened:
            self.opened = True
            self._go_to_mark(height)
        return self.laid.view(height)

    def _go_to_mark(self, height: int) -> None:
        """A mark that begins below the first screenful is gone to, with what is above it."""
        while self._marks and self.first is None and not self.laid.ended:
            self.laid.upto(len(self.laid.lines) + 100)
        if self.first is not None and self.first > height - LEAD - 1:
            self.laid.page = max(1, height)
            self.laid.upto(self.first + height)
            self.laid.top = self.first - LEAD

    def _lines(self, parts: Sequence[Part], width: int) -> Iterator[Line]:
        count = 0
        for number, part in enumerate(parts):
            if number:
                yield []
                count += 1
            if part.heading:
                yield line((f" {clean(part.heading)}", "dim"))
                count += 1
            for runs, inside in part_lines(part, width):
                if inside and self.first is None:
                    self.first = count
                count += 1
                yield runs


def brackets() -> tuple[str, str]:
    """Around what is repeated, to be seen without colours."""
    return ("[", "]") if ascii_only() else ("▐", "▌")


def part_lines(part: Part, width: int) -> Iterator[tuple[Line, bool]]:
    """Lines, and whether some of the mark is on them: such lines have a bar at their left."""
    if not part.text.strip():
        yield line((f"   {NOTHING}", "dim")), False
        return
    text, spans, inside = _joined(part)
    begin = 0
    for paragraph in text.split("\n"):
        inset = min(len(paragraph) - len(paragraph.lstrip(" ")), width // 3)
        own = [(first - begin, last - begin, role) for first, last, role in spans]
        for first, last in folds(paragraph[inset:], width - 4 - inset):
            first, last = first + inset, last + inset
            here = inside is not None and first + begin < inside[1] and last + begin > inside[0]
            runs = [(apart(words), role) for words, role in marked(paragraph, first, last, own)]
            yield line((" ┃ " if here else "   ", "accent"), " " * inset, *runs), here
        begin += len(paragraph) + 1


def _joined(part: Part) -> tuple[str, list[Span], Where | None]:
    """The cleaned text with its brackets, their roles, and from where to where they reach.
    Each piece is cleaned on its own: places in the raw text mean nothing in the cleaned."""
    if part.mark is None:
        return _clean(part.text.rstrip()), [], None
    start, end = part.mark
    marked_text = part.text[start:end]
    # A bracket belongs to a word, not to the blank lines around it.
    end -= len(marked_text) - len(marked_text.rstrip())
    start = min(end, start + len(marked_text) - len(marked_text.lstrip()))
    head, middle, tail = part.text[:start], part.text[start:end], part.text[end:].rstrip()
    before = ("…" if len(head) > LONGEST else "") + _clean(head[-LONGEST:])
    left, right = brackets()
    inner = _clean(middle)
    a = len(before)
    b = a + len(left) + len(inner)
    spans = [
        (a, a + len(left), "accent!"),
        (a + len(left), b, "text!"),
        (b, b + len(right), "accent!"),
    ]
    return f"{before}{left}{inner}{right}{_clean(tail)}", spans, (a, b + len(right))


def _clean(text: str) -> str:
    return clean(text, newlines=True, limit=LONGEST)


def heads(one: Repeated, place: str, width: int) -> list[Line]:
    """What was found and what it means: two lines, more only where they are long."""
    title = wrapped(one.title, width - 2 - len(place) - 2, 2)
    made: list[Line] = [
        [(f" {title[0]}", "text!"),
         (" " * (width - 2 - len(title[0]) - len(place)), "text"), (place, "dim")]
    ]  # fmt: skip
    made += [[(f" {text}", "text!")] for text in title[1:]]
    return made + [line((f" {text}", "text")) for text in wrapped(one.about, width - 2, 2)]


def drawn(
    left: Column, right: Column, names: tuple[str, str], width: int, height: int
) -> list[Line]:
    """Both columns under their names, beside each other or one above the other."""
    if width >= BESIDE:
        half = (width - 1) // 2
        views = left.view(height - 1), right.view(height - 1)
        head = [
            *ruled(_name(names[0]), left.laid.position(), half),
            ("┬", "rule"),
            *ruled(_name(names[1]), right.laid.position(), width - half - 1),
        ]
        return [head, *beside(filled(views[0], height - 1), views[1], half, rule="│")]
    above, below = _shares(left, right, height - 2)
    views = left.view(above), right.view(below)
    return [
        ruled(_name(names[0]), left.laid.position(), width),
        *filled(views[0], above),
        ruled(_name(names[1]), right.laid.position(), width),
        *views[1],
    ]


def _shares(left: Column, right: Column, room: int) -> tuple[int, int]:
    """Half each, unless one needs less."""
    left.laid.upto(room)
    right.laid.upto(room)
    one, other = len(left.laid.lines), len(right.laid.lines)
    above = max(room // 2, room - other)
    return (min(above, one), room - min(above, one)) if one + other > room else (one, room - one)


def _name(text: str) -> Line:
    return line((clean(text, limit=60), "dim"))
