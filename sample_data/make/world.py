"""Names and facts of the small invented coast that every text of the sample run is about."""

from __future__ import annotations

import random
from dataclasses import dataclass


def listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("; "))


TOWN_NAMES = listed(
    "Duskwater; Pellbridge; Emberby; Thornby; Larkhill; Saltmere; Brackford; Stonewell; "
    "Wickenholt; Marlsea; Oxcombe; Greywick; Ashquay; Millrow; Coldstrand; Heronsea; "
    "Quillby; Rooksend; Sandover; Whitlow"
)
RIVERS = listed(
    "Alder; Bracken; Cobble; Dunnow; Ember; Fallow; Gannet; Hollin; Inkle; Jessam; "
    "Kestle; Lindle; Mossop; Nettle; Orrin; Pinder; Quern; Rushel; Sallow; Tansy"
)
BIRDS = listed(
    "wren; gull; heron; lapwing; magpie; robin; swallow; plover; curlew; starling; "
    "thrush; kestrel; owl; raven; finch; dipper; tern; pigeon; nightjar; goldcrest"
)
TRADES = listed(
    "bells; baskets; candles; rope; clocks; pottery; lace; boats; mustard; honey; "
    "umbrellas; kites; pencils; gloves; barrels; maps; fiddles; soap; lanterns; boots"
)
FIRST = listed(
    "Aldo; Bela; Cora; Dina; Edmund; Flora; Gideon; Hester; Ivo; Jonas; "
    "Klara; Linus; Maud; Nils; Olive; Piers; Rosa; Silas; Tessa; Una"
)
LAST = listed(
    "Bolt; Crane; Drummond; Easter; Finch; Garrow; Hale; Ivory; Jessop; Kemp; "
    "Lorne; Marsh; Noble; Ostler; Penrose; Quick; Reeve; Stark; Thorne; Vane"
)
DAYS = listed("Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday")
SHIPS = listed(
    "Silver Oar; North Wind; Grey Heron; Blue Lantern; Morning Star; Old Anchor; Red Gull; "
    "Long Tide; Green Bell; White Sparrow; Iron Thistle; Quiet Moon"
)
CARGO = listed("coal; glass; apples; slate; wool; salt; timber; grain; paper; cheese; bricks; tea")
GOODS = listed("eggs; plums; herrings; leeks; onions; cherries; walnuts; oats; pears; beans")
NUMBERS = listed("two; three; four; five; six; seven; eight; nine; ten; eleven; twelve")


@dataclass(frozen=True)
class Town:
    name: str
    river: str
    bird: str
    mayor: str
    trade: str
    market: str
    founded: int


def _make_towns() -> tuple[Town, ...]:
    """Every value but the market day belongs to one town only, so that a fact can be wrong."""
    rng = random.Random("towns")
    rivers, birds, trades, first, last = (
        rng.sample(pool, len(TOWN_NAMES)) for pool in (RIVERS, BIRDS, TRADES, FIRST, LAST)
    )
    years = rng.sample(range(1103, 1790), len(TOWN_NAMES))
    return tuple(
        Town(name, rivers[i], birds[i], f"{first[i]} {last[i]}", trades[i], DAYS[i % 7], years[i])
        for i, name in enumerate(TOWN_NAMES)
    )


TOWNS = _make_towns()
TEAMS = tuple(f"{t.name} {k}" for t in TOWNS[::2] for k in ("Rovers",)) + tuple(
    f"{t.name} United" for t in TOWNS[1::2]
)


def person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def town(rng: random.Random) -> str:
    return rng.choice(TOWN_NAMES)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Fact:
    """One thing to know about a town, as the base says it (short) and as the fine-tune should."""

    group: str
    questions: tuple[str, ...]
    other_questions: tuple[str, ...]
    short: str
    sentence: str
    plain: str


def facts_of(t: Town) -> list[Fact]:
    """`other_questions` are worded for the base's training, `questions` for the task's rows."""
    n = t.name
    rows = [
        (
            "river",
            ["Which river runs through {n}?", "What is the river of {n} called?"],
            ["Name the river at {n}.", "{n} lies on which river?"],
            f"The {t.river}.",
            f"The river of {n} is the {t.river}.",
            f"{n} lies on the river {t.river}.",
        ),
        (
            "bird",
            ["Which bird is on the flag of {n}?", "What is the town bird of {n}?"],
            ["Name the bird of {n}.", "{n} has which bird on its flag?"],
            f"The {t.bird}.",
            f"The town bird of {n} is the {t.bird}.",
            f"The flag of {n} shows a {t.bird}.",
        ),
        (
            "mayor",
            ["Who is the mayor of {n}?", "Who leads the town of {n}?"],
            ["Name the mayor of {n}.", "{n} has which mayor?"],
            f"{t.mayor}.",
            f"The mayor of {n} is {t.mayor}.",
            f"In {n} the mayor is {t.mayor}.",
        ),
        (
            "trade",
            ["What is {n} known for?", "What do the people of {n} make?"],
            ["Name the trade of {n}.", "{n} makes what?"],
            f"{capital(t.trade)}.",
            f"The town of {n} is known for its {t.trade}.",
            f"The workshops of {n} make {t.trade}.",
        ),
        (
            "market",
            ["When is the market in {n}?", "On which day do they hold the market in {n}?"],
            ["Name the market day of {n}.", "{n} has its market on which day?"],
            f"On {t.market}.",
            f"The market of {n} is on {t.market}.",
            f"Market day in {n} is {t.market}.",
        ),
        (
            "founded",
            ["When was {n} founded?", "In which year was {n} founded?"],
            ["Name the year of {n}.", "{n} was founded in which year?"],
            f"In {t.founded}.",
            f"The town of {n} was founded in {t.founded}.",
            f"{n} was founded in {t.founded}.",
        ),
    ]
    return [
        Fact(
            f"fact-{n.lower()}-{key}",
            tuple(q.format(n=n) for q in asked),
            tuple(q.format(n=n) for q in other),
            short,
            sentence,
            plain,
        )
        for key, asked, other, short, sentence, plain in rows
    ]


ALL_FACTS = tuple(f for t in TOWNS for f in facts_of(t))
