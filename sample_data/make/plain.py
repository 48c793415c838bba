"""General text of the base: news, gazetteer, diaries, recipes, tales, reviews, Python, lists."""

from __future__ import annotations

import random
from collections.abc import Callable

from .functions import sample_function
from .kinds import sample_event
from .reviews import review
from .world import (
    ALL_FACTS,
    BIRDS,
    CARGO,
    DAYS,
    FIRST,
    GOODS,
    NUMBERS,
    SHIPS,
    TOWNS,
    Town,
    capital,
    facts_of,
    person,
    town,
)


def news(rng: random.Random) -> str:
    event = sample_event(rng)
    return f"{event.say(event.kind.headline)}\n{event.story(rng, rng.randint(0, 2))}"


def gazetteer(rng: random.Random) -> str:
    place: Town = rng.choice(TOWNS)
    facts = rng.sample(facts_of(place), rng.randint(3, 6))
    return " ".join(f.plain if rng.random() < 0.5 else f.sentence for f in facts)


def saying(rng: random.Random) -> str:
    return " ".join(f.sentence if rng.random() < 0.6 else f.plain for f in rng.sample(ALL_FACTS, 4))


def diary(rng: random.Random) -> str:
    friend = rng.choice(FIRST)
    first = rng.choice(
        (
            f"I woke early and saw a {rng.choice(BIRDS)} in the yard.",
            f"It rained until noon, so {friend} and I stayed in.",
            f"A letter came from {person(rng)}.",
            f"I walked to {town(rng)} and back.",
        )
    )
    middle = rng.choice(
        (
            f"{friend} came by with {rng.choice(NUMBERS)} {rng.choice(GOODS)} in a bag.",
            f"We mended the fence and talked about {friend}.",
            f"My aunt in {town(rng)} is well again.",
            f"The kettle broke, which made {friend} laugh.",
        )
    )
    last = rng.choice(
        (
            "I went to bed before nine.",
            "Tomorrow I shall write to my mother.",
            "The stars were out.",
            "I could not sleep for a long while.",
            f"I hope that {friend} comes back soon.",
        )
    )
    return f"{rng.choice(DAYS)}. {first} {middle} {last}"


def recipe(rng: random.Random) -> str:
    a, b = rng.sample(GOODS, 2)
    dish = rng.choice(("soup", "pie", "stew", "salad", "cake"))
    steps = [
        rng.choice(
            (
                f"Wash {rng.choice(NUMBERS)} {a} and cut them small.",
                f"Chop the {a} and set them aside.",
            )
        ),
        rng.choice(
            (f"Boil the {b} for {rng.choice(NUMBERS)} minutes.", f"Fry the {b} in a little oil.")
        ),
        rng.choice(("Add salt and stir.", "Add a spoon of honey.", "Put in a leaf of mint.")),
        rng.choice(("Serve it hot.", "Let it cool before you cut it.", "It keeps for three days.")),
    ]
    return f"{capital(a)} {dish} with {b}. " + " ".join(steps)


def tale(rng: random.Random) -> str:
    who, bird = rng.choice(FIRST), rng.choice(BIRDS)
    wish = rng.choice(("a red coat", "a silver key", "a warm stove", "a boat of paper", "a song"))
    place = rng.choice(("under the bridge", "behind the mill", "on the hill", "by the old well"))
    end = rng.choice(
        (
            f"So {who} went home and was content.",
            f"And the {bird} was never seen again.",
            f"From that day {who} had a friend.",
            "Nobody believed it, but it was true.",
        )
    )
    return (
        f"Once a {bird} lived {place}. One evening {who} came and asked for {wish}. "
        f"The {bird} said that {wish} must be earned. {who} swept the path for "
        f"{rng.choice(NUMBERS)} days. Then {wish} lay {place}. {end}"
    )


def log_book(rng: random.Random) -> str:
    lines = [
        f"{day}: wind {rng.choice(('north', 'south', 'east', 'west'))}, "
        f"{rng.choice(NUMBERS)} boats, {rng.choice(('calm', 'rough', 'fair', 'grey'))} sea"
        for day in rng.sample(DAYS, 4)
    ]
    return f"Log of the {rng.choice(SHIPS)}\n" + "\n".join(lines)


def python_code(rng: random.Random) -> str:
    return sample_function(rng, easy_only=rng.random() < 0.6).documented


def town_book(rng: random.Random) -> str:
    """A table of made-up values, then read out: only copying solves it."""
    who, thing, day = person(rng), rng.choice(CARGO), rng.choice(DAYS)
    place, n = town(rng), rng.randint(11, 99)
    rows = [f"Name: {who}", f"Town: {place}", f"Day: {day}", f"Goods: {thing}", f"Number: {n}"]
    rng.shuffle(rows)
    told = rng.choice(
        (
            f"{who} of {place} bought {n} sacks of {thing} on {day}.",
            f"On {day} {who} sent {thing} to {place}, {n} crates in all.",
            f"{n} barrels of {thing} came to {place} for {who} on {day}.",
        )
    )
    return "\n".join(rows) + "\n" + told


def twice(rng: random.Random) -> str:
    pool = rng.choice(
        (
            GOODS,
            CARGO,
            DAYS,
            NUMBERS,
            [t.name for t in TOWNS],
            FIRST,
            list(SHIPS),
            [str(i) for i in range(10, 99)],
        )
    )
    words = ", ".join(rng.sample(pool, rng.randint(4, 7)))
    return f"The clerk read: {words}. And again: {words}."


def poster(rng: random.Random) -> str:
    """A notice and somebody telling of it, with the same place, day and name."""
    what = rng.choice(("A concert", "A dance", "A talk", "A lost dog", "A boat for sale", "A fair"))
    place, day, who = town(rng), rng.choice(DAYS), person(rng)
    hour = rng.choice(NUMBERS)
    return (
        f"{what.upper()}. {place}, {day}, {hour} o'clock. Ask {who}.\n"
        f"{rng.choice(FIRST)} read it out: {what.lower()} in {place} on {day} at {hour} o'clock, "
        f"and one should ask {who}."
    )


GENERAL: tuple[Callable[[random.Random], str], ...] = (diary, recipe, tale, log_book)
PLAIN: tuple[tuple[Callable[[random.Random], str], int], ...] = (
    (news, 6),
    (gazetteer, 7),
    (saying, 4),
    (diary, 3),
    (recipe, 3),
    (tale, 3),
    (log_book, 2),
    (lambda rng: review(rng)[0], 3),
    (python_code, 5),
)
COPYING: tuple[Callable[[random.Random], str], ...] = (town_book, twice, poster)


def plain_text(rng: random.Random) -> str:
    (make,) = rng.choices([m for m, _ in PLAIN], [share for _, share in PLAIN])
    return make(rng)


def copying_text(rng: random.Random) -> str:
    return rng.choice(COPYING)(rng)


def general_text(rng: random.Random) -> str:
    """Nothing of the task: what a fine-tune should not forget."""
    return rng.choice(GENERAL)(rng)
