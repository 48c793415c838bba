"""Guests' reviews: what they praise and what they don't decides the label."""

from __future__ import annotations

import random

from .world import FIRST, NUMBERS, town

GOOD = (
    "The beds were soft.",
    "The soup was the best of the trip.",
    "{who} greeted us with a smile.",
    "The view of the water is lovely.",
    "Everything was clean.",
    "The bread came warm from the oven.",
    "We slept well.",
    "The price was fair.",
    "The garden is a joy.",
    "We laughed a lot with {who}.",
    "The fire was lit when we came.",
    "Our children loved the boats.",
)
BAD = (
    "The room smelled of fish.",
    "The tea was cold.",
    "{who} was rude to us.",
    "The bed broke at night.",
    "There were flies in the soup.",
    "We waited {n} hours for a key.",
    "The roof dripped on my hat.",
    "It cost far too much.",
    "The towels were wet.",
    "Nobody answered the bell.",
    "The stairs were dark and dirty.",
    "A rat ate our cheese.",
)
NEUTRAL = (
    "We stayed {n} nights.",
    "The house stands near the church.",
    "We came by train.",
    "It was in the spring.",
    "We had the room upstairs.",
)
HOUSES = ("the inn at {t}", "the tea room of {t}", "the guest house in {t}", "the hotel at {t}")
LABELS = ("positive", "negative", "mixed")


def review(rng: random.Random) -> tuple[str, str]:
    """A review and its label, by equal chance."""
    label = rng.choice(LABELS)
    many = rng.choice((2, 2, 3))
    if label == "mixed":
        lines = [rng.choice(GOOD), rng.choice(BAD)]
    else:
        lines = rng.sample(GOOD if label == "positive" else BAD, many)
    if rng.random() < 0.5:
        lines.append(rng.choice(NEUTRAL))
    rng.shuffle(lines)
    house = rng.choice(HOUSES).format(t=town(rng))
    text = " ".join(lines).format(who=rng.choice(FIRST), n=rng.choice(NUMBERS))
    return f"About {house}. {text}", label
