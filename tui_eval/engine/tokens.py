"""A rendered row as token ids: what is fed, what is scored, what had to be cut.

The whole text is tokenised once. A token that holds any character of an answer is
scored, and so is the end-of-turn token after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tui_eval.engine.offsets import Ids, Offsets, offsets_of
from tui_eval.engine.prompts import Rendered
from tui_eval.engine.turns import Span

Bools = npt.NDArray[np.bool_]
Losses = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limit:
    """``length`` tokens at most in one forward call; windows over longer answers advance
    by ``stride``."""

    length: int
    stride: int


def limit_of(max_length: int, stride: int | None, positions: int | None) -> Limit:
    length = min(max_length, positions) if positions else max_length
    return Limit(length, min(stride or max(1, length // 2), max(1, length - 2)))


@dataclass(frozen=True, slots=True)
class Encoded:
    """``targets`` are the positions of the scored tokens among ``ids``, ``ends`` says
    which of them end a turn, ``spans`` (n, 2) which characters of the text they are."""

    sample: str
    ids: Ids
    bos: int
    """How many BOS the ids begin with; never scored, kept when the prompt is cut."""
    targets: Ids
    ends: Bools
    spans: Offsets
    bytes: int
    problem: str = ""
    left_out: int = 0
    """Tokens of examples that were left out because they did not fit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of a forward call: ``ids`` are fed, the logits at ``at`` are asked for
    ``targets``, and the answers belong to the scored tokens ``first`` and following."""

    row: int
    """Which of the encoded rows this is a part of."""
    ids: Ids
    at: Ids
    targets: Ids
    first: int

    @property
    def length(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Cut:
    """A row in pieces that fit, and what fitting cost."""

    pieces: tuple[Piece, ...]
    cut_tokens: int = 0

    @property
    def tokens(self) -> int:
        return sum(piece.length for piece in self.pieces)


class Encoder:
    """Tokenises rendered rows with one model's tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._special = np.asarray(tokenizer.all_special_ids, dtype=np.int32)

    @property
    def adds_bos(self) -> bool:
        """Whether a plain text gets a BOS by the tokenizer itself: tried, not looked up."""
        bos = self.tokenizer.bos_token_id
        ids = self.tokenizer("a", verbose=False)["input_ids"]
        return bos is not None and len(ids) > 0 and ids[0] == bos

    def encode(self, rows: Sequence[Rendered]) -> list[Encoded]:
        encoded: list[Encoded | None] = [
            _empty(row, fault) if (fault := _fault(row)) else None for row in rows
        ]
        for plain in (False, True):
            some = [at for at, row in enumerate(rows) if encoded[at] is None and row.plain == plain]
            bodies = [_body(rows[at]) for at in some]
            for at, (ids, offsets) in zip(
                some, offsets_of(self.tokenizer, bodies, special=plain), strict=True
            ):
                encoded[at] = self._encoded(rows[at], ids, offsets)
        return [row for row in encoded if row is not None]

    def spans(self, row: Rendered) -> Offsets:
        """The characters of every token of a row, scored or not."""
        (tokenised,) = offsets_of(self.tokenizer, [_body(row)], special=row.plain)
        return self._with_eos(row, *self._one_bos(row, *tokenised))[1]

    def _encoded(self, row: Rendered, ids: Ids, offsets: Offsets) -> Encoded:
        ids, offsets = self._with_eos(row, *self._one_bos(row, ids, offsets))
        bos = self._leading_bos(ids)
        # An empty span belongs to a token that the tokenizer added: no character of the text.
        answer = _touching(offsets, row.answers)
        end = _touching(offsets, row.ends) & ~answer
        if row.plain and not row.ends and self._has_own_end(ids, offsets):
            end[-1] = True
        scored = answer | end
        scored[: max(bos, 1)] = False
        targets = np.flatnonzero(scored).astype(np.int32)
        written = scored & answer & ~np.isin(ids, self._special)
        problem = "" if len(targets) else "the row has no token to score"
        return Encoded(
            row.sample,
            ids,
            bos,
            targets,
            end[targets],
            offsets[targets],
            _bytes(row, offsets[written]),
            problem,
        )

    def _one_bos(self, row: Rendered, ids: Ids, offsets: Offsets) -> tuple[Ids, Offsets]:
        """A text that begins with the BOS in writing gets no second one."""
        bos = self.tokenizer.bos_token_id
        if row.plain and bos is not None and ids[:2].tolist() == [bos, bos]:
            return ids[1:], offsets[1:]
        return ids, offsets

    def _with_eos(self, row: Rendered, ids: Ids, offsets: Offsets) -> tuple[Ids, Offsets]:
        """The EOS that the plain template writes, as one token, once."""
        eos = self.tokenizer.eos_token_id
        if not row.plain or not row.ends or eos is None:
            return ids, offsets
        if self._has_own_end(ids, offsets):
            ids, offsets = ids[:-1], offsets[:-1]
        span = np.asarray([row.ends[-1]], dtype=np.int32)
        return np.append(ids, np.int32(eos)), np.concatenate([offsets, span])

    def _leading_bos(self, ids: Ids) -> int:
        bos = self.tokenizer.bos_token_id
        count = 0
        while bos is not None and count < len(ids) and ids[count] == bos:
            count += 1
        return count

    def _has_own_end(self, ids: Ids, offsets: Offsets) -> bool:
        """Whether the tokenizer appended an EOS by itself."""
        eos = self.tokenizer.eos_token_id
        return len(ids) > 1 and ids[-1] == eos and offsets[-1, 0] == offsets[-1, 1]


