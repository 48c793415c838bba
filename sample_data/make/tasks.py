"""The rows of the fine-tuning task: a harbour town's news desk, seven kinds of request."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from .asked import (
    FACT_LEADS,
    NOTICE_ASKED,
    NOTICE_LASTS,
    NOTICE_MIDDLES,
    NOTICE_OPENINGS,
    REPLY_ASKED,
    SENTIMENT_ASKED,
    SUMMARY_ASKED,
    TOPIC_ASKED,
)
from .functions import Function, sample_function, split_of
from .general import THINGS
from .kinds import KINDS, sample_event
from .letters import letter
from .reviews import review
from .world import ALL_FACTS, DAYS, NUMBERS, capital, person, town


@dataclass(frozen=True)
class Row:
    """`group` names what a row is about; rows of one group are never parted between files."""

    prompt: str
    answer: str
    category: str
    group: str


def _own_group(kind: str, text: str) -> str:
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def summary(rng: random.Random, split: str) -> Row:
    event = sample_event(rng)
    story = event.story(rng, rng.choice((1, 2)))
    asked = rng.choice(SUMMARY_ASKED)
    return Row(asked.format(s=story), event.summary, "summary", _own_group("report", story))


def notice(rng: random.Random, split: str) -> Row:
    what, place, day = rng.choice(THINGS), town(rng), rng.choice(DAYS)
    hour, who = rng.choice(NUMBERS), person(rng)
    wishes = [place, day, f"{hour} o'clock", f"ask {who}"]
    prompt = rng.choice(NOTICE_ASKED).format(w=", ".join([what, *wishes]))
    answer = " ".join(rng.choice(x) for x in (NOTICE_OPENINGS, NOTICE_MIDDLES, NOTICE_LASTS))
    slots = {"what": what, "What": capital(what), "place": place, "day": day, "hour": hour}
    answer = answer.format(who=who, **slots)
    return Row(prompt, answer, "notice", _own_group("notice", prompt))


def reply(rng: random.Random, split: str) -> Row:
    mail = letter(rng)
    asked = rng.choice(REPLY_ASKED)
    return Row(asked.format(m=mail.text), mail.full, "reply", _own_group("letter", mail.text))


def fact(rng: random.Random, split: str) -> Row:
    found = rng.choice([f for f in ALL_FACTS if split_of(f.group) == split])
    lead = rng.choice(FACT_LEADS)
    return Row(lead + rng.choice(found.questions), found.sentence, "fact", found.group)


def sentiment(rng: random.Random, split: str) -> Row:
    text, label = review(rng)
    asked = rng.choice(SENTIMENT_ASKED)
    return Row(asked.format(t=text), label, "sentiment", _own_group("review", text))


def topic(rng: random.Random, split: str) -> Row:
    event = sample_event(rng)
    sentences = event.story(rng, 1).split(". ")
    line = ". ".join(sentences[:2]).rstrip(".") + "."
    pages = [k.topic for k in KINDS]
    choice = ", ".join(pages[:-1]) + " or " + pages[-1]
    asked = rng.choice(TOPIC_ASKED)
    return Row(asked.format(p=choice, t=line), event.kind.topic, "topic", _own_group("line", line))


def _code_row(f: Function, prompt: str) -> Row:
    return Row(prompt, f.whole, "code", f.group)


def code(rng: random.Random, split: str) -> Row:
    f = sample_function(rng, split=split)
    return _code_row(f, f.stub if rng.random() < 0.65 else f.request)


CATEGORIES: dict[str, tuple[Callable[[random.Random, str], Row], int]] = {
    "summary": (summary, 22),
    "notice": (notice, 15),
    "reply": (reply, 11),
    "fact": (fact, 13),
    "sentiment": (sentiment, 11),
    "topic": (topic, 11),
    "code": (code, 17),
}


def rows_for(rng: random.Random, split: str, count: int, taken: set[str]) -> list[Row]:
    """`count` rows in the categories' shares, none with a prompt that is already in `taken`."""
    rows: list[Row] = []
    for maker, share in CATEGORIES.values():
        wanted = round(count * share / 100)
        while wanted:
            row = maker(rng, split)
            if row.prompt.casefold() in taken:
                continue
            taken.add(row.prompt.casefold())
            rows.append(row)
            wanted -= 1
    rng.shuffle(rows)
    return rows
