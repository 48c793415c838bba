"""Journals from elsewhere: taken into a workspace whole, or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tui_eval.config import Config
from tui_eval.errors import InputError, StoreError
from tui_eval.files import journal_checks as checks
from tui_eval.files.bundle_lines import is_bundle
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.rounds_today import comparisons_today, reviews_today
from tui_eval.store.files import LineWriter, cannot_write
from tui_eval.store.journal import HEADER, JournalView, read_journal
from tui_eval.store.layout import Layout, slug
from tui_eval.store.workspace import Workspace

_OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.jsonl\Z")


def import_journal(workspace: Workspace, path: Path, config: Config | None = None) -> str:
    """Copy a journal into the workspace's judgements; what was done, in words. ``config``: of
    today's models, whose rounds are known without having been recorded.

    The same journal again changes nothing, and a longer one goes on with the copy that is
    here. Refused, with the line: a damaged journal, and one that says something else than
    the copy that is here. Refused too: one in the name of somebody who judges the same here
    in another journal, one that unblinds a comparison which somebody here is still judging,
    and one that would change a comparison which is unblinded here.
    """
    path = Path(os.path.realpath(path))
    found = _read(path)
    views = workspace.journals()
    here = _same_journal(views, found)
    if here is not None and here.path == path:
        return f"{path.name} is one of this workspace's own journals."
    checks.check_sense(found, path)
    whole = _bytes(path, found)
    known = _known(here, whole, path) if here is not None else 0
    arrival = checks.Arrival(path, found, views, here)
    checks.check_unblinding(arrival)
    checks.check_copies(workspace, arrival)
    told = checks.taken_in(arrival)
    if known < len(whole):
        _write(workspace.layout, found, here, path, whole, known)
    return told + _unknown(workspace, found, config)


def _read(path: Path) -> JournalView:
    view = read_journal(path)
    if not view.judge and is_bundle(path):
        raise InputError(
            f"{path} is a bundle, to be judged: it holds no judgements.",
            f"Judge it with tui-eval ab {path.name} (or review); whoever made it then imports "
            "the journal from the folder judgements beside it.",
        )
    if view.fault:
        raise StoreError(view.fault, "Nothing was taken in. Copy it again from where it was made.")
    if not view.events or view.events[0]["kind"] != HEADER or not view.judge.strip():
        raise InputError(
            f"{path} is not a journal of judgements.",
            "A judge's journal lies in the folder judgements beside the bundle or the eval.toml "
            "that was judged.",
        )
    return view


def _unknown(workspace: Workspace, found: JournalView, config: Config | None) -> str:
    """A word of warning where nothing that was judged is known here."""
    names = {str(event.get("round")) for event in found.events if event["kind"] == "plan"}
    known = {one.event.get("round") for one in workspace.judgements(("plan",))} & names
    if not names or any(comparison_of(workspace, str(name)) for name in known):
        return ""
    if config is not None and names & _today(workspace, config):
        return ""
    return " What it judges is not known in this workspace: was it made for another one?"


def _today(workspace: Workspace, config: Config) -> set[str]:
    workspace.catch_up()
    evidence = WorkspaceEvidence(workspace, config, FileCache())
    return {*comparisons_today(config, evidence), *reviews_today(config, evidence)}


def _same_journal(views: Sequence[JournalView], found: JournalView) -> JournalView | None:
    """The copy that is here, whatever its file is called: by its first event."""
    first = found.events[0]["id"]
    copies = [view for view in views if view.events and view.events[0]["id"] == first]
    return max(copies, key=lambda view: len(view.events), default=None)


def _bytes(path: Path, view: JournalView) -> bytes:
    """The journal's whole lines, without a last one that was cut off."""
    raw = path.read_bytes()
    return raw[: len(raw) - view.torn]


def _known(here: JournalView, whole: bytes, path: Path) -> int:
    """How many bytes of ``whole`` are here already."""
    if here.fault:
        raise StoreError(here.fault, "Move that copy away, then import this one.")
    kept = _bytes(here.path, here)
    if kept.startswith(whole):
        return len(whole)
    if whole.startswith(kept):
        return len(kept)
    pairs = zip(kept.split(b"\n"), whole.split(b"\n"), strict=False)
    line = next(number for number, (one, two) in enumerate(pairs, 1) if one != two)
    raise StoreError(
        f"{path} and {here.path} are the same journal up to line {line}, where they part.",
        "Two copies were judged on separately. Keep the one that counts and move the other away.",
    )


def _write(
    layout: Layout,
    found: JournalView,
    here: JournalView | None,
    path: Path,
    whole: bytes,
    known: int,
) -> None:
    """Append what is new. A crash leaves a torn last line at most, and importing again
    goes on from there."""
    target = here.path if here is not None else _free_name(layout, found, path, whole)
    try:
        # The lock is the judge's own: nobody goes on with this journal meanwhile.
        writer = LineWriter.open(target, layout.modes)
        try:
            if writer.position.offset != known:
                raise StoreError(f"{target} has grown meanwhile.", "Import the journal again.")
            view = memoryview(whole)[known:]
            while view:
                view = view[os.write(writer.fd, view) :]
            os.fsync(writer.fd)
        finally:
            writer.close()
    except OSError as error:
        raise cannot_write(target, error) from error


def _free_name(layout: Layout, found: JournalView, path: Path, whole: bytes) -> Path:
    """The file's own name, unless another journal has it or no file should."""
    own = layout.judgements_dir / path.name
    if _OWN_NAME.match(path.name) and (not own.exists() or not _begun(own, whole)):
        return own
    parts = (found.judge, found.host, found.events[0]["id"])
    made = "-".join(filter(None, (slug(str(part)) for part in parts)))
    return layout.judgements_dir / f"{made}.jsonl"


def _begun(own: Path, whole: bytes) -> bool:
    """Whether more lies there than what an import that was killed left of its first line."""
    view = read_journal(own)
    return bool(view.events or view.fault) or not whole.startswith(own.read_bytes())
