"""The sign-off screen, and what the checklist says of decisions and contradictions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.core import made_readings
from tests.core.made_readings import BASE_PREFERRED, PREFERRED, hit
from tests.ui import fake
from tests.ui.fake import shows
from tui_eval.core.reading import Number, Reading
from tui_eval.core.sign_off_records import Contradiction, Decided, SignOff
from tui_eval.errors import StoreError
from tui_eval.ui import decision_words
from tui_eval.ui.app import EvalApp
from tui_eval.ui.scene import Scene, next_keys, summary
from tui_eval.ui.screens.checklist import COLUMN, Block, column, page
from tui_eval.ui.screens.sign_off import Draft, lines
from tui_eval.ui.widgets.rows import plain, width_of

READY = made_readings.of(
    made_readings.curves(hit("eval_peaked", "caution", step=1050.0)),
    made_readings.perplexity(0.394),
    made_readings.overfitting(hit("gap_some", "caution"), gap=0.31),
    made_readings.review(),
    PREFERRED,
    made_readings.tasks(labels=0.21, code=0.0),
)
ANA = SignOff("tuned", "deploy", "ana", "ana", "2026-11-21T14:03:00Z", "good enough")
BO = replace(ANA, decision="hold", by="bo", login="bo", at="2026-11-20T14:03:00Z", note="the gap")
LACKS = ("8 more reviews", "10 votes in the blind A/B", "the A/B is not unblinded")
DISAGREE = tuple(
    Contradiction(code, f"{code} is lower, yet people prefer base's answers (31-13): {'why ' * 30}",
                  ("perplexity", "blind_ab"))
    for code in ("perplexity", "other")
)  # fmt: skip


def scene(decided: Decided | None = None, **more: Any) -> Scene:
    fields: dict[str, Any] = {"candidate": "tuned", "readings": READY, "known": True}
    fields |= {"about": fake.ABOUT, "decided": decided or Decided()}
    return Scene(**(fields | more))


def texts(blocks: list[Block]) -> str:
    return "\n".join(plain(line).rstrip() for block in blocks for line in block.lines)


# The checklist.


@pytest.mark.parametrize(
    ("decided", "first", "row"),
    [
        (Decided(missing=LACKS), "… undecided",
         "· open         needs 8 more reviews, 10 votes, unblinding"),
        (Decided(missing=("8 more reviews",)), "… undecided",
         "· open         deploy needs 8 more reviews"),
        (Decided(), "… undecided", "· open         ready to be decided"),
        (Decided("deploy", ANA), "✓ deploy, signed by ana 21 Nov", "✓ deploy       ana, 21 Nov"),
        (Decided("hold", BO), "✗ hold, signed by bo 20 Nov", "✗ hold         bo, 20 Nov"),
        (Decided("deploy", ANA, changed=("the adapter of tuned changed",)),
         "! deploy, signed by ana 21 Nov, out of date", "the adapter of tuned changed"),
        (Decided("deploy", ANA, missing=("8 more reviews",)), "! deploy",
         "deploy, but lacks 8 more reviews"),
    ],
)  # fmt: skip
def test_the_checklist_says_who_decided_what(decided: Decided, first: str, row: str) -> None:
    assert summary(scene(decided))[0][0].startswith(first)
    assert row in texts(page(scene(decided), 80, "curves"))


def test_what_is_left_to_do_is_to_decide() -> None:
    told = "".join(text for text, _ in summary(scene()))
    assert told.endswith("next: sign off, press D")
    signed = "".join(text for text, _ in summary(scene(Decided("deploy", ANA))))
    assert "next" not in signed
    stale = Decided("deploy", ANA, changed=("the adapter of tuned changed",))
    assert "next: sign off" in "".join(text for text, _ in summary(scene(stale)))


def test_in_little_room_the_decision_and_what_comes_next_stay() -> None:
    """Counts go first, then the signer, then the date."""
    by = replace(ANA, by="anastasia", decision="more_work")
    stale = Decided("more_work", by, changed=("the adapter of tuned changed",))
    wide, narrow = ["".join(text for text, _ in summary(scene(stale), room)) for room in (200, 78)]
    assert wide.startswith("! more work, signed by anastasia 21 Nov, out of date   ")
    assert (
        narrow == "! more work, signed by anastasia 21 Nov, out of date · next: sign off, press D"
    )
    tight = "".join(text for text, _ in summary(scene(stale), 70))
    assert tight == "! more work, anastasia 21 Nov, out of date · next: sign off, press D"
    (head, *_), *_ = (block.lines for block in column(scene(stale), COLUMN, "curves"))
    assert plain(head) == " ! more work, 21 Nov, out of date"


def test_what_waits_for_a_person_is_on_the_key_line() -> None:
    assert next_keys(scene()) == ("sign_off",)
    ready = Reading("blind_ab", "tuned", "waiting", "50 ready", "", numbers={"ready": Number(50)})
    waits = replace(scene(), readings={**scene().readings, "blind_ab": ready})
    assert next_keys(waits) == ("judge",)
    assert next_keys(Scene(candidate="tuned", known=True)) == ()


@pytest.mark.parametrize("width", [60, 80, COLUMN])
def test_everything_fits_the_small_terminal_and_the_column(width: int) -> None:
    changed = ("the adapter of tuned changed", "the validation data changed")
    by = replace(ANA, by="a" * 60, decision="more_work")
    stale = Decided("more_work", by, changed=changed)
    made = (column if width == COLUMN else page)(
        scene(stale, contradictions=DISAGREE), width, "sign_off"
    )
    shown = [line for block in made for line in block.lines]
    assert len(shown) <= (36 if width == COLUMN else 20)
    if width == 80:
        # The first line may be cut behind the decision.
        assert not [plain(line) for line in shown[1:] if width_of(line) > width]


def test_the_first_contradiction_is_told_and_the_others_counted() -> None:
    one = texts(page(scene(contradictions=DISAGREE[:1]), 100, "curves"))
    assert "Contradictions   perplexity is lower, yet people prefer base's answers" in one
    assert "more (" not in one
    short = tuple(replace(each, text="A sentence.") for each in DISAGREE)
    assert "A sentence. And 1 more (↵ lists)" in texts(page(scene(contradictions=short), 80, ""))
    assert "Contradictions   none so far" in texts(page(scene(), 80, "curves"))
    assert "Contradictions   …" in texts(page(scene(known=False), 80, "curves"))


def test_a_time_that_is_none_has_words() -> None:
    assert decision_words.day("nonsense") == "no date"
    assert decision_words.minute("0001-01-01T00:00:00Z")


# The screen's lines.


def drawn(at: Scene, note: str = "", width: int = 76) -> str:
    return "\n".join(plain(one.line).rstrip() for one in lines(at, Draft("ana", note), width))


def test_it_says_what_speaks_for_and_against() -> None:
    told = drawn(scene(contradictions=DISAGREE[:1]))
    assert "for      perplexity 39% lower · accuracy 4.4 of 5 in 40 reviews" in told
    assert "against  validation was best at step 1050" in told
    assert "open     code: no difference shown" in told
    assert "but      perplexity is lower, yet people prefer base's answers" in told
    assert "deploy       open: 40 items reviewed, 44 deciding pairs, unblinded" in told
    assert "for ● lora r16 checkpoint-1500 and the data as they are now" in " ".join(told.split())


def test_what_is_missing_stands_beside_deploy() -> None:
    assert "deploy       needs 8 more reviews, 10 votes, unblinding" in drawn(
        scene(Decided(missing=LACKS))
    )


def test_earlier_decisions_stay_in_sight() -> None:
    stale = Decided("deploy", ANA, changed=("the adapter of tuned changed",), earlier=(BO,))
    told = " ".join(drawn(scene(stale)).split())
    assert "counts 21 Nov 2026" in told
    assert "out of date: the adapter of tuned changed" in told
    assert "earlier 20 Nov 2026" in told
    assert "“the gap”" in told
    assert "withdraw deploy, ana, 21 Nov (out of date): no longer counts" in told


def test_hostile_notes_and_names_are_shown_inert() -> None:
    bad = replace(ANA, by="a\x1b[31m", login="x\u202e", note="n\x1b]0;t\x07\nsecond")
    told = drawn(scene(Decided("deploy", bad)), note="\x1b[2J")
    assert "\x1b" not in told
    assert "\u202e" not in told


# By keys.


async def opened(pilot: Pilot[Any], judge: str = "ana") -> str:
    await shows(pilot, "Sign-off")
    await pilot.press("D")
    if judge:
        await shows(pilot, "Who signs?")
        await pilot.press(*judge, "enter")
    return await shows(pilot, "judge ")


def ready(readings: dict[str, Reading] = READY, **more: Any) -> tuple[EvalApp, fake.FakeReader]:
    reader = fake.FakeReader(readings)
    reader.decision = Decided(**more)
    made = fake.app(readings=readings)
    made._reader = lambda: reader  # type: ignore[assignment]
    return made, reader


@pytest.fixture(autouse=True)
def nobody_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nor does this machine's name, login or time zone matter."""
    monkeypatch.setattr("tui_eval.ui.app.known_judges", lambda _workspace: ["root"])
    monkeypatch.setattr("tui_eval.ui.screens.sign_off.login", lambda: "ana")
    monkeypatch.setattr("tui_eval.ui.screens.sign_off.host", lambda: "gpu-7")
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_pictures(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, _ = ready(
        {**READY, "blind_ab": BASE_PREFERRED},
        decision="deploy", last=ANA, changed=("the adapter of tuned changed",), earlier=(BO,),
    )  # fmt: skip
    assert snap_compare(app, terminal_size=size, run_before=opened)


async def test_signing_asks_saves_and_shows() -> None:
    app, reader = ready()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("n", *"fine", "enter")
        await shows(pilot, "note     fine")
        await pilot.press("up", "enter")
        await shows(pilot, "Sign “deploy” as ana?")
        assert not reader.asked
        await pilot.press("y")
        await shows(pilot, "saved: deploy, signed by ana")
        await shows(pilot, "✓ deploy, signed by ana 21 Nov")
        (asked,) = reader.asked
        assert (asked.decision, asked.note, asked.judge) == ("deploy", "fine", "ana")
        assert asked.shown == {"tuned.adapter": "1"}


class Retrained(fake.FakeReader):
    """Its files are others at every look."""

    looks = 0

    def standing(self, candidate: str) -> dict[str, str]:
        self.looks += 1
        return {"tuned.adapter": f"look {self.looks}"}

    def reading(self, step: str, candidate: str) -> dict[str, Reading]:
        found = super().reading(step, candidate)
        return {key: replace(one, summary=f"look {self.looks}") for key, one in found.items()}


async def test_what_is_signed_is_of_the_files_that_were_read() -> None:
    app, _ = ready()
    reader = Retrained(READY)
    reader.decision = Decided()
    app._reader = lambda: reader  # type: ignore[assignment]
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await shows(pilot, "Sign “hold”")
        await pilot.press("y")
        await shows(pilot, "saved: hold")
    (asked,) = reader.asked
    assert {one.summary for one in asked.readings.values()} == set(asked.shown.values())


def test_what_is_not_here_and_damaged_journals_are_told() -> None:
    told = Decided(
        "deploy", ANA, unseen=("base (taken from the record)",),
        faults=("bo.jsonl, line 2 can't be used",),
    )  # fmt: skip
    words = " ".join(drawn(scene(told)).split())
    assert "not on this machine: base (taken from the record)" in words
    assert "a newer decision may be hidden: bo.jsonl, line 2 can't be used" in words


async def test_a_held_enter_signs_nothing() -> None:
    app, reader = ready()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press(*["enter"] * 12)
        await shows(pilot, "Sign “hold” as ana?")
        await pilot.press("n")
        await pilot.press("escape")
        await shows(pilot, "Training curves")
        assert not reader.asked


async def test_deploy_says_what_it_lacks_and_hold_is_open() -> None:
    app, reader = ready(missing=LACKS)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("up", "enter")
        await shows(pilot, "not yet: deploy needs 8 more reviews")
        await pilot.press("down", "down", "enter")
        await shows(pilot, "Sign “more work” as ana?")
        await pilot.press("y")
        await shows(pilot, "! more work, signed by ana")
        assert [one.decision for one in reader.asked] == ["more_work"]


async def test_what_could_not_be_saved_is_told_and_not_shown_as_signed() -> None:
    app, reader = ready()
    reader.refuses = StoreError("ana is judging in another window.", "Go on there.")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await shows(pilot, "Sign “hold”")
        await pilot.press("y")
        await shows(pilot, "ana is judging in another window. Go on there.")
        assert reader.decision.last is None
        # Another name may be given.
        assert app.desk.judge == ""


async def test_a_decision_is_withdrawn() -> None:
    app, reader = ready(decision="deploy", last=ANA)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "enter")
        await shows(pilot, "Withdraw the decision as ana?")
        await pilot.press("y")
        await shows(pilot, "… undecided")
        assert [one.decision for one in reader.asked] == ["none"]


async def test_the_line_of_contradictions_opens_them_all() -> None:
    readings = {**READY, "blind_ab": BASE_PREFERRED}
    app, _ = ready(readings)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "And 3 more")
        await pilot.press(*["down"] * 7, "enter")
        screen = await shows(pilot, "steps that don't agree")
        assert "2 Perplexity, 5 Blind A/B" in screen
