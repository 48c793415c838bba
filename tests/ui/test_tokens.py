"""A sample's page: its tokens, their losses and what was likelier."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.ui import fake, reviewing
from tests.ui.apps.panes import OneSample
from tests.ui.made import PROMPT, sample_detail
from tests.ui.made_tokens import OWN, told
from tests.ui.test_step import cleanly, press
from tests.waiting import until
from tui_eval.core.records import Job, TokenLoss, TokenTable
from tui_eval.ui.scene import Scene
from tui_eval.ui.screens.base import Watching
from tui_eval.ui.screens.judging import JudgingScreen
from tui_eval.ui.screens.sample import SamplePage
from tui_eval.ui.screens.sample_text import SampleText
from tui_eval.ui.themes import palette_of
from tui_eval.ui.widgets import token_job, token_paint
from tui_eval.ui.widgets.rows import plain, width_of
from tui_eval.ui.widgets.token_data import Passage, SampleDetail, Token, passages, tokens_of
from tui_eval.ui.widgets.token_readout import alternatives, piece_words, probability, readout
from tui_eval.ui.widgets.token_text import laid_out


def page(app: Any) -> SampleText:
    found: SampleText = app.screen.query_one(SampleText)
    return found


def shown(detail: SampleDetail | None, width: int = 80, height: int = 24) -> tuple[Any, Any]:
    """The text's widget and its lines, without an app."""
    widget = SampleText(detail)
    return widget, lambda: "\n".join(plain(one).rstrip() for one in widget.lines(width, height))


# The picture.


def test_a_sample_is_shown_whole_with_what_is_scored_marked() -> None:
    widget, text = shown(sample_detail())
    assert "#417  refunds   ○ 1.38 → ● 0.660 nats/token, 10 scored" in text()
    assert "▸Gift cards can be returned within 30 days.<|im_end|>" in text()
    widget.cursor = 4
    last = text().splitlines()[-2:]
    assert last[0].startswith(" “ returned”       ○ base    1.8%  4.00  a: the three likeliest")
    assert last[1].startswith(" 3.60 better       ● tuned  67.0%  0.40")


def test_what_of_the_prompt_was_cut_is_told() -> None:
    detail = sample_detail()
    assert detail.tuned is not None
    _, text = shown(replace(detail, tuned=replace(detail.tuned, cut_tokens=120)))
    assert "10 scored, 120 of the prompt cut" in text()


def test_both_stand_beside_each_other_where_there_is_room() -> None:
    widget, text = shown(sample_detail(), 120, 40)
    assert text().count("▸Gift cards") == 2
    widget.side = "change"
    assert text().count("▸Gift cards") == 1
    assert "nats worse 0.5 1.5 4+   better 0.5 4+" in text()


async def test_views_turn_and_n_stops_at_surprises_or_at_the_worst_first() -> None:
    app = OneSample(sample_detail())
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for _ in range(4):
            await press(pilot, "n")
            seen.append(page(app).cursor)
        assert seen == [4, 5, 6, 6]
        await press(pilot, "N")
        assert page(app).cursor == 5
        assert "● tuned   surprise in nats" in page(app).text()
        await press(pilot, "v")
        assert "○ base   surprise in nats" in page(app).text()
        await press(pilot, "v")
        assert "● against ○   nats worse" in page(app).text()
        assert "worst 1 of 1" in page(app).text()
    wide = OneSample(sample_detail())
    async with wide.run_test(size=(120, 40)) as pilot:
        await press(pilot, "v")
        assert page(wide).side == "change"
        await press(pilot, "v")
        assert page(wide).side == "tuned"


def test_the_worst_come_first_and_only_what_was_scored() -> None:
    losses = ((0.1, 3.0, False), (1.0, 2.0, True), (2.0, 2.4, True), (0.0, 5.0, True))
    tokens = [
        Token(at, at + 1, base, tuned, scored=scored)
        for at, (base, tuned, scored) in enumerate(losses)
    ]
    assert token_paint.stops(tokens, "change") == [3, 1]
    assert token_paint.stops(tokens, "tuned") == [3]


async def test_a_long_prompt_opens_at_the_answer_and_scrolls() -> None:
    prompt = "word " * 4000 + "\x1b[2J" + "x" * 190_000 + "\n"
    app = OneSample(sample_detail(prompt))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = page(app).text()
        assert "▸Gift cards" in text
        assert cleanly(text)
        await press(pilot, "g")
        assert "characters before this" in page(app).text()
        await press(pilot, "G", "y")
        assert "▸Gift cards" in page(app).text()
        assert len(app.copied[0]) > 200_000
        assert cleanly(app.copied[0])


