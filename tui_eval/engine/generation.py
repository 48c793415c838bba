"""Answering prompts: what is asked of a model, what comes back, what ends an answer.

A backend turns ``Asked`` into ``Reply`` one by one, in whatever order they end.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import numpy as np

from tui_eval.core.answers import Tags
from tui_eval.core.records import Finish, Sample
from tui_eval.engine.offsets import Ids
from tui_eval.engine.prompts import Rendered, Renderer
from tui_eval.engine.tokens import Encoder
from tui_eval.files.generation import Generation

LEAST_NEW = 512
REFERENCE_SHARE = 0.95
REFERENCE_TIMES = 2.0
ANSWER_SHARE = 4
"""A model with few positions keeps at least a quarter of them for the answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer that is wanted. ``ids`` is the prompt as it is fed."""

    sample: str
    index: int
    ids: Ids
    most: int
    """Tokens that the answer may have."""
    seed: int | None = None
    """None: greedy."""
    cut: bool = False
    """The prompt lost its beginning."""
    opened: bool = False
    """The prompt ends within the thinking."""

    @property
    def room(self) -> int:
        return len(self.ids) + self.most


@dataclass(frozen=True, slots=True)
class Reply:
    """``ids`` are the tokens written, without the one that ended the answer."""

    asked: Asked
    ids: tuple[int, ...]
    finish: Finish
    seed: int | None = None
    error: str = ""


class Cancelled(Exception):
    """The work was asked to stop between two steps."""


@dataclass
class Rules:
    """How a token is chosen and when an answer ends, for one model's tokenizer."""

    generation: Generation
    end_ids: frozenset[int]
    decoder: Decoder
    pulse: Callable[[], None] = field(default=lambda: None)
    """Called between steps; raises Cancelled."""

    def __post_init__(self) -> None:
        stops = self.generation.stop
        self.tail = max((len(stop.encode("utf-8", "replace")) for stop in stops), default=0) + 4

    def stopped(self, ids: Sequence[int]) -> bool:
        """Whether a stop string stands at the end of what was written, or across it. Only
        the last tokens are read: each is at least a byte of it."""
        stops = self.generation.stop
        if not stops:
            return False
        tail = self.decoder.text(ids[-self.tail :])
        return any(stop in tail for stop in stops)

    def text(self, ids: Sequence[int]) -> tuple[str, bool]:
        """What was written, up to the first stop string, and whether there was one."""
        text = self.decoder.text(ids)
        found = [at for stop in self.generation.stop if (at := text.find(stop)) >= 0]
        return (text[: min(found)], True) if found else (text, False)


class Decoder:
    """Ids to text without special tokens, but for those that thinking is known by."""

    def __init__(self, tokenizer: Any, tags: Tags | None) -> None:
        self._tokenizer = tokenizer
        kept: set[int] = set()
        for tag in tags or ():
            kept.update(tokenizer(tag, add_special_tokens=False)["input_ids"])
        self._left_out = frozenset(int(one) for one in tokenizer.all_special_ids) - kept

    def text(self, ids: Sequence[int]) -> str:
        some = [int(one) for one in ids if int(one) not in self._left_out]
        return str(
            self._tokenizer.decode(
                some, skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )


class Backend(Protocol):
    """One way of answering; ``batch`` is how many answers are written at once."""

    batch: int

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]: ...


def seed_of(seed: int, sample: str, index: int) -> int:
    """Each answer has a seed of its own, so that it doesn't depend on which others are
    written beside it. The same for all models: what differs is then the model. The same
    seed gives the same answer as long as the logits are the same; another batch shape,
    precision or machine rounds them differently, and a draw near a border may fall on
    another token."""
    text = f"{seed}:{sample}:{index}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1


def draws(seed: int) -> Random:
    return Random(seed)


def most_new(lengths: Sequence[int]) -> int:
    """Tokens that an answer may have, from those of the references."""
    if not lengths:
        return LEAST_NEW
    high = float(np.quantile(np.asarray(lengths), REFERENCE_SHARE))
    return max(LEAST_NEW, math.ceil(REFERENCE_TIMES * high))


def fitted(ids: Ids, bos: int, most: int, positions: int | None) -> tuple[Ids, int, bool]:
    """Prompt and answer within the model's positions: the answer's room gives way first,
    down to a quarter of all; then the prompt is cut from the left, its BOS kept."""
    if positions is None or len(ids) + most <= positions:
        return ids, most, False
    least = answer_room(most, positions)
    if len(ids) + least <= positions:
        return ids, positions - len(ids), False
    keep = max(1, positions - least - bos)
    return np.concatenate([ids[:bos], ids[bos:][-keep:]]), least, True


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt; ``bos`` is how many BOS its ids begin with."""

    text: str
    ids: Ids
    bos: int = 0
    problem: str = ""
    """Why it can't be answered."""
    left_out: int = 0
    """Tokens of examples that were left out because they did not fit."""


def answer_room(most: int, positions: int) -> int:
    """Tokens that stay for the answer, however long the prompt is."""
    return min(most, max(1, positions // ANSWER_SHARE))


def prompts_of(
    renderer: Renderer, encoder: Encoder, samples: Sequence[Sample], skip: int = 0
) -> list[Prompt]:
    """What a model is given for each sample, or why nothing; ``skip`` examples left out."""
    plain = renderer.prompting.template is None
    eos, eos_id = encoder.tokenizer.eos_token or "\0", encoder.tokenizer.eos_token_id
    rows = [_rendered(renderer, sample, plain, skip) for sample in samples]
    found = []
    for row, encoded in zip(rows, encoder.encode(rows), strict=True):
        ids = encoded.ids
        if plain and len(ids) > 1 and ids[-1] == eos_id and not row.text.endswith(eos):
            # Some tokenizers end every text; a prompt goes on.
            ids = ids[:-1]
        problem = "" if len(ids) else encoded.problem or "the prompt is empty"
        found.append(Prompt(row.text, ids, encoded.bos, problem))
    return found


def _rendered(renderer: Renderer, sample: Sample, plain: bool, skip: int) -> Rendered:
    try:
        return Rendered(sample.id, renderer.prompt(sample, skip), plain=plain)
    except Exception as error:  # a template may raise anything
        return Rendered(sample.id, "", problem=f"the chat template refuses the prompt: {error}")


def end_tokens(candidate: Renderer, tokenizer: Any, generation: Generation) -> frozenset[int]:
    """What ends an answer of the model that ``tokenizer`` belongs to: its own EOS, and the
    candidate's end tokens and end of turn under their ids there."""
    own = candidate.tokenizer
    texts = {own.convert_ids_to_tokens(one) for one in generation.end_ids if one < len(own)}
    texts |= {candidate.turn_end, own.eos_token}
    ids = {tokenizer.convert_tokens_to_ids(text) for text in texts if text}
    ids |= {tokenizer.eos_token_id}
    if tokenizer is own:
        ids |= set(generation.end_ids)
    ids -= {None, tokenizer.unk_token_id}
    return frozenset(int(one) for one in ids)
