"""``tui-eval review`` and ``tui-eval ab``: straight to judging, in the app or line by line."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tui_eval.commands import places
from tui_eval.commands.open import run_configured
from tui_eval.config import Config
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace
from tui_eval.ui import terminal
from tui_eval.ui.start import Direct, Start, run_app

if TYPE_CHECKING:
    from tui_eval.core.evidence import Evidence
    from tui_eval.core.reading import Reading
    from tui_eval.core.session import AbSession, JudgingSession, ReviewSession
    from tui_eval.ui.screens.answers import AnswersDetail

INSTEAD = "add --plain, which judges line by line"
Opens = Callable[[Workspace, str], "JudgingSession"]
Results = Callable[[Workspace], "tuple[Evidence, str, str | None]"]
"""The evidence of what was judged, the candidate, and the model it was held against."""


def review(options: Namespace) -> int:
    if options.bundle is not None:
        return _bundle(options, options.bundle)
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    return _in_workspace(options, config, "review")


def ab(options: Namespace) -> int:
    if options.close is not None:
        return _close(options)
    if options.end is not None:
        return _end(options)
    if len(options.files) == 2:
        return _two_files(options)
    if len(options.files) == 1:
        return _bundle(options, options.files[0])
    if options.files:
        raise InputError(
            "ab takes two files of answers, one bundle, or none.", "tui-eval ab --help"
        )
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    return _in_workspace(options, config, "blind_ab")


def _in_workspace(options: Namespace, config: Config, step: str) -> int:
    """The workspace's own models: with the checklist behind, unless it is another pair."""
    candidate = candidate_of(config, options.candidate)
    against = getattr(options, "against", None)

    def opens(workspace: Workspace, judge: str) -> JudgingSession:
        from tui_eval.files import judging

        if step == "review":
            return judging.open_review(workspace, config, candidate, judge=judge)
        return judging.open_ab(workspace, config, candidate, against=against, judge=judge)

    def result(workspace: Workspace) -> tuple[Evidence, str, str | None]:
        from tui_eval.files.evidence import FileCache, WorkspaceEvidence

        return WorkspaceEvidence(workspace, config, FileCache()), candidate, against

    if options.plain or against:
        return _judge(options, config.folder, opens, result, step)
    terminal.require(INSTEAD)
    judge = login() if options.judge is None else options.judge
    return terminal.guarded(
        partial(run_configured, config, judge=judge, step=step, candidate=candidate)
    )


def _two_files(options: Namespace) -> int:
    base, tuned = (_file(path) for path in options.files)

    def result(workspace: Workspace) -> tuple[Evidence, str, str | None]:
        from tui_eval.files import judging

        found = judging.recorded_of_files(workspace, base, tuned)
        return found, found.candidate, None

    folder, note = _folder_of_files(options)
    if note:
        print(clean(note), file=sys.stderr)
    return _judge(options, folder, partial(_open_files, options, base, tuned), result)


def _folder_of_files(options: Namespace) -> tuple[Path, str]:
    """Where judging of two files is kept: here, or what stands in for it."""
    return places.writable((options.workspace or Path.cwd()).absolute())


def _open_files(
    options: Namespace, base: Path, tuned: Path, workspace: Workspace, judge: str
) -> AbSession:
    from tui_eval.files import judging

    return judging.open_ab_files(workspace, base, tuned, judge=judge, pairs=options.pairs)


def _bundle(options: Namespace, path: Path) -> int:
    bundle = _file(path)

    def opens(workspace: Workspace, judge: str) -> JudgingSession:
        from tui_eval.files.bundle import open_bundle

        return open_bundle(bundle, workspace, judge=options.judge)

    return _judge(options, (options.workspace or bundle.parent).absolute(), opens, None)


def _judge(
    options: Namespace,
    folder: Path,
    opens: Opens,
    result: Results | None,
    step: str = "blind_ab",
) -> int:
    """Judge in a screen of its own, or line by line."""
    judge = login() if options.judge is None else options.judge
    if options.plain:
        return _plain(judge, folder, opens, result, step)
    terminal.require(INSTEAD)
    return terminal.guarded(partial(_screen, judge, folder, opens, result))


