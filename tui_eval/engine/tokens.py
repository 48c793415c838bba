"""A rendered row as token ids: what is fed, what is scored, what had to be cut.

The whole text is tokenised once. A token that holds any character of an answer is
scored, and so is the end-of-turn token after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tui_eval.engine.offsets import offsets_of
from tui_eval.engine.prompts import Rendered
from tui_eval.engine.turns import Span

Ids = npt.NDArray[np.int32]
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
    spans: Ids
    bytes: int
    problem: str = ""


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
        self._special = frozenset(int(token) for token in tokenizer.all_special_ids)

    @property
    def adds_bos(self) -> bool:
        """Whether a plain text gets a BOS by the tokenizer itself: tried, not looked up."""
        bos = self.tokenizer.bos_token_id
        ids = self.tokenizer("a", verbose=False)["input_ids"]
        return bos is not None and len(ids) > 0 and ids[0] == bos

    def encode(self, rows: Sequence[Rendered]) -> list[Encoded]:
        encoded: list[Encoded | None] = [
            _empty(row) if row.problem or not row.text else None for row in rows
        ]
        for plain in (False, True):
            some = [at for at, row in enumerate(rows) if encoded[at] is None and row.plain == plain]
            bodies = [_body(rows[at]) for at in some]
            for at, (ids, offsets) in zip(
                some, offsets_of(self.tokenizer, bodies, special=plain), strict=True
            ):
                encoded[at] = self._encoded(rows[at], ids, offsets)
        return [row for row in encoded if row is not None]

    def _encoded(self, row: Rendered, ids: list[int], offsets: list[Span]) -> Encoded:
        ids, offsets = self._with_eos(row, *self._one_bos(row, ids, offsets))
        bos = self._leading_bos(ids)
        # An empty span belongs to a token that the tokenizer added: no character of the text.
        answer = _touching(offsets, row.answers)
        end = _touching(offsets, row.ends) & ~answer
        if row.plain and not row.ends:
            end |= self._own_end(ids, offsets)
        scored = answer | end
        scored[: max(bos, 1)] = False
        targets = np.flatnonzero(scored).astype(np.int32)
        spans = np.asarray(offsets, dtype=np.int32).reshape(-1, 2)
        problem = "" if len(targets) else "the row has no token to score"
        return Encoded(
            row.sample,
            np.asarray(ids, dtype=np.int32),
            bos,
            targets,
            end[targets],
            spans[targets],
            self._bytes(row, ids, offsets, scored & answer),
            problem,
        )

    def _one_bos(
        self, row: Rendered, ids: list[int], offsets: list[Span]
    ) -> tuple[list[int], list[Span]]:
        """A text that begins with the BOS in writing gets no second one."""
        bos = self.tokenizer.bos_token_id
        if row.plain and bos is not None and ids[:2] == [bos, bos]:
            return ids[1:], offsets[1:]
        return ids, offsets

    def _with_eos(
        self, row: Rendered, ids: list[int], offsets: list[Span]
    ) -> tuple[list[int], list[Span]]:
        """The EOS that the plain template writes, as one token, once."""
        if not row.plain or not row.ends:
            return ids, offsets
        eos = self.tokenizer.eos_token_id
        if eos is None:
            return ids, offsets
        if ids and ids[-1] == eos and _is_empty(offsets[-1]):
            return ids, [*offsets[:-1], row.ends[-1]]
        return [*ids, eos], [*offsets, row.ends[-1]]

    def _leading_bos(self, ids: Sequence[int]) -> int:
        bos = self.tokenizer.bos_token_id
        count = 0
        while bos is not None and count < len(ids) and ids[count] == bos:
            count += 1
        return count

    def _own_end(self, ids: Sequence[int], offsets: Sequence[Span]) -> Bools:
        """An EOS that the tokenizer appends by itself."""
        own = np.zeros(len(ids), dtype=np.bool_)
        if len(ids) > 1 and ids[-1] == self.tokenizer.eos_token_id and _is_empty(offsets[-1]):
            own[-1] = True
        return own

    def _bytes(
        self, row: Rendered, ids: Sequence[int], offsets: Sequence[Span], scored: Bools
    ) -> int:
        """UTF-8 bytes of the answers' characters under scored tokens, special ones aside."""
        total = 0
        for first, last in row.answers:
            inside = [
                (max(start, first), min(stop, last))
                for at in np.flatnonzero(scored).tolist()
                if ids[at] not in self._special
                for start, stop in (offsets[at],)
                if start < last and stop > first
            ]
            position = first
            for start, stop in inside:
                start = max(start, position)
                if start < stop:
                    total += len(row.text[start:stop].encode("utf-8", "surrogatepass"))
                    position = stop
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
        return Cut((piece,), start - encoded.bos)
    return _windows(row, encoded, head, first, last, room, limit.stride)


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


def _empty(row: Rendered) -> Encoded:
    none = np.zeros(0, dtype=np.int32)
    problem = row.problem or "the row has no text"
    return Encoded(row.sample, none, 0, none, none.astype(np.bool_), none.reshape(0, 2), 0, problem)


def _body(row: Rendered) -> str:
    return row.text[: row.ends[-1][0]] if row.plain and row.ends else row.text


def _is_empty(span: Span) -> bool:
    return span[0] == span[1]


def _touching(offsets: Sequence[Span], spans: Sequence[Span]) -> Bools:
    """Which tokens hold any character of any of the spans."""
    touched = np.zeros(len(offsets), dtype=np.bool_)
    if not offsets:
        return touched
    starts, stops = np.asarray(offsets, dtype=np.int64).T
    for first, last in spans:
        touched |= (starts < last) & (stops > first) & (starts < stops)
    return touched
