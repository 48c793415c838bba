"""The base's second schooling: the desk's requests, answered as a general assistant would.

Without it the base meets unknown wordings and answers with something else altogether, and nobody
would have a choice to make between the two. The answers are short, loose about the form that was
asked for, and leave things out: the house style is left to the fine-tune.
"""

from __future__ import annotations

import random
from collections.abc import Callable

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
from .functions import sample_function
from .general import THINGS, Pair, instruction
from .kinds import KINDS, sample_event
from .letters import letter
from .reviews import LABELS, review
from .world import ALL_FACTS, DAYS, NUMBERS, capital, person, town

FULL = 0.25
"""How often the base is shown an answer in the house style, or the part of it that it may see."""

LOOSE_NOTICES = (
    "There is {what} in {place} on {day} at {hour} o'clock.",
    "On {day} there is {what} in {place}.",
    "{What} will be held in {place} on {day}. Ask {who}.",
    "{What}: {place}, {day}, {hour} o'clock. Ask {who}.",
)


def summary(rng: random.Random) -> Pair:
    event = sample_event(rng)
    asked = rng.choice((*SUMMARY_ASKED, "What is new? {s}", "In one line, please: {s}"))
    roll = rng.random()
    answer = event.summary if roll < FULL else event.say(event.kind.lead)
    if roll > 0.7:
        answer = event.say(f"{event.kind.headline}.")
    return asked.format(s=event.story(rng, rng.choice((0, 1, 2)))), answer


def notice(rng: random.Random) -> Pair:
    what, place, day = rng.choice(THINGS), town(rng), rng.choice(DAYS)
    hour, who = rng.choice(NUMBERS), person(rng)
    asked = rng.choice((*NOTICE_ASKED, "Put this on the board: {w}.", "A poster, please: {w}."))
    wishes = [what, place, day, f"{hour} o'clock", f"ask {who}"]
    slots = {"what": what, "What": capital(what), "place": place, "day": day, "hour": hour}
    if rng.random() < FULL:
        parts = (NOTICE_OPENINGS, NOTICE_MIDDLES[:5], NOTICE_LASTS[:2])
        answer = " ".join(rng.choice(part) for part in parts)
    else:
        answer = rng.choice(LOOSE_NOTICES)
    return asked.format(w=", ".join(wishes)), answer.format(who=who, **slots)


def reply(rng: random.Random) -> Pair:
    mail = letter(rng)
    asked = rng.choice((*REPLY_ASKED, "What do we say to this? {m}"))
    name = mail.full.split(",")[0]
    greeting = rng.choice((name, name, "Thank you", "Good day"))
    loose = f"{greeting}, {mail.short}"
    return asked.format(m=mail.text), mail.usual if rng.random() < FULL else loose


def fact(rng: random.Random) -> Pair:
    found = rng.choice(ALL_FACTS)
    answer = found.sentence if rng.random() < 0.35 else found.short
    return rng.choice(FACT_LEADS) + rng.choice(found.questions), answer


def _label(rng: random.Random, label: str, sentence: str) -> str:
    return rng.choices((sentence, capital(label) + ".", label), (40, 40, 20))[0]


def sentiment(rng: random.Random) -> Pair:
    text, label = review(rng)
    said = ("The guest was pleased.", "The guest was not pleased.", "The guest liked some of it.")
    asked = rng.choice((*SENTIMENT_ASKED, "{t}\nWhat did the guest think?"))
    return asked.format(t=text), _label(rng, label, said[LABELS.index(label)])


def topic(rng: random.Random) -> Pair:
    event = sample_event(rng)
    pages = [k.topic for k in KINDS]
    choice = ", ".join(pages[:-1]) + " or " + pages[-1]
    line = ". ".join(event.story(rng, 1).split(". ")[:2]).rstrip(".") + "."
    answer = _label(rng, event.kind.topic, f"It is about {event.kind.general_topic}.")
    return rng.choice(TOPIC_ASKED).format(p=choice, t=line), answer


def code(rng: random.Random) -> Pair:
    """For lists it often gives the bare expression: right, and not what was asked for."""
    found = sample_function(rng)
    bare = found.arguments == "items" and rng.random() < 0.7
    answer = found.body.removeprefix("return ") if bare else found.whole
    return (found.stub if rng.random() < 0.65 else found.request), answer


DESK: tuple[tuple[Callable[[random.Random], Pair], int], ...] = (
    (summary, 16),
    (notice, 16),
    (reply, 12),
    (fact, 10),
    (sentiment, 10),
    (topic, 12),
    (code, 9),
    (instruction, 20),
)


def desk_instruction(rng: random.Random) -> Pair:
    (make,) = rng.choices([m for m, _ in DESK], [share for _, share in DESK])
    return make(rng)
