"""``--plain``: judging line by line, for screen readers, dumb terminals and pipes.

The same sessions as the screens hold, in the same order and as blind. Only text is written,
and nothing that a terminal obeys; one line is read for each answer given.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from tui_eval.core.session import AbSession, JudgingSession, Prompt, ReviewSession
from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading

Shows = Callable[[], "Reading"]

_PLAINER = str.maketrans(
    {"…": "...", "±": "+/-", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "⏎": "/"}
)
INTERRUPTED = 130

COMMON = """\
 u          undo what you did last, as often as you like
 s          skip: comes again at the end
 f          flag, and take the flag away again
 n TEXT     note; #words in it are tags
 p          the whole prompt with its earlier turns
 again      read it out once more
 where      how far you are, and the others
 retry      save again what could not be saved
 q          leave; everything is saved, come back at any time"""


class Left(Exception):
    """The judge leaves: by ``q``, or because there are no more lines."""


class Talk:
    """Lines in and out."""

    def __init__(self, stdin: TextIO, stdout: TextIO) -> None:
        self._in, self._out = stdin, stdout
        encoding = (getattr(stdout, "encoding", None) or "utf-8").lower().replace("-", "")
        self._unicode = encoding == "utf8"

    def say(self, text: str = "") -> None:
        self._out.write(self._plain(text) + "\n")

    def say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

    def ask(self, question: str) -> str:
        """The next line, without blanks around it. Left at the end of the input."""
        self._out.write(self._plain(question) + " ")
        self._out.flush()
        line = self._in.readline()
        if not line:
            self._out.write("\n")
            raise Left
        return line.strip()

    def flush(self) -> None:
        self._out.flush()

    def _plain(self, text: str) -> str:
        shown = clean(text, newlines=True)
        if self._unicode:
            return shown
        return shown.translate(_PLAINER).encode("ascii", "backslashreplace").decode("ascii")


class Loop:
    """What the two loops have in common. ``answer`` of a subclass takes one line."""

    thing = "item"
    help = COMMON

    def __init__(self, session: JudgingSession, talk: Talk, result: Shows | None) -> None:
        self.session, self.talk, self.result = session, talk, result
        self.token: str | None = None
        self.since = 0.0

    def run(self) -> int:
        self.talk.say(f"{self.session.title}, judged by {self.session.judge}. ? lists the keys.")
        for sentence in self.session.before():
            self.talk.say(sentence)
        try:
            self.go_on()
            while True:
                self._take(self.talk.ask(self.question))
        except Left:
            self.talk.say(self._parting())
            return 0
        except KeyboardInterrupt:
            self.talk.say()
            self.talk.say(self._parting())
            return INTERRUPTED
        finally:
            self.talk.flush()

    # For subclasses.

    @property
    def question(self) -> str:
        """What is asked for at this moment."""
        raise NotImplementedError

    def read_out(self, token: str) -> None:
        raise NotImplementedError

    def answer(self, word: str, rest: str) -> bool:
        """Whether the line was understood."""
        raise NotImplementedError

    def at_the_end(self) -> None:
        raise NotImplementedError

    # What all can do.

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        try:
            if not line:
                self.go_on(self.token)
            elif not self._common(word, rest.strip()) and not self.answer(word, rest.strip()):
                self.talk.say(f"{clean(word, limit=20)} is no key here. ? lists them.")
        except TuiEvalError as error:
            # What could not be written counts as made, and waits; nothing is lost by going on.
            self.talk.say(str(error))

    def _common(self, word: str, rest: str) -> bool:
        if word in ("?", "help"):
            self.talk.say(self.help)
        elif word in ("q", "quit"):
            raise Left
        elif word == "where":
            self.talk.say(self.standing())
        elif word == "retry":
            self.talk.say(f"{self.session.retry()} saved that had waited.")
        elif word in ("u", "undo"):
            self._undo()
        elif word in ("p", "s", "f", "n", "again", "prompt", "skip", "flag", "note"):
            self._about(word[0] if word != "again" else word, rest)
        else:
            return False
        return True

    def _about(self, key: str, rest: str) -> None:
        """What needs an item to be about."""
        token = self.token
        if token is None:
            self.talk.say(f"There is no {self.thing} before you.")
        elif key == "again":
            self.read_out(token)
        elif key == "p":
            self.session.view(token, "prompt")
            self.whole_prompt()
        elif key == "s":
            self.session.skip(token)
            self.talk.say("skipped")
            self.go_on(token)
        elif key == "f":
            on = not self.session.mark(token).flagged
            self.session.flag(token, on)
            self.talk.say("flagged" if on else "no longer flagged")
        else:
            self.session.note(token, rest or self.talk.ask("note:"))
            self.talk.say(f"noted{self._tags()}")

    def whole_prompt(self) -> None:
        raise NotImplementedError

    def _tags(self) -> str:
        tags = list(self.session.tags().items())[:8]
        told = ", ".join(f"#{clean(name)} {count}" for name, count in tags)
        return f"; tags: {told}" if told else ""

    def _undo(self) -> None:
        undone = self.session.undo()
        if undone is None:
            self.talk.say("There is nothing to undo.")
            return
        token, kind = undone
        self.talk.say(f"undone: {kind}")
        if token in self.session.order:
            self.turn_to(token)

    def turn_to(self, token: str) -> None:
        self.token, self.since = token, time.monotonic()
        self.read_out(token)

    def elapsed_ms(self) -> int:
        return int(1000 * (time.monotonic() - self.since))

    def go_on(self, after: str | None = None) -> None:
        """Turn to the next, also to one whose answers have come meanwhile."""
        self.session.refresh()
        token = self.session.following(after or "")
        if token is not None:
            self.turn_to(token)
            return
        self.token = None
        waiting = self.session.standing.waiting
        if waiting:
            self.talk.say(
                f"{waiting} more are waiting for their answers. An empty line looks again."
            )
        else:
            self.at_the_end()

    def standing(self) -> str:
        now = self.session.standing
        parts = [f"{now.done} of {now.planned} done"]
        parts += [f"{now.waiting} waiting for answers"] if now.waiting else []
        parts += [f"{now.ties} ties"] if now.ties else []
        parts += [f"{now.flagged} flagged"] if now.flagged else []
        parts += [f"{now.pace:.0f} s each"] if now.pace is not None else []
        if now.enough is not None:
            parts.append(f"enough votes to decide? {'yes' if now.enough else 'not yet'}")
        if self.session.not_saved:
            parts.append(f"{self.session.not_saved} NOT SAVED yet")
        parts += [
            f"{name}: {done} of {now.planned}{', finished' if ended else ''}"
            for name, done, ended in now.others
        ]
        return "; ".join(parts)

    def _parting(self) -> str:
        now = self.session.standing
        if self.session.not_saved:
            return (
                f"{now.done} of {now.planned} done. {self.session.not_saved} could NOT be saved: "
                "they go into the journal when it is opened again."
            )
        return f"{now.done} of {now.planned} done, all saved."


def prompt_lines(prompt: Prompt) -> list[str]:
    """The turn that is answered; what stands before it is counted."""
    if not prompt.turns:
        return ["prompt: (the files hold none)"]
    earlier = len(prompt.turns) - 1
    more = f" ({earlier} earlier turn{'s' if earlier > 1 else ''}: p)" if earlier else ""
    return [f"prompt{more}:", *block(prompt.last)]


def whole_prompt_lines(prompt: Prompt) -> list[str]:
    lines = [f"tools: {', '.join(prompt.tools)}"] if prompt.tools else []
    for turn in prompt.turns:
        lines += [f"{turn.role}:", *block(turn.text)]
        lines += [f"  calls {call}" for call in turn.calls]
    return lines or ["The files hold no prompt."]


def block(text: str, empty: str = "(empty)") -> list[str]:
    """A text set in by two columns, its own lines kept."""
    shown = clean(text, newlines=True)
    return textwrap.indent(shown, "  ").split("\n") if shown.strip() else [f"  {empty}"]


def run_plain_ab(
    session: AbSession, stdin: TextIO, stdout: TextIO, *, result: Shows | None = None
) -> int:
    """Judge pairs until the judge leaves. ``result`` is asked once they are unblinded."""
    from tui_eval.commands.judging_plain_ab import AbLoop

    return AbLoop(session, Talk(stdin, stdout), result).run()


def run_plain_review(
    session: ReviewSession, stdin: TextIO, stdout: TextIO, *, result: Shows | None = None
) -> int:
    """Score answers until the judge leaves; ``result`` is asked when all are scored."""
    from tui_eval.commands.judging_plain_review import ReviewLoop

    return ReviewLoop(session, Talk(stdin, stdout), result).run()


def result_lines(reading: Reading) -> Sequence[str]:
    return (reading.summary, *(f"- {finding.text}" for finding in reading.findings))
