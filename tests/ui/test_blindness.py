"""Nothing that the A/B screen holds, shows or writes tells whose answer is whose."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import pytest
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.strip import Strip

from tests.files.made_rounds import Made, answer_as
from tests.ui.apps.judging import Judged, OneAb
from tests.ui.fake import painted, shows
from tests.ui.judged import opened, press, settled
from tests.ui.made_session import MadeAb
from tui_eval import config as settings
from tui_eval.core.text import clean
from tui_eval.files.judging import open_ab
from tui_eval.files.judging.ab import Ab
from tui_eval.ui.screens.blind_ab import BlindAbScreen

NAMES = ("wonderful", "Zephyrine", "tuned-checkpoint")
DEEP = 60


def walk(value: object, seen: dict[int, object], path: str = "") -> Iterator[tuple[str, str]]:
    """Every text that can be reached, with the way to it: through attributes (private and
    inherited ones too), fields, containers, children, and what functions close over."""
    if id(value) in seen or path.count(".") > DEEP:
        return
    seen[id(value)] = value
    if isinstance(value, str | bytes | Path):
        yield path, str(value)
    elif isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield from walk(key, seen, f"{path}.key")
            yield from walk(item, seen, f"{path}[{key!r}]"[-400:])
    elif isinstance(value, list | tuple | set | frozenset | deque):
        for item in list(value):
            yield from walk(item, seen, f"{path}[]")
    elif isinstance(value, FunctionType) and value.__module__.startswith("tui_eval.ui"):
        for cell in value.__closure__ or ():
            try:
                yield from walk(cell.cell_contents, seen, f"{path}.<{value.__name__}>")
            except ValueError:
                continue
    elif isinstance(value, MethodType):
        yield from walk(value.__self__, seen, path)
        yield from walk(value.__func__, seen, path)
    elif _is_ours(value):
        for name in _attributes(value):
            yield from walk(getattr(value, name, None), seen, f"{path}.{name}")


def _is_ours(value: object) -> bool:
    if isinstance(value, App | type):
        # The app knows its configuration; the screen shows and asks nothing of it.
        return False
    return isinstance(value, MessagePump) or type(value).__module__.startswith(("tui_eval", "rich"))


def _attributes(value: object) -> list[str]:
    own = list(getattr(value, "__dict__", {}))
    declared = [getattr(kind, "__slots__", ()) for kind in type(value).__mro__]
    slots = [name for some in declared for name in ((some,) if isinstance(some, str) else some)]
    named = [name for name in (*own, *slots) if not name.startswith("__")]
    return [*named, "children"] if isinstance(value, MessagePump) else named


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ab:
    """A real session over real facts and a real journal, of models with telling names."""
    made = Made.at(tmp_path / "w", toml="[blind_ab]\npairs = 12\nrepeats_least = 1\n")
    text = (made.folder / "eval.toml").read_text().replace("models.tuned", "models.wonderful")
    made.config = settings.parse(text, made.folder, files=False)
    for name in ("base", "wonderful"):
        answer_as(made, name, "wonderful")
    return open_ab(made.workspace(), made.config, "wonderful", judge="ana")


class Real(Judged):
    def __init__(self, session: Ab) -> None:
        from tests.ui.apps.judging import Clock

        self.clock = Clock()
        self.desk = BlindAbScreen(session, clock=self.clock)
        super().__init__(self.desk)


KEYS = ("enter", "j", "a", "!", "t", "x", "b", "u", "f", "n", "o", "enter", "p", "escape", "m",
        "d", "z", "tab", "z", "h", "e", "escape", "slash", "escape", "t", "s")  # fmt: skip


async def test_neither_the_screen_nor_what_it_holds_names_a_model(
    session: Ab, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    ids = {
        text
        for pair in session.state.pairs
        for text in (pair.left, pair.right)
    }  # fmt: skip
    app = Real(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        checked = 0
        for key in ("", *KEYS):
            screen = await press(pilot, *([key] if key else []))
            assert app.desk in app.screen_stack
            checked += nothing_told(app, session, ids, screen)
        assert checked > 20_000, "the walk reached nothing"
        await finish(app, pilot, session, ids)
    journal = session._journal.path.read_text()
    out, error = capfd.readouterr()
    for text in (journal, caplog.text, out, error):
        assert not any(name in text for name in NAMES)
    for log in tmp_path.rglob("*.log"):
        assert not any(name in log.read_text() for name in NAMES)


async def finish(app: Real, pilot: Pilot[Any], session: Ab, ids: set[str]) -> None:
    """The guesses and the unblinding screen hold no more than the pairs did."""
    for token in session.order:
        if session.mark(token).side is None:
            session.vote(token, "tie")
    app.desk.go_to(session.order[0])
    await settled(pilot)
    await press(pilot, "F")
    screen = await shows(pilot, "guess 1/")
    nothing_told(app, session, ids, screen)
    while "guess" in painted(app):
        screen = await press(pilot, "a")
        nothing_told(app, session, ids, screen)
    screen = await shows(pilot, "judged by ana")
    nothing_told(app, session, ids, screen)


def nothing_told(app: Real, session: Ab, ids: set[str], screen: str) -> int:
    """No name on the screen, in the screens' objects or in the session; and the screens
    themselves, without the session, hold no id of an answer either."""
    assert not any(name in screen for name in NAMES)
    assert " base" not in screen
    count = 0
    for at, text in walk(app.screen_stack[1:], {}, "screens"):
        count += 1
        assert not any(name in text for name in NAMES), (at, text[:200])
    without: dict[int, object] = {id(session): session}
    for at, text in walk(app.screen_stack[1:], without, "screens"):
        assert not any(one in text for one in ids), (at, text[:200])
        assert text not in ("base", "tuned"), at
    return count


def test_the_walk_finds_what_is_hidden_well() -> None:
    app = OneAb(MadeAb([("a", "b")]))
    app.desk.drafts["x"] = "in a dictionary"
    app.desk._told = [("in a tuple", "text")]
    secret = "closed over"
    hidden = lambda: secret  # noqa: E731
    hidden.__module__ = "tui_eval.ui.made"
    app.desk._then.append(hidden)  # type: ignore[arg-type]
    found = {text for _, text in walk(app.desk, {}, "desk")}
    assert {"in a dictionary", "in a tuple", "closed over"} <= found


# One side or the other.

ONE, OTHER = "ж", "щ"
SWAP = str.maketrans({ONE: OTHER, OTHER: ONE})
TEXTS = [
    (f"# {c * 6}\n\n- {c * 5} **{c * 4}** {c * 9}\n" + f"{c * 7} {c * 3} " * 8 * (n + 1))
    for n in range(9)
    for c in ONE
]
STEPS = ("j", "J", "tab", "K", "z", "tab", "z", "m", "m", "d", "d", "f", "n", "x", "enter", "a",
         "!", "b", "u", "t", "p", "escape", "e", "h", "slash", "escape", "s", "x", "space", "a",
         "a", "tab", "a", "t", "t", "F", "y", "s")  # fmt: skip


def mapped(strip: Strip) -> list[tuple[str, object]]:
    return [(segment.text.translate(SWAP), segment.style) for segment in strip]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_base_left_and_tuned_left_differ_in_nothing_but_the_texts(
    size: tuple[int, int],
) -> None:
    frames = []
    for turned in (False, True):
        pairs = [(text, text.translate(SWAP)) for text in TEXTS]
        session = MadeAb([(b, a) if turned else (a, b) for a, b in pairs])
        app = OneAb(session)
        shown = []
        async with app.run_test(size=size) as pilot:
            await opened(pilot)
            for key in ("", *STEPS):
                await press(pilot, *([key] if key else []))
                strips = app.screen._compositor.render_strips()
                shown.append(
                    [mapped(s) if turned else [(g.text, g.style) for g in s] for s in strips]
                )
        frames.append(shown)
    for number, (one, other) in enumerate(zip(*frames, strict=True)):
        assert one == other, ("", *STEPS)[number]


async def test_what_a_model_says_of_itself_is_all_that_could_tell() -> None:
    """Markers of a template are shown as what they are, on both sides alike."""
    session = MadeAb([("\x1b[31mred<|im_end|>", "plain")])
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        screen = painted(app)
        assert clean("\x1b[31mred<|im_end|>") in screen
