"""A row as the text that a model sees, and which characters of it are scored.

The whole conversation is rendered once, by the template that the checkpoint was trained
with; everything downstream works on that text, so what is shown is what was scored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tui_eval.core.records import Message, Sample
from tui_eval.engine.turns import Span, Turn, find_turn, split_end

Messages = list[dict[str, Any]]

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True, slots=True)
class Prompting:
    """How rows become text: what an ``eval.toml`` and a checkpoint decide together."""

    template: str | None
    """Jinja text; None is plain: the prompt followed directly by the answer and EOS."""
    source: str = ""
    system: str | None = None
    """Stands in for a row's own system message; empty takes that away; None leaves it."""
    answers: Literal["all", "last"] = "all"
    examples: tuple[tuple[Message, ...], ...] = ()
    """Turns of each example, which stand before the row's own; none of them is scored."""

    def messages(self, sample: Sample, skip: int = 0) -> tuple[Message, ...]:
        """A row's turns as they are put to the model, without the first ``skip`` examples."""
        head, shown, own = self.parts(sample, skip)
        return (*head, *shown, *own)

    def parts(self, sample: Sample, skip: int = 0) -> tuple[Sequence[Message], ...]:
        """System turns, examples, and the row's own."""
        turns = with_system(sample.messages, self.system)
        shown = [turn for one in self.examples[skip:] for turn in one]
        at = 0
        while at < len(turns) and turns[at].role in ("system", "developer"):
            at += 1
        return turns[:at], shown, turns[at:]


@dataclass(frozen=True, slots=True)
class Rendered:
    """``answers`` are the characters of the scored answers, ``ends`` those of the
    end-of-turn token after each; both in order and within ``text``."""

    sample: str
    text: str
    answers: tuple[Span, ...] = ()
    ends: tuple[Span, ...] = ()
    plain: bool = False
    """The tokenizer adds its own special tokens; else the template has written them."""
    whole: bool = False
    """A plain text without a prompt: every character is scored."""
    problem: str = ""
    """Why nothing of this row can be scored."""
    mismatch: str = ""
    """What the template did to an answer that was not expected."""

    @property
    def scored(self) -> tuple[Span, ...]:
        return tuple(sorted((*self.answers, *self.ends)))


