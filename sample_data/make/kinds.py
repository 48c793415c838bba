"""Things that happen on the coast: six kinds of news, each with its story and its summary."""

from __future__ import annotations

import random

from .events import Event, Kind, Slots
from .world import CARGO, DAYS, GOODS, LAST, NUMBERS, SHIPS, TEAMS, listed, person, town

SHIP_CAUSES = listed(
    "fog; a customs check; a broken pump; a strong headwind; low tide; a late pilot; "
    "a torn sail; ice in the river; a lost anchor; a sick cook"
)
RAIL_CAUSES = listed(
    "a fallen tree; a broken signal; snow on the line; a loose rail; a herd of cows; "
    "a flooded tunnel; a burst boiler; a strike of the drivers"
)
PLANS = listed(
    "a new bridge; a public library; a longer pier; street lamps; a covered market; a bath house; "
    "a school garden; a clock tower; a fire station; a tram to the beach"
)
PRICE_UP = listed("a late frost; a wet spring; a shortage of carts; a poor harvest; a great demand")
PRICE_DOWN = listed("a rich harvest; a mild winter; cheap imports; a full warehouse; a quiet week")
WEATHER = listed("a storm; a flood; heavy snow; a hard frost; a hail shower; a high tide")
DAMAGE = listed(
    "the roof of the school; the old pier; the mill wheel; the church clock; the harbour crane; "
    "the glass house; the footbridge; the bakery chimney"
)


def _two_towns(rng: random.Random) -> tuple[str, str]:
    a = town(rng)
    b = town(rng)
    while b == a:
        b = town(rng)
    return a, b


def _ship(rng: random.Random) -> Slots:
    here, origin = _two_towns(rng)
    return {
        "ship": rng.choice(SHIPS),
        "cargo": rng.choice(CARGO),
        "town": here,
        "origin": origin,
        "n": rng.choice(NUMBERS),
        "cause": rng.choice(SHIP_CAUSES),
        "day": rng.choice(DAYS),
        "last": rng.choice(LAST),
    }


def _rail(rng: random.Random) -> Slots:
    a, b = _two_towns(rng)
    return {
        "a": a,
        "b": b,
        "cause": rng.choice(RAIL_CAUSES),
        "day": rng.choice(DAYS),
        "n": str(rng.randint(11, 99)),
        "last": rng.choice(LAST),
    }


def _council(rng: random.Random) -> Slots:
    against = rng.randrange(0, 5)
    return {
        "town": town(rng),
        "plan": rng.choice(PLANS),
        "day": rng.choice(DAYS),
        "n": NUMBERS[against + rng.randint(1, 5)],
        "m": NUMBERS[against],
        "k": str(rng.randint(11, 99)),
        "name": person(rng),
    }


def _match(rng: random.Random) -> Slots:
    a, b = rng.sample(TEAMS, 2)
    y = rng.randint(0, 4)
    return {
        "a": a,
        "b": b,
        "x": str(y + rng.randint(1, 4)),
        "y": str(y),
        "day": rng.choice(DAYS),
        "name": person(rng),
        "town": town(rng),
    }


def _market(rng: random.Random) -> Slots:
    up = rng.random() < 0.5
    return {
        "town": town(rng),
        "good": rng.choice(GOODS),
        "n": str(rng.randint(11, 99)),
        "move": "rose" if up else "fell",
        "dear": "dearer" if up else "cheaper",
        "cause": rng.choice(PRICE_UP if up else PRICE_DOWN),
        "day": rng.choice(DAYS),
        "last": rng.choice(LAST),
    }


def _storm(rng: random.Random) -> Slots:
    return {
        "town": town(rng),
        "weather": rng.choice(WEATHER),
        "day": rng.choice(DAYS),
        "thing": rng.choice(DAMAGE),
        "n": rng.choice(NUMBERS),
        "last": rng.choice(LAST),
    }


