"""Letters to the ferry office, with a short answer (the base's) and a full one (the task's)."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .world import DAYS, NUMBERS, SHIPS, listed, person, town

LOST = listed("umbrella; red hat; walking stick; lunch box; left shoe; fiddle; parrot; brass key")


@dataclass(frozen=True)
class Letter:
    text: str
    short: str
    full: str
    usual: str
    """The one of the full answers that the base has seen."""


TYPES: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = (
    (
        (
            "On {day} I left my {lost} on the {ship}. Can you send it to {town}? {name}",
            "My {lost} is gone. I had it on the {ship} on {day}. I live in {town}. {name}",
        ),
        "we will look for your {lost}.",
        (
            "Dear {name}, we have found your {lost} on the {ship}. It will be sent to {town}.",
            "Dear {name}, your {lost} was still on the {ship}. You can fetch it in {town}.",
        ),
    ),
    (
        (
            "The {ship} to {town} was {n} hours late on {day}. I want my money back. {name}",
            "I waited {n} hours for the {ship} in {town} on {day}! What will you do? {name}",
        ),
        "we are sorry.",
        (
            "Dear {name}, we are sorry for the {n} hours that you waited. "
            "Show your ticket in {town} and you get your money back.",
            "Dear {name}, the {ship} should not be {n} hours late. "
            "Your money waits for you at the office in {town}.",
        ),
    ),
    (
        (
            "Does the {ship} go to {town} on {day}? We are {n} people. {name}",
            "We are {n} and would like to go to {town} with the {ship} on {day}. {name}",
        ),
        "there is room on the {ship}.",
        (
            "Dear {name}, the {ship} goes to {town} on {day} and has room for all {n} of you.",
            "Dear {name}, on {day} {n} seats are kept for you on the {ship} to {town}.",
        ),
    ),
    (
        (
            "I can cook and row and look for work on the {ship}. "
            "I could begin in {town} on {day}. {name}",
            "Do you need a sailor for the {ship}? I am in {town} from {day}. {name}",
        ),
        "we need people.",
        (
            "Dear {name}, please come to the office in {town} on {day} "
            "and ask for the captain of the {ship}.",
            "Dear {name}, the {ship} is looking for you. Be in {town} on {day} with good shoes.",
        ),
    ),
    (
        (
            "Your crew on the {ship} to {town} was so kind to my mother on {day}. {name}",
            "Thank you for the lovely trip to {town} on {day}. The {ship} is my favourite. {name}",
        ),
        "that is kind of you.",
        (
            "Dear {name}, your letter hangs in the kitchen of the {ship} now. See you in {town}.",
            "Dear {name}, the crew of the {ship} was glad of your words "
            "and hopes to see you in {town} again.",
        ),
    ),
)


def letter(rng: random.Random) -> Letter:
    slots = {
        "day": rng.choice(DAYS),
        "lost": rng.choice(LOST),
        "ship": rng.choice(SHIPS),
        "town": town(rng),
        "name": person(rng),
        "n": rng.choice(NUMBERS),
    }
    asked, short, answers = rng.choice(TYPES)
    return Letter(
        rng.choice(asked).format(**slots),
        short.format(**slots),
        rng.choice(answers).format(**slots),
        answers[0].format(**slots),
    )
