"""General instructions that the base learns: other wordings and shorter answers than the task's."""

from __future__ import annotations

import random
from collections.abc import Callable

from .functions import sample_function
from .kinds import KINDS, sample_event
from .letters import letter
from .plain import poster, town_book, twice
from .reviews import LABELS, review
from .world import (
    ALL_FACTS,
    BIRDS,
    CARGO,
    DAYS,
    GOODS,
    SHIPS,
    TOWNS,
    capital,
    facts_of,
    listed,
    person,
    town,
)

Pair = tuple[str, str]

THINGS = listed(
    "a book sale; a dance; a boat race; a concert; a plum fair; a lantern walk; a chess evening; "
    "a puppet show; a swimming lesson; a bread contest; a kite day; a story hour"
)


def fact(rng: random.Random) -> Pair:
    f = rng.choice(ALL_FACTS)
    roll = rng.random()
    if roll < 0.55:
        return rng.choice(f.other_questions), f.short
    if roll < 0.8:
        return rng.choice(f.other_questions), f.sentence
    return rng.choice(f.questions), f.short


def reading(rng: random.Random) -> Pair:
    event = sample_event(rng)
    question, answer = rng.choice(event.kind.asked)
    story = event.story(rng, rng.randint(0, 1))
    prompt = rng.choice(("{s}\n{q}", "Read this. {s}\n{q}", "{q}\n{s}"))
    return prompt.format(s=story, q=question), event.say(answer)


def opinion(rng: random.Random) -> Pair:
    text, label = review(rng)
    at = LABELS.index(label)
    roll = rng.random()
    if roll < 0.4:
        answers = (
            "Yes, the guest was pleased.",
            "No, the guest was not pleased.",
            "The guest liked some of it.",
        )
        return f"Did the guest like it? {text}", answers[at]
    words = (
        rng.choice(
            (("good", "bad", "fair"), ("happy", "unhappy", "unsure"), ("warm", "cold", "cool"))
        )
        if roll < 0.85
        else LABELS
    )
    choice = f"{words[0]}, {words[1]} or {words[2]}"
    asked = rng.choice((f"Is the guest {choice}? {text}", f"{text}\nSay {choice}."))
    return asked, capital(words[at]) + "."


def subject(rng: random.Random) -> Pair:
    event = sample_event(rng)
    line = event.story(rng, 0).split(". ")[0].rstrip(".") + "."
    roll = rng.random()
    if roll < 0.45:
        return f"What is this about? {line}", f"It is about {event.kind.general_topic}."
    house = roll > 0.85
    names = [k.topic if house else k.general_topic for k in KINDS]
    rng.shuffle(names)
    name = event.kind.topic if house else event.kind.general_topic
    choice = ", ".join(names[:-1]) + " or " + names[-1]
    asked = rng.choice((f"Sort this under {choice}: {line}", f"{line}\nIs that {choice}?"))
    return asked, capital(name) + "."


def code(rng: random.Random) -> Pair:
    f = sample_function(rng, easy_only=rng.random() < 0.7, split="train")
    roll = rng.random()
    if roll < 0.35:
        return f.request, f.whole
    if roll < 0.7:
        return f"Finish this:\n{f.stub}", f.whole
    return f"What does this do?\n{f.whole}", f.doc


def headline(rng: random.Random) -> Pair:
    event = sample_event(rng)
    story = event.story(rng, rng.randint(0, 1))
    if rng.random() < 0.5:
        return f"Give this a headline: {story}", event.say(event.kind.headline)
    asked = rng.choice(("Say it in a few words: {s}", "Make this short. {s}", "What happened? {s}"))
    return asked.format(s=story), event.say(event.kind.lead)


def full_summary(rng: random.Random) -> Pair:
    event = sample_event(rng)
    return f"Tell me all of this in one line. {event.story(rng)}", event.summary


def one_line_notice(rng: random.Random) -> Pair:
    what, place, day = rng.choice(THINGS), town(rng), rng.choice(DAYS)
    asked = rng.choice(
        (
            f"Tell people of {what} in {place} on {day}.",
            f"Announce {what}: {place}, {day}.",
            f"One line for the board: {place}, {day}, {what}.",
        )
    )
    answer = rng.choice(
        (
            f"There is {what} in {place} on {day}.",
            f"On {day} there is {what} in {place}.",
            f"{capital(what)} will be held in {place} on {day}.",
        )
    )
    return asked, answer


def short_reply(rng: random.Random) -> Pair:
    mail = letter(rng)
    return (
        f"What should we write back? {mail.text}",
        f"{rng.choice(('Thank you', 'Good day'))}, {mail.short}",
    )


def repeat(rng: random.Random) -> Pair:
    pools = (
        DAYS,
        CARGO,
        GOODS,
        BIRDS,
        list(SHIPS),
        [t.name for t in TOWNS],
        [person(rng) for _ in "123456"],
    )
    words = ", ".join(rng.sample(rng.choice(pools), rng.randint(2, 5)))
    return rng.choice((f"Repeat: {words}", f"Say after me: {words}")), words


def about_town(rng: random.Random) -> Pair:
    place = rng.choice(TOWNS)
    facts = rng.sample(facts_of(place), 2)
    return f"Tell me about {place.name}.", " ".join(f.plain for f in facts)


def tell_on(rng: random.Random) -> Pair:
    """The second half of a copying text as the answer to the first."""
    text = (
        rng.choice((town_book, poster))(rng)
        if rng.random() < 0.8
        else twice(rng).replace(". And", ".\nAnd")
    )
    first, last = text.rsplit("\n", 1)
    return f"Go on.\n{first}", last


GENERAL: tuple[tuple[Callable[[random.Random], Pair], int], ...] = (
    (fact, 20),
    (reading, 20),
    (opinion, 9),
    (subject, 9),
    (code, 13),
    (headline, 10),
    (full_summary, 3),
    (one_line_notice, 7),
    (short_reply, 3),
    (repeat, 4),
    (about_town, 3),
    (tell_on, 4),
)


def instruction(rng: random.Random) -> Pair:
    (make,) = rng.choices([m for m, _ in GENERAL], [share for _, share in GENERAL])
    return make(rng)
