"""The evaluation sheet: answers to be scored outside the app, and what came back.

A list of objects ``id, prompt, expected, generated, scores{accuracy, relevance, fluency,
format}, notes``; a score is 1 to 5, 0 for not applicable, null where nobody scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_eval.core.blinding import shown
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.session import ReviewSession
from tui_eval.core.steps.wording import count_text
from tui_eval.errors import InputError
from tui_eval.files.exports.results import Results, ReviewedItem, Scored, kept_words
from tui_eval.files.exports.text import dump, whole
from tui_eval.files.raw import read_json


def write(results: Results, judge: str = "") -> str:
    """The sheet of the answers to be reviewed; with a judge's name, filled with what that
    judge said. Without one it is blank: others' scores must not lead whoever fills it."""
    if not results.items and results.kept_items:
        words = kept_words(results.kept_items, "reviewed answer")
        raise InputError(f"{words}: none is left.", results.open)
    if not results.items:
        raise InputError(
            "There are no answers to review yet.", "Answer the prompts first: tui-eval run"
        )
    return dump([_row(item, judge) for item in results.items], indent=2) + "\n"


def _row(item: ReviewedItem, judge: str) -> dict[str, Any]:
    said = next((one for one in item.by if judge and one.judge == judge), Scored(judge, {}))
    return {
        "id": item.id,
        "prompt": item.asked.text,
        "expected": item.asked.reference or "",
        "generated": item.answer,
        "scores": {name: said.scores.get(name) for name in CRITERIA},
        "notes": said.note,
    }


def is_sheet(path: Path) -> bool:
    """Whether the file is a JSON list, which journals and bundles are not."""
    try:
        with path.open("rb") as file:
            return file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except OSError:
        return False


@dataclass(slots=True)
class Taken:
    """What an import wrote. ``problems`` say what was refused, each with its place."""

    items: int = 0
    """Rows that held something new."""
    scores: int = 0
    notes: int = 0
    replaced: int = 0
    """Scores and notes of the judge's own that the sheet's stand in for now."""
    same: int = 0
    """Rows that say what the journal has already."""
    blank: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        held = f"{count_text(self.scores, 'score')}, {count_text(self.notes, 'note')}"
        parts = [f"{count_text(self.items, 'answer')} taken in ({held})"]
        parts += [f"{self.replaced} of them in the place of earlier ones"] if self.replaced else []
        parts += [f"{self.same} there already"] if self.same else []
        parts += [f"{self.blank} not filled in"] if self.blank else []
        parts += [f"{len(self.problems)} refused"] if self.problems else []
        return ", ".join(parts) + "."


def take_in(session: ReviewSession, path: Path) -> Taken:
    """Write a filled sheet's scores and notes to the session's journal.

    Only what differs from the journal is written, so importing twice changes nothing; a
    blank leaves a score that is there. A row with a fault is refused whole. Raises
    InputError where the file is no sheet.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise InputError(
            f"{path} is not an evaluation sheet: it is not a list.",
            "Write one with: tui-eval export sheet --out sheet.json",
        )
    taken = Taken()
    items = _Items(session)
    for number, row in enumerate(rows, 1):
        try:
            said = items.read(row)
        except _Refused as refused:
            taken.problems.append(f"row {number}{_name(row)}: {refused}")
        else:
            _write(session, said, taken)
    return taken


class _Refused(Exception):
    """Why a row can't be taken in."""


@dataclass(frozen=True, slots=True)
class _Said:
    token: str
    scores: Mapping[str, int]
    note: str


class _Items:
    """The rows' ids against the items that the session has."""

    def __init__(self, session: ReviewSession) -> None:
        self._session = session
        self._known = set(session.order)
        self._met: set[str] = set()

    def read(self, row: Any) -> _Said:
        if not isinstance(row, Mapping):
            raise _Refused("it is not an object")
        token = str(row.get("id", ""))
        if token not in self._known:
            raise _Refused("no answer to be reviewed has this id")
        if token in self._met:
            raise _Refused("this id stands in the sheet twice")
        said = _Said(token, _scores(row.get("scores")), _note(row.get("notes")))
        self._met.add(token)
        self._same_answer(token, row.get("generated"))
        return said

    def _same_answer(self, token: str, generated: Any) -> None:
        stored = shown(whole(self._session.item(token).answer.text))
        if not isinstance(generated, str) or shown(whole(generated)) != stored:
            raise _Refused(
                "generated is not the answer that is stored: these scores are of another text"
            )


def _scores(value: Any) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _Refused("scores is not an object")
    unknown = [str(name) for name in value if name not in CRITERIA]
    if unknown:
        raise _Refused(f"scores has no {', '.join(unknown)}; it has {', '.join(CRITERIA)}")
    found = {}
    for name, given in value.items():
        number = _score(given)
        if number is not None and not 0 <= number <= 5:
            raise _Refused(f"scores.{name}: {given!r} is not 1 to 5, 0 (not applicable) or null")
        if number is not None:
            found[str(name)] = number
    return found


def _score(given: Any) -> int | None:
    """A number, also one that an editor wrote as text or with a point; None: blank, -1: no
    score."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str) and given.strip().isascii() and given.strip().isdigit():
        return int(given) if len(given) < 9 else -1
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return -1
    return int(given) if given == given and abs(given) < 9 and given == int(given) else -1


def _note(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Refused("notes is not a text")
    return value


def _write(session: ReviewSession, said: _Said, taken: Taken) -> None:
    mark = session.mark(said.token)
    new = {name: value for name, value in said.scores.items() if mark.scores.get(name) != value}
    note = said.note.strip() and said.note != mark.note
    taken.replaced += sum(name in mark.scores for name in new) + bool(note and mark.note)
    for name in sorted(new, key=CRITERIA.index):
        session.score(said.token, name, new[name], source="sheet")
    if note:
        session.note(said.token, said.note)
    taken.scores += len(new)
    taken.notes += bool(note)
    if new or note:
        taken.items += 1
    elif said.scores or said.note.strip():
        taken.same += 1
    else:
        taken.blank += 1


def _name(row: Any) -> str:
    name = row.get("id") if isinstance(row, Mapping) else None
    return f" (id {str(name)[:40]})" if isinstance(name, (str, int)) else ""
