"""One model at its desk: its prompts, its rules, and how its words become records."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

from tui_eval.config import GenerationConfig
from tui_eval.core.answers import (
    Tags,
    Written,
    completion,
    ends_thinking,
    opens_thinking,
    thinking_tags,
)
from tui_eval.core.records import Completion, Producer, Sample
from tui_eval.engine.answering import Answerer
from tui_eval.engine.generation import (
    Asked,
    Cancelled,
    Decoder,
    Prompt,
    Reply,
    Rules,
    answer_room,
    end_tokens,
    fitted,
    most_new,
    prompts_of,
    seed_of,
)
from tui_eval.engine.jobs.answer_facts import Place
from tui_eval.engine.jobs.models import State
from tui_eval.engine.machine import machine
from tui_eval.engine.prompts import Renderer
from tui_eval.engine.shortening import fewest, refuse
from tui_eval.engine.tokens import Encoder
from tui_eval.files.generation import Generation

PULSE_SECONDS = 0.1
"""How often a cancel is looked for: it is a question to the index."""


class Desk:
    """``renderer`` holds the candidate's template, whatever model answers."""

    def __init__(
        self,
        state: State,
        renderer: Renderer,
        producer: Producer,
        settings: GenerationConfig,
        generation: Generation,
        answerer: Answerer,
    ) -> None:
        self.state = state
        self.producer = producer
        self.answerer = answerer
        self._renderer = renderer
        self._settings = settings
        self.tags: Tags | None = thinking_tags(renderer.prompting.template, settings.thinking)
        self.rules = self._rules(generation)
        self.most = 0
        self.asked: dict[Place, Asked] = {}
        self.problems: dict[Place, str] = {}

    @property
    def name(self) -> str:
        return self.state.name

    def take(self, samples: Sequence[Sample], open_places: Sequence[Place]) -> None:
        """Render and fit the prompts that are to be answered."""
        prompts = prompts_of(self._renderer, Encoder(self.state.tokenizer), samples)
        by_sample = {one.id: prompt for one, prompt in zip(samples, prompts, strict=True)}
        self.most = self._most(samples, prompts)
        if self._renderer.prompting.examples:
            prompts = self._shortened(samples)
            by_sample = {one.id: prompt for one, prompt in zip(samples, prompts, strict=True)}
        for sample, index in open_places:
            prompt = by_sample[sample]
            if prompt.problem:
                self.problems[sample, index] = prompt.problem
            else:
                self.asked[sample, index] = self._asked(sample, index, prompt)

    def _shortened(self, samples: Sequence[Sample]) -> list[Prompt]:
        """With as many examples as leave room for an answer."""
        encoder = Encoder(self.state.tokenizer)
        positions = self.state.scorer.loaded.positions
        most = positions - answer_room(self.most, positions) if positions else sys.maxsize
        count = len(self._renderer.prompting.examples)
        prompts, skipped = fewest(
            samples,
            lambda some, skip: prompts_of(self._renderer, encoder, some, skip),
            lambda prompt: len(prompt.ids),
            lambda prompt, tokens: replace(prompt, left_out=tokens),
            count,
            most,
        )
        refuse(skipped, samples, count, most, self.name)
        return prompts

    def prove(self) -> None:
        self.answerer.prove(list(self.asked.values()), self.rules)

    def answers(
        self, places: Sequence[Place], cancelled: Callable[[], bool]
    ) -> Generator[Completion, None, None]:
        """Those of the places that are open, as they come. Raises Cancelled."""
        for sample, index in places:
            if problem := self.problems.pop((sample, index), ""):
                yield completion(self.producer.key, sample, Written("", error=problem), index=index)
        asked = [self.asked.pop(place) for place in places if place in self.asked]
        rules = replace(self.rules, pulse=_pulse(cancelled))
        for reply in self.answerer.answer(asked, rules):
            yield self._completion(reply)

    def detail(self) -> dict[str, Any]:
        """What ``how computed`` shows."""
        generation = self.rules.generation
        tokenizer = self.state.tokenizer
        return {
            **machine(self.state.scorer.loaded.device),
            "path": self.answerer.in_words,
            "at_once": self.answerer.batch,
            "max_new_tokens": self.most,
            "decoding": generation.in_words,
            "end_tokens": sorted(map(str, tokenizer.convert_ids_to_tokens([*self.rules.end_ids]))),
            **({"stop_strings": list(generation.stop)} if generation.stop else {}),
            **({"thinking": list(self.tags)} if self.tags else {}),
            **({"notes": list(generation.notes)} if generation.notes else {}),
        }

    def _rules(self, generation: Generation) -> Rules:
        tokenizer = self.state.tokenizer
        turn_end = self._renderer.turn_end
        known = tokenizer.convert_tokens_to_ids(turn_end) if turn_end else tokenizer.unk_token_id
        if turn_end and known in (None, tokenizer.unk_token_id):
            # Another model's tokenizer writes the candidate's end of turn in pieces.
            generation = replace(generation, stop=(*generation.stop, turn_end))
        return Rules(
            generation,
            end_tokens(self._renderer, tokenizer, generation),
            Decoder(tokenizer, self.tags),
        )

    def _most(self, samples: Sequence[Sample], prompts: Sequence[Prompt]) -> int:
        """Tokens that an answer may have; those for thinking come on top."""
        most = self._settings.max_new_tokens
        if most is None:
            references = [text for one in samples if (text := _encodable(one.reference))]
            tokenizer = self._renderer.tokenizer
            ids = tokenizer(references, add_special_tokens=False)["input_ids"] if references else []
            most = most_new([len(one) for one in ids])
        thinks = self.tags is not None and any(
            not ends_thinking(prompt.text, self.tags) for prompt in prompts if prompt.text
        )
        return most + (self._settings.thinking_tokens if thinks else 0)

    def _asked(self, sample: str, index: int, prompt: Prompt) -> Asked:
        positions = self.state.scorer.loaded.positions
        ids, most, cut = fitted(prompt.ids, prompt.bos, self.most, positions)
        seed = None
        if self.rules.generation.sample:
            seed = seed_of(self.rules.generation.seed, sample, index)
        cut = cut or prompt.left_out > 0
        return Asked(sample, index, ids, most, seed, cut, opens_thinking(prompt.text, self.tags))

    def _completion(self, reply: Reply) -> Completion:
        asked = reply.asked
        text, stopped = self.rules.text(reply.ids)
        written = Written(
            text,
            tokens=len(reply.ids),
            prompt_tokens=len(asked.ids),
            finish="stop_string" if stopped else reply.finish,
            seed=reply.seed,
            cut_prompt=asked.cut,
            error=reply.error,
        )
        return completion(
            self.producer.key,
            asked.sample,
            written,
            index=asked.index,
            tags=self.tags,
            opened=asked.opened,
        )


def _encodable(text: str | None) -> str:
    return (text or "").encode("utf-8", "replace").decode()


def _pulse(cancelled: Callable[[], bool]) -> Callable[[], None]:
    last = time.monotonic()

    def pulse() -> None:
        nonlocal last
        if time.monotonic() - last >= PULSE_SECONDS:
            if cancelled():
                raise Cancelled
            last = time.monotonic()

    return pulse