def test_a_sample_that_was_not_scored_or_is_gone_says_so() -> None:
    widget, text = shown(replace(sample_detail(), base=None, tuned=None, rendering=None))
    assert "assistant: Gift cards" in text()
    assert "rendered and scored once r was pressed" in text()
    widget.show(None)
    _, text = shown(None)
    assert "Looking for it" in text()


# Without colour.


def test_levels_and_directions_differ_without_colour() -> None:
    palette = palette_of(fake.app())

    def looks(role: str) -> tuple[bool | None, bool | None]:
        style = palette.style(role)
        return style.bold, style.underline

    surprise = [looks(token_paint.surprise_role(nats)) for nats in (0.5, 4.0, 8.0)]
    assert len(set(surprise)) == 3
    change = [looks(token_paint.change_role(by)) for by in (-5.0, 0.0, 2.0, 5.0)]
    assert len(set(change)) == 4
    assert palette.style("~_bad!").reverse
    assert palette.style("~_bad!").underline
    assert not palette.style("not_enough").underline


async def test_signs_under_the_tokens_give_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not SampleText(sample_detail()).signs
    monkeypatch.setenv("NO_COLOR", "1")
    app = OneSample(sample_detail())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lines = page(app).text().splitlines()
        at = next(n for n, one in enumerate(lines) if "▸Gift" in one)
        assert lines[at] == " ▸Gift cards can be returned within 30 days.<|im_end|>"
        #         3.5 under “ within”, 2 under “ 30”; the cursor where there is no number
        assert lines[at + 1].rstrip() == "  ^                          3      2"
        await press(pilot, "v", "v")
        lines = page(app).text().splitlines()
        assert lines[at + 1].rstrip() == "  ^    -1           -3       +3     -4"
        await press(pilot, "m")
        assert page(app).text().splitlines()[at + 1] == ""


@pytest.mark.parametrize(
    ("change", "width", "sign"),
    [(3.4, 3, "+3"), (-12, 3, "-9"), (0.6, 3, "+"), (7, 1, "+"), (0.2, 3, ""), (math.inf, 3, "")],
)
def test_a_sign_fits_its_token(change: float, width: int, sign: str) -> None:
    assert token_paint.sign_of(Token(0, 1, 1.0, 1.0 + change), "change", width) == sign


# What was likelier.


@pytest.mark.parametrize("width", [60, 78, 118])
def test_two_lines_say_what_each_model_found_likeliest(width: int) -> None:
    top = ((" returned", 0.1), (" refunded", 1.0), ("\udce6\udc9d", 4.0), (" x", 9.0))
    token = Token(0, 9, 4.0, 0.4, base_top=top, tuned_top=top[1:])
    lines = readout(token, " returned", width)
    assert len(lines) == 2
    assert all(width_of(one) <= width for one in lines)
    if width > 60:
        assert "37%" in plain(lines[0])
        assert "“‹E6 9D›” 2%" in plain(lines[1])
        assert "“ x” <1%" in plain(lines[1])


def test_the_token_that_stands_there_is_bold_and_long_ones_give_way() -> None:
    top = ((" a", 0.5), ("word" * 30, 1.0), ("\n", 2.0))
    runs = alternatives(top, "\n", 39)
    assert width_of(runs) <= 39
    assert ("“⏎”", "text!") in runs
    assert ("“ a”", "text") in runs


@pytest.mark.parametrize(("width", "shown"), [(39, 3), (30, 2), (20, 1), (5, 0)])
def test_where_there_is_little_room_fewer_are_told(width: int, shown: int) -> None:
    runs = alternatives(((" returned", 0.1), (" refunded", 1.5), (" something", 3.0)), "", width)
    assert sum(text.startswith("“") for text, _ in runs) == shown
    assert width_of(runs) <= width


def test_what_cannot_be_seen_is_named() -> None:
    assert piece_words("\udce6") == "‹E6›"
    assert piece_words("\t") == "␉"
    assert piece_words("\u200b") == "‹U+200B›"
    assert piece_words("") == "‹empty›"
    assert piece_words("\u0301") == "◌\u0301"
    assert cleanly(piece_words("\x1b[2J\u202e"))


def test_probabilities_are_exp_of_minus_the_loss() -> None:
    assert probability(math.log(2)) == " 50.0%"
    assert probability(0.0) == "100.0%"
    assert probability(20.0) == "<0.1% "
    assert probability(None).strip() == "-"


# What is known of a token.


