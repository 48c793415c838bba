"""What the looker's thread tells the screens, and what screens tell the app."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from tui_eval.ui.scene import Scene


class SceneChanged(Message, bubble=False):
    """What is known of the workspace changed; the newest replaces those still waiting."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SceneChanged)


class Said(Message, bubble=False):
    """A sentence for the message line; ``role`` colours it."""

    def __init__(self, words: str, role: str = "text") -> None:
        super().__init__()
        self.words = words
        self.role = role


def say(pump: MessagePump, words: str, role: str = "text") -> None:
    """Put a sentence on the message line of whatever screen is there. Thread-safe."""
    pump.app.post_message(Said(words, role))


class JudgeAsked(Message):
    """Judging was asked for, from the item ``token`` on where one is named; ``pair``: blind
    A/B of these two, the candidate first, instead of the current one and its base."""

    def __init__(self, step: str, token: str = "", pair: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.step = step
        self.token = token
        self.pair = pair


class TokensAsked(Message):
    """The tokens of a sample were asked for; ``ref`` is its id or that of an answer to it.
    ``reference`` is called when the expected answer is looked at there."""

    def __init__(self, ref: str, reference: Callable[[], object]) -> None:
        super().__init__()
        self.ref, self.reference = ref, reference


class SignOffAsked(Message):
    """The sign-off of the current candidate was asked for."""