def _screen(judge: str, folder: Path, opens: Opens, result: Results | None) -> int:
    workspace = Workspace.open(folder)

    def detail(ref: str) -> AnswersDetail | None:
        from tui_eval.ui.screens.answers import detail_of

        assert result is not None
        evidence, candidate, against = result(workspace)
        return detail_of(evidence, candidate, ref, against)

    try:
        direct = Direct(partial(opens, workspace))
        if result is not None:
            direct = replace(
                direct, result=partial(reading_of, workspace, result, "blind_ab"), detail=detail
            )
        return run_app(Start(folder=folder, judge=judge, direct=direct))
    finally:
        workspace.close()


def _plain(judge: str, folder: Path, opens: Opens, result: Results | None, step: str) -> int:
    from tui_eval.commands import judging_plain

    workspace = Workspace.open(folder)
    try:
        session = opens(workspace, judge)
        shown = partial(reading_of, workspace, result, step) if result is not None else None
        try:
            if hasattr(session, "vote"):
                pairs = cast("AbSession", session)
                return judging_plain.run_plain_ab(pairs, sys.stdin, sys.stdout, result=shown)
            items = cast("ReviewSession", session)
            return judging_plain.run_plain_review(items, sys.stdin, sys.stdout, result=shown)
        finally:
            session.close()
    finally:
        workspace.close()


def _close(options: Namespace) -> int:
    """``--close NAME``: end somebody's judging, as an event with the closer's name."""
    from tui_eval.files import judging

    opens: Callable[[Workspace, str], AbSession]
    if options.files:
        if len(options.files) != 2:
            raise InputError("--close goes with the two files that are judged, or with none.")
        base, tuned = (_file(path) for path in options.files)
        folder, _ = _folder_of_files(options)
        opens = partial(_open_files, options, base, tuned)
    else:
        config = places.load_anywhere(places.required(options.workspace))
        candidate, against = candidate_of(config, options.candidate), options.against
        folder = config.folder

        def opens(workspace: Workspace, judge: str) -> AbSession:
            return judging.open_ab(workspace, config, candidate, against=against, judge=judge)

    workspace = Workspace.open(folder)
    try:
        session = opens(workspace, login() if options.judge is None else options.judge)
        try:
            session.close_judge(options.close)
        finally:
            session.close()
    finally:
        workspace.close()
    print(f"{clean(options.close)}'s judging is closed; the votes that are there count.")
    return 0


def _end(options: Namespace) -> int:
    """``--end ROUND``: unblind a comparison that can't be opened any more."""
    from tui_eval.files.judging.ending import end_comparison, to_be_ended

    if options.files:
        raise InputError("--end takes the comparison's name and no files.")
    path = places.eval_toml(options.workspace)
    folder = path.parent if path is not None else (options.workspace or Path.cwd()).absolute()
    workspace = places.open_workspace(folder)
    try:
        judge = login() if options.judge is None else options.judge
        about = to_be_ended(workspace, options.end)
        if not options.yes and not _agreed(about):
            print("Nothing was ended.")
            return 0
        print(end_comparison(workspace, judge, options.end))
    finally:
        workspace.close()
    return 0


def _agreed(about: str) -> bool:
    """It can't be taken back: who sits at no terminal says --yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError("Without a terminal nobody can be asked.", f"{about} End it with --yes.")
    print(f"{about}\nNobody can vote on these pairs after that. End it? y/n: ",
          end="", file=sys.stderr, flush=True)  # fmt: skip
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def reading_of(workspace: Workspace, result: Results, step: str) -> Reading:
    """What was judged, as a Reading."""
    from tui_eval.core.steps import blind_ab
    from tui_eval.core.steps import review as review_step

    workspace.catch_up()
    evidence, candidate, against = result(workspace)
    if step == "review":
        return review_step.read(evidence, candidate)
    return blind_ab.read(evidence, candidate, against)


def candidate_of(config: Config, name: str | None) -> str:
    """The named candidate, or the only one."""
    return places.chosen_candidates(config, [name] if name else None)[0]


def _file(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "ab takes BASE.jsonl TUNED.jsonl")
    return path.absolute()