def test_tokens_that_share_a_character_are_one() -> None:
    loss = TokenLoss("s", 6, 3, 4, token_nll=(1.0, 2.0, 3.0), spans=((9, 10), (9, 10), (10, 11)))
    passage = passages(replace(sample_detail(PROMPT), base=None, tuned=loss))[0]
    first, second = tokens_of(replace(passage, scored=((9, 11),)))
    assert (first.tuned, first.tokens, first.base) == (3.0, 2, None)
    assert second.tuned == 3.0


def test_the_prompt_has_tokens_too_and_what_was_scored_keeps_its_numbers() -> None:
    passage = passages(told())[0]
    tokens = tokens_of(passage)
    before = [token for token in tokens if not token.scored]
    assert before
    assert all(token.end <= len(PROMPT) for token in before)
    assert all(len(token.tuned_top) == 3 for token in before)
    gift = next(token for token in tokens if token.start == len(PROMPT))
    assert (gift.scored, gift.base, gift.tuned) == (True, 0.2, 0.1)
    widget, text = shown(told())
    assert widget.tokens[widget.cursor].start == len(PROMPT)
    assert text().count("▸") == 1
    assert "“ the” 74%" in text() or "“Gift” 67%" in text()


def test_a_base_that_is_prompted_in_another_way_is_lined_up_from_the_end() -> None:
    base = TokenTable("s", "Be brief. Q A", ((12, 13),), ((0, 9), (9, 11), (11, 13)),
                      (math.nan, 2.0, 3.0))  # fmt: skip
    tuned = TokenTable("s", "Q A", ((2, 3),), ((0, 1), (1, 3)), (math.nan, 1.0))
    loss = TokenLoss("s", 3.5, 1, 1, token_nll=(3.5,), spans=((11, 13),))
    for known in (None, loss):
        passage = Passage("Q A", "", {}, ((2, 3),), known, None, base, tuned)
        (token,) = tokens_of(passage)
        assert (token.start, token.end, token.tuned) == (1, 3, 1.0)
        assert token.base == 3.0 if known is None else 3.5


def test_a_base_with_more_tokens_for_one_is_summed() -> None:
    base = TokenTable("s", "abcd", ((0, 4),), ((0, 1), (1, 2), (2, 4)), (math.nan, 1.0, 2.0))
    tuned = TokenTable("s", "abcd", ((0, 4),), ((0, 1), (1, 4)), (math.nan, 2.5))
    (token,) = tokens_of(Passage("abcd", "", {}, ((0, 4),), None, None, base, tuned))
    assert (token.base, token.tuned, token.base_top) == (3.0, 2.5, ())
    swapped = tokens_of(Passage("abcd", "", {}, ((0, 4),), None, None, tuned, base))
    assert [(one.base, one.tuned) for one in swapped] == [(None, 1.0), (None, 2.0)]


