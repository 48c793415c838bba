"""What is known of a workspace at one moment, and the words for it: no widgets here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from socket import gethostname
from typing import TYPE_CHECKING

from tui_eval.checklist import CHECKLIST, StepEntry
from tui_eval.core.reading import Reading, Series
from tui_eval.core.records import EngineStatus, Job, SkippedRow
from tui_eval.core.sign_off_records import Contradiction, Decided
from tui_eval.core.steps.wording import fitting
from tui_eval.core.text import cells, clean
from tui_eval.ui.decision_words import first_words
from tui_eval.ui.widgets import progress

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.ui.start import Start

SHORT = {
    "curves": "curves",
    "perplexity": "perplexity",
    "overfitting": "overfitting",
    "review": "review",
    "blind_ab": "A/B",
    "task_metrics": "tasks",
}
"""Names on the frame's second line."""

MARKS: Mapping[str, tuple[str, str]] = {
    "good": ("✓", "good"),
    "caution": ("!", "caution"),
    "bad": ("✗", "bad"),
    "not_enough": ("?", "not enough"),
    "waiting": ("…", "waiting"),
    "running": ("▸", "running"),
    "queued": ("…", "queued"),
    "failed": ("✗", "failed"),
    "interrupted": ("!", "stopped"),
    "not_started": ("·", "not started"),
    "looking": ("…", "looking"),
}
"""State to mark and word. A colour always comes with both."""

ROLE = {"failed": "bad", "interrupted": "caution", "running": "accent"} | {
    verdict: verdict for verdict in ("good", "caution", "bad", "not_enough")
}
"""State to the palette's role; the others are dim."""


