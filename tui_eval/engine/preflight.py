"""What is said about the prompt before the numbers: BOS, template, thinking, tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_eval.core.records import Message, Preflight, Rendering, Sample
from tui_eval.engine.prompts import Prompting, Rendered
from tui_eval.engine.tokens import Encoded, Encoder

FIRST_IDS = 8
"""Ids shown and compared: what stands at the very beginning decides BOS and header."""
LOOKED_AT = 8
_OPEN, _CLOSE = "<think>", "</think>"


def rendering_of(rendered: Rendered, encoded: Encoded, tokenizer: Any) -> Rendering:
    ids = tuple(int(token) for token in encoded.ids[:FIRST_IDS])
    return Rendering(
        rendered.sample,
        rendered.text,
        rendered.scored,
        ids,
        tuple(str(token) for token in tokenizer.convert_ids_to_tokens(list(ids))),
    )


def facts_of_prompt(
    samples: Sequence[Sample],
    rendered: Sequence[Rendered],
    encoded: Sequence[Encoded],
    encoder: Encoder,
    prompting: Prompting,
    prompts: Sequence[str],
    *,
    wanted_chat: bool,
) -> Preflight:
    """What the candidate's rendering says; the caller adds what the base's does.

    ``prompts`` are the generation prompts of the first samples.
    """
    good = [row for row in encoded if len(row.targets)]
    tokenizer = encoder.tokenizer
    return Preflight(
        template=prompting.source or ("plain" if prompting.template is None else "chat"),
        template_missing=wanted_chat and prompting.template is None,
        bos_expected=encoder.adds_bos,
        bos_emitted=good[0].bos if good else 0,
        bos_token=str(tokenizer.bos_token or ""),
        thinking=thinking_words(samples, rendered, prompts),
        template_mismatch=mismatch_words(rendered),
    )


def mismatch_words(rendered: Sequence[Rendered]) -> str:
    """Rows in which the template did to an answer what nobody would expect."""
    odd = [row for row in rendered if row.mismatch or row.problem]
    if not odd:
        return ""
    first = odd[0].mismatch or odd[0].problem
    return f"{len(odd)} of {len(rendered)} rows: {first}"


def thinking_words(
    samples: Sequence[Sample], rendered: Sequence[Rendered], prompts: Sequence[str]
) -> str:
    """Where the answers and the template disagree about thinking before an answer."""
    last = [
        (sample.messages[-1], row)
        for sample, row in zip(samples, rendered, strict=True)
        if sample.messages and sample.messages[-1].role == "assistant" and not row.problem
    ]
    if not last:
        return ""
    thinks = [_thinks(message) for message, _ in last]
    opened = [prompt.rstrip().endswith(_OPEN) for prompt in prompts]
    dropped = sum(
        thought
        and _OPEN not in "".join(row.text[a:b] for a, b in row.answers[-1:])
        and opened[:1] != [True]
        for thought, (_, row) in zip(thinks, last, strict=True)
    )
    if dropped:
        return f"{dropped} of {len(last)} answers hold thinking that the template takes out"
    if any(opened) and not any(thinks):
        return "the template opens thinking in the prompt, but no answer holds any"
    return ""


def _thinks(message: Message) -> bool:
    extra = message.extra
    return _OPEN in message.content or bool(extra.get("reasoning_content") or extra.get("thinking"))


def difference_words(ours: Sequence[Rendered], theirs: Sequence[Rendered]) -> str:
    """Whether base and candidate were given other prompts."""
    other = sum(a.text != b.text for a, b in zip(ours, theirs, strict=True))
    return f"{other} of {len(ours)} rows are prompted in another way" if other else ""


def same_tokenizer(ours: Any, theirs: Any, encoded: Sequence[Sequence[Encoded]]) -> bool:
    """Whether two tokenizers split these rows alike and agree on the words both know: one
    of them may know some more, as a pad token that a trainer added."""
    if ours is theirs:
        return True
    small, large = sorted((ours.get_vocab(), theirs.get_vocab()), key=len)
    return small.items() <= large.items() and all(
        one.ids.tolist() == other.ids.tolist()
        for one, other in zip(encoded[0], encoded[1], strict=True)
    )
