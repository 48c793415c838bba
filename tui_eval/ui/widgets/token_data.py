"""What is known of one sample's tokens: its texts, and both models' view of each token."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tui_eval.core.records import Rendering, Sample, TokenLoss, TokenTable

Span = tuple[int, int]
Likeliest = tuple[tuple[str, float], ...]
"""Exact pieces (``core.records.TokenTable``) with their losses, likeliest first."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that the fine-tuned model made, and what was computed of it."""

    id: str
    text: str
    base: TokenTable | None = None
    tuned: TokenTable | None = None


@dataclass(frozen=True, slots=True)
class SampleDetail:
    """All that is known of one sample: its row, what the models saw, and their losses."""

    sample: Sample
    rendering: Rendering | None = None
    base: TokenLoss | None = None
    tuned: TokenLoss | None = None
    base_table: TokenTable | None = None
    tuned_table: TokenTable | None = None
    answer: Answered | None = None
    answer_first: bool = False
    """Opened from an answer, not from a row."""
    alone: bool = False
    """There is no base to compare with."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One text to be read: a row as it is scored, or an answer as it was made."""

    text: str
    name: str
    wants: Mapping[str, str]
    """Arguments of the job that tells every token of it."""
    scored: tuple[Span, ...] = ()
    base: TokenLoss | None = None
    tuned: TokenLoss | None = None
    base_table: TokenTable | None = None
    tuned_table: TokenTable | None = None
    alone: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything there can be was computed."""
        return self.tuned_table is not None and (self.base_table is not None or self.alone)

    @property
    def error(self) -> str:
        """Why nothing can be computed of it."""
        return self.tuned_table.error if self.tuned_table is not None else ""


def passages(detail: SampleDetail) -> list[Passage]:
    """The row first, then the answer that the fine-tuned model made to it."""
    table, rendering = detail.tuned_table or detail.base_table, detail.rendering
    known = table if table is not None and table.text else rendering
    row = Passage(
        known.text if known is not None else _words(detail.sample),
        "expected answer",
        {"sample": detail.sample.id},
        known.scored if known is not None else (),
        *(detail.base, detail.tuned) if known is not None else (None, None),
        detail.base_table,
        detail.tuned_table,
        detail.alone,
    )
    answer = detail.answer
    if answer is None:
        return [row]
    table = answer.tuned or answer.base
    if table is not None and not table.text:
        table = None
    made = Passage(
        table.text if table is not None else _words(detail.sample, answer.text),
        "its own answer",
        {"answer": answer.id},
        table.scored if table is not None else (),
        base_table=answer.base,
        tuned_table=answer.tuned,
        alone=detail.alone,
    )
    return [row, made]


def _words(sample: Sample, answer: str | None = None) -> str:
    """The row's own words, with another answer where one is given."""
    turns = [(turn.role, turn.content) for turn in sample.messages]
    if answer is not None:
        if turns and turns[-1][0] == "assistant":
            turns.pop()
        turns.append(("assistant", answer))
    elif sample.text is not None:
        return sample.text
    return "\n\n".join(f"{role}: {content}" for role, content in turns)


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of the text that losses are known of: usually one token, several where a
    character takes more than one. Losses in nats, None where that model's are not known
    here; the likeliest stand for the first token of several."""

    start: int
    end: int
    base: float | None
    tuned: float | None
    tokens: int = 1
    scored: bool = True
    base_top: Likeliest = ()
    tuned_top: Likeliest = ()

    def loss(self, side: str) -> float | None:
        return self.base if side == "base" else self.tuned

    @property
    def change(self) -> float | None:
        """How much worse the fine-tuned model expected it; negative is better."""
        if self.base is None or self.tuned is None:
            return None
        change = self.tuned - self.base
        return change if math.isfinite(change) else None


@dataclass(frozen=True, slots=True)
class _Told:
    nll: float
    tokens: int = 1
    top: Likeliest = ()


def tokens_of(passage: Passage) -> list[Token]:
    """Tokens in the text's order; both losses where both models cut it alike, or where the
    base has several tokens for one."""
    base = _side(passage.base, passage.base_table, passage)
    tuned = _side(passage.tuned, passage.tuned_table, passage)
    main = tuned or base
    nothing = _Told(math.nan)
    scored = _Inside(passage.scored)
    ends = dict(base.keys())
    made = []
    for span, told in main.items():
        one, other = _tiled(span, base, ends) or nothing, tuned.get(span, nothing)
        token = Token(
            *span,
            _known(one.nll),
            _known(other.nll),
            told.tokens,
            scored.touches(span),
            one.top,
            other.top,
        )
        if token.base is not None or token.tuned is not None:
            made.append(token)
    return made


def _tiled(span: Span, found: Mapping[Span, _Told], ends: Mapping[int, int]) -> _Told | None:
    """The loss of a stretch that another tokenizer may have cut into several tokens."""
    if span in found:
        return found[span]
    nll, at = 0.0, span[0]
    while at < span[1] and at in ends:
        nll, at = nll + found[at, ends[at]].nll, ends[at]
    return _Told(nll) if at == span[1] else None


def _known(nll: float) -> float | None:
    return None if math.isnan(nll) else nll


class _Inside:
    """Whether spans, asked for in order, touch any of some stretches."""

    def __init__(self, stretches: Sequence[Span]) -> None:
        self._left = sorted(stretches)

    def touches(self, span: Span) -> bool:
        while self._left and self._left[0][1] <= span[0]:
            self._left.pop(0)
        return bool(self._left) and self._left[0][0] < span[1]


def _side(loss: TokenLoss | None, table: TokenTable | None, passage: Passage) -> dict[Span, _Told]:
    """One model's losses by stretch of the passage's text. Where both are there, what was
    scored counts: the sums that are shown were made of it."""
    found: dict[Span, _Told] = {}
    if table is not None and table.spans:
        found = _merged(_entries(table))
        if table.text != passage.text:
            found = dict(_moved(found, table.text, passage.text))
    if loss is None:
        return found
    spans = _merged(
        (span, _Told(nll)) for span, nll in zip(loss.spans, loss.token_nll, strict=False)
    )
    last = max((stop for _, stop in passage.scored), default=0)
    by = last - loss.spans[-1][1] if loss.spans and last else 0
    if by:
        # Another system prompt before the same answer.
        spans = {(start + by, stop + by): told for (start, stop), told in spans.items()}
    if not found:
        return spans
    for span, told in spans.items():
        if span in found:
            found[span] = replace(found[span], nll=told.nll)
    return found


def _entries(table: TokenTable) -> Iterator[tuple[Span, _Told]]:
    each = table.each
    for at, (span, nll) in enumerate(zip(table.spans, table.token_nll, strict=False)):
        if span[0] == span[1]:
            # Added by the tokenizer: no character of the text.
            continue
        places = slice(at * each, (at + 1) * each)
        top = () if math.isnan(nll) else tuple(
            (table.pieces[piece], loss)
            for piece, loss in zip(table.top[places], table.top_nll[places], strict=True)
        )  # fmt: skip
        yield span, _Told(nll, 1, top)


def _merged(entries: Iterator[tuple[Span, _Told]]) -> dict[Span, _Told]:
    """Tokens that share a character are one."""
    found: dict[Span, _Told] = {}
    last: Span | None = None
    for (start, end), told in entries:
        if last is not None and start < last[1]:
            before = found.pop(last)
            last = last[0], max(end, last[1])
            found[last] = _Told(before.nll + told.nll, before.tokens + 1, before.top)
        else:
            last = (start, end)
            found[last] = told
    return found


def _moved(found: Mapping[Span, _Told], text: str, shown: str) -> Iterator[tuple[Span, _Told]]:
    """Of a model that was prompted in another way, what stands at the same distance from the
    end and reads the same."""
    by = len(shown) - len(text)
    for (start, end), told in found.items():
        if start + by >= 0 and shown[start + by : end + by] == text[start:end]:
            yield (start + by, end + by), told