KINDS = (
    Kind(
        "harbour",
        "ships",
        _ship,
        (
            (
                "the {ship} came into {town} on {day}, {n} hours late.",
                "on {day} the {ship} reached {town}, {n} hours behind her time.",
                "with {n} hours of delay the {ship} tied up at {town} on {day}.",
            ),
            (
                "she carried {cargo} from {origin}.",
                "in her hold lay {cargo} from {origin}.",
                "she had loaded {cargo} at {origin}.",
            ),
            ("the reason was {cause}.", "{cause} had held her up.", "the captain blamed {cause}."),
        ),
        (
            "Captain {last} said that the crew was tired but well.",
            "children watched from the pier.",
            "the harbour master wrote it in the book.",
            "two dogs slept on the deck.",
            "she will sail again with the next tide.",
        ),
        "The {ship} brought {cargo} to {town} {n} hours late because of {cause}.",
        "the {ship} is at {town}.",
        "{ship} late at {town}",
        (
            ("Which ship is it?", "The {ship}."),
            ("What did she carry?", "{cargo}."),
            ("Where did she arrive?", "In {town}."),
            ("Where does she come from?", "From {origin}."),
            ("How late was she?", "{n} hours."),
            ("What was the reason?", "{cause}."),
            ("On which day?", "On {day}."),
        ),
    ),
    Kind(
        "rail",
        "trains",
        _rail,
        (
            (
                "no trains ran between {a} and {b} on {day}.",
                "on {day} the line from {a} to {b} was closed.",
                "travellers from {a} to {b} had to wait on {day}.",
            ),
            (
                "the reason was {cause}.",
                "it was because of {cause}.",
                "the station master named {cause}.",
            ),
            (
                "buses took {n} passengers.",
                "{n} passengers went on by bus.",
                "a bus came for the {n} passengers.",
            ),
        ),
        (
            "the tea room stayed open for them.",
            "Inspector {last} walked along the line.",
            "one lady missed her own wedding.",
            "tickets can be given back at the window.",
            "the evening train left on time.",
        ),
        "The trains from {a} to {b} stopped on {day} because of {cause}, "
        "and buses took {n} passengers.",
        "no trains ran to {b}.",
        "No trains to {b}",
        (
            ("Between which towns?", "{a} and {b}."),
            ("What was the reason?", "{cause}."),
            ("How many passengers?", "{n}."),
            ("On which day?", "On {day}."),
        ),
    ),
    Kind(
        "council",
        "politics",
        _council,
        (
            (
                "the council of {town} met on {day} and talked about {plan}.",
                "on {day} {plan} was before the council of {town}.",
                "should {town} have {plan}? The council met on {day}.",
            ),
            (
                "{n} members were for it and {m} against.",
                "it passed with {n} votes to {m}.",
                "{n} said yes and {m} said no.",
            ),
            (
                "the cost is {k} thousand crowns.",
                "it will cost {k} thousand crowns.",
                "the town will pay {k} thousand crowns for it.",
            ),
        ),
        (
            "{name} spoke for an hour.",
            "the clerk opened all windows.",
            "nobody asked who will sweep it.",
            "work begins in the spring.",
            "{name} wants to see the bills.",
        ),
        "The council of {town} voted {n} to {m} for {plan}, which will cost {k} thousand crowns.",
        "{town} will have {plan}.",
        "{town} says yes",
        (
            ("Which town is it?", "{town}."),
            ("What is the plan?", "{plan}."),
            ("How many were for it?", "{n}."),
            ("How many were against it?", "{m}."),
            ("What does it cost?", "{k} thousand crowns."),
            ("On which day?", "On {day}."),
        ),
    ),
    Kind(
        "sport",
        "games",
        _match,
        (
            (
                "{a} met {b} on {day}.",
                "on {day} {a} played against {b}.",
                "{b} were the guests of {a} on {day}.",
            ),
            (
                "{a} won by {x} goals to {y}.",
                "it ended {x} to {y} for {a}.",
                "after {x} goals to {y} {a} had won.",
            ),
            (
                "{name} scored the last goal.",
                "the last goal came from {name}.",
                "it was {name} who scored last.",
            ),
        ),
        (
            "the grass was wet.",
            "a dog ran off with the ball.",
            "the band of {town} played.",
            "the referee lost his whistle.",
            "many had come by boat.",
        ),
        "{a} beat {b} {x} to {y} on {day}, and {name} scored the last goal.",
        "{a} won.",
        "{a} win",
        (
            ("Who won?", "{a}."),
            ("Who lost?", "{b}."),
            ("Who scored last?", "{name}."),
            ("On which day?", "On {day}."),
            ("How did it end?", "{x} to {y}."),
        ),
    ),
    Kind(
        "market",
        "prices",
        _market,
        (
            (
                "at {town} market {good} {move} to {n} pence a pound on {day}.",
                "on {day} {good} at {town} market {move} to {n} pence.",
                "{good} are {dear} at {town}: on {day} the price {move} to {n} pence.",
            ),
            ("dealers speak of {cause}.", "the reason is {cause}.", "it comes from {cause}."),
            (
                "Mrs {last} bought a whole basket.",
                "Mr {last} shook his head at his stall.",
                "old {last} has seen it all before.",
            ),
        ),
        (
            "the queue went round the fountain.",
            "a goat ate one sign.",
            "the bakers will feel it first.",
            "the stalls closed at noon.",
            "other prices did not move.",
        ),
        "At {town} market {good} {move} to {n} pence on {day} because of {cause}.",
        "{good} are {dear} at {town}.",
        "{good} {dear}",
        (
            ("Which market is it?", "{town}."),
            ("What was sold?", "{good}."),
            ("What is the price?", "{n} pence."),
            ("What is the reason?", "{cause}."),
            ("On which day?", "On {day}."),
            ("Did the price rise or fall?", "It {move}."),
        ),
    ),
    Kind(
        "weather",
        "the sky",
        _storm,
        (
            (
                "{weather} came over {town} on {day}.",
                "on {day} {town} had {weather}.",
                "{town} will remember {weather} that came on {day}.",
            ),
            ("it damaged {thing}.", "{thing} did not stand it.", "most harm was done to {thing}."),
            (
                "{n} families slept in the town hall.",
                "the town hall took in {n} families.",
                "{n} families had to leave their homes.",
            ),
        ),
        (
            "Doctor {last} brought blankets.",
            "the ferry stayed at home.",
            "a cat was saved from a tree.",
            "by the evening the sky was clear.",
            "soup was given out for nothing.",
        ),
        "On {day} {weather} damaged {thing} in {town}, and {n} families had to leave their homes.",
        "{town} had {weather}.",
        "Bad weather at {town}",
        (
            ("Which town is it?", "{town}."),
            ("What came?", "{weather}."),
            ("What was damaged?", "{thing}."),
            ("How many families?", "{n}."),
            ("On which day?", "On {day}."),
        ),
    ),
)


def sample_event(rng: random.Random) -> Event:
    kind = rng.choice(KINDS)
    return Event(kind, kind.slots(rng))
