"""Decisions about candidates, folded from events of kind ``signoff`` in people's journals.

Such an event holds ``candidate``, ``decision`` (``none`` withdraws), ``note``, ``standing``
(fingerprints by what they are of), ``seen`` (by step, ``verdict`` and ``summary``), ``login``
and ``after``: the event id of the newest decision that its signer had before their eyes. What
holds none of that, or another decision than we know, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from tui_eval.core.judgements import Judgement, in_order
from tui_eval.core.sign_off_records import DECISIONS, Decision, SignOff

KIND = "signoff"


def sign_offs(judgements: Iterable[Judgement]) -> list[SignOff]:
    """All of them, the oldest first; the last one of a candidate counts.

    By time, as judgements are; but one that a later signer had seen stands before theirs,
    whatever the clocks said: a host whose clock runs ahead must not outlast everybody.
    """
    signed: dict[str, tuple[SignOff, str]] = {}
    for judgement in in_order(one for one in judgements if one.event.get("kind") == KIND):
        one = sign_off_of(judgement)
        if one is not None:
            signed[one.id] = one, _text(judgement.event.get("after"))
    placed: dict[str, SignOff] = {}
    for name in signed:
        # Those that it follows and that are not placed yet, the farthest back first.
        chain: dict[str, None] = {}
        while name in signed and name not in placed and name not in chain:
            chain[name] = None
            name = signed[name][1]
        placed |= {name: signed[name][0] for name in reversed(chain)}
    return list(placed.values())


def sign_off_of(judgement: Judgement) -> SignOff | None:
    """What one event says; None where it is not to be understood."""
    event = judgement.event
    candidate, decision = event.get("candidate"), event.get("decision")
    if not isinstance(candidate, str) or not candidate or decision not in DECISIONS:
        return None
    return SignOff(
        candidate=candidate,
        decision=cast("Decision", decision),
        by=judgement.judge,
        login=_text(event.get("login")),
        at=_text(event.get("at")),
        note=_text(event.get("note")),
        standing=_texts(event.get("standing")),
        seen={step: _texts(told) for step, told in _mapping(event.get("seen")).items()},
        journal=judgement.journal,
        id=_text(event.get("id")),
    )


def of_candidate(signed: Iterable[SignOff], candidate: str) -> list[SignOff]:
    return [one for one in signed if one.candidate == candidate]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Mapping[str, str]:
    return {name: text for name, text in _mapping(value).items() if isinstance(text, str)}