class Renderer:
    """Renders rows with one tokenizer's special tokens and one template."""

    def __init__(self, tokenizer: Any, prompting: Prompting) -> None:
        self.tokenizer = tokenizer
        self.prompting = prompting
        self._end_tokens: tuple[str, ...] | None = None

    def render(self, sample: Sample, skip: int = 0) -> Rendered:
        """``skip``: examples that are left out, the first ones."""
        if sample.text is not None and not sample.messages:
            return Rendered(
                sample.id, sample.text, ((0, len(sample.text)),), plain=True, whole=True
            )
        head, shown, own = self.prompting.parts(sample, skip)
        messages = (*head, *shown, *own)
        scored = self._scored_turns(messages, len(head) + len(shown))
        if not scored:
            return Rendered(sample.id, "", problem="the row has no answer to score")
        if self.prompting.template is None:
            return self._plain(sample, messages, scored)
        try:
            return self._chat(sample, messages, scored)
        except Exception as error:  # a template may raise anything
            return Rendered(sample.id, "", problem=f"the chat template refuses the row: {error}")

    def prompt(self, sample: Sample, skip: int = 0) -> str:
        """The text up to the last answer: what a model is given to answer."""
        messages = self.prompting.messages(sample, skip) if sample.messages else ()
        if messages and messages[-1].role == "assistant":
            messages = messages[:-1]
        if self.prompting.template is None:
            return _joined(messages) if messages else sample.text or ""
        return self._text(_plain_data(messages), sample, prompt=True)

    def _scored_turns(self, messages: Sequence[Message], first: int) -> list[int]:
        """Of the turns from ``first`` on, which are the row's own."""
        turns = [
            at for at, message in enumerate(messages) if at >= first and message.role == "assistant"
        ]
        return turns[-1:] if self.prompting.answers == "last" else turns

    def _plain(
        self, sample: Sample, messages: Sequence[Message], scored: Sequence[int]
    ) -> Rendered:
        """Nothing is stripped or put between a prompt and its answer; turns of a longer
        conversation, which a plain prompt knows no form for, are parted by a blank line."""
        text = ""
        answers = []
        for at, message in enumerate(messages):
            if at and message.role != "assistant":
                text += "\n\n"
            if at in scored:
                answers.append((len(text), len(text) + len(message.content)))
            text += message.content
        end = self.tokenizer.eos_token if messages[-1].role == "assistant" else None
        if not end:
            return Rendered(sample.id, text, tuple(answers), plain=True)
        ends = ((len(text), len(text) + len(end)),)
        return Rendered(sample.id, text + end, tuple(answers), ends, plain=True)

    def _chat(self, sample: Sample, messages: Sequence[Message], scored: Sequence[int]) -> Rendered:
        data = _plain_data(messages)
        whole = self._text(data, sample)
        turns: list[Turn] = []
        missing: list[int] = []
        position = 0
        for at in scored:
            turn = self._turn(whole, data, messages[at], at, sample, position)
            if turn is None:
                missing.append(at)
                continue
            turns.append(turn)
            position = turn.stop
        rendered = Rendered(
            sample.id,
            whole,
            tuple(turn.answer for turn in turns if turn.answer[0] < turn.answer[1]),
            tuple(turn.end for turn in turns if turn.end is not None),
        )
        if not missing:
            return rendered
        return self._by_mask(rendered, data, sample, len(missing), len(scored))

    def _turn(
        self,
        whole: str,
        data: Messages,
        message: Message,
        at: int,
        sample: Sample,
        position: int,
    ) -> Turn | None:
        """Where the answer of turn ``at`` stands: after the prompt that leads up to it."""
        start = None
        for prompt in (True, False):
            lead = self._lead(data[:at], sample, prompt=prompt)
            if lead is not None and len(lead) >= position and whole.startswith(lead):
                start = len(lead)
                break
        upto = whole if at == len(data) - 1 else self._lead(data[: at + 1], sample)
        stop = len(upto) if upto is not None and whole.startswith(upto) else None
        if start is not None and stop is not None and stop < start:
            stop = None
        return find_turn(
            whole,
            message,
            start=position if start is None else start,
            exact=start is not None and prompt,
            stop=stop,
            end_tokens=self.end_tokens,
        )

    def _lead(self, data: Messages, sample: Sample, *, prompt: bool = False) -> str | None:
        """The rendering of a beginning; None where the template refuses one."""
        if not data:
            return ""
        try:
            return self._text(data, sample, prompt=prompt)
        except Exception:  # many templates refuse a beginning; there are other ways
            return None

    def _by_mask(
        self, rendered: Rendered, data: Messages, sample: Sample, missing: int, turns: int
    ) -> Rendered:
        """The template's own marks of what the assistant writes, else a flagged row."""
        template = self.prompting.template or ""
        spans = self._marked(data, sample) if _GENERATION.search(template) else ()
        if not spans:
            found = turns - missing
            words = f"{missing} of {turns} answers are not in the rendered text"
            problem = "" if found else "the chat template leaves the answer out"
            return replace(rendered, mismatch=words, problem=problem)
        if self.prompting.answers == "last":
            spans = spans[-1:]
        if self.prompting.examples:
            # The marks are on the examples' answers too, which stand first.
            spans = spans[-turns:]
        whole = rendered.text
        bounded = [split_end(whole, span, self.end_tokens) for span in spans]
        return Rendered(
            sample.id,
            whole,
            tuple(turn.answer for turn in bounded if turn.answer[0] < turn.answer[1]),
            tuple(turn.end for turn in bounded if turn.end is not None),
        )

    def _marked(self, data: Messages, sample: Sample) -> tuple[Span, ...]:
        encoded = self.tokenizer.apply_chat_template(
            data,
            tools=_tools(sample),
            chat_template=self.prompting.template,
            return_assistant_tokens_mask=True,
            return_dict=True,
            tokenizer_kwargs={"return_offsets_mapping": True},
        )
        spans: list[Span] = []
        inside = False
        for marked, (start, stop) in zip(
            encoded["assistant_masks"], encoded["offset_mapping"], strict=True
        ):
            if marked and inside:
                spans[-1] = (spans[-1][0], stop)
            elif marked:
                spans.append((start, stop))
            inside = bool(marked)
        return tuple(spans)

    def _text(self, data: Messages, sample: Sample, *, prompt: bool = False) -> str:
        text = self.tokenizer.apply_chat_template(
            data,
            tools=_tools(sample),
            chat_template=self.prompting.template,
            add_generation_prompt=prompt,
            tokenize=False,
        )
        return str(text)

    @property
    def end_tokens(self) -> tuple[str, ...]:
        """Tokens that may end a turn: the special ones, and what this template writes
        after a plain answer, special or not."""
        if self._end_tokens is None:
            added = {str(token) for token in self.tokenizer.added_tokens_decoder.values()}
            after = self._after_answer()
            tokens = {str(token) for token in self.tokenizer.all_special_tokens}
            tokens |= {token for token in added if token and after.startswith(token)}
            tokens.discard("")
            self._end_tokens = tuple(sorted(tokens, key=lambda token: (-len(token), token)))
        return self._end_tokens

    @property
    def turn_end(self) -> str:
        """The token that this template writes after an answer; empty where it writes none."""
        if self.prompting.template is None:
            return ""
        after = self._after_answer()
        return next((token for token in self.end_tokens if after.startswith(token)), "")

    def _after_answer(self) -> str:
        mark = "an answer of seven words or so"
        turns: Messages = [
            {"role": "user", "content": "a question"},
            {"role": "assistant", "content": mark},
        ]
        try:
            text = str(
                self.tokenizer.apply_chat_template(
                    turns, chat_template=self.prompting.template, tokenize=False
                )
            )
        except Exception:  # then the special tokens must do
            return ""
        return text.rpartition(mark)[2].lstrip() if mark in text else ""


def with_system(messages: Sequence[Message], system: str | None) -> tuple[Message, ...]:
    """The messages with the system prompt that the settings ask for."""
    if system is None:
        return tuple(messages)
    rest = tuple(message for message in messages if message.role != "system")
    return (Message("system", system), *rest) if system else rest


def _joined(messages: Sequence[Message]) -> str:
    text = ""
    for at, message in enumerate(messages):
        text += ("\n\n" if at and message.role != "assistant" else "") + message.content
    return text


def _plain_data(messages: Sequence[Message]) -> Messages:
    return [message.as_dict() for message in messages]


def _tools(sample: Sample) -> list[dict[str, Any]] | None:
    return [dict(tool) for tool in sample.tools] or None
