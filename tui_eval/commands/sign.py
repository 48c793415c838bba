"""``tui-eval sign``: what a person decides about a candidate, without the app."""

from __future__ import annotations

import sys
from argparse import Namespace

from tui_eval.commands import places
from tui_eval.config import Config
from tui_eval.core.sign_off_records import WORDS, Decision, SignOff
from tui_eval.core.steps.contradictions import contradictions
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, readings
from tui_eval.files.history import ground, remember
from tui_eval.files.signing import Signed, signed_now
from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace


def command(options: Namespace) -> int:
    decision = _decision(options)
    config = places.load_anywhere(places.required(options.workspace))
    candidate = _candidate(config, options.candidate)
    judge = options.judge or login()
    workspace = places.open_workspace(config.folder)
    cache = FileCache()
    try:
        # Taken before the readings, and held against what is there when it is written.
        on = ground(workspace, config, candidate, cache)
        found = readings(workspace, config, candidate, cache=cache)
        for one in contradictions(found) if decision != "none" else ():
            print(f"Note: {clean(one.text)}", file=sys.stderr)
        asked = Signed(candidate, judge, decision, options.note or "", found, on.standing)
        signed = signed_now(workspace, config, asked, cache)
        # What was signed for is found again after the next training.
        remember(workspace, config, candidate, found, cache, on)
        print(_told(signed, workspace))
    finally:
        workspace.close()
    return 0


def _candidate(config: Config, name: str | None) -> str:
    """The named one, or the only one: nobody signs for a candidate by its place in a file."""
    known = places.chosen_candidates(config, [name] if name else None)
    if len(known) > 1:
        raise InputError(
            f"There are {len(known)} candidates: {clean(', '.join(known))}.",
            f"Say whom this is about: --candidate {clean(known[0])}",
        )
    return known[0]


def _decision(options: Namespace) -> Decision:
    if bool(options.decision) == options.withdraw:
        raise InputError(
            "sign takes --decision or --withdraw.", "tui-eval sign --decision hold --judge ana"
        )
    return "none" if options.withdraw else options.decision


def _told(signed: SignOff, workspace: Workspace) -> str:
    where = workspace.layout.judgements_dir / signed.journal
    done = "the decision is withdrawn" if signed.decision == "none" else WORDS[signed.decision]
    name, by = clean(signed.candidate), clean(signed.by)
    return f"{name}: {done}, signed by {by} ({clean(signed.login)}), saved in {clean(str(where))}"