@pytest.mark.parametrize(("name", "mono"), [("vt220", True), ("linux-m", True), ("xterm", False)])
def test_terminals_of_one_colour_get_signs(
    name: str, mono: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", name)
    assert token_paint.without_colour() == mono


def test_no_token_reaches_the_terminal_raw() -> None:
    text = "".join(chr(code) for code in range(0x20)) + "\x7f\x9b\u202e\u2066\ud800\u0301\ufeff"
    spans = tuple((at, at + 1) for at in range(len(text)))
    nll = tuple(float(at % 9) for at in range(len(text)))
    every = TokenTable("s", text, ((3, len(text)),), spans, nll, 1, tuple(text),
                       tuple(range(len(text))), nll)  # fmt: skip
    widget, shows = shown(replace(sample_detail(), base=None, tuned=None, rendering=None,
                                  base_table=every, tuned_table=every))  # fmt: skip
    assert len(widget.tokens) == len(text)
    for at in range(len(text)):
        widget.cursor = at
        assert cleanly(shows())


def test_words_stay_whole_and_line_ends_are_seen() -> None:
    text = "one two thr" + "ee four\nfive"
    cuts = [0, 3, 7, 11, 13, 18, 19, 23]
    tokens = [Token(a, b, 1.0, 1.0) for a, b in pairwise(cuts)]
    laid = laid_out(text, (), tokens, 10)
    lines = ["".join(piece.text for piece in one) for one in laid.lines]
    assert lines == ["▸one two", "three four", "⏎", "five"]
    assert laid.places == [0, 0, 1, 1, 1, 2, 3]


# Asking for more.


class Rig:
    """What a page asks of a looker."""

    def __init__(self, detail: SampleDetail) -> None:
        self.detail, self.scene = detail, Scene(candidate="tuned")
        self.asked: list[Any] = []
        self.looked: list[str] = []

    def sample(self, ref: str, tell: Any) -> None:
        self.looked.append(ref)
        tell(self.detail)

    def tokens(self, wants: Any) -> None:
        self.asked.append(dict(wants))


def job(state: Any, **more: Any) -> Job:
    args = {"candidate": "tuned", "sample": "s"}
    return Job("j1", "tokens", args, state, "2026-01-01T00:00:00Z", **more)


async def test_a_key_asks_and_the_page_fills_in_where_the_cursor_stands() -> None:
    rig = Rig(sample_detail())
    app = OneSample(None)
    async with app.run_test(size=(80, 24)) as pilot:
        opened = SamplePage("s", rig)  # type: ignore[arg-type]
        await app.push_screen(opened)
        await pilot.pause()
        assert not rig.asked, "opening a page computes nothing"
        assert "a: the three likeliest" in page(app).text()
        await press(pilot, "right", "right", "a")
        assert rig.asked == [{"sample": "s"}]
        waiting = Job("j0", "score", {}, "running", "2026-01-01T00:00:00Z", done=4, total=9)
        rig.scene = Scene(candidate="tuned", jobs=(waiting, job("queued")))
        opened.scene_changed(rig.scene)
        assert "asked for: after scoring 4/9" in page(app).text()
        opened.scene_changed(replace(rig.scene, jobs=(job("running", message="loading tuned"),)))
        assert "loading tuned" in page(app).text()
        rig.detail, place = told(), page(app).tokens[page(app).cursor].start
        rig.scene = Scene(candidate="tuned", jobs=(job("done"),))
        opened.scene_changed(rig.scene)
        opened.scene_changed(rig.scene)
        await pilot.pause()
        assert rig.looked == ["s", "s"]
        assert page(app).tokens[page(app).cursor].start == place
        assert "a: the three" not in page(app).text()
        assert "%" in page(app).text().splitlines()[-1][40:]
        await press(pilot, "a")
        assert len(rig.asked) == 1
        await press(pilot, "tab")
        assert "its own answer" in page(app).text()
        assert "▸Yes: 30 days.⏎" in page(app).text()


def test_a_failed_job_says_why() -> None:
    scene = Scene(candidate="tuned", jobs=(job("failed", error="No weights.\nFetch them."),))
    found = token_job.asked(scene, {"sample": "s"})
    assert found is not None
    assert token_job.standing(scene, found)[0].startswith("not computed: No weights. Fetch them.")
    assert token_job.asked(scene, {"answer": "s"}) is None


def test_an_answer_that_was_not_looked_at_is_its_own_words() -> None:
    detail = told(answer_first=True)
    assert detail.answer is not None
    detail = replace(detail, answer=replace(detail.answer, base=None, tuned=None))
    _, text = shown(detail)
    assert "its own answer" in text()
    assert "not looked at yet: a asks for it" in text()
    assert f"assistant: {OWN.partition(chr(10))[0]}" in text()


# From the review.


async def test_t_opens_the_tokens_of_the_answer_under_review_and_is_logged() -> None:
    made = reviewing.session(3)
    async with reviewing.running() as pilot:
        screen = await reviewing.opened(pilot, made)
        looked: list[str] = []
        app: Any = pilot.app

        def sample(ref: str, tell: Any) -> None:
            looked.append(ref)
            tell(told(answer_first=True))

        app.looker.sample = sample
        token = screen.look.token
        await reviewing.press(pilot, "t")
        assert isinstance(app.screen, SamplePage)
        assert looked == [token]
        assert page(app).passage.name == "its own answer"
        until(lambda: made.mark(str(token)).views == ("tokens",), 20)
        await reviewing.press(pilot, "tab")
        until(lambda: made.mark(str(token)).views == ("tokens", "reference"), 20)
        await reviewing.press(pilot, "tab", "escape")
        assert app.screen is screen


async def test_a_blind_review_keeps_them_for_later() -> None:
    made = reviewing.session(3)
    made.blind = True
    async with reviewing.running() as pilot:
        screen = await reviewing.opened(pilot, made)
        await reviewing.press(pilot, "t")
        assert pilot.app.screen is screen
        assert "this review is blind" in await reviewing.shows(pilot, "this review is blind")


def test_no_judging_screen_is_told_what_is_known_of_the_models() -> None:
    assert not issubclass(JudgingScreen, Watching)
    assert issubclass(SamplePage, Watching)
