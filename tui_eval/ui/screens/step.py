"""The generic screen of a step: draws any Reading, and the states before there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Key
from textual.message import Message

from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.records import EngineStatus, Job
from tui_eval.core.text import cells, clean, cut
from tui_eval.ui import keys
from tui_eval.ui.messages import JudgeAsked
from tui_eval.ui.scene import Beside, asked_for, to_be_judged
from tui_eval.ui.widgets import progress
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.matrix import MatrixView, Rows
from tui_eval.ui.widgets.plot import PlotKeys, PlotView, signs_of
from tui_eval.ui.widgets.reading_view import headline_rows, plain_text, reason_rows, worst_first
from tui_eval.ui.widgets.rows import cropped, filled, line, padded, plain, wrapped
from tui_eval.ui.widgets.view_list import WORDS
from tui_eval.ui.widgets.views import Picture, Views, Words

INVITATION = {
    "review": "reads and scores them, four digits each; every key is kept at once",
    "blind_ab": "judges them, one key each, without names; every vote is kept at once",
}
ENDING = "all judged: F there ends it, and unblinds once all who began have ended"
HELD_UP = "goes on judging; F there ends yours, and can close another's"
ALONG = ("curves", "perplexity")
"""Steps beside which the checkpoints along the run are looked at."""
PLACES = ("view", "step", "say", "note")
"""What a row opens that is no item of the data (``core.reading.Table``)."""
TALL = 28
SMALL = 18
"""Lines from which a long gravest reason gets a row more (a terminal of 24 has 20)."""


class StepPane(PlotKeys, can_focus=True):
    """One step's pane. Takes the focus and the keys of the places ``step``, ``plot`` and
    ``list`` (``ui.keys``), with an ``action_ID`` for each; ``footer`` names those that do
    something now. ``show`` is the only way in, ``Opened`` the only way out."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("step", "plot", "matrix", "list")]

    class Opened(Message):
        """``enter`` on a row: ``ref`` is what the table's row names (a sample's id),
        ``opens`` as what it is opened (``core.reading.Table``)."""

        def __init__(self, step: str, ref: str, opens: str = "") -> None:
            super().__init__()
            self.step = step
            self.ref = ref
            self.opens = opens

    class FollowAsked(Message):
        """The step's log should be followed, or no longer."""

    class OverlayAsked(Message):
        """The next other log should be drawn beside this one, or none any more."""

    def __init__(self, step: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.step = step
        self.entry = next(entry for entry in CHECKLIST if entry.key == step)
        self.reading: Reading | None = None
        self.job: Job | None = None
        self.engine = EngineStatus("absent")
        self.following = self.followed = ""
        self.views = Views(signs_of())
        self._typing = False

    def show(
        self, reading: Reading | None, job: Job | None, engine: EngineStatus,
        following: str = "", beside: Beside | None = None, followed: str = "",
    ) -> None:  # fmt: skip
        """What is known now; cursors, zoom and view stay as they are. ``following``,
        ``followed`` and ``beside`` are of step 1."""
        before = self.footer
        beside = beside if self.has_log else None
        self.following, self.followed = (following, followed) if self.has_log else ("", "")
        if reading is not None and (reading, beside) != (self.reading, self.views.beside):
            self.views.update(reading, beside)
        self.reading, self.job, self.engine = reading, job, engine
        self.redraw()
        if before != self.footer:
            self._tell_keys()

    # Keys

    @property
    def footer(self) -> tuple[str, ...]:
        """What the key line names, the most useful first."""
        if self._typing:
            return ("back",)
        listing = self.views.listing
        names: list[str] = ["judge"] if self.entry.judged else []
        if self._ref:
            names.append("enter")
        first, *rest = self.plot_footer() or ("",)
        # The view before what only fine-tunes this one: a narrow key line is cut at its end.
        names += [first] if first else []
        names += ["next_view"] if len(self.views.views) > 1 else []
        names += ["along"] if self.step in ALONG and self.reading is not None else []
        names += rest
        if listing is not None:
            names.append("filter")
        if self.entry.needs:
            # Answers are made once: what was judged stays what it was.
            names += ["run"] if self.entry.judged else ["run", "again"]
        names += ["how", "copy", "help"] if self.reading is not None else ["help"]
        return tuple(names)

    @property
    def plot_view(self) -> PlotView | None:
        return self.views.plot

    @property
    def has_log(self) -> bool:
        """Whether the step is drawn from a log, which may grow and has others beside it."""
        return self.step == "curves"

    def plot_footer(self) -> tuple[str, ...]:
        names = super().plot_footer()
        return (*names, "follow", "overlay") if names and self.has_log else names

    def action_follow(self) -> None:
        if self.has_log:
            self.post_message(self.FollowAsked())

    def action_overlay(self) -> None:
        if self.has_log:
            self.post_message(self.OverlayAsked())

    def _tell_keys(self) -> None:
        if self.has_focus:
            getattr(self.screen, "show_keys", lambda: None)()

    def action_next_view(self) -> None:
        self._turn(1)

    def action_previous_view(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if self.views.turn(by):
            self.redraw()
            self._tell_keys()

    @property
    def _ref(self) -> str:
        """What ``enter`` opens now, or nothing."""
        listing, plot = self.views.listing, self.views.plot
        if listing is None and isinstance(plot, MatrixView):
            return plot.ref
        return listing.ref if listing is not None else ""

    def item_refs(self, opens: str) -> list[str]:
        """What the list's rows open that open as ``opens``, in their order."""
        listing = self.views.listing
        if listing is None:
            return []
        table = listing.table
        rows = (row for row in listing.rows if row < len(table.opens))
        return [table.refs[row] for row in rows if table.opens[row] == opens]

    def action_enter(self) -> None:
        listing = self.views.listing
        if listing is None and self._ref:
            self.post_message(self.Opened(self.step, self._ref, "items"))
            return
        if listing is not None and listing.opens in PLACES:
            self._go(listing.opens, listing.ref)
        elif listing is not None and listing.ref:
            self.post_message(self.Opened(self.step, listing.ref, listing.opens))
        elif listing is None and isinstance(self.views.plot, MatrixView):
            self._go("say", "no item here")
        elif self.entry.judged:
            self.post_message(JudgeAsked(self.step))

    def _go(self, how: str, ref: str) -> None:
        """To another view or step, or say why there is nothing to go to."""
        if how == "view" and self.views.open(ref):
            self.redraw()
            self._tell_keys()
            return
        go = getattr(self.screen, "go", None)
        if how == "step" and go is not None:
            self.app.call_later(go, ref)
            return
        words = ref if how in ("say", "note") else "there is nothing to open here"
        getattr(self.screen, "say", lambda words, role: None)(words, "dim")

    def action_copy(self) -> None:
        if self.reading is not None:
            self.app.copy_to_clipboard(plain_text(self.reading))
            getattr(self.screen, "say", lambda words: None)("copied: summary and numbers")

    def action_down(self) -> None:
        self._scrolled(lambda listing: listing.move(1))

    def action_up(self) -> None:
        self._scrolled(lambda listing: listing.move(-1))

    def action_page_down(self) -> None:
        self._scrolled(lambda listing: listing.turn(1))

    def action_page_up(self) -> None:
        self._scrolled(lambda listing: listing.turn(-1))

    def action_first(self) -> None:
        self._scrolled(lambda listing: listing.first())

    def action_last(self) -> None:
        self._scrolled(lambda listing: listing.last())

    def _scrolled(self, move: Callable[[Listing | Words | Rows], bool]) -> None:
        listing = self.views.scrolled
        if listing is not None and move(listing):
            self.redraw()

    def action_filter(self) -> None:
        """Type words on the pane's last line; ``enter`` keeps the filter, ``esc`` ends it."""
        if self.views.listing is not None:
            self._typing = True
            self.redraw()
            self._tell_keys()

    def on_key(self, event: Key) -> None:
        listing = self.views.listing
        filtered = self._typing or (listing is not None and bool(listing.words))
        if event.key == "escape" and not filtered and self.views.back():
            event.stop()
            event.prevent_default()
            self.redraw()
            self._tell_keys()
            return
        if listing is None or not (self._typing or (event.key == "escape" and listing.words)):
            return
        words = listing.words
        if event.key == "escape":
            words, self._typing = "", False
        elif event.key == "enter":
            self._typing = False
        elif event.key == "backspace":
            words = words[:-1]
        elif event.key == "ctrl+u":
            words = ""
        elif event.is_printable and event.character is not None:
            words += event.character
        elif event.key in ("down", "up"):
            listing.move(1 if event.key == "down" else -1)
        else:
            return
        event.stop()
        event.prevent_default()
        if words != listing.words:
            listing.filter(words)
        self.redraw()
        self._tell_keys()

    # The picture

    def cursor_line(self) -> int | None:
        return self._picture(self.size.width - 2, self.size.height).cursor

    def lines(self, width: int, height: int) -> list[Line]:
        return [[(" ", "text"), *runs] for runs in self._picture(width - 2, height).lines]

    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(plain(made).rstrip() for made in self.lines(*self.size))

    def _picture(self, width: int, height: int) -> Picture:
        if self.reading is None:
            return Picture(self._before(width))
        rows = self._head(self.reading, width, height)
        foot = self._foot(width)
        room = height - len(rows) - len(foot) - 1
        body = self.views.draw(width, room)
        place = self.views.position()
        told = cropped(self._beside(), max(0, width - len(place) - 2))
        between = [*padded(told, max(0, width - len(place))), (place, "dim")]
        cursor = None if body.cursor is None else len(rows) + 1 + body.cursor
        return Picture([*rows, between, *filled(body.lines, room), *foot], cursor)

    def _beside(self) -> Line:
        """Which log is followed and what became of it, and which is drawn beside it."""
        told: Line = []
        if self.following:
            # What became of it is read whole at 80 cells.
            room = max(10, 52 - cells(self.followed)) if self.followed else 60
            name = cut(self.following, room)
            told += line(("following ", "accent"), (name, "dim"))
            if self.followed:
                told += line((": ", "dim"), (self.followed, "caution!"))
        beside = self.views.beside
        if beside is not None:
            told += line((" · " if told else "", "dim"), ("beside it ", "dim"), beside.name)
        return told

    def _before(self, width: int) -> list[Line]:
        if self.job is not None:
            return [line(("Looking at what was computed.", "dim")), [], *self._foot(width)]
        words = "Reading the training log." if self.has_log else "Looking at the files."
        return [line((words, "dim"))]

    def _head(self, reading: Reading, width: int, height: int) -> list[Line]:
        """Verdict, summary, reasons, and what starts or stopped the work."""
        words = self.views.view is not None and self.views.view.key == WORDS
        # Where everything is told in full, the summary is too.
        most = max(2, height // 3) if words else 2
        summary = asked_for(reading.summary, self.job)
        rows = headline_rows(self._standing(reading), summary, min(width, 110), most)
        if not words:
            room = 6 if height >= TALL else 4 if height >= SMALL else 3
            if room == 4 and not _long(reading.findings, min(width, 110)):
                room = 3
            rows += reason_rows(reading.findings, min(width, 110), room)
        return rows + self._trouble(width)

    def _standing(self, reading: Reading) -> str:
        """The verdict, or where the work for it stands."""
        if reading.verdict != "waiting":
            return reading.verdict
        if self.job is not None and self.job.state in ("queued", "running"):
            return "running" if self.job.state == "running" else "waiting"
        begun = any(number.n for number in reading.numbers.values())
        return "waiting" if begun or to_be_judged(self.entry, reading) else "not_started"

    def _trouble(self, width: int) -> list[Line]:
        """Why the work stopped and what to press, or what starts it."""
        job, reading = self.job, self.reading
        if job is not None and job.state == "failed":
            reason = " ".join(job.error.split("\n")) or "The engine gave no reason."
            words = clean(reason, limit=2 * width)
            made = wrapped(f"{progress.VERBS[job.verb]} failed: {words}", width - 2, 2)
            rows = [line(("✗ " if n == 0 else "  ", "bad!"), text) for n, text in enumerate(made)]
            return [*rows, line(("  r tries again · L shows the log", "dim"))]
        if job is not None and job.state in ("interrupted", "cancelled"):
            words = "was cancelled" if job.state == "cancelled" else "was interrupted"
            done = progress.amount(job)
            kept = f"{done} are kept" if done else "what was done is kept"
            verb = progress.VERBS[job.verb]
            return [line(("! ", "caution!"), f"{verb} {words}: {kept}; r goes on from there")]
        if reading is not None and to_be_judged(self.entry, reading):
            return [line(("  J", "accent"), (f" {_invitation(reading)}", "dim"))]
        if reading is not None and self._standing(reading) == "not_started" and self.entry.needs:
            asked = line("  It will answer: ", clean(self.entry.question))
            after = "judge with J as soon as the first answers are there"
            words = after if self.entry.judged else "results appear here as it goes on"
            return [asked, line((f"  r starts the work; {words}", "dim"))]
        return []

    def _foot(self, width: int) -> list[Line]:
        """The filter being typed, else the running job's progress: the pane's last line."""
        listing = self.views.listing
        if listing is not None and (self._typing or listing.words):
            words = clean(listing.words, limit=width)
            caret = "▏" if self._typing else "   esc shows all"
            found = f"{len(listing.rows)} of {len(listing.table.rows)}"
            left = line(("/ ", "accent!"), words, (caret, "accent" if self._typing else "dim"))
            return [[*padded(left, width - len(found)), (found, "dim")]]
        if self.job is None or self.job.state not in ("queued", "running"):
            return []
        return [[], progress_line(self.job, self.engine, width)]


def _invitation(reading: Reading) -> str:
    """What ``J`` leads to, by how far judging is."""

    def value(name: str) -> float:
        number = reading.numbers.get(name)
        return number.value or 0 if number is not None else 0

    planned = value("planned")
    if reading.step == "blind_ab" and 0 < planned <= value("judged_any"):
        return ENDING if planned <= value("judged") else HELD_UP
    return INVITATION[reading.step]


def _long(findings: Sequence[Finding], width: int) -> bool:
    """Whether the gravest reason doesn't fit one row."""
    return bool(findings) and cells(clean(worst_first(findings)[0].text)) > width - 2


def progress_line(job: Job, engine: EngineStatus, width: int) -> Line:
    """What runs at the left; amount, speed and time left at one place at the right."""
    verb = progress.VERBS[job.verb]
    if job.state == "queued":
        return line(("… ", "dim"), f"{verb}: {progress.waiting_words(engine)}")
    if engine.state == "lost":
        return line(("! ", "caution!"), "the engine stopped in the middle: r goes on from there")
    words = clean(job.message, limit=width) if job.message else ""
    if job.cancel:
        words = "stopping after this batch"
    left = line(("▸ ", "accent!"), verb, (f"  {words}" if words else "", "dim"))
    eta = f"{progress.duration(job.eta)} left" if job.eta is not None else ""
    right = f"{progress.amount(job)}  {progress.speed(job):>16}  {eta:>14}"
    room = max(0, width - len(right) - 2)
    return cropped([*padded(left, room), ("  ", "text"), (right, "text")], max(width, 0))
