"""What an event is: its kind with the wordings, and the values of this one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .world import capital

Slots = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """`parts` are the sentences of a story, each in several wordings; `extra` may be left out."""

    topic: str
    general_topic: str
    slots: Callable[[random.Random], Slots]
    parts: tuple[tuple[str, ...], ...]
    extra: tuple[str, ...]
    summary: str
    lead: str
    headline: str
    asked: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Event:
    kind: Kind
    slots: Slots

    def say(self, template: str) -> str:
        return capital(template.format(**self.slots))

    @property
    def summary(self) -> str:
        return self.say(self.kind.summary)

    def story(self, rng: random.Random, extras: int = 1) -> str:
        sentences = [self.say(rng.choice(part)) for part in self.kind.parts]
        for line in rng.sample(self.kind.extra, extras):
            sentences.insert(rng.randint(1, len(sentences)), self.say(line))
        return " ".join(sentences)