@dataclass(frozen=True, slots=True)
class About:
    """Names and files of what is judged. Everything in it is cleaned."""

    name: str = ""
    base: str = ""
    tuned: str = ""
    data: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    """Rows of the validation, training and off-task files; of each the first ones."""
    skipped_rows: int = 0
    """All of them, also those beyond the ones listed."""
    first: str = ""
    """The id of the first validation row, to see how a prompt comes out."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another run's or log's curves, drawn with those of step 1. ``name`` is cleaned."""

    key: str
    name: str
    lines: Mapping[str, tuple[Series, ...]]
    """By the key of the plot that they go with."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the frame and the checklist show."""

    candidate: str = ""
    candidates: tuple[str, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    engine: EngineStatus = field(default_factory=lambda: EngineStatus("absent"))
    host: str = ""
    about: About = field(default_factory=About)
    trouble: str = ""
    """Why the workspace could not be looked at, cleaned; empty if it could."""
    known: bool = False
    """Whether anything was looked at yet."""
    following: str = ""
    """The log that is followed, cleaned; empty if none is."""
    followed: str = ""
    """What is to be said of that log: that it is gone, ...; cleaned, mostly empty."""
    beside: Beside | None = None
    decided: Decided = field(default_factory=Decided)
    """The decision about the current candidate."""
    standing: Mapping[str, str] | None = None
    """What the readings stand on, taken before they were; None until all are read."""
    contradictions: tuple[Contradiction, ...] = ()
    earlier: str = ""
    """What is kept of evaluations before models or data changed, in a phrase; mostly nothing."""

    def job(self, step: str) -> Job | None:
        """The newest job of what ``step`` needs, for the current candidate; where that one is
        done and others are still at work, the first of those."""
        entry = entry_of(step)
        mine = [job for job in self.jobs if serves(job, entry, self.candidate)]
        newest = max(mine, key=lambda job: job.requested_at, default=None)
        if newest is None or newest.state != "done":
            return newest
        return next((job for job in mine if job.state in ("running", "queued")), newest)

    def active(self) -> Job | None:
        """The job that runs, else the first that waits."""
        for state in ("running", "queued"):
            for job in self.jobs:
                if job.state == state:
                    return job
        return None


def comparable(scene: Scene) -> Scene:
    """The scene without what changes though nothing happens."""
    return replace(scene, engine=replace(scene.engine, heartbeat_age=None))


def first_scene(config: Config, start: Start) -> Scene:
    """What can be said before anything is read."""
    candidates = config.candidates
    candidate = start.candidate or (candidates[0] if candidates else "")

    def label(model: str) -> str:
        entry = config.models.get(model)
        return clean(PurePath(entry.path).name if entry and entry.path else "")

    return Scene(
        candidate=candidate,
        candidates=candidates,
        host=gethostname(),
        about=About(name=clean(start.folder.name), base=label("base"), tuned=label(candidate)),
    )


def entry_of(step: str) -> StepEntry:
    return next(entry for entry in CHECKLIST if entry.key == step)


def serves(job: Job, entry: StepEntry, candidate: str) -> bool:
    args = job.args
    return (job.verb, args.get("split")) in entry.needs and args.get("candidate") == candidate


def wanted(entry: StepEntry, candidate: str) -> list[tuple[str, dict[str, str]]]:
    """The jobs to ask for so that the step has what it needs."""
    return [(verb, {"candidate": candidate, "split": split}) for verb, split in entry.needs]


@dataclass(frozen=True, slots=True)
class Row:
    """A step on the checklist."""

    key: str
    number: int
    title: str
    state: str
    headline: str

    @property
    def mark(self) -> str:
        return MARKS[self.state][0]

    @property
    def word(self) -> str:
        return MARKS[self.state][1]

    @property
    def role(self) -> str:
        return ROLE.get(self.state, "dim")


def rows(scene: Scene) -> list[Row]:
    """The six steps as they stand."""
    made = []
    for number, entry in enumerate(CHECKLIST, 1):
        state, headline = _state(scene, entry)
        made.append(Row(entry.key, number, entry.title, state, headline))
    return made


def _state(scene: Scene, entry: StepEntry) -> tuple[str, str]:
    reading, job = scene.readings.get(entry.key), scene.job(entry.key)
    headline = clean(reading.headline) if reading is not None else ""
    if job is not None and job.state in ("running", "queued") and _counts(reading):
        begun = reading is not None and any(n.n for n in reading.numbers.values())
        return _at_work(scene, job, asked_for(headline, job) if begun else "")
    if reading is None:
        return ("not_started", "") if scene.known else ("looking", "")
    if reading.verdict != "waiting":
        return reading.verdict, headline
    headline = asked_for(headline, job)
    if job is not None and job.state == "failed":
        return "failed", clean(job.error.split("\n")[0]) or headline
    if job is not None and job.state in ("interrupted", "cancelled"):
        return "interrupted", "press r to go on"
    return _undone(entry, reading, headline)


def _counts(reading: Reading | None) -> bool:
    """Whether a job still matters to the step: facts alone can settle it earlier."""
    return reading is None or reading.verdict in ("waiting", "not_enough")


PRESS_R = ": press r"


def asked_for(words: str, job: Job | None) -> str:
    """Without the key that was pressed already."""
    working = job is not None and job.state in ("queued", "running")
    return words.removesuffix(PRESS_R) if working else words


def _at_work(scene: Scene, job: Job, headline: str) -> tuple[str, str]:
    if scene.engine.state == "lost":
        return "interrupted", "the engine stopped: press r to go on"
    if job.state == "queued":
        words = progress.waiting_words(scene.engine)
        return "queued", "after the job before it" if words == "queued" else words
    # How far it is stands in line 1; the row moves when there is a result to show.
    return "running", headline or clean(job.message, limit=42) or "no result yet"


def _undone(entry: StepEntry, reading: Reading, headline: str) -> tuple[str, str]:
    if any(number.n for number in reading.numbers.values()) or to_be_judged(entry, reading):
        return "waiting", headline
    return "not_started", headline or "press r"


def to_be_judged(entry: StepEntry, reading: Reading | None) -> bool:
    """Whether answers are there that wait for a person."""
    if not entry.judged or reading is None or reading.verdict != "waiting":
        return False
    ready = reading.numbers.get("ready")
    return ready is not None and bool(ready.value)


Runs = list[tuple[str, str]]


def summary(scene: Scene, room: int = 200) -> Runs:
    """The checklist's first line as ``(text, role)`` runs: what stands, what comes next. In less
    room first the counts go, then the signer, then the date; the decision and what comes next
    never do."""
    steps = rows(scene)
    said, role = first_words(scene.decided)
    counts, following = _counted(steps), _following(scene, steps)
    brief = counts[:1]
    shorter: list[Runs] = [[*counts, *following], [*brief, *following], following]
    made = [[(said[0], role), *tail] for tail in shorter]
    made += [[(words, role), *following] for words in said[1:]]
    fits = (runs for runs in made if sum(cells(text) for text, _ in runs) <= room)
    return next(fits, made[-1])


def decision(scene: Scene, room: int) -> Runs:
    """Where there is no room for what comes next: the decision, as far done where that fits."""
    said, role = first_words(scene.decided)
    words = fitting(said, room)
    done = _counted(rows(scene))[:1]
    fits = cells(words) + cells(done[0][0]) <= room
    return [(words, role), *(done if fits else [])]


def _counted(steps: Sequence[Row]) -> Runs:
    done = [row for row in steps if row.state in ("good", "caution", "bad", "not_enough")]
    runs = [(f"   {len(done)} of {len(steps)} done", "text")]
    for state, words in (("bad", "bad"), ("caution", "caution"), ("not_enough", "not enough")):
        count = sum(row.state == state for row in done)
        if count:
            runs += [(", ", "text"), (f"{count} {words}", state)]
    return runs


def _following(scene: Scene, steps: Sequence[Row]) -> Runs:
    following = next_step(scene, steps)
    open_ = scene.decided.last is None or scene.decided.stale
    if following is None and open_ and scene.known:
        following = "sign off, press D"
    if following is not None and (open_ or scene.decided.decision != "deploy"):
        return [(" · ", "dim"), ("next: ", "dim"), (following, "text")]
    return []


def next_keys(scene: Scene) -> tuple[str, ...]:
    """Actions that wait for a person: to judge, or, when all is done, to decide."""
    steps = rows(scene)
    if any(to_be_judged(entry_of(row.key), scene.readings.get(row.key)) for row in steps):
        return ("judge",)
    done = scene.known and next_step(scene, steps) is None
    return ("sign_off",) if done else ()


def next_step(scene: Scene, steps: Sequence[Row]) -> str | None:
    busy = next((row for row in steps if row.state in ("running", "queued")), None)
    for row in steps:
        name = f"{row.number} {SHORT[row.key]}"
        if to_be_judged(entry_of(row.key), scene.readings.get(row.key)):
            return f"{name}, press J"
        if row.state in ("not_started", "waiting", "failed", "interrupted") and busy is None:
            return f"{name}, press r"
    if busy is not None:
        # What is asked for already needs no key, though its step may still say that it waits.
        return f"{busy.number} {SHORT[busy.key]} is {busy.state}"
    return None


def alert(scene: Scene) -> str:
    """A sentence for what keeps the work from going on, or nothing."""
    if scene.trouble:
        return scene.trouble
    if scene.engine.state == "lost":
        return "The engine stopped in the middle of its work. r resumes it · L shows its log"
    for job in scene.jobs:
        if job.state == "failed" and job is scene.job(_step_of(job, scene.candidate)):
            reason = clean(" ".join(job.error.split("\n")))
            return f"{progress.VERBS[job.verb]} failed: {reason} · L shows the log"
    return ""


def _step_of(job: Job, candidate: str) -> str:
    for entry in CHECKLIST:
        if serves(job, entry, candidate):
            return entry.key
    return CHECKLIST[0].key