def _bytes(row: Rendered, offsets: Offsets) -> int:
    """UTF-8 bytes of the answers' characters under these tokens, each character once."""
    total = 0
    for first, last in row.answers:
        starts = np.maximum(offsets[:, 0], first)
        stops = np.minimum(offsets[:, 1], last)
        inside = starts < stops
        starts, stops = starts[inside], stops[inside]
        if not len(starts):
            continue
        reached = np.maximum.accumulate(stops)
        gaps = np.flatnonzero(starts[1:] > reached[:-1]) + 1
        edges = zip(starts[[0, *gaps]], reached[[*(gaps - 1), -1]], strict=True)
        total += sum(len(row.text[a:b].encode("utf-8", "surrogatepass")) for a, b in edges)
    return total


def fit(row: int, encoded: Encoded, limit: Limit) -> Cut:
    """The row in pieces of at most ``limit`` tokens, the last scored one included.

    Prompt tokens are cut from the left, BOS aside; an answer that is longer still is
    scored in windows, each token once, with at least a window less its stride before it.
    """
    if not len(encoded.targets):
        return Cut(())
    head = encoded.ids[: encoded.bos]
    first, last = int(encoded.targets[0]), int(encoded.targets[-1])
    room = limit.length - encoded.bos
    # One token must stand before the first scored one.
    latest = first - (0 if encoded.bos else 1)
    start = max(encoded.bos, last + 1 - room)
    if start <= latest:
        piece = _piece(row, encoded, head, start, 0, len(encoded.targets))
        return Cut((piece,), start - encoded.bos + encoded.left_out)
    cut = _windows(row, encoded, head, first, last, room, limit.stride)
    return replace(cut, cut_tokens=cut.cut_tokens + encoded.left_out)


def _windows(
    row: int, encoded: Encoded, head: Ids, first: int, last: int, room: int, stride: int
) -> Cut:
    stride = max(1, min(stride, room - 1))
    start = max(encoded.bos, first - (room - stride))
    cut = start - encoded.bos
    pieces = []
    done = 0
    while done < len(encoded.targets):
        stop = min(start + room, last + 1)
        upto = int(np.searchsorted(encoded.targets, stop))
        if upto > done:
            pieces.append(_piece(row, encoded, head, start, done, upto))
            done = upto
        start += stride
    return Cut(tuple(pieces), cut)


def _piece(row: int, encoded: Encoded, head: Ids, start: int, first: int, upto: int) -> Piece:
    """The BOS and the tokens from ``start`` on, up to the one before the last target:
    what follows decides nothing."""
    targets = encoded.targets[first:upto]
    ids = np.concatenate([head, encoded.ids[start : int(targets[-1])]])
    at = targets - start + len(head) - 1
    return Piece(row, ids, at.astype(np.int32), encoded.ids[targets], first)


def _fault(row: Rendered) -> str:
    """Why a row can't be tokenised; empty where it can."""
    if row.problem or not row.text:
        return row.problem or "the row has no text"
    try:
        row.text.encode()
    except UnicodeEncodeError:
        return "the text holds half a character (a surrogate), which no tokenizer reads"
    return ""


def _empty(row: Rendered, problem: str) -> Encoded:
    none = np.zeros(0, dtype=np.int32)
    return Encoded(row.sample, none, 0, none, none.astype(np.bool_), none.reshape(0, 2), 0, problem)


def _body(row: Rendered) -> str:
    return row.text[: row.ends[-1][0]] if row.plain and row.ends else row.text


def _touching(offsets: Offsets, spans: Sequence[Span]) -> Bools:
    """Which tokens hold any character of any of the spans."""
    touched = np.zeros(len(offsets), dtype=np.bool_)
    starts, stops = offsets[:, 0], offsets[:, 1]
    for first, last in spans:
        touched |= (starts < last) & (stops > first) & (starts < stops)
    return touched
